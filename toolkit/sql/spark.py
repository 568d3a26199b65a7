"""The words of Spark SQL (floor 1): each gives the very value that DuckDB's does, whatever the session's settings.

A time is an instant (``TIMESTAMP_LTZ``), written and read by its microseconds or with its offset, so that the session's
time zone plays no part. What reads a text as a number or a time says yes to what DuckDB's casts say yes to: Spark's own
would take "1d" for a number and "2026" for a time. ``tests/test_engines_agree.py`` holds the two side by side.
"""

from __future__ import annotations

import re
from typing import Final

from toolkit.sql.connect import literal
from toolkit.sql.dialect import Dialect
from toolkit.sql.patterns import java, java_by

_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_DAY: Final = 86_400_000_000
_EPOCH: Final = "TIMESTAMP_NTZ '1970-01-01 00:00:00'"
#: The blanks of Unicode (Zs), which are what DuckDB trims.
_BLANKS: Final = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
#: What DuckDB overlooks in a number: a sign too many, a sign of NaN, a low line between digits.
_OVERLOOKED: Final = r"^\s*\+(?=-)|^\s*[+-](?=[nN][aA][nN])|(?<=\d)_(?=\d)"
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
#: A part of a format of ``strptime``: its pattern, and its place in ``year-month-dayThour:minute:second zone``.
_PARTS: Final = {
    "Y": (r"(\d{4})", 0), "y": (r"(\d\d)", 0), "m": (r"(\d{1,2})", 1), "b": (r"(\d\d)", 1), "B": (r"(\d\d)", 1),
    "d": (r" ?(\d{1,2})", 2), "H": (r"(\d{1,2})", 3), "I": ("(0?[1-9]|1[0-2])", 3), "M": (r"(\d{1,2})", 4),
    "S": (r"(\d{1,2})", 5), "f": (r"(\d{1,6})", 6), "z": (r"([+-]\d\d(?::?\d\d)?)", 7), "Z": ("(?:utc|gmt)", None),
    "p": ("([ap]m)", 8), "a": ("[a-z]{3}", None),
}  # fmt: skip
_DATE: Final = r"^(\d{4})([-/ ])(\d{1,2})\2(\d{1,2})"
_ISO: Final = r"^\d{4}-\d{1,2}-\d{1,2}T\d{1,2}:\d{1,2}:\d{1,2}(\.\d*)?(Z|[+-]\d\d(:?\d\d)?)\z"


