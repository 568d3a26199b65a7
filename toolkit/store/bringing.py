"""Bringing an incident in (floor 2): a bundle's records checked one by one, and recorded in this store.

The folder may come from anybody. What a record says is held against the vocabulary; a path in it becomes a name; and
where a log lies has to be said again here, for a bundle must not choose which files of this machine are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.records import ActionItem, Event, Incident, Verdict, moment
from toolkit.store import actions, diagnoses, incidents, notes
from toolkit.store.attach import Place
from toolkit.store.bundles import NOTEBOOKS, RECORDS, Content, broken, data, letter_of, read
from toolkit.store.events import MARKERS
from toolkit.store.handing import names_only
from toolkit.store.incidents import FIELDS, one_of, require
from toolkit.store.judgements import STANCES
from toolkit.store.reviews import APPROVE, DECISIONS, ELSEWHERE, STAGES
from toolkit.store.session import Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, write
from toolkit.vocabulary import AUDIENCES, CAUSES, EVENT_KINDS, POSTMORTEM_STATUSES

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}")


def bring_in(place: Place, request: Request, folder: Path) -> Incident:
    """Record a bundle's incident, under its own id where that is free, else under the next number; give it.

    Raises:
        StoreError: the folder is no bundle, or a record in it is not as it should be; nothing was recorded.

    """
    content = read(folder)
    try:
        incident, records, found = _incident(content), _records(content), _diagnoses(content)
        reason = f"bundle sha256 {content.digest}"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise broken(folder, f"a record lacks what it should hold ({type(error).__name__})") from None
    about = Request(request.op, request.actor, request.command, request.key, reason)

    def work(tx: Transaction) -> str:
        incidents.put(tx, incident, wanted=content.name)
        for table, rows in records.items():
            tx.insert(table, *_numbered(table, rows, tx.incident))
        for number, (row, verdict, files) in enumerate(found, start=1):
            diagnoses.put(tx, number, verdict, str(row.get("profile_hash") or ""), row.get("recorded_at"))
            tx.insert("logs", *_logs(tx.incident, number, files))
        return tx.incident

    made = write(place, about, work, lambda session, name: Incident.from_dict(require(session, name)))
    _keep(content.files, place.folder / made.id)
    return made


def _incident(content: Content) -> Row:
    """Check the incident's own fields; links to incidents of the other store would mean others here."""
    own = {name: content.incident[name] for name in FIELDS if content.incident.get(name) is not None}
    incidents.check_fields(own)
    Incident.from_dict({"id": content.name, **own})
    own["roles"] = {str(k): str(v) for k, v in dict(own.get("roles") or {}).items()}
    own["tags"] = [str(tag) for tag in _listed(own.get("tags"))]
    own["log"] = names_only(dict(own.get("log") or {}))
    return {**own, "related": [], "duplicate_of": "", "created_at": content.incident.get("created_at")}


