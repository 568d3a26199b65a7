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

from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.outcome import RunResult
from toolkit.report.embedded import embedded, run_table
from toolkit.report.evidence import Cited
from toolkit.report.left_out import ledger_html, not_yet_known
from toolkit.report.policy import SECTIONS_OF, check_kind, policy_for
from toolkit.report.prose import Sentence, render_prose
from toolkit.report.redact import Redacted, redacted
from toolkit.report.sections import SECTIONS, Section
from toolkit.report.text import visible

POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
_HERE: Final = Path(__file__).parent / "html"
_ID: Final = re.compile(r'\bid="([^"]+)"')
_LINK: Final = re.compile(r'(?<![\w:])href="#(?P<to>[^"]*)"')

#: Which section a shipped template belongs to; a failure of the one is shown in the other.
SECTION_OF: Final[Mapping[str, str]] = {
    "triage": "summary", "timeline": "timeline", "root_cause": "root-cause", "impact": "impact", "bias": "impact",
    "data": "root-cause", "overfitting": "root-cause", "integration": "root-cause", "human": "root-cause",
    "postmortem": "summary",
}  # fmt: skip


#: What each kind of document is called above its title.
TITLES: Final[Mapping[str, str]] = {"full": "Postmortem", "executive": "Executive page", "initial": "Initial report"}


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
    bundle: Bundle | str | os.PathLike[str],
    *,
    notebooks: Sequence[RunResult] = (),
    audience: str = "team",
    kind: str = "full",
    status: str = "",
) -> str:
    """Give the postmortem of a bundle as one self-contained HTML page, with what the audience may see of it.

    Raises:
        RenderError: a text cites evidence that does not exist, with the line; or there is no such audience or kind.
    """
    record = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    return compose(redacted(record, policy_for(audience)), notebooks=notebooks, kind=kind, status=status).html


def compose(made: Redacted, *, notebooks: Sequence[RunResult] = (), kind: str = "full", status: str = "") -> Document:
    """Render a record as an audience may see it, and keep the sections with what they cite; see ``render``."""
    check_kind(kind)
    record, policy = made.bundle, made.policy
    runs = notebooks if policy.open else ()
    wanted = SECTIONS_OF.get(kind)
    chosen = [s for s in SECTIONS if wanted is None or s.id in wanted]
    parts = [_part(record, section, runs, brief=kind == "executive", prompts=policy.open) for section in chosen]
    if kind == "initial":
        parts.append(Part("not-yet-known", "What is not yet known", not_yet_known(record), ()))
    parts = [part for part in parts if part.html]
    if runs and kind == "full":
        html = Markup("{}\n{}").format(run_table(runs).html(quiet=True), embedded(runs))
        parts.append(Part("notebooks", "Notebooks", html, ()))
    if not policy.open:
        parts.append(Part("left-out", "What was left out", ledger_html(made), ()))
    page = fill(
        "page.html.j2",
        title=f"{record.incident.id}: {record.incident.title}",
        over=TITLES[kind],
        incident=record.incident,
        audience=policy.audience,
        parts=parts,
        failures=[run for run in runs if not run.ok],
        status=status.replace("_", " "),
        anchor=record.anchor,
    )
    return Document(_mended(page), tuple(parts))


def _mended(page: str) -> str:
    """Lead a link whose place is not on this page to what stands in for it there."""
    places = set(_ID.findall(page))
    stands_in = {"event": "timeline", "finding": "supporting-data"}

    def lead(match: re.Match[str]) -> str:
        if match["to"] in places:
            return match.group(0)
        other = stands_in.get(match["to"].partition("-")[0], "")
        return f'href="#{other if other in places else "main"}"'

    return _LINK.sub(lead, page)


def fill(name: str, *, policy: str = POLICY, **values: Any) -> str:
    """Fill one of our page templates, under our policy and style; what it prints is made visible, then escaped."""
    page: str = _environment().get_template(name).render(policy=policy, style=own_file("style.css"), **values)
    return page


def _part(
    bundle: Bundle, section: Section, notebooks: Sequence[RunResult], *, brief: bool = False, prompts: bool = True
) -> Part:
    """Render one section: the text of people or of the rules, its tables and plots, and the questions.

    ``brief`` is for one page: the main plot, and of the questions those that were answered. ``prompts`` shows the
    questions that are still open.
    """
    written = bundle.prose.get(section.id, "")
    if written.strip():
        text = render_prose(bundle, written, where=section.id)
    else:
        text = render_prose(bundle, " ".join(section.draft(bundle)), where=section.id)
    body = section.brief if brief and section.brief else section.body
    pieces, cited, sentences = [text.html, body(bundle)], list(text.cited), list(text.sentences)
    for ask in section.asked(bundle):
        answer = bundle.prose.get(ask.id, "")
        if answer.strip():
            said = render_prose(bundle, answer, where=ask.id)
            cited += said.cited
            sentences += said.sentences
            shown = said.html
        elif brief or not prompts:
            continue
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


def own_file(name: str) -> Markup:
    """Read our own style sheet or script; neither holds what would end its element."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704  our own file
