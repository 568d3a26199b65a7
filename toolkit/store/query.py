"""A user's SQL over the record (floor 2): read-only, one statement, nothing but the record within reach.

DuckDB has no walls between its SQL and the machine, so the query gets an instance of its own with a copy of the record
in memory, no file system, no extensions, its settings locked, and limits on time, memory and rows. The copy takes
milliseconds; the store is let go before the query runs, so that no query keeps a writer waiting.
"""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import StoreError
from toolkit.sql.connect import connect, quote
from toolkit.store.attach import Place, attach_file
from toolkit.store.ready import fill
from toolkit.store.replay import dump
from toolkit.store.server import Server
from toolkit.store.session import Session, insert_rows
from toolkit.store.views import VIEWS
from toolkit.store.work import holding, read

if TYPE_CHECKING:
    import duckdb

Answer = tuple[tuple[str, ...], list[tuple[Any, ...]]]

#: A query may take this much.
SECONDS: Final = 10.0
MEMORY_MB: Final = 512
ROWS: Final = 100_000


def query(place: Place, text: str, *, rows: int = ROWS, seconds: float = SECONDS) -> Answer:
    """Answer one SELECT over the documented views: the columns' names and the rows; times aware, in UTC.

    Raises:
        StoreError: it is no single SELECT, names something else than the views, gives more than ``rows``
            rows,
            or takes longer than ``seconds``; the message says which.

    """
    read(place, lambda session: session.count("migrations"))  # brings an older store up to date, or says why not
    if isinstance(place, Server):
        return _from_server(place, text, rows, seconds)
    with contextlib.closing(connect(memory_mb=MEMORY_MB, threads=1)) as own:
        if not place.database.exists():
            own.execute("ATTACH ':memory:' AS record")
            own.execute("USE record")
            fill(own)
            own.execute("USE memory")
            return _ask(own, text, rows, seconds)
        own.execute("ATTACH ':memory:' AS record")
        with holding(place, exclusive=False):
            attach_file(own, place.database, "disk", read_only=True, wait=place.wait)
            own.execute("COPY FROM DATABASE disk TO record").fetchall()
            own.execute("DETACH disk")
        return _ask(own, text, rows, seconds)


def _from_server(place: Server, text: str, rows: int, seconds: float) -> Answer:
    """Answer over a copy of the server's rows: the same SQL, and the server never sees it."""
    tables = read(place, dump)
    with contextlib.closing(connect(memory_mb=MEMORY_MB, threads=1)) as own:
        own.execute("ATTACH ':memory:' AS record")
        own.execute("USE record")
        fill(own)
        session = Session(own)
        own.execute("DELETE FROM migrations")
        for name, found in tables.items():
            insert_rows(session, name, list(found.values()))
        own.execute("USE memory")
        return _ask(own, text, rows, seconds)


def _ask(own: duckdb.DuckDBPyConnection, text: str, rows: int, seconds: float) -> Answer:
    import duckdb

    for view in VIEWS:
        own.execute(f"CREATE VIEW {quote(view.name)} AS {view.query}")
    own.execute("SET temp_directory = ''")
    own.execute("SET enable_external_access = false")
    own.execute("SET lock_configuration = true")
    timer = threading.Timer(seconds, own.interrupt)
    timer.start()
    try:
        _only_select(own, text)
        cursor = own.execute(text)
        columns = tuple(str(column[0]) for column in cursor.description or ())
        found = cursor.fetchmany(rows + 1)
    except duckdb.InterruptException:
        raise StoreError(f"the query took longer than {seconds:g} s", fix="ask for less") from None
    except duckdb.Error as error:
        raise _said(error) from None
    finally:
        timer.cancel()
    if len(found) > rows:
        raise StoreError(f"the query gives more than {rows} rows", fix="add a LIMIT, or ask for totals")
    return columns, [tuple(map(_aware, row)) for row in found]


def _only_select(own: duckdb.DuckDBPyConnection, text: str) -> None:
    import duckdb

    kinds = [statement.type for statement in own.extract_statements(text)]
    if kinds != [duckdb.StatementType.SELECT]:
        named = ", ".join(kind.name for kind in kinds) or "nothing"
        raise StoreError(f"only a single SELECT is answered, this is {named}", fix="write one SELECT")


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _said(error: Exception) -> StoreError:
    """Keep the first line of what DuckDB says; name the views where a table is missed."""
    first = str(error).split("\n", 1)[0].strip()[:300]
    if "pytz" in str(error):
        return StoreError("a time with a zone cannot be given", fix="cast it, e.g. CAST(now() AS TIMESTAMP)")
    if "does not exist" in first and "Table" in first:
        return StoreError(first, fix=f"the views are: {', '.join(view.name for view in VIEWS)}")
    return StoreError(f"the query failed: {first}", fix="only the store's own views can be read")
