"""Whatever tells the time, as UTC (floor 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from toolkit.logs.stats import ColumnStats, family_of, text_of
from toolkit.logs.time_forms import likely
from toolkit.sql import Dialect, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

_OFFSET: Final = r"([zZ]|[+-]\d\d(:?\d\d)?|[ ](UTC|GMT|[A-Z][A-Za-z]+/[A-Za-z_/]+))$"
#: Forms of whole numbers, with the first and the last that is meant by one: none is a time since 1970 of these years.
_DIGITS: Final = (
    ("%Y%m%d", 19000101, 21001231),
    ("%Y%m%d%H%M", 190001010000, 210012312359),
    ("%Y%m%d%H%M%S", 19000101000000, 21001231235959),
)
#: Where a form is looked for, and where it must hold; where several hold there, all rows decide.
_FIRST: Final = 20
_SOME: Final = 1000


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
    for form, first, last in _DIGITS:
        if stats and stats.integral and (stats.low or 0) >= first and (stats.high or 0) <= last:
            sql = says.read_time(says.text(f"CAST({number} AS BIGINT)"), form)
            return Clock(sql, "false", f"numbers read as {form}, taken as UTC")
    return Clock(epoch(number, says), "true", "numbers since 1970, which are UTC")


def _text_clock(rows: Rows, column: str) -> Clock:
    says = rows.dialect
    value = text_of(column, says)
    zoned = f"{says.matches(value, _OFFSET)} AND length({value}) > 10"
    iso = says.read_iso(value)
    filled = f"(SELECT {quote(column)} FROM raw WHERE {quote(column)} IS NOT NULL AND {value} <> '' LIMIT {{}})"
    forms = likely([str(text) for (text,) in rows.fetch(f"SELECT {value} FROM {filled.format(_FIRST)}")])
    tried = ["count(*)", f"count({iso})", f"count({says.read_number(value)})"]
    tried += [_read(value, form, says) for form in forms]
    n, as_iso, as_number, *fitting = _counts(rows, tried, filled.format(_SOME))
    if n and as_iso < n / 2:
        best = max(fitting, default=0)
        # what has a form is one though it could be a number too: 20260314
        if best > max(as_iso, as_number) or (best == n and best):
            chosen = _chosen(rows, value, [f for f, fits in zip(forms, fitting, strict=True) if fits == best])
            read = says.finite_time(says.read_time(value, chosen))
            zone = "%z" in chosen.lower()
            return Clock(
                read,
                "true" if zone else "false",
                f"text read as {chosen}, {'converted to' if zone else 'taken as'} UTC",
            )
        if as_number > as_iso:
            return Clock(epoch(says.read_number(value), says), "true", "numbers since 1970, which are UTC")
    return Clock(says.finite_time(iso), zoned, "ISO 8601 text")


def _chosen(rows: Rows, value: str, forms: Sequence[str]) -> str:
    """Take the form that most rows have: a day above 12 settles which comes first.

    Where none is there all read the same, and the day comes first, but with AM and PM the month.
    """
    if len(forms) == 1:
        return forms[0]
    fitting = _counts(rows, [_read(value, form, rows.dialect) for form in forms], "raw")
    most = [form for form, fits in zip(forms, fitting, strict=True) if fits == max(fitting)]
    return next((form for form in most if "%p" in form and form.startswith("%m")), most[0])


def _read(value: str, form: str, says: Dialect) -> str:
    return f"count({says.read_time(value, form)})"


def _counts(rows: Rows, counted: Sequence[str], source: str) -> list[int]:
    return [int(n) for n in rows.fetch(f"SELECT {', '.join(counted)} FROM {source}")[0]]
