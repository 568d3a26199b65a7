"""Checks of action items (floor 7): run on the log as it is now; a promise that no longer holds is opened again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.errors import LogError, PostmortemError
from toolkit.records import ActionItem
from toolkit.store import Store, Tracked

#: Seconds that one check may take.
SECONDS: Final = 120.0


@dataclass(frozen=True)
class Checked:
    """How one check went: ``passed`` is ``None`` where it could not be run, and ``detail`` says what came out or why.

    ``action`` is as it is now; ``reopened`` says that it was done and is open again.
    """

    incident: str
    action: ActionItem
    passed: bool | None
    detail: str
    reopened: bool = False


def check_actions(
    store: Store,
    incident_id: str | None = None,
    action_id: str | None = None,
    *,
    log: str | os.PathLike[str] | None = None,
    by: str = "",
    command: str = "",
) -> tuple[Checked, ...]:
    """Run the checks of one action, of an incident's or of all, and record how each went.

    A check is one SELECT over ``log`` (the columns as the log names them) or ``rows`` (by their roles); it passed where
    the first value of its one row is true, or a number that is not 0. A check that fails opens a done action again; one
    that cannot be run changes nothing. Actions that were dropped are left out.

    Args:
        store: where the actions are.
        incident_id: only this incident's.
        action_id: only this action of it.
        log: what to run on; the incident's own log, as it is now, by default.
        by: who checks.
        command: with which command.

    Raises:
        UnknownIncident: there is no such incident.
        PostmortemError: the one action that is named is not there, or has no check.
    """
    found = [t for t in store.actions(incident_id) if t.action.check_sql.strip() and t.action.status != "dropped"]
    if action_id is not None:
        found = [t for t in found if t.action.id == action_id.strip().upper()]
        if not found:
            raise PostmortemError(
                f"{incident_id} has no action {action_id[:20]!r} with a check",
                fix=f"see `postmortem action list {incident_id}`, and give one with `postmortem action edit --check`",
            )
    return tuple(_checked(store, one, log, by, command) for one in found)


def _checked(store: Store, one: Tracked, log: str | os.PathLike[str] | None, by: str, command: str) -> Checked:
    """Run one check and record it."""
    try:
        where = store.incident(one.incident).log
        passed, detail = run_check(one.action.check_sql, where, log)
    except LogError as error:
        return Checked(one.incident, one.action, None, str(error))
    made = store.record_check(one.incident, one.action.id, passed, detail, actor=by, command=command)
    return Checked(one.incident, made, passed, detail, reopened=one.action.status == "done" and made.status == "open")


def run_check(sql: str, where: Mapping[str, Any], log: str | os.PathLike[str] | None = None) -> tuple[bool, str]:
    """Run a check on a log (by default where an incident's log lies): whether it passed, and what came out.

    Raises:
        LogError: there is no log, it cannot be read, or the query is none that can be answered.
    """
    from toolkit.logs import read_log

    paths = list(where.get("paths") or ())
    source = log if log is not None else paths[0] if len(paths) == 1 else None
    if source is None:
        raise LogError("the incident names no log to check", fix="give one with --log")
    with read_log(source, where.get("roles")) as opened:
        columns, rows = opened.rows.ask(sql, rows=2, seconds=SECONDS)
    if len(rows) != 1:
        raise LogError(f"the check gives {'no row' if not rows else 'more than one row'}", fix="make it give one")
    return bool(rows[0][0]), _said(columns, rows[0])


def _said(columns: Iterable[str], row: Iterable[Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(columns, row, strict=True))[:500]
