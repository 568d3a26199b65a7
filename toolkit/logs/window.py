"""Some hours or weeks of a log (floor 2): the rows of a half-open span, everything else of the log as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from toolkit.errors import LogError
from toolkit.records import iso

if TYPE_CHECKING:
    from toolkit.logs.log import Log

Window = tuple[datetime, datetime]


def within(log: Log, window: Window, what: str = "window") -> Log:
    """Give the log with the rows of ``[start, end)`` alone; it shares the rows' engine, so the wider one is spent.

    Raises:
        LogError: the log has no times, or no row lies in the window.
    """
    start, end = (moment.astimezone(UTC) for moment in window)
    whole = log.validation
    if log.roles.column("timestamp") not in log.columns or whole.first is None:
        raise LogError(f"the log has no times to choose a {what} of", where=log.name, fix="leave the window out")
    bounds = " AND ".join(f"t {sign} TIMESTAMP '{m:%Y-%m-%d %H:%M:%S.%f}'" for sign, m in ((">=", start), ("<", end)))
    log.rows.run("ALTER VIEW rows RENAME TO rows_of_all_times")
    log.rows.run(f"CREATE OR REPLACE VIEW rows AS SELECT * FROM rows_of_all_times WHERE {bounds}")
    ((kept, first, last),) = log.rows.fetch("SELECT count(*), min(t), max(t) FROM rows")
    if not kept:
        raise LogError(
            f"no row lies in the {what} from {iso(start)} to {iso(end)}",
            where=log.name,
            fix=f"the log goes from {iso(whole.first)} to {iso(whole.last)}",
        )
    said = f"{what}: the rows from {iso(start)} to before {iso(end)} alone, {kept:,} of {whole.rows_kept:,}"
    narrowed = replace(
        whole,
        rows_kept=int(kept),
        first=first.replace(tzinfo=UTC),
        last=last.replace(tzinfo=UTC),
        notes=(*whole.notes, said),
    )
    return replace(log, validation=narrowed)
