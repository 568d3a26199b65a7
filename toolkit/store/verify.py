"""Looking after the record (floor 2): see that every entry of the journal is unchanged, and the database with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from toolkit.errors import StoreError
from toolkit.store import journal, server
from toolkit.store.anchors import Anchor, faults, in_pages
from toolkit.store.attach import Place, attached
from toolkit.store.commit import audit_row
from toolkit.store.foreign import drift, drift_of
from toolkit.store.incidents import require
from toolkit.store.journal import Entry, Head
from toolkit.store.ready import look
from toolkit.store.server import Server
from toolkit.store.session import Change, Session
from toolkit.store.tables import Row
from toolkit.store.work import holding, read, told

#: No more than this many differing rows are named one by one.
_NAMED = 20


_PARTS: Final = (journal.JOURNAL, journal.HEAD)


@dataclass(frozen=True)
class Verified:
    """What was found: how many entries follow soundly from the first, the last one's head, and what is wrong.

    ``notes`` are no faults: what an interrupted write left, which the next one clears away.
    """

    entries: int
    head: Head
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.problems


def walk(lines: Iterable[bytes]) -> tuple[list[Entry], list[str]]:
    """Go through a journal's lines: give the entries before the first fault, and every fault with its number."""
    sound: list[Entry] = []
    problems: list[str] = []
    head = Head()
    for raw in lines:
        entry = _parsed(raw)
        # after a line that was changed, its successor's word is all there is for what its hash was
        known = head if head.hash else replace(head, hash=str((entry or {}).get("prev")))
        wrong = journal.fault(raw, known)
        if wrong.startswith("does not follow") and entry is not None:
            problems.append(f"after entry {head.seq} comes entry {entry['seq']}: one was removed, put in or moved")
        elif wrong:
            problems.append(f"entry {head.seq + 1} {wrong}")
            entry = None
        elif entry is not None and not problems:
            sound.append(entry)
        head = Head(head.seq + 1, "") if entry is None else Head(int(entry["seq"]), str(entry["hash"]))
    return sound, problems


def _parsed(raw: bytes) -> Entry | None:
    try:
        entry: Entry = json.loads(raw)
        return entry if isinstance(entry["seq"], int) and isinstance(entry["hash"], str) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def audit_verify(place: Place, elsewhere: Iterable[Anchor] = ()) -> Verified:
    """Hold the journal against itself, against HEAD, and against what is said of it elsewhere.

    ``elsewhere`` are anchors beside those of the pages in the store's own folder. The database is not asked.

    Any entry changed, removed, put in, moved or cut off the end is found, and where HEAD was forged with it, by the
    first anchor that says otherwise.

    Raises:
        StoreError: there is no store here.

    """
    if isinstance(place, Server):
        verified = _on_server(place, rows=False)
        entries = [] if verified.problems else entries_of(place)
    else:
        made(place)
        with holding(place, exclusive=False):
            verified, entries = _journal(place)
    if verified.problems:
        return verified
    anchors = [*in_pages(place.folder), *elsewhere]
    wrong = faults(anchors, {int(entry["seq"]): str(entry["hash"]) for entry in entries})
    said = [f"{len(anchors)} anchors outside of the journal were held against it"] if anchors else []
    return replace(verified, problems=tuple(wrong), notes=(*verified.notes, *said))


#: What is done with a page or a notebook, and is no change of what they are about.
_OF_A_PAGE: Final = ("record_document", "record_run", "review", "comment", "resolve_comment", "submit")


def anchor(place: Place, incident: str | None = None) -> Anchor:
    """Give the last entry, or the last that changed an incident's record (nothing said or written of a page is one).

    Raises:
        StoreError: there is nothing on record.

    """

    def give(session: Session) -> list[tuple[int, str]]:
        where = f"WHERE incident = ? AND op NOT IN ({', '.join('?' * len(_OF_A_PAGE))})" if incident else ""
        values = [require(session, incident)["id"], *_OF_A_PAGE] if incident else []
        return [
            (int(seq), str(sha))
            for seq, sha in session.fetch(f"SELECT seq, hash FROM audit {where} ORDER BY seq DESC LIMIT 1", values)
        ]

    found = read(place, give)
    if not found:
        raise StoreError("nothing is on record yet", where=str(place.folder), fix="open an incident")
    return Anchor(*found[0])


def made(place: Place) -> None:
    """See that there is a store.

    Raises:
        StoreError: there is none.

    """
    if not is_made(place):
        raise StoreError("there is no store here yet", where=str(place.folder), fix="open an incident, or give --home")


def is_made(place: Place) -> bool:
    """Say whether a folder holds any part of a store."""
    with told(place):
        return any(file.exists() for file in (place.database, *(place.folder / name for name in _PARTS)))


