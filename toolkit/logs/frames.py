"""Tables in memory and Arrow datasets (floor 2): pandas, polars and Arrow; large ones are scanned without a copy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError
from toolkit.logs.formats import Opened, refuse_case_duplicates
from toolkit.logs.pandas_columns import holds_texts, plain_columns

if TYPE_CHECKING:
    import duckdb

#: Tables of up to this many values are copied: dozens of queries read a log, and each looks at a foreign table anew. So
#: is a larger one of pandas that holds objects of Python's: DuckDB would look at every one of them for every query.
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
    small = not _is_dataset(table) and rows * len(names) <= _COPIED
    if not small and hasattr(table, "iloc"):
        table = _by_arrow(connection, table)
    try:
        # object columns are looked at whole, or a late text in a column of numbers would fail in the middle of a scan
        connection.execute("SET pandas_analyze_sample = 1000000")
        connection.register("frame", table)
        kinds = connection.execute("DESCRIBE frame").fetchall()
    except (duckdb.Error, ValueError, TypeError) as error:
        line = str(error).splitlines()[0]
        raise LogError(f"the table cannot be read: {line}", where=where, fix="give plain columns") from None
    slow = hasattr(table, "iloc") and "object" in map(str, table.dtypes)
    read = "copied" if (small or slow) and _copied(connection, kinds) else "frame"
    return Opened(sql=f"SELECT * FROM {read}", name=where, notes=tuple(notes))


def _copied(connection: duckdb.DuckDBPyConnection, kinds: list[Any]) -> bool:
    """Copy ``frame`` into a table of DuckDB's own; tell whether it is one of the same columns and types."""
    import duckdb

    try:
        connection.execute("CREATE TABLE copied AS SELECT * FROM frame")
        return connection.execute("DESCRIBE copied").fetchall() == kinds
    except duckdb.Error:  # whoever reads the rows is told why
        return False


def _by_arrow(connection: duckdb.DuckDBPyConnection, frame: Any) -> Any:
    """Give a table of pandas as Arrow reads it, without a copy but of texts, where its types stay what they are.

    Of its own accord DuckDB would turn every text into one of Python's, for every query.
    """
    import duckdb
    import pyarrow as pa

    objects = [str(kind) == "object" for kind in frame.dtypes]
    if not all(holds_texts(frame.iloc[:, place]) for place, held in enumerate(objects) if held):
        return frame
    others = [place for place, held in enumerate(objects) if not held]
    try:
        made = pa.Table.from_pandas(frame, preserve_index=False)
        kinds = [
            connection.from_arrow(made.slice(0, 1).select(others)).types if others else [],
            connection.from_df(frame.iloc[:1, others]).types if others else [],
        ]
    except (duckdb.Error, pa.ArrowException, TypeError, ValueError):
        return frame
    return made if kinds[0] == kinds[1] else frame


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
        if any(not isinstance(c, str) for c in frame.columns):
            frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
        frame, notes = plain_columns(frame)
        return _forwards(frame), notes
    import pyarrow as pa

    if isinstance(frame, pa.Table) or _is_dataset(frame):
        return frame, []  # a dataset is read file by file, only the columns that are asked for
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return _of_polars(frame) or pa.table(frame), []
        except (pa.ArrowException, TypeError, ValueError) as error:
            if hasattr(frame, "columns"):  # else it is a single column
                raise LogError(f"the table cannot be read: {error}", where=where, fix="give plain columns") from None
    fix = "collect() it first" if hasattr(frame, "collect") else "give a path, a DataFrame or an Arrow table"
    raise LogError("this is no log", where=where, fix=fix)


def _of_polars(frame: Any) -> Any:
    """Give a polars DataFrame as it lies in memory, and nothing of others; its stream would join its chunks first."""
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(frame, polars.DataFrame):
        return None
    return frame.to_arrow(compat_level=polars.CompatLevel.newest())
