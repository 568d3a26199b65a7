"""A stranger's SELECT over a log (floor 2): one statement, nothing within reach but the log's own files, and a limit.

The SQL may have come with an incident from elsewhere. DuckDB has no walls between SQL and the machine, so they are put
up first: only the files that the log is read from can be opened, nothing is loaded, and no setting changes again. A
SELECT cannot write. The instance cannot be opened up afterwards, so it is the last thing that is asked of it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.errors import LogError
from toolkit.sql.connect import literal

if TYPE_CHECKING:
    import duckdb

Answer = tuple[tuple[str, ...], list[tuple[Any, ...]]]


def ask(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], sql: str, *, rows: int, seconds: float) -> Answer:
    """Answer one SELECT over the views ``log`` (the columns as they are named) and ``rows`` (by their roles).

    Raises:
        LogError: it is no single SELECT, reaches for something else, fails, or takes longer than ``seconds``.

    """
    import duckdb

    paths = ", ".join(literal(str(name)) for file in files for name in dict.fromkeys((file, file.absolute())))
    timer = threading.Timer(seconds, connection.interrupt)
    try:
        connection.execute("CREATE OR REPLACE VIEW log AS SELECT * FROM raw")
        connection.execute(f"SET allowed_paths = [{paths}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        kinds = [statement.type for statement in connection.extract_statements(sql)]
        if kinds != [duckdb.StatementType.SELECT]:
            named = ", ".join(kind.name for kind in kinds) or "nothing"
            raise LogError(f"only a single SELECT is answered, this is {named}", fix="write one SELECT over log")
        timer.start()
        cursor = connection.execute(sql)
        return tuple(str(c[0]) for c in cursor.description or ()), cursor.fetchmany(rows)
    except duckdb.InterruptException:
        raise LogError(f"the query took longer than {seconds:g} s", fix="ask for less") from None
    except duckdb.Error as error:
        said = str(error).split("\n", 1)[0].strip()[:300]
        raise LogError(f"the query failed: {said}", fix="it may read log and rows, nothing else") from None
    finally:
        timer.cancel()
