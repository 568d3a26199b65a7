"""What DuckDB says when something goes wrong, in one line for the reader (floor 2)."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from toolkit.errors import LogError

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

#: Seconds after which work that is to end is told so again: between two queries nobody hears it.
AGAIN: Final = 0.05
_FILE: Final = re.compile(r"""file ["'](.+?)["']""", re.IGNORECASE)


@contextmanager
def reading(name: str, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Turn DuckDB's errors into ``LogError`` while the source ``name`` is read, and its answer to Ctrl-C into Ctrl-C.

    After Ctrl-C the query is ended: DuckDB's other threads would go on with it, and closing would wait for them.

    Raises:
        LogError: the source cannot be read; the message says what to do.
    """
    import duckdb

    try:
        yield
    except (KeyboardInterrupt, duckdb.InterruptException):
        connection.interrupt()
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise read_error(error, name) from None
    except RuntimeError as error:
        if "interrupted" in str(error):
            connection.interrupt()
            raise KeyboardInterrupt from None
        raise


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """Do ``work`` on a connection so that Ctrl-C ends it at once: DuckDB 2.0 heeds no signal while a query runs.

    Signals reach the main thread alone, so it waits while another one works, and ends that one: a query, or Python
    between two of them, within milliseconds, the look at all of a large JSON file within seconds.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    found: list[T] = []
    failed: list[BaseException] = []
    done = threading.Event()  # Ctrl-C while it is joined has Python 3.11 take a thread for one that has ended

    def do() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            failed.append(error)
        finally:
            done.set()

    worker = threading.Thread(target=do, name="rows")
    worker.start()
    try:
        done.wait()
    except KeyboardInterrupt:
        while worker.is_alive():
            connection.interrupt()
            _end(worker)
            done.wait(AGAIN)
        connection.interrupt()  # DuckDB's own threads too, for which closing would wait
        raise
    if failed:
        raise failed[0]
    return found[0]


def _end(thread: threading.Thread) -> None:
    """Have a thread leave what Python it runs; it says nothing then, not even where it had just come to its end."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


def part_done(connection: duckdb.DuckDBPyConnection) -> float | None:
    """Tell which part of the running query is done, 0 to 1; ``None`` where none runs or nobody knows."""
    import duckdb

    try:
        percent = float(connection.query_progress())
    except duckdb.Error:  # it was closed meanwhile
        return None
    return percent / 100 if 0 <= percent < 100 else None


def read_error(error: Exception, name: str) -> LogError:
    """Turn an error of DuckDB into one line for the reader."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    # of several files DuckDB names the one that failed
    if (named := _FILE.search(text)) and Path(named[1]).is_file():
        name = named[1]
    if type(error).__name__ == "OutOfMemoryException":
        return LogError("the log needs more memory than it may use", where=name, fix="give a higher --memory")
    if "already closed" in text:
        return LogError("the log was closed", where=name, fix="ask while it is open, or read it again")
    if "o files found" in text:
        return LogError("there is no such file", where=name, fix="check the path")
    if "magic bytes" in text or "too small to be a Parquet" in text or "Invalid thrift" in text or "TProtocol" in text:
        return LogError(
            "the Parquet file is damaged or only half written", where=name, fix="write it again, then retry"
        )
    if "Could not set lock" in text:
        return LogError(
            "the database is open for writing in another process", where=name, fix="close it there, or export the table"
        )
    if "CSV Parser state machine" in text:
        return LogError("its lines end in more than one way", where=name, fix="write LF or CR LF throughout")
    if "ermission denied" in text:
        return LogError("the file may not be read", where=name, fix="give yourself the right to read it")
    return LogError(f"the log cannot be read: {text[:300]}", where=name, fix="check that the file is whole")
