"""What people wrote for a postmortem: a Markdown file, a notebook, or both, in the incident's folder (floor 6).

A heading of the second level names the section or the question that the text under it answers, by its title or its id.
The file to begin with has every question of the incident under its heading as a comment; what is left empty stays a
prompt on the page.
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
from toolkit.paths import write_whole
from toolkit.report.cells import joined
from toolkit.report.sections import SECTIONS

#: What people write into, in the incident's folder: either, or both for different sections.
FILE: Final = "postmortem.md"
NOTEBOOK: Final = "postmortem.ipynb"

_HEADING: Final = re.compile(r"##\s+(.+?)\s*#*\s*$")
_TITLE: Final = re.compile(r"#\s")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG: Final = "section:"


def headings() -> dict[str, str]:
    """Give the title of every section and question by its id, in the order of the page."""
    return {key: title for section in SECTIONS for key, title in _titles(section)}


def _titles(section: Any) -> Iterator[tuple[str, str]]:
    yield section.id, section.title
    yield from ((ask.id, ask.title) for ask in section.known)


def skeleton(bundle: Bundle) -> str:
    """Give a file to write into: each question of this incident under its heading, as a comment that is not shown."""
    lines = [
        f"# {bundle.incident.id}: what only people can say",
        "",
        "<!-- Write below a heading, then `postmortem publish`. An empty one shows its question in the document.",
        "     Cite the record with {{harm.excess_errors}}, {{verdict.onset}}, {{ev.F01.effect}}; the notebook",
        "     `postmortem` lists all that can be cited. Text under a section's own name, e.g. ## Summary, replaces",
        "     its draft. What stands between a line `::: team` and a line `:::` is for that audience alone. -->",
    ]
    for ask in (ask for section in SECTIONS for ask in section.asked(bundle)):
        lines += ["", f"## {ask.title}", f"<!-- {ask.question} -->"]
    return "\n".join(lines) + "\n"


def read_written(folder: str | os.PathLike[str]) -> dict[str, str]:
    """Read what people wrote into an incident's folder: Markdown by the id of its section or question.

    Each text of a file begins with as many line breaks as there are lines above it, so that a message names the line
    of the file. Empty ones are left out.

    Raises:
        RenderError: a file cannot be read, a heading or tag names no section, or one section is written twice.
    """
    found: dict[str, str] = {}
    for name, read in ((FILE, _file), (NOTEBOOK, _notebook)):
        place = Path(folder) / name
        try:
            texts = read(place.read_text(encoding="utf-8"), str(place))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            fix = "save it as UTF-8" if name == FILE else "save it in Jupyter again"
            raise RenderError(f"the text cannot be read: {error}", where=str(place), fix=fix) from None
        written = {key: text for key, text in texts.items() if text.strip()}
        for key in written.keys() & found.keys():
            raise RenderError(f"{key!r} is written in {FILE} too", where=str(place), fix="keep one of them")
        found |= written
    return found


def write_section(folder: Path, name: str, text: str) -> Path:
    """Put a text under its heading in the Markdown file, in place of what stood there; all else stays. Give the file.

    Raises:
        RenderError: there is no such section, or the file cannot be read or written.
    """
    key, file = _key(name, str(folder / FILE)), folder / FILE
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        starts = [(no, heading) for no, heading in _headings_in(lines)]
        here = next((i for i, (_, heading) in enumerate(starts) if _key(heading, str(file)) == key), None)
        if here is None:
            lines += ["", f"## {headings()[key]}"]
            begin = end = len(lines)
        else:
            begin = starts[here][0] + 1
            end = starts[here + 1][0] if here + 1 < len(starts) else len(lines)
        asked = _COMMENT.findall("\n".join(lines[begin:end]))
        after = [""] if end < len(lines) else []
        lines[begin:end] = [*asked, text.strip("\n"), *after]
        return write_whole(file, "\n".join(lines) + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"the text cannot be written: {error}", where=str(file), fix="check its rights") from None


def _headings_in(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Give the headings of the second level, with the index of their line; none inside of fenced code."""
    fence = ""
    for no, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark.group(1)):
            fence = "" if fence else mark.group(1)
        elif not fence and (heading := _HEADING.match(line)):
            yield no, heading.group(1)


def _file(text: str, where: str, at: str = "line") -> dict[str, str]:
    """Split Markdown at the headings that name sections; deeper headings belong to the text."""
    lines = _without_comments(text).splitlines()
    starts = list(_headings_in(lines))
    first = starts[0][0] if starts else len(lines)
    lost = next((no for no, line in enumerate(lines[:first]) if line.strip() and not _TITLE.match(line)), None)
    if lost is not None:
        place = f"{where}, {at} {lost + 1}"
        raise RenderError("text before the first heading is in no section", where=place, fix="put it under a heading")
    found: dict[str, str] = {}
    for (no, heading), end in zip(starts, [no for no, _ in starts[1:]] + [len(lines)], strict=True):
        place = f"{where}, {at} {no + 1}"
        key = _key(heading, place)
        if key in found:
            raise RenderError(f"there are two headings for {key}", where=place, fix="join them")
        found[key] = "\n" * (no + 1) + "\n".join(lines[no + 1 : end])
    return found


def _without_comments(text: str) -> str:
    """Take comments out; their line breaks stay, so that the numbers of lines in messages are right."""
    return _COMMENT.sub(lambda m: "\n" * m.group(0).count("\n"), text)


def _notebook(text: str, where: str) -> dict[str, str]:
    """Collect the Markdown cells that begin with a section's heading, or are tagged ``section:ID``; in order."""
    found: dict[str, str] = {}
    for number, cell in enumerate(json.loads(text)["cells"], 1):
        if cell["cell_type"] != "markdown":
            continue
        place, source = f"{where}, cell {number}", _without_comments(joined(cell["source"]))
        tagged = [str(t).removeprefix(_TAG) for t in cell["metadata"].get("tags", ()) if str(t).startswith(_TAG)]
        parts = {_key(tag, place): source for tag in tagged}
        if not parts and _HEADING.match(source.lstrip().partition("\n")[0]):
            parts = _file(source, place)
        for key, part in parts.items():
            found[key] = "\n\n".join(filter(None, (found.get(key), part.strip("\n"))))
    return found


def _key(name: str, where: str) -> str:
    """Give the id of a section by its id or title."""
    names = {known.lower(): key for key, title in headings().items() for known in (key, title)}
    key = names.get(name.strip().lower())
    if key is None:
        fix = f"use one of: {', '.join(headings().values())}"
        raise RenderError(f"there is no section {name[:60]!r}", where=where, fix=fix)
    return key


def stripped(prose: Mapping[str, str]) -> dict[str, str]:
    """Give texts without the line breaks that say where in the file they stand."""
    return {key: text.strip("\n") for key, text in prose.items()}
