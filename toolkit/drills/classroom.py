"""The class over many drills (floor 7): take in finished tapes, and one line for each trainee."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from toolkit.drills.drill import ENDING, read_drill
from toolkit.errors import PostmortemError, StoreError
from toolkit.report.tables import Table
from toolkit.store import Store

_COLUMNS = (
    "trainee",
    "drills",
    "again",
    "points",
    "right",
    "stated confidence",
    "Brier score",
    "cried wolf",
    "spent",
    "harm",
)


def gather(store: Store, folders: Sequence[Path], *, command: str = "") -> list[PostmortemError]:
    """Record the finished drills of some folders, each once; give what could not be used.

    Raises:
        StoreError: the store cannot be written.
    """
    unusable = []
    known = {row["id"] for row in store.drills()}
    for folder in folders:
        for file in sorted(folder.glob(f"*{ENDING}")):
            try:
                one = read_drill(file)
                if one.over and one.id not in known:
                    store.record_drill(one.result(), command=command)
            except StoreError:
                raise
            except PostmortemError as error:
                unusable.append(error)
    return unusable


def class_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Give one line a trainee, the best first: means over the drills; an honest Brier score is small.

    A scene that a trainee plays again after its debrief is counted under ``again`` and in no mean. The Brier score is
    the mean of (confidence - right) squared: 0.25 is what always saying 50 % gives.
    """
    by: dict[str, list[Mapping[str, Any]]] = {}
    again: Counter[str] = Counter()
    seen = set()
    for row in sorted(rows, key=lambda row: str(row["began_at"])):
        trainee, scene = str(row["trainee"]), _scene(row)
        again[trainee] += (trainee, scene) in seen
        if (trainee, scene) not in seen:
            by.setdefault(trainee, []).append(row)
        seen.add((trainee, scene))
    lines = []
    for trainee, own in by.items():
        sure = [r["confidence"] for r in own if r["confidence"] is not None]
        brier = [r["brier"] for r in own if r["brier"] is not None]
        lines.append(
            (
                trainee, len(own), again[trainee], round(fmean(r["points"] for r in own), 1),
                round(fmean(float(r["correct"]) for r in own), 2), round(fmean(sure), 2) if sure else None,
                round(fmean(brier), 3) if brier else None, sum(bool(r["cried_wolf"]) for r in own),
                round(fmean(r["spent"] for r in own), 1), round(fmean(r["harm"] for r in own), 2),
            )
        )  # fmt: skip
    return Table(_COLUMNS, tuple(sorted(lines, key=lambda line: -line[3])), "The class")


def _scene(row: Mapping[str, Any]) -> str:
    """Name what was played; a record that does not say it counts by itself."""
    body = row["body"] if isinstance(row["body"], dict) else json.loads(row["body"] or "{}")
    return str(body.get("scene") or row["id"])
