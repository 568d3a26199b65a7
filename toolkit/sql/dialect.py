"""What engines write differently, word by word (floor 1).

A query of ours is common SQL, with ``"names"`` and ``'texts'`` quoted as the standard says, and these words in it.
``Dialect`` has them as DuckDB writes them; an engine is a subclass that writes some in its own way, and whatever it
writes must give the very same values: a contract test holds it to that.
"""

from __future__ import annotations

from typing import Final

from toolkit.sql.connect import literal


class Dialect:
    """The words of DuckDB. Operands are SQL; a regular expression or format is the text itself, without quotes."""

    name = "duckdb"
    #: Rows have an order: that of the file. Where they have none, a row has no number.
    ordered = True
    #: A text column of few values is read faster by a query of its own, value by value, than row by row with others.
    by_value = True
    text_type = "VARCHAR"
    time_type = "TIMESTAMP"
    small_type = "UTINYINT"
    row_number = "row_number() OVER ()"

    def sql(self, common: str) -> str:
        """Give the text that the engine is sent."""
        return common

    def count_if(self, condition: str) -> str:
        """Count the rows where a condition holds; 0 where none does.

        ``countif`` costs two thirds of the CASE that every engine knows; ``count(*) FILTER`` costs ten times it.
        """
        return f"coalesce(countif({condition}), 0)"

    def distinct(self, value: str, *, exactly: bool = False) -> str:
        """Give about how many values there are, or of few rows just how many: it proposes, it never decides."""
        return f"count(DISTINCT {value})" if exactly else f"approx_count_distinct({value})"

    def hashed(self, values: str, modulus: int) -> str:
        """Give a number from 0 to below ``modulus``, a power of two; the same for the same values, of one engine.

        DuckDB works out the other columns of a row that is not kept, unless the condition cannot fail: a division may.
        """
        return f"(hash({values}) & {modulus - 1})"

    def hash_of(self, value: str) -> str:
        """Give 64 bits of a value."""
        return f"hash({value})"

    def repeated(self, value: str, source: str) -> str:
        """Give a query that counts, as ``n``, the values of a query that came before in it.

        DuckDB sorts twice as fast as it finds what is distinct, and spills what does not fit.
        """
        before = f"lag({value}) OVER (ORDER BY {value}) AS before"
        repeats = self.count_if(f"{value} = before")  # of one row or none there is no count
        return f"SELECT CAST({repeats} AS BIGINT) AS n FROM (SELECT {value}, {before} FROM ({source}))"

    def text(self, value: str) -> str:
        """Write a whole number, a truth value or an own type as text."""
        return f"CAST({value} AS VARCHAR)"

    def number_text(self, number: str) -> str:
        """Write a DOUBLE as the shortest text that reads as it: 0.1, 1e-05, 1e+16."""
        return f"CAST({number} AS VARCHAR)"

    def word(self, column: str, kind: str) -> str:  # noqa: ARG002  (an engine may write a type in its own way)
        """Write a column of texts, times, truth values or whole numbers as text."""
        return self.text(column)

    def trim(self, text: str) -> str:
        """Drop every kind of blank of Unicode around a text."""
        return f"trim({text})"

    def size(self, text: str) -> str:
        """Give the bytes of a text."""
        return f"strlen({text})"

    def matches(self, text: str, pattern: str) -> str:
        """Tell whether a part of a text matches a regular expression."""
        return f"regexp_matches({text}, '{pattern}')"

    def fits(self, text: str, pattern: str) -> str:
        """Tell whether the whole of a text matches; RE2 reads patterns, and what it reads in its own way is its way."""
        return f"regexp_full_match({text}, {literal(pattern)})"

    def found(self, text: str, pattern: str) -> str:
        """Give the first part of a text that matches, an empty text where none does."""
        return f"regexp_extract({text}, {literal(pattern)})"

    def every(self, text: str, pattern: str, group: int) -> str:
        """Give a group of each part of a text that matches, as a list."""
        return f"regexp_extract_all({text}, {literal(pattern)}, {group})"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        r"""Put ``by`` for each part of a text that matches; ``\1`` in it is what the first group holds."""
        return f"regexp_replace({text}, {literal(pattern)}, {literal(by)}, 'g')"

    def numbers(self, values: str, *, texts: bool) -> str:  # noqa: ARG002  (an engine may need to know which)
        """Give a list of numbers or of texts as one of DOUBLEs, NULL for a text that is no number."""
        return f"TRY_CAST({values} AS DOUBLE[])"

    def many(self, values: str) -> str:
        """Count the values of a list."""
        return f"len({values})"

    def greatest(self, values: str) -> str:
        """Give the greatest value of a list, whatever NULLs are in it."""
        return f"list_max({values})"

    def value_at(self, values: str, place: str) -> str:
        """Give the value of a list at a place from 1 on, NULL where there is none."""
        return f"{values}[{place}]"

    def place_of(self, values: str, value: str) -> str:
        """Give the place of a value in a list, for ``value_at``."""
        return f"list_position({values}, {value})"

    def finite(self, number: str) -> str:
        """Tell whether a number is neither NaN nor infinite."""
        return f"isfinite({number})"

    def whole(self, number: str) -> str:
        """Drop the decimals of a DOUBLE."""
        return f"trunc({number})"

    def read_number(self, text: str) -> str:
        """Read a text as a DOUBLE, NULL where it is none."""
        return f"TRY_CAST({text} AS DOUBLE)"

    def micros_of(self, time: str) -> str:
        """Give microseconds since 1970 of a time in UTC, as a BIGINT."""
        return f"epoch_us({time})"

    def at_micros(self, micros: str) -> str:
        """Give the time in UTC of microseconds since 1970."""
        return f"make_timestamp({micros})"

    def seconds_of(self, column: str, kind: str) -> str:  # noqa: ARG002  (an engine may need to know the type)
        """Give seconds since 1970 of a column that tells the time, as a DOUBLE."""
        return f"epoch(CAST({column} AS TIMESTAMP))"

    def moment(self, text: str) -> str:
        """Give a time in UTC, written ``2026-03-14 09:30:00``."""
        return f"TIMESTAMP '{text}'"

    def time_of(self, column: str, kind: str) -> str:
        """Give a column that tells the time as a time in UTC; NULL where it is infinite."""
        if kind == "TIMESTAMP WITH TIME ZONE":
            # the cast would ask the calendar of a time zone for each row, at seven times the cost
            return f"CASE WHEN isfinite({column}) THEN make_timestamp(epoch_us({column})) END"
        return self.finite_time(f"CAST({column} AS TIMESTAMP)")

    def finite_time(self, time: str) -> str:
        """Give a time, NULL where it is infinite."""
        return f"CASE WHEN isfinite({time}) THEN {time} END"

    def read_time(self, text: str, form: str) -> str:
        """Read a text as a time in UTC by a format of ``strptime``, NULL where it does not fit."""
        return f"CAST(try_strptime({text}, '{form}') AS TIMESTAMP)"

    def looks_like_time(self, text: str) -> str:
        """Tell whether a text can be read as a time of some kind."""
        return f"TRY_CAST({text} AS TIMESTAMPTZ) IS NOT NULL"

    def read_iso(self, text: str) -> str:
        """Read ISO 8601 as a time in UTC; by the cast that is twice as fast, which would drop it, without an offset."""
        offset = f"length({text}) > 10 AND regexp_matches({text}, '[+-]\\d\\d(:?\\d\\d)?$')"
        # what ISO 8601 allows and DuckDB does not read: no seconds before an offset, a blank before it, a small z
        spelled = (
            f"regexp_replace(regexp_replace(upper({text}), ' +(Z|[+-]\\d\\d:?\\d\\d)$', '\\1'), "
            "'^(\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d)(Z|[+-]\\d\\d:?\\d\\d)$', '\\1:00\\2')"
        )
        return (
            f"coalesce(CASE WHEN NOT ({offset}) THEN TRY_CAST({text} AS TIMESTAMP) END, "
            f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP), "
            f"CAST(TRY_CAST({spelled} AS TIMESTAMPTZ) AS TIMESTAMP))"
        )


DUCKDB: Final = Dialect()
