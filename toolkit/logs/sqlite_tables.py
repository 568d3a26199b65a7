"""Tables of a SQLite file (floor 2), as ``file.db::table``: copied in blocks, since no extension is fetched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote as url_quote

from toolkit.errors import LogError
from toolkit.logs.formats import Opened, refuse_case_duplicates
from toolkit.logs.parquet_files import path_list

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch

_BLOCK: Final = 50_000
#: Columns that are looked at in one query: SQLite gives at most 2,000 answers.
_AT_ONCE: Final = 500
#: Steps of SQLite's after which Python may end what it does: it heeds nothing else while a query runs.
_STEPS: Final = 100_000


def open_sqlite(
    connection: duckdb.DuckDBPyConnection,  # noqa: ARG001  (every format is opened alike)
    file: Path,
    table: str,
    scratch: Scratch,
) -> Opened:
    """Copy a SQLite table or view to Parquet, block by block, and open that.

    Raises:
        LogError: there is no such table, or the file is locked or damaged.

    """
    import pyarrow.parquet as pq

    where = f"{file}::{table}"
    written = []
    try:
        database = sqlite3.connect(f"file:{url_quote(str(file))}?mode=ro", uri=True, timeout=5)
        database.set_progress_handler(lambda: 0, _STEPS)
        try:
            for number, block in zip(count(), _blocks(database, file, table), strict=False):
                target = scratch.file(f"sqlite-{number:06d}.parquet")
                pq.write_table(block, target)
                written.append(target)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise LogError(f"the SQLite file cannot be read: {error}", where=where, fix="close its writer, retry") from None
    if not written:
        raise LogError("the table has no rows", where=where, fix="fill it first")
    sql = f"SELECT * FROM read_parquet({path_list(written)}, union_by_name = true)"
    return Opened(sql=sql, name=where, files=(file,), is_database=True)


def _blocks(database: sqlite3.Connection, file: Path, table: str) -> Iterator[Any]:
    """Give the table as Arrow tables; each column numbers where all its values are, else text."""
    import pyarrow as pa

    tables = [
        str(r[0]) for r in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 1")
    ]
    if table not in tables:
        names = ", ".join(tables[:12]) or "none"
        raise LogError(f"the database has no table {table!r}", where=str(file), fix=f"its tables are: {names}")
    escaped = table.replace('"', '""')
    kinds = _kinds(database, escaped)
    refuse_case_duplicates(list(kinds), f"{file}::{table}")
    rows = database.execute(f'SELECT * FROM "{escaped}"')
    types = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string()}
    schema = pa.schema([(name, types[kind]) for name, kind in kinds.items()])
    while block := rows.fetchmany(_BLOCK):
        columns = list(zip(*block, strict=True))
        arrays = [
            pa.array([_value(v, kind) for v in column], types[kind])
            for column, kind in zip(columns, kinds.values(), strict=True)
        ]
        yield pa.Table.from_arrays(arrays, schema=schema)


def _kinds(database: sqlite3.Connection, escaped: str) -> dict[str, str]:
    """SQLite types values, not columns: what all values of each column are."""
    names = [str(d[0]) for d in database.execute(f'SELECT * FROM "{escaped}" LIMIT 0').description]
    kinds = {}
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        asked = []
        for column in ('"' + name.replace('"', '""') + '"' for name in some):
            asked += [f"max(typeof({column}) = '{kind}')" for kind in ("integer", "real")]
            asked += [f"max(typeof({column}) IN ('text', 'blob'))"]
        has = database.execute(f'SELECT {", ".join(asked)} FROM "{escaped}"').fetchone()
        for place, name in enumerate(some):
            whole, broken, other = has[3 * place : 3 * place + 3]
            kinds[name] = "text" if other or not (whole or broken) else "real" if broken else "integer"
    return kinds


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "text":
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return float(value) if kind == "real" else value
