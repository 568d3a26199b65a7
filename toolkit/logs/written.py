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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from toolkit.errors import LogError
from toolkit.logs.formats import refuse_cut_off

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


def as_utf8(file: Path, scratch: Scratch, *, mark: bool = False) -> tuple[Path, str]:
    """Give a file of the same lines in UTF-8, and the encoding that it was in; the file itself where it is UTF-8.

    With ``mark`` a byte-order mark is taken off as well, for readers that take it for a part of the first line.

    Raises:
        LogError: it cannot be read.

    """
    refuse_cut_off(file)
    try:
        encoding = _encoding(file)
        if encoding == "utf-8" and mark and _marked(file):
            encoding = "utf-8-sig"
        if encoding == "utf-8":
            return file, encoding
        made = scratch.file(f"utf8-{len(scratch.files)}")
        # folders that name a value of a column go on to do so
        made = made.joinpath(*(part for part in file.parent.parts if "=" in part), f"{file.name.removesuffix('.gz')}")
        made.parent.mkdir(parents=True)
        with _opened(file) as source, made.open("w", encoding="utf-8", newline="") as target:
            reader = codecs.getreader(encoding)(source, "replace")
            while text := reader.read(_CHUNK):
                target.write(text)
        return made, encoding
    except (OSError, EOFError, UnicodeError) as error:
        raise LogError(f"the file cannot be read: {error}", where=str(file), fix="write it again, then retry") from None


def read_header(file: Path, named: Path | None = None) -> Header:
    """Give the header of a file in UTF-8, which in messages has another name where it is a copy.

    It is the first line that fills as many columns as the lines after it do: titles, remarks and empty lines do not.
    One column may have no name (the index that pandas writes), unless the next line names them all.

    Raises:
        LogError: the file cannot be read, or has no line.

    """
    where = str(named or file)
    try:
        with _opened(file) as stream, io.TextIOWrapper(cast("Any", stream), "utf-8-sig", "replace", newline="") as text:
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


def _marked(file: Path) -> bool:
    with _opened(file) as stream:
        return stream.read(3) == codecs.BOM_UTF8


def _encoding(file: Path) -> str:
    with _opened(file) as stream:
        first = stream.read(_CHUNK)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in first:
            raise LogError("the file is no text", where=str(file), fix="name a file of CSV, JSONL or Parquet")
        decoder = codecs.getincrementaldecoder("utf-8")()
        with suppress(UnicodeDecodeError):
            decoder.decode(first)
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            return "utf-8"
    with _opened(file) as stream:  # of UTF-8 with a damaged line other letters are whole
        reader, broken, whole = codecs.getreader("utf-8")(stream, "replace"), 0, 0
        while text := reader.read(_CHUNK):
            broken += text.count("\ufffd")
            whole += sum(letter > "\x7f" for letter in text)
    return "cp1252" if 2 * broken > whole else "utf-8"


def _opened(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "rb")) if file.suffix.lower() == ".gz" else file.open("rb")


def _records(text: io.TextIOWrapper) -> Iterator[tuple[str, int]]:
    """Give lines, each with how many stand before it; a quoted value may hold line ends."""
    number = 0
    while line := text.readline(_LONGEST):
        first, number = number, number + 1
        while line.count('"') % 2 and len(line) < _LONGEST and (more := text.readline(_LONGEST)):
            line, number = line + more, number + 1
        yield line, first


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
