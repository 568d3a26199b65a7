"""Bundles (floor 2): one incident as a folder of JSON files, for a notebook kernel, a colleague, or another store.

A kernel never opens the store: it reads these files, and hands records back to the process that started it.
The files have their keys sorted and a line for each value, so that they read well in a diff.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.records import ActionItem, Event, Incident, Verdict
from toolkit.store import actions, diagnoses, incidents
from toolkit.store.attach import Place
from toolkit.store.incidents import FIELDS, one_of, require
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write
from toolkit.vocabulary import EVENT_KINDS

FORMAT: Final = "toolkit.bundle/1"
TABLES: Final = ("events", "actions", "runs", "documents", "notes")
FILES: Final = ("incident.json", "diagnosis.json", *(f"{table}.json" for table in TABLES))

#: A file larger than this is no bundle of ours.
_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """One incident as it was when the bundle was written."""

    incident: Incident
    events: tuple[Event, ...]
    diagnosis: Verdict | None
    actions: tuple[ActionItem, ...]


def export(place: Place, incident: str, folder: Path) -> Path:
    """Write an incident's bundle into a folder, over an older one of the same incident; give the folder."""
    content = read(place, lambda session: _content(session, incident))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        hashes = {name: _put(folder / name, content[name]) for name in FILES}
        _put(folder / "manifest.json", {"format": FORMAT, "sha256": hashes})
    except OSError as error:
        raise StoreError(
            f"the bundle cannot be written: {error.strerror}", where=str(folder), fix="give another folder"
        ) from None
    return folder


def _content(session: Session, incident: str) -> dict[str, Any]:
    row = require(session, incident)
    of = {"incident": row["id"]}
    rows = {
        table: [
            _without(r)
            for r in session.select(table, order=(("occurred_at",) if table == "events" else ()) + ("number",), **of)
        ]
        for table in TABLES
    }
    incident_row = {k: v for k, v in row.items() if k != "number"}
    return {
        "incident.json": incident_row,
        "diagnosis.json": diagnoses.body(session, row["id"]),
        **{f"{table}.json": found for table, found in rows.items()},
    }


def _without(row: Row) -> Row:
    return {k: v for k, v in row.items() if k not in {"incident", "number"}}


def _put(path: Path, content: Any) -> str:
    """Write a file whole or not at all, not to be written again; give its SHA-256."""
    data = (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    beside.chmod(0o444)
    beside.replace(path)
    return hashlib.sha256(data).hexdigest()


def load(folder: Path) -> Bundle:
    """Read a bundle, without any store.

    Raises:
        StoreError: the folder is no bundle, or a file of it was changed since it was written.

    """
    raw = _raw(folder)
    try:
        diagnosis = raw["diagnosis.json"]
        return Bundle(
            Incident.from_dict(raw["incident.json"]),
            tuple(Event.from_dict(row) for row in raw["events.json"] if not row.get("withdrawn")),
            None if diagnosis is None else Verdict.from_dict(diagnosis),
            tuple(ActionItem.from_dict(row) for row in raw["actions.json"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(folder, f"a file lacks what it should hold ({type(error).__name__})") from None


def _broken(folder: Path, what: str) -> StoreError:
    return StoreError(f"this is no whole bundle: {what}", where=str(folder), fix="export it again")


def _raw(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_bytes(folder / "manifest.json"))
        if manifest["format"] != FORMAT:
            raise _broken(folder, f"its format is {str(manifest['format'])[:40]!r}, not {FORMAT}")
        found = {}
        for name in FILES:
            data = _bytes(folder / name)
            if hashlib.sha256(data).hexdigest() != manifest["sha256"][name]:
                raise _broken(folder, f"{name} was changed")
            found[name] = json.loads(data)
            if name.removesuffix(".json") in TABLES and not all(isinstance(row, dict) for row in found[name]):
                raise _broken(folder, f"{name} is no list of records")
    except OSError as error:
        raise _broken(folder, f"{Path(error.filename or '').name}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _broken(folder, f"its files are not as they should be ({type(error).__name__})") from None
    return found


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise _broken(path.parent, f"{path.name} is larger than {_LARGEST} bytes")
    return path.read_bytes()


def bring_in(place: Place, request: Request, folder: Path) -> Incident:
    """Record a bundle's incident as a new one of this store, under the next number; give it."""
    bundle, raw = load(folder), _raw(folder)

    own = {name: raw["incident.json"][name] for name in FIELDS if name in raw["incident.json"]}
    incidents.check_fields(own)
    for event in raw["events.json"]:
        one_of(event["kind"], EVENT_KINDS, "kind of event")
    for action in bundle.actions:
        actions.check_fields(action.to_dict())

    def work(tx: Transaction) -> str:
        links = {"related": [], "duplicate_of": ""}  # ids of the store it came from mean others here
        incidents.put(tx, {**own, **links, "created_at": bundle.incident.created_at})
        of = {"incident": tx.incident}
        for table in TABLES:
            rows = enumerate(raw[f"{table}.json"], start=1)
            letter = table[0].upper()
            tx.insert(table, *[{**r, **of, "number": i, "id": f"{letter}{i:02d}"} for i, r in rows])
        if bundle.diagnosis is not None:
            diagnoses.put(tx, 1, bundle.diagnosis, "")
        return tx.incident

    return write(place, request, work, lambda session, name: Incident.from_dict(require(session, name)))
