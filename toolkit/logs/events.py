"""Events from a table (floor 2): timestamp, kind, text, and optionally source and actor."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

from toolkit.engines.duck import DuckRows
from toolkit.errors import LogError
from toolkit.logs.stats import column_stats
from toolkit.logs.times import clock
from toolkit.records import Event
from toolkit.sql import quote
from toolkit.vocabulary import EVENT_KINDS

_NEEDED: Final = ("timestamp", "kind", "text")
#: More than this is a log, not a list of events that a person could read.
_MOST: Final = 100_000


def read_events(source: Any) -> tuple[Event, ...]:
    """Read events in order of time; times without a zone are taken as UTC.

    Args:
        source: a CSV, JSONL or Parquet file (or several), a DataFrame, an Arrow table, ``file.duckdb::table``.

    Raises:
        LogError: it cannot be read, lacks a column, or a row has an unknown kind or no time; the row is named.

    """
    with DuckRows.open(source) as rows:
        names = {c.lower().strip(): c for c in rows.columns}
        lacking = [c for c in _NEEDED if c not in names]
        if lacking:
            raise LogError(
                f"the events lack the column {lacking[0]}",
                where=rows.name,
                fix="they need timestamp, kind and text; source and actor are optional",
            )
        rejected = sum(rows.opened.rejects.values())
        if rejected:
            first = rows.opened.reject_lines[0] if rows.opened.reject_lines else ""
            raise LogError(f"{rejected} lines of the events cannot be read: {first}", where=rows.name, fix="mend them")
        column = names["timestamp"]
        read = clock(rows, column, column_stats(rows, [column])[column])
        words = [
            f"trim(CAST({quote(names[c])} AS VARCHAR))" if c in names else "''"
            for c in ("kind", "text", "source", "actor")
        ]
        found = rows.fetch(
            f"SELECT {read.sql}, CAST({quote(column)} AS VARCHAR), {', '.join(words)} FROM raw LIMIT {_MOST + 1}"
        )
        if len(found) > _MOST:
            raise LogError(f"there are more than {_MOST:,} events", where=rows.name, fix="keep those that matter")
        events = [_event(number, row, rows.name) for number, row in enumerate(found, start=1)]
    return tuple(sorted(events, key=lambda e: e.occurred_at))


def _event(number: int, row: tuple[Any, ...], where: str) -> Event:
    time, written, kind, text, source, actor = row
    if time is None:
        raise LogError(
            f"row {number} of the events has no time that can be read: {written!r}",
            where=where,
            fix="write it as 2026-03-14T09:30:00Z",
        )
    kind = (kind or "").lower().replace(" ", "_")
    if kind not in EVENT_KINDS:
        raise LogError(
            f"row {number} of the events has the unknown kind {kind!r}",
            where=where,
            fix=f"use {', '.join(EVENT_KINDS)}",
        )
    return Event(time.replace(tzinfo=UTC), kind, text or "", source or "", actor or "")
