"""A column that tells the hour of its row, and since a moment that of another hour (floor 4; integration).

An hour or a slot of the day is a function of the row's own time. Where it becomes the same function of a time some
hours off, the job that writes it reads another clock. One hour is left alone: people's clocks change by it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Floats, Ints
from toolkit.timeline.change import find_change

#: Half hours of a day, and the shifts that people's own clocks make.
_CELLS, _SUMMER = 48, 2
#: The share of rows that must tell their time before, and another since; the values of a day at least.
_TELLS, _VALUES = 0.95, 6
#: The share of rows for which the other time is one that the column ever told.
_KNOWN: Final = 0.5


def detect(study: Study) -> list[Evidence]:
    """Look for columns that told the time of their row and tell another since."""
    if np.isnan(study.log.time).all():
        return []
    found = (_off(study, name, base, column) for name, (base, column) in study.numbers.items())
    return [e for e in found if e is not None]


def _off(study: Study, name: str, base: Floats, column: Floats) -> Evidence | None:
    told = _told(study.ref.time, base)
    if told is None:
        return None
    cell = _cell(study.log.time)
    off = np.where(np.isnan(column) | np.isnan(told[cell]), np.nan, column != told[cell])
    change = find_change(off)
    if not change.found or change.z < 6 or change.before > 1 - _TELLS or change.after < 0.5:
        return None
    rows = inside(change, len(off)) & ~np.isnan(off)
    fits = {}
    for k in range(-_CELLS // 2, _CELLS // 2):
        then = told[(cell[rows] + k) % _CELLS]
        known = ~np.isnan(then)  # nothing came at night
        fits[k] = float((column[rows] == then)[known].mean()) if known.mean() > _KNOWN else 0.0
    best = max(fits, key=lambda k: fits[k])
    if fits[best] < _TELLS or abs(best) <= _SUMMER:
        return None
    text = (
        f"{name} told the hour of its row, and tells that of {abs(best) / 2:g} hours "
        f"{'later' if best > 0 else 'earlier'} {since(change)}: it is written by another clock."
    )
    return make(
        study, "told_time", "training_serving_skew", text, strength=0.97, z=change.z, change=change, rows=rows,
        effect=best / 2, unit="hours", n=int(rows.sum()), features=[name],
        supports=("training_serving_skew", "unit_change"), refutes=("covariate_shift", "concept_drift", "new_category"),
    )  # fmt: skip


def _told(time: Floats, x: Floats) -> Floats | None:
    """Give the value of each half hour of the day, NaN where none came; ``None`` where the time does not tell it."""
    known = ~np.isnan(time) & ~np.isnan(x)
    if known.sum() < 2 * _CELLS or several(x[known], _CELLS + 1) or not several(x[known], _VALUES):
        return None
    values, codes = np.unique(x[known], return_inverse=True)
    many = len(values)
    table = np.bincount(_cell(time[known]) * many + codes, minlength=_CELLS * many).reshape(_CELLS, many)
    if table.max(1).sum() < _TELLS * known.sum():
        return None
    return np.where(table.any(1), values[table.argmax(1)], np.nan)


def _cell(time: Floats) -> Ints:
    return np.nan_to_num(time // 1800 % _CELLS).astype(np.int64)
