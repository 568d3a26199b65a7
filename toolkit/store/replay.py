"""Playing the journal again (floor 2): what the database must hold, from nothing but the journal's entries.

Rows are folded in memory between migrations and written at once, so ten thousand entries take seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from toolkit.sql.connect import quote
from toolkit.store.commit import audit_row
from toolkit.store.journal import Entry
from toolkit.store.migrations import MIGRATIONS
from toolkit.store.ready import run
from toolkit.store.session import Change, Session, Transaction, insert_rows
from toolkit.store.tables import TABLES, Row, out_of

if TYPE_CHECKING:
    import duckdb

Key = tuple[Any, ...]
Tables = dict[str, dict[Key, Row]]


def key_of(table: str, row: Row) -> Key:
    """Give the primary key of a row."""
    return tuple(row[name] for name in TABLES[table].key)


def play(entries: Iterable[Entry], cursor: duckdb.DuckDBPyConnection) -> Tables:
    """Play entries from the first on into an empty database; give its tables, and leave them written there."""
    tx, tables = Transaction(cursor), dict[str, dict[Key, Row]]()
    for entry in entries:
        if entry["op"] == "migrate":
            _flush(tx, tables)
            run(tx, MIGRATIONS[int(entry["migration"]) - 1], int(entry["seq"]))
            tables = dump(tx)
        for change in entry["changes"]:
            fold(tables, change)
        row = audit_row(entry)
        tables["audit"][key_of("audit", row)] = row
    _flush(tx, tables)
    return tables


def fold(tables: Tables, change: Change) -> None:
    """Make one change of the journal in rows held in memory."""
    rows = tables[change["table"]]
    key = tuple(change["key"][name] for name in TABLES[change["table"]].key)
    if change["after"] is None:
        rows.pop(key, None)
    elif change["before"] is None:
        rows[key] = dict(change["after"])
    else:
        rows[key] = {**rows[key], **change["after"]}


def dump(session: Session) -> Tables:
    """Read every table of ours that is there, whatever schema it has."""
    of = "table_catalog = current_database() AND table_schema = current_schema()"
    there = {row[0] for row in session.fetch(f"SELECT table_name FROM information_schema.tables WHERE {of}")}
    tables: Tables = {}
    for name in sorted(there & set(TABLES)):
        found = session.cursor.execute(f"SELECT * FROM {quote(name)}")
        columns = [str(column[0]) for column in found.description or ()]
        kinds = TABLES[name].columns
        rows = [
            {c: out_of(kinds[c], v) for c, v in zip(columns, row, strict=True) if c in kinds}
            for row in found.fetchall()
        ]
        tables[name] = {key_of(name, row): row for row in rows}
    return tables


def _flush(tx: Transaction, tables: Tables) -> None:
    for name, rows in tables.items():
        tx.cursor.execute(f"DELETE FROM {quote(name)}").fetchall()
        insert_rows(tx, name, list(rows.values()))


def differences(recorded: Tables, found: Tables) -> list[Change]:
    """Say how the rows that are found differ from those recorded, as changes that lead from these to those."""
    changes: list[Change] = []
    for table in sorted(set(recorded) | set(found)):
        was, now = recorded.get(table, {}), found.get(table, {})
        for key in sorted(set(was) | set(now), key=repr):
            before, after = was.get(key), now.get(key)
            if before == after:
                continue
            if before is not None and after is not None:
                names = [name for name in after if before.get(name) != after[name]]
                before, after = {n: before.get(n) for n in names}, {n: after[n] for n in names}
            names_of = dict(zip(TABLES[table].key, key, strict=True))
            changes.append({"table": table, "key": names_of, "before": before, "after": after})
    return changes
