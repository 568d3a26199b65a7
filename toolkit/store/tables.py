"""What the tables hold (floor 2): the kind of each column, and how a row goes into the database and comes back.

A row outside the database is a dict of JSON values (times as ISO 8601 in UTC), the same in the journal and
in a bundle. Inside, times are TIMESTAMP in UTC and compound values are JSON text, so that any SQL database
can hold them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from toolkit.errors import StoreError
from toolkit.records import iso, moment
from toolkit.store.plain import canonical, plain

Kind = Literal["text", "integer", "real", "flag", "time", "json"]
Row = dict[str, Any]

INSIDE: Final[dict[Kind, str]] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "flag": "BOOLEAN",
    "time": "TIMESTAMP",
    "json": "VARCHAR",
}


@dataclass(frozen=True)
class Table:
    """A table: its name, the columns of its primary key, and each column's kind."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Kind]


def _table(name: str, key: str, **columns: str) -> Table:
    """Spell a table as kind -> names of its columns, in words."""
    kinds: dict[str, Kind] = {}
    for kind, names in columns.items():
        kinds.update(dict.fromkeys(names.split(), kind))  # type: ignore[arg-type]
    return Table(name, tuple(key.split()), kinds)


#: Every column that a table has, or had in an older store: the journal still speaks of those.
TABLES: Final[dict[str, Table]] = {
    t.name: t
    for t in (
        _table(
            "incidents",
            "id",
            text="id title model severity kind status owner summary dataset duplicate_of",
            integer="number version",
            real="responder_hours",
            flag="restricted",
            time="occurred_at detected_at mitigated_at resolved_at closed_at created_at",
            json="roles tags log related",
        ),
        _table(
            "logs",
            "incident run position",
            text="incident part path sha256",
            integer="run position",
        ),
        _table(
            "events",
            "incident id",
            text="incident id kind text source actor marker",
            integer="number",
            time="occurred_at noted_at",
            flag="starred withdrawn",
        ),
        _table(
            "verdicts",
            "incident run",
            text="incident verdict mechanism profile_hash",
            integer="run",
            real="confidence excess_errors",
            time="onset recorded_at",
            json="body",
        ),
        _table(
            "findings",
            "incident run position",
            text="incident id detector statement stance unit",
            integer="run position n",
            real="effect low high p_value",
            time="onset",
            json="body",
        ),
        _table(
            "ledger",
            "incident run position",
            text="incident cause mechanism",
            integer="run position",
            real="share low high",
            json="body",
        ),
        _table(
            "actions",
            "incident id",
            text="incident id summary kind owner status check_sql check_detail",
            integer="number",
            time="due created_at done_at checked_at",
            flag="check_passed",
        ),
        _table(
            "notes",
            "incident id",
            text="incident id kind text conditions actions needs actor",
            integer="number",
            time="noted_at",
        ),
        _table(
            "judgements",
            "incident id",
            text="incident id finding key stance reason actor",
            integer="number run",
            time="noted_at",
        ),
        _table(
            "runs",
            "incident id",
            text="incident id template status path error",
            integer="number",
            real="seconds",
            time="recorded_at",
        ),
        _table(
            "documents",
            "incident id",
            text="incident id path sha256 status audience kind source reason",
            integer="number version",
            time="recorded_at",
        ),
        _table(
            "drills",
            "id",
            text="id scenario trainee truth answer mechanism",
            integer="number difficulty",
            real="confidence points brier spent harm",
            flag="correct cried_wolf",
            time="began_at ended_at recorded_at",
            json="body",
        ),
        _table(
            "reviews",
            "incident id",
            text="incident id decision reviewer source text actor",
            integer="number",
            time="recorded_at",
        ),
        _table(
            "comments",
            "incident id",
            text="incident id anchor quote text actor answer",
            integer="number",
            flag="resolved",
            time="recorded_at",
        ),
        _table(
            "submissions",
            "incident id",
            text="incident id regime stage recipient reference late_reason actor",
            integer="number",
            time="sent_at recorded_at",
        ),
        _table("requests", "key", text="key op", integer="seq", json="result"),
        _table("migrations", "number", integer="number seq", text="title"),
        _table(
            "audit",
            "seq",
            integer="seq",
            time="recorded_at",
            text="actor op command incident key reason hash entry",
        ),
    )
}


def value(kind: Kind, given: Any) -> Any:
    """Give the JSON value that a row holds for what a caller gives, in the column's kind.

    Raises:
        StoreError: it is of another kind, or a time without a zone.

    """
    made = plain(given)
    if made is None or kind == "json":
        return made
    try:
        return _MAKE[kind](made)
    except (TypeError, ValueError, OverflowError):
        raise StoreError(f"{str(made)[:40]!r} is no {kind}", fix=f"give a value of the kind {kind}") from None


def _whole(made: Any) -> int:
    if isinstance(made, str | bool) or int(made) != made or abs(made) >= 2**63:
        raise ValueError
    return int(made)


def _flag(made: Any) -> bool:
    if not isinstance(made, bool):
        raise TypeError
    return made


_MAKE: Final[dict[Kind, Callable[[Any], Any]]] = {
    "text": lambda made: made if isinstance(made, str) else str(made),
    "integer": _whole,
    "real": float,
    "flag": _flag,
    "time": lambda made: iso(moment(made)),
}


def into(kind: Kind, value: Any) -> Any:
    """Turn a row's value into what the database is given."""
    if value is None:
        return None
    if kind == "time":
        read = moment(value)
        return None if read is None else read.replace(tzinfo=None)
    if kind == "json":
        return canonical(value).decode()
    if kind == "real":
        return float(value)
    return value


def out_of(kind: Kind, value: Any) -> Any:
    """Turn what the database gives into a row's value."""
    if value is None:
        return None
    if kind == "time":
        assert isinstance(value, datetime)
        return iso(value.replace(tzinfo=UTC))
    if kind == "json":
        return json.loads(value)
    return value
