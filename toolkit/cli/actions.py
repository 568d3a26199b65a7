"""``action``: what will be done about it, by whom and until when (floor 8)."""

from __future__ import annotations

from datetime import datetime

import click

from toolkit.cli.frame import Group, by_option, home_option, json_option, open_store, say, say_json, say_table, typed
from toolkit.cli.times import MOMENT
from toolkit.vocabulary import ACTION_KINDS, ACTION_STATUSES


@click.group(cls=Group, short_help="Action items: add, done, drop, list.")
def action() -> None:
    """Say what will be done about it, by whom and until when."""


@action.command(
    "add",
    example="""
    postmortem action add INC-0001 "Alert on late share against mean score, by week" --kind detect \\
        --owner "the delay desk" --due 2026-12-01
    """,
)
@click.argument("incident")
@click.argument("summary")
@click.option("--kind", type=click.Choice(ACTION_KINDS), default="prevent", show_default=True)
@click.option("--owner", default="", help="Who does it.")
@click.option("--due", type=MOMENT, help="Until when.")
@click.option("--check", "check_sql", default="", help="A query over the log that proves it done.")
@click.option("--key", default="", help="A name for this request: a retry with it changes nothing.")
@by_option
@home_option
@json_option
def add(
    incident: str,
    summary: str,
    kind: str,
    owner: str,
    due: datetime | None,
    check_sql: str,
    key: str,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Record an action item of INCIDENT."""
    from toolkit.records import ActionItem

    new = ActionItem(summary, kind, owner, due, check_sql=check_sql)
    made = open_store(home).add_action(incident, new, actor=by, command=typed(), key=key)
    if as_json:
        say_json(made.to_dict())
    else:
        say(f"{made.id} {made.summary} ({made.kind})")


def _turn(name: str, to: str, help_text: str, example: str) -> None:
    @action.command(name, help=help_text, example=example)
    @click.argument("incident")
    @click.argument("action_id", metavar="ACTION")
    @click.option("--reason", default="", help="Why, or how it was done.")
    @by_option
    @home_option
    @json_option
    def turn(incident: str, action_id: str, reason: str, by: str, home: str | None, as_json: bool) -> None:

        made = open_store(home).update_action(incident, action_id, reason=reason, actor=by, command=typed(), status=to)
        if as_json:
            say_json(made.to_dict())
        else:
            say(f"{made.id} is {made.status}: {made.summary}")


_turn("done", "done", "Say that ACTION of INCIDENT is done.", "postmortem action done INC-0001 A01")
_turn("drop", "dropped", "Say that ACTION will not be done.", "postmortem action drop INC-0001 A02 --reason obsolete")
_turn("reopen", "open", "Open ACTION again.", "postmortem action reopen INC-0001 A01")


@action.command("list", example="postmortem action list --overdue")
@click.argument("incident", required=False)
@click.option("--status", type=click.Choice(ACTION_STATUSES), help="Only those of this status.")
@click.option("--overdue", is_flag=True, help="Only those that are open and past their date.")
@click.option("--ics", is_flag=True, help="Print a calendar with a reminder for each.")
@home_option
@json_option
def list_(incident: str | None, status: str | None, overdue: bool, ics: bool, home: str | None, as_json: bool) -> None:
    """List action items, of INCIDENT or of all."""
    from datetime import UTC

    from toolkit.store.handout import actions_ics

    found = open_store(home).actions(incident, status=status, overdue=overdue)
    if ics:
        click.echo(actions_ics(found, datetime.now(UTC)), nl=False)
    elif as_json:
        say_json([{"incident": t.incident, **t.action.to_dict()} for t in found])
    elif not found:
        say("No action items.")
    else:
        rows = [
            (t.incident, a.id, a.status, a.kind, f"{a.due:%Y-%m-%d}" if a.due else "-", a.owner, a.summary)
            for t in found
            for a in (t.action,)
        ]
        say_table(("incident", "id", "status", "kind", "due", "owner", "summary"), rows)
