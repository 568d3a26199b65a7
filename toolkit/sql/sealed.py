"""One SELECT over tables that are handed in, with nothing else within reach (floor 1).

The query gets an instance of its own that holds copies of these tables: no files, no extensions, no variables of the
calling Python, settings locked, and limits on time, memory and rows.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError
from toolkit.sql.connect import connect, quote

if TYPE_CHECKING:
    import pandas as pd


class QueryRan(LogError):
    """The query read rows before it failed, so that what it says may tell of them."""


Answer = tuple[tuple[str, ...], list[tuple[Any, ...]]]

_MEMORY_MB: Final = 512


def ask_tables(tables: Mapping[str, pd.DataFrame], text: str, *, rows: int = 10_000, seconds: float = 10.0) -> Answer:
    """Answer one SELECT over the tables: the columns' names and the rows; times in UTC, without a zone.

    Raises:
        LogError: it is no single SELECT, or names anything but these tables; no row was read.
        QueryRan: it fails while it runs, gives more than ``rows`` rows or takes longer than ``seconds``.
    """
    import duckdb

    with contextlib.closing(connect(memory_mb=_MEMORY_MB, threads=1)) as own:
        for name, frame in tables.items():
            own.register("handed_in", _plain(frame))
            own.execute(f"CREATE TABLE {quote(name)} AS FROM handed_in")
            own.unregister("handed_in")
        for setting in ("python_enable_replacements = false", "temp_directory = ''", "enable_external_access = false"):
            own.execute(f"SET {setting}")
        own.execute("SET lock_configuration = true")
        timer = threading.Timer(seconds, own.interrupt)
        timer.start()
        try:
            kinds = [statement.type for statement in own.extract_statements(text)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise LogError("only a single SELECT is answered", fix="write one SELECT")
            cursor = own.execute(text)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            found = cursor.fetchmany(rows + 1)
        except duckdb.InterruptException:
            raise QueryRan(f"the query took longer than {seconds:g} s", fix="ask for less") from None
        except duckdb.Error as error:
            said = str(error).split("\n", 1)[0].strip()[:300]
            before = (
                duckdb.ParserException,
                duckdb.BinderException,
                duckdb.CatalogException,
                duckdb.PermissionException,
            )
            refused = LogError if isinstance(error, before) else QueryRan
            raise refused(f"the query failed: {said}", fix=f"the tables are: {', '.join(tables)}") from None
        finally:
            timer.cancel()
    if len(found) > rows:
        raise QueryRan(f"the query gives more than {rows:,} rows", fix="add a LIMIT, or ask for totals")
    return columns, found


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Write times as UTC without a zone, so that they come back as plain times."""
    zoned = frame.select_dtypes("datetimetz").columns
    return frame.assign(**{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned})
