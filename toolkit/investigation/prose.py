"""What people write into a postmortem (floor 7): one Markdown file in the incident's folder, a heading per section."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.errors import RenderError

if TYPE_CHECKING:
    from toolkit.notebooks.bundle import Bundle

#: The file's name, in the incident's folder.
FILE: Final = "postmortem.md"
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING: Final = re.compile(r"^##\s+([a-z][a-z0-9-]*)\s*$")


def known_ids() -> dict[str, str]:
    """Give the sections and questions that can be written, with what each asks."""
    from toolkit.report.sections import SECTIONS

    ids = {ask.id: ask.question for section in SECTIONS for ask in section.known}
    return ids | {section.id: "" for section in SECTIONS}


def skeleton(bundle: Bundle) -> str:
    """Give a file to write into: each question of this incident under its heading, as a comment that is not shown."""
    from toolkit.report.sections import SECTIONS

    lines = [
        f"# {bundle.incident.id}: what only people can say",
        "",
        "<!-- Write below a heading, then `postmortem publish`. An empty one shows its question in the document.",
        "     Cite the record with {{harm.excess_errors}}, {{verdict.onset}}, {{ev.F01.effect}}; the notebook",
        "     `postmortem` lists all that can be cited. Text under a section's own id replaces its draft.",
        "     What stands between a line `::: team` and a line `:::` is for that audience alone. -->",
    ]
    for ask in (ask for section in SECTIONS for ask in section.asked(bundle)):
        lines += ["", f"## {ask.id}", f"<!-- {ask.question} -->"]
    return "\n".join(lines) + "\n"


def read_prose(folder: Path) -> dict[str, str]:
    """Read what people wrote: Markdown by the id of its section or question; empty ones are left out.

    Raises:
        RenderError: the file cannot be read, or a heading is none of the known ids; the message names the line.
    """
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"the text cannot be read: {error}", where=str(file), fix="save it as UTF-8") from None
    known, found, current = known_ids(), {}, ""
    # a comment keeps its line breaks, so that the numbers of lines in messages stay right
    plain = _COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)
    for number, line in enumerate(plain.splitlines(), start=1):
        heading = _HEADING.match(line)
        if heading:
            current = heading.group(1)
            if current not in known:
                raise RenderError(
                    f"line {number}: there is no section {current!r}", where=str(file), fix=f"use {', '.join(known)}"
                )
            found[current] = ""
        elif current:
            found[current] += line + "\n"
    return {name: text.strip() for name, text in found.items() if text.strip()}
