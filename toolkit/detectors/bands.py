"""Groups of many values (floor 4): an age in years is compared in bands, of many names the commonest are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from toolkit.profile.cubes import others
from toolkit.profile.model import Codes, Floats, Ints, Sample

#: A group of more values than this is put together to fewer.
MOST_VALUES: Final = 30
#: Bands of numbers, each with about as many rows.
_BANDS: Final = 6


def in_bands(sample: Sample) -> Sample:
    """Give the same rows with groups of at most ``MOST_VALUES`` values."""
    many = {name: column for name, column in sample.groups.items() if len(column.names) > MOST_VALUES}
    if not many:
        return sample
    return replace(sample, groups={**sample.groups, **{name: _coded(column) for name, column in many.items()}})


def _coded(column: Codes) -> Codes:
    rows = np.bincount(column.codes[column.codes >= 0], minlength=len(column.names)).astype(float)
    names, place = together(column.names, rows)
    return Codes(names, np.append(place, -1)[column.codes])


def together(values: Sequence[str], rows: Floats) -> tuple[tuple[str, ...], Ints]:
    """Put many values together to few.

    Args:
        values: what a column holds, each once.
        rows: how many rows have each.

    Returns:
        Their names, and the place in these of each value. Numbers make bands of about as many rows, ``18 to 27``; of
        anything else the values with the most rows stay, and the others are one.
    """
    numbers = _numbers(values)
    return _rarer_as_one(values, rows) if numbers is None else _banded(values, numbers, rows)


def _numbers(values: Sequence[str]) -> Floats | None:
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return None
    return numbers if all(math.isfinite(x) for x in numbers) else None


def _banded(values: Sequence[str], numbers: Floats, rows: Floats) -> tuple[tuple[str, ...], Ints]:
    order = np.argsort(numbers, kind="stable")
    upto = np.cumsum(rows[order]) - rows[order] / 2
    band = np.unique((upto * _BANDS / max(rows.sum(), 1.0)).astype(np.int64), return_inverse=True)[1]
    place = np.empty(len(values), dtype=np.int64)
    place[order] = band
    ends = [(values[mine[0]], values[mine[-1]]) for mine in (order[band == b] for b in range(band.max() + 1))]
    return tuple(low if low == high else f"{low} to {high}" for low, high in ends), place


def _rarer_as_one(values: Sequence[str], rows: Floats) -> tuple[tuple[str, ...], Ints]:
    kept = np.sort(np.argsort(-rows, kind="stable")[: MOST_VALUES - 1])
    place = np.full(len(values), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    return (*(values[i] for i in kept), others(len(values) - len(kept))), place
