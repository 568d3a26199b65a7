"""Parquet files (floor 2): scanned where they lie, united by column name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.engines.reading import reading
from toolkit.logs.formats import Opened, refuse_case_duplicates
from toolkit.sql import literal

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch

#: Files whose columns are looked at in one query.
_AT_ONCE: Final = 500
_HIVE: Final = re.compile(r"^[^=/\\]+=[^/\\]*$")


def hive(files: Sequence[Path]) -> bool:
    """Tell whether every file lies in a folder named ``column=value``."""
    return all(any(_HIVE.match(part) for part in f.parent.parts) for f in files)


def path_list(files: Sequence[Path]) -> str:
    """Write paths as a SQL list; characters that DuckDB would take for a glob are escaped."""
    escaped = (re.sub(r"([*?\[])", r"[\1]", str(f)) for f in files)
    return "[" + ", ".join(literal(p) for p in escaped) + "]"


def open_parquet(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    name: str,
    scratch: Scratch,  # noqa: ARG001  (every format is opened alike)
) -> Opened:
    """Open Parquet files.

    Raises:
        LogError: a file is damaged, or has two columns that differ only in case.

    """
    for start in range(0, len(files), _AT_ONCE):
        some = files[start : start + _AT_ONCE]
        with reading(name if len(some) > 1 else str(some[0]), connection):
            # one row a column of each file, the files and the columns in their order
            found = connection.execute(
                f"SELECT file_name, name, num_children FROM parquet_schema({path_list(some)})"
            ).fetchall()
        for file, columns in groupby(found, key=lambda row: str(row[0])):
            refuse_case_duplicates(list(_top_level([(str(c), n) for _, c, n in columns])), file)
    partitioned = "true" if hive(files) else "false"
    sql = f"SELECT * FROM read_parquet({path_list(files)}, union_by_name = true, hive_partitioning = {partitioned})"
    return Opened(sql=sql, name=name, files=tuple(files), by_file=True)


def _top_level(schema: Sequence[tuple[str, int | None]]) -> Iterator[str]:
    """Names of a file's own columns; the schema is a tree, written parent first."""
    place = 1
    for _ in range(int(schema[0][1] or 0)):
        yield str(schema[place][0])
        pending = 1
        while pending:
            pending += int(schema[place][1] or 0) - 1
            place += 1
