"""Whatever tells the time, as UTC (floor 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from toolkit.logs.stats import ColumnStats, family_of, text_of
from toolkit.sql import Dialect, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

_OFFSET: Final = r"([zZ]|[+-]\d\d(:?\d\d)?|[ ](UTC|GMT|[A-Z][A-Za-z]+/[A-Za-z_/]+))$"
#: Formats that are no ISO 8601; one is taken only where it reads every one of the first thousand values.
_FORMATS: Final = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    "%Y-%m",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %Z",
)


@dataclass(frozen=True)
class Clock:
    """How a column is read: ``sql`` gives a naive UTC TIMESTAMP, or NULL.

    ``zoned`` is SQL that is true where a value named its offset; states in words how the column was read.
    """

    sql: str
    zoned: str
    note: str


def clock(rows: Rows, column: str, stats: ColumnStats | None) -> Clock:
    """Decide how a column is read as time.

    Raises:
        LogError: the log cannot be read.

    """
    kind, name, says = rows.columns[column], quote(column), rows.dialect
    family = family_of(kind)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return Clock(says.time_of(name, kind), "true", "with a time zone, converted to UTC")
    if family == "time":
        return Clock(says.time_of(name, kind), "false", "without a time zone, taken as UTC")
    if family == "number":
        return _number_clock(f"CAST({name} AS DOUBLE)", stats, says)
    if family != "text":
        return Clock(f"CAST(NULL AS {says.time_type})", "false", f"of type {kind}, which tells no time")
    return _text_clock(rows, column)


def epoch(number: str, says: Dialect) -> str:
    """Give SQL that reads seconds, milli-, micro- or nanoseconds since 1970, told apart by their size."""
    micro = (
        f"CASE WHEN abs({number}) < 1e11 THEN {number} * 1e6 WHEN abs({number}) < 1e14 THEN {number} * 1e3 "
        f"WHEN abs({number}) < 1e17 THEN {number} WHEN abs({number}) < 1e20 THEN {number} / 1e3 END"
    )
    return says.at_micros(f"CAST(round(CASE WHEN {says.finite(number)} THEN {micro} END) AS BIGINT)")


def _number_clock(number: str, stats: ColumnStats | None, says: Dialect) -> Clock:
    if stats and stats.integral and (stats.low or 0) >= 19000101 and (stats.high or 0) <= 21001231:
        sql = says.read_time(says.text(f"CAST({number} AS BIGINT)"), "%Y%m%d")
        return Clock(sql, "false", "dates written as YYYYMMDD, taken as UTC")
    return Clock(epoch(number, says), "true", "numbers since 1970, which are UTC")


def _text_clock(rows: Rows, column: str) -> Clock:
    says = rows.dialect
    value = text_of(column, says)
    zoned = f"{says.matches(value, _OFFSET)} AND length({value}) > 10"
    iso = says.read_iso(value)
    tried = [f"count({iso})", f"count({says.read_number(value)})"]
    tried += [f"count({says.read_time(value, form)})" for form in _FORMATS]
    found = rows.fetch(
        f"SELECT count(*), {', '.join(tried)} FROM "
        f"(SELECT {quote(column)} FROM raw WHERE {quote(column)} IS NOT NULL AND {value} <> '' LIMIT 1000)"
    )[0]
    n, as_iso, as_number, by_format = found[0], found[1], found[2], found[3:]
    if n and as_iso < n / 2:
        best = max(by_format)
        # a day above 12 settles which comes first; where none is there, both read all, and the day comes first
        if best > max(as_iso, as_number) or (best == n and as_number == n and best):
            chosen = _FORMATS[list(by_format).index(best)]
            return Clock(
                says.finite_time(says.read_time(value, chosen)), "false", f"text read as {chosen}, taken as UTC"
            )
        if as_number > as_iso:
            return Clock(epoch(says.read_number(value), says), "true", "numbers since 1970, which are UTC")
    return Clock(says.finite_time(iso), zoned, "ISO 8601 text")
