"""Features as matrices of numbers (floor 4): a column a feature, a row a row, and only the rows that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Column, Floats, Ints, Sample

#: Numbers that are laid out at once where all rows are gone through.
_CELLS: Final = 4_000_000


@dataclass(frozen=True)
class Matrix:
    """``length`` rows of numbers, missing as NaN, not laid out: all rows of many features at once take much room.

    A column is its values, or codes and the number that each stands for (the last one: that of a missing value).
    """

    length: int
    columns: tuple[Floats | tuple[Ints, Floats], ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)

    def rows(self, rows: Ints | slice) -> Floats:
        """Lay out some rows: (rows, columns), one column after the other in memory, as they lie."""
        parts = [c[1][c[0][rows]] if isinstance(c, tuple) else c[rows] for c in self.columns]
        return np.stack(parts).T if parts else np.zeros((len(np.zeros(self.length)[rows]), 0))

    def over(self, said: Callable[[Floats], Floats]) -> Floats:
        """Give what a function says of every row, some rows laid out at a time."""
        at_once = max(_CELLS // max(self.width, 1), 1)
        parts = [said(self.rows(slice(a, a + at_once))) for a in range(0, self.length, at_once)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def beside(self, *columns: Floats) -> Matrix:
        """Give the same with further columns."""
        return Matrix(self.length, (*self.columns, *columns))


@dataclass(frozen=True)
class Design:
    """The features of baseline and log as one matrix each, of the columns ``names``."""

    names: tuple[str, ...]
    ref: Matrix
    log: Matrix


def design(ref: Sample, log: Sample) -> Design:
    """Say how features become numbers.

    Text becomes codes by falling frequency in the baseline, what it never held one code more; a number that is the
    same in all of the baseline, a text that it never has, and a feature that is text in one and a number in the other,
    are left out.
    """
    made = {name: pair for name, c in log.features.items() if (pair := _pair(ref.features[name], c)) is not None}
    return Design(
        tuple(made),
        Matrix(len(ref), tuple(here for here, _ in made.values())),
        Matrix(len(log), tuple(there for _, there in made.values())),
    )


def _pair(base: Column, column: Column) -> tuple[Floats | tuple[Ints, Floats], Floats | tuple[Ints, Floats]] | None:
    if isinstance(column, Codes) and isinstance(base, Codes):
        if not (base.codes >= 0).any():
            return None
        counts = np.bincount(base.codes[base.codes >= 0], minlength=len(base.names))
        place = {base.names[i]: float(r) for r, i in enumerate(np.argsort(-counts, kind="stable"))}
        unseen = float(len(place))
        return (
            (base.codes, np.array([*[place[v] for v in base.names], np.nan])),
            (column.codes, np.array([*[place.get(v, unseen) for v in column.names], np.nan])),
        )
    if isinstance(column, Codes) or isinstance(base, Codes) or not several(base[~np.isnan(base)], 2):
        return None
    return base, column


def taught(X: Floats) -> Floats:
    """Put nought into columns without any value, which trees cannot be taught on."""
    return np.where(np.isnan(X).all(axis=0), 0.0, X) if len(X) else X
