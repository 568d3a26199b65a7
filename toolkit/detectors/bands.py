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
#: Words that may stand among numbers.
_OTHERS: Final = 5


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
    numbers = np.array([_number(value) for value in values])
    plain = ~np.isnan(numbers)
    if plain.sum() <= MOST_VALUES - _OTHERS or (~plain).sum() > _OTHERS:
        return _rarer_as_one(values, rows)
    # a few words among numbers, 90+ or unknown, stay beside the bands
    where, words = np.flatnonzero(plain), np.flatnonzero(~plain)
    names, band = _banded([values[int(i)] for i in where], numbers[where], rows[where])
    place = np.empty(len(values), dtype=np.int64)
    place[where], place[words] = band, len(names) + np.arange(len(words))
    return (*names, *(values[int(i)] for i in words)), place


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


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
    rest = others(len(values) - len(kept))
    while rest in values:
        rest += "'"
    return (*(values[i] for i in kept), rest), place
