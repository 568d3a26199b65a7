"""Finished drills in the store (floor 2): one row for each, so that a class can be looked at over many."""

from __future__ import annotations

from typing import Final

from toolkit.errors import StoreError
from toolkit.store.attach import Place
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import TABLES, Row
from toolkit.store.work import Request, read, write

#: What whoever records a drill gives; the rest is the store's.
FIELDS: Final = tuple(c for c in TABLES["drills"].columns if c not in {"number", "recorded_at"})


def record(place: Place, request: Request, values: Row) -> Row:
    """Record a finished drill; one whose id is there already is given back as it is."""
    missing = [name for name in FIELDS if name not in values]
    if missing or not str(values["id"]).strip():
        raise StoreError(f"the drill lacks {', '.join(missing) or 'its id'}", fix="record what Drill.result() gives")

    def work(tx: Transaction) -> str:
        name = str(values["id"])
        if tx.get("drills", id=name) is None:
            row = {field: values[field] for field in FIELDS}
            tx.insert("drills", {**row, "number": 1 + tx.count("drills"), "recorded_at": tx.now})
        return name

    return write(place, request, work, lambda session, name: _one(session, name))


def listed(place: Place, trainee: str | None = None) -> tuple[Row, ...]:
    """Read the finished drills of one trainee or of all, in the order in which they were recorded."""
    where = {} if trainee is None else {"trainee": trainee}
    return tuple(read(place, lambda session: session.select("drills", order=("number",), **where)))


def _one(session: Session, name: str) -> Row:
    found = session.get("drills", id=name)
    if found is None:
        raise StoreError(f"there is no drill {name[:40]!r}", fix="`postmortem drills` lists them")
    return found
