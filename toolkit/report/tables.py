"""A small table that shows itself anywhere: semantic HTML, Markdown and text (floor 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup, escape

from toolkit.report.text import CELL, visible
from toolkit.report.words import number, stamp

#: Rows that a page shows of one table; the rest is counted.
MOST: Final = 400
_WORD: Final = 28
_ROLES: Final = (
    ("<tr", "row"), ("<td", "cell"), ("<thead", "rowgroup"), ("<tbody", "rowgroup"),
    ('<th scope="col"', "columnheader"), ('<th scope="row"', "rowheader"),
)  # fmt: skip
#: What our style sheet says of a class, for where it is not: a time stays on one line, a long word breaks.
_CELLS: Final = {"": "", ' class="when"': ";white-space:nowrap", ' class="long"': ";word-break:break-all"}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Table:
    """Rows under named columns; the first column names the row.

    Cells are text, numbers, times, ``None`` or ``Markup`` that our own code made. Columns in which every value is a
    number are set flush right.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""

    def html(self, *, most: int = MOST, quiet: bool = False, stack: str = "") -> Markup:
        """Give the table as HTML with a caption and headers that a screen reader can follow.

        ``quiet`` keeps the caption for screen readers alone, where a heading says the same to the eye.
        ``stack`` names a class of our style sheet under which the rows become cards on a phone; the roles are then
        written out, for a browser forgets them when a row is no longer drawn as one.
        """
        right = [self._numeric(i) for i in range(len(self.columns))]
        head = Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(_align(r), visible(c, CELL))
            for c, r in zip(self.columns, right, strict=True)
        )
        body = Markup("\n").join(self._row(row, right) for row in self.rows[:most])
        left = len(self.rows) - most
        foot = (
            Markup('<tr><td colspan="{}">and {:,} more rows</td></tr>').format(len(self.columns), left)
            if left > 0
            else ""
        )
        hide = Markup(' class="quiet"') if quiet else ""
        caption = Markup("<caption{}>{}</caption>").format(hide, self.caption) if self.caption else ""
        written = Markup(
            '<div class="scroll" role="group" tabindex="0" aria-label="{}"><table>{}<thead><tr>{}</tr></thead>'
            "<tbody>{}{}</tbody></table></div>"
        ).format(self.caption or "Table", caption, head, body, foot)
        return _stacked(written, stack) if stack else written

    def markdown(self) -> str:
        """Give the table as Markdown."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows[:MOST]]
        return "\n".join(
            "| " + " | ".join(_line(v).replace("<", "&lt;").replace("|", "\\|") for v in line) + " |" for line in lines
        )

    def text(self, *, most: int = 40) -> str:
        """Give the table as aligned text."""
        lines = [[visible(c, CELL) for c in self.columns], *([_line(v) for v in row] for row in self.rows[:most])]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

    def cell_html(self) -> Markup:
        """Give the table for the output of a notebook cell, which has no style sheet of ours: text flush left."""
        left = str(self.html())
        for plain in ("<td", '<th scope="col"', '<th scope="row"', "<caption"):
            for kind, more in _CELLS.items():
                left = left.replace(f"{plain}{kind}>", f'{plain} style="text-align:left{more}">')
        return Markup(left)  # noqa: S704  our own tags; in the text of a cell they are escaped

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": str(self.cell_html()), "text/markdown": self.markdown(), "text/plain": self.text()}

    def _numeric(self, index: int) -> bool:
        values = [row[index] for row in self.rows if row[index] is not None]
        return bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)

    def _row(self, row: Sequence[Any], right: Sequence[bool]) -> Markup:
        first = Markup('<th scope="row"{}>{}</th>').format(_class(row[0], right[0]), cell(row[0]))
        rest = (Markup("<td{}>{}</td>").format(_class(v, r), cell(v)) for v, r in zip(row[1:], right[1:], strict=True))
        return Markup("<tr>{}{}</tr>").format(first, Markup("").join(rest))


def _stacked(html: Markup, name: str) -> Markup:
    """Write the roles of a table's parts out, and its class."""
    text = str(html).replace("<table>", f'<table class="{name}" role="table">', 1)
    for plain, role in _ROLES:
        text = text.replace(plain, f'{plain} role="{role}"')
    return Markup(text)  # noqa: S704  our own tags; in the text of a cell they are escaped


def cell(value: Any) -> Markup:
    """Give one value as escaped HTML; ``Markup`` stays what it is."""
    return value if isinstance(value, Markup) else escape(_plain(value))


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Markup):
        return visible(value.striptags(), CELL)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return visible(value, CELL)


def _line(value: Any) -> str:
    """Give a cell's text on one line."""
    return " ".join(_plain(value).split())


def _class(value: Any, right: bool) -> Markup:
    """Let a cell break anywhere where it holds a word too long for a column."""
    text = value.striptags() if isinstance(value, Markup) else value
    if isinstance(text, str) and any(len(word) > _WORD for word in text.split()):
        return Markup(' class="long"')
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return Markup(' class="when"')
    return _align(right)


def _align(right: bool) -> Markup:
    return Markup(' class="num"') if right else Markup("")
