"""Cells about causes and harm: ledger, rivals, findings, groups; called through ``show`` (floor 6)."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from toolkit.notebooks.bundle import Bundle
from toolkit.records import Finding, Rival
from toolkit.report import plots, words
from toolkit.report.prose import render_prose
from toolkit.report.shown import Shown, note
from toolkit.report.tables import Table
from toolkit.report.text import visible
from toolkit.vocabulary import CAUSE_OF


def ledger(case: Bundle) -> plots.Figure | Shown:
    """Show how the damage is split over the causes."""
    if case.verdict is None or not case.verdict.ledger:
        return note("There is no ledger: no harm was found, or the log was not diagnosed yet.")
    return plots.waterfall(case.verdict.ledger, case.verdict.harm).marked(case.incident.tags)


def rivals(case: Bundle) -> plots.Figure | Shown:
    """Show how probable each cause is."""
    if case.verdict is None:
        return note("The log was not diagnosed yet.")
    return plots.rivals(case.verdict).marked(case.incident.tags)


def evidence(case: Bundle) -> Table | Shown:
    """Show each rival with the findings for and against it."""
    ranked = sorted(case.verdict.rivals if case.verdict else (), key=lambda r: -r.probability)
    if not ranked:
        return note("The diagnosis names no rivals.")
    rows = tuple(
        (_rival(r), words.percent(r.probability), _said(case, r.supporting), _said(case, r.contradicting))
        for r in ranked
    )
    return Table(("Rival", "Probability", "For", "Against"), rows, "The evidence for and against each rival")


def _rival(rival: Rival) -> str:
    gap = f"; not testable: {visible(rival.not_testable, 160)}" if rival.not_testable else ""
    return words.rival(rival) + gap


def _said(case: Bundle, ids: Sequence[str]) -> Markup:
    known = {f.id: f for f in case.findings}
    lines = [Markup("{} {}").format(i, visible(known[i].statement, 300)) for i in ids if i in known]
    return Markup("<br>").join(lines) or Markup("nothing found")


def findings(case: Bundle, cause: str = "") -> Table | Shown:
    """Show the findings, or those that speak for or against a mechanism of one cause."""
    chosen = [f for f in case.findings if not cause or _concerns(f, cause)]
    if not chosen:
        return note(f"No finding speaks for or against {words.CAUSE_NAMES.get(cause, 'any cause')}.")
    rows = tuple(
        (f.id, words.name(f.detector), visible(f.statement, 400),
         words.with_unit(f.effect, f.unit) if f.effect is not None else "",
         words.between(f.interval, f.unit) if f.interval else "", f.n or None, f.stance.replace("_", " "))
        for f in chosen
    )  # fmt: skip
    return Table(("Id", "Detector", "What it found", "Effect", "95 % interval", "Rows", "Stance"), rows, "Findings")


def cause(case: Bundle, name: str) -> Shown:
    """Show what the diagnosis says of one cause: its probability, its share of the damage, what cannot be tested."""
    verdict = case.verdict
    if verdict is None:
        return note("The log was not diagnosed yet.")
    title = words.CAUSE_NAMES[name].capitalize()
    said = [f"{title} {'have' if ' and ' in title else 'has'} a probability of {{{{verdict.p.{name}}}}}."]
    for place in (i for i, x in enumerate(verdict.ledger, 1) if x.cause == name and x.mechanism):
        ref = f"ledger.{place}"
        said.append(f"{{{{{ref}.mechanism|capital}}}} explains {{{{{ref}.share}}}} of the damage.")
    html = render_prose(case, " ".join(said), where=name, linked=False).html
    gaps = [r for r in verdict.rivals if r.cause == name and r.not_testable]
    items = [Markup("<li>{}: {}</li>").format(words.name(r.mechanism), visible(r.not_testable)) for r in gaps]
    listed = Markup("<p>Not testable on this log:</p><ul>{}</ul>").format(Markup("").join(items)) if items else ""
    return Shown(Markup("{}{}").format(html, listed))


def groups(case: Bundle) -> plots.Figure | Shown:
    """Show the metric by group, with intervals and rows."""
    if not case.groups:
        return note("The log has no groups or segments.")
    return plots.groups(case.groups).marked(case.incident.tags)


def harm(case: Bundle) -> Table | Shown:
    """Show the damage in numbers."""
    if case.verdict is None:
        return note("The log was not diagnosed yet.")
    one = case.verdict.harm
    rows = (
        ("Metric", words.name(one.metric)), ("Expected", one.expected), ("Observed", one.observed),
        ("Excess", one.excess_errors), ("95 % interval", words.between(one.interval)), ("Predictions", one.n),
        ("Basis", "estimated from scores" if one.estimated else "labels"),
    )  # fmt: skip
    return Table(("Measure", "Value"), rows, "The damage")


def _concerns(finding: Finding, cause: str) -> bool:
    """Tell whether a finding speaks for or against a mechanism of a cause, or says that it cannot be tested."""
    untested = finding.details.get("mechanisms", ()) if finding.stance == "not_testable" else ()
    return any(CAUSE_OF.get(m) == cause for m in (*finding.supports, *finding.refutes, *untested))
