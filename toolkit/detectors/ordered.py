"""Columns in order of their values (floor 4): sorted once, for all who ask for ranks, quantiles or counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.profile.model import Codes, Column, Floats

#: So many numbers are kept; where features are so many that theirs are more, the rest is sorted for each who asks.
_MOST: Final = 16_000_000


class InOrder:
    """Gives the known values of an array sorted, not to be written to: those of some columns are sorted but once."""

    def __init__(self, columns: Iterable[Column] = ()) -> None:
        # by identity; held, so that no other array comes to have it
        self._columns = {id(c): c for c in columns if not isinstance(c, Codes)}
        self._sorted: dict[int, Floats] = {}
        self._room = _MOST

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """Sort, or give what was sorted before."""
        kept = self._sorted.get(id(x))
        if kept is not None:
            return kept
        made = np.sort(x[~np.isnan(x)])
        if id(x) in self._columns and len(made) <= self._room:
            self._room -= len(made)
            self._sorted[id(x)] = made
        return made
