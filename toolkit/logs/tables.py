"""Tables of a DuckDB file (floor 2), as ``file.duckdb::table``; opened for reading alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.engines.reading import reading
from toolkit.errors import LogError
from toolkit.logs.formats import Opened, first_bytes
from toolkit.sql import literal, quote

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch


def open_table(connection: duckdb.DuckDBPyConnection, text: str, scratch: Scratch) -> Opened:
    """Open ``file::table`` or ``file::schema.table`` of a DuckDB or SQLite file.

    Raises:
        LogError: there is no such file or table, or another process holds it.

    """
    file_text, _, table = text.rpartition("::")
    file = Path(file_text).expanduser()
    if not file.is_file():
        raise LogError("there is no such database file", where=file_text, fix="check the path before the ::")
    head = first_bytes(file, 16)
    if head.startswith(b"SQLite format 3"):
        from toolkit.logs.sqlite_tables import open_sqlite

        return open_sqlite(connection, file, table, scratch)
    if head[8:12] != b"DUCK":
        raise LogError("this is no database of DuckDB or SQLite", where=file_text, fix="name the file without the ::")
    with reading(file_text, connection):
        connection.execute(f"ATTACH {literal(str(file))} AS source (READ_ONLY)")
        found = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'source' ORDER BY ALL"
        ).fetchall()
    for schema, name in found:
        if table in {name, f"{schema}.{name}"}:
            sql = f"SELECT * FROM source.{quote(schema)}.{quote(name)}"
            return Opened(sql=sql, name=text, files=(file,), is_database=True)
    names = ", ".join(n if schema == "main" else f"{schema}.{n}" for schema, n in found[:12]) or "none"
    raise LogError(f"the database has no table {table!r}", where=file_text, fix=f"its tables are: {names}")
