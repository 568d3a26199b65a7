"""Notebook runs and documents in the store (floor 2): where they lie, how they went, what they hash to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.records import moment
from toolkit.store.attach import Place
from toolkit.store.incidents import next_number, one_of, require
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write
from toolkit.vocabulary import AUDIENCES, DOCUMENT_KINDS, POSTMORTEM_STATUSES


@dataclass(frozen=True)
class Run:
    """One execution of a template: its status (``ok`` or ``failed``), the executed notebook, seconds, and the error."""

    id: str
    template: str
    status: str
    path: str
    seconds: float
    error: str
    recorded_at: datetime


@dataclass(frozen=True)
class Document:
    """One written version of the postmortem: the file, its SHA-256, its status and for whom it is.

    ``kind`` is full, executive or initial; ``source`` the SHA-256 of the text and record that it was written from;
    ``reason`` why it took the place of the one before.
    """

    id: str
    path: str
    sha256: str
    version: int
    status: str
    audience: str
    recorded_at: datetime
    kind: str = "full"
    source: str = ""
    reason: str = ""


def record_run(place: Place, request: Request, incident: str, values: Row) -> Run:
    """Record one execution of a template."""
    one_of(values["status"], ("ok", "failed"), "status of a run")
    return write(place, request, lambda tx: _add(tx, "runs", "R", incident, values), lambda s, n: _run(s, incident, n))


def record_document(place: Place, request: Request, incident: str, values: Row) -> Document:
    """Record one written version of the postmortem."""
    one_of(values["status"], POSTMORTEM_STATUSES, "status of a postmortem")
    one_of(values["audience"], AUDIENCES, "audience")
    one_of(values["kind"], DOCUMENT_KINDS, "kind of document")

    def work(tx: Transaction) -> str:
        name = require(tx, incident)["id"]
        of = {"audience": values["audience"], "kind": values["kind"]}
        version = values["version"] or 1 + tx.count("documents", incident=name, **of)
        return _add(tx, "documents", "D", incident, {**values, "version": version})

    return write(place, request, work, lambda s, n: _document(s, incident, n))


def _add(tx: Transaction, table: str, letter: str, incident: str, values: Row) -> str:
    tx.incident = require(tx, incident)["id"]
    number = next_number(tx, table, incident=tx.incident)
    name = f"{letter}{number:02d}"
    tx.insert(table, {**values, "incident": tx.incident, "id": name, "number": number, "recorded_at": tx.now})
    return name


def _rows(session: Session, table: str, incident: str, name: str | None = None) -> list[dict[str, Any]]:
    where = {"incident": require(session, incident)["id"], **({"id": name} if name else {})}
    rows = session.select(table, order=("number",), **where)
    drop = {"incident", "number"}
    return [
        {**{k: v for k, v in row.items() if k not in drop}, "recorded_at": moment(row["recorded_at"])} for row in rows
    ]


def _run(session: Session, incident: str, name: str) -> Run:
    return Run(**_rows(session, "runs", incident, name)[0])


def _document(session: Session, incident: str, name: str) -> Document:
    return Document(**_rows(session, "documents", incident, name)[0])


def runs(place: Place, incident: str) -> tuple[Run, ...]:
    """Read the executions of templates, oldest first."""
    return tuple(Run(**row) for row in read(place, lambda session: _rows(session, "runs", incident)))


def documents(place: Place, incident: str) -> tuple[Document, ...]:
    """Read the written versions of the postmortem, oldest first."""
    return tuple(Document(**row) for row in read(place, lambda session: _rows(session, "documents", incident)))
