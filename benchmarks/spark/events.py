"""What Spark's own event log says: bytes read and shuffled, CPU, tasks and executors lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Told:
    """Sums over the tasks that ended between two moments; CPU in seconds of one core."""

    tasks: int = 0
    read: int = 0
    shuffled: int = 0
    returned: int = 0
    cpu: float = 0.0
    lost_tasks: int = 0
    lost_executors: int = 0


def told(folder: Path, first: float = 0.0, last: float = float("inf")) -> Told:
    """Read the event log, of the tasks that were launched from ``first`` to ``last`` (seconds since 1970)."""
    out = Told()
    for event in _events(folder):
        if event["Event"] == "SparkListenerExecutorRemoved":
            out.lost_executors += "ost" in str(event.get("Removed Reason", ""))
        if event["Event"] != "SparkListenerTaskEnd" or not first <= event["Task Info"]["Launch Time"] / 1000 <= last:
            continue
        if event["Task End Reason"]["Reason"] != "Success":
            out.lost_tasks += 1
            continue
        metrics = event["Task Metrics"]
        out.tasks += 1
        out.read += metrics["Input Metrics"]["Bytes Read"]
        out.shuffled += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        out.returned += metrics["Result Size"]
        out.cpu += metrics["Executor CPU Time"] / 1e9
    return out


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(("appstatus", "."))):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith('{"Event"'):
                yield json.loads(line)
