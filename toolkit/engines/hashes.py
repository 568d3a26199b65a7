"""What a log's content was, as a hash (floor 2), so that a number can be traced to the very rows it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def file_sha256(file: Path) -> str:
    """Hash a file's bytes.

    Raises:
        LogError: it cannot be read.

    """
    from toolkit.errors import LogError

    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise LogError(f"the file cannot be read: {reason}", where=str(file), fix="check the path") from None


def content_sha256(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> str:
    """Hash the rows of the view ``raw``: names and values in order, independent of chunking and of the file format.

    A database file is never opened for this: closing it would drop DuckDB's lock on it (facts/engine.md 0.2).
    """
    digest = hashlib.sha256("\0".join(columns).encode())
    row = ", ".join(f"{c}" for c in columns)
    cursor = connection.execute(f"SELECT CAST(md5(CAST(ROW({row}) AS VARCHAR)) AS VARCHAR) FROM raw")
    while block := cursor.fetchmany(50_000):
        digest.update("".join(str(r[0]) for r in block).encode())
    return digest.hexdigest()
