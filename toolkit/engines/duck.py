"""Rows in DuckDB, where they lie (floor 2): open a source, run SQL over it, hand back Arrow tables.

``raw`` is the source as it is, ``rows`` the cleaned rows with canonical names (``toolkit.logs.clean``). Nothing is read
but what a query asks for; text formats are turned into Parquet in a private folder once, since reading them again costs
seven times as much.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from toolkit.engines.reading import interruptible, part_done, reading
from toolkit.engines.rows import one_part
from toolkit.engines.views import READ_FROM, with_views
from toolkit.errors import LogError
from toolkit.sql import DUCKDB, connect, quote

if TYPE_CHECKING:
    from types import TracebackType

    import duckdb

    from toolkit.engines.draw import Draw
    from toolkit.engines.kept import Kept
    from toolkit.engines.parts import Lies, Parts
    from toolkit.logs.formats import Opened


#: The variable of the environment that says how many megabytes queries over a log may use, and the least of them.
MEMORY: Final = "POSTMORTEM_MEMORY"
LEAST_MB: Final = 64
#: Objects within objects beyond this depth stay what they are, and are no features.
_DEEPEST: Final = 3


#: Somebody who looks on: given, once, what tells the part of the running scan that is done.
Watch = Callable[[Callable[[], float | None]], None]


class DuckRows:
    """Rows of one source in a private in-memory DuckDB; close it, or use it in a ``with``, to remove what it made."""

    dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection, opened: Opened, scratch: Scratch, memory_mb: int) -> None:
        self._connection, self._scratch, self._memory_mb = connection, scratch, memory_mb
        self._one_at_a_time = threading.RLock()
        self.opened = opened
        self._parts: Parts | None = None
        #: SELECTs by our name for them, but that of ``raw``.
        self._views: dict[str, str] = {}
        self._raw = ""
        #: The view that was narrowed, and what holds of its rows.
        self._narrowed, self._first = "", ""
        self._flattened = False
        self.name = opened.name
        self.files = opened.files
        self.define("raw", opened.sql)
        self.columns = self._describe()
        if any(_is_object(kind) for kind in self.columns.values()):
            self._flatten()

    @classmethod
    def open(
        cls,
        source: Any,
        *,
        memory_mb: int | None = None,
        threads: int | None = None,
        watch: Watch | None = None,
        kept: Kept | None = None,
    ) -> Self:
        """Open a source.

        Args:
            source: a file, a glob or a folder (Hive-partitioned too) of Parquet, CSV or JSONL, ``file.duckdb::table``,
                ``file.sqlite::table``, a pandas or polars DataFrame, or an Arrow table.
            memory_mb: megabytes that queries may use before they spill to the folder for temporary files; default is
                the environment's POSTMORTEM_MEMORY, else a quarter of the machine's. What spilled is removed on close.
            threads: default one per core.
            watch: given what tells how far the scan is that runs now, 0 to 1, or ``None`` while none does.
            kept: answers of an earlier reading, which those of this one join; Parquet files alone have any.

        Raises:
            LogError: there is no such source, or it cannot be read; the message says what to do.

        """
        from toolkit.logs.formats import open_source

        memory_mb = memory_mb or usual_memory_mb()
        connection = connect(memory_mb=memory_mb, threads=threads)
        _for_scans(connection)
        if watch is not None:
            connection.execute("SET enable_progress_bar = true")
            connection.execute("SET enable_progress_bar_print = false")
            watch(lambda: part_done(connection))
        scratch = Scratch()
        try:
            opened = interruptible(connection, lambda: open_source(source, connection, scratch))
            made = cls(connection, opened, scratch, memory_mb)
            if kept is not None and not made._flattened:
                from toolkit.engines.parts import parts_of

                made._parts = parts_of(made, kept, made._views)
            return made
        except BaseException:
            connection.close()
            scratch.remove()
            raise

    def _describe(self) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.fetch("DESCRIBE raw")}

    def _flatten(self) -> None:
        """Make columns of the fields of objects: features {age} becomes "features.age", three levels deep."""
        from toolkit.logs.formats import refuse_case_duplicates

        sql, self._flattened = self.opened.sql, True
        for _ in range(_DEEPEST):
            schema = self.arrow("SELECT * FROM raw LIMIT 0").schema
            parts: dict[str, str] = {}
            for column, kind in self.columns.items():
                fields = [str(f.name) for f in schema.field(column).type] if _is_object(kind) else []
                refuse_case_duplicates(fields, self.name)
                parts |= {f"{column}.{f}": f"{quote(column)}.{quote(f)}" for f in fields} or {column: quote(column)}
            refuse_case_duplicates(list(parts), self.name)
            selected = ", ".join(f"{value} AS {quote(name)}" for name, value in parts.items())
            sql = f"SELECT {selected} FROM ({sql})"
            self.define("raw", sql)
            self.columns = self._describe()
            if not any(_is_object(kind) for kind in self.columns.values()):
                return

    def read_as(self, columns: Mapping[str, str], *, instead_of: Sequence[str] = ()) -> None:
        """Read columns of ``raw`` as what SQL makes of them, which then is all that anybody sees of them.

        A column that is not there yet comes last, ``instead_of`` some that then are not there any more.

        What is kept of the files is of the columns as they stand, so nothing of it is used.

        Raises:
            LogError: DuckDB refuses it.

        """
        names = dict.fromkeys((*(c for c in self.columns if c not in instead_of), *columns))
        made = ", ".join(f"{columns[c]} AS {quote(c)}" if c in columns else quote(c) for c in names)
        self._flattened, self._parts = True, None
        self.define("raw", f"SELECT {made} FROM ({self._raw})")
        self.columns = self._describe()

    def first(self, columns: Sequence[str], most: int) -> str:
        """Give a SELECT of columns of the first rows of ``raw``."""
        return f"SELECT {', '.join(map(quote, columns))} FROM raw LIMIT {most}"

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement that gives no rows.

        Raises:
            LogError: DuckDB refuses it.

        """
        self.fetch(sql, params)

    def define(self, name: str, sql: str) -> None:
        """Give a SELECT a name of ours, by which later ones read it.

        Raises:
            LogError: DuckDB refuses it.

        """
        self.run(f"CREATE OR REPLACE VIEW {name} AS {sql}")
        if name == "raw":
            self._raw = sql
        else:
            self._views[name] = sql

    def narrow(self, name: str, condition: str, lies: Sequence[Lies] = (), first: str = "") -> None:
        """Keep the rows of a view for which a condition holds; ``lies`` tells of each part which of its rows are that.

        ``first`` is what holds of them all over columns of ``raw`` as they stand: what a file says of its pages tells
        DuckDB which of them need not be read.

        Raises:
            LogError: DuckDB refuses it.

        """
        self.run(f"ALTER VIEW {name} RENAME TO {name}_of_all_times")
        self._views[f"{name}_of_all_times"] = self._views[name]
        if self._parts is not None:
            self._parts.whole[name] = self._views[name]
            self._parts.lie(lies)
        self.define(name, f"SELECT * FROM {name}_of_all_times WHERE {condition}")
        self._narrowed, self._first = name, first

    def raw_of(self, sql: str, raw: str) -> str:
        """Give ``raw`` without rows that a query does not look at, as far as files tell."""
        alone = {name for name in READ_FROM.findall(sql) if name in {"raw", *self._views}} == {self._narrowed}
        return f"SELECT * FROM ({raw}) WHERE {self._first}" if self._first and alone else raw

    def part_by_file(self, places: Sequence[int]) -> None:
        """Make each file of some parts a part from now on."""
        if self._parts is not None and places:
            self._parts.by_file(places)

    @property
    def keeps(self) -> bool:
        """Whether answers to ``gather`` are kept, part by part."""
        return self._parts is not None

    def gather(self, sql: str, whole: str, also: Sequence[str] = ()) -> Any:
        """Ask the parts of the log, as far as their answers are not kept, and bring the answers together.

        Args:
            sql: a query over ``raw``, ``canonical`` or ``rows`` whose answers on parts of the rows add up.
            whole: what adds them up, over ``parts``: their columns, the number ``_part``, and ``_before``, how many
                rows of ``raw`` come before the part. The log is one part where nothing is kept.
            also: queries whose kept answers do as well.

        Raises:
            LogError: the source cannot be read (any more).

        """
        if self._parts is None:
            raw = self.raw_of(sql, self._raw)
            views = "" if raw == self._raw else f"{with_views(sql, raw, self._views)}, "
            return self.arrow(f"WITH {views}parts AS ({one_part(sql)}) {whole}")
        with self._one_at_a_time:
            return self.over(self._parts.answers(sql, also), whole)

    def over(self, parts: Any, sql: str) -> Any:
        """Ask an Arrow table, by the name of ``parts``."""
        with self._one_at_a_time:
            self._connection.register("parts", parts)
            try:
                return self.arrow(sql)
            finally:
                self._connection.unregister("parts")

    def draw(self, columns: Sequence[str], draw: Draw) -> Any:
        """Give canonical columns of some rows, in one order whichever columns these are.

        Raises:
            LogError: the source cannot be read (any more).

        """
        with self._one_at_a_time:
            if self._parts is not None:
                table = self._parts.drawn(columns, draw)
            else:
                table = self.drawn(draw, columns, self._stretches, self._views)
            if len(self._stretches) > 1:
                self._give_back()
            return table

    def drawn(self, draw: Draw, columns: Sequence[str], stretches: Sequence[str], views: Mapping[str, str]) -> Any:
        """Draw rows from one stretch of ``raw`` after the other.

        DuckDB works out every column of a row before it asks a view's condition, of a row that does not meet that of
        the stretch none.

        Raises:
            LogError: the source cannot be read (any more).

        """
        import pyarrow as pa

        found: list[Any] = []
        sql, some = draw.sql(columns), draw.bound is not None
        for raw in stretches:
            seen = with_views(sql, self.raw_of(sql, raw), views, draw.first)
            found.append(self.arrow(f"WITH {seen} {sql}", many=some))
            if some:
                self._give_back()
        return pa.concat_tables(found)

    def _give_back(self) -> None:
        """Have DuckDB give back memory that it holds for the next query, as it does when it is told its limit."""
        self.run(f"SET memory_limit = '{self._memory_mb}MiB'")

    @cached_property
    def _stretches(self) -> list[str]:
        """The rows of ``raw``, split where they are many."""
        from toolkit.engines.stretches import stretches

        if not self.opened.by_file or self._flattened:
            return [self._raw]
        return [f"{self._raw} WHERE {one}" for one in stretches(self, self.files)]

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL and give its rows as tuples; for small answers. Times in UTC must be TIMESTAMP, not TIMESTAMPTZ.

        Raises:
            LogError: the source cannot be read (any more).

        """
        with self._one_at_a_time, reading(self.name, self._connection):
            connection = self._connection
            return interruptible(connection, lambda: connection.execute(sql, list(params)).fetchall())

    def arrow(self, sql: str, params: Sequence[Any] = (), *, many: bool = False) -> Any:
        """Run SQL over ``raw`` or ``rows`` and give a ``pyarrow.Table``; of ``many`` rows, if that is to be expected.

        Raises:
            LogError: the source cannot be read (any more).

        """

        def answer() -> Any:
            # sql() plans every query twice, which for a small log is a quarter of all, and with bound values takes
            # fifty times as long; execute(), of whose copy DuckDB 2 warns, takes half as long again for many rows
            if many and not params:
                return self._connection.sql(sql).to_arrow_table()
            return self._connection.execute(sql, list(params)).to_arrow_table()

        with self._one_at_a_time, reading(self.name, self._connection), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return interruptible(self._connection, answer)

    def once(self, sql: str) -> Any:
        """Ask all rows at once, where answers of parts do not add up; the answer is kept until any file changes.

        Raises:
            LogError: the source cannot be read (any more).

        """
        return self.arrow(sql) if self._parts is None else self._parts.once(sql)

    def ask(self, sql: str, *, rows: int, seconds: float) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Answer a stranger's SELECT, locked down for good: nothing else can be asked of these rows afterwards.

        Raises:
            LogError: it is no single SELECT over ``log`` and ``rows``, fails, or takes longer than ``seconds``.

        """
        from toolkit.engines.asking import ask

        with self._one_at_a_time, reading(self.name, self._connection):
            connection, files = self._connection, (*self.files, *self._scratch.files)
            return interruptible(connection, lambda: ask(connection, files, sql, rows=rows, seconds=seconds))

    @cached_property
    def hashes(self) -> dict[str, str]:
        """sha256 of every file by its name as given; of the content where the source is no plain file."""
        from toolkit.engines.hashes import content_sha256, file_sha256

        if self._parts is not None:
            return {str(file): self._parts.kept.sha256(file) for file in self.files}
        if self.files and not self.opened.is_database:
            return {str(file): file_sha256(file) for file in self.files}
        with self._one_at_a_time, reading(self.name, self._connection):
            return {self.name: content_sha256(self._connection, [quote(c) for c in self.columns])}

    def interrupt(self) -> None:
        """End the query that another thread waits for, if one runs: it gets ``KeyboardInterrupt``."""
        self._connection.interrupt()

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

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were made."""
        return tuple(self._path.iterdir()) if self._path is not None else ()

    def remove(self) -> None:
        """Remove the folder, if there is one."""
        if self._remover is not None:
            self._remover()


def _for_scans(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep what Parquet files say of themselves, for many queries ask it, and not their bytes: the machine does."""
    wished = {"parquet_metadata_cache": "true", "enable_external_file_cache": "false"}
    there = connection.execute("SELECT name FROM duckdb_settings()").fetchall()
    for (name,) in there:
        if name in wished:
            connection.execute(f"SET {name} = {wished[name]}")


def _is_object(kind: str) -> bool:
    return kind.startswith("STRUCT(") and not kind.endswith("]")


def usual_memory_mb() -> int:
    """Give the megabytes that queries over a log may use where nobody says: POSTMORTEM_MEMORY, else a quarter.

    Raises:
        LogError: POSTMORTEM_MEMORY is no number of megabytes from 64 on.

    """
    import os

    said = os.environ.get(MEMORY, "").strip()
    if said:
        if not (said.isascii() and said.isdigit() and int(said) >= LEAST_MB):
            raise LogError(f"{MEMORY} is {said[:20]!r}", fix=f"give megabytes, {LEAST_MB} or more, or unset it")
        return int(said)
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1024
    return int(max(512, total // 4 // 2**20))
