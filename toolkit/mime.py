"""How a thing shows itself in a notebook cell (floor 0): HTML that survives JupyterLab's sanitiser, Markdown and text.

No style sheet and no script, so that an executed notebook that nobody trusts yet looks the same. Whatever comes from a
log is escaped, and characters that do not show are shown as what they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

Bundle = dict[str, str]

_LONGEST: Final = 400
_LEFT: Final = 'style="text-align:left"'


class Shows:
    """Gives a dataclass a table of its fields in a notebook; one without any loses nothing by it."""

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        fields = [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self)]  # type: ignore[arg-type]
        name = " ".join(filter(None, (type(self).__name__, str(getattr(self, "id", "") or ""))))
        return pairs(name, [(k, v) for k, v in fields if k != "id" and v not in (None, "", (), {})])


def pairs(title: str, rows: Iterable[tuple[str, Any]]) -> Bundle:
    """Show headings with what belongs to each, e.g. the fields of a record."""
    known = [(plain(head).replace("_", " "), plain(value)) for head, value in rows]
    body = "".join(f'<tr><th scope="row" {_LEFT}>{escape(h)}</th><td {_LEFT}>{escape(v)}</td></tr>' for h, v in known)
    width = max((len(h) for h, _ in known), default=0)
    return {
        "text/html": f"<table><caption {_LEFT}>{escape(plain(title))}</caption><tbody>{body}</tbody></table>",
        "text/markdown": "\n".join([f"**{_inert(title)}**", "", *(f"- **{_inert(h)}** {_inert(v)}" for h, v in known)]),
        "text/plain": "\n".join([plain(title), *(f"{h:<{width}}  {v}" for h, v in known)]),
    }


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Bundle:
    """Show rows under named columns; the first column names the row."""
    lines = [[plain(v) for v in row] for row in rows]
    head = "".join(f'<th scope="col" {_LEFT}>{escape(c)}</th>' for c in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row" {_LEFT}>{escape(v)}</th>' if i == 0 else f"<td {_LEFT}>{escape(v)}</td>"
            for i, v in enumerate(line)
        )
        + "</tr>"
        for line in lines
    )
    every = [list(columns), *lines]
    widths = [max(len(line[i]) for line in every) for i in range(len(columns))]
    marked = [list(columns), ["---"] * len(columns), *([_inert(v) for v in line] for line in lines)]
    return {
        "text/html": f"<table><caption {_LEFT}>{escape(plain(title))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
        "text/markdown": "\n".join("| " + " | ".join(line) + " |" for line in marked),
        "text/plain": "\n".join(
            [plain(title)]
            + ["  ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip() for line in every]
        ),
    }


def one_line(text: str) -> str:
    """Give a text on one line, with nothing in it that does not show or that could steer a terminal."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in line)


def plain(value: Any) -> str:
    """Give a value on one line, cut where it is long, with nothing in it that does not show."""
    if isinstance(value, str):
        text = one_line(value)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z" if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return plain(", ".join(f"{k}: {plain(v)}" for k, v in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return plain(", ".join(_short(v) for v in value)) or "–"
    return _short(value) if dataclasses.is_dataclass(value) else plain(str(value))


def _short(value: Any) -> str:
    """Name a record within a list by its id, or by what it is."""
    if not dataclasses.is_dataclass(value):
        return plain(value)
    named = [getattr(value, name, "") for name in ("id", "statement", "summary", "text", "mechanism", "column", "name")]
    said = " ".join(str(v) for v in named if isinstance(v, str) and v)
    return plain(said) or type(value).__name__


def _inert(text: str) -> str:
    """Give text that Markdown leaves as it is."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#!$" else c for c in plain(text))
