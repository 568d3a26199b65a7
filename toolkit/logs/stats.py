"""A few figures about each column of a log (floor 2): what guessing roles and deciding types rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.sql import quote

if TYPE_CHECKING:
    from toolkit.engines.duck import DuckRows

Family = Literal["number", "boolean", "text", "time", "other"]

_INTEGERS: Final = re.compile(r"^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")
_CHUNK: Final = 120
#: Words that stand for nothing in a column of numbers kept as text.
MISSING_WORDS: Final = "('', 'na', 'n/a', '#n/a', 'null', 'none', 'nan', '-', '?')"


@dataclass(frozen=True)
class ColumnStats:
    """Figures of one column; what was not asked for keeps its default.

    ``filled`` counts values that are not NULL; ``distinct`` is approximate; ``low`` and ``high`` are of finite numbers;
    ``number_share`` and ``time_share`` say which part of a text column's values can be read as such (0 to 1).
    """

    name: str
    type: str
    family: Family
    n: int = 0
    filled: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    integral: bool = False
    number_share: float = 0.0
    time_share: float = 0.0
    mean_length: float = 0.0


def family_of(kind: str) -> Family:
    """Tell the family of a DuckDB type."""
    if kind == "BOOLEAN":
        return "boolean"
    if is_integer(kind) or kind in {"FLOAT", "DOUBLE", "REAL"} or kind.startswith("DECIMAL"):
        return "number"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return "time"
    if kind in {"VARCHAR", "UUID"} or kind.startswith("ENUM"):
        return "text"
    return "other"


def is_integer(kind: str) -> bool:
    """Tell whether a DuckDB type holds whole numbers alone."""
    return bool(_INTEGERS.match(kind))


def text_of(column: str) -> str:
    """Give the SQL for a text column's value without the blanks around it; ENUM and UUID become text."""
    return f"trim(CAST({quote(column)} AS VARCHAR))"


def number_of_text(column: str) -> str:
    """Give SQL that reads a text column's value as a number, true and false as 1 and 0; NULL where it is none."""
    value = text_of(column)
    return f"coalesce(TRY_CAST({value} AS DOUBLE), CASE lower({value}) WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 END)"


def column_stats(rows: DuckRows, scanned: Sequence[str]) -> dict[str, ColumnStats]:
    """Give every column's type, and the figures of the columns ``scanned``, in one scan for each 120 of them.

    Raises:
        LogError: the log cannot be read.

    """
    stats = {name: ColumnStats(name, kind, family_of(kind)) for name, kind in rows.columns.items()}
    wanted = [c for c in rows.columns if c in set(scanned)]
    total = int(rows.fetch("SELECT count(*) FROM raw")[0][0])
    times = _time_shares(rows, [c for c in wanted if stats[c].family == "text"])
    for first in range(0, len(wanted), _CHUNK):
        chunk = wanted[first : first + _CHUNK]
        expressions = [e for c in chunk for e in _expressions(c, stats[c])]
        found = rows.fetch(f"SELECT {', '.join(expressions)} FROM raw")[0]
        for place, column in enumerate(chunk):
            figures = found[place * _WIDTH : (place + 1) * _WIDTH]
            stats[column] = _of_row(stats[column], total, figures, times.get(column, 0.0))
    return {c: s if c in set(wanted) else ColumnStats(c, s.type, s.family, total) for c, s in stats.items()}


_WIDTH: Final = 7


def _expressions(column: str, stats: ColumnStats) -> list[str]:
    """Seven aggregates: filled, distinct, low, high, not whole, readable as a number or missing, mean length."""
    name = quote(column)
    some = [f"count({name})", f"approx_count_distinct({name})"]
    if stats.family == "number":
        value = f"CAST({name} AS DOUBLE)"
        finite = value if is_integer(stats.type) else f"CASE WHEN isfinite({value}) THEN {value} END"
        broken = "0" if is_integer(stats.type) else f"countif({finite} <> trunc({finite}))"
        return [*some, f"min({finite})", f"max({finite})", broken, f"count({name})", "0"]
    if stats.family == "text":
        value, number = text_of(column), number_of_text(column)
        finite = f"CASE WHEN isfinite({number}) THEN {number} END"
        return [
            *some,
            f"min({finite})",
            f"max({finite})",
            f"countif({finite} <> trunc({finite}))",
            # missing words count on neither side: first the readable, then (packed behind) what is to be read
            f"[countif({number} IS NOT NULL AND lower({value}) NOT IN {MISSING_WORDS}), "
            f"countif(lower({value}) NOT IN {MISSING_WORDS})]",
            f"avg(length({value}))",
        ]
    if stats.family == "other":
        return [f"count({name})", "0", "NULL", "NULL", "0", "0", "0"]
    return [*some, "NULL", "NULL", "0", "0", "0"]


def _of_row(stats: ColumnStats, total: int, figures: Sequence[Any], time_share: float) -> ColumnStats:
    filled, distinct, low, high, broken, readable, length = figures
    share = 0.0
    if isinstance(readable, list):
        share = readable[0] / readable[1] if readable[1] else 0.0
        # nothing but missing words: the column is empty, whatever its type
        filled = int(filled) if readable[1] else 0
    return ColumnStats(
        name=stats.name,
        type=stats.type,
        family=stats.family,
        n=total,
        filled=int(filled),
        distinct=int(distinct),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        integral=low is not None and not broken,
        number_share=1.0 if stats.family in {"number", "boolean"} else float(share),
        time_share=1.0 if stats.family == "time" else time_share,
        mean_length=float(length or 0.0),
    )


def _time_shares(rows: DuckRows, columns: Sequence[str]) -> Mapping[str, float]:
    """Which part of a text column's first thousand values can be read as times."""
    if not columns:
        return {}
    parts = ", ".join(f"count(TRY_CAST({text_of(c)} AS TIMESTAMPTZ)) / NULLIF(count({quote(c)}), 0)" for c in columns)
    names = ", ".join(quote(c) for c in columns)
    found = rows.fetch(f"SELECT {parts} FROM (SELECT {names} FROM raw LIMIT 1000)")[0]
    return {c: float(share or 0.0) for c, share in zip(columns, found, strict=True)}
