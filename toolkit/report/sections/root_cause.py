"""The cause, its rivals, and the evidence for and against each (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Rival
from toolkit.report import plots, words
from toolkit.report.evidence import anchor_of
from toolkit.report.sections.base import Ask, Section, told
from toolkit.report.sections.summary import verdict_sentences
from toolkit.report.text import visible

_MOST: Final = 6
#: Share of the damage from which a line is named in the text; all are in the plot.
_WORTH_SAYING: Final = 0.05


def draft(bundle: Bundle) -> Sequence[str]:
    """Say the verdict, when it set in, what else contributed and what nothing explains."""
    verdict = bundle.verdict
    if verdict is None:
        return verdict_sentences(bundle)
    said = verdict_sentences(bundle)
    if verdict.onset is None and verdict.verdict not in {"none", "undetermined"}:
        said.append("The fault was there from the first row of the log.")
    for place, line in enumerate(verdict.ledger, 1):
        if line.mechanism and line.mechanism != verdict.mechanism and line.share >= _WORTH_SAYING:
            ref = f"ledger.{place}"
            said += told(
                bundle, f"{{{{{ref}.mechanism|capital}}}} ({{{{{ref}.cause}}}}) contributed {{{{{ref}.share}}}}."
            )
    return said + told(bundle, "{{ledger.unexplained.share}} of it stays unexplained.")


def body(bundle: Bundle) -> Markup:
    """Give the ledger, the probabilities, a card for each rival and what would settle it."""
    verdict = bundle.verdict
    if verdict is None:
        return Markup("")
    parts = []
    if verdict.ledger:
        parts.append(brief(bundle))
    parts.append(plots.rivals(verdict).marked(bundle.incident.tags).html())
    if 1 < len(verdict.plausible) < len(verdict.probabilities):
        named = ", ".join("no failure" if c == "none" else words.CAUSE_NAMES[c] for c in verdict.plausible)
        parts.append(
            Markup('<p class="note">Not ruled out: {} (nine of ten such lists hold the cause).</p>').format(named)
        )
    if verdict.rivals:
        parts.append(Markup("<h3>The rivals, and the evidence for and against each</h3>"))
        parts.append(rival_cards(bundle))
    if verdict.would_settle_it:
        items = Markup("").join(Markup("<li>{}</li>").format(visible(x)) for x in verdict.would_settle_it)
        parts.append(Markup("<h3>What would settle it</h3><ul>{}</ul>").format(items))
    return Markup("\n").join(parts)


def brief(bundle: Bundle) -> Markup:
    """Give the split of the damage alone."""
    verdict = bundle.verdict
    if verdict is None or not verdict.ledger:
        return Markup("")
    return plots.waterfall(verdict.ledger, verdict.harm).marked(bundle.incident.tags).html()


def rival_cards(bundle: Bundle) -> Markup:
    """Give the most probable rivals, each with the findings for and against it."""
    ranked = sorted(bundle.verdict.rivals if bundle.verdict else (), key=lambda r: -r.probability)
    parts = [_card(bundle, rival) for rival in ranked[:_MOST]]
    left = len(ranked) - _MOST
    if left > 0:
        parts.append(
            Markup('<p class="note">{:,} less probable rivals are in the data of this document.</p>').format(left)
        )
    return Markup("\n").join(parts)


def _card(bundle: Bundle, rival: Rival) -> Markup:
    untold = visible(rival.not_testable).rstrip(".")
    gap = Markup('<p class="note">Not testable: {}.</p>').format(untold) if untold else ""
    head = Markup('<h4>{} <span class="badge">{}</span></h4>').format(
        words.rival(rival), words.percent(rival.probability)
    )
    sides = [("For", rival.supporting), ("Against", rival.contradicting)]
    both = Markup("").join(_side(bundle, said, ids) for said, ids in sides)
    return Markup('<article class="rival">{}{}<div class="sides">{}</div></article>').format(head, gap, both)


def _side(bundle: Bundle, title: str, ids: Sequence[str]) -> Markup:
    known = {f.id: f for f in bundle.findings}
    items = Markup("").join(
        Markup('<li><a href="#{}">{}</a> {}</li>').format(anchor_of("finding", i), i, visible(known[i].statement))
        for i in ids
        if i in known
    )
    listed = Markup("<ul>{}</ul>").format(items) if items else Markup('<p class="none">nothing found</p>')
    return Markup("<div><h5>{}</h5>{}</div>").format(title, listed)


SECTION = Section(
    "root-cause",
    "Root cause",
    draft,
    body,
    (
        Ask(
            "contributing",
            "Contributing factors",
            "What made it possible, or worse, apart from the cause: reviews, tests, goals, load?",
        ),
    ),
    brief=brief,
)
