"""Numbers that were given to requests and are missing from the log (floor 4; integration; needs no labels).

Where requests are numbered one by one, those that were lost leave their numbers behind: lost are the expected, last
number less first and one, without the received (RFC 3550, appendix A.3). A fall of traffic may be anybody's holiday;
a gap in a count that never had one is not. So an even loss is found that the days' own scatter hides.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent
from toolkit.detectors.study import Study
from toolkit.profile.model import LOG, Ints, Sample
from toolkit.timeline.change import Change, find_change

NAME: Final = "skipped"
#: Fewest numbered rows; the least share of them that goes up in time for a number to be a count of requests.
_LEAST, _IN_TURN = 200, 0.97
#: The share of numbers that may be missing before the change, where each is one of this log's own, and from which on
#: those missing since are a loss.
_OWN, _LOST = 0.01, 0.03
#: The part of what a shared count would have run faster up to which it is taken for this log's own.
_FASTER: Final = 0.6
_ENDING: Final = re.compile(r"^(.*?)(\d{1,15})(?:\.0)?$")


def detect(study: Study) -> list[Evidence]:
    """Look for numbers that are skipped since some row, where before hardly one was."""
    if study.profile.rows.get(LOG, len(study.log)) != len(study.log):
        return []  # of a sample most numbers are missing
    counted = numbered(study.log)
    if counted is None:
        return []
    rows, number = counted
    there = np.zeros(int(number[-1] - number[0]) + 1)
    there[number - number[0]] = 1.0
    change = find_change(1.0 - there)
    if not change.found or change.z < 6 or change.before > _OWN or change.after < _LOST:
        return []
    place = np.searchsorted(number - number[0], [change.start, change.end, change.low, change.high])
    start, end, low, high = (int(rows[min(p, len(rows) - 1)]) for p in place)
    end = len(study.log) if change.end >= len(there) else end
    moved = Change(
        "pulse" if end < len(study.log) else "step", start, end, 1.0, 1.0 - change.after, -change.z, low, high
    )
    if _shared(study, moved, change.after):
        return []
    missing = int(inside(change, len(there)).sum() - there[inside(change, len(there))].sum())
    text = (
        f"{missing:,} numbers of requests ({percent(change.after)}) were skipped since the change, where "
        f"{percent(max(change.before, 0.0))} were before: those requests were counted and are not in the log."
    )
    return [
        make(
            study, NAME, "dropped_traffic", text, strength=0.95, z=change.z, change=moved, effect=-change.after,
            unit="share of usual traffic", n=int(inside(moved, len(study.log)).sum()),
        )
    ]  # fmt: skip


def numbered(sample: Sample) -> tuple[Ints, Ints] | None:
    """Give the rows whose ids end in a number that counts up in time, and their numbers, both in the order of these.

    ``None`` where ids are no such count: of more than one beginning, out of turn, or far apart.
    """
    known = np.flatnonzero((sample.entity.codes >= 0) & ~np.isnan(sample.time))
    codes, place = np.unique(sample.entity.codes[known], return_inverse=True)
    parts: list[re.Match[str]] = []
    for code in codes:
        told = _ENDING.match(sample.entity.names[code])
        if told is None or (parts and told[1] != parts[0][1]):
            return None
        parts.append(told)
    if len(parts) < _LEAST:
        return None
    number = np.array([int(p[2]) for p in parts], dtype=np.int64)[place]
    first = np.unique(number, return_index=True)[1]  # what came twice is counted once
    rows, number = known[np.sort(first)], number[np.sort(first)]
    if len(rows) < _LEAST or np.ptp(number) > 3 * len(rows) or (np.diff(number) > 0).mean() < _IN_TURN:
        return None
    turn = np.argsort(number, kind="stable")
    return rows[turn], number[turn]


def _shared(study: Study, change: Change, missing: float) -> bool:
    """Whether the count ran faster and as many rows came as before: another log has taken numbers of it since."""
    time, since = study.log.time, inside(change, len(study.log))
    away = max(float(time[since][-1] - time[since][0]), 1.0)
    before = max(float(time[-1] - time[0]) - away, 1.0)
    fell = (since.sum() / away) / ((~since).sum() / before)
    return bool(fell > 1.0 - (1.0 - _FASTER) * missing)
