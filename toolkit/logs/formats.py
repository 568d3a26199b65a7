"""From whatever the user names to something DuckDB can scan (floor 2): a table of contents of the formats."""

from __future__ import annotations

import glob
import gzip
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError

if TYPE_CHECKING:
    import duckdb

    from toolkit.engines.duck import Scratch

#: Endings by format; ``.gz`` may follow those of CSV and JSONL.
ENDINGS: Final[dict[str, tuple[str, ...]]] = {
    "parquet": (".parquet", ".pq", ".parq"),
    "csv": (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"),
    "jsonl": (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"),
}


_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True)
class Opened:
    """A source, ready to be a view: ``sql`` gives its rows.

    ``rejects`` counts lines that could not be read, by reason; ``reject_lines`` shows the first few as text.
    ``by_file`` tells that each row is one of a file's as it lies there, so that a file is read without the others.
    """

    sql: str
    name: str
    files: tuple[Path, ...] = ()
    rejects: dict[str, int] = field(default_factory=dict)
    reject_lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_database: bool = False
    by_file: bool = False


Opener = Callable[["duckdb.DuckDBPyConnection", Sequence[Path], str, "Scratch"], Opened]


def open_source(source: Any, connection: duckdb.DuckDBPyConnection, scratch: Scratch) -> Opened:
    """Open any source; see ``DuckRows.open`` for what it may be.

    Raises:
        LogError: it does not exist, is empty, or is none of the formats.

    """
    if not isinstance(source, str | os.PathLike):
        from toolkit.logs.frames import open_frame

        return open_frame(connection, source)
    text = os.fspath(source)
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise LogError("the log's path is empty or no text", where=repr(source), fix="name a file, a glob or a folder")
    if "://" in text:
        raise LogError("only local files are read", where=text, fix="copy the log to this machine first")
    if "::" in text and not Path(text).exists():
        from toolkit.logs.tables import open_table

        return open_table(connection, text, scratch)
    files, empty = find_files(text)
    opened = opener(format_of(files, text))(connection, files, text, scratch)
    if not empty:
        return opened
    return replace(opened, notes=(*opened.notes, f"{len(empty)} empty files left out, {empty[0].name} the first"))


def opener(kind: str) -> Opener:
    """Give the function that opens a format."""
    if kind == "parquet":
        from toolkit.logs.parquet_files import open_parquet

        return open_parquet
    if kind == "csv":
        from toolkit.logs.csv_files import open_csv

        return open_csv
    from toolkit.logs.json_files import open_jsonl

    return open_jsonl


def find_files(text: str) -> tuple[list[Path], list[Path]]:
    """Expand a path, a glob or a folder into files with content and empty ones, both in order of name.

    Raises:
        LogError: nothing is there, or it may not be read.

    """
    path = Path(text).expanduser()
    try:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
            found = [p for p in found if _ending(p) is not None]
            if not found:
                if not os.access(path, os.R_OK | os.X_OK):
                    raise LogError("the folder may not be read", where=text, fix="give yourself the right to read it")
                raise LogError("the folder has no Parquet, CSV or JSONL file", where=text, fix="name the right folder")
        elif path.exists():
            found = [path]
        else:
            # Path.glob takes no absolute pattern
            found = sorted(Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file())  # noqa: PTH207
    except OSError as error:
        reason = error.strerror or str(error)
        raise LogError(f"the path cannot be read: {reason}", where=text, fix="check the path and its rights") from None
    if not found:
        raise LogError("there is no such file, glob or folder", where=text, fix="check the path")
    return _readable(found)


def _readable(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """Put empty files aside; nothing but empty ones is an error."""
    kept: list[Path] = []
    empty: list[Path] = []
    for file in files:
        if not os.access(file, os.R_OK):
            raise LogError("the file may not be read", where=str(file), fix="give yourself the right to read it")
        (kept if file.stat().st_size > 0 else empty).append(file)
    if not kept:
        raise LogError("the file is empty", where=str(files[0]), fix="write the log first, or name another file")
    return kept, empty


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _ending(file: Path) -> str | None:
    name = file.name.lower()
    for kind, endings in ENDINGS.items():
        if name.endswith(endings):
            return kind
    return None


def format_of(files: Sequence[Path], where: str) -> str:
    """Tell the one format of some files, by ending, else by their first bytes.

    Raises:
        LogError: they are of several formats.

    """
    kinds = {_ending(f) or _sniff(f) for f in files}
    if len(kinds) > 1:
        raise LogError(
            f"the files are of several formats: {', '.join(sorted(kinds))}", where=where, fix="name one by a glob"
        )
    return kinds.pop()


def _sniff(file: Path) -> str:
    head = first_bytes(file, 512)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head[8:12] == b"DUCK" or head.startswith(b"SQLite format 3"):
        raise LogError("this is a database", where=str(file), fix=f"name one of its tables, as {file.name}::TABLE")
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def first_bytes(file: Path, size: int) -> bytes:
    """Read the first bytes of a file, unzipped where it is gzipped.

    Raises:
        LogError: it cannot be read.

    """
    try:
        with file.open("rb") as stream:
            head = stream.read(size)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(file, "rb") as stream:
                return stream.read(size)
        return head
    except (OSError, EOFError, zlib.error) as error:
        raise LogError(f"the file cannot be read: {error}", where=str(file), fix="write it again, then retry") from None


def refuse_case_duplicates(names: Sequence[str], where: str) -> None:
    """Refuse names that differ only in case: DuckDB would rename one of them without a word.

    Raises:
        LogError: two names are the same but for their case, or a name is empty or has a NUL.

    """
    seen: dict[str, str] = {}
    for name in names:
        if not name or "\0" in name or (not name.isascii() and not _encodes(name)):
            raise LogError(f"a column has the name {name!r}", where=where, fix="give every column a name")
        # DuckDB folds ASCII alone
        key = name.translate(_FOLD)
        if key in seen:
            raise LogError(
                f"the columns {seen[key]!r} and {name!r} have one name but for their case",
                where=where,
                fix="rename one",
            )
        seen[key] = name


def _encodes(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
