"""From what the user names to a Spark DataFrame (floor 2), its types by DuckDB's names, and its errors in one line."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from toolkit.engines.choose import TEXTS, is_path
from toolkit.engines.spark_session import session
from toolkit.errors import LogError
from toolkit.sql import quote

#: Objects within objects beyond this depth stay what they are, and are no features.
DEEPEST: Final = 3
#: How many files are looked into, one after the other, for the first rows; and columns that say where a row lies.
_AT_ONCE: Final = (1, 30, 1000)
_FILE, _ROW = "_ml_postmortem_file", "_ml_postmortem_row"
_TYPES: Final = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT",
    "float": "FLOAT", "double": "DOUBLE", "string": "VARCHAR", "date": "DATE", "timestamp_ntz": "TIMESTAMP",
    "timestamp": "TIMESTAMP WITH TIME ZONE", "binary": "BLOB",
}  # fmt: skip
#: What Spark's errors mean, by a word in them.
_MEANING: Final = (
    ("TABLE_OR_VIEW_NOT_FOUND|REQUIRES_SINGLE_PART|SCHEMA_NOT_FOUND", "Spark has no such table", "check its name"),
    ("PATH_NOT_FOUND", "there is no such file or folder for Spark", "check the path, as the workers see it"),
    ("CANNOT_READ_FILE_FOOTER|not a Parquet file", "a file is no whole Parquet file", "name the Parquet files alone"),
    ("ClassNotFoundException: Class [\\w.$]*FileSystem|No FileSystem for scheme|UnsupportedFileSystem",
     "Spark has no jar for this kind of path", "add it to Spark, e.g. hadoop-aws for s3a"),
    ("maxResultSize|OutOfMemoryError", "the answer is larger than the driver may hold",
     "give a higher --memory, or spark.driver.maxResultSize"),
    ("PARQUET_TYPE_ILLEGAL.*NANOS", "Spark cannot read times of nanoseconds in Parquet", "write them as microseconds"),
    ("PARSE_SYNTAX_ERROR|INVALID_IDENTIFIER", "this is no name of a table", "quote its parts with back-ticks"),
    ("UNABLE_TO_INFER_SCHEMA", "there is no Parquet file", "name a folder or file of Parquet"),
    ("Connection refused|Answer from Java side is empty|SparkContext was shut down|stopped SparkContext",
     "Spark is gone", "start it again, then retry"),
)  # fmt: skip


def frame_of(source: Any, master: str, memory_mb: int | None) -> tuple[Any, str]:
    """Give a DataFrame and its name; see ``SparkRows.open``.

    Raises:
        LogError: there is no Spark, no such table or path, or it is of a kind that has no types of its own.

    """
    if not isinstance(source, str | os.PathLike):
        return source, "Spark DataFrame"
    name = str(os.fspath(source))
    target = name.removeprefix("spark://").strip()
    if not target:
        raise LogError("no table and no path is named", where=name, fix="write spark://db.table or spark:///folder")
    if is_path(target) and target.rstrip("/").lower().endswith(TEXTS):
        raise LogError(
            "Spark is not asked to guess the types of a text file",
            where=name,
            fix="read it with your own schema, then give the DataFrame or write it to Parquet",
        )
    spark = session(master, memory_mb)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        if not is_path(target):
            return spark.table(target), name
        if target.rstrip("/").lower().endswith(".orc"):
            return spark.read.orc(target), name
        return _parquet(spark, target), name
    except (PySparkException, Py4JError) as error:
        raise read_error(error, name) from None


def _parquet(spark: Any, target: str) -> Any:
    """Give the rows of Parquet files, of those in folders within folders too: Spark would leave these out unsaid.

    Folders that are named for a value (day=1) Spark reads by itself, and makes a column of them.
    """
    from pyspark.errors import PySparkException

    deep = spark.read.option("recursiveFileLookup", "true")
    try:
        plain = spark.read.option("mergeSchema", "true").parquet(target)
    except PySparkException as error:
        if "UNABLE_TO_INFER_SCHEMA" not in str(error):
            raise
        return deep.option("mergeSchema", "true").parquet(target)
    files = plain.inputFiles()
    by_value = any(re.search(r"/[^/=]+=[^/]*/", unquote(file)) for file in files)
    if by_value or len(deep.schema(plain.schema).parquet(target).inputFiles()) == len(files):
        return plain
    return spark.read.option("recursiveFileLookup", "true").option("mergeSchema", "true").parquet(target)


def types_of(schema: Any) -> dict[str, str]:
    """Give each column's type by the name that DuckDB has for it; of what it has none, Spark's own in capitals."""
    return {str(f.name): _type_of(f.dataType) for f in schema.fields}


def _type_of(of: Any) -> str:
    kind = str(of.simpleString())
    if kind.startswith("array<"):
        return f"{_type_of(of.elementType)}[]"
    if kind.startswith("map<"):
        return f"MAP({_type_of(of.keyType)}, {_type_of(of.valueType)})"
    if kind.startswith("struct<"):
        return f"STRUCT({', '.join(f'{quote(f.name)} {_type_of(f.dataType)}' for f in of.fields)})"
    if kind.startswith(("varchar", "char", "string collate")):
        return "VARCHAR"
    return _TYPES.get(kind, kind.upper())


def beginning(frame: Any, rows: int) -> Any:
    """Give a DataFrame of the first rows: the files in order of their names, each from its top, as DuckDB reads them.

    Files behind those that hold them are not opened. What is no plain reading of files has no order, and gives any.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as f

    try:
        where = frame.metadataColumn("_metadata")
        # Spark writes file:/a here and file:///a there
        path = f.regexp_replace(where.getField("file_path"), "^file:/+", "file:///")
        placed = frame.select("*", path.alias(_FILE), where.getField("row_index").alias(_ROW))
    except PySparkException:
        return frame.limit(rows)
    files = sorted(frame.inputFiles(), key=lambda name: PurePosixPath(unquote(name)))
    for many in _AT_ONCE:
        some = placed.where(f.col(_FILE).isin(files[:many]))
        if many >= len(files) or some.limit(rows).count() == rows:
            break
    order = f.array_position(f.array(*map(f.lit, files[: _AT_ONCE[-1]])), f.col(_FILE))
    return some.orderBy(order, _ROW).limit(rows).drop(_FILE, _ROW)


def unfolded(schema: Any, name: str) -> dict[str, str] | None:
    """Give the columns with the fields of objects for the objects, name by SQL; nothing where there are none.

    Raises:
        LogError: a field has no name, or two have one but for their case.

    """
    from toolkit.logs.formats import refuse_case_duplicates

    parts: dict[str, str] = {}
    found = False
    for field in schema.fields:
        inner = getattr(field.dataType, "fields", None)
        found |= bool(inner)
        refuse_case_duplicates([str(f.name) for f in inner or ()], name)
        own = {str(field.name): quote(field.name)}
        parts |= {f"{field.name}.{f.name}": f"{quote(field.name)}.{quote(f.name)}" for f in inner} if inner else own
    return parts if found else None


def read_error(error: Exception, name: str) -> LogError:
    """Turn an error of Spark into one line for the reader."""
    text = str(error)
    for pattern, what, fix in _MEANING:
        if re.search(pattern, text):
            return LogError(what, where=name, fix=fix)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("An error occurred")]
    said = (lines or [type(error).__name__])[0].removeprefix(": ")[:300]
    return LogError(f"Spark cannot read the log: {said}", where=name, fix="see that it is whole, then retry")
