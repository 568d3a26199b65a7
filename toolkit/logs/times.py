"""Whatever tells the time, as UTC (floor 2)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from toolkit.logs.stats import ColumnStats, family_of, text_of
from toolkit.logs.time_forms import likely, month_first, shape, with_offsets, zones_in
from toolkit.sql import Dialect, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

_OFFSET: Final = r"([zZ]|[+-]\d\d(:?\d\d)?|[ ](UTC|GMT|[A-Z]{3,5}|[A-Z][A-Za-z]+/[A-Za-z_/]+))$"
#: Forms of whole numbers, with the first and the last that is meant by one: none is a time since 1970 of these years.
_DIGITS: Final = (
    ("%Y%m%d", 19000101, 21001231),
    ("%Y%m%d%H%M", 190001010000, 210012312359),
    ("%Y%m%d%H%M%S", 19000101000000, 21001231235959),
)
#: Where a form is looked for, and where it must hold; where several hold there, all rows decide.
_FIRST: Final = 20
_SOME: Final = 1000
#: Forms that are tried at most for times that the first one leaves unread.
_MORE: Final = 4
#: Rows that tell whether they are in order.
_LOOKED: Final = 100_000
#: Blanks that no line is broken at; JavaScript writes one before AM and PM.
_BLANKS: Final = "\u00a0\u202f"
#: A clock may be ahead of ours by as much.
AHEAD: Final = timedelta(days=2)


@dataclass(frozen=True)
class Clock:
    """How a column is read: ``sql`` gives a naive UTC TIMESTAMP, or NULL.

    ``zoned`` is SQL that is true where a value named its offset; ``note`` states in words how the column was read.
    ``text`` is the SQL of the text that is read, where it is one, ``form`` its form where it is no ISO 8601, and
    ``told`` what else the reader has to know.
    """

    sql: str
    zoned: str
    note: str
    text: str = ""
    form: str = ""
    told: tuple[str, ...] = ()


def clock(rows: Rows, column: str, stats: ColumnStats | None, now: datetime | None = None) -> Clock:
    """Decide how a column is read as time; ``now`` is the present, by default the clock of the machine.

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
    return _text_clock(rows, column, now)


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


def _text_clock(rows: Rows, column: str, now: datetime | None) -> Clock:
    says = rows.dialect
    value = text_of(column, says)
    filled = f"SELECT {quote(column)} FROM raw WHERE {quote(column)} IS NOT NULL AND {value} <> '' LIMIT {_SOME}"
    first = [str(text) for (text,) in rows.fetch(f"SELECT {value} FROM ({filled}) AS first")]
    value, first, told = _spelled(column, value, first)
    zoned = f"{says.matches(value, _OFFSET)} AND length({value}) > 10"
    iso = _iso(value, first, says)
    forms = likely(first[:_FIRST])
    tried = ["count(*)", f"count({iso})", f"count({says.read_number(value)})"]
    tried += [_read(value, form, says) for form in forms]
    n, as_iso, as_number, *fitting = _counts(rows, tried, f"({filled}) AS first")
    if n and as_iso < n / 2:
        best = max(fitting, default=0)
        # what has a form is one though it could be a number too: 20260314
        if best > max(as_iso, as_number) or (best == n and best):
            alike = [f for f, fits in zip(forms, fitting, strict=True) if fits == best]
            chosen, why = _chosen(rows, value, alike, now)
            read = says.finite_time(says.read_time(value, chosen))
            names_zone = "%z" in chosen.lower()
            note = f"text read as {chosen}, {'converted to' if names_zone else 'taken as'} UTC"
            told += [f"{column}: read as {chosen}{why}"] if why else []
            return Clock(read, "true" if names_zone else "false", note, value, chosen, tuple(told))
        if as_number > as_iso:
            read = epoch(says.read_number(value), says)
            return Clock(read, "true", "numbers since 1970, which are UTC", value, "numbers", tuple(told))
    return Clock(says.finite_time(iso), zoned, "ISO 8601 text", value, told=tuple(told))


