"""Columns that only say when a row was served (floor 4): weekday, hour, month, a counter; they move as time does."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.profile.model import Codes, Column, Floats, Ints

_HOUR: Final = 3600.0
_LEAST: Final = 40
#: The share of rows that must fit; local clocks and a change of them leave a few that do not.
_NEARLY: Final = 0.97


def of_the_clock(time: Floats, column: Column) -> bool:
    """Say whether the time of a row tells the column's value: one for each hour of the day or week, or the month.

    Args:
        time: seconds since 1970, UTC, NaN where unknown.
        column: the values of the same rows.
    """
    codes = column.codes if isinstance(column, Codes) else _numbered(column)
    good = ~np.isnan(time) & (codes >= 0)
    if good.sum() < _LEAST:
        return False
    hours, codes = np.floor(time[good] / _HOUR).astype(np.int64), codes[good]
    if len(np.unique(codes)) >= 3 and any(_tells(hours // step % n, codes) for step, n in ((1, 168), (1, 24), (24, 7))):
        return True
    return not isinstance(column, Codes) and _is_month(time[good], column[good])


def _tells(cell: Ints, codes: Ints) -> bool:
    """Whether rows of one cell nearly all have one value, in cells of a few rows."""
    _, cell = np.unique(cell, return_inverse=True)
    cells = int(cell.max()) + 1
    if len(cell) < 3 * cells or cells < 3:
        return False
    _, pairs, counts = np.unique(cell * (int(codes.max()) + 1) + codes, return_index=True, return_counts=True)
    most = np.zeros(cells)
    np.maximum.at(most, cell[pairs], counts)
    return bool(most.sum() >= _NEARLY * len(cell))


def _is_month(time: Floats, x: Floats) -> bool:
    if not np.isin(x, np.arange(1, 13)).all():
        return False
    # somewhere on earth it is this month
    near = [(time + off).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12 + 1
            for off in (-12 * _HOUR, 0.0, 14 * _HOUR)]  # fmt: skip
    return bool(np.any([m == x for m in near], axis=0).mean() >= _NEARLY)


def counts_up(column: Column) -> bool:
    """Say whether a number only ever rises (or falls) from row to row, through five values or more."""
    if isinstance(column, Codes):
        return False
    x = column[~np.isnan(column)]
    if len(x) < _LEAST or len(np.unique(x)) < 5:
        return False
    steps = np.diff(x)
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) >= 0.99 and (steps != 0).any())


def _numbered(x: Floats) -> Ints:
    _, codes = np.unique(np.where(np.isnan(x), 0.0, x), return_inverse=True)
    return np.where(np.isnan(x), -1, codes.ravel()).astype(np.int64)
