"""Columns that only say when a row was served (floor 4): weekday, hour, month, a counter; they move as time does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.detectors.values import distinct, runs, several
from toolkit.profile.model import Codes, Column, Floats, Ints

_HOUR: Final = 3600.0
_WEEK: Final = 168
_LEAST: Final = 40
#: A column of broken numbers has one among its first rows, as a rule.
_FIRST: Final = 200
#: The share of rows that must fit; local clocks and a change of them leave a few that do not.
_NEARLY: Final = 0.97


def of_the_clock(time: Floats, column: Column, in_order: Callable[[NDArray[Any]], NDArray[Any]] = np.sort) -> bool:
    """Say whether the time of a row tells the column's value: one for each hour of the day or week, or the month.

    Args:
        time: seconds since 1970, UTC, NaN where unknown.
        column: the values of the same rows.
        in_order: sorts them, if they were not sorted before.
    """
    x = column.codes if isinstance(column, Codes) else column
    good = ~np.isnan(time) & ((x >= 0) if isinstance(column, Codes) else ~np.isnan(x))
    if good.sum() < _LEAST:
        return False
    values, counts = runs(in_order(x)) if good.all() else distinct(x[good])
    time, x = time[good], x[good]
    if len(values) >= 3 and _often(counts, _WEEK):
        codes, hours = np.searchsorted(values, x), np.floor(time / _HOUR).astype(np.int64)
        if any(_often(counts, n) and _tells(hours // step % n, codes) for step, n in ((1, _WEEK), (1, 24), (24, 7))):
            return True
    return not isinstance(column, Codes) and of_the_season(time, column[good])


def _often(counts: Ints, cells: int) -> bool:
    """Whether one value a cell may be nearly all there is: no choice of values has more rows than the commonest."""
    most = np.partition(counts, -cells)[-cells:] if len(counts) > cells else counts
    return bool(most.sum() >= _NEARLY * counts.sum())


def _tells(cell: Ints, codes: Ints) -> bool:
    """Whether rows of one cell nearly all have one value, in cells of a few rows."""
    many = int(codes.max()) + 1
    if (int(cell.max()) + 1) * many <= len(cell) and cell.min() >= 0:
        table = np.bincount(cell * many + codes, minlength=(int(cell.max()) + 1) * many).reshape(-1, many)
        most = table.max(axis=1)
        most = most[most > 0]
    else:
        pairs, counts = distinct(cell * many + codes)
        most = np.maximum.reduceat(counts, np.flatnonzero(np.diff(pairs // many, prepend=-1)))
    if len(cell) < 3 * len(most) or len(most) < 3:
        return False
    return bool(most.sum() >= _NEARLY * len(cell))


def of_the_season(time: Floats, column: Column) -> bool:
    """Say whether a number is the month, the day or week of the year, the quarter or the year of the row's time.

    Args:
        time: seconds since 1970, UTC, NaN where unknown.
        column: the values of the same rows.
    """
    if isinstance(column, Codes):
        return False
    good = ~np.isnan(time) & ~np.isnan(column)
    if good.sum() < _LEAST:
        return False
    x = column[good]
    if not ((x[:_FIRST] % 1 == 0).all() and (x % 1 == 0).all() and several(x, 2)):
        return False
    # somewhere on earth it is this day
    near = [_dates(time[good] + off * _HOUR) for off in (-12, 0, 14)]
    return any(bool(np.any([dates[field] == x for dates in near], axis=0).mean() >= _NEARLY) for field in near[0])


def _dates(time: Floats) -> dict[str, Ints]:
    day = time.astype("datetime64[s]").astype("datetime64[D]")
    year, month = day.astype("datetime64[Y]"), day.astype("datetime64[M]")
    number, of_year = month.astype(np.int64) % 12 + 1, (day - year).astype(np.int64) + 1
    thursday = day + np.timedelta64(3, "D") - (day.astype(np.int64) + 3) % 7  # of a row's ISO week
    week = (thursday - thursday.astype("datetime64[Y]")).astype(np.int64) // 7 + 1
    return {"year": year.astype(np.int64) + 1970, "quarter": (number + 2) // 3, "month": number, "week": week,
            "day of the year": of_year}  # fmt: skip


def of_the_day(time: Floats, column: Column) -> bool:
    """Say whether all rows of a day (UTC) have the same value: a holiday, a campaign, the weather of the day."""
    x = column.codes.astype(float) if isinstance(column, Codes) else column
    good = ~np.isnan(time) & ((x >= 0) if isinstance(column, Codes) else ~np.isnan(x))
    if good.sum() < _LEAST:
        return False
    codes = np.unique(x[good], return_inverse=True)[1]
    return _tells(np.floor(time[good] / (24 * _HOUR)).astype(np.int64), codes)


def counts_up(column: Column) -> bool:
    """Say whether a number only ever rises (or falls) from row to row, through five values or more."""
    if isinstance(column, Codes):
        return False
    x = column[~np.isnan(column)]
    if len(x) < _LEAST or not several(x, 5):
        return False
    steps = np.diff(x)
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) >= 0.99 and (steps != 0).any())
