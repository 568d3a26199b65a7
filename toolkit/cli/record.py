"""``note`` and ``event``: what happened, as people put it on record (floor 8)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.frame import Command, Group, by_option, home_option, json_option, open_store, say, say_json, typed
from toolkit.cli.text import moment_text
from toolkit.cli.times import MOMENT
from toolkit.vocabulary import EVENT_KINDS

if TYPE_CHECKING:
    from toolkit.records import Event


@click.command(
    cls=Command,
    short_help="Note what happened: a time, a kind and a sentence.",
    example='postmortem note INC-0001 2013-07-02T09:10Z mitigation "Fell back to the schedule"',
)
@click.argument("incident")
@click.argument("when", type=MOMENT)
@click.argument("kind", type=click.Choice(EVENT_KINDS, case_sensitive=False))
@click.argument("text")
@click.option("--marker", default="", help="detection, diagnosis, repair or key_moment.")
@click.option("--star", is_flag=True, help="Worth a reader's eye.")
@click.option("--source", default="person", show_default=True, help="Who or what says so.")
@by_option
@home_option
@json_option
def note(
    incident: str,
    when: datetime,
    kind: str,
    text: str,
    marker: str,
    star: bool,
    source: str,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Put an event on the timeline of INCIDENT.

    WHEN is 2013-07-02T09:10Z, now, or 2h for two hours ago. The same event twice is one.
    """
    from toolkit.records import Event

    new = Event(when, kind, text, source=source, actor=by, marker=marker, starred=star)
    (made,) = open_store(home).add_events(incident, [new], actor=by, command=typed())
    _tell(made, as_json)


@click.group(cls=Group, short_help="Star, change, withdraw or import events.")
def event() -> None:
    """Star, change, withdraw or import events; nothing is lost, the journal keeps what was."""


@event.command("star", example="postmortem event star INC-0001 E03")
@click.argument("incident")
@click.argument("event")
@click.option("--off", is_flag=True, help="Take the star back.")
@by_option
@home_option
@json_option
def star(incident: str, event: str, off: bool, by: str, home: str | None, as_json: bool) -> None:
    """Mark EVENT as worth a reader's eye."""
    _tell(open_store(home).star_event(incident, event, not off, actor=by, command=typed()), as_json)


@event.command("edit", example='postmortem event edit INC-0001 E03 --text "Rolled back to delays@2" --reason typo')
@click.argument("incident")
@click.argument("event")
@click.option("--at", "occurred_at", type=MOMENT, help="When it happened.")
@click.option("--kind", type=click.Choice(EVENT_KINDS, case_sensitive=False))
@click.option("--text")
@click.option("--marker", help="detection, diagnosis, repair or key_moment.")
@click.option("--reason", default="", help="Why it is changed.")
@by_option
@home_option
@json_option
def edit_event(incident: str, event: str, reason: str, by: str, home: str | None, as_json: bool, **fields: Any) -> None:
    """Change EVENT."""
    given = {k: v for k, v in fields.items() if v is not None}
    if not given:
        raise click.UsageError("Nothing to change was given.")
    _tell(open_store(home).edit_event(incident, event, reason=reason, actor=by, command=typed(), **given), as_json)


@event.command("withdraw", example='postmortem event withdraw INC-0001 E07 --reason "it was another service"')
@click.argument("incident")
@click.argument("event")
@click.option("--reason", default="", help="Why.")
@by_option
@home_option
@json_option
def withdraw(incident: str, event: str, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Take EVENT off the timeline; it stays in the record."""
    _tell(open_store(home).withdraw_event(incident, event, reason=reason, actor=by, command=typed()), as_json)


@event.command("import", example="postmortem event import INC-0001 deploys.csv")
@click.argument("incident")
@click.argument("file")
@by_option
@home_option
@json_option
def import_events(incident: str, file: str, by: str, home: str | None, as_json: bool) -> None:
    """Put the events of FILE on the timeline: a table with timestamp, kind and text; none is doubled."""
    from toolkit.investigation import import_events as run

    made = run(open_store(home), incident, file, by=by, command=typed())
    if as_json:
        say_json([e.to_dict() for e in made])
    else:
        say(f"{len(made)} events are on the timeline of {incident}")


def _tell(made: Event, as_json: bool) -> None:
    if as_json:
        say_json(made.to_dict())
    else:
        gone = " (withdrawn)" if made.withdrawn else ""
        say(f"{made.id} {moment_text(made.occurred_at)} {made.kind}: {made.text}{' *' if made.starred else ''}{gone}")
