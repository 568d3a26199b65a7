"""Which rows have a value of the period before theirs (floor 4): of a feed that is renewed for many things at once.

Of a number that is drawn up each night for every article, or is one for all rows of a day, each period has values of
its own; when the feed stands still, each has those of the last. No role needs to say what the rows are about.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.ordered import InOrder
from toolkit.detectors.study import known
from toolkit.detectors.values import again
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask

#: Periods that must be there, and rows of each on average, to speak of them.
_LEAST, _ROWS = 15, 4
_DAY: Final = 86400.0
#: A value on more rows than this is the only one; of several, repeats must be so much more than chance makes of them.
_ALONE, _BEYOND = 0.97, 0.6
#: Where chance makes of nearly all rows repeats, nothing can be told.
_SURELY: Final = 0.9
#: Fewer rows than this are no stretch.
_FEW: Final = 4


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
    numbers: tuple[Ints | None, Ints | None], base: Column, column: Column, in_order: InOrder
) -> tuple[Floats, Floats] | None:
    """Mark rows of baseline and log with a value that a row of the period before had; ``None`` where there is none."""
    then, now = numbers
    if now is None or not (isinstance(column, Codes) or again(in_order(column)) >= _FEW):
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
    rows, x = np.flatnonzero(known(column)), _values(column)
    rows = rows[np.lexsort((number[rows], x[rows]))]
    x, number_of = x[rows], number[rows]
    # the rows of one value and period stand together, after those of the same value and an earlier period
    first = np.flatnonzero(np.concatenate(([len(rows) > 0], (x[1:] != x[:-1]) | (np.diff(number_of) != 0))))
    repeats = np.zeros(len(first), dtype=bool)
    repeats[1:] = (x[first[1:]] == x[first[:-1]]) & (np.diff(number_of[first]) == 1)
    out = np.full(len(number), np.nan)
    out[rows] = np.repeat(repeats, np.diff(np.append(first, len(rows))))
    out[number == 0] = np.nan
    return out


def _values(column: Column) -> Floats:
    return column.codes.astype(np.float64) if isinstance(column, Codes) else np.nan_to_num(column)
