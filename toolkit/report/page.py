"""The postmortem as one HTML file, and the folder that is published (floor 6).

The page loads nothing and runs nothing: no script, a policy that forbids all but its own style and embedded pictures.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.outcome import RunResult
from toolkit.report.embedded import embedded, run_table
from toolkit.report.evidence import Cited
from toolkit.report.prose import Sentence, render_prose
from toolkit.report.sections import SECTIONS, Section
from toolkit.report.text import visible

POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
_HERE: Final = Path(__file__).parent / "html"
_ID: Final = re.compile(r'\bid="([^"]+)"')
_LINK: Final = re.compile(r'href="#((event|finding)-[^"]*)"')

#: Which section a shipped template belongs to; a failure of the one is shown in the other.
SECTION_OF: Final[Mapping[str, str]] = {
    "triage": "summary", "timeline": "timeline", "root_cause": "root-cause", "impact": "impact", "bias": "impact",
    "data": "root-cause", "overfitting": "root-cause", "integration": "root-cause", "human": "root-cause",
    "postmortem": "summary",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One rendered section: its HTML, what its text cites, and the notebooks of it that failed."""

    id: str
    title: str
    html: Markup
    cited: tuple[Cited, ...]
    failures: tuple[RunResult, ...] = ()
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True)
class Document:
    """A rendered postmortem: the page, and the sections with the evidence that each cites."""

    html: str
    parts: tuple[Part, ...]


def render(
    bundle: Bundle | str | os.PathLike[str], *, notebooks: Sequence[RunResult] = (), audience: str = "team"
) -> str:
    """Give the postmortem of a bundle as one self-contained HTML page.

    Raises:
        RenderError: a text cites evidence that does not exist, with the line; or there is no such audience yet.
    """
    return compose(bundle, notebooks=notebooks, audience=audience).html


def compose(
    bundle: Bundle | str | os.PathLike[str], *, notebooks: Sequence[RunResult] = (), audience: str = "team"
) -> Document:
    """Render a bundle and keep the sections with what they cite; see ``render``."""
    if audience != "team":
        what = f"there is no page for the audience {visible(audience, 40)!r} yet"
        raise RenderError(what, fix="publish for the team; a wider page needs redaction first")
    record = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    parts = [_part(record, section, notebooks) for section in SECTIONS]
    if notebooks:
        html = Markup("{}\n{}").format(run_table(notebooks).html(quiet=True), embedded(notebooks))
        parts.append(Part("notebooks", "Notebooks", html, ()))
    page = fill(
        "page.html.j2",
        title=f"{record.incident.id}: {record.incident.title}",
        incident=record.incident,
        parts=parts,
        failures=[run for run in notebooks if not run.ok],
        status="",
        anchor=record.anchor,
    )
    return Document(_mended(page), tuple(parts))


def _mended(page: str) -> str:
    """Lead a link whose place was left out of a long table to that table instead."""
    places = set(_ID.findall(page))
    stands_in = {"event": "timeline", "finding": "supporting-data"}
    return _LINK.sub(
        lambda m: m.group(0) if m.group(1) in places else f'href="#{stands_in[m.group(2)]}"',
        page,
    )


def fill(name: str, **values: Any) -> str:
    """Fill one of our page templates, under our policy and style; what it prints is made visible, then escaped."""
    page: str = _environment().get_template(name).render(policy=POLICY, style=_style(), **values)
    return page


def _part(bundle: Bundle, section: Section, notebooks: Sequence[RunResult]) -> Part:
    """Render one section: the text of people or of the rules, its tables and plots, and the open questions."""
    written = bundle.prose.get(section.id, "")
    if written.strip():
        text = render_prose(bundle, written, where=section.id)
    else:
        text = render_prose(bundle, " ".join(section.draft(bundle)), where=section.id)
    pieces, cited, sentences = [text.html, section.body(bundle)], list(text.cited), list(text.sentences)
    for ask in section.asks:
        answer = bundle.prose.get(ask.id, "")
        if answer.strip():
            said = render_prose(bundle, answer, where=ask.id)
            cited += said.cited
            sentences += said.sentences
            shown = said.html
        else:
            shown = Markup('<p class="todo"><strong>To be written:</strong> {}</p>').format(ask.question)
        pieces.append(Markup('<div class="asked"><h3 id="{}">{}</h3>{}</div>').format(ask.id, ask.title, shown))
    failed = tuple(run for run in notebooks if not run.ok and SECTION_OF.get(run.template) == section.id)
    html = Markup("\n").join(p for p in pieces if p)
    return Part(section.id, section.title, html, tuple(cited), failed, tuple(sentences))


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, finalize=_finalize)


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _style() -> Markup:
    """Read our own style sheet, which holds no ``<``."""
    return Markup((_HERE / "style.css").read_text(encoding="utf-8"))  # noqa: S704  our own file
