"""Attaching the file (floor 2), and saying in one line what went wrong when it will not be attached or written.

The lock of ``lock.py`` must be held around every attachment; somebody's plain DuckDB client does not know
it, and is waited for here, then named.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.errors import StoreBusy, StoreError
from toolkit.sql.connect import literal, quote
from toolkit.store.process import cursor, drop_memory, new_name
from toolkit.store.undisturbed import undisturbed

if TYPE_CHECKING:
    import duckdb

DATABASE: Final = "incidents.duckdb"

#: Seconds to wait for a client that holds the file without knowing our lock.
_FOREIGN_WAIT: Final = 10.0

_FULL: Final = re.compile(r"no space left|disk quota|file too large|could not write all bytes|max_temp_directory", re.I)
_BROKEN: Final = re.compile(
    r"not a valid duckdb|corrupt|checksum|could not read enough|deserializ|serialization error|invalidated"
    r"|internal error",
    re.I,
)


@dataclass(frozen=True)
class Place:
    """Where a store lies: its folder, which holds the database file and its sidecars; and how long to wait for it."""

    folder: Path
    wait: float = 30.0

    @property
    def database(self) -> Path:
        """The database file; never opened but by DuckDB, for that would drop DuckDB's own lock."""
        return self.folder / DATABASE


@contextlib.contextmanager
def attached(place: Place, *, read_only: bool, database: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach the store's file (or another one) to this process's DuckDB, and give a cursor that looks into it.

    Raises:
        StoreBusy: a client without the lock holds the file for longer than a while.
        StoreError: the file is damaged, of a newer DuckDB, or cannot be made.

    """
    path = database or place.database
    own, name = cursor(), new_name()
    try:
        if not _at_once(own, path, name, read_only):
            # our lock is held, so what this process still holds an interrupt left behind: let go of it, then wait
            _drop(own)
            gc.collect()  # an instance forgotten before it was closed lives on in a circle of the interrupt's frames
            own, name = cursor(), new_name()
            attach_file(own, path, name, read_only, min(place.wait, _FOREIGN_WAIT))
    except StoreError:
        own.close()  # it was not attached, so there is nothing to let go
        raise
    except BaseException:
        _detach(own, name)
        raise
    try:
        own.execute(f"USE {quote(name)}")
        yield own
    finally:
        _detach(own, name)


def _at_once(own: duckdb.DuckDBPyConnection, path: Path, name: str, read_only: bool) -> bool:
    """Attach a file that nobody holds; whether it was. No error outlives this: its frames would hold connections."""
    try:
        attach_file(own, path, name, read_only, 0.0)
    except StoreBusy:
        return False
    return True


def attach_file(own: duckdb.DuckDBPyConnection, path: Path, name: str, read_only: bool, wait: float) -> None:
    """Attach a file under a name to some DuckDB; a client without the lock is waited for, then named."""
    import duckdb

    # v1.0.0 is a storage that every supported DuckDB reads and writes: a way back from a newer one costs nothing
    how = "READ_ONLY" if read_only else "" if path.exists() else "STORAGE_VERSION 'v1.0.0'"
    statement = f"ATTACH {literal(str(path))} AS {quote(name)}" + (f" ({how})" if how else "")
    deadline = time.monotonic() + wait
    while True:
        try:
            with undisturbed():
                own.execute(statement)
            return
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            text = str(error)
            foreign = "Could not set lock" in text or "Unique file handle conflict" in text
            if not foreign:
                raise translated(error, path) from None
            if time.monotonic() >= deadline:
                raise StoreBusy(
                    f"{_who(text)} holds the file with a plain DuckDB client",
                    where=str(path),
                    fix="close that client",
                ) from None
            time.sleep(0.05)


def _who(text: str) -> str:
    found = re.search(r"PID (\d+)", text)
    return f"process {found.group(1)}" if found else "this process"


def _detach(own: duckdb.DuckDBPyConnection, name: str) -> None:
    """Let the file go; if DuckDB cannot (a disk that filled up), drop the whole instance, which lets go of it too.

    An interrupt in here must not leave the file attached either: no later session of this process could attach it.
    """
    import duckdb

    with undisturbed():
        try:
            with contextlib.suppress(duckdb.TransactionException):
                own.execute("ROLLBACK")
            own.execute("USE memory")
            own.execute(f"DETACH {quote(name)}")
            own.close()
        except duckdb.Error:
            _drop(own)
        except BaseException:
            _drop(own)
            raise


def _drop(own: duckdb.DuckDBPyConnection) -> None:
    own.close()
    drop_memory()


def interrupted(error: BaseException) -> bool:
    """Say whether an error is DuckDB's word for Ctrl-C during a statement."""
    return isinstance(error, RuntimeError) and "interrupted" in str(error).lower()


def translated(error: Exception, path: Path) -> StoreError:
    """Say in one line what an error of DuckDB or of the system means for the store at ``path``."""
    if isinstance(error, StoreError):
        return error
    text, where = " ".join(str(error).split()), str(path)
    if (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)) or _FULL.search(text):
        return StoreError("the disk is full: nothing was recorded", where=where, fix="make room, then do it again")
    if isinstance(error, OSError):
        return StoreError(
            f"the store cannot be used: {error.strerror}", where=where, fix="check the disk and the folder"
        )
    if "can only read versions between" in text or "newer version of DuckDB" in text:
        return StoreError(
            "the store was written by a newer DuckDB", where=where, fix="install that DuckDB, or a newer one"
        )
    if "Permission denied" in text or "Read-only file system" in text:
        return StoreError("the store may not be opened here", where=where, fix="make the file and its folder writable")
    if "read-only mode" in text:
        return StoreError("the store is open for reading only", where=where, fix="make the folder writable")
    if _BROKEN.search(text):
        return StoreError("the database file is damaged", where=where, fix="run `postmortem store repair`")
    return StoreError(f"the store cannot be used: {text[:300]}", where=where, fix="run `postmortem store check`")
