"""JSON lines (floor 2): read once into Parquet, with every line that is no JSON object counted.

DuckDB turns a bad line into a row of nothing and guesses the types of times differently from file to file; so bad lines
are counted apart, and whatever is no number, boolean or text stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.engines.reading import reading
from toolkit.errors import LogError
from toolkit.logs.formats import Opened, first_bytes, refuse_case_duplicates
from toolkit.logs.parquet_files import hive, path_list
from toolkit.logs.written import as_utf8
from toolkit.sql import literal, quote

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch

_SHOWN: Final = 5
_PLAIN: Final = {"BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR"}
_NESTED: Final = ("JSON", "STRUCT", "MAP", "LIST")
#: Types that DuckDB guesses of texts in an object; an offset from UTC would be lost.
_TIMES: Final = re.compile(r"(?<= )(DATE|TIMESTAMP WITH TIME ZONE|TIMESTAMP|TIME|UUID)(?=[,)\[])")


def open_jsonl(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], name: str, scratch: Scratch) -> Opened:
    """Read JSONL files (or files that are one JSON array) into one Parquet file, united by key.

    Raises:
        LogError: no line is a JSON object, or two keys differ only in case.

    """
    files, given = [as_utf8(file, scratch, mark=True)[0] for file in files], files
    target = scratch.file("json.parquet")
    rejects: dict[str, int] = {}
    lines: tuple[str, ...] = ()
    with reading(name, connection):
        array = _is_array(files[0])
        if array:
            source = _source(files, "array", lenient=False)
            types = _types(connection, source)
        else:
            source = _source(files, "newline_delimited", lenient=True)
            rejects, lines = _bad_lines(connection, source)
            types = _types(connection, source)
            if not types and rejects:
                source = _source([_objects(connection, source, scratch)], "newline_delimited", lenient=True)
                types = _types(connection, source)
            if _renamed(types):
                _refuse_twins(connection, source, name)
        if not types:
            raise LogError("no line is a JSON object", where=name, fix="write one object a line, {...}")
        with _one_after_the_other(connection) if array else nullcontext():
            connection.execute(_copy(source, types, str(target)))
    return Opened(
        sql=f"SELECT * FROM read_parquet({literal(str(target))})",
        name=name,
        files=tuple(given),
        rejects=rejects,
        reject_lines=lines,
    )


@contextmanager
def _one_after_the_other(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Work on one thread: an array is read by one anyhow, and what others did not write yet would lie in memory."""
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute(f"SET threads = {int(threads)}")


def _is_array(file: Path) -> bool:
    """Tell whether a file is one JSON array of objects, and no JSONL with an array in its first line."""
    head = re.sub(rb"\s", b"", first_bytes(file, 4096).removeprefix(b"\xef\xbb\xbf"))
    return head.startswith(b"[{")


def _source(files: Sequence[Path], layout: str, *, lenient: bool) -> str:
    """Give the arguments that all readers of JSON share."""
    yes = {True: "true", False: "false"}
    return (
        f"{path_list(files)}, format = '{layout}', hive_partitioning = {yes[hive(files)]}, "
        f"ignore_errors = {yes[lenient]}"
    )


def _types(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """Give the keys with the types that all their values allow; nothing where values are not all objects."""
    described = connection.execute(
        f"DESCRIBE SELECT * FROM read_json({source}, union_by_name = true, sample_size = -1, "
        "field_appearance_threshold = 0, map_inference_threshold = -1)"
    ).fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    return {} if list(types) == ["json"] else types


def _objects(connection: duckdb.DuckDBPyConnection, source: str, scratch: Scratch) -> Path:
    """Write the lines that are objects into a file of their own: one array among them hides the keys of all others."""
    target = scratch.file("objects.jsonl")
    found = connection.execute(
        f"SELECT CAST(json AS VARCHAR) FROM read_json_objects({source}) WHERE json_type(json) = 'OBJECT'"
    )
    with target.open("w", encoding="utf-8") as stream:
        while block := found.fetchmany(10_000):
            stream.writelines(f"{line}\n" for (line,) in block)
    return target


def _copy(source: str, types: dict[str, str], target: str) -> str:
    """Give SQL that writes the objects as Parquet; lists as JSON text, objects as they are, times as text."""
    declared, selected = [], []
    for column, kind in types.items():
        whole = kind.startswith("STRUCT(") and not kind.endswith("]")
        nested = not whole and (kind.startswith(_NESTED) or kind.endswith("]"))
        given = "JSON" if nested else kind if kind in _PLAIN else "DOUBLE" if "INT" in kind else "VARCHAR"
        given = _TIMES.sub("VARCHAR", kind) if whole else given
        declared.append(f"{literal(column)}: {literal(given)}")
        name = quote(column)
        selected.append(f"({name} ->> '$') AS {name}" if nested else name)
    something = " OR ".join(f"{quote(c)} IS NOT NULL" for c in types)
    return (
        f"COPY (SELECT {', '.join(selected)} FROM read_json({source}, columns = {{{', '.join(declared)}}}) "
        f"WHERE {something}) TO {literal(target)} (FORMAT parquet)"
    )


def _bad_lines(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Count lines that are no JSON object or an empty one, and show where the first few are."""
    lines = f"SELECT json, row_number() OVER () AS line FROM read_json_objects({source})"
    bad = "json IS NULL OR json_type(json) <> 'OBJECT' OR json = '{}'"
    found = connection.execute(f"SELECT count(*), min(line, {_SHOWN}) FROM ({lines}) WHERE {bad}").fetchall()[0]
    if not found[0]:
        return {}, ()
    return {"line that is no JSON object": int(found[0])}, tuple(f"line {n}: no JSON object" for n in found[1])


def _renamed(names: Iterable[str]) -> bool:
    """Tell whether DuckDB may have renamed a key that differs from another in case alone (Score, score_1)."""
    lower = {n.lower() for n in names}
    return any((cut := re.sub(r"_\d+$", "", n)) != n and cut in lower for n in lower)


def _refuse_twins(connection: duckdb.DuckDBPyConnection, source: str, name: str) -> None:
    """Refuse two keys that differ only in case."""
    keys = connection.execute(
        f"SELECT DISTINCT unnest(json_keys(json)) FROM read_json_objects({source}) WHERE json_type(json) = 'OBJECT'"
    ).fetchall()
    refuse_case_duplicates(sorted(str(k[0]) for k in keys), name)
