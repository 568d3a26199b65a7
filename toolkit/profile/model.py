"""What a profile is (floor 3): exact counts of every row, and a seeded sample of rows coded as arrays.

Counts and sums over all rows carry every total; the sample carries the joint structure of columns (a quantile line, a
loss tree, values frozen within an entity). A log of up to ``sample_rows`` rows is its own sample, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.vocabulary import Task

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Which rows: the model's own training rows, the rows it is held to, the log under investigation.
TRAIN: Final = 0
REFERENCE: Final = 1
LOG: Final = 2


@dataclass(frozen=True)
class Codes:
    """A column of text: ``codes[i]`` is the place of row i's value in ``names``, or -1 where it is NULL."""

    names: tuple[str, ...]
    codes: Ints

    def take(self, rows: Mask | Ints | slice) -> Codes:
        """Give the same column for some rows."""
        return Codes(self.names, _shared(self.codes[one_span(rows)]))

    def rows_of(self, value: str) -> Mask:
        """Mark the rows of a value; none of one that is not there."""
        place = self.names.index(value) if value in self.names else -2
        return np.asarray(self.codes == place)


Column = Floats | Codes


@dataclass(frozen=True)
class Sample:
    """Rows as arrays of one length n, in the order of part, then time.

    ``time`` and ``label_time`` are seconds since 1970 UTC (NaN where unknown). ``prediction``, ``label`` and
    ``decision`` are class codes into ``classes`` (binary: 0 negative, 1 positive; regression: the value itself), NaN
    where absent. ``ok`` is 1 where the request was answered, 0 where not, NaN where nothing tells. ``entity`` and
    ``decider`` are codes, -1 where absent. ``weight`` is how many rows of the log a sampled row stands for.
    """

    part: NDArray[np.int8]
    time: Floats
    prediction: Floats
    score: Floats
    label: Floats
    decision: Floats
    label_time: Floats
    latency_ms: Floats
    ok: Floats
    cost: Floats
    version: Codes
    entity: Codes
    decider: Codes
    status: Codes
    features: Mapping[str, Column] = field(default_factory=dict)
    groups: Mapping[str, Codes] = field(default_factory=dict)
    segments: Mapping[str, Codes] = field(default_factory=dict)
    weight: Floats = field(default_factory=lambda: np.ones(0))

    def __len__(self) -> int:
        return len(self.part)

    def take(self, rows: Mask | Ints | slice) -> Sample:
        """Give some rows as a sample of their own; rows that follow each other are shared, and cannot be written."""
        rows = one_span(rows)
        new: dict[str, Any] = {}
        for name, value in self.__dict__.items():
            if isinstance(value, Mapping):
                new[name] = {k: v.take(rows) if isinstance(v, Codes) else _shared(v[rows]) for k, v in value.items()}
            elif isinstance(value, Codes):
                new[name] = value.take(rows)
            else:
                new[name] = _shared(value[rows])
        return Sample(**new)


def one_span(rows: Mask | Ints | slice) -> Mask | Ints | slice:
    """Give a mask of rows that follow each other as a slice: what it picks needs no memory of its own."""
    if isinstance(rows, slice) or rows.dtype != np.bool_ or not rows.any():
        return rows
    first, end = int(np.argmax(rows)), len(rows) - int(np.argmax(rows[::-1]))
    return slice(first, end) if rows[first:end].all() else rows


def _shared(values: NDArray[Any]) -> NDArray[Any]:
    """Give values that may be those of another sample so that nobody writes into them."""
    if values.base is not None:
        values.flags.writeable = False
    return values


@dataclass(frozen=True)
class Cube:
    """Exact counts over all rows: row i of every array is one cell; ``keys`` say which, ``sums`` what was counted."""

    keys: Mapping[str, NDArray[Any]]
    sums: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(next(iter(self.sums.values()), np.zeros(0)))


@dataclass(frozen=True)
class Profile:
    """Everything that detectors, ledger and verdict may know of a log; the only thing that read its rows.

    ``rows`` counts all rows by part; ``cubes`` are exact counts by name; ``missing_columns`` are columns with a role
    that the log lacks but the reference has; ``new_columns`` the other way round; ``types`` gives column -> (type in
    the reference, type in the log) where they differ; ``unread`` are columns that have no role, and so were not read.
    """

    task: Task
    classes: tuple[str, ...]
    sample: Sample
    rows: Mapping[int, int]
    cubes: Mapping[str, Cube] = field(default_factory=dict)
    missing_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    types: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    seed: int = 0


def at(seconds: float) -> datetime:
    """Turn seconds since 1970 into an aware UTC time."""
    return datetime.fromtimestamp(float(seconds), tz=UTC)
