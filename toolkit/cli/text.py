"""Times and records as lines of text (floor 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.records import Incident, Verdict


def moment_text(moment: datetime | None) -> str:
    """Write a time to the minute in UTC, or a dash."""
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"


def span_text(seconds: float | None) -> str:
    """Write a number of seconds in the unit that a person would use, or a dash."""
    if seconds is None:
        return "-"
    for size, unit in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def incident_lines(incident: Incident, verdict: Verdict | None = None) -> Iterator[tuple[str, str]]:
    """Give what is known of an incident as headings and texts; its log as the verdict's diagnosis read it."""
    yield incident.id, incident.title
    kind = " near miss" if incident.kind == "near_miss" else ""
    yield "State", f"{incident.status}, {incident.severity}{kind}"
    if incident.restricted:
        yield "Restricted", "not for everybody's eyes"
    parts = [f"{role} {name}" for role, name in incident.roles.items()]
    named = {
        "Model": incident.model,
        "Data set": incident.dataset,
        "Owner": incident.owner,
        "Roles": ", ".join(parts),
        "Tags": ", ".join(incident.tags),
        "Related": ", ".join(incident.related),
        "Hours spent": "" if incident.responder_hours is None else f"{incident.responder_hours:g}",
    }
    yield from ((head, text) for head, text in named.items() if text)
    lags = {"Detected": "to_detect", "Mitigated": "to_mitigate", "Resolved": "to_resolve"}
    times = {
        "Began": incident.occurred_at,
        "Detected": incident.detected_at,
        "Mitigated": incident.mitigated_at,
        "Resolved": incident.resolved_at,
        "Closed": incident.closed_at,
    }
    for head, when in times.items():
        if when is not None:
            after = incident.lags[lags[head]] if head in lags else None
            yield head, moment_text(when) + (f" (after {span_text(after)})" if after is not None else "")
    for path in incident.log.get("paths", ()):
        yield "Log", str(path)
    rows, span = incident.log.get("rows"), incident.log.get("window") or (None, None)
    if verdict is not None and "rows" in verdict.log:
        rows, span = verdict.log["rows"], (verdict.log.get("first"), verdict.log.get("last"))
    if rows is not None:
        first, last = [str(t)[:16].replace("T", " ") for t in span]
        yield "Rows", f"{rows:,}" + (f", {first}Z to {last}Z" if span[0] else "")
    yield from _chosen(incident.log if verdict is None else verdict.log)
    if incident.duplicate_of:
        yield "Repeats", incident.duplicate_of
    if incident.summary:
        yield "Summary", incident.summary


def _chosen(where: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the spans that were chosen for the analysis."""
    from toolkit.spans import SPANS, spans_of

    for name, (start, end) in spans_of(where).items():
        yield SPANS[name], f"{moment_text(start)} to before {moment_text(end)}"
