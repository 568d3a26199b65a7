"""What the cells of a template call: each gives one thing that shows itself (floor 6).

The whole surface for notebooks: ``case = show.load(bundle)``, then ``show.timeline(case)`` and so on, and at the end
``show.hand_back(case, "timeline")``. Everything here reads the bundle alone; nothing opens the store or the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from toolkit.errors import PostmortemError
from toolkit.notebooks.bundle import Bundle
from toolkit.records import ActionItem, Event, Finding
from toolkit.report import plots, words
from toolkit.report.prose import plain, render_prose
from toolkit.report.sections import SECTIONS
from toolkit.report.sections.actions import action_table
from toolkit.report.sections.summary import facts
from toolkit.report.sections.supporting import flat, role_table
from toolkit.report.show_causes import cause, evidence, findings, groups, harm, ledger, rivals
from toolkit.report.shown import Shown, note
from toolkit.report.tables import Table
from toolkit.report.text import visible

__all__ = [
    "Shown", "actions", "blanks", "cause", "citable", "events", "evidence", "findings", "groups", "hand_back", "harm",
    "header", "ledger", "load", "metric", "metrics", "next_steps", "order_check", "reading", "rivals", "roles",
    "timeline", "validation",
]  # fmt: skip

HANDBACK_FORMAT: Final = "toolkit.handback/1"


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
        return note("The log has no times, or no metric of that name, so there is no plot over time.")
    return plots.metric_series(case.series, chosen, case.events).marked(case.incident.tags)


def metrics(case: Bundle) -> Table | Shown:
    """Show every metric: first, last, lowest and highest value and the reference."""
    rows = []
    for one in case.series.metrics:
        known = [v for v in one.value if v is not None]
        if known:
            rows.append((words.name(one.name), one.reference, known[0], known[-1], min(known), max(known), sum(one.n)))
    columns = ("Metric", "Reference", "First", "Last", "Lowest", "Highest", "Rows")
    return Table(columns, tuple(rows), "Metrics over the log") if rows else note("The bundle holds no metric series.")


def timeline(case: Bundle) -> plots.Figure | Shown:
    """Show people's and the machine's events on one axis, with the onset and its interval."""
    if not case.events:
        return note("No event is recorded yet.")
    onset, interval = _onset(case)
    return plots.timeline(case.events, case.incident, onset, interval).marked(case.incident.tags)


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
        return note("There is no onset in the log, or no recorded change, so there is no order to check.")
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
    return action_table(case) if case.actions else note("No action item is recorded yet.")


def validation(case: Bundle) -> Table | Shown:
    """Show how the log was read: rows, quarantined rows and why."""
    rows = tuple(flat({**(case.verdict.log if case.verdict else {}), **case.validation}))
    return (
        Table(("Field", "Value"), rows, "Validation of the log")
        if rows
        else note("The bundle has no validation report.")
    )


def roles(case: Bundle) -> Table | Shown:
    """Show which column plays which role."""
    return role_table(case) if case.roles else note("The bundle does not say which column plays which role.")


def blanks(case: Bundle) -> Table | Shown:
    """Show the questions of the postmortem that nobody has answered yet."""
    rows = tuple(
        (s.title, a.title, a.question) for s in SECTIONS for a in s.asked(case) if not case.prose.get(a.id, "").strip()
    )
    return (
        Table(("Section", "To be written", "Question"), rows, "What is left to write")
        if rows
        else note("All is written.")
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
    return note(f"Read {len(case.findings)} findings of {case.incident.id}; handed back {counts}.")


def _onset(case: Bundle) -> tuple[Any, Any]:
    """Give the onset with its interval: the diagnosis's, else that of the series."""
    return (
        (case.verdict.onset, case.verdict.onset_interval)
        if case.verdict
        else (case.series.onset, case.series.onset_interval)
    )


def _standing(case: Bundle) -> list[Event]:
    return [event for event in case.events if not event.withdrawn]
