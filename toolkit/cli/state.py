"""``mitigate``, ``resolve``, ``close``, ``reopen``, ``edit``, ``status``: how an incident stands (floor 8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.frame import Command, by_option, home_option, json_option, open_store, say, say_json, typed
from toolkit.cli.text import moment_text
from toolkit.cli.times import MOMENT
from toolkit.vocabulary import INCIDENT_KINDS, SEVERITIES, STATUSES

if TYPE_CHECKING:
    from toolkit.records import Incident


def _update(home: str | None, incident: str, fields: dict[str, Any], as_json: bool, by: str, **how: Any) -> None:
    """Change an incident, unless somebody changed the same fields since its user last looked, and say how it is."""
    from toolkit.cli import seen

    store = open_store(home)
    made = store.update(incident, seen=seen.last(store, incident), actor=by, command=typed(), **how, **fields)
    seen.remember(store, made)
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
        _update(home, incident, {**fields, "status": status}, as_json, by, reason=reason)

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
    _update(home, incident, {"status": status}, as_json, by, reason=reason)


@click.command(
    cls=Command,
    short_help="Change title, severity, owner, times and the like.",
    example='postmortem edit INC-0001 --severity SEV1 --owner "the delay desk" --reason "it spread"',
)
@click.argument("incident")
@click.option("--title")
@click.option("--model")
@click.option("--dataset", help="What the model was trained on, with its version.")
@click.option("--severity", type=click.Choice(SEVERITIES, case_sensitive=False))
@click.option("--kind", type=click.Choice(INCIDENT_KINDS))
@click.option("--owner")
@click.option("--role", "roles", metavar="ROLE=NAME", multiple=True, help="e.g. commander=Ada; without a name: nobody.")
@click.option("--tag", "tags", multiple=True, help="Add a tag; again for more.")
@click.option("--untag", "untags", multiple=True, help="Take a tag away.")
@click.option("--related", metavar="INCIDENT", multiple=True, help="An incident that belongs to this one.")
@click.option("--restricted/--unrestricted", default=None, help="Not for everybody's eyes, or for all again.")
@click.option("--log", metavar="LOG", help="Where the log lies now, e.g. after an import.")
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
    roles: tuple[str, ...],
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    related: tuple[str, ...],
    log: str | None,
    reason: str,
    expected_version: int | None,
    by: str,
    home: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Change fields of INCIDENT; what they were stays in the journal.

    Where somebody changed one of the same fields since you last looked (show, or your own change), nothing is written
    and you are told who changed what. With --version, any change since stands in the way.
    """
    store = open_store(home)
    given = {k: v for k, v in fields.items() if v is not None}
    if roles or tags or untags or related or log:
        # these change what is there: if somebody else does meanwhile, we are told and nothing is lost
        read = store.incident(incident)
        expected_version = read.version if expected_version is None else expected_version
        given |= _changes(read, roles, tags, untags, related, log)
    if not given:
        raise click.UsageError("Nothing to change was given.")
    _update(home, incident, given, as_json, by, reason=reason, expected_version=expected_version)


def _changes(
    read: Incident,
    roles: tuple[str, ...],
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    related: tuple[str, ...],
    log: str | None,
) -> dict[str, Any]:
    """Give the fields that are lists and mappings as they will be."""
    given: dict[str, Any] = {}
    if roles:
        given["roles"] = roles_of(roles, read.roles)
    if tags or untags:
        given["tags"] = [t for t in dict.fromkeys((*read.tags, *tags)) if t not in untags]
    if related:
        given["related"] = list(dict.fromkeys((*read.related, *(r.strip().upper() for r in related))))
    if log:
        from toolkit.investigation.opening import log_record

        given["log"] = {**read.log, **log_record(log, None, read.log.get("roles") or None, None)}
    return given


def roles_of(given: tuple[str, ...], before: Mapping[str, str]) -> dict[str, str]:
    """Read who plays which part, as ``commander=Ada``, into what is known; an empty name takes a part away."""
    made = dict(before)
    for text in given:
        role, mark, name = text.partition("=")
        if not mark or not role.strip():
            raise click.UsageError(f"{text[:40]!r} is no role; write commander=Ada.")
        made[role.strip().lower()] = name.strip()
    return {role: name for role, name in made.items() if name}


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
@click.option("--key", default="", help="A name for this request: a retry with it changes nothing.")
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
    key: str,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Record a status note of INCIDENT."""
    if not any((text, conditions, done, needs)):
        raise click.UsageError("A status note needs a text, --conditions, --done or --needs.")
    kind = "executive" if executive else "tactical"
    made = open_store(home).add_note(
        incident, kind, text, conditions=conditions, done=done, needs=needs, actor=by, command=typed(), key=key
    )
    if as_json:
        say_json(made.__dict__)
    else:
        say(f"{made.id} {moment_text(made.noted_at)} {made.kind} note of {incident} recorded")
