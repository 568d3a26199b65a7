"""Rows in DuckDB, where they lie (floor 2): open a source, run SQL over it, hand back Arrow tables.

``raw`` is the source as it is, ``rows`` the cleaned rows with canonical names (``toolkit.logs.clean``). Nothing is read
but what a query asks for; text formats are turned into Parquet in a private folder once, since reading them again costs
seven times as much.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import warnings
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from toolkit.errors import LogError
from toolkit.sql import connect, quote

if TYPE_CHECKING:
    from types import TracebackType

    import duckdb

    from toolkit.logs.formats import Opened


_FILE: Final = re.compile(r"""file ["'](.+?)["']""", re.IGNORECASE)


class DuckRows:
    """Rows of one source in a private in-memory DuckDB; close it, or use it in a ``with``, to remove what it made."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, opened: Opened, scratch: Scratch) -> None:
        self._connection, self._scratch = connection, scratch
        self._one_at_a_time = threading.RLock()
        self.opened = opened
        self.name = opened.name
        self.files = opened.files
        self.run(f"CREATE OR REPLACE VIEW raw AS {opened.sql}")
        described = self.fetch("DESCRIBE raw")
        self.columns: dict[str, str] = {str(row[0]): str(row[1]) for row in described}

    @classmethod
    def open(cls, source: Any, *, memory_mb: int | None = None, threads: int | None = None) -> Self:
        """Open a source.

        Args:
            source: a file, a glob or a folder (Hive-partitioned too) of Parquet, CSV or JSONL, ``file.duckdb::table``,
                ``file.sqlite::table``, a pandas or polars DataFrame, or an Arrow table.
            memory_mb: megabytes that DuckDB may use; default a quarter of the machine's.
            threads: default one per core.

        Raises:
            LogError: there is no such source, or it cannot be read; the message says what to do.

        """
        from toolkit.logs.formats import open_source

        connection = connect(memory_mb=memory_mb or _quarter_mb(), threads=threads)
        scratch = Scratch()
        try:
            return cls(connection, open_source(source, connection, scratch), scratch)
        except BaseException:
            connection.close()
            scratch.remove()
            raise

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement that gives no rows.

        Raises:
            LogError: DuckDB refuses it.

        """
        self.fetch(sql, params)

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL and give its rows as tuples; for small answers. Times in UTC must be TIMESTAMP, not TIMESTAMPTZ.

        Raises:
            LogError: the source cannot be read (any more).

        """
        import duckdb

        with self._one_at_a_time:
            try:
                return self._connection.execute(sql, list(params)).fetchall()
            except duckdb.Error as error:
                raise read_error(error, self.name) from None

    def arrow(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Run SQL over ``raw`` or ``rows`` and give a ``pyarrow.Table``.

        Raises:
            LogError: the source cannot be read (any more).

        """
        import duckdb

        with self._one_at_a_time, warnings.catch_warnings():
            # bound values go by execute(), of whose copy DuckDB 2 warns: in sql() DuckDB 1.5 takes fifty times as long
            warnings.simplefilter("ignore", UserWarning)
            try:
                answer = self._connection.execute(sql, list(params)) if params else self._connection.sql(sql)
                return answer.to_arrow_table()
            except duckdb.Error as error:
                raise read_error(error, self.name) from None

    @cached_property
    def hashes(self) -> dict[str, str]:
        """sha256 of every file by its name as given; of the content where the source is no plain file."""
        from toolkit.engines.hashes import content_sha256, file_sha256

        if self.files and not self.opened.is_database:
            return {str(file): file_sha256(file) for file in self.files}
        with self._one_at_a_time:
            return {self.name: content_sha256(self._connection, [quote(c) for c in self.columns])}

    def close(self) -> None:
        """Close the connection and remove what was written on the way; calling it twice does no harm."""
        with self._one_at_a_time:
            self._connection.close()
        self._scratch.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Scratch:
    """A private folder for converted files, made when first asked for and removed at the latest at exit."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._remover: Any = None

    def file(self, name: str) -> Path:
        """Give the path of a file in the folder."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="ml-postmortem-"))
            self._remover = weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        return self._path / name

    def remove(self) -> None:
        """Remove the folder, if there is one."""
        if self._remover is not None:
            self._remover()


def read_error(error: Exception, name: str) -> LogError:
    """Turn an error of DuckDB into one line for the reader."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    # of several files DuckDB names the one that failed
    if (named := _FILE.search(text)) and Path(named[1]).is_file():
        name = named[1]
    if type(error).__name__ == "OutOfMemoryException":
        return LogError("the log needs more memory than it may use", where=name, fix="give a higher --memory")
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
    if "ermission denied" in text:
        return LogError("the file may not be read", where=name, fix="give yourself the right to read it")
    return LogError(f"the log cannot be read: {text[:300]}", where=name, fix="check that the file is whole")


def _quarter_mb() -> int:
    import os

    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1024
    return int(max(512, total // 4 // 2**20))
