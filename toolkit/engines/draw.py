"""Which rows of a log are looked at side by side (floor 2): those whose place lies below a bound.

The place of a row is a hash of what it holds, so the same rows are drawn whatever the order of files or threads, and
those below a bound hold those below every lower one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Places are below this.
PLACES: Final = 2**40


@dataclass(frozen=True)
class Draw:
    """All rows below ``bound``, or all where that is ``None``; ``told`` are the columns that a place is a hash of.

    ``place`` is SQL over the canonical rows, ``raw`` the same over the raw columns: asked there, nothing else of a row
    that is not drawn is worked out.
    """

    bound: int | None = None
    place: str = ""
    raw: str = ""
    told: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The clause that picks the rows; nothing where it picks all."""
        return f" WHERE {self.picks}" if self.bound is not None else ""

    @property
    def picks(self) -> str:
        """The condition that picks the rows, over canonical columns."""
        return f"{self.place} < {self.bound}"

    @property
    def first(self) -> str:
        """The same over the raw columns; nothing where all are picked."""
        return f"{self.raw} < {self.bound}" if self.bound is not None else ""

    def wider(self) -> Sequence[Draw]:
        """Give draws that hold this one, the smallest first: below powers of two, then all.

        What was drawn of a log holds what is drawn when it has grown, and the second what is drawn of half of it.
        """
        if self.bound is None:
            return [self]
        powers = range((self.bound - 1).bit_length(), PLACES.bit_length() - 1)
        return [Draw(bound, self.place, self.raw, self.told) for bound in (*(2**power for power in powers), None)]

    def sql(self, columns: Sequence[str]) -> str:
        """Give the query for columns of the rows."""
        return f"SELECT {', '.join(columns)} FROM rows{self.where}"


#: All rows.
ALL: Final = Draw()