def _listed(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise TypeError
    return value or []


def _records(content: Content) -> dict[str, list[Row]]:
    return {table: [_CHECKS[table](dict(row)) for row in content.records[table]] for table in RECORDS}


def _event(row: Row) -> Row:
    if Event.from_dict(row).occurred_at is None:
        raise TypeError
    one_of(row["kind"], EVENT_KINDS, "kind of event")
    one_of(row.get("marker") or "", MARKERS, "marker")
    return {
        **row,
        "text": str(row["text"] or ""),
        "starred": row.get("starred") is True,
        "withdrawn": row.get("withdrawn") is True,
    }


def _action(row: Row) -> Row:
    ActionItem.from_dict(row)
    actions.check_fields(row)
    return {**row, "summary": str(row["summary"] or "")}


def _note(row: Row) -> Row:
    one_of(row["kind"], notes.KINDS, "kind of note")
    return row


def _judgement(row: Row) -> Row:
    one_of(row["stance"], STANCES, "stance")
    return {**row, "key": str(row["key"] or ""), "run": int(row["run"])}


def _run(row: Row) -> Row:
    one_of(row["status"], ("ok", "failed"), "status of a run")
    return {**row, "path": f"{NOTEBOOKS}/{_bare(row['path'])}", "seconds": float(row.get("seconds") or 0.0)}


def _document(row: Row) -> Row:
    one_of(row["status"], POSTMORTEM_STATUSES, "status of a postmortem")
    one_of(row["audience"], AUDIENCES, "audience")
    return {**row, "path": _bare(row["path"]), "version": int(row["version"])}


def _review(row: Row) -> Row:
    """Check a step of a review; an approval from elsewhere is kept as what it is and approves nothing here."""
    one_of(row["decision"], DECISIONS, "decision")
    if not str(row["reviewer"] or "").strip():
        raise TypeError
    return {**row, "actor": ELSEWHERE} if row["decision"] == APPROVE else row


def _comment(row: Row) -> Row:
    return {**row, "anchor": str(row["anchor"]), "text": str(row["text"] or ""), "resolved": row["resolved"] is True}


def _submission(row: Row) -> Row:
    one_of(row["stage"], STAGES, "stage")
    if moment(row["sent_at"]) is None:
        raise TypeError
    return row


_CHECKS: Final[Mapping[str, Callable[[Row], Row]]] = {
    "events": _event,
    "actions": _action,
    "notes": _note,
    "judgements": _judgement,
    "runs": _run,
    "documents": _document,
    "reviews": _review,
    "comments": _comment,
    "submissions": _submission,
}


def _bare(path: Any) -> str:
    """Give a path's last part, if it is a name as ours are."""
    name = str(path).replace("\\", "/").rpartition("/")[2]
    if not _NAME.fullmatch(name):
        raise StoreError(f"{str(path)[:40]!r} names no file of a bundle", fix="export it again")
    return name


def _diagnoses(content: Content) -> list[tuple[Row, Verdict, list[Row]]]:
    found = []
    for row in content.diagnoses:
        verdict = Verdict.from_dict(row["diagnosis"])
        one_of(verdict.verdict, (*CAUSES, "none", "undetermined"), "verdict")
        found.append((row, verdict, _listed(row.get("files"))))
    return found


def _numbered(table: str, rows: list[Row], incident: str) -> list[Row]:
    """Give each record its number: its id's own where that is free, else the next one after all."""
    letter = letter_of(table)
    numbers = [_number(row, letter) for row in rows]
    taken: set[int] = set()
    last = max([0, *numbers])
    made = []
    for row, wanted in zip(rows, numbers, strict=True):
        number = wanted
        if number < 1 or number in taken:
            last += 1
            number = last
        taken.add(number)
        made.append({**row, "incident": incident, "id": f"{letter}{number:02d}", "number": number})
    return made


def _number(row: Row, letter: str) -> int:
    found = re.fullmatch(rf"{letter}([0-9]{{2,6}})", str(row["id"]))
    return int(found.group(1)) if found else 0


def _logs(incident: str, run: int, files: list[Row]) -> list[Row]:
    """Give the rows of the files that a diagnosis read, by name."""
    return [
        {"incident": incident, "run": run, "position": i, **{k: str(names_only(f).get(k) or "") for k in _LOG}}
        for i, f in enumerate(files)
    ]


_LOG: Final = ("part", "path", "sha256")


def _keep(files: Mapping[str, Path], folder: Path) -> None:
    """Copy what goes with the incident into its folder; what is there already is left alone."""
    for name, path in files.items():
        target = folder / name
        if target.exists() or not _NAME.fullmatch(target.name):
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data(path))
        except OSError as error:
            raise StoreError(
                f"{folder.name} is recorded, but {name} could not be copied: {error.strerror}",
                where=str(folder),
                fix="make room there and copy it by hand",
            ) from None
