"""Status notes in the store (floor 2): how it stands, told to those who work on it and to those who answer for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from toolkit.errors import StoreError
from toolkit.records import moment
from toolkit.store.attach import Place
from toolkit.store.incidents import next_number, one_of, require
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write

KINDS: Final = ("tactical", "executive")


@dataclass(frozen=True)
class Note:
    """A status note: a tactical one says conditions, actions and needs; an executive one says it in ``text``."""

    id: str
    kind: str
    text: str
    conditions: str
    actions: str
    needs: str
    actor: str
    noted_at: datetime | None


def add(place: Place, request: Request, incident: str, values: Row) -> Note:
    """Record a status note."""
    one_of(values["kind"], KINDS, "kind of note")
    if not any(str(text).strip() for name, text in values.items() if name != "kind"):
        raise StoreError("the note is empty", fix="say how it stands")

    def work(tx: Transaction) -> str:
        tx.incident = require(tx, incident)["id"]
        number = next_number(tx, "notes", incident=tx.incident)
        about = {"incident": tx.incident, "id": f"N{number:02d}", "number": number, "noted_at": tx.now}
        tx.insert("notes", {**values, **about, "actor": request.actor})
        return f"N{number:02d}"

    def give(session: Session, name: str) -> Note:
        return next(note for note in _all(session, incident) if note.id == name)

    return write(place, request, work, give)


def listed(place: Place, incident: str) -> tuple[Note, ...]:
    """Read an incident's status notes, oldest first."""
    return read(place, lambda session: _all(session, incident))


def _all(session: Session, incident: str) -> tuple[Note, ...]:
    rows = session.select("notes", order=("number",), incident=require(session, incident)["id"])
    names = ("id", "kind", "text", "conditions", "actions", "needs", "actor")
    said = [{name: str(row[name] or "") for name in names} for row in rows]
    return tuple(Note(**texts, noted_at=moment(row["noted_at"])) for texts, row in zip(said, rows, strict=True))
