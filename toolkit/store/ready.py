"""Before anything is done (floor 2): see that this is a store of ours, of this schema, as far as its journal says.

The database may be *ahead* of HEAD: a writer died between COMMIT and the rename; the journal and HEAD are
brought forward. It must never be *behind*: then somebody wrote without the lock and took acknowledged
changes back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from toolkit.errors import StoreError, StoreRolledBack
from toolkit.store import journal
from toolkit.store.attach import Place
from toolkit.store.backup import automatic
from toolkit.store.commit import commit, entry_of
from toolkit.store.journal import GENESIS, Head
from toolkit.store.migrations import LATEST, MIGRATIONS, Migration
from toolkit.store.session import Transaction, insert_rows

if TYPE_CHECKING:
    import duckdb


#: One statement for both, because it is asked in every session.
_HOW_FAR: Final = (
    "SELECT (SELECT max(number) FROM migrations), seq, hash FROM audit WHERE seq = (SELECT max(seq) FROM audit)"
)


@dataclass(frozen=True)
class Found:
    """What the database says of itself: its schema's number, its last entry's number and hash."""

    version: int = 0
    seq: int = 0
    hash: str = GENESIS


def look(place: Place, cursor: duckdb.DuckDBPyConnection) -> Found:
    """Ask the database how far it is.

    Raises:
        StoreError: it is a database, but no store of ours, or a newer one.

    """
    import duckdb

    try:
        rows = cursor.execute(_HOW_FAR).fetchall()
    except duckdb.CatalogException:
        tables = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()"
        if cursor.execute(tables).fetchall() == [(0,)]:
            return Found()
        rows = []
    if not rows or rows[0][0] is None:
        raise StoreError(
            "this database is not an incident store, or lacks a part of one",
            where=str(place.database),
            fix="give another --home, or run `postmortem store repair`",
        )
    version, seq, last = rows[0]
    if version > LATEST:
        raise StoreError(
            f"the store has schema {version}, this version knows {LATEST}",
            where=str(place.folder),
            fix="install a newer ml-postmortem; nothing was changed",
        )
    return Found(version, seq, last)


def check_readable(place: Place, cursor: duckdb.DuckDBPyConnection) -> bool:
    """Say whether the store can be read as it is; if not, it must be brought up to date first.

    Raises:
        StoreRolledBack: the database is behind its journal.

    """
    found = look(place, cursor)
    head = journal.read_head(place.folder)
    if head is not None:
        _not_behind(place, cursor, found, head)
    return found.version == LATEST


def make_ready(place: Place, cursor: duckdb.DuckDBPyConnection) -> Head:
    """Bring HEAD and journal to where the database is, and the database to the latest schema; give the head.

    Raises:
        StoreRolledBack: the database is behind its journal.
        StoreError: the journal was cut, or a migration cannot run.

    """
    found = look(place, cursor)
    head = journal.read_head(place.folder) or _without_head(place, found)
    _not_behind(place, cursor, found, head)
    length = journal.size(place.folder)
    if length < head.bytes:
        raise StoreError(
            "the journal is shorter than HEAD says",
            where=str(place.folder),
            fix="run `postmortem store repair`",
        )
    if found.seq > head.seq:
        head = _forward(place, cursor, head)
    if length > head.bytes:
        journal.cut(place.folder, head.bytes)
    for step in MIGRATIONS[found.version :]:
        if step.number == found.version + 1 and found.version:
            automatic(place, cursor, f"before-schema-{step.number}")
        head = _migrate(place, cursor, step, head)
    return head


def _without_head(place: Place, found: Found) -> Head:
    """Tell a store whose making was interrupted from one whose HEAD was taken away."""
    entries = [head for _, head in journal.chain(place.folder)]
    if found.seq == 0 and len(entries) <= 1:
        return Head()
    return entries[-1] if entries else Head()


def _not_behind(place: Place, cursor: duckdb.DuckDBPyConnection, found: Found, head: Head) -> None:
    """Hold the database against HEAD."""
    at_head = found.hash if found.seq == head.seq else ""
    if found.seq > head.seq:
        rows = cursor.execute("SELECT hash FROM audit WHERE seq = ?", [head.seq]).fetchall() or [(GENESIS,)]
        at_head = rows[0][0]
    if at_head != head.hash:
        raise StoreRolledBack(
            f"the database is at entry {found.seq}, its journal at {head.seq}: "
            "somebody wrote to the file without the lock",
            where=str(place.database),
            fix="run `postmortem store repair`, which brings the lost entries back",
        )


def _forward(place: Place, cursor: duckdb.DuckDBPyConnection, head: Head) -> Head:
    """Write what the database has beyond HEAD into the journal."""
    rows = cursor.execute("SELECT entry FROM audit WHERE seq > ? ORDER BY seq", [head.seq]).fetchall()
    entries, new = [], head
    for (text,) in rows:
        wrong = journal.fault(text.encode() + b"\n", new)
        if wrong:
            raise StoreError(
                f"entry {new.seq + 1} in the database {wrong}",
                where=str(place.database),
                fix="run `postmortem store check`",
            )
        entries.append(json.loads(text))
        new = journal.after(new, entries[-1])
    journal.append(place.folder, entries, head.bytes)
    journal.cut(place.folder, new.bytes)
    journal.put_head(place.folder, journal.prepare_head(place.folder, new))
    return new


def _migrate(place: Place, cursor: duckdb.DuckDBPyConnection, step: Migration, head: Head) -> Head:
    """Take one step of the schema, with its record and its entry, in one transaction."""
    cursor.execute("BEGIN")
    tx = Transaction(cursor)
    run(tx, step, head.seq + 1)
    return commit(place, tx, head, entry_of(tx, "migrate", migration=step.number, reason=step.title))


def run(tx: Transaction, step: Migration, seq: int) -> None:
    """Run a step's statements and record that it was taken."""
    for statement in step.statements:
        tx.cursor.execute(statement).fetchall()
    insert_rows(tx, "migrations", [{"number": step.number, "title": step.title, "seq": seq}])


def fill(memory: duckdb.DuckDBPyConnection) -> None:
    """Give an empty database in memory the latest schema."""
    tx = Transaction(memory)
    for step in MIGRATIONS:
        run(tx, step, 0)
