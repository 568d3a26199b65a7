"""A total below a table, as exports write it (floor 2): a row without a time, which decides nothing about others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from toolkit.engines.rows import tuples
from toolkit.logs.stats import ColumnStats
from toolkit.logs.times import clock
from toolkit.logs.values import Tally, class_text, tallied
from toolkit.roles import Roles

if TYPE_CHECKING:
    from toolkit.engines import Rows

#: Rows without a time at most, of which a total is one: more of them are a part of the log.
_MOST: Final = 3
#: Columns of more values than this hold numbers, which a total is one of too.
_FEW: Final = 100


def without_totals(tallies: Sequence[Tally], rows: Rows, roles: Roles, stats: Mapping[str, ColumnStats]) -> list[Tally]:
    """Leave values out of the counts that only rows have of which no time can be read, where these are few.

    Times are looked at where a value is as rare as that.

    Raises:
        LogError: the log cannot be read.

    """
    column = roles.column("timestamp")
    rare = any(len(t.values) <= _FEW and any(n <= _MOST for n, _ in t.values.values()) for t in tallies)
    if not rare or column not in rows.columns or column is None:
        return list(tallies)
    time = clock(rows, column, stats.get(column))
    columns = [str(roles.column(t.role)) for t in tallies]
    texts = [f"{class_text(c, rows.columns[c], rows.dialect)} AS v{i}" for i, c in enumerate(columns)]
    timeless = f"SELECT {', '.join(texts)} FROM raw WHERE ({time.sql}) IS NULL LIMIT {_MOST + 1}"
    found = tuples(rows.gather(timeless, f"SELECT {', '.join(f'v{i}' for i in range(len(texts)))} FROM parts"))
    if not 0 < len(found) <= _MOST:
        return list(tallies)
    return [_less(one, Counter(map(str, held))) for one, held in zip(tallies, zip(*found, strict=True), strict=True)]


def _less(one: Tally, held: Counter[str]) -> Tally:
    """Take rows off; values of which none is left are gone."""
    left = {value: (n - held[value], mean) for value, (n, mean) in one.values.items() if n > held[value]}
    return tallied(one.role, left, more=one.more)
