"""Blocks of a text that are for some audiences alone (floor 6): from a line ``::: team, leadership`` to a line ``:::``.

A mark that is none of ours is refused, not skipped: what was meant for the team must never reach the public because of
a slip of the pen.
"""

from __future__ import annotations

from toolkit.errors import RenderError
from toolkit.report.text import visible
from toolkit.vocabulary import AUDIENCES

_MARK = ":::"


def for_audience(text: str, audience: str, *, where: str = "text") -> str:
    """Keep what is written for everybody and for this audience; what is left out leaves an empty line a line.

    Raises:
        RenderError: a block names no audience of ours, stands in another, or does not end; with its line.
    """
    kept: list[str] = []
    block: tuple[int, frozenset[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{where}, line {number}"
        if not line.strip().startswith(_MARK):
            kept.append("" if block and audience not in block[1] else line)
            continue
        named = line.strip().strip(":").lower().replace(",", " ").split()
        kept.append("")
        if not named:
            if block is None:
                raise RenderError("a block ends here that did not begin", where=place, fix=f"take the {_MARK} away")
            block = None
        elif block is not None:
            fix = f"end the one of line {block[0]} with a line {_MARK}"
            raise RenderError("a block begins inside of another", where=place, fix=fix)
        else:
            block = number, _audiences(named, place)
    if block is not None:
        fix = f"write a line {_MARK} where it ends"
        raise RenderError("a block does not end", where=f"{where}, line {block[0]}", fix=fix)
    return "\n".join(kept)


def _audiences(named: list[str], place: str) -> frozenset[str]:
    for one in named:
        if one not in AUDIENCES:
            what = f"a block is for {visible(one, 40)!r}, which is no audience"
            raise RenderError(what, where=place, fix=f"use {', '.join(AUDIENCES)}")
    return frozenset(named)
