"""Run the trials: ``python -m benchmarks.spark.run [agree killed sizes]``; figures go to RESULTS.md beside this.

``agree`` may be done in parts (``--logs 0:50``): what was compared is kept in results.json and not done twice with the
same code, so that a busy machine may take its time. What other code gave is thrown away.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.spark.cluster import Cluster, cluster, cpu_seconds
from benchmarks.spark.compare import Compared, compare
from benchmarks.spark.logs import make
from benchmarks.spark.report import versions, write

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
LOGS: Final = 200
#: What counts as the present, so that a log of a seed is judged alike whenever it is read.
NOW: Final = datetime(2027, 1, 1, tzinfo=UTC)


#: What the comparison runs: with other code than this an old result says nothing.
_RUN: Final = (
    *(f"toolkit/engines/{name}.py" for name in ("duck", "rows", "spark", "spark_source")),
    "toolkit/logs", "toolkit/profile", "toolkit/sql",
    *(f"benchmarks/spark/{name}.py" for name in ("logs", "forms", "compare")),
)  # fmt: skip


def code_run() -> str:
    """Give a hash of the code that is compared, whatever its comments and docstrings say."""
    made = hashlib.sha256()
    root = HERE.parents[1]
    for place in _RUN:
        for file in sorted([root / place] if place.endswith(".py") else (root / place).glob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    node.value.value = None
            made.update(f"{file.name}\0{ast.dump(tree)}".encode())
    return made.hexdigest()[:12]


def agree(on: Cluster, kept: dict[str, Any], first: int, last: int, seconds: float) -> bool:
    """Compare the logs of the seeds from ``first`` to before ``last``, until the time is up; tell whether all agree."""
    code = code_run()
    kept["agree"] = done = {s: one for s, one in kept.get("agree", {}).items() if one.get("code") == code}
    began, sound = time.monotonic(), True
    with tempfile.TemporaryDirectory(prefix="logs-") as place:
        for seed in range(first, last):
            if str(seed) in done and not done[str(seed)]["differs"]:
                continue
            if time.monotonic() - began > seconds:
                print("the time is up; start again to go on", flush=True)
                break
            _compile(seed % 4 == 0)
            started, used = time.monotonic(), cpu_seconds()
            found = compare(make(seed, Path(place)), engine=f"spark:{on.master}", now=NOW)
            done[str(seed)] = {
                **found.__dict__, "seconds": round(time.monotonic() - started, 2),
                "cpu": round(cpu_seconds() - used, 2), "code": code, **versions(),
            }  # fmt: skip
            sound = sound and not found.differs
            _keep(kept)
            print(f"log {seed}: {_told(found)}", flush=True)
    return sound


def _compile(generated: bool) -> None:
    """Let Spark compile each query and plan it anew on the way, as it does; or interpret it, as it does large ones."""
    from pyspark.sql import SparkSession

    there = SparkSession.getActiveSession()
    if there is not None:
        for one in ("codegen.wholeStage", "adaptive.enabled"):
            there.conf.set(f"spark.sql.{one}", str(generated).lower())
        there.conf.set("spark.sql.codegen.factoryMode", "FALLBACK" if generated else "NO_CODEGEN")


def _told(found: Compared) -> str:
    said = f"{found.counts} counts, {found.means} means within {found.gap:.1g}, {found.rows} rows"
    return said + "".join(f"\n    {one}" for one in found.differs)


def _killed(on: Cluster, kept: dict[str, Any]) -> bool:
    from benchmarks.spark.killed import killed

    kept["killed"] = {**killed(on), **versions()}
    return bool(kept["killed"]["right"])


def _sizes(on: Cluster, kept: dict[str, Any]) -> bool:
    from benchmarks.spark.sizes import sizes

    kept["sizes"] = {**sizes(on), **versions()}
    return True


def _keep(kept: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    write(kept, HERE / "RESULTS.md", LOGS)


def main() -> int:
    """Run what is named, or all; give 1 where the engines differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark.run", description=__doc__)
    parser.add_argument("trials", nargs="*", metavar="trial", help="agree, killed, sizes; all without one")
    parser.add_argument("--logs", default=f"0:{LOGS}", help="the seeds from:before of agree")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no log after so many seconds")
    given = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    first, last = (int(part) for part in given.logs.split(":"))
    trials: dict[str, Callable[[Cluster], bool]] = {
        "agree": lambda on: agree(on, kept, first, last, given.seconds),
        "killed": lambda on: _killed(on, kept),
        "sizes": lambda on: _sizes(on, kept),
    }
    names = given.trials or list(trials)
    if unknown := set(names) - set(trials):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    sound = True
    with cluster(tells=names != ["agree"]) as on:
        for name in names:
            sound = trials[name](on) and sound
            _keep(kept)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
