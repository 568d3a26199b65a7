"""What people wrote for a postmortem: one Markdown file, or Markdown cells of a notebook (floor 6).

A heading names the section or the question that the text under it answers. The file to begin with has every heading
and its question as a comment; what is left empty stays a prompt on the page.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.report.cells import joined
from toolkit.report.sections import SECTIONS

_HEADING: Final = re.compile(r"#{1,3}\s+(.+?)\s*#*\s*$")
_FENCE: Final = re.compile(r"\s*(```|~~~)")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG: Final = "section:"


def headings() -> dict[str, str]:
    """Give the title of every section and question by its id, in the order of the page."""
    return {key: title for section in SECTIONS for key, title in _titles(section)}


def _titles(section: Any) -> Iterator[tuple[str, str]]:
    yield section.id, section.title
    yield from ((ask.id, ask.title) for ask in section.known)


def read_written(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read what was written, by section: a ``.md`` file, or the cells of a notebook tagged ``section:ID``.

    Each text of a file begins with as many line breaks as there are lines above it, so that a message names the line
    of the file.

    Raises:
        RenderError: the file cannot be read, or a heading or tag names no section; says which there are.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        found = _cells(json.loads(text), str(file)) if file.suffix == ".ipynb" else _file(text, str(file))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RenderError(f"the text cannot be read: {error}", where=str(file), fix="check the path") from None
    return {key: written for key, written in found.items() if written.strip()}


def blank(bundle: Bundle) -> str:
    """Give the Markdown file to begin with: every heading with its question, and what was written so far."""
    lines = [f"# {bundle.incident.id}", ""]
    questions = {ask.id: ask.question for section in SECTIONS for ask in section.asked(bundle)}
    own = {*questions, *(section.id for section in SECTIONS)}
    for key, title in ((key, title) for key, title in headings().items() if key in own):
        asked = questions.get(key) or "Leave empty to have it drafted from the record."
        lines += [f"## {title}", "", f"<!-- {asked} -->", "", bundle.prose.get(key, "").strip(), ""]
    return "\n".join(lines)


def _file(text: str, where: str) -> dict[str, str]:
    """Split a Markdown file at the headings that name sections; other headings belong to the text."""
    plain = _COMMENT.sub(lambda m: "\n" * m.group(0).count("\n"), text)
    names = {name.lower(): key for key, title in headings().items() for name in (key, title)}
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    fenced = False
    for no, line in enumerate(plain.splitlines()):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading and line.startswith("## "):
            key = names.get(heading.group(1).lower())
            if key is None:
                raise _unknown(heading.group(1), f"{where}, line {no + 1}")
            if key in found:
                raise RenderError(f"there are two headings for {key}", where=f"{where}, line {no + 1}", fix="join them")
            current = found[key] = [""] * (no + 1)
        elif current is not None:
            current.append(line)
    return {key: "\n".join(lines) for key, lines in found.items()}


def _cells(nb: Mapping[str, Any], where: str) -> dict[str, str]:
    """Collect the Markdown cells tagged for a section, in order."""
    known = headings()
    found: dict[str, str] = {}
    for cell in nb["cells"]:
        for tag in cell.get("metadata", {}).get("tags", ()):
            if cell["cell_type"] == "markdown" and str(tag).startswith(_TAG):
                key = str(tag).removeprefix(_TAG)
                if key not in known:
                    raise _unknown(key, where)
                found[key] = "\n\n".join(filter(None, (found.get(key), joined(cell["source"]))))
    return found


def _unknown(name: str, where: str) -> RenderError:
    return RenderError(
        f"there is no section {name[:60]!r}", where=where, fix=f"use one of: {', '.join(headings().values())}"
    )
