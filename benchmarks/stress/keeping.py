"""What was measured, kept beside the code: one record a trial in results.json, and RESULTS.md written from it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.stress.result import Result

HERE: Final = Path(__file__).resolve().parent
RECORDS: Final = HERE / "results.json"
PAGE: Final = HERE / "RESULTS.md"

_HEAD: Final = """\
# The incident store under stress: what was measured

Written by `python -m benchmarks.stress --record`; each trial's own command is in its row and gives it again. Wall
times depend on what else the machine did: the load average at the end of the trial is given, on so many cores. A trial
with a failure says so here; kills that were ended early by Ctrl-C count what was done until then.

"""


def record(result: Result, command: str, seconds: float, duckdb: str) -> dict[str, Any]:
    """Give what is kept of a trial: what was counted, how it was run, and on what."""
    return {
        "trial": result.name,
        "figures": result.figures,
        "failures": result.failures[:5],
        "command": command,
        "seconds": round(seconds),
        "duckdb": duckdb,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def keep(records: Sequence[Mapping[str, Any]], file: Path = RECORDS, page: Path = PAGE) -> None:
    """Put records in the place of earlier ones of the same trial on the same DuckDB, and write the page."""
    known = {_key(one): one for one in (json.loads(file.read_text()) if file.exists() else [])}
    known |= {_key(one): one for one in records}
    file.write_text(json.dumps(list(known.values()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(_HEAD + "\n".join(_part(one) for one in known.values()), encoding="utf-8")


def _key(one: Mapping[str, Any]) -> str:
    return f"{one['trial']} on DuckDB {one['duckdb']}"


def _part(one: Mapping[str, Any]) -> str:
    """Write one trial."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in one["figures"].items())
    held = "; ".join(one["failures"]) if one["failures"] else "nothing"
    return (
        f"## {_key(one)}\n\n`{one['command']}`\n\n| what | counted |\n| --- | --- |\n{rows}\n\n"
        f"Should not have happened: {held}. {one['day']}, {one['seconds']} s, Python {one['python']}, "
        f"{one['cores']} cores, load {one['load']}.\n"
    )
