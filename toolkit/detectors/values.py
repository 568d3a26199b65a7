"""The values of a column (floor 4): each once, whether there are several, and between which edges they lie.

Numbers are sorted, which is several times as cheap as ``numpy.unique``, and none of it is more exact.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.profile.model import Codes, Column, Floats, Ints, Mask

#: A column that has several values has them among its first rows, as a rule.
_FIRST: Final = 200
#: Values from which on each edge is compared with all of them at once: so many are not looked up one by one.
_AT_ONCE: Final = 4_000
#: Numbers that somebody writes where nothing is known.
FILLERS: Final = frozenset({0.0, -1.0, -999.0, 999.0, 9999.0})


def distinct(x: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Give the values of x (without NaN), each once and sorted, and how often each is there."""
    return runs(np.sort(x))


def runs(x: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Give the same of values that are sorted."""
    first = np.flatnonzero(np.concatenate(([len(x) > 0], x[1:] != x[:-1])))
    return x[first], np.diff(np.append(first, len(x)))


def again(x: NDArray[Any]) -> int:
    """Give how many of values that are sorted are equal to the one before them."""
    return int((x[1:] == x[:-1]).sum())


def mean_of(x: Floats, unknown: float = float("nan")) -> float:
    """Give the mean of the known values; ``unknown`` where none is."""
    return float(np.nanmean(x)) if (~np.isnan(x)).any() else unknown


def codes_of(column: Column) -> Ints:
    """Give equal numbers to equal values, -1 to missing ones."""
    if isinstance(column, Codes):
        return column.codes
    _, codes = np.unique(np.where(np.isnan(column), 0.0, column), return_inverse=True)
    out = codes.astype(np.int64).ravel()
    out[np.isnan(column)] = -1
    return out


def of_things(x: NDArray[Any], least: int, each: int) -> bool:
    """Whether sorted numbers may be those of things: whole, ``least`` of them or more, on ``each`` rows on average."""
    if not len(x) or (x % 1).any():
        return False
    many = len(runs(x)[0])
    return many >= least and len(x) >= each * many


def stretches(flags: Mask) -> list[tuple[int, int]]:
    """Give where each stretch of marked rows begins, and the row after its end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def several(x: NDArray[Any], least: int) -> bool:
    """Say whether x (without NaN) has at least so many values."""
    return len(distinct(x[:_FIRST])[0]) >= least or len(distinct(x)[0]) >= least


def cell_of(edges: Floats, x: Floats) -> Ints:
    """Give for each x the number of edges (sorted) that it has reached: ``searchsorted`` to the right; of NaN none."""
    if len(x) < _AT_ONCE or len(edges) > 100:
        return np.where(np.isnan(x), 0, np.searchsorted(edges, x, side="right"))
    reached = np.zeros(len(x), dtype=np.uint8)
    for edge in edges:
        reached += x >= edge
    return reached.astype(np.int64)


def only(column: Column, rows: Mask) -> Column:
    """Keep a column's values in some rows, and have them missing elsewhere."""
    if isinstance(column, Codes):
        return Codes(column.names, np.where(rows, column.codes, -1))
    return np.where(rows, column, np.nan)
