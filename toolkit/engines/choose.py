"""Which engine reads what the user names (floor 2): DuckDB, unless Spark is asked for or the rows are Spark's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from toolkit.engines.duck import DuckRows, Watch
from toolkit.engines.kept import Kept
from toolkit.engines.rows import Rows
from toolkit.errors import LogError

#: What a log starts with that Spark reads: ``spark://TABLE`` or ``spark://PATH``.
SPARK: Final = "spark://"
ENGINES: Final = ("duckdb", "spark")
#: What a log starts with that lies on another machine.
REMOTE: Final = ("s3://", "http://", "https://")
#: Endings of text files, whose types somebody has to guess.
TEXTS: Final = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".gz")


def open_rows(
    source: Any,
    *,
    engine: str = "",
    memory_mb: int | None = None,
    watch: Watch | None = None,
    kept: Kept | None = None,
) -> Rows:
    """Open a source where its rows lie.

    Args:
        source: see ``DuckRows.open``, ``RemoteRows.of`` and ``SparkRows.open``. What is in memory is read where it is:
            a DataFrame of Spark by Spark, every other table by DuckDB.
        engine: ``duckdb``, ``spark`` or ``spark:MASTER`` for what is named by a text; by default Spark for a text that
            starts with ``spark://``, else DuckDB.
        memory_mb: megabytes that DuckDB, or the driver of a Spark that is started here, may use.
        watch: see ``DuckRows.open``; Spark tells nothing.
        kept: see ``DuckRows.open``; of what Spark reads, or another machine has, nothing is kept.

    Raises:
        LogError: there is no such engine or source, or it cannot be read; the message says what to do.

    """
    name, _, master = engine.partition(":")
    if name and name not in ENGINES:
        raise LogError(f"there is no engine {name!r}", fix=f"use one of {', '.join(ENGINES)}")
    if is_spark(source) or (name == "spark" and isinstance(source, str | os.PathLike)):
        if name == "duckdb":
            raise LogError("DuckDB cannot read Spark's tables", where=str(source)[:200], fix="leave the engine out")
        from toolkit.engines.spark import SparkRows

        return SparkRows.open(source, master=master, memory_mb=memory_mb)
    if is_remote(source):
        from toolkit.engines.remote import RemoteRows

        return RemoteRows.of(source, memory_mb=memory_mb, watch=watch)
    return DuckRows.open(source, memory_mb=memory_mb, watch=watch, kept=kept)


def is_spark(source: Any) -> bool:
    """Tell whether only Spark can read a source: its own DataFrame, or a text that starts with ``spark://``."""
    if isinstance(source, str | os.PathLike):
        return str(os.fspath(source)).startswith(SPARK)
    return type(source).__module__.startswith("pyspark.sql.") and type(source).__name__ == "DataFrame"


def is_remote(source: Any) -> bool:
    """Tell whether a text is the URL of a log on another machine."""
    return isinstance(source, str) and source.lower().startswith(REMOTE)


def name_of(source: str) -> str:
    """Give the last name of a path or a URL, which says nothing of where it lies, nor of what the web is asked."""
    if source.lower().startswith(REMOTE[1:]):
        return Path(source.partition("#")[0].partition("?")[0]).name
    body, _, asked = source.rpartition("?")
    return Path(body if body and "=" in asked and is_remote(source) else source).name


def named_for(source: Any, engine: str) -> Any:
    """Give the name of a log so that it says by itself which engine reads it."""
    if not engine.startswith("spark") or not isinstance(source, str | os.PathLike) or is_spark(source):
        return source
    return f"{SPARK}{os.fspath(source)}"


def is_path(target: str) -> bool:
    """Tell a path from the name of a table, which may hold a path between back-ticks."""
    if "`" in target:
        return False
    return "/" in target or "\\" in target or "*" in target or target.lower().endswith((".parquet", ".orc", *TEXTS))


def absolute_target(name: str) -> str:
    """Give ``spark://PATH`` with its path absolute where it lies on this machine."""
    target = name.removeprefix(SPARK)
    local = is_path(target) and "://" not in target and Path(target).exists()
    return f"{SPARK}{Path(target).absolute()}" if local else name


def seen_files(name: str) -> list[Path]:
    """Give every file below ``spark://PATH`` in its order, where this machine sees that path; none else."""
    path = Path(name.removeprefix(SPARK))
    try:
        if not is_path(str(path)) or "://" in str(name.removeprefix(SPARK)) or not path.exists():
            return []
        return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    except (OSError, ValueError):
        return []
