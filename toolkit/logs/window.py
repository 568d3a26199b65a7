"""Some hours or weeks of a log (floor 2): the rows of a half-open span, everything else of the log as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from toolkit.engines.rows import tuples
from toolkit.errors import LogError
from toolkit.records import iso
from toolkit.sql import quote

if TYPE_CHECKING:
    from toolkit.engines.parts import Lies
    from toolkit.logs.log import Log

Window = tuple[datetime, datetime]
_TIMES: Final = "SELECT count(*) AS n, count(t) AS timed, min(t) AS earliest, max(t) AS latest FROM rows"
_EACH: Final = "SELECT n, timed, earliest, latest FROM parts ORDER BY _part"
#: Types of times that no end of a window has to be rounded for.
_EXACT: Final = frozenset({"TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})
_ALL: Final = "SELECT CAST(sum(n) AS BIGINT) AS n, min(earliest) AS earliest, max(latest) AS latest FROM parts"


def within(log: Log, window: Window, what: str = "window") -> Log:
    """Give the log with the rows of ``[start, end)`` alone; it shares the rows' engine, so the wider one is spent.

    Raises:
        LogError: the log has no times, or no row lies in the window.
    """
    start, end = (moment.astimezone(UTC) for moment in window)
    whole = log.validation
    if log.roles.column("timestamp") not in log.columns or whole.first is None:
        raise LogError(f"the log has no times to choose a {what} of", where=log.name, fix="leave the window out")
    says = log.rows.dialect
    first, last = (says.moment(f"{moment:%Y-%m-%d %H:%M:%S.%f}") for moment in (start, end))
    # the files of a part that lies across an end are asked one by one: all but one of them lie within or outside
    across = [place for place, lies in enumerate(_parts(log, start, end)) if lies == "across"]
    log.rows.part_by_file(across)
    log.rows.narrow("rows", f"t >= {first} AND t < {last}", _parts(log, start, end), _as_it_stands(log, start, end))
    ((kept, earliest, latest),) = tuples(log.rows.gather(_TIMES, _ALL))
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
        first=earliest.replace(tzinfo=UTC),
        last=latest.replace(tzinfo=UTC),
        notes=(*whole.notes, said),
    )
    return replace(log, validation=narrowed)


def times_of_parts(log: Log) -> list[tuple[Any, ...]]:
    """Give rows, rows with a time, first and last time of each part; nothing where the log is not read in parts."""
    return tuples(log.rows.gather(_TIMES, _EACH)) if log.rows.keeps else []


def _as_it_stands(log: Log, start: datetime, end: datetime) -> str:
    """Give the same as a condition on the log's own column, where that holds times."""
    column = log.roles.column("timestamp") or ""
    kind = log.columns.get(column, "")
    if kind not in _EXACT:
        return ""
    zone = "+00" if kind.endswith("ZONE") else ""
    first, last = (f"CAST('{moment:%Y-%m-%d %H:%M:%S.%f}{zone}' AS {kind})" for moment in (start, end))
    return f"{quote(column)} >= {first} AND {quote(column)} < {last}"


def _parts(log: Log, start: datetime, end: datetime) -> list[Lies]:
    return [_lies(part, start, end) for part in times_of_parts(log)]


def _lies(times: tuple[Any, ...], start: datetime, end: datetime) -> Lies:
    """Tell how the rows of a part lie to a window."""
    (n, timed, earliest, latest), start, end = times, start.replace(tzinfo=None), end.replace(tzinfo=None)
    if not timed or latest < start or earliest >= end:
        return "outside"
    return "within" if timed == n and earliest >= start and latest < end else "across"
