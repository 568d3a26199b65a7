"""Rows in Apache Spark, where they lie (floor 2): the same queries as DuckDB answers, in Spark's words.

The executors read the rows; what comes back to the driver are counts and a bounded sample. Nothing is written: a name
that is given to a SELECT stands for a temporary view of the session, so that reading rights are enough and what it says
is read and resolved once.
"""

from __future__ import annotations

import hashlib
import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from toolkit.engines.rows import one_part
from toolkit.engines.spark_source import DEEPEST, beginning, frame_of, types_of, unfolded
from toolkit.engines.views import READ_FROM
from toolkit.errors import LogError
from toolkit.sql import SPARK, quote

if TYPE_CHECKING:
    from types import TracebackType

    from toolkit.engines.draw import Draw
    from toolkit.engines.parts import Lies
    from toolkit.logs.formats import Opened

T = TypeVar("T")
#: Rows that ``first`` may give at most.
_BEGINNING: Final = 1000


class SparkRows:
    """Rows of a Spark DataFrame; close it, or use it in a ``with``, to drop the temporary views that stand for it."""

    dialect = SPARK
    #: Nothing that Spark counted is kept: the driver cannot tell whether its files are as they were.
    keeps = False
    files: tuple[Path, ...] = ()

    def __init__(self, frame: Any, name: str) -> None:
        from toolkit.logs.formats import Opened, refuse_case_duplicates

        self.name = name
        self._frame, self._spark = frame, frame.sparkSession
        self._tag = f"ml_postmortem_{secrets.token_hex(6)}"
        #: SELECTs by our name for them, and the temporary views that stand for those that were read.
        self._views: dict[str, str] = {}
        self._made: dict[str, str] = {"": f"{self._tag}_source"}
        self._reading(lambda: frame.createOrReplaceTempView(self._made[""]))
        self.opened: Opened = Opened(sql=f"SELECT * FROM {quote(self._made[''])}", name=name, is_database=True)
        self.columns, fields = types_of(frame.schema), frame.schema
        refuse_case_duplicates(list(self.columns), name)
        sql = self.opened.sql
        self.define("raw", sql)
        for _ in range(DEEPEST):
            parts = unfolded(fields, name)
            if parts is None:
                break
            refuse_case_duplicates(list(parts), name)
            selected = ", ".join(f"{value} AS {quote(part)}" for part, value in parts.items())
            sql = f"SELECT {selected} FROM ({sql})"
            self.define("raw", sql)
            fields = self._schema()
            self.columns = types_of(fields)
        #: What a hash is of: the columns as they lie.
        self._lie, self._columns = self._views["raw"], self.columns

    @classmethod
    def open(cls, source: Any, *, master: str = "", memory_mb: int | None = None) -> Self:
        """Open a source.

        Args:
            source: a ``pyspark.sql.DataFrame``, or the name of a table (``catalog.db.table``) or of Parquet or ORC
                files (a path, a folder, a glob, with any scheme that this Spark knows), both with or without
                ``spark://`` before it.
            master: see ``spark_session.session``; a DataFrame brings its own session.
            memory_mb: memory of the driver, where it is started here.

        Raises:
            LogError: there is no Spark or no such source, or it cannot be read; the message says what to do.

        """
        frame, name = frame_of(source, master, memory_mb)
        return cls(frame, name)

    def define(self, name: str, sql: str) -> None:
        """Give a SELECT a name of ours, by which later ones read it."""
        self._drop(name)
        self._views[name] = sql

    def _schema(self) -> Any:
        return self._reading(lambda: self._spark.sql(self.text("SELECT * FROM raw")).schema)

    def read_as(self, columns: Mapping[str, str], *, instead_of: Sequence[str] = ()) -> None:
        """Read columns of ``raw`` as what SQL makes of them; see ``DuckRows.read_as``.

        Raises:
            LogError: Spark refuses it.

        """
        names = dict.fromkeys((*(c for c in self.columns if c not in instead_of), *columns))
        made = ", ".join(f"{columns[c]} AS {quote(c)}" if c in columns else quote(c) for c in names)
        self.define("raw", f"SELECT {made} FROM ({self._views['raw']})")
        self._drop("beginning")
        self._views.pop("beginning", None)
        self.columns = types_of(self._schema())

    def first(self, columns: Sequence[str], most: int) -> str:
        """Give a SELECT of columns of the first rows of ``raw``, of a thousand at most; see ``beginning``.

        Raises:
            LogError: the source cannot be read (any more).

        """
        if "first" not in self._made:
            self._made["first"] = f"{self._tag}_first"
            self._reading(lambda: beginning(self._frame, _BEGINNING).createOrReplaceTempView(self._made["first"]))
        if "beginning" not in self._views:
            of_all, of_first = quote(self._made[""]), quote(self._made["first"])
            self.define("beginning", self._views["raw"].replace(of_all, of_first))
        return f"SELECT {', '.join(map(quote, columns))} FROM beginning LIMIT {most}"

    def gather(self, sql: str, whole: str, also: Sequence[str] = ()) -> Any:  # noqa: ARG002
        """Ask ``sql`` and add its answer up by ``whole``, over ``parts``; see ``DuckRows.gather``.

        Raises:
            LogError: the source cannot be read (any more).

        """
        return self.arrow(f"WITH parts AS ({one_part(sql)}) {whole}")

    def once(self, sql: str) -> Any:
        """Ask all rows at once, as ``arrow`` does."""
        return self.arrow(sql)

    def draw(self, columns: Sequence[str], draw: Draw) -> Any:
        """Give canonical columns of some rows.

        Raises:
            LogError: the source cannot be read (any more), or the rows are more than the driver may hold.

        """
        return self.arrow(draw.sql(columns))

    def part_by_file(self, places: Sequence[int]) -> None:
        """Do nothing: nothing is kept part by part."""

    def narrow(self, name: str, condition: str, lies: Sequence[Lies] = (), first: str = "") -> None:  # noqa: ARG002
        """Keep the rows of a view for which a condition holds."""
        self.define(name, f"SELECT * FROM ({self._views[name]}) WHERE {condition}")

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL and give its rows as tuples; for small answers. Times are UTC without a zone.

        Raises:
            LogError: the source cannot be read (any more).

        """
        table = self.arrow(sql, params)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def arrow(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Run SQL over ``raw`` or ``rows`` and give a ``pyarrow.Table``; times are UTC without a zone, as DuckDB's.

        Raises:
            LogError: the source cannot be read (any more), or the answer is larger than the driver may hold.

        """
        import pyarrow as pa

        text = self.text(sql)
        table = self._reading(lambda: self._spark.sql(text, args=list(params) or None).toArrow())
        micros = pa.timestamp("us")
        plain = [micros if pa.types.is_timestamp(f.type) else f.type for f in table.schema]
        columns = [
            pa.chunked_array([c.cast(pa.timestamp("us", f.type.tz)).view(micros) for c in column.chunks], micros)
            if pa.types.is_timestamp(f.type)
            else column
            for f, column in zip(table.schema, table.columns, strict=True)
        ]
        names = table.column_names
        return pa.Table.from_arrays(columns, schema=pa.schema(list(zip(names, plain, strict=True))))

    def text(self, sql: str) -> str:
        """Give the text that Spark is sent, in its words; each of our names in it stands for its temporary view.

        Raises:
            LogError: a column has a name that Spark cannot hold.

        """
        needed = [name for name in dict.fromkeys(READ_FROM.findall(sql)) if name in self._views]
        before = ", ".join(f"{name} AS (SELECT * FROM {self._view_of(name)})" for name in needed)
        with_more = f"WITH {before}, {sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f"WITH {before} {sql}"
        try:
            return SPARK.sql(with_more if before else sql)
        except ValueError as error:
            raise LogError(str(error), where=self.name, fix="rename it") from None

    def _view_of(self, name: str) -> str:
        """Give the temporary view that stands for a name; it is made when it is first read."""
        if name not in self._made:
            text, view = self.text(self._views[name]), f"{self._tag}_{name}"
            self._reading(lambda: self._spark.sql(text).createOrReplaceTempView(view))
            self._made[name] = view
        return self._made[name]

    def _drop(self, name: str) -> None:
        if name in self._made:
            view = self._made.pop(name)
            self._reading(lambda: self._spark.catalog.dropTempView(view))

    def ask(self, sql: str, *, rows: int, seconds: float) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:  # noqa: ARG002
        """Refuse: a stranger's SELECT cannot be locked down in Spark.

        Raises:
            LogError: always.

        """
        raise LogError(
            "a check is run by DuckDB alone, which can be locked down",
            where=self.name,
            fix="name files of the same columns with --log",
        )

    @cached_property
    def hashes(self) -> dict[str, str]:
        """One sha256 of names and values of all rows, whatever their order, maps left out; it scans every column."""
        names = [c for c, kind in self._columns.items() if "MAP(" not in kind]
        row = f"xxhash64({', '.join(map(quote, names))})"
        sums = "count(*), sum(CAST(h AS DECIMAL(38, 0))), bit_xor(h)"
        found = self.fetch(f"SELECT {sums} FROM (SELECT {row} AS h FROM ({self._lie}))")[0]
        return {self.name: hashlib.sha256("\0".join([*self._columns, *map(str, found)]).encode()).hexdigest()}

    def _reading(self, work: Callable[[], T]) -> T:
        """Do ``work`` in Spark: its errors become ``LogError``, and Ctrl-C ends its jobs and no other's.

        Raises:
            LogError: it fails; the message says what to do.

        """
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        from toolkit.engines.spark_source import read_error

        try:
            self._spark.addTag(self._tag)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of the newest pandas, which no query of ours meets
                return work()
        except KeyboardInterrupt:
            self._spark.interruptTag(self._tag)
            raise
        except (PySparkException, Py4JError, ConnectionError) as error:
            raise read_error(error, self.name) from None
        finally:
            self._spark.removeTag(self._tag)

    def interrupt(self) -> None:
        """End the query that another thread waits for, if one runs: it fails with a ``LogError``."""
        self._spark.interruptTag(self._tag)

    def close(self) -> None:
        """Drop the temporary views; calling it twice does no harm. The session goes on."""
        for name in [*self._made]:
            self._drop(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
