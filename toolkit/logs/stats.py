"""A few figures about each column of a log (floor 2): what guessing roles and deciding types rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.engines.rows import tuples
from toolkit.logs.time_forms import BEGINS
from toolkit.sql import Dialect, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

Family = Literal["number", "boolean", "text", "time", "other"]

_INTEGERS: Final = re.compile(r"^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+, ?0\))$")
_CHUNK: Final = 120
#: A text of at most so many values among so many first rows is counted value by value: five times as fast.
_FEW: Final = 500
_PROBED: Final = 20_000
#: Of a log of so many rows values are counted exactly: an estimate near a threshold would be one engine's own.
_EXACT: Final = 10_000
#: Words that stand for nothing in a column of numbers kept as text.
MISSING_WORDS: Final = "('', 'na', 'n/a', '#n/a', 'null', 'none', 'nan', 'inf', '-inf', '-', '?')"


@dataclass(frozen=True)
class ColumnStats:
    """Figures of one column; what was not asked for keeps its default.

    ``filled`` counts values that are not NULL; ``distinct`` is approximate beyond ten thousand rows; ``low`` and
    ``high`` are of finite numbers; ``number_share`` and ``time_share`` say which part of a text column's values can be
    read as such (0 to 1).
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


def text_of(column: str, says: Dialect) -> str:
    """Give the SQL for a text column's value without the blanks around it; ENUM and UUID become text."""
    return says.trim(says.text(quote(column)))


def cast_text(value: str, says: Dialect) -> str:
    """Give the SQL that reads a text as a DOUBLE, or NULL; a cast that fails costs ten times one that is not tried."""
    return f"CASE WHEN {value} < ':' THEN {says.read_number(value)} END"


def number_of_text(column: str, says: Dialect) -> str:
    """Give the SQL that reads a text column's value as a DOUBLE, true and false as 1 and 0.

    A word that stands for nothing (NA, null, -) is NaN, anything else that is no number is NULL. The tests stand in the
    order of their price: a cast that fails costs ten times one that is not tried.
    """
    value = text_of(column, says)
    return (
        f"CASE WHEN {says.size(value)} <= 5 AND lower({value}) IN {MISSING_WORDS} THEN CAST('nan' AS DOUBLE) "
        f"WHEN {value} < ':' THEN {says.read_number(value)} WHEN {says.size(value)} > 5 THEN NULL "
        f"WHEN lower({value}) = 'true' THEN 1.0 WHEN lower({value}) = 'false' THEN 0.0 END"
    )


