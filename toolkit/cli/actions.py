"""``action``: what will be done about it, by whom and until when (floor 8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from toolkit.cli.frame import (
    FAILED,
    Group,
    by_option,
    home_option,
    json_option,
    open_store,
    say,
    say_json,
    say_table,
    typed,
)
from toolkit.cli.progress import Progress
from toolkit.cli.times import MOMENT
from toolkit.vocabulary import ACTION_KINDS, ACTION_STATUSES


@click.group(cls=Group, short_help="Action items: add, edit, check, done, drop, list.")
def action() -> None:
    """Say what will be done about it, by whom and until when."""


@action.command(
    "add",
    example="""
    postmortem action add INC-0001 "Impute no wind speed" --kind prevent --owner "the delay desk" --due 2026-12-01 \\
        --check "select count(*) filter (where wind_speed is null) < 10 from log"
    """,
)
@click.argument("incident")
@click.argument("summary")
@click.option("--kind", type=click.Choice(ACTION_KINDS), default="prevent", show_default=True)
@click.option("--owner", default="", help="Who does it.")
@click.option("--due", type=MOMENT, help="Until when.")
@click.option("--check", "check_sql", default="", help="A SELECT over log that is true where it is done.")
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


@action.command("edit", example='postmortem action edit INC-0001 A01 --owner "the delay desk" --due 2026-12-01')
@click.argument("incident")
@click.argument("action_id", metavar="ACTION")
@click.option("--summary")
@click.option("--kind", type=click.Choice(ACTION_KINDS))
@click.option("--owner")
@click.option("--due", type=MOMENT, help="Until when.")
@click.option("--check", "check_sql", help="A SELECT over log that is true where it is done.")
@click.option("--reason", default="", help="Why.")
@by_option
@home_option
@json_option
def edit(incident: str, action_id: str, reason: str, by: str, home: str | None, as_json: bool, **fields: Any) -> None:
    """Change ACTION of INCIDENT; what it was stays in the journal."""
    given = {k: v for k, v in fields.items() if v is not None}
    if not given:
        raise click.UsageError("Nothing to change was given.")
    made = open_store(home).update_action(incident, action_id, reason=reason, actor=by, command=typed(), **given)
    if as_json:
        say_json(made.to_dict())
    else:
        say(f"{made.id} is {made.status}: {made.summary}")


@action.command("check", example="postmortem action check INC-0001 A01 --log 'served/2026-12-*.parquet'")
@click.argument("incident", required=False)
@click.argument("action_id", metavar="ACTION", required=False)
@click.option("--log", metavar="LOG", help="What to run on [default: the incident's own log, as it is now].")
@by_option
@home_option
@json_option
def check(
    incident: str | None, action_id: str | None, log: str | None, by: str, home: str | None, as_json: bool
) -> int:
    """Run the checks of actions on the log; one that fails opens a done action again. Exits 1 where one failed.

    A check is one SELECT over log, the columns as they are named there, or rows, the columns by their roles. It passed
    where its first value is true. It can read the log and nothing else.
    """
    with Progress() as progress:
        progress("running the checks")
        from toolkit.investigation import check_actions

        made = check_actions(open_store(home), incident, action_id, log=log, by=by, command=typed())
    if as_json:
        rows = [
            {"incident": c.incident, "action": c.action.id, "passed": c.passed, "detail": c.detail}
            | {"status": c.action.status, "reopened": c.reopened}
            for c in made
        ]
        say_json(rows)
    elif not made:
        say("No action has a check; give one with postmortem action edit --check.")
    for one in () if as_json else made:
        said = {True: "passed", False: "failed", None: "could not be run"}[one.passed]
        again = "; it was done and is open again" if one.reopened else ""
        say(f"{one.incident} {one.action.id} {said}: {one.detail}{again}")
    return 0 if all(c.passed for c in made) else FAILED


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
@click.option("--within", metavar="DAYS", type=click.FloatRange(min=0), help="Only those open and due until then.")
@click.option("--ics", is_flag=True, help="Print a calendar with a reminder for each.")
@home_option
@json_option
def list_(
    incident: str | None,
    status: str | None,
    overdue: bool,
    within: float | None,
    ics: bool,
    home: str | None,
    as_json: bool,
) -> None:
    """List action items, of INCIDENT or of all; as reminders with --within, or as a calendar with --ics."""
    from datetime import UTC, timedelta

    from toolkit.store.handout import actions_ics

    until = None if within is None else datetime.now(UTC) + timedelta(days=within)
    found = open_store(home).actions(incident, status=status, overdue=overdue or until is not None, now=until)
    if ics:
        click.echo(actions_ics(found, datetime.now(UTC)), nl=False)
    elif as_json:
        say_json(
            [
                {"incident": t.incident, **t.action.to_dict(), "checked_at": t.checked_at}
                | {"check_passed": t.check_passed, "check_detail": t.check_detail}
                for t in found
            ]
        )
    elif not found:
        say("No action items.")
    else:
        rows = [
            (t.incident, a.id, a.status, a.kind, f"{a.due:%Y-%m-%d}" if a.due else "-", _check(t), a.owner, a.summary)
            for t in found
            for a in (t.action,)
        ]
        say_table(("incident", "id", "status", "kind", "due", "check", "owner", "summary"), rows)


def _check(one: Any) -> str:
    """Say in a word how an action's check went."""
    if not one.action.check_sql:
        return "-"
    return {None: "not run", True: "passed", False: "failed"}[one.check_passed]