def _journal(place: Place) -> tuple[Verified, list[Entry]]:
    problems, notes = [], []
    try:
        head = journal.read_head(place.folder)
        if head is None:
            problems.append("HEAD is missing: what is cut off the journal's end cannot be told")
    except StoreError as error:
        head = None
        problems.append(error.what)
    counted = journal.size(place.folder) if head is None else head.bytes
    sound, faults = walk(_up_to(place, counted))
    if faults:  # a line put in makes the journal longer: say all of it
        counted = journal.size(place.folder)
        sound, faults = walk(_up_to(place, counted))
    problems += faults
    last: Entry = sound[-1] if sound else {"seq": 0, "hash": journal.GENESIS}
    if head is not None and not faults:
        if int(last["seq"]) < head.seq:
            problems.append(f"entries {int(last['seq']) + 1} to {head.seq} are missing from the journal's end")
        elif last["hash"] != head.hash:
            problems.append(f"entry {last['seq']} is not the one that HEAD names")
    if journal.size(place.folder) > counted:
        notes.append("the journal goes on behind HEAD: a write was interrupted; the next one settles it")
    end = Head(int(last["seq"]), str(last["hash"]), counted)
    return Verified(len(sound), end, tuple(problems), tuple(notes)), sound


def _up_to(place: Place, end: int) -> Iterator[bytes]:
    """Read the journal's lines that start before ``end``, the last one no further than that."""
    at = 0
    for raw in journal.lines(place.folder):
        if at >= end:
            return
        yield raw[: end - at]
        at += len(raw)


def check(place: Place) -> Verified:
    """Hold everything against everything: journal, HEAD, the database's own copy of it, and every row.

    Raises:
        StoreError: there is no store here.

    """
    if isinstance(place, Server):
        return _on_server(place, rows=True)
    made(place)
    with holding(place, exclusive=False):
        verified, entries = _journal(place)
        problems, notes = list(verified.problems), list(verified.notes)
        try:
            with attached(place, read_only=True) as cursor:
                look(place, cursor)
                session = Session(cursor)
                copies = [row["entry"] for row in session.select("audit", order=("seq",))]
                problems += _copies(entries, copies)
                if len(copies) > len(entries) and not problems:
                    notes.append("the database is ahead of HEAD: a write was interrupted; the next one settles it")
                elif not problems:
                    problems += _rows(drift(place, cursor, verified.head) or [])
        except StoreError as error:
            problems.append(str(error))
        return replace(verified, problems=tuple(problems), notes=tuple(notes))


def _copies(entries: list[Entry], copies: list[str]) -> list[str]:
    """Hold the database's copy of the journal against the journal."""
    if len(copies) < len(entries):
        return [f"the database is at entry {len(copies)}, its journal at {len(entries)}: entries were rolled back"]
    same = [audit_row(entry)["entry"] for entry in entries]
    return [f"entry {i + 1} in the database is not the journal's" for i in range(len(same)) if same[i] != copies[i]]


def _rows(changes: list[Change]) -> list[str]:
    """Name rows that are not as the journal makes them."""
    named = []
    for change in changes[:_NAMED]:
        row = f"{change['table']} {' '.join(str(part) for part in change['key'].values())}"
        if change["before"] is None:
            named.append(f"{row} is in the database, but not on record")
        elif change["after"] is None:
            named.append(f"{row} is on record, but not in the database")
        else:
            named.append(f"{row} differs from the record in {', '.join(sorted(change['after']))}")
    more = len(changes) - _NAMED
    return [*named, f"and {more} rows more"] if more > 0 else named


def _on_server(place: Server, *, rows: bool) -> Verified:
    """Hold a server's journal against itself, and, if wished, its rows against the journal."""

    def give(session: Session) -> Verified:
        found = session.select("audit", order=("seq",))
        sound, problems = walk(str(row["entry"]).encode() + b"\n" for row in found)
        problems += [f"entry {row['seq']} differs in its columns" for row in _unlike(sound, found)]
        last: Entry = sound[-1] if sound else {"seq": 0, "hash": journal.GENESIS}
        if rows and not problems:
            problems += _rows(drift_of(sound, session))
        return Verified(len(sound), Head(int(last["seq"]), str(last["hash"])), tuple(problems))

    return server.read(place, give, lambda: _none(place))


def _unlike(entries: list[Entry], found: list[Row]) -> list[Row]:
    """Give rows of ``audit`` that say something else than their own entry."""
    return [row for entry, row in zip(entries, found, strict=False) if row != {**row, **audit_row(entry)}]


def _none(place: Server) -> Verified:
    raise StoreError("there is no store here yet", where=place.shown, fix="open an incident, or give another --store")


def entries_of(place: Place) -> list[Entry]:
    """Read every entry from the database, brought up to date first."""
    rows = read(place, lambda session: session.select("audit", order=("seq",)))
    return [json.loads(row["entry"]) for row in rows]