def _spelled(column: str, value: str, texts: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """Write offsets for names of zones and blanks for those that end no line, in SQL and in texts; say which zones."""
    for blank in (b for b in _BLANKS if any(b in text for text in texts)):
        value, texts = f"replace({value}, '{blank}', ' ')", [text.replace(blank, " ") for text in texts]
    zones = zones_in(texts)
    for zone, offset in zones.items():
        value = f"replace({value}, ' {zone}', ' {offset}')"
    named = [zone for zone in zones if any(f" {zone}" in text for text in texts)]
    told = [f"{column}: {zone} is read as {zones[zone]}" for zone in named]
    return value, [with_offsets(text, zones) for text in texts], told


def _iso(value: str, texts: Sequence[str], says: Dialect) -> str:
    """Give SQL that reads ISO 8601; with a blank before an offset DuckDB would look through all names of zones."""
    if any(" +" in text or " -" in text for text in texts):
        value = f"replace(replace({value}, ' +', '+'), ' -', '-')"
    return says.read_iso(value)


def widened(rows: Rows, column: str, was: Clock, now: datetime | None = None) -> Clock:
    """Read by other known forms what is written otherwise than the first rows are, and say how many times that is.

    Raises:
        LogError: the log cannot be read.

    """
    says, value, clock = rows.dialect, was.text, was
    for _ in range(_MORE if value else 0):
        unread = f"raw WHERE {value} <> '' AND ({clock.sql}) IS NULL"
        texts = [str(text) for (text,) in rows.fetch(f"SELECT {value} FROM {unread} LIMIT {_SOME}")]
        there, texts, zones = _spelled(column, value, texts)
        # a month alone, as it stands above a part of a table, is no time beside days
        forms = [f for f in likely([*dict(zip(map(shape, texts), texts, strict=True)).values()]) if "%d" in f]
        forms.sort(key=lambda form: month_first(form) != month_first(was.form))
        reads = {form: says.finite_time(says.read_time(there, form)) for form in forms}
        reads["ISO 8601"] = says.finite_time(_iso(there, texts, says))
        number = says.read_number(there)
        reads["numbers since 1970"] = f"CASE WHEN {number} BETWEEN 1e8 AND 1e20 THEN {epoch(number, says)} END"
        n, *fits = _counts(rows, ["count(*)", *(f"count({read})" for read in reads.values())], unread)
        counts = dict(zip(reads, fits, strict=True))
        best = max(counts, key=lambda form: counts[form])
        if not counts[best]:
            break
        alike = [form for form in forms if counts[form] == counts[best]]
        best, why = _chosen(rows, there, alike, now, unread) if best in forms else (best, "")
        told = f"{column}: {counts[best]:,} times are not written as the first ones are, and read as {best}{why}"
        clock = replace(clock, sql=f"coalesce({clock.sql}, {reads[best]})", told=(*clock.told, *zones, told))
        if counts[best] == n:
            break
    return clock


def _chosen(rows: Rows, value: str, forms: Sequence[str], now: datetime | None, source: str = "raw") -> tuple[str, str]:
    """Take the form that most rows have: a day above 12 settles which comes first; and say what else did.

    Where none is there, what gives times that may be, in the order of the rows, does. Else all read the same, and the
    day comes first, but with AM and PM the month.
    """
    if len(forms) == 1:
        return forms[0], ""
    says = rows.dialect
    asked = [_read(value, form, says) for form in forms]
    asked += [f"max({says.micros_of(says.finite_time(says.read_time(value, form)))})" for form in forms]
    found = rows.fetch(f"SELECT {', '.join(asked)} FROM {source}")[0]
    fits = {form: int(n) for form, n in zip(forms, found, strict=False)}
    latest = dict(zip(forms, found[len(forms) :], strict=True))
    most = [form for form in forms if fits[form] == max(fits.values())]
    usual = next((form for form in most if "%p" in form and month_first(form)), most[0])
    if len({month_first(form) for form in most}) < 2 or usual.startswith("%d."):  # nobody writes a month before a dot
        return usual, ""
    end = _written_until(rows, now)
    may_be = [form for form in most if latest[form] is not None and latest[form] <= end]
    if may_be and len(may_be) < len(most):
        usual = usual if usual in may_be else may_be[0]
        return usual, ": with day and month the other way round, rows would be later than the log"
    in_order = _in_order(rows, value, most, source)
    if in_order and len(in_order) < len(most):
        usual = usual if usual in in_order else in_order[0]
        return usual, ": with day and month the other way round, rows would not be in order"
    return usual, ": no row tells whether the day or the month comes first"


def _written_until(rows: Rows, now: datetime | None) -> float:
    """Give the microseconds since 1970 by which all rows were written: now, or when the files were."""
    seconds = [(now or datetime.now(UTC)).timestamp()]
    with suppress(OSError):
        seconds += [max(file.stat().st_mtime for file in rows.files)] if rows.files else []
    return (min(seconds) + AHEAD.total_seconds()) * 1e6


def _in_order(rows: Rows, value: str, forms: Sequence[str], source: str) -> list[str]:
    """Give the forms by which no row is earlier than the one before it, or none later; of rows that have an order."""
    if not rows.dialect.ordered:
        return []
    named = ", ".join(f"{rows.dialect.read_time(value, form)} AS t{i}" for i, form in enumerate(forms))
    before = ", ".join(f"t{i}, lag(t{i}) OVER () AS b{i}" for i in range(len(forms)))
    asked = [f"countif(t{i} < b{i}), countif(t{i} > b{i})" for i in range(len(forms))]
    counts = _counts(rows, asked, f"(SELECT {before} FROM (SELECT {named} FROM {source} LIMIT {_LOOKED}))")
    return [form for i, form in enumerate(forms) if not all(counts[2 * i : 2 * i + 2])]


def _read(value: str, form: str, says: Dialect) -> str:
    return f"count({says.read_time(value, form)})"


def _counts(rows: Rows, counted: Sequence[str], source: str) -> list[int]:
    return [int(n) for n in rows.fetch(f"SELECT {', '.join(counted)} FROM {source}")[0]]
