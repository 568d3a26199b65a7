"""What may be done while the store is open (floor 2): read rows, and in a transaction change them and say so.

A ``Transaction`` notes every change with what was there before: that note becomes the journal's entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from toolkit.sql.connect import quote
from toolkit.store.tables import TABLES, Kind, Row, into, out_of, value

Change = dict[str, Any]

#: Rows of one INSERT; more gains nothing.
_AT_ONCE = 100


class Cursor(Protocol):
    """What a session needs of a database's cursor; DuckDB's own has it."""

    def execute(self, sql: str, values: list[Any] = ..., /) -> Cursor:
        """Run one statement with bound values."""
        ...

    def fetchall(self) -> list[Any]:
        """Give the rows of the last statement."""
        ...

    @property
    def description(self) -> Any:
        """The columns of the last statement, each a tuple that starts with its name."""
        ...


@dataclass
class Session:
    """An open store, to read from."""

    cursor: Cursor

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement with bound values and give its rows."""
        return self.cursor.execute(sql, list(values)).fetchall()

    def select(self, table: str, *, order: Sequence[str] = (), **where: Any) -> list[Row]:
        """Give the rows of a table whose columns equal ``where`` (a tuple: one of those), ordered by ``order``."""
        columns = TABLES[table].columns
        condition, values = _where(columns, where)
        sql = f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)}{condition}"
        if order:
            sql += " ORDER BY " + ", ".join(map(quote, order))
        kinds = list(columns.items())
        return [
            {name: out_of(kind, given) for (name, kind), given in zip(kinds, row, strict=True)}
            for row in self.fetch(sql, values)
        ]

    def get(self, table: str, **key: Any) -> Row | None:
        """Give the one row of that key, or ``None``."""
        return next(iter(self.select(table, **key)), None)

    def count(self, table: str, **where: Any) -> int:
        """Count the rows whose columns equal ``where``."""
        condition, values = _where(TABLES[table].columns, where)
        return int(self.fetch(f"SELECT count(*) FROM {quote(table)}{condition}", values)[0][0])


def _where(columns: Mapping[str, Kind], where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Write a condition and what is bound in it; nothing is one of no values."""
    parts, values = [], []
    for name, given in where.items():
        some = given if isinstance(given, tuple) else (given,)
        values += [into(columns[name], one) for one in some]
        parts.append(f"{quote(name)} IN ({', '.join('?' * len(some))})" if some else "false")
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


@dataclass
class Transaction(Session):
    """An open store, to change: every change is applied at once and noted for the journal."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    changes: list[Change] = field(default_factory=list)
    incident: str = ""

    def insert(self, table: str, *rows: Mapping[str, Any]) -> None:
        """Put new rows in; a column left out is NULL."""
        columns = TABLES[table].columns
        for row in rows:
            full = {name: value(kind, row.get(name)) for name, kind in columns.items()}
            key = {name: full[name] for name in TABLES[table].key}
            self.changes.append({"table": table, "key": key, "before": None, "after": full})
        insert_rows(self, table, [c["after"] for c in self.changes[len(self.changes) - len(rows) :]])

    def update(self, table: str, row: Row, **values: Any) -> Row:
        """Change some columns of a row that was read; give the row as it is then."""
        kinds = TABLES[table].columns
        new = {name: value(kinds[name], given) for name, given in values.items()}
        changed = {name: given for name, given in new.items() if row[name] != given}
        if not changed:
            return row
        key = {name: row[name] for name in TABLES[table].key}
        before = {name: row[name] for name in changed}
        self.changes.append({"table": table, "key": key, "before": before, "after": changed})
        apply(self, self.changes[-1])
        return {**row, **changed}


def insert_rows(session: Session, table: str, rows: Sequence[Row]) -> None:
    """Insert rows of one table that name the same columns."""
    kinds = TABLES[table].columns
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        names = list(part[0])
        places = ", ".join(f"({', '.join('?' * len(names))})" for _ in part)
        values = [into(kinds[name], row[name]) for row in part for name in names]
        session.cursor.execute(
            f"INSERT INTO {quote(table)} ({', '.join(map(quote, names))}) VALUES {places}", values
        ).fetchall()


def apply(session: Session, change: Change) -> None:
    """Make one change of the journal in the database: a row put in, changed, or taken out."""
    table, key, after = change["table"], change["key"], change["after"]
    kinds = TABLES[table].columns
    where = " AND ".join(f"{quote(name)} = ?" for name in key)
    values = [into(kinds[name], given) for name, given in key.items()]
    if change["before"] is None:
        insert_rows(session, table, [after])
    elif after is None:
        session.cursor.execute(f"DELETE FROM {quote(table)} WHERE {where}", values).fetchall()
    else:
        pairs = ", ".join(f"{quote(name)} = ?" for name in after)
        new = [into(kinds[name], given) for name, given in after.items()]
        session.cursor.execute(f"UPDATE {quote(table)} SET {pairs} WHERE {where}", new + values).fetchall()
