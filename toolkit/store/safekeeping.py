"""Backup, restore and compact (floor 2): the store as a whole, copied, put back, and made small.

Nothing here throws a file away: what stood before a restore or a repair is kept in ``backups``. Folders of incidents
(notebooks, pages) are files like any other and are not in a backup of the record.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from toolkit.errors import StoreError
from toolkit.store import journal
from toolkit.store.attach import DATABASE, Place, attached
from toolkit.store.backup import BACKUPS, copy_database, snapshot
from toolkit.store.commit import commit, entry_of
from toolkit.store.lock import user
from toolkit.store.ready import look, make_ready
from toolkit.store.server import Server
from toolkit.store.session import Transaction
from toolkit.store.verify import check, made
from toolkit.store.work import Request, holding, stamp


def note(place: Place, request: Request) -> None:
    """Put on record that the store as a whole was repaired or restored; its lock is held."""
    with attached(place, read_only=False) as cursor:
        head = make_ready(place, cursor)
        cursor.execute("BEGIN")
        tx = Transaction(cursor)
        about = {"actor": request.actor or user(), "command": request.command, "reason": request.reason, "key": ""}
        commit(place, tx, head, entry_of(tx, request.op, **about))


def set_aside(place: Place, why: str) -> Path:
    """Move the database (with what it has not yet taken in) aside and copy journal and HEAD; give the folder."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    kept = place.folder / BACKUPS / f"{moment}-{why}"
    kept.mkdir(parents=True)
    for name in (journal.JOURNAL, journal.HEAD):
        if (place.folder / name).exists():
            shutil.copy(place.folder / name, kept / name)
    wal = place.database.with_name(f"{DATABASE}.wal")
    for file in (wal, place.database):  # a log that outlived its database would be played into the next one
        if file.exists():
            file.replace(kept / file.name)
    return kept


def backup(place: Place, target: Path) -> Path:
    """Copy the record, as it is at this moment, into a new folder; give it.

    Raises:
        StoreError: the folder is there already, or there is no store.

    """
    if target.exists():
        raise StoreError("the backup's folder is there already", where=str(target), fix="give a new one")
    if isinstance(place, Server):
        raise StoreError(
            "a server keeps its own backups",
            where=place.shown,
            fix="use `postmortem store move` for a copy in a folder",
        )
    made(place)
    with holding(place, exclusive=True) as held:
        with attached(place, read_only=False) as cursor:
            make_ready(place, cursor)
            snapshot(place, cursor, target)
        held.leave = {"file": stamp(place.database)}
    return target


def restore(place: Place, source: Path, request: Request) -> Path | None:
    """Put a backup in the store's place; give the folder where what stood there is kept, if anything did.

    Raises:
        StoreError: the backup is not whole; nothing was changed.

    """
    if isinstance(place, Server):
        raise StoreError("a server restores its own backups", where=place.shown)
    wrong = check(Place(source, place.wait)).problems
    if wrong:
        raise StoreError(f"the backup is not whole: {wrong[0]}", where=str(source), fix="use another one")
    with holding(place, exclusive=True) as held:
        building = place.folder / "restoring"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        for name in (DATABASE, journal.JOURNAL, journal.HEAD):
            shutil.copy(source / name, building / name)
        kept = set_aside(place, "before-restore") if place.database.exists() else None
        for name in (journal.JOURNAL, DATABASE, journal.HEAD):
            (building / name).replace(place.folder / name)
        building.rmdir()
        journal.sync_folder(place.folder)
        note(place, Request("restore", request.actor, request.command, reason=f"from {source}"))
        held.leave = {"file": stamp(place.database)}
        return kept


def compact(place: Place) -> tuple[int, int]:
    """Write the database anew without what is no longer used; give its bytes before and after.

    Raises:
        StoreError: there is no store, or the disk has no room for the copy; nothing was changed.

    """
    if isinstance(place, Server):
        raise StoreError("a server looks after its own space", where=place.shown)
    made(place)
    with holding(place, exclusive=True) as held:
        beside = place.folder / f"{DATABASE}.compact"
        for old in (beside, beside.with_name(beside.name + ".wal")):
            old.unlink(missing_ok=True)
        with attached(place, read_only=False) as cursor:
            head = make_ready(place, cursor)
            copy_database(cursor, beside)
        with attached(place, read_only=True, database=beside) as cursor:
            copied = look(place, cursor)
        if (copied.seq, copied.hash) != (head.seq, head.hash) or place.database.with_name(f"{DATABASE}.wal").exists():
            beside.unlink()
            raise StoreError("the copy is not whole", where=str(beside), fix="run `postmortem store check`")
        before = place.database.stat().st_size
        beside.replace(place.database)
        journal.sync_folder(place.folder)
        held.leave = {"file": stamp(place.database)}
        return before, place.database.stat().st_size
