"""Incidents in the store (floor 2): opened, read, changed by turns, closed and reopened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from toolkit.errors import StaleIncident, StoreError, UnknownIncident
from toolkit.records import Incident
from toolkit.store.attach import Place
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import TABLES, Row, value
from toolkit.store.work import Request, read, write
from toolkit.vocabulary import INCIDENT_KINDS, SEVERITIES, STATUSES

#: What ``update`` may change; everything else of an incident follows from what is done with it.
TIMES: Final = ("occurred_at", "detected_at", "mitigated_at", "resolved_at", "closed_at")
LINKS: Final = ("related", "duplicate_of")
FIELDS: Final = (
    *("title", "model", "dataset", "severity", "kind", "status", "owner", "roles", "tags", "summary", "log"),
    *("restricted", "responder_hours"),
    *TIMES,
    *LINKS,
)

#: What is not said when an incident is opened, or in a bundle of an older version.
UNSAID: Final[dict[str, Any]] = {
    **dict.fromkeys(("model", "owner", "summary", "dataset", "duplicate_of"), ""),
    "severity": "SEV3",
    "kind": "incident",
    "status": "open",
    "restricted": False,
    "roles": {},
    "log": {},
    "tags": [],
    "related": [],
}

#: The time that is set on reaching a status, and forgotten on falling back behind it.
TIME_OF: Final = {"mitigated": "mitigated_at", "resolved": "resolved_at", "closed": "closed_at"}


def require(session: Session, incident: str) -> Row:
    """Give the row of an incident.

    Raises:
        UnknownIncident: there is none of that id; the message names those there are.

    """
    name = incident.strip().upper()
    row = session.get("incidents", id=name) if re.fullmatch(r"[A-Z][A-Z0-9]{1,15}-[0-9]{1,9}", name) else None
    if row is None:
        there = [r["id"] for r in session.select("incidents", order=("number",))]
        some = ", ".join(there[-12:]) + (f" and {len(there) - 12} older ones" if len(there) > 12 else "")
        raise UnknownIncident(
            f"there is no incident {incident[:40]!r}",
            fix=f"there are: {some}" if there else "there are none yet; open one with `postmortem open`",
        )
    return row


def one_of(value: str, allowed: Sequence[str], what: str) -> str:
    """Give the value back if it is one of those allowed.

    Raises:
        StoreError: it is not.

    """
    if value not in allowed:
        raise StoreError(f"unknown {what} {value[:40]!r}", fix=f"use one of {', '.join(allowed)}")
    return value


def open_incident(place: Place, request: Request, title: str, fields: Mapping[str, Any]) -> Incident:
    """Record a new incident under the next number."""
    check_fields({**fields, "title": title})

    def work(tx: Transaction) -> str:
        put(tx, {**fields, "title": title.strip(), "status": "open", "created_at": tx.now})
        return tx.incident

    return write(place, request, work, lambda session, name: Incident.from_dict(require(session, name)))


def put(tx: Transaction, fields: Mapping[str, Any], wanted: str = "") -> None:
    """Put an incident in, with the files of its log; the transaction is then about it.

    It gets the id that is ``wanted`` where that is one of ours and free, else the next number.
    """
    number = next_number(tx, "incidents")
    named = re.fullmatch(r"INC-([0-9]{4,6})", wanted)
    if named and int(named.group(1)) and wanted == f"INC-{int(named.group(1)):04d}":
        number = number if tx.count("incidents", id=wanted) else int(named.group(1))
    tx.incident = f"INC-{number:04d}"
    tx.insert("incidents", {**UNSAID, **fields, "id": tx.incident, "number": number, "version": 1})
    tx.insert("logs", *log_rows(tx.incident, 0, fields.get("log") or {}, {}))


def next_number(session: Session, table: str, **where: Any) -> int:
    """Give the number after the highest that a table has."""
    return 1 + max((int(row["number"]) for row in session.select(table, **where)), default=0)


def log_rows(incident: str, run: int, log: Mapping[str, Any], hashes: Mapping[str, str]) -> list[Row]:
    """Give a row for each file of an incident's log, with its hash where one is known."""
    known = {**(log.get("hashes") or {}), **hashes}
    paths: list[tuple[str, str]] = []
    for part, key in (("log", "paths"), ("log", "path"), ("reference", "reference"), ("events", "events")):
        given = log.get(key) or ()
        paths += [(part, str(p)) for p in ([given] if isinstance(given, str) else given)]
    named = {path for _, path in paths}
    paths += [("log", path) for path in known if path not in named]
    return [
        {
            "incident": incident,
            "run": run,
            "position": i,
            "part": part,
            "path": path,
            "sha256": known.get(path, ""),
        }
        for i, (part, path) in enumerate(dict.fromkeys(paths))
    ]


def get(place: Place, incident: str) -> Incident:
    """Read one incident."""
    return read(place, lambda session: Incident.from_dict(require(session, incident)))


