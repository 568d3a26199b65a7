"""What a log's content was, as a hash (floor 2), so that a number can be traced to the very rows it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


#: Size, time of the content, time of the entry, device and inode of a file; times in ns.
Stamp = tuple[int, int, int, int, int]


def stamp(file: Path) -> Stamp:
    """Give what changes with a file's content: anybody can set the time of the content, nobody that of the entry.

    Raises:
        OSError: there is no such file.

    """
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_dev, found.st_ino


def stamp_of(told: Any) -> Stamp:
    """Read a stamp that was written down.

    Raises:
        ValueError: it is none.

    """
    size, content, entry, device, inode = map(int, told)
    return size, content, entry, device, inode


def changed(one: Stamp) -> float:
    """Give when a file was last changed by its stamp, in seconds since 1970."""
    return max(one[1], one[2]) / 1e9


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