class Spark(Dialect):
    """Spark 4; see ``Dialect`` for what each word means."""

    name = "spark"
    ordered = False
    by_value = False
    text_type = "STRING"
    time_type = "TIMESTAMP_LTZ"
    small_type = "SMALLINT"
    row_number = "CAST(NULL AS BIGINT)"

    def sql(self, common: str) -> str:
        """Quote names by back-ticks, and escape in texts what Spark would read into them: a backslash, ``${env:HOME}``.

        Raises:
            ValueError: a name holds ``${``, which Spark would replace even between back-ticks.

        """
        return _QUOTED.sub(lambda found: _requoted(found[0]), common)

    def count_if(self, condition: str) -> str:
        """Count the rows where a condition holds."""
        return f"count_if({condition})"

    def distinct(self, value: str, *, exactly: bool = False) -> str:
        """Give about how many: a sketch in one buffer, since ``approx_count_distinct`` plans 1,600 columns for 1 %.

        Exactly it is the size of a set, since each ``count(DISTINCT)`` of several would double the rows.
        """
        if exactly:
            return f"size(collect_set({value}))"
        sketch = f"hll_sketch_agg(CASE WHEN {value} IS NOT NULL THEN xxhash64({value}) END)"
        return f"coalesce(hll_sketch_estimate({sketch}), 0)"

    def hashed(self, values: str, modulus: int) -> str:
        """Give a number below ``modulus`` from a hash; Spark's may be negative, hence ``pmod``."""
        return f"pmod(xxhash64({values}), {modulus})"

    def hash_of(self, value: str) -> str:
        """Give 64 bits of a value."""
        return f"xxhash64({value})"

    def repeated(self, value: str, source: str) -> str:
        """Count what is distinct: a sort of all values would be one worker's."""
        return f"SELECT count({value}) - count(DISTINCT {value}) AS n FROM ({source}) AS told"

    def text(self, value: str) -> str:
        """Write a whole number, a truth value or an own type as text."""
        return f"CAST({value} AS STRING)"

    def number_text(self, number: str) -> str:
        """Write a DOUBLE as DuckDB does; Java 17 alone writes some with a digit too many, and in another shape.

        A decimal of up to 15 digits is the shortest text of its DOUBLE: fewer are tried of the very small ones alone.
        """
        digits = f"sequence(CASE WHEN abs({number}) < 2.3e-308 THEN 0 ELSE 14 END, 16)"
        tried = f"transform({digits}, _digits -> format_string(concat('%.', _digits, 'e'), {number}))"
        short = f"get(filter({tried}, _tried -> TRY_CAST(_tried AS DOUBLE) = {number}), 0)"
        plain = f"regexp_replace(CAST(TRY_CAST({short} AS DECIMAL(38, 21)) AS STRING), '(\\.\\d+?)0+\\z', '$1')"
        power = f"regexp_replace(lower({short}), '(\\.\\d*?)0*e', '$1e')"
        for pattern, by in ((r"\.e", "e"), (r"e(\d)", "e+$1"), (r"e([+-])(\d)\z", "e$10$2")):
            power = f"regexp_replace({power}, '{pattern}', '{by}')"
        return f"CASE WHEN abs({number}) >= 1e-4 AND abs({number}) < 1e16 THEN {plain} ELSE {power} END"

    def word(self, column: str, kind: str) -> str:
        """Write a column as text; of an instant, what it is in UTC."""
        if kind != "TIMESTAMP WITH TIME ZONE":
            return self.text(column)
        # by way of an interval: what Spark writes of an instant depends on the session's time zone
        seconds = f"CAST(unix_micros({column}) / CAST(1000000 AS DECIMAL(10, 0)) AS DECIMAL(18, 6))"
        return f"concat(CAST({_EPOCH} + make_dt_interval(0, 0, 0, {seconds}) AS STRING), '+00')"

    def trim(self, text: str) -> str:
        """Drop the blanks of Unicode: ``trim`` alone drops spaces."""
        return f"trim(BOTH '{_BLANKS}' FROM {text})"

    def size(self, text: str) -> str:
        """Give the bytes of a text."""
        return f"octet_length({text})"

    def matches(self, text: str, pattern: str) -> str:
        """Tell whether a part of a text matches; ``$`` is the very end, which for Java may be before a last newline."""
        ended = pattern[:-1] + r"\z" if pattern.endswith("$") else pattern
        return f"regexp_like({text}, '{ended}')"

    def fits(self, text: str, pattern: str) -> str:
        """Tell whether the whole of a text matches."""
        whole = rf"\A(?:{java(pattern)})\z"
        return f"regexp_like({text}, {literal(whole)})"

    def found(self, text: str, pattern: str) -> str:
        """Give the first part of a text that matches."""
        return f"regexp_extract({text}, {literal(java(pattern))}, 0)"

    def every(self, text: str, pattern: str, group: int) -> str:
        """Give a group of each part of a text that matches."""
        return f"regexp_extract_all({text}, {literal(java(pattern))}, {group})"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """Put ``by`` for each part of a text that matches."""
        return f"regexp_replace({text}, {literal(java(pattern))}, {literal(java_by(by))})"

    def numbers(self, values: str, *, texts: bool) -> str:
        """Give a list as one of DOUBLEs."""
        if not texts:
            return f"CAST({values} AS ARRAY<DOUBLE>)"
        return f"transform({values}, _one -> {self.read_number('_one')})"

    def many(self, values: str) -> str:
        """Count the values of a list; what ``size`` says of NULL is a setting."""
        return f"array_size({values})"

    def greatest(self, values: str) -> str:
        """Give the greatest value of a list."""
        return f"array_max({values})"

    def value_at(self, values: str, place: str) -> str:
        """Give the value at a place; ``get`` counts from 0."""
        return f"get({values}, CAST({place} AS INT) - 1)"

    def place_of(self, values: str, value: str) -> str:
        """Give the place of a value; it is 0 where there is none, which is no place."""
        return f"array_position({values}, {value})"

    def finite(self, number: str) -> str:
        """Tell whether a number is neither: for Spark NaN is greater than every other one."""
        return f"(abs({number}) < CAST('Infinity' AS DOUBLE))"

    def whole(self, number: str) -> str:
        """Drop the decimals: ``trunc`` is of dates here, and beyond 9e18 every DOUBLE is whole."""
        return f"(CASE WHEN abs({number}) < 9e18 THEN CAST(CAST({number} AS BIGINT) AS DOUBLE) ELSE {number} END)"

    def read_number(self, text: str) -> str:
        """Read what DuckDB reads: Java's 1d, 1f and 0x1p3 are no numbers."""
        read = f"TRY_CAST(regexp_replace({text}, '{_OVERLOOKED}', '') AS DOUBLE)"
        return f"(CASE WHEN NOT regexp_like({text}, '\\d.*[xXdDfF]|[xX].*\\d') THEN {read} END)"

    def micros_of(self, time: str) -> str:
        """Give microseconds since 1970."""
        return f"unix_micros({time})"

    def at_micros(self, micros: str) -> str:
        """Give the instant of microseconds since 1970."""
        return f"timestamp_micros({micros})"

    def seconds_of(self, column: str, kind: str) -> str:
        """Give seconds since 1970 as a DOUBLE."""
        return f"(unix_micros({self.time_of(column, kind)}) / 1e6)"

    def moment(self, text: str) -> str:
        """Give an instant, with its offset."""
        return f"TIMESTAMP_LTZ '{text if ':' in text else f'{text} 00:00:00'}Z'"

    def time_of(self, column: str, kind: str) -> str:
        """Give a column that tells the time as an instant, read as UTC where it has no zone."""
        if kind == "TIMESTAMP WITH TIME ZONE":
            return column
        if kind == "DATE":
            return f"timestamp_micros(unix_date({column}) * {_DAY})"
        parts = ", ".join(f"{part}({column})" for part in ("year", "month", "day", "hour", "minute"))
        return f"make_timestamp_ltz({parts}, extract(SECOND FROM {column}), 'UTC')"

    def finite_time(self, time: str) -> str:
        """Give a time as it is: Spark has no infinite ones."""
        return time

    def read_time(self, text: str, form: str) -> str:
        """Read a text by a format: put into the order of ISO 8601, then cast."""
        pattern = ""
        places: dict[int, str] = {}
        for part in re.findall(r"%.|[^%]+", form):
            piece, place = _PARTS[part[1]] if part[0] == "%" else (re.escape(part.lower()).replace("\\ ", " "), None)
            pattern += piece
            if place is not None:
                places[place] = f"${len(places) + 1}"
        value = f"lower({text})"
        if "%b" in form.lower():
            for number, name in enumerate(_MONTHS, start=1):
                value = f"replace({value}, '{name if '%B' in form else name[:3]}', '{number:02}')"
        clock = f"{places.get(3, '00')}:{places.get(4, '00')}:{places.get(5, '00')}"
        clock += (f".{places[6]}" if 6 in places else "") + places.get(7, "Z")
        iso = f"regexp_replace({value}, '^{pattern}\\z', '{places[0]}-{places[1]}-{places.get(2, '01')}T{clock}')"
        if "%y" in form:  # as POSIX says: 69 to 99 are of the last century
            iso = f"concat(CASE WHEN {iso} < '69' THEN '20' ELSE '19' END, {iso})"
        read = f"TRY_CAST({iso} AS TIMESTAMP_LTZ)"
        if "%p" in form:
            said = f"regexp_replace({value}, '^{pattern}\\z', '{places[3]} {places[8]}')"
            hours = f"IF({said} LIKE '12 %', -12, 0) + IF({said} LIKE '% pm', 12, 0)"
            read = f"({read} + make_dt_interval(0, {hours}))"
        return f"(CASE WHEN regexp_like({value}, '^{pattern}\\z') THEN {read} END)"

    def looks_like_time(self, text: str) -> str:
        """Tell whether a text is ISO 8601; of the other formats ``toolkit.logs.times`` makes sure."""
        return f"{self.read_iso(text)} IS NOT NULL"

    def read_iso(self, text: str) -> str:
        """Read ISO 8601 and the spellings of it that DuckDB reads, each made whole first; no offset is UTC."""
        made = f"upper({text})"
        for pattern, by in (
            (rf"{_DATE}\z", "$1-$3-$4T00:00:00"),
            (rf"{_DATE}(?:T *| +)(\d{{1,2}}:\d{{1,2}})(?!\d)", "$1-$3-$4T$5"),
            (r"T(\d{1,2}:\d{1,2})(?![:\d])", "T$1:00"),
            (r"(T[\d:.]+) *(?:\z|UTC\z|GMT\z)", "$1Z"),
            (r" +(?=Z\z|[+-]\d\d:?\d\d\z)", ""),
        ):
            made = f"regexp_replace({made}, '{pattern}', '{by}')"
        return f"(CASE WHEN regexp_like({made}, '{_ISO}') THEN TRY_CAST({made} AS TIMESTAMP_LTZ) END)"


def _requoted(quoted: str) -> str:
    """Write a quoted name or text in Spark's way."""
    if quoted[0] == '"':
        name = quoted[1:-1].replace('""', '"')
        if "${" in name:
            msg = f"Spark cannot hold a column named {name!r}"
            raise ValueError(msg)
        return "`" + name.replace("`", "``") + "`"
    text = quoted[1:-1].replace("''", "'").replace("\\", "\\\\").replace("'", "\\'")
    return "'" + text.replace("${", "\\u0024{") + "'"


SPARK: Final = Spark()
