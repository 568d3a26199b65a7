"""Whatever tells the time, as UTC (floor 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from toolkit.logs.stats import ColumnStats, family_of, text_of
from toolkit.sql import quote

if TYPE_CHECKING:
    from toolkit.engines.duck import DuckRows

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


def clock(rows: DuckRows, column: str, stats: ColumnStats | None) -> Clock:
    """Decide how a column is read as time.

    Raises:
        LogError: the log cannot be read.

    """
    kind, name = rows.columns[column], quote(column)
    family = family_of(kind)
    if kind == "TIMESTAMP WITH TIME ZONE":
        # the cast would ask the calendar of a time zone for each row, at seven times the cost
        utc = f"make_timestamp(epoch_us({name}))"
        return Clock(f"CASE WHEN isfinite({name}) THEN {utc} END", "true", "with a time zone, converted to UTC")
    if family == "time":
        return Clock(_finite(f"CAST({name} AS TIMESTAMP)"), "false", "without a time zone, taken as UTC")
    if family == "number":
        return _number_clock(f"CAST({name} AS DOUBLE)", stats)
    if family != "text":
        return Clock("CAST(NULL AS TIMESTAMP)", "false", f"of type {kind}, which tells no time")
    return _text_clock(rows, column)


def _finite(sql: str) -> str:
    return f"CASE WHEN isfinite({sql}) THEN {sql} END"


def epoch(number: str) -> str:
    """Give SQL that reads seconds, milli-, micro- or nanoseconds since 1970, told apart by their size."""
    micro = (
        f"CASE WHEN abs({number}) < 1e11 THEN {number} * 1e6 WHEN abs({number}) < 1e14 THEN {number} * 1e3 "
        f"WHEN abs({number}) < 1e17 THEN {number} WHEN abs({number}) < 1e20 THEN {number} / 1e3 END"
    )
    return f"make_timestamp(CAST(round(CASE WHEN isfinite({number}) THEN {micro} END) AS BIGINT))"


def _number_clock(number: str, stats: ColumnStats | None) -> Clock:
    if stats and stats.integral and (stats.low or 0) >= 19000101 and (stats.high or 0) <= 21001231:
        sql = f"CAST(try_strptime(CAST(CAST({number} AS BIGINT) AS VARCHAR), '%Y%m%d') AS TIMESTAMP)"
        return Clock(sql, "false", "dates written as YYYYMMDD, taken as UTC")
    return Clock(epoch(number), "true", "numbers since 1970, which are UTC")


def _iso(value: str) -> str:
    """Give the SQL of ISO 8601 text; without an offset by the cast that is twice as fast, which would drop one."""
    offset = f"length({value}) > 10 AND regexp_matches({value}, '[+-]\\d\\d(:?\\d\\d)?$')"
    # what ISO 8601 allows and DuckDB does not read: no seconds before an offset, a blank before it, a small z
    spelled = (
        f"regexp_replace(regexp_replace(upper({value}), ' +(Z|[+-]\\d\\d:?\\d\\d)$', '\\1'), "
        "'^(\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d)(Z|[+-]\\d\\d:?\\d\\d)$', '\\1:00\\2')"
    )
    return (
        f"coalesce(CASE WHEN NOT ({offset}) THEN TRY_CAST({value} AS TIMESTAMP) END, "
        f"CAST(TRY_CAST({value} AS TIMESTAMPTZ) AS TIMESTAMP), "
        f"CAST(TRY_CAST({spelled} AS TIMESTAMPTZ) AS TIMESTAMP))"
    )


def _text_clock(rows: DuckRows, column: str) -> Clock:
    value = text_of(column)
    zoned = f"regexp_matches({value}, '{_OFFSET}') AND length({value}) > 10"
    iso = _iso(value)
    tried = [f"count({iso})", f"count(TRY_CAST({value} AS DOUBLE))"]
    tried += [f"count(try_strptime({value}, '{f}'))" for f in _FORMATS]
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
            sql = f"CAST(try_strptime({value}, '{chosen}') AS TIMESTAMP)"
            return Clock(_finite(sql), "false", f"text read as {chosen}, taken as UTC")
        if as_number > as_iso:
            return Clock(epoch(f"TRY_CAST({value} AS DOUBLE)"), "true", "numbers since 1970, which are UTC")
    return Clock(_finite(iso), zoned, "ISO 8601 text")
