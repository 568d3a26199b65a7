"""Somebody else's hand (floor 2): rows that were changed in the file without the lock and without a word.

Nothing is refused for it and nothing is thrown away: what differs from the record is put on record, as done by
nobody known, so that the journal tells again what the database holds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from toolkit.sql.connect import connect
from toolkit.store import journal
from toolkit.store.attach import Place
from toolkit.store.commit import commit, entry_of
from toolkit.store.journal import Entry, Head
from toolkit.store.replay import differences, dump, play
from toolkit.store.session import Change, Session, Transaction

if TYPE_CHECKING:
    import duckdb

#: Tables that keep the record itself; what differs there is for ``postmortem store check`` to say.
OWN: Final = ("audit", "migrations")

WHY: Final = "the file was written to by something that does not know the lock"


def drift(place: Place, cursor: duckdb.DuckDBPyConnection, head: Head) -> list[Change] | None:
    """Say how the attached database differs from what the journal up to ``head`` makes; ``None`` if it is broken."""
    entries = [entry for entry, _ in journal.chain(place.folder)][: head.seq]
    if len(entries) != head.seq or (entries and entries[-1]["hash"] != head.hash):
        return None
    return drift_of(entries, Session(cursor))


def drift_of(entries: Iterable[Entry], session: Session) -> list[Change]:
    """Say how the rows of an open store differ from what these entries make."""
    with contextlib.closing(connect(threads=1)) as memory:
        recorded = play(entries, memory)
    return differences(recorded, dump(session))


def notice(place: Place, cursor: duckdb.DuckDBPyConnection, head: Head) -> Head:
    """Put on record what was changed outside, if anything was; give the head."""
    changes = [change for change in drift(place, cursor, head) or [] if change["table"] not in OWN]
    if not changes:
        return head
    cursor.execute("BEGIN")
    tx = Transaction(cursor, changes=changes)
    return commit(place, tx, head, entry_of(tx, "foreign_change", actor="unknown", command="", key="", reason=WHY))
