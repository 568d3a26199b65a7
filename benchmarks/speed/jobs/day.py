"""A day more: twenty-nine days are read and kept, then the thirtieth comes; beside it all thirty read anew.

Each reading goes from the log to the profile. The first one, of two days, is only there to import everything, so that
no reading pays for that. The window is the last fourteen days, held to the first fourteen.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.engines.kept import Kept
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


def main(folder: str) -> None:
    """Read in turn; print what each reading cost, and what is kept."""
    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))
    days = sorted(Path(folder, "log").glob("*.parquet"))
    first = datetime.fromisoformat(days[0].stem).replace(tzinfo=UTC)
    middle, end = (first + timedelta(days=n) for n in (len(days) - 14, len(days)))
    spans = {"window": (middle, end), "reference_window": (first, first + timedelta(days=14))}

    with tempfile.TemporaryDirectory(dir=folder) as place:
        log, kept = Path(place) / "log", Path(place) / "kept"
        log.mkdir()

        def read(where: Path | None, **how: Any) -> dict[str, float]:
            """Read the log as it is now; give CPU and wall seconds."""
            cpu, wall = sum(os.times()[:2]), time.perf_counter()
            known = None if where is None else Kept(where)
            if "window" not in how:
                how["reference"] = f"{folder}/reference.parquet"
            with read_log(str(log), told, kept=known, **how) as opened:
                build_profile(opened)
                _ = opened.hashes
            if known is not None:
                known.finish()
            return {"cpu": sum(os.times()[:2]) - cpu, "wall": time.perf_counter() - wall}

        def link(some: list[Path]) -> None:
            for day in some:
                (log / day.name).hardlink_to(day)

        link(days[:2])
        read(Path(place) / "warm")
        link(days[2:-1])
        made = {"kept, 29 days": read(kept)}
        link(days[-1:])
        made["one day more"] = read(kept)
        made["nothing new"] = read(kept)
        made["another window"] = read(kept, **spans)
        made["that window anew"] = read(None, **spans)
        made["30 days anew"] = read(None)
        mb = sum(f.stat().st_size for f in kept.iterdir()) / 1e6
    print(json.dumps({**made["one day more"], "readings": made, "kept mb": mb}))


if __name__ == "__main__":
    main(sys.argv[1])
