"""Quotes that are opened and never closed (floor 2): what follows one are rows, not the rest of its value.

Whoever reads by the standard (RFC 4180) takes all lines up to the next quote for one value, a row among them for a part
of it. Here a value ends at the latest where a line is a row by itself: as many cells, numbers where others have them.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from toolkit.logs.written import Header, copy_of, opened

if TYPE_CHECKING:
    from toolkit.engines.duck import Scratch

#: Lines of one value at most, and columns from which on a line with as many is a row and no part of a text.
_MOST: Final = 2000
WIDE: Final = 5


#: What numbers begin with; a cell without a value may be one.
_OF_NUMBERS: Final = frozenset(("", *"0123456789+-."))


class _NeverClosedError(Exception):
    """A quoted value that goes on into other rows."""


def close_quotes(file: Path, header: Header, scratch: Scratch) -> tuple[Path, list[int]]:
    """Give a copy in which no quote is left open, and the numbers of the lines that are without theirs there."""
    made, freed = copy_of(file, scratch), []
    ahead: deque[str] = deque()
    number = header.above + 1
    usual = _usual(file, header)
    with (
        _lines(file) as text,
        made.open("w", encoding="utf-8", errors="surrogateescape", newline="") as target,
    ):

        def more() -> str:
            return ahead.popleft() if ahead else text.readline()

        target.writelines(more() for _ in range(number))
        while line := more():
            number += 1
            taken = [line]
            if '"' in line and not _whole(taken, more, header, usual):
                ahead.extendleft(reversed(taken[1:]))
                taken = [line.replace('"', "")]
                freed.append(number)
            number += len(taken) - 1
            target.writelines(taken)
    return made, freed


def _lines(file: Path) -> io.TextIOWrapper:
    return io.TextIOWrapper(cast("Any", opened(file)), "utf-8", "surrogateescape", newline="")


def _usual(file: Path, header: Header) -> set[tuple[bool, ...]]:
    """Give which cells are numbers in the first rows that have no quote; nothing of a table of few columns."""
    width = len(header.names)
    if width < WIDE:
        return set()
    found, within = set(), False
    with _lines(file) as text:
        for line in islice(text, header.above + 1, _MOST):
            if not within and '"' not in line and line.count(header.separator) == width - 1:
                found.add(_numbers(line.split(header.separator)))
            within ^= line.count('"') % 2 == 1
    return found


def _numbers(cells: list[str]) -> tuple[bool, ...]:
    return tuple(cell.strip()[:1] in _OF_NUMBERS for cell in cells)


def _whole(taken: list[str], more: Callable[[], str], header: Header, usual: set[tuple[bool, ...]]) -> bool:
    """Whether a row that begins with a line ends where its quotes say; its other lines are added to ``taken``."""

    def lines() -> Iterator[str]:
        yield taken[0]
        while line := more():
            taken.append(line)
            row = '"' not in line and _numbers(line.split(header.separator)) in usual
            if row or len(taken) > _MOST:
                break
            yield line
        raise _NeverClosedError

    try:
        cells = next(csv.reader(lines(), delimiter=header.separator, strict=True), [])
    except (_NeverClosedError, csv.Error):
        return False
    return len(taken) == 1 or len(cells) == len(header.names)
