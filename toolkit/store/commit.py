"""Making a change last (floor 2), in the one order that a crash or a full disk cannot hurt."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

from toolkit.records import iso
from toolkit.store import journal
from toolkit.store.attach import Place
from toolkit.store.journal import Entry, Head
from toolkit.store.lock import user
from toolkit.store.plain import canonical
from toolkit.store.session import Transaction, insert_rows


class Undecided(Exception):
    """COMMIT itself raised, so whether the change went through is to be looked up."""

    def __init__(self, head: Head, cause: Exception) -> None:
        super().__init__(str(cause))
        self.head, self.cause = head, cause
        self.given: Any = None


def entry_of(tx: Transaction, op: str, **about: Any) -> Entry:
    """Write down what a transaction did, who asked for it, and whose process on which machine did it."""
    return {
        "recorded_at": iso(tx.now),
        "op": op,
        "incident": tx.incident,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "user": user(),
        "changes": tx.changes,
        **about,
    }


def audit_row(entry: Entry) -> dict[str, Any]:
    """Give the row of the table ``audit`` that holds a sealed entry."""
    row = {name: entry.get(name, "") for name in ("actor", "op", "command", "incident", "key", "reason", "hash")}
    return {
        **row,
        "seq": entry["seq"],
        "recorded_at": entry["recorded_at"],
        "entry": canonical(entry).decode(),
    }


def commit(place: Place, tx: Transaction, head: Head, entry: Entry) -> Head:
    """Bring the open transaction to the disk: row, line and next HEAD first, then COMMIT, then the rename.

    Raises:
        Undecided: COMMIT raised.
        OSError, duckdb.Error: before COMMIT; the transaction is to be rolled back, the journal is as it was.

    """
    import duckdb

    from toolkit.store.server import Cursor, Server, finish

    sealed = journal.sealed(entry, head)
    new = journal.after(head, sealed)
    insert_rows(tx, "audit", [audit_row(sealed)])
    if isinstance(place, Server):
        assert isinstance(tx.cursor, Cursor)
        finish(place, tx.cursor, new)
        return new
    try:
        journal.append(place.folder, [sealed], head.bytes)
        beside = journal.prepare_head(place.folder, new)
    except BaseException:
        with contextlib.suppress(OSError):
            journal.cut(place.folder, head.bytes)
        raise
    try:
        tx.cursor.execute("COMMIT").fetchall()
    except duckdb.Error as error:
        raise Undecided(new, error) from None
    with contextlib.suppress(OSError):  # recorded twice by now; the next write puts HEAD forward if this one cannot
        journal.put_head(place.folder, beside)
    return new
