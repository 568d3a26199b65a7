"""What the cells of a template call: each gives one thing that shows itself (floor 6).

The whole surface for notebooks: ``case = show.load(bundle)``, then ``show.timeline(case)`` and so on, and at the end
``show.hand_back(case, "timeline")``. Everything here reads the bundle alone; nothing opens the store or the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from toolkit.errors import PostmortemError
from toolkit.notebooks.bundle import Bundle
from toolkit.records import ActionItem, Event, Finding, Rival
from toolkit.report import plots, words
from toolkit.report.prose import plain, render_prose
from toolkit.report.sections import SECTIONS
from toolkit.report.sections.actions import action_table
from toolkit.report.sections.summary import facts
from toolkit.report.sections.supporting import flat, role_table
from toolkit.report.tables import Table
from toolkit.report.text import visible
from toolkit.vocabulary import CAUSE_OF

HANDBACK_FORMAT: Final = "toolkit.handback/1"


@dataclass(frozen=True)
class Shown:
    """A piece of text that shows itself in a cell, as HTML and as plain text."""

    html: Markup
    text: str = ""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": str(self.html), "text/plain": self.text or plain(self.html)}


def load(bundle: str, incident_id: str = "") -> Bundle:
    """Read the bundle that a template was given.

    Raises:
        PostmortemError: no bundle was given, or it is of another incident.
    """
    if not bundle:
        fix = "set bundle to the folder that postmortem investigate wrote, e.g. incidents/INC-0001/bundle"
        raise PostmortemError("the notebook was given no bundle", fix=fix)
    case = Bundle.load(bundle)
    if incident_id and case.incident.id != incident_id:
        raise PostmortemError(
            f"the bundle is of {case.incident.id}, not of {incident_id}", where=bundle, fix="give its own"
        )
    return case


def header(case: Bundle) -> Shown:
    """Show which incident this is, with its times, cause and harm."""
    incident = case.incident
    title = Markup("<p><strong>{}</strong> {} · {} · {}</p>").format(
        incident.id, visible(incident.title, 200), incident.severity, incident.status
    )
    rows = tuple(facts(case))
    table = Table(("Fact", "Value"), rows, "At a glance")
    return Shown(
        Markup("{}{}").format(title, table.cell_html()), f"{incident.id} {visible(incident.title, 200)}\n{table.text()}"
    )


def reading(case: Bundle, section: str) -> Shown:
    """Show what the record says of a section of the postmortem, sentence by sentence from the findings."""
    chosen = next(s for s in SECTIONS if s.id == section)
    text = case.prose.get(section, "").strip() or " ".join(chosen.draft(case)) or "The record says nothing of it yet."
    html = render_prose(case, text, where=section, linked=False).html
    return Shown(html, plain(html).strip())


def metric(case: Bundle, name: str = "") -> plots.Figure | Shown:
    """Show one metric over time; without a name, the one that the harm is counted in."""
    wanted = name or (case.verdict.harm.metric if case.verdict else "")
    chosen = case.series.metric(wanted) or (None if name else next(iter(case.series.metrics), None))
    if chosen is None or not case.series.starts:
        return _note("The log has no times, or no metric of that name, so there is no plot over time.")
    return plots.metric_series(case.series, chosen, case.events)


def metrics(case: Bundle) -> Table | Shown:
    """Show every metric: first, last, lowest and highest value and the reference."""
    rows = []
    for one in case.series.metrics:
        known = [v for v in one.value if v is not None]
        if known:
            rows.append((words.name(one.name), one.reference, known[0], known[-1], min(known), max(known), sum(one.n)))
    columns = ("Metric", "Reference", "First", "Last", "Lowest", "Highest", "Rows")
    return Table(columns, tuple(rows), "Metrics over the log") if rows else _note("The bundle holds no metric series.")


def timeline(case: Bundle) -> plots.Figure | Shown:
    """Show people's and the machine's events on one axis, with the onset and its interval."""
    if not case.events:
        return _note("No event is recorded yet.")
    onset, interval = _onset(case)
    return plots.timeline(case.events, case.incident, onset, interval)


def events(case: Bundle) -> Table:
    """Show the events in order."""
    rows = tuple(
        (e.occurred_at, words.name(e.kind), visible(e.text, 400), visible(e.source, 120)) for e in _standing(case)
    )
    return Table(("When (UTC)", "Kind", "What happened", "Source"), rows, "Events in order")


def order_check(case: Bundle) -> Table | Shown:
    """Show which recorded changes came before the onset, and which came too late to be its cause."""
    onset, interval = _onset(case)
    changes = [e for e in _standing(case) if e.kind in {"deployment", "data_change", "config_change", "staffing"}]
    if onset is None or not changes:
        return _note("There is no onset in the log, or no recorded change, so there is no order to check.")
    low, high = interval or (onset, onset)
    rows = []
    for event in changes:
        gap = (onset - event.occurred_at).total_seconds()
        said = f"{words.duration(abs(gap))} {'before' if gap >= 0 else 'after'} the onset"
        order = (
            "before the onset"
            if event.occurred_at < low
            else "too late to be the cause"
            if event.occurred_at > high
            else "within the onset's interval"
        )
        rows.append((event.occurred_at, visible(event.text, 400), said, order))
    return Table(("When (UTC)", "Change", "Distance", "Order"), tuple(rows), "Changes and the onset")


def ledger(case: Bundle) -> plots.Figure | Shown:
    """Show how the damage is split over the causes."""
    if case.verdict is None or not case.verdict.ledger:
        return _note("There is no ledger: no harm was found, or the log was not diagnosed yet.")
    return plots.waterfall(case.verdict.ledger, case.verdict.harm)


def rivals(case: Bundle) -> plots.Figure | Shown:
    """Show how probable each cause is."""
    return plots.rivals(case.verdict) if case.verdict else _note("The log was not diagnosed yet.")


def evidence(case: Bundle) -> Table | Shown:
    """Show each rival with the findings for and against it."""
    ranked = sorted(case.verdict.rivals if case.verdict else (), key=lambda r: -r.probability)
    if not ranked:
        return _note("The diagnosis names no rivals.")
    rows = tuple(
        (_rival(r), words.percent(r.probability), _said(case, r.supporting), _said(case, r.contradicting))
        for r in ranked
    )
    return Table(("Rival", "Probability", "For", "Against"), rows, "The evidence for and against each rival")


def _rival(rival: Rival) -> str:
    cause = words.CAUSE_NAMES.get(rival.cause, words.name(rival.cause))
    own = rival.mechanism and rival.mechanism != rival.cause
    gap = f"; not testable: {visible(rival.not_testable, 160)}" if rival.not_testable else ""
    return (f"{words.name(rival.mechanism)} ({cause})" if own else cause) + gap


def _said(case: Bundle, ids: Sequence[str]) -> Markup:
    known = {f.id: f for f in case.findings}
    lines = [Markup("{} {}").format(i, visible(known[i].statement, 300)) for i in ids if i in known]
    return Markup("<br>").join(lines) or Markup("nothing found")


def findings(case: Bundle, cause: str = "") -> Table | Shown:
    """Show the findings, or those that speak for or against a mechanism of one cause."""
    chosen = [f for f in case.findings if not cause or _concerns(f, cause)]
    if not chosen:
        return _note(f"No finding speaks for or against {words.CAUSE_NAMES.get(cause, 'any cause')}.")
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
        return _note("The log was not diagnosed yet.")
    title = words.CAUSE_NAMES[name].capitalize()
    said = [f"{title} has a probability of {{{{verdict.p.{name}}}}}."]
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
    return plots.groups(case.groups) if case.groups else _note("The log has no groups or segments.")


def harm(case: Bundle) -> Table | Shown:
    """Show the damage in numbers."""
    if case.verdict is None:
        return _note("The log was not diagnosed yet.")
    one = case.verdict.harm
    rows = (
        ("Metric", words.name(one.metric)), ("Expected", one.expected), ("Observed", one.observed),
        ("Excess", one.excess_errors), ("95 % interval", words.between(one.interval)), ("Predictions", one.n),
        ("Basis", "estimated from scores" if one.estimated else "labels"),
    )  # fmt: skip
    return Table(("Measure", "Value"), rows, "The damage")


def next_steps(case: Bundle) -> Shown:
    """Show what to do now: what would settle the cause, what is unanswered, which actions are open."""
    steps = list(case.verdict.would_settle_it) if case.verdict else ["Diagnose the log."]
    incident = case.incident
    if incident.mitigated_at is None and incident.status == "open":
        steps.append("Mitigate: no mitigation is recorded.")
    if incident.detected_at is None:
        steps.append("Record when it was detected.")
    steps += [f"Open action: {a.summary} ({a.owner or 'no owner'})" for a in case.actions if a.status == "open"]
    items = Markup("").join(Markup("<li>{}</li>").format(visible(s, 400)) for s in steps)
    return Shown(Markup("<ol>{}</ol>").format(items) if steps else Markup("<p>Nothing is open.</p>"))


def actions(case: Bundle) -> Table | Shown:
    """Show the action items."""
    return action_table(case) if case.actions else _note("No action item is recorded yet.")


def validation(case: Bundle) -> Table | Shown:
    """Show how the log was read: rows, quarantined rows and why."""
    rows = tuple(flat({**(case.verdict.log if case.verdict else {}), **case.validation}))
    return (
        Table(("Field", "Value"), rows, "Validation of the log")
        if rows
        else _note("The bundle has no validation report.")
    )


def roles(case: Bundle) -> Table | Shown:
    """Show which column plays which role."""
    return role_table(case) if case.roles else _note("The bundle does not say which column plays which role.")


def blanks(case: Bundle) -> Table | Shown:
    """Show the questions of the postmortem that nobody has answered yet."""
    rows = tuple(
        (s.title, a.title, a.question) for s in SECTIONS for a in s.asks if not case.prose.get(a.id, "").strip()
    )
    return (
        Table(("Section", "To be written", "Question"), rows, "What is left to write")
        if rows
        else _note("All is written.")
    )


def citable(case: Bundle) -> Table:
    """Show what a text can cite, with what would be shown."""
    from toolkit.report.evidence import cite, known_references

    rows = tuple((f"{{{{{ref}}}}}", visible(cite(case, ref).text, 120)) for ref in known_references(case))
    return Table(("Write", "Shows"), rows, "References for your text")


def hand_back(
    case: Bundle,
    template: str,
    *,
    findings: Sequence[Finding] = (),
    events: Sequence[Event] = (),
    actions: Sequence[ActionItem] = (),
    folder: str | Path = ".",
) -> Shown:
    """Write what the notebook hands back to the incident, beside the executed notebook, and say so.

    ``findings``, ``events`` and ``actions`` are new records; what the record already holds is named by its ids. The
    process that ran the notebook checks them and writes them to the store.
    """
    new: Mapping[str, Sequence[Any]] = {"findings": findings, "events": events, "actions": actions}
    body = {
        "format": HANDBACK_FORMAT,
        "incident_id": case.incident.id,
        "template": template,
        "seen": [f.id for f in case.findings],
        **{name: [record.to_dict() for record in records] for name, records in new.items()},
    }
    file = Path(folder) / f"{template}.handback.json"
    file.write_text(json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    counts = ", ".join(f"{len(records)} {name}" for name, records in new.items() if records) or "nothing new"
    return _note(f"Read {len(case.findings)} findings of {case.incident.id}; handed back {counts}.")


def _concerns(finding: Finding, cause: str) -> bool:
    return any(CAUSE_OF.get(m) == cause for m in (*finding.supports, *finding.refutes))


def _onset(case: Bundle) -> tuple[Any, Any]:
    """Give the onset with its interval: the diagnosis's, else that of the series."""
    return (
        (case.verdict.onset, case.verdict.onset_interval)
        if case.verdict
        else (case.series.onset, case.series.onset_interval)
    )


def _standing(case: Bundle) -> list[Event]:
    return [event for event in case.events if not event.withdrawn]


def _note(text: str) -> Shown:
    return Shown(Markup("<p>{}</p>").format(text), text)
