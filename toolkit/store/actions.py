"""Action items in the store (floor 2): what will be done about it, by whom and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.records import ActionItem
from toolkit.records import moment as at
from toolkit.store.attach import Place
from toolkit.store.incidents import next_number, one_of, require
from toolkit.store.plain import plain
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write
from toolkit.vocabulary import ACTION_KINDS, ACTION_STATUSES

_EDITABLE: Final = ("summary", "kind", "owner", "due", "status", "check_sql")


@dataclass(frozen=True)
class Tracked:
    """An action item with the incident that it belongs to, and how its check went when it was last run, if ever."""

    incident: str
    action: ActionItem
    checked_at: datetime | None = None
    check_passed: bool | None = None
    check_detail: str = ""


def add(place: Place, request: Request, incident: str, action: ActionItem) -> ActionItem:
    """Record an action item; its id is given here."""
    if not action.summary.strip():
        raise StoreError("an action needs a summary", fix="say in a few words what will be done")
    check_fields(plain(action))

    def work(tx: Transaction) -> str:
        tx.incident = require(tx, incident)["id"]
        number = next_number(tx, "actions", incident=tx.incident)
        name = f"A{number:02d}"
        row = {**plain(action), "incident": tx.incident, "id": name, "number": number, "created_at": tx.now}
        tx.insert("actions", {**row, "done_at": tx.now if action.status == "done" else None})
        return name

    return write(place, request, work, lambda session, name: _read(session, incident, name))


def update(place: Place, request: Request, incident: str, action: str, fields: Mapping[str, Any]) -> ActionItem:
    """Change an action item; what it was stays in the journal."""
    for name in fields:
        one_of(name, _EDITABLE, "field of an action")
    check_fields(fields)

    def work(tx: Transaction) -> str:
        row = _row(tx, incident, action)
        values = dict(fields)
        if "status" in values and values["status"] != row["status"]:
            values["done_at"] = tx.now if values["status"] == "done" else None
        tx.update("actions", row, **values)
        return str(row["id"])

    return write(place, request, work, lambda session, name: _read(session, incident, name))


def check_fields(fields: Mapping[str, Any]) -> None:
    """See that an action's kind and status are of the vocabulary."""
    if "kind" in fields:
        one_of(fields["kind"], ACTION_KINDS, "kind of action")
    if "status" in fields:
        one_of(fields["status"], ACTION_STATUSES, "status of an action")


def record_check(place: Place, request: Request, incident: str, action: str, passed: bool, detail: str) -> ActionItem:
    """Record how an action's check went on new data; one that fails opens the action again."""

    def work(tx: Transaction) -> str:
        row = _row(tx, incident, action)
        values = {"checked_at": tx.now, "check_passed": passed, "check_detail": detail}
        if not passed and row["status"] == "done":
            values |= {"status": "open", "done_at": None}
        tx.update("actions", row, **values)
        return str(row["id"])

    return write(place, request, work, lambda session, name: _read(session, incident, name))


def _row(tx: Transaction, incident: str, action: str) -> Row:
    tx.incident = require(tx, incident)["id"]
    row = tx.get("actions", incident=tx.incident, id=action.strip().upper())
    if row is None:
        raise StoreError(f"{tx.incident} has no action {action[:20]!r}", fix=f"see `postmortem show {tx.incident}`")
    return row


def _read(session: Session, incident: str, name: str) -> ActionItem:
    row = session.get("actions", incident=require(session, incident)["id"], id=name)
    assert row is not None
    return ActionItem.from_dict(row)


def tracked(
    place: Place, incident: str | None, *, status: str | None, overdue: bool, now: datetime | None
) -> tuple[Tracked, ...]:
    """Read action items of one incident or of all, those due first first; ``overdue``: open and due before ``now``."""
    moment = now or datetime.now(UTC)

    def give(session: Session) -> list[Row]:
        where: dict[str, Any] = {"incident": require(session, incident)["id"]} if incident else {}
        if status:
            where["status"] = one_of(status, ACTION_STATUSES, "status of an action")
        return session.select("actions", order=("incident", "number"), **where)

    found = [
        Tracked(
            row["incident"],
            ActionItem.from_dict(row),
            at(row["checked_at"]),
            row["check_passed"],
            row["check_detail"] or "",
        )
        for row in read(place, give)
    ]
    if overdue:
        found = [t for t in found if t.action.status == "open" and t.action.due and t.action.due < moment]
    never = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda t: t.action.due or never)) if overdue or not incident else tuple(found)
