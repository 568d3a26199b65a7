"""What a diagnosis adds to the record (floor 7): events derived from findings, and the times that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from toolkit.records import Event, Finding, Incident, LedgerLine, Verdict

#: The source of an event that a finding gave.
SOURCE: Final = "finding"
#: A ledger line below this share of the damage gives no event.
LEAST_SHARE: Final = 0.05
#: An interval below this length is told to the second.
_SHORT: Final = timedelta(minutes=5)


def events_of(verdict: Verdict) -> tuple[Event, ...]:
    """Give one event for each moment at which, by the diagnosis, something in the log changed; the earliest first.

    A healthy log gives none: nothing changed that did harm.
    """
    if verdict.verdict == "none":
        return ()
    said: dict[datetime, str] = {}
    if verdict.onset is not None:
        said[verdict.onset] = _text(_strongest(verdict, _lead(verdict)), verdict.onset_interval)
    for line in verdict.ledger:
        if line.onset is not None and line.share >= LEAST_SHARE:
            found = _strongest(verdict, line)
            said.setdefault(line.onset, _text(found, found.onset_interval if found else None))
    return tuple(Event(when, "note", text, source=SOURCE) for when, text in sorted(said.items()))


def _lead(verdict: Verdict) -> LedgerLine | None:
    return next((x for x in verdict.ledger if x.mechanism == verdict.mechanism), None)


def _strongest(verdict: Verdict, line: LedgerLine | None) -> Finding | None:
    ids = line.supporting if line else ()
    found = [f for f in verdict.findings if f.id in ids]
    return max(found, key=lambda f: abs(f.statistic or 0.0), default=None)


def _text(found: Finding | None, interval: tuple[datetime, datetime] | None) -> str:
    between = f" (95 % interval {_span(*interval)})" if interval else ""
    # the id first: a long statement is cut where it is shown
    what = f", {found.id}: {found.statement}" if found else ""
    return f"The log changes here{between}{what}"


def _span(first: datetime, last: datetime) -> str:
    """Write an interval to the minute, a short one to the second, rounded outwards: it still covers what it did."""
    short = last - first < _SHORT
    step = timedelta(seconds=1) if short else timedelta(minutes=1)
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    low, high = zero + (first - zero) // step * step, zero - (zero - last) // step * step
    form = "%Y-%m-%d %H:%M:%S" if short else "%Y-%m-%d %H:%M"
    return f"{low.astimezone(UTC).strftime(form)} to {high.astimezone(UTC).strftime(form)} UTC"


def times_of(
    incident: Incident, verdict: Verdict, events: Sequence[Event], first: datetime | None, before: Verdict | None
) -> dict[str, Any]:
    """Give the times of an incident that are now known and were not.

    Began: the onset, or the first row of a fault that was always there; a time that a person gave is kept, one that an
    earlier diagnosis gave follows the new one. Detected: the first event marked as the detection, else the first alert
    from then on.
    """
    known: dict[str, Any] = {}
    began = incident.occurred_at
    ours = before is not None and before.onset is not None and began == before.onset
    if verdict.verdict not in ("none", "undetermined") and (began is None or ours):
        began = verdict.onset or first
        if began is not None and began != incident.occurred_at:
            known["occurred_at"] = began
    if incident.detected_at is None:
        marked = [e.occurred_at for e in events if e.marker == "detection"]
        alerts = [e.occurred_at for e in events if e.kind == "alert" and began is not None and e.occurred_at >= began]
        if marked or alerts:
            known["detected_at"] = min(marked or alerts)
    return known
