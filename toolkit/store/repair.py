"""Bringing the record back (floor 2): whatever of database, journal and HEAD is damaged is made anew from the rest.

Journal and database each hold every entry whole. The one whose chain is sound and reaches HEAD is the truth; the
database is built again from it, so that what a client without the lock rolled back is there again. What was found is
kept aside, never thrown away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import StoreError
from toolkit.sql.connect import connect
from toolkit.store import journal
from toolkit.store.attach import Place, attached
from toolkit.store.foreign import OWN
from toolkit.store.journal import Entry, Head
from toolkit.store.rebuild import build, head_of, put
from toolkit.store.replay import Tables, differences, dump, play
from toolkit.store.safekeeping import note, set_aside
from toolkit.store.server import Server
from toolkit.store.session import Session
from toolkit.store.verify import made, walk
from toolkit.store.work import Request, holding, stamp


@dataclass(frozen=True)
class Repaired:
    """What a repair did; all zero and ``None`` where nothing was wrong.

    ``entries`` were in the journal and not in the database; ``lines`` the other way round; ``rows`` differed from the
    record and were put back; ``kept`` is the folder with what was found before.
    """

    entries: int = 0
    lines: int = 0
    rows: int = 0
    kept: Path | None = None


@dataclass(frozen=True)
class _Found:
    """What is left: the anchor, the entries that each of the two holds soundly, and the rows, if they can be read."""

    head: Head | None
    written: list[Entry]
    copied: list[Entry]
    tables: Tables | None


def repair(place: Place, actor: str, command: str) -> Repaired:
    """Make the store whole again, and put on record that it was done.

    Raises:
        StoreError: neither journal nor database reaches what HEAD names; restore a backup.

    """
    if isinstance(place, Server):
        raise StoreError("a server's record is brought back from the server's own backup", where=place.shown)
    made(place)
    with holding(place, exclusive=True) as held:
        found = _find(place)
        entries = _truth(place, found)
        if _whole(place, found, entries):
            return Repaired()
        built, recorded = build(place, entries)
        rows = _differing(recorded, found.tables)
        kept = set_aside(place, "before-repair")
        put(place, built, entries)
        done = Repaired(max(0, len(entries) - len(found.copied)), max(0, len(entries) - len(found.written)), rows, kept)
        said = f"{done.entries} entries and {done.lines} lines brought back, {done.rows} rows put back"
        note(place, Request("repair", actor, command, reason=said))
        held.leave = {"file": stamp(place.database)}
        return done


def _find(place: Place) -> _Found:
    import duckdb

    head = None
    with contextlib.suppress(StoreError):
        head = journal.read_head(place.folder)
    written, _ = walk(journal.lines(place.folder))
    if head is not None:
        written = written[: head.seq]  # what goes on behind HEAD was never acknowledged
    copied: list[Entry] = []
    tables: Tables | None = None
    if place.database.exists():
        with (
            contextlib.suppress(StoreError, duckdb.Error, ValueError, KeyError, AssertionError),
            attached(place, read_only=True) as cursor,
        ):
            tables = dump(Session(cursor))
            copied, _ = walk(_lines(tables))
    return _Found(head, written, copied, tables)


def _lines(tables: Tables) -> Iterable[bytes]:
    rows = sorted(tables.get("audit", {}).values(), key=lambda row: int(row["seq"]))
    return [str(row["entry"]).encode() + b"\n" for row in rows]


def _truth(place: Place, found: _Found) -> list[Entry]:
    """Choose the entries that count: the longest sound chain, which must reach the one that HEAD names."""
    chains = sorted((found.written, found.copied), key=len, reverse=True)
    for entries in chains:
        anchor = found.head
        if anchor is None or anchor.seq == 0:
            return entries
        if len(entries) >= anchor.seq and entries[anchor.seq - 1]["hash"] == anchor.hash:
            return entries
    reach = f"the journal is sound up to entry {len(found.written)}, the database up to {len(found.copied)}"
    raise StoreError(
        f"{reach}, and HEAD names entry {found.head.seq if found.head else 0}",
        where=str(place.folder),
        fix="run `postmortem store restore` with a backup",
    )


def _whole(place: Place, found: _Found, entries: list[Entry]) -> bool:
    """Say whether nothing is wrong: file and database have every entry, and every row is as recorded."""
    head = head_of(entries)
    sound = found.head == head and journal.size(place.folder) == head.bytes and len(found.written) == len(entries)
    if not sound or len(found.copied) != len(entries) or found.tables is None:
        return False
    with contextlib.closing(connect(threads=1)) as memory:
        return not differences(play(entries, memory), found.tables)


def _differing(recorded: Tables, found: Tables | None) -> int:
    """Count the rows found that are not as recorded, where they could be read."""
    if found is None:
        return 0
    shared = {name: rows for name, rows in recorded.items() if name in found and name not in OWN}
    return len(differences(shared, {name: found[name] for name in shared}))
