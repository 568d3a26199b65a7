"""Which rows have a value of the period before theirs (floor 4): of a feed that is renewed for many things at once.

Of a number that is drawn up each night for every article, or is one for all rows of a day, each period has values of
its own; when the feed stands still, each has those of the last. No role needs to say what the rows are about.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.study import known
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask

#: Periods that must be there, and rows of each on average, to speak of them.
_LEAST, _ROWS = 15, 4
_DAY: Final = 86400.0
#: A value on more rows than this is the only one; of several, repeats must be so much more than chance makes of them.
_ALONE, _BEYOND = 0.97, 0.6
#: Where chance makes of nearly all rows repeats, nothing can be told.
_SURELY: Final = 0.9


def periods(time: Floats) -> Ints | None:
    """Number the times that many rows share, else the days; ``None`` where these are too few or too thin."""
    if len(time) < _LEAST * _ROWS or np.isnan(time).any():
        return None
    for at in (time, np.floor(time / _DAY)):
        number = np.unique(at, return_inverse=True)[1].ravel().astype(np.int64)
        if number.max() + 1 >= _LEAST and len(time) >= _ROWS * (number.max() + 1):
            return number
    return None


def period_repeats(
    numbers: tuple[Ints | None, Ints | None], base: Column, column: Column
) -> tuple[Floats, Floats] | None:
    """Mark rows of baseline and log with a value that a row of the period before had; ``None`` without periods."""
    then, now = numbers
    if now is None:
        return None
    return np.full(len(known(base)), np.nan) if then is None else _again(base, then), _again(column, now)


def by_chance(time: Floats, column: Column, rows: Mask, repeats: float) -> bool:
    """Whether so many repeats are what independent rows of the same values would have."""
    number, have = periods(time), rows & known(column)
    values, counts = np.unique(_values(column)[have], return_counts=True)
    if number is None or not len(values):
        return True
    share = counts / counts.sum()
    if share.max() > _ALONE:
        return False
    size = float(have.sum()) / max(len(np.unique(number[have])), 1)
    chance = float((share * (1 - (1 - share) ** size)).sum())
    return chance > _SURELY or repeats - chance < _BEYOND * (1 - chance)


def _again(column: Column, number: Ints) -> Floats:
    x, have = _values(column), known(column)
    values, code = np.unique(x, return_inverse=True)
    there = np.unique((number * len(values) + code.ravel())[have])
    asked = (number - 1) * len(values) + code.ravel()
    return np.where(have & (number > 0), np.isin(asked, there), np.nan)


def _values(column: Column) -> Floats:
    return column.codes.astype(np.float64) if isinstance(column, Codes) else np.nan_to_num(column)