def column_stats(
    rows: Rows,
    scanned: Sequence[str],
    ranged: Sequence[str] = (),
    words: Sequence[str] = (),
    *,
    estimated: bool = True,
) -> dict[str, ColumnStats]:
    """Give every column's type, and the figures of the columns ``scanned``, in one scan for each 120 of them.

    Of columns of whole numbers that are ``ranged`` only count, low and high are asked for, which costs next to nothing;
    texts that are ``words`` are not tried as numbers, which for ids would cost more than all the rest. How many values
    a column has is ``estimated`` of the whole alone: two estimates do not add up to one.

    Raises:
        LogError: the log cannot be read.

    """
    says = rows.dialect
    stats = {name: ColumnStats(name, kind, family_of(kind)) for name, kind in rows.columns.items()}
    wanted = [c for c in rows.columns if c in set(scanned)]
    light = [c for c in ranged if c not in set(scanned) and is_integer(rows.columns.get(c, ""))]
    total = int(rows.fetch("SELECT count(*) FROM raw")[0][0])
    stats = {name: replace(one, n=total) for name, one in stats.items()}
    texts = [c for c in wanted if stats[c].family == "text" and c not in words]
    times = _time_shares(rows, [c for c in wanted if stats[c].family == "text"])
    few = _few_values(rows, texts) if total >= _PROBED else []
    for column in few:
        stats[column] = _of_row(stats[column], _counted(rows, column, stats[column]), times.get(column, 0.0))
    wanted = [c for c in wanted if c not in few]
    for first in range(0, len(wanted), _CHUNK):
        chunk = wanted[first : first + _CHUNK]
        # the numbers are named in an inner query: written out in each aggregate they would be read each time
        inner = [
            f"{quote(c)} AS c{i}, {_number(c, stats[c], says, tried=c not in words)} AS x{i}"
            for i, c in enumerate(chunk)
        ]
        apart = estimated and rows.keeps
        here = [_distinct(f"c{i}", stats[c], says) if estimated and not apart else "0" for i, c in enumerate(chunk)]
        outer = [e for i, c in enumerate(chunk) for e in _aggregates(i, stats[c], says, here[i])]
        found = _asked(rows, outer, f"(SELECT {', '.join(inner)} FROM raw)", _ADDED * len(chunk))
        about = tuples(rows.once(_about(chunk, stats, says)))[0] if apart else ()
        for place, column in enumerate(chunk):
            figures = [*found[place * _WIDTH : (place + 1) * _WIDTH]]
            if about:
                figures[1] = about[place]
            stats[column] = _of_row(stats[column], figures, times.get(column, 0.0))
    for first in range(0, len(light), _CHUNK):
        chunk = light[first : first + _CHUNK]
        asked = [part for q in map(quote, chunk) for part in (f"count({q})", f"min({q})", f"max({q})")]
        found = _asked(rows, asked, "raw", ("sum", "min", "max") * len(chunk))
        for place, column in enumerate(chunk):
            filled, low, high = found[place * 3 : place * 3 + 3]
            if filled:
                whole = replace(stats[column], filled=int(filled), integral=True, number_share=1.0)
                stats[column] = replace(whole, low=float(low), high=float(high))
    return stats


_WIDTH: Final = 8
#: How the eight figures of ``_aggregates`` add up over parts of a log.
_ADDED: Final = ("sum", "max", "sum", "sum", "min", "max", "sum", "sum")


def _about(columns: Sequence[str], stats: Mapping[str, ColumnStats], says: Dialect) -> str:
    """Give the query that estimates how many values each column has."""
    told = [f"{_distinct(quote(c), stats[c], says)} AS n{i}" for i, c in enumerate(columns)]
    return f"SELECT {', '.join(told)} FROM raw"


def _distinct(value: str, stats: ColumnStats, says: Dialect) -> str:
    return "0" if stats.family in {"time", "other"} else says.distinct(value, exactly=stats.n <= _EXACT)


def _asked(rows: Rows, figures: Sequence[str], source: str, added: Sequence[str]) -> tuple[Any, ...]:
    """Ask for figures of all rows, part by part."""
    named = ", ".join(f"{figure} AS a{i}" for i, figure in enumerate(figures))
    sql = f"SELECT {named} FROM {source}"
    totals = [f"CAST(sum(a{i}) AS BIGINT)" if how == "sum" else f"{how}(a{i})" for i, how in enumerate(added)]
    return tuples(rows.gather(sql, f"SELECT {', '.join(f'{t} AS b{i}' for i, t in enumerate(totals))} FROM parts"))[0]


def _number(column: str, stats: ColumnStats, says: Dialect, *, tried: bool) -> str:
    """Give the SQL of a column's value as a DOUBLE, not finite where it stands for nothing."""
    if stats.family == "text" and tried:
        return number_of_text(column, says)
    return f"CAST({quote(column)} AS DOUBLE)" if stats.family in {"number", "boolean"} else "CAST(NULL AS DOUBLE)"


def _aggregates(place: int, stats: ColumnStats, says: Dialect, distinct: str) -> list[str]:
    """Give eight aggregates: filled, distinct, numbers, not finite ones, low, high, not whole, length of all texts."""
    column, number = f"c{place}", f"x{place}"
    finite = number if is_integer(stats.type) else f"CASE WHEN {says.finite(number)} THEN {number} END"
    return [
        f"count({column})",
        distinct,
        f"count({number})",
        "0" if is_integer(stats.type) else says.count_if(f"NOT {says.finite(number)}"),
        f"min({finite})",
        f"max({finite})",
        "0" if is_integer(stats.type) else says.count_if(f"{finite} <> {says.whole(finite)}"),
        f"sum(length({says.text(column)}))" if stats.family == "text" else "0",
    ]


