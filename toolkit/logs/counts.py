"""Counts of a validation report that decide nothing (floor 2): made when first asked for, while the log is open.

A verdict needs none of them, and together they take a third of what reading and profiling a log of millions takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.engines.rows import tuples

if TYPE_CHECKING:
    from toolkit.engines import Rows


@dataclass(frozen=True)
class Counts:
    """Counts of the kept rows; of no rows, where there are none.

    ``roles`` gives the canonical column of each role, ``finite`` the flag of each feature that may be NaN or infinite;
    ``mask`` is the sum of the faults that keep a row out.
    """

    rows: Rows | None = None
    kept: int = 0
    mask: int = 0
    roles: Mapping[str, str] = field(default_factory=dict)
    finite: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def nulls(self) -> dict[str, int]:
        """Rows without a value, by role."""
        return self._counted({role: f"{column} IS NULL" for role, column in self.roles.items()}, self.mask)

    @cached_property
    def not_finite(self) -> dict[str, int]:
        """NaN and infinities, by feature that has any.

        Of all rows first: that is twice as fast as by faults, and most logs have none.
        """
        found = {c: n for c, n in self._counted(self.finite, 0).items() if n}
        if found and self.mask:
            found = self._counted({c: self.finite[c] for c in found}, self.mask)
        return {c: n for c, n in found.items() if n}

    @cached_property
    def duplicate_ids(self) -> int:
        """Rows whose id another row had before."""
        if self.rows is None or "id" not in self.roles or not self.kept:
            return 0
        # a hash of 64 bits instead of the text: a tenth of the memory, and no clash to be expected below 1e9 ids
        says, rows = self.rows.dialect, self.rows
        hashes = f"SELECT {says.hash_of('id')} AS h FROM canonical WHERE id IS NOT NULL{_and(self.mask)}"
        if rows.keeps:
            ends = f"SELECT min(id) AS low, max(id) AS high FROM canonical{_where(self.mask)}"
            sql = f"SELECT n, low, high FROM ({says.repeated('h', hashes)}) AS counted, ({ends}) AS ends"
            found = tuples(rows.gather(sql, "SELECT n, low, high FROM parts WHERE low IS NOT NULL ORDER BY low"))
            # ids of parts that lie apart (days, rising numbers) are not the same ones
            if all(found[i - 1][2] < found[i][1] for i in range(1, len(found))):
                return sum(int(n) for n, _, _ in found)
        return int(tuples(rows.once(says.repeated("h", hashes)))[0][0])

    def _counted(self, conditions: Mapping[str, str], mask: int) -> dict[str, int]:
        """Count the rows where each condition holds, of those that no fault of the mask keeps out."""
        if self.rows is None or not conditions:
            return dict.fromkeys(conditions, 0)
        count_if = self.rows.dialect.count_if
        counts = ", ".join(f"{count_if(condition)} AS n{i}" for i, condition in enumerate(conditions.values()))
        total = ", ".join(f"CAST(sum(n{i}) AS BIGINT) AS n{i}" for i in range(len(conditions)))
        sql = f"SELECT {counts} FROM canonical{_where(mask)}"
        found = tuples(self.rows.gather(sql, f"SELECT {total} FROM parts"))[0]
        return {name: int(n) for name, n in zip(conditions, found, strict=True)}


def _where(mask: int) -> str:
    return f" WHERE _flags & {mask} = 0" if mask else ""


def _and(mask: int) -> str:
    return f" AND _flags & {mask} = 0" if mask else ""
