"""Events in the store (floor 2): noted, imported or derived; edited and withdrawn without being lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.records import Event
from toolkit.store.attach import Place
from toolkit.store.incidents import next_number, one_of, require
from toolkit.store.plain import plain
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write
from toolkit.vocabulary import EVENT_KINDS

#: What marks an event as a station of the incident.
MARKERS: Final = ("", "detection", "diagnosis", "repair", "key_moment")

_EDITABLE: Final = ("occurred_at", "kind", "text", "source", "actor", "marker", "starred")


def add(
    place: Place, request: Request, incident: str, events: Iterable[Event], replacing: str = ""
) -> tuple[Event, ...]:
    """Record events; one that is there already (same time, kind, text and source) is not doubled.

    Args:
        place: the store.
        request: who asks.
        incident: the incident's id.
        events: the events; their ids are given here.
        replacing: a source, e.g. ``finding``: its earlier events that are not starred and not among the new
            ones are
            withdrawn, so that a second run does not leave the first one's behind.

    """
    new = [_checked(event) for event in events]

    def work(tx: Transaction) -> list[str]:
        tx.incident = require(tx, incident)["id"]
        known = {_same(row): row["id"] for row in _alike(tx, new)}
        number = next_number(tx, "events", incident=tx.incident) - 1
        names: list[str] = []
        fresh: list[Row] = []
        for row in new:
            if _same(row) not in known:
                number += 1
                known[_same(row)] = f"E{number:02d}"
                about = {"incident": tx.incident, "id": f"E{number:02d}", "number": number, "noted_at": tx.now}
                fresh.append({**row, **about})
            names.append(known[_same(row)])
        if replacing:
            _withdraw(tx, replacing, names)
            _bring_back(tx, names)
        tx.insert("events", *fresh)
        return names

    def give(session: Session, names: list[str]) -> tuple[Event, ...]:
        of = {"incident": require(session, incident)["id"]}
        rows = session.select("events", **of, id=tuple(names))
        by_name = {row["id"]: Event.from_dict(row) for row in rows}
        return tuple(by_name[name] for name in names)

    return write(place, request, work, give)


def _alike(tx: Transaction, new: Sequence[Row]) -> list[Row]:
    """Give the events that are there already at the times of new ones."""
    times = tuple(dict.fromkeys(row["occurred_at"] for row in new))
    return tx.select("events", order=("number",), incident=tx.incident, occurred_at=times)


def _withdraw(tx: Transaction, source: str, but: Sequence[str]) -> None:
    for row in tx.select("events", order=("number",), incident=tx.incident, source=source, withdrawn=False):
        if row["id"] not in but and not row["starred"]:
            tx.update("events", row, withdrawn=True)


def _bring_back(tx: Transaction, names: Sequence[str]) -> None:
    """Put events that an earlier run left behind on the timeline again; what a person withdrew stays withdrawn."""
    gone = [r for r in tx.select("events", incident=tx.incident, id=tuple(names), withdrawn=True) if names]
    asked = tx.select("audit", incident=tx.incident, op="withdraw_event") if gone else []
    by_hand = {change["key"]["id"] for row in asked for change in json.loads(row["entry"])["changes"]}
    for row in gone:
        if row["id"] not in by_hand:
            tx.update("events", row, withdrawn=False)


def _checked(event: Event) -> Row:
    one_of(event.kind, EVENT_KINDS, "kind of event")
    one_of(event.marker, MARKERS, "marker")
    row: Row = plain(event)
    return row


def _same(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("occurred_at", "kind", "text", "source"))


def listed(place: Place, incident: str, *, withdrawn: bool = False) -> tuple[Event, ...]:
    """Read an incident's events in the order of their times; those withdrawn only if asked for."""

    def give(session: Session) -> list[Row]:
        return session.select("events", order=("occurred_at", "number"), incident=require(session, incident)["id"])

    return tuple(Event.from_dict(row) for row in read(place, give) if withdrawn or not row["withdrawn"])


def edit(place: Place, request: Request, incident: str, event: str, fields: Mapping[str, Any]) -> Event:
    """Change an event; what it was stays in the journal."""
    for name in fields:
        one_of(name, (*_EDITABLE, "withdrawn"), "field of an event")
    if "kind" in fields:
        one_of(fields["kind"], EVENT_KINDS, "kind of event")
    if "marker" in fields:
        one_of(fields["marker"], MARKERS, "marker")

    def work(tx: Transaction) -> str:
        tx.incident = require(tx, incident)["id"]
        row = tx.get("events", incident=tx.incident, id=event.strip().upper())
        if row is None:
            raise StoreError(f"{tx.incident} has no event {event[:20]!r}", fix=f"see `postmortem show {tx.incident}`")
        tx.update("events", row, **fields)
        return str(row["id"])

    def give(session: Session, name: str) -> Event:
        row = session.get("events", incident=require(session, incident)["id"], id=name)
        assert row is not None
        return Event.from_dict(row)

    return write(place, request, work, give)
