"""Tables as programs write them to text (floor 2): in any usual encoding, with a title above the names of the columns.

The byte-order mark tells UTF-16 and UTF-8 (Unicode 15, 23.8). What is no UTF-8 is taken for Windows-1252, which what
calls itself Latin-1 is too (WHATWG Encoding, 4.2), and is written once more as UTF-8.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import statistics
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from toolkit.errors import LogError

if TYPE_CHECKING:
    from toolkit.engines.duck import Scratch

_SEPARATORS: Final = ",;\t|"
#: Lines above the names of the columns at most, lines after these that are looked at, and characters of them.
_ABOVE, _AFTER, _LONGEST = 30, 30, 2_000_000
_CHUNK: Final = 2**20
#: What numbers and dates begin with.
_OF_NUMBERS: Final = frozenset("0123456789+-.,")


@dataclass(frozen=True)
class Header:
    """What parts the columns, their names as they are written, and how many lines stand above them."""

    separator: str
    names: tuple[str, ...]
    above: int


@dataclass(frozen=True)
class Written:
    """How a file is written: with a byte-order mark, with line ends of several kinds; ``lines`` counts line feeds."""

    encoding: str
    marked: bool = False
    mixed: bool = False
    lines: int = 0


def as_utf8(file: Path, scratch: Scratch, *, mark: bool = False, ends: bool = False) -> tuple[Path, Written]:
    """Give a file of the same lines in UTF-8, and how it was written; the file itself where DuckDB reads it as it is.

    With ``mark`` a byte-order mark is taken off as well, for readers that take it for a part of the first line, and
    with ``ends`` line ends of several kinds are made one.

    Raises:
        LogError: it cannot be read.

    """
    try:
        found = _look(file)
        if found.encoding == "utf-8" and not (mark and found.marked) and not (ends and found.mixed):
            return file, found
        made = copy_of(file, scratch)
        decoder: Any = codecs.getincrementaldecoder("utf-8-sig" if found.encoding == "utf-8" else found.encoding)
        decoder = decoder("replace")
        decoder = io.IncrementalNewlineDecoder(decoder, translate=True) if ends and found.mixed else decoder
        with opened(file) as source, made.open("w", encoding="utf-8", newline="") as target:
            while chunk := source.read(_CHUNK):
                target.write(decoder.decode(chunk))
            target.write(decoder.decode(b"", final=True))
        return made, found
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        what = "the gzip file is damaged" if file.suffix.lower() == ".gz" else "the file cannot be read"
        raise LogError(f"{what}: {error}", where=str(file), fix="write it again, then retry") from None


def copy_of(file: Path, scratch: Scratch) -> Path:
    """Name a copy of a file; folders that name a value of a column go on to do so."""
    made = scratch.file(f"utf8-{len(scratch.files)}")
    made = made.joinpath(*(part for part in file.parent.parts if "=" in part), f"{file.name.removesuffix('.gz')}")
    made.parent.mkdir(parents=True)
    return made


def read_header(file: Path, named: Path | None = None) -> Header:
    """Give the header of a file in UTF-8, which in messages has another name where it is a copy.

    It is the first line that fills as many columns as the lines after it do: titles, remarks and empty lines do not.
    One column may have no name (the index that pandas writes), unless the next line names them all.

    Raises:
        LogError: the file cannot be read, or has no line.

    """
    where = str(named or file)
    try:
        with opened(file) as stream, io.TextIOWrapper(cast("Any", stream), "utf-8-sig", "replace", newline="") as text:
            lines = [*islice(_records(text), _ABOVE + _AFTER)]
    except (OSError, EOFError) as error:
        raise LogError(f"the file cannot be read: {error}", where=where, fix="write it again, then retry") from None
    if not any(line.strip() for line, _ in lines):
        raise LogError("the CSV file has no header line", where=where, fix="put the column names in its first line")
    csv.field_size_limit(4_000_000)
    separator = max(_SEPARATORS, key=lambda s: _usual([_cells(line, s) for line, _ in lines]))
    rows = [_cells(line, separator) for line, _ in lines]
    usual = _usual(rows)
    place = next((i for i, row in enumerate(rows[:_ABOVE]) if _filled(row) >= max(usual - 1, 1)), 0)
    if usual < 2:
        place = 0
    elif _filled(rows[place]) < usual and _names(rows[place + 1 : place + 2], usual):
        place += 1
    return Header(separator, tuple(cell.strip("\r\n") for cell in rows[place]), lines[place][1])


def _look(file: Path) -> Written:
    """Read a file once, packed ones to their end: DuckDB would read what is there of one cut off, and say nothing."""
    decoder, damaged = codecs.getincrementaldecoder("utf-8")(), False
    feeds = returns = both = 0
    before = b""
    with opened(file) as stream:
        chunk = stream.read(_CHUNK)
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            while stream.read(_CHUNK):
                pass
            return Written("utf-16")
        if b"\0" in chunk:
            raise LogError("the file is no text", where=str(file), fix="name a file of CSV, JSONL or Parquet")
        marked = chunk.startswith(codecs.BOM_UTF8)
        while chunk:
            feeds += chunk.count(b"\n")
            if b"\r" in chunk:
                returns += chunk.count(b"\r")
                both += chunk.count(b"\r\n")
            both += before == b"\r" and chunk.startswith(b"\n")
            before = chunk[-1:]
            try:
                decoder.decode(b"" if damaged else chunk)
            except UnicodeDecodeError:
                damaged = True
            chunk = stream.read(_CHUNK)
    mixed = returns > 0 < feeds and not feeds == returns == both
    return Written(_damaged(file) if damaged else "utf-8", marked=marked, mixed=mixed, lines=feeds)


def _damaged(file: Path) -> str:
    """Tell UTF-8 with a damaged line, where other letters are whole, from what is none."""
    with opened(file) as stream:
        reader, broken, whole = codecs.getreader("utf-8")(stream, "replace"), 0, 0
        while text := reader.read(_CHUNK):
            broken += text.count("\ufffd")
            whole += sum(letter > "\x7f" for letter in text)
    return "cp1252" if 2 * broken > whole else "utf-8"


def opened(file: Path) -> IO[bytes]:
    """Open a file for its bytes, unpacked."""
    return cast("IO[bytes]", gzip.open(file, "rb")) if file.suffix.lower() == ".gz" else file.open("rb")


def _records(text: io.TextIOWrapper) -> Iterator[tuple[str, int]]:
    """Give lines, each with how many stand before it; a quoted value may hold line ends, if it is closed soon."""
    ahead: deque[str] = deque()
    number = 0
    while line := ahead.popleft() if ahead else text.readline(_LONGEST):
        taken = [line]
        while sum(part.count('"') for part in taken) % 2 and len(taken) <= _AFTER:
            if not (more := ahead.popleft() if ahead else text.readline(_LONGEST)):
                break
            taken.append(more)
        if sum(part.count('"') for part in taken) % 2:
            ahead.extendleft(reversed(taken[1:]))
            taken = taken[:1]
        yield "".join(taken), number
        number += len(taken)


def _cells(line: str, separator: str) -> list[str]:
    with suppress(csv.Error):
        return next(csv.reader(line.splitlines(keepends=True), delimiter=separator, strict=False), [])
    return []


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _names(rows: list[list[str]], usual: int) -> bool:
    """Whether a line is one of names: all columns filled, and nothing that begins with a digit or a sign."""
    return any(_filled(row) >= usual and not any(cell.strip()[:1] in _OF_NUMBERS for cell in row) for row in rows)


def _usual(rows: list[list[str]]) -> int:
    """Give how many columns most lines fill."""
    return int(statistics.median_high([_filled(row) for row in rows])) if rows else 0
