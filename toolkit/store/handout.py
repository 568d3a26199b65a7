"""Handing out (floor 2): a timeline and the action items as CSV, JSON lines and calendar entries (ICS).

A spreadsheet runs a cell that starts like a formula, so such text is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from toolkit.records import Event, iso
from toolkit.store.actions import Tracked

_FIELDS = ("id", "occurred_at", "kind", "text", "source", "actor", "marker", "starred")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n\0]")


def events_csv(events: Iterable[Event]) -> str:
    """Write events as CSV with a header; times in UTC."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_FIELDS)
    for event in events:
        plain = event.to_dict()
        writer.writerow([cell(str(plain[name])) for name in _FIELDS])
    return out.getvalue()


def cell(text: str) -> str:
    """Write a text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def events_jsonl(events: Iterable[Event]) -> str:
    """Write events as one JSON object a line."""
    return "".join(json.dumps(event.to_dict(), ensure_ascii=False) + "\n" for event in events)


def events_ics(incident: str, events: Iterable[Event], written_at: datetime) -> str:
    """Write a timeline as a calendar, one entry an event, at the moment it happened."""
    entries = []
    for event in events:
        entries += [
            "BEGIN:VEVENT",
            f"UID:{incident}-{event.id}@ml-postmortem",
            f"DTSTAMP:{_stamp(written_at)}",
            f"DTSTART:{_stamp(event.occurred_at)}",
            f"SUMMARY:{_escaped(f'{incident} {event.kind}: {event.text}')}",
            "END:VEVENT",
        ]
    return _calendar(entries)


def actions_ics(actions: Sequence[Tracked], written_at: datetime) -> str:
    """Write the open action items that have a date as a calendar's to-dos, each with a reminder a day before."""
    entries = []
    for incident, action in ((t.incident, t.action) for t in actions):
        if action.status != "open" or action.due is None:
            continue
        entries += [
            "BEGIN:VTODO",
            f"UID:{incident}-{action.id}@ml-postmortem",
            f"DTSTAMP:{_stamp(written_at)}",
            f"DUE:{_stamp(action.due)}",
            f"SUMMARY:{_escaped(f'{incident} {action.id}: {action.summary}')}",
            f"DESCRIPTION:{_escaped(action.kind + ', owner ' + (action.owner or 'nobody yet'))}",
            "STATUS:NEEDS-ACTION",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_escaped(action.summary)}",
            "TRIGGER;RELATED=END:-P1D",
            "END:VALARM",
            "END:VTODO",
        ]
    return _calendar(entries)


def _calendar(entries: list[str]) -> str:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ml-postmortem//record//EN"]
    return "".join(f"{_folded(line)}\r\n" for line in [*head, *entries, "END:VCALENDAR"])


def _stamp(moment: datetime) -> str:
    return re.sub(r"[-:]|\.\d+", "", iso(moment) or "")


def _escaped(text: str) -> str:
    """Escape what ICS gives a meaning to; a line break becomes ICS's own, other control characters go."""
    plain = re.sub(r"([\\;,])", r"\\\1", text).replace("\r\n", "\n").replace("\n", "\\n")
    return "".join(c if c.isprintable() else " " for c in plain)


def _folded(line: str) -> str:
    """Fold a line at 75 bytes, between characters, as RFC 5545 asks."""
    parts, size = [""], 0
    for character in line:
        width = len(character.encode())
        if size + width > 75:
            parts.append(" ")
            size = 1
        parts[-1] += character
        size += width
    return "\r\n".join(parts)
