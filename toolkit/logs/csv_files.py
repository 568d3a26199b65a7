"""CSV files (floor 2): read once into Parquet, with every line that does not fit counted.

The header decides the separator, and no guess of DuckDB's is left to chance: a wrong one would give a single column and
no error. Timestamps stay text here, since DuckDB would drop their offsets from UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.engines.reading import reading
from toolkit.errors import LogError
from toolkit.logs.formats import Opened, refuse_case_duplicates
from toolkit.logs.parquet_files import hive, path_list
from toolkit.logs.quotes import WIDE, close_quotes
from toolkit.logs.written import Header, Written, as_utf8, read_header
from toolkit.sql import literal, quote

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch

#: Whole numbers beyond this stay text, where every digit counts.
_EXACT: Final = 2**53
_SHOWN: Final = 5
#: What a file that is no UTF-8 was taken for.
_ENCODINGS: Final = {"utf-16": "UTF-16", "cp1252": "Windows-1252"}
#: Files of one header: as they are read, and as they were named.
Groups = dict[Header, list[tuple[Path, Path]]]


def open_csv(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], name: str, scratch: Scratch) -> Opened:
    """Read CSV files into one Parquet file; files of other columns are united by name.

    Raises:
        LogError: no header, one column only, or two columns of one name.

    """
    import duckdb

    groups: Groups = {}
    notes: dict[str, None] = {}
    lines = 0
    for file in files:
        readable, written = as_utf8(file, scratch, ends=True)
        header = read_header(readable, file)
        _check_header(header.names, file)
        groups.setdefault(header, []).append((readable, file))
        lines += max(written.lines - header.above - 1, 0)
        notes |= dict.fromkeys(_notes(written, header))
    target = scratch.file("csv.parquet")
    with reading(name, connection):
        try:
            rejects, shown = _copied(connection, groups, target)
            odd = _left_open(connection, groups, target, lines, sum(rejects.values()))
        except duckdb.ConversionException:  # which lines an open quote costs differs from one reading to the next
            odd = True
        if odd:
            groups, freed = _closed(groups, scratch)
            rejects, shown = _copied(connection, groups, target)
            notes |= dict.fromkeys(freed)
    return Opened(
        sql=f"SELECT * FROM read_parquet({literal(str(target))})",
        name=name,
        files=tuple(files),
        rejects=rejects,
        reject_lines=shown,
        notes=tuple(notes),
    )


def _notes(written: Written, header: Header) -> Iterator[str]:
    """Say how a file is written, where that is not as usual."""
    if written.encoding in _ENCODINGS:
        yield f"text read as {_ENCODINGS[written.encoding]}"
    if written.mixed:
        yield "line ends of several kinds (CR LF, LF, CR), read as one and the same"
    if header.above:
        yield f"{header.above:,} line{'s' if header.above > 1 else ''} above the names of the columns left out"


def _copied(
    connection: duckdb.DuckDBPyConnection, groups: Groups, target: Path
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Write all rows into one Parquet file, and give how many lines were left out, and the first few of them."""
    for table in ("reject_errors", "reject_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    parts = [_part(connection, header, *zip(*group, strict=True)) for header, group in groups.items()]
    selected = " UNION ALL BY NAME ".join(parts)
    connection.execute(f"COPY ({selected}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION snappy)")
    return _rejects(connection)


def _left_open(connection: duckdb.DuckDBPyConnection, groups: Groups, target: Path, lines: int, rejected: int) -> bool:
    """Whether a quote may be left open: DuckDB says so, or lines are gone that nobody refused and a value holds rows.

    DuckDB counts all lines up to the next quote as one.
    """
    ((odd, rows),) = connection.execute(
        "SELECT (SELECT count(*) FROM reject_errors WHERE error_type = 'UNQUOTED VALUE' OR contains(csv_line, '\n')), "
        f"(SELECT count(*) FROM read_parquet({literal(str(target))}))"
    ).fetchall()
    if odd or lines <= rows + rejected:
        return bool(odd)
    for header in groups:
        part = re.escape(header.separator)
        inner = f"\\n([^{part}\\n]*{part}){{{len(header.names) - 1}}}[^{part}\\n]*\\n"
        texts = [c for c in header.names if c] if len(header.names) >= WIDE else []
        values = [f"CAST({quote(c)} AS VARCHAR)" for c in texts]
        # few texts have a second line, and a pattern is dear
        asked = (
            " OR ".join(f"(contains({v}, '\n') AND regexp_matches({v}, {literal(inner)}))" for v in values) or "false"
        )
        if connection.execute(f"SELECT 1 FROM read_parquet({literal(str(target))}) WHERE {asked} LIMIT 1").fetchall():
            return True
    return False


def _closed(groups: Groups, scratch: Scratch) -> tuple[Groups, list[str]]:
    """Give the same files without open quotes, and say in which lines there were any."""
    closed: Groups = {}
    told = []
    for header, group in groups.items():
        for readable, file in group:
            made, freed = close_quotes(readable, header, scratch)
            closed.setdefault(header, []).append((made if freed else readable, file))
            if freed:
                where = f"line {freed[0]:,}" if len(freed) == 1 else f"{len(freed):,} lines, the first {freed[0]:,}"
                told.append(f"{file.name}: quotes that do not close a value ({where}), read as if they were not there")
    return closed, told


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
