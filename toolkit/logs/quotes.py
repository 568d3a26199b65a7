"""Quotes that are opened and never closed (floor 2): what follows one are rows, not the rest of its value.

Whoever reads by the standard (RFC 4180) takes all lines up to the next quote for one value, a row among them for a part
of it. Here a value ends at the latest where a line is a row by itself.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from toolkit.logs.written import Header, copy_of, opened

if TYPE_CHECKING:
    from toolkit.engines.duck import Scratch

#: Lines of one value at most, and columns from which on a line with as many is a row and no part of a text.
_MOST: Final = 2000
WIDE: Final = 5


class _NeverClosedError(Exception):
    """A quoted value that goes on into other rows."""


def close_quotes(file: Path, header: Header, scratch: Scratch) -> tuple[Path, list[int]]:
    """Give a copy in which no quote is left open, and the numbers of the lines that are without theirs there."""
    made, freed = copy_of(file, scratch), []
    ahead: deque[str] = deque()
    number = header.above + 1
    with (
        opened(file) as stream,
        io.TextIOWrapper(cast("Any", stream), "utf-8", "surrogateescape", newline="") as text,
        made.open("w", encoding="utf-8", errors="surrogateescape", newline="") as target,
    ):

        def more() -> str:
            return ahead.popleft() if ahead else text.readline()

        target.writelines(more() for _ in range(number))
        while line := more():
            number += 1
            taken = [line]
            if '"' in line and not _whole(taken, more, header):
                ahead.extendleft(reversed(taken[1:]))
                taken = [line.replace('"', "")]
                freed.append(number)
            number += len(taken) - 1
            target.writelines(taken)
    return made, freed


def _whole(taken: list[str], more: Callable[[], str], header: Header) -> bool:
    """Whether a row that begins with a line ends where its quotes say; its other lines are added to ``taken``."""
    width = len(header.names)

    def lines() -> Iterator[str]:
        yield taken[0]
        while line := more():
            taken.append(line)
            row = width >= WIDE and '"' not in line and line.count(header.separator) == width - 1
            if row or len(taken) > _MOST:
                break
            yield line
        raise _NeverClosedError

    try:
        cells = next(csv.reader(lines(), delimiter=header.separator, strict=True), [])
    except (_NeverClosedError, csv.Error):
        return False
    return len(taken) == 1 or len(cells) == width