def _of_row(stats: ColumnStats, figures: Sequence[Any], time_share: float) -> ColumnStats:
    filled, distinct, numbers, infinite, low, high, broken, length = (f or 0 for f in figures)
    known = int(filled) - int(infinite) if stats.family == "text" else int(filled)
    share = 1.0 if stats.family in {"number", "boolean"} else (numbers - infinite) / known if known else 0.0
    has_number = numbers - infinite > 0
    return replace(
        stats,
        filled=known,
        distinct=int(distinct),
        low=float(low) if has_number else None,
        high=float(high) if has_number else None,
        integral=has_number and not broken,
        number_share=float(share),
        time_share=1.0 if stats.family == "time" else time_share,
        mean_length=float(length) / int(filled) if filled else 0.0,
    )


def _few_values(rows: Rows, columns: Sequence[str]) -> list[str]:
    """Give the text columns that look as if they had few values, by the first rows."""
    if not columns or not rows.dialect.by_value:
        return []
    parts = ", ".join(f"count(DISTINCT {quote(c)}) AS n{i}" for i, c in enumerate(columns))
    names = ", ".join(quote(c) for c in columns)
    found = tuples(rows.once(f"SELECT {parts}, count(*) AS n FROM (SELECT {names} FROM raw LIMIT {_PROBED})"))[0]
    return [c for c, n in zip(columns, found, strict=False) if n <= _FEW and found[-1] == _PROBED]


def _counted(rows: Rows, column: str, stats: ColumnStats) -> Sequence[Any]:
    """Give the figures of a text column from its values, each read once however often it comes."""
    says = rows.dialect
    each = "SELECT c, CAST(sum(n) AS BIGINT) AS n FROM parts GROUP BY c"
    value = f"SELECT c, {_number('c', stats, says, tried=True)} AS x, n FROM ({each}) AS counted"
    finite = f"CASE WHEN {says.finite('x')} THEN x END"

    def rows_where(condition: str, of: str = "n") -> str:
        return f"sum(CASE WHEN {condition} THEN {of} END)"

    known, length = rows_where("c IS NOT NULL"), f"n * length({says.text('c')})"
    selected = [
        known,
        "count(c)",
        rows_where("x IS NOT NULL"),
        rows_where(f"NOT {says.finite('x')}"),
        f"min({finite})",
        f"max({finite})",
        rows_where(f"{finite} <> {says.whole(finite)}"),
        rows_where("c IS NOT NULL", length),
    ]
    named = ", ".join(f"{figure} AS a{i}" for i, figure in enumerate(selected))
    sql = f"SELECT {quote(column)} AS c, count(*) AS n FROM raw GROUP BY {quote(column)}"
    return tuples(rows.gather(sql, f"SELECT {named} FROM ({value}) AS read"))[0]


def _time_shares(rows: Rows, columns: Sequence[str]) -> Mapping[str, float]:
    """Which part of a text column's first thousand values look like times; ``toolkit.logs.times`` reads them."""
    if not columns:
        return {}
    says = rows.dialect
    texts = {c: text_of(c, says) for c in columns}
    times = {c: f"{says.looks_like_time(t)} OR {says.matches(t, BEGINS)}" for c, t in texts.items()}
    counts = [f"{says.count_if(time)} / NULLIF(count({quote(c)}), 0)" for c, time in times.items()]
    parts = ", ".join(f"CAST({share} AS DOUBLE) AS s{i}" for i, share in enumerate(counts))
    found = tuples(rows.once(f"SELECT {parts} FROM ({rows.first(columns, 1000)})"))[0]
    return {c: float(share or 0.0) for c, share in zip(columns, found, strict=True)}
