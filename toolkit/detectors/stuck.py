"""A value that stands for far longer than it ever did (floor 4; integration).

What changes once an hour repeats itself in most rows anyway, so that standing still hardly adds repeats. But it never
stood for a day: the longest run of one value, in all rows or in those of one part of the traffic, is held to how often
it changed and to the longest run beside it, in rows and in time. In the other parts it must go on changing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, make
from toolkit.detectors.study import Study, known
from toolkit.detectors.values import FILLERS
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, Series

NAME: Final = "stuck"
#: Rows of a run at least, changes before it at least, and parts that are tried at most.
_LEAST_RUN: Final = 40
_LEAST_CHANGES: Final = 10
_MOST: Final = 20
#: How many times as long it is as the next longest one, in rows and in time, and the log of how likely it may be.
_LONGER: Final = 4.0
_UNLIKELY: Final = -18.0
#: A run that goes on beyond this part of the log has no end.
_LASTING: Final = 0.97


@dataclass(frozen=True)
class _Run:
    """The longest run of one value among some rows of the log, and the longest one beside it, in rows."""

    rows: Ints
    usual: int
    rate: float


def stuck(study: Study, name: str, column: Column) -> Evidence | None:
    """Look for the part of the traffic, or else all of it, in which the feature stands since some row."""
    n = len(study.log)
    parts = [
        (SliceTerm(segment, value), codes.rows_of(value))
        for segment, codes in study.log.segments.items()
        for value in codes.names[:_MOST]
    ]
    found, there = [], known(column)
    for term, mine in [(None, np.ones(n, dtype=bool)), *parts]:
        run = _run(column, study.log.time, mine & there, len(parts) + 1)
        if run is not None and (term is None or _goes_on(column, run, ~mine & there)):
            found.append((term, run))
    if not found:
        return None
    term, run = max(found, key=lambda f: len(f[1].rows))
    start, end = int(run.rows[0]), int(run.rows[-1]) + 1
    flags = np.zeros(n)
    flags[run.rows] = 1.0
    lasting = end > _LASTING * n
    change = Change(
        "step" if lasting else "pulse", start, n if lasting else end, 0.0, 1.0, 12.0, start, start,
        Series(flags, start, end, sudden=True),
    )  # fmt: skip
    where = "" if term is None else f" where {term.column} = {term.value}"
    text = (
        f"{name} stands at one value{where} for {len(run.rows):,} rows; it changed every {1 / run.rate:.0f} rows, and "
        f"had never stood for more than {run.usual:,}{'' if term is None else ', and elsewhere goes on changing'}."
    )
    return make(
        study, NAME, "stale_feature", text, strength=0.95, z=12.0, change=change, rows=flags > 0,
        effect=len(run.rows) / max(run.usual, 1), unit="times the longest run", n=len(run.rows), features=[name],
        slice_=(term,) if term is not None else (), supports=("stale_feature", "default_filled"),
        refutes=("covariate_shift", "concept_drift", "label_noise", "poisoned_data", "unit_change"),
    )  # fmt: skip


def _plain(column: Column) -> Floats | Ints:
    """Give what two rows share exactly where they have the same value: to number the values would take a sort."""
    return column.codes if isinstance(column, Codes) else column


def _run(column: Column, time: Floats, mine: Mask, tries: int) -> _Run | None:
    """Give the longest run among the marked rows where chance, and the runs beside it, are far from making one."""
    rows = np.flatnonzero(mine)
    x = _plain(column)[rows]
    if len(x) < 2 * _LEAST_RUN:
        return None
    starts = np.flatnonzero(np.append(True, x[1:] != x[:-1]))
    ends = np.append(starts[1:], len(x))
    lengths, lasted = ends - starts, time[rows[ends - 1]] - time[rows[starts]]
    top = int(np.argmax(lengths))
    others = np.arange(len(starts)) != top
    if lengths[top] < _LEAST_RUN or top < _LEAST_CHANGES or _filled_in(column, rows, int(starts[top]), int(ends[top])):
        return None
    rate = float(others.sum()) / float(lengths[others].sum())
    chance = float(lengths[top]) * np.log1p(-min(rate, 0.99)) + np.log(tries * len(starts))
    if chance > _UNLIKELY or lengths[top] < _LONGER * lengths[others].max():
        return None
    if lasted[top] < _LONGER * lasted[others].max():
        return None
    return _Run(rows[starts[top] : ends[top]], int(lengths[others].max()), rate)


def _filled_in(column: Column, rows: Ints, start: int, end: int) -> bool:
    """Whether the run's value is rather one that somebody wrote there: no value like those beside it."""
    if isinstance(column, Codes):
        return int(column.codes[rows[start]]) not in np.delete(column.codes[rows], slice(start, end))
    value, beside = float(column[rows[start]]), np.delete(column[rows], slice(start, end))
    whole = bool((beside == np.round(beside)).all())
    far = abs(value - float(np.clip(value, beside.min(), beside.max()))) > float(beside.std())
    return value in FILLERS or far or (whole and value != round(value))


def _goes_on(column: Column, run: _Run, others: Mask) -> bool:
    """Whether the rows of the other parts change during the run as they do beside it, or nearly."""
    x = _plain(column)
    during = np.zeros(len(x), dtype=bool)
    during[run.rows[0] : run.rows[-1] + 1] = True
    now, before = (x[others & side] for side in (during, ~during))
    if min(len(now), len(before)) < _LEAST_RUN:
        return False
    rates = [float((y[1:] != y[:-1]).mean()) for y in (now, before)]
    return rates[0] > 0.5 * rates[1] > 0