def listed(place: Place, **where: Any) -> tuple[Incident, ...]:
    """Read incidents, oldest first; only those whose fields equal ``where``."""
    rows = read(place, lambda session: session.select("incidents", order=("number",), **where))
    return tuple(Incident.from_dict(row) for row in rows)


def update(
    place: Place,
    request: Request,
    incident: str,
    expected_version: int | None,
    fields: Mapping[str, Any],
    seen: int | None = None,
) -> Incident:
    """Change fields of an incident, unless somebody else did since ``expected_version`` was read.

    With ``seen`` alone, only a change of these very fields since that version stands in the way.
    """
    check_fields(fields)

    def work(tx: Transaction) -> str:
        row = require(tx, incident)
        tx.incident = row["id"]
        if expected_version is not None and row["version"] != expected_version:
            raise _stale(tx, row, expected_version)
        _check_others(tx, fields, row["id"])
        values = moved(row, dict(fields), request.reason, tx.now)
        if seen is not None and expected_version is None and _overwrites(tx, row, seen, values):
            raise _stale(tx, row, seen)
        kinds = TABLES["incidents"].columns
        if any(value(kinds[name], given) != row[name] for name, given in values.items()):
            tx.update("incidents", row, **values, version=row["version"] + 1)
        return tx.incident

    return write(place, request, work, lambda session, name: Incident.from_dict(require(session, name)))


def _check_others(session: Session, fields: Mapping[str, Any], own: str) -> None:
    """See that the incidents that are named are there, and are others."""
    for other in (*fields.get("related", ()), *filter(None, (fields.get("duplicate_of"),))):
        if require(session, other)["id"] == own:
            raise StoreError(f"{own} cannot be related to itself", fix="name another incident")


def check_fields(fields: Mapping[str, Any]) -> None:
    """See that fields of an incident are known and have values of the vocabulary.

    Raises:
        StoreError: one is not, or has not.

    """
    for name, allowed in (("severity", SEVERITIES), ("kind", INCIDENT_KINDS), ("status", STATUSES)):
        if name in fields:
            one_of(fields[name], allowed, name)
    for name in fields:
        one_of(name, FIELDS, "field of an incident")
    if not str(fields.get("title", "x")).strip():
        raise StoreError("an incident needs a title", fix="give one that is not empty")


def moved(row: Row, fields: dict[str, Any], reason: str, now: datetime) -> dict[str, Any]:
    """Give the fields with the times that a change of status sets or forgets.

    Raises:
        StoreError: the status falls back, and no reason says why.

    """
    status = fields.get("status", row["status"])
    old, new = STATUSES.index(row["status"]), STATUSES.index(status)
    if new < old and not reason.strip():
        raise StoreError(
            f"{row['id']} is {row['status']}: going back to {status} needs a reason",
            fix='give one, e.g. --reason "..."',
        )
    for reached, name in TIME_OF.items():
        place = STATUSES.index(reached)
        if new < place <= old:
            fields.setdefault(name, None)
        elif place == new > old and row[name] is None:
            fields.setdefault(name, now)
    return fields


def history(place: Place, incident: str | None) -> tuple[dict[str, Any], ...]:
    """Read the journal's entries from the database's copy, of one incident or all."""

    def give(session: Session) -> list[Row]:
        where = {"incident": require(session, incident)["id"]} if incident else {}
        return session.select("audit", order=("seq",), **where)

    return tuple(json.loads(row["entry"]) for row in read(place, give))


def files(place: Place, incident: str) -> tuple[Row, ...]:
    """Read the files that an incident rests on, as each run read them."""

    def give(session: Session) -> list[Row]:
        return session.select("logs", order=("run", "position"), incident=require(session, incident)["id"])

    return tuple(read(place, give))


def _since(session: Session, row: Row, version: int) -> Iterator[tuple[Row, Row]]:
    """Give each entry that changed an incident after a version, with the change of its row."""
    for entry in session.select("audit", order=("seq",), incident=row["id"]):
        for change in json.loads(entry["entry"])["changes"]:
            changed = change["table"] == "incidents" and change["before"] is not None
            if changed and (change["after"] or {}).get("version", 0) > version:
                yield entry, change


def _overwrites(session: Session, row: Row, seen: int, values: Mapping[str, Any]) -> bool:
    """Say whether values would replace others that were set after the version that was seen."""
    kinds = TABLES["incidents"].columns
    new = {name for name, given in values.items() if value(kinds[name], given) != row[name]}
    return row["version"] > seen and any(new & set(change["after"]) for _, change in _since(session, row, seen))


def _stale(session: Session, row: Row, expected: int) -> StaleIncident:
    """Say who changed what since version ``expected``."""
    said = []
    for entry, change in _since(session, row, expected):
        after = change["after"]
        names = [f"{n}: {_short(change['before'][n])} -> {_short(after[n])}" for n in after if n != "version"]
        said.append(f"{entry['actor']} at {entry['recorded_at']} ({', '.join(names)})")
    return StaleIncident(
        f"{row['id']} was changed since you read version {expected}; it is at {row['version']}: {'; '.join(said)}",
        fix="read it again, then decide",
    )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
