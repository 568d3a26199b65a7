"""Making a store's files from its entries (floor 2): the database played from the first on, the journal, and HEAD."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.store import journal
from toolkit.store.attach import DATABASE, Place, attached
from toolkit.store.journal import Entry, Head
from toolkit.store.replay import Tables, play


def head_of(entries: list[Entry]) -> Head:
    """Give the head of a journal of these entries."""
    head = Head()
    for entry in entries:
        head = journal.after(head, entry)
    return head


def build(place: Place, entries: list[Entry]) -> tuple[Path, Tables]:
    """Build a database from its entries in a file beside the store's own; give it, and its rows."""
    beside = place.folder / f"{DATABASE}.built"
    for old in (beside, beside.with_name(beside.name + ".wal")):
        old.unlink(missing_ok=True)
    with attached(place, read_only=False, database=beside) as cursor:
        return beside, play(entries, cursor)


def put(place: Place, built: Path, entries: list[Entry]) -> None:
    """Put journal, database and HEAD in place. Killed in between, a repair does the same again."""
    beside = place.folder / f"{journal.JOURNAL}.next"
    beside.unlink(missing_ok=True)
    with beside.open("wb") as file:
        file.writelines(map(journal.line, entries))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place.folder / journal.JOURNAL)
    built.replace(place.database)
    journal.put_head(place.folder, journal.prepare_head(place.folder, head_of(entries)))
