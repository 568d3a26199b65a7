"""``mitigate``, ``resolve``, ``close``, ``reopen``, ``edit``, ``status``: how an incident stands (floor 8)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.frame import Command, by_option, home_option, json_option, open_store, say, say_json, typed
from toolkit.cli.text import moment_text
from toolkit.cli.times import MOMENT
from toolkit.vocabulary import SEVERITIES, STATUSES

if TYPE_CHECKING:
    from toolkit.records import Incident


def _changed(made: Incident, as_json: bool) -> None:
    if as_json:
        say_json({**made.to_dict(), "lags": made.lags})
    else:
        say(f"{made.id} is {made.status} ({made.severity})")


def _turn(name: str, status: str, what: str, sees: str) -> click.Command:
    """Make the command that brings an incident into a status."""

    @click.command(name, cls=Command, short_help=what, example=f"postmortem {name} INC-0001 --at 2h")
    @click.argument("incident")
    @click.option("--at", "when", type=MOMENT, help="When that was [default: now].")
    @click.option("--reason", default="", help="Why.")
    @by_option
    @home_option
    @json_option
    def turn(incident: str, when: datetime | None, reason: str, by: str, home: str | None, as_json: bool) -> None:
        fields: dict[str, Any] = {} if when is None else {f"{status}_at": when}
        store = open_store(home)
        made = store.update(incident, reason=reason, actor=by, command=typed(), status=status, **fields)
        _changed(made, as_json)

    turn.help = f"{what} {sees}"
    return turn


mitigate = _turn("mitigate", "mitigated", "Say that the damage stopped.", "The cause may still be there.")
resolve = _turn("resolve", "resolved", "Say that the cause is gone.", "Lessons and actions may still be open.")
close = _turn("close", "closed", "Say that nothing is left to do.", "It can be opened again, with a reason.")


@click.command(
    cls=Command,
    short_help="Open an incident again; needs a reason.",
    example='postmortem reopen INC-0001 --reason "it came back with the next feed"',
)
@click.argument("incident")
@click.option("--reason", required=True, help="Why.")
@click.option("--to", "status", type=click.Choice(STATUSES[:-1]), default="open", show_default=True)
@by_option
@home_option
@json_option
def reopen(incident: str, reason: str, status: str, by: str, home: str | None, as_json: bool) -> None:
    """Open INCIDENT again."""
    made = open_store(home).update(incident, reason=reason, actor=by, command=typed(), status=status)
    _changed(made, as_json)


@click.command(
    cls=Command,
    short_help="Change title, severity, owner, times and the like.",
    example='postmortem edit INC-0001 --severity SEV1 --owner "the delay desk" --reason "it spread"',
)
@click.argument("incident")
@click.option("--title")
@click.option("--model")
@click.option("--severity", type=click.Choice(SEVERITIES, case_sensitive=False))
@click.option("--owner")
@click.option("--summary")
@click.option("--occurred", "occurred_at", type=MOMENT, help="When the damage began.")
@click.option("--detected", "detected_at", type=MOMENT, help="When somebody noticed.")
@click.option("--hours", "responder_hours", type=float, help="Hours that people spent on it.")
@click.option("--duplicate-of", metavar="INCIDENT", help="The incident that this one repeats.")
@click.option("--version", "expected_version", type=int, help="Refuse if somebody changed it since this version.")
@click.option("--reason", default="", help="Why.")
@by_option
@home_option
@json_option
def edit(
    incident: str,
    reason: str,
    expected_version: int | None,
    by: str,
    home: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Change fields of INCIDENT; what they were stays in the journal."""
    given = {k: v for k, v in fields.items() if v is not None}
    if not given:
        raise click.UsageError("Nothing to change was given.")
    made = open_store(home).update(
        incident, reason=reason, expected_version=expected_version, actor=by, command=typed(), **given
    )
    _changed(made, as_json)


@click.command(
    cls=Command,
    short_help="Say how it stands: conditions, what was done, what is needed.",
    example='postmortem status INC-0001 --conditions "half the answers wrong" --done "fell back" --needs "a decision"',
)
@click.argument("incident")
@click.argument("text", default="")
@click.option("--executive", is_flag=True, help="For those who decide, instead of those who respond.")
@click.option("--conditions", default="", help="How it is now.")
@click.option("--done", default="", help="What was done.")
@click.option("--needs", default="", help="What is needed.")
@by_option
@home_option
@json_option
def status(
    incident: str,
    text: str,
    executive: bool,
    conditions: str,
    done: str,
    needs: str,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Record a status note of INCIDENT."""
    if not any((text, conditions, done, needs)):
        raise click.UsageError("A status note needs a text, --conditions, --done or --needs.")
    kind = "executive" if executive else "tactical"
    made = open_store(home).add_note(
        incident, kind, text, conditions=conditions, done=done, needs=needs, actor=by, command=typed()
    )
    if as_json:
        say_json(made.__dict__)
    else:
        say(f"{made.id} {moment_text(made.noted_at)} {made.kind} note of {incident} recorded")
