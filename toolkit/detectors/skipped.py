"""Numbers that were given to requests and are missing from the log (floor 4; integration; needs no labels).

Where requests are numbered one by one, those that were lost leave their numbers behind: lost are the expected, last
number less first and one, without the received (RFC 3550, appendix A.3). A fall of traffic may be anybody's holiday;
a gap in a count that never had one is not. So an even loss is found that the days' own scatter hides.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, since
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
#: How surely (z) fewer rows must have come, of the days next to the change; what is left where that is not told.
_SURELY, _OPEN = 3.0, 0.3
#: The blocks that are counted, by days or, in a short log, so many of each side; the most on either side.
_DAY, _BLOCKS, _NEAR = 86_400.0, 4, 14
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
    fell, error = _fell(study, moved)
    if fell > 1.0 - (1.0 - _FASTER) * change.after:
        return []  # the count ran faster and as many rows came as before: another log has taken numbers of it since
    sure = 1.0 - fell > _SURELY * error
    missing = int(inside(change, len(there)).sum() - there[inside(change, len(there))].sum())
    where = (
        "were counted and" if sure else "went to another log, which the traffic does not rule out, or were counted and"
    )
    text = (
        f"{missing:,} numbers of requests ({percent(change.after)}) were skipped {since(moved)}, where "
        f"{percent(max(change.before, 0.0))} were before: those requests {where} are not in the log."
    )
    return [
        make(
            study, NAME, "dropped_traffic", text, strength=0.95 if sure else _OPEN, z=change.z, change=moved,
            effect=-change.after, unit="share of usual traffic", n=int(inside(moved, len(study.log)).sum()),
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


def _fell(study: Study, change: Change) -> tuple[float, float]:
    """Give rows a day since a change over those before it, of the days next to it, and the error by their scatter.

    Near by, since a season has little time to pass for a loss there.
    """
    time = study.log.time
    begin, first, last = time[change.start], time[0], time[change.end - 1]
    block = min(_DAY, (begin - first) / _BLOCKS, (last - begin) / _BLOCKS)
    if not block > 0:
        return 1.0, 0.0
    before, after = (
        np.histogram(time, begin + block * np.arange(*reach))[0]
        for reach in ((-min(_NEAR, int((begin - first) / block)), 1), (0, min(_NEAR, int((last - begin) / block)) + 1))
    )
    fell = float(after.mean() / max(before.mean(), 1e-9))
    return fell, fell * float(np.hypot(*(x.std() / max(x.mean(), 1e-9) / np.sqrt(len(x)) for x in (before, after))))
