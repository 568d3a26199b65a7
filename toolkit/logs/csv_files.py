"""CSV files (floor 2): read once into Parquet, with every line that does not fit counted.

The header decides the separator, and no guess of DuckDB's is left to chance: a wrong one would give a single column and
no error. Timestamps stay text here, since DuckDB would drop their offsets from UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.engines.reading import reading
from toolkit.errors import LogError
from toolkit.logs.formats import Opened, refuse_case_duplicates
from toolkit.logs.parquet_files import hive, path_list
from toolkit.logs.written import Header, as_utf8, read_header
from toolkit.sql import literal, quote

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch

#: Whole numbers beyond this stay text, where every digit counts.
_EXACT: Final = 2**53
_SHOWN: Final = 5
#: What a file that is no UTF-8 was taken for.
_ENCODINGS: Final = {"utf-16": "UTF-16", "cp1252": "Windows-1252"}


def open_csv(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], name: str, scratch: Scratch) -> Opened:
    """Read CSV files into one Parquet file; files of other columns are united by name.

    Raises:
        LogError: no header, one column only, or two columns of one name.

    """
    groups: dict[Header, list[tuple[Path, Path]]] = {}
    notes: dict[str, None] = {}
    for file in files:
        readable, encoding = as_utf8(file, scratch)
        header = read_header(readable, file)
        _check_header(header.names, file)
        groups.setdefault(header, []).append((readable, file))
        if encoding in _ENCODINGS:
            notes[f"text read as {_ENCODINGS[encoding]}"] = None
        if header.above:
            notes[f"{header.above:,} line{'s' if header.above > 1 else ''} above the names of the columns left out"] = (
                None
            )
    target = scratch.file("csv.parquet")
    with reading(name, connection):
        parts = [_part(connection, header, *zip(*group, strict=True)) for header, group in groups.items()]
        selected = " UNION ALL BY NAME ".join(parts)
        connection.execute(f"COPY ({selected}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION snappy)")
        rejects, lines = _rejects(connection)
    return Opened(
        sql=f"SELECT * FROM read_parquet({literal(str(target))})",
        name=name,
        files=tuple(files),
        rejects=rejects,
        reject_lines=lines,
        notes=tuple(notes),
    )


def _part(connection: duckdb.DuckDBPyConnection, header: Header, files: Sequence[Path], named: Sequence[Path]) -> str:
    """Give SQL that reads files of one header, with the types that all their values allow.

    Every line is looked at, by a query: DuckDB's own look at a sample takes F for a truth value and drops later lines
    that do not fit its guess, and Ctrl-C does not end it.
    """
    names = [name or f"column{place}" for place, name in enumerate(header.names)]
    refuse_case_duplicates(names, str(named[0]))
    texts = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in names)
    common = (
        f"{path_list(files)}, auto_detect = false, delim = {literal(header.separator)}, quote = '\"', escape = '\"', "
        f"header = true, skip = {header.above}, columns = {{{texts}}}, "
        f"hive_partitioning = {'true' if hive(files) else 'false'}"
    )
    inner = ", ".join(f"{quote(c)} AS c{i}, {_number(quote(c))} AS x{i}" for i, c in enumerate(names))
    asked = ", ".join(
        f"count(c{i}) - count(x{i}), countif(x{i} <> trunc(x{i}) OR NOT isfinite(x{i})), max(abs(x{i}))"
        for i in range(len(names))
    )
    found = connection.execute(f"SELECT {asked} FROM (SELECT {inner} FROM read_csv({common}, ignore_errors = true))")
    figures = found.fetchall()[0]
    typed = [_typed(quote(c), *figures[3 * i : 3 * i + 3]) for i, c in enumerate(names)]
    rest = f"* EXCLUDE ({', '.join(quote(c) for c in names)})" if hive(files) else ""
    selected = ", ".join([*typed, rest] if rest else typed)
    return f"SELECT {selected} FROM read_csv({common}, store_rejects = true, rejects_limit = 0)"


def _number(name: str) -> str:
    """Give SQL that reads a text as a DOUBLE, or NULL; words are not tried, a cast that fails is dear."""
    return (
        f"CASE WHEN {name} < ':' THEN TRY_CAST({name} AS DOUBLE) "
        f"WHEN strlen({name}) <= 8 AND lower({name}) IN ('nan', 'inf', 'infinity') THEN CAST({name} AS DOUBLE) END"
    )


def _typed(name: str, words: int, broken: int | None, largest: float | None) -> str:
    """Give SQL of a column in its type: BIGINT or DOUBLE if all its values are numbers, else text."""
    if words or largest is None:
        return name
    if broken:
        return f"CAST({name} AS DOUBLE) AS {name}"
    return f"CAST(CAST({name} AS DOUBLE) AS BIGINT) AS {name}" if largest < _EXACT else name


def _rejects(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], tuple[str, ...]]:
    """How many lines were left out, by reason, and the first few of them."""
    counted = connection.execute(
        "SELECT reason, count(*) FROM (SELECT min(lower(CAST(error_type AS VARCHAR))) AS reason FROM reject_errors "
        "GROUP BY scan_id, file_id, line) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    shown = connection.execute(
        "SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY line ORDER BY line LIMIT ?", [_SHOWN]
    ).fetchall()
    return (
        {f"line with {_words(reason)}": int(n) for reason, n in counted},
        tuple(f"line {line}: {_words(str(reason).lower())}" for line, reason in shown),
    )


def _words(reason: str) -> str:
    return {"cast": "a value of another type", "invalid encoding": "bytes that are no UTF-8"}.get(reason, reason)


def _check_header(names: Sequence[str], file: Path) -> None:
    numeric = [n for n in names if n.strip().replace(".", "", 1).replace("-", "", 1).isdigit()]
    if names and len(numeric) * 2 > len(names):
        raise LogError(
            "the first line of the CSV file holds values, not column names", where=str(file), fix="add a header line"
        )
    if len(names) == 1 and any(c in names[0] for c in ": "):
        raise LogError(
            "the CSV file's header is a single column",
            where=str(file),
            fix="separate columns by comma, semicolon or tab",
        )
