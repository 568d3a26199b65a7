"""One ``connect()``, one way to quote (floor 1).

Values are bound wherever DuckDB lets them be; a view cannot hold a bound value, so ``literal`` writes one out there.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def quote(identifier: str) -> str:
    """Write a column, table or view name for SQL, whatever characters it has.

    Raises:
        ValueError: the name is empty or has a NUL in it, which DuckDB cannot hold; rename the column.

    """
    if not identifier or "\0" in identifier:
        msg = f"a name in SQL must not be empty and must not hold NUL: {identifier!r}"
        raise ValueError(msg)
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str | int | float | bool | None) -> str:
    """Write a value for the text of a view; everywhere else bind it.

    Raises:
        ValueError: a text with a NUL in it.

    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if "\0" in value:
        msg = f"a text in SQL must not hold NUL: {value!r}"
        raise ValueError(msg)
    return "'" + value.replace("'", "''") + "'"


def connect(*, memory_mb: int | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a private in-memory DuckDB: UTC, no extension from anywhere, rows in their order, no progress bar.

    Args:
        memory_mb: megabytes that DuckDB may use before it spills to the machine's folder for temporary files; default
            is DuckDB's own, 80 % of the machine.
        threads: default is one per core.

    """
    import duckdb

    # DuckDB would spill into the working folder; the folder is made only when it spills, and removed when it closes
    spill = Path(tempfile.gettempdir()) / f"ml-postmortem-spill-{os.getpid()}-{secrets.token_hex(4)}"
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "preserve_insertion_order": True,
        "temp_directory": str(spill),
    }
    if memory_mb is not None:
        config["memory_limit"] = f"{int(memory_mb)}MiB"
    if threads is not None:
        config["threads"] = int(threads)
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection
