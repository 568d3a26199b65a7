"""Tables in memory and Arrow datasets (floor 2): pandas, polars and Arrow; large ones are scanned without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError
from toolkit.logs.formats import Opened, refuse_case_duplicates

if TYPE_CHECKING:
    import duckdb

#: Tables of up to this many values are copied: dozens of queries read a log, and each looks at a foreign table anew.
_COPIED: Final = 1_000_000


def open_frame(connection: duckdb.DuckDBPyConnection, frame: Any) -> Opened:
    """Open a pandas or polars DataFrame, an Arrow table or dataset, or anything that exports an Arrow stream.

    Raises:
        LogError: it is none of these, has no rows or columns, or two columns of one name.

    """
    import duckdb

    where = f"{type(frame).__module__.split('.')[0]} {type(frame).__name__}"
    table, notes = _as_table(frame, where)
    if _is_dataset(table):
        names, rows = table.schema.names, table.head(1).num_rows
    else:
        names, rows = (table.column_names if hasattr(table, "column_names") else table.columns), len(table)
    names = [str(c) for c in names]
    if not names or not rows:
        raise LogError("the table has no rows", where=where, fix="fill it first")
    refuse_case_duplicates(names, where)
    try:
        # object columns are looked at whole, or a late text in a column of numbers would fail in the middle of a scan
        connection.execute("SET pandas_analyze_sample = 1000000")
        connection.register("frame", table)
        kinds = connection.execute("DESCRIBE frame").fetchall()
    except (duckdb.Error, ValueError, TypeError) as error:
        line = str(error).splitlines()[0]
        raise LogError(f"the table cannot be read: {line}", where=where, fix="give plain columns") from None
    small = not _is_dataset(table) and rows * len(names) <= _COPIED
    read = "copied" if small and _copied(connection, kinds) else "frame"
    return Opened(sql=f"SELECT * FROM {read}", name=where, notes=tuple(notes))


def _copied(connection: duckdb.DuckDBPyConnection, kinds: list[Any]) -> bool:
    """Copy ``frame`` into a table of DuckDB's own; tell whether it is one of the same columns and types."""
    import duckdb

    try:
        connection.execute("CREATE TABLE copied AS SELECT * FROM frame")
        return connection.execute("DESCRIBE copied").fetchall() == kinds
    except duckdb.Error:  # whoever reads the rows is told why
        return False


def _is_dataset(frame: Any) -> bool:
    return hasattr(frame, "scanner") and hasattr(frame, "schema")


def _forwards(frame: Any) -> Any:
    """Give a pandas table whose columns lie forwards in memory: of one that was turned round DuckDB reads nothing."""
    columns = [frame.iloc[:, i].array for i in range(frame.shape[1])]
    held = [getattr(column, "_ndarray", None) for column in columns]
    if all(h is None or h.strides[0] >= 0 for h in held):
        return frame
    made = type(frame)({i: column.copy() for i, column in enumerate(columns)})
    return made.set_axis(list(frame.columns), axis=1)


def _as_table(frame: Any, where: str) -> tuple[Any, list[str]]:
    """Give what DuckDB reads, and say what was made of columns that it does not know."""
    if hasattr(frame, "iloc") and hasattr(frame, "columns"):
        from toolkit.logs.pandas_columns import plain_columns

        if any(not isinstance(c, str) for c in frame.columns):
            frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
        frame, notes = plain_columns(frame)
        return _forwards(frame), notes
    import pyarrow as pa

    if isinstance(frame, pa.Table) or _is_dataset(frame):
        return frame, []  # a dataset is read file by file, only the columns that are asked for
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return pa.table(frame), []
        except (pa.ArrowException, TypeError, ValueError):
            pass  # a single column
    raise LogError("this is no log", where=where, fix="give a path, a glob, a folder, a DataFrame or an Arrow table")
