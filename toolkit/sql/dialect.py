"""How an engine writes what engines write differently (floor 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Dialect:
    """The templates of one engine; ``{0}`` is the operand. Whatever else is written is common to all of them."""

    name: str
    true_count: str
    micros: str

    def count_if(self, condition: str) -> str:
        """Count the rows where a condition holds; 0 where none does."""
        return self.true_count.format(condition)

    def micros_of(self, time: str) -> str:
        """Give microseconds since 1970 of a time in UTC, as a BIGINT."""
        return self.micros.format(time)


#: ``countif`` costs two thirds of the CASE that every engine knows; ``count(*) FILTER`` costs ten times it.
DUCKDB: Final = Dialect("duckdb", true_count="coalesce(countif({0}), 0)", micros="epoch_us({0})")
SPARK: Final = Dialect("spark", true_count="coalesce(count_if({0}), 0)", micros="unix_micros({0})")
