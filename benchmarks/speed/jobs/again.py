"""An investigation a second time on a log in which nothing is new: the first is not counted."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.store import Store


def opened(folder: str, place: str) -> tuple[Store, str]:
    """Open an incident of the log in a new store."""
    from toolkit.investigation import open_incident
    from toolkit.store import Store

    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))
    store = Store(place)
    made = open_incident(store, "speed", log=f"{folder}/log", reference=f"{folder}/reference.parquet", roles=told)
    return store, made.id


def main(folder: str) -> None:
    """Investigate twice; print what the second time cost."""
    from toolkit.investigation import investigate

    with tempfile.TemporaryDirectory() as place:
        store, incident = opened(folder, place)
        investigate(store, incident, only=())
        cpu, wall = sum(os.times()[:4]), time.perf_counter()
        investigate(store, incident, only=())
        print(json.dumps({"cpu": sum(os.times()[:4]) - cpu, "wall": time.perf_counter() - wall}))


if __name__ == "__main__":
    main(sys.argv[1])
