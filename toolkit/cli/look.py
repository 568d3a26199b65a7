"""``list``, ``show``, ``events``, ``history``: reading one incident or all (floor 8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from toolkit.cli import seen
from toolkit.cli.frame import (
    FAILED,
    Command,
    home_option,
    json_option,
    json_visible,
    open_store,
    say,
    say_json,
    say_pairs,
    say_table,
    visible,
)
from toolkit.cli.progress import Progress
from toolkit.cli.text import incident_lines, moment_text
from toolkit.vocabulary import INCIDENT_KINDS, SEVERITIES, STATUSES


@click.command("list", cls=Command, short_help="List the incidents.", example="postmortem list --status open")
@click.option("--status", type=click.Choice(STATUSES), help="Only those of this status.")
@click.option("--severity", type=click.Choice(SEVERITIES, case_sensitive=False), help="Only those of this severity.")
@click.option("--kind", type=click.Choice(INCIDENT_KINDS), help="Only incidents, or near misses.")
@home_option
@json_option
def list_(status: str | None, severity: str | None, kind: str | None, home: str | None, as_json: bool) -> None:
    """List the incidents, oldest first."""
    store = open_store(home)
    found = store.incidents(status, severity=severity, kind=kind)
    _, said = store.sql("SELECT id, verdict, mechanism FROM incidents") if found else ((), [])
    verdicts = {str(i): (v, m) for i, v, m in said}
    if as_json:
        rows = [
            {**i.to_dict(), "verdict": verdicts.get(i.id, (None,))[0], "mechanism": verdicts.get(i.id, (0, None))[1]}
            for i in found
        ]
        say_json(rows)
    elif not found:
        say(f"No incidents in {store.folder}; postmortem open records one, postmortem demo shows one.")
    else:
        heads = ("id", "severity", "status", "began", "verdict", "title")
        say_table(
            heads,
            [(i.id, i.severity, i.status, _day(i), verdicts.get(i.id, ("",))[0] or "-", i.title) for i in found],
        )


def _day(incident: Any) -> str:
    when = incident.occurred_at
    return "-" if when is None else f"{when:%Y-%m-%d}"


@click.command(
    cls=Command, short_help="Show an incident: times, verdict, events, actions.", example="postmortem show INC-0001"
)
@click.argument("incident")
@home_option
@json_option
def show(incident: str, home: str | None, as_json: bool) -> None:
    """Show what the record holds of INCIDENT."""
    store = open_store(home)
    found = store.incident(incident)
    seen.remember(store, found)
    verdict, events = store.diagnosis(found.id), store.events(found.id)
    actions, notes, documents = store.actions(found.id), store.notes(found.id), store.documents(found.id)
    if as_json:
        say_json(
            {
                **found.to_dict(),
                "lags": found.lags,
                "diagnosis": verdict.to_dict() if verdict else None,
                "events": [e.to_dict() for e in events],
                "actions": [t.action.to_dict() for t in actions],
                "notes": [n.__dict__ for n in notes],
                "runs": [r.__dict__ for r in store.runs(found.id)],
                "documents": [d.__dict__ for d in documents],
            }
        )
        return
    say_pairs(incident_lines(found, verdict))
    if verdict is not None:
        from toolkit.causes.diagnosis import summary_lines

        say()
        say_pairs(summary_lines(verdict))
    if events:
        say()
        say_table(("id", "when", "kind", "what"), [(e.id, moment_text(e.occurred_at), e.kind, e.text) for e in events])
    if actions:
        say()
        say_table(
            ("id", "status", "owner", "summary"),
            [(t.action.id, t.action.status, t.action.owner, t.action.summary) for t in actions],
        )
    for one in notes:
        parts = [one.text, one.conditions, one.actions, one.needs]
        say(f"\n{one.id} {moment_text(one.noted_at)} {one.kind}: {' / '.join(p for p in parts if p)}")
    if documents:
        last = documents[-1]
        say(f"\nDocument: {store.folder / found.id / last.path} (version {last.version}, {last.status})")


@click.command(
    cls=Command,
    short_help="Print the timeline; as CSV, JSON lines or a calendar too.",
    example="postmortem events INC-0001 --format csv",
)
@click.argument("incident")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl", "ics"]), default="table", show_default=True
)
@click.option("--withdrawn", is_flag=True, help="Those withdrawn, too.")
@home_option
@json_option
def events(incident: str, form: str, withdrawn: bool, home: str | None, as_json: bool) -> None:
    """Print the timeline of INCIDENT."""
    from toolkit.store import handout

    found = open_store(home).events(incident, withdrawn=withdrawn)
    if as_json:
        say_json([e.to_dict() for e in found])
    elif form == "csv":
        click.echo(visible(handout.events_csv(found)), nl=False)
    elif form == "jsonl":
        click.echo(json_visible(handout.events_jsonl(found)), nl=False)
    elif form == "ics":
        click.echo(handout.events_ics(incident.upper(), found, datetime.now(UTC)), nl=False)
    elif not found:
        say("No event is recorded yet.")
    else:
        rows = [(e.id, "*" if e.starred else "", moment_text(e.occurred_at), e.kind, e.text, e.source) for e in found]
        say_table(("id", "", "when", "kind", "what", "source"), rows)


@click.command(
    cls=Command, short_help="Print who changed what, when, with which command.", example="postmortem history INC-0001"
)
@click.argument("incident", required=False)
@home_option
@json_option
def history(incident: str | None, home: str | None, as_json: bool) -> None:
    """Print the journal, of INCIDENT or of all."""
    found = open_store(home).history(incident)
    if as_json:
        say_json(found)
        return
    rows = [
        (
            e["seq"],
            str(e["recorded_at"])[:19],
            e.get("actor") or "-",
            e["op"],
            e.get("incident") or "",
            e.get("command") or e.get("reason") or "",
        )
        for e in found
    ]
    say_table(("seq", "when", "who", "what", "incident", "command or reason"), rows)


@click.command(
    cls=Command,
    short_help="Say which files the verdict rests on, and which changed since.",
    example="postmortem data INC-0001",
)
@click.argument("incident")
@home_option
@json_option
def data(incident: str, home: str | None, as_json: bool) -> int:
    """Hash each file that the latest diagnosis of INCIDENT read again; exits 1 where one changed or is gone."""
    with Progress() as progress:
        progress("hashing the files again")
        from toolkit.investigation.data import basis

        found = basis(open_store(home), incident)
    if as_json:
        first, last = (None if t is None else t.isoformat().replace("+00:00", "Z") for t in found.window)
        say_json(
            {"incident": found.incident, "run": found.run, "rows": found.rows, "window": [first, last]}
            | {"files": [one.__dict__ for one in found.sources], "holds": found.holds}
        )
    elif not found.sources:
        say(f"{found.incident} names no files.")
    else:
        rows = "" if found.rows is None else f", {found.rows:,} rows, {' to '.join(map(moment_text, found.window))}"
        say(f"{found.incident}, diagnosis {found.run}{rows}" if found.run else f"{found.incident}, as opened{rows}")
        say_table(
            ("part", "state", "sha256", "file"),
            [(one.part, one.state, one.sha256[:12], one.path) for one in found.sources],
            cell=100,
        )
    return 0 if found.holds else FAILED
