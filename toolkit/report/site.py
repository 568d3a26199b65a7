"""The site of all postmortems that an audience may see (floor 6): plain files that open from a disk or a file share.

It is made from documents as they were written for that audience, so that it can show no more than they do. The page
lists everything without a script; its only script filters the list, and the policy of the page allows that one alone.
"""

from __future__ import annotations

import base64
import hashlib
import statistics
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from markupsafe import Markup

from toolkit.records import ActionItem, Incident, iso
from toolkit.report import words
from toolkit.report.page import POLICY, fill, own_file
from toolkit.report.plots.causes import causes
from toolkit.report.tables import Table
from toolkit.report.text import visible

INDEX: Final = "index.html"
FEED: Final = "feed.atom"
_SEARCHED: Final = 3_000
_NAMESPACE: Final = uuid.UUID("6f1f9d2c-6a0e-5b8e-9d3e-2f1c7a4b8e10")


@dataclass(frozen=True)
class Entry:
    """One incident as its audience's document tells it; ``page`` is empty where there is none to open.

    ``status`` is the document's: published, draft, or none.
    """

    incident: Incident
    verdict: str = ""
    mechanism: str = ""
    actions: tuple[ActionItem, ...] = ()
    text: str = ""
    status: str = "none"
    page: str = ""
    sha256: str = ""
    written: datetime | None = None

    @property
    def when(self) -> datetime | None:
        """When it began, or was recorded where that is not known."""
        return self.incident.occurred_at or self.incident.created_at


def entry_of(data: Mapping[str, Any], page: str, sha256: str, written: datetime) -> Entry:
    """Give the entry of a written document from its data, the content of its postmortem.json."""
    diagnosis = data.get("diagnosis") or {}
    said = [s["text"] for part in data["sections"] for s in part.get("sentences", ())]
    said += [str(f["statement"]) for f in diagnosis.get("findings", ())] + [str(t) for t in data["prose"].values()]
    return Entry(
        Incident.from_dict(data["incident"]),
        str(diagnosis.get("verdict") or ""),
        str(diagnosis.get("mechanism") or ""),
        tuple(ActionItem.from_dict(a) for a in data["actions"]),
        " ".join(said),
        str(data.get("status") or "draft"),
        page,
        sha256,
        written,
    )


def site_files(entries: Sequence[Entry], now: datetime, audience: str = "team") -> dict[str, bytes]:
    """Give the index and the feed of a site; ``now`` decides which actions are overdue."""
    ordered = sorted(entries, key=lambda e: e.when.timestamp() if e.when else 0.0, reverse=True)
    return {INDEX: _index(ordered, now, audience).encode(), FEED: _feed(ordered, now, audience).encode()}


def _index(entries: Sequence[Entry], now: datetime, audience: str) -> str:
    script = own_file("site.js")
    allowed = base64.b64encode(hashlib.sha256(str(script).encode()).digest()).decode()
    found = [(e.when, e.verdict) for e in entries if e.when and e.verdict]
    parts = [
        ("incidents", "Incidents", Markup("")),
        ("over-time", "Causes over time", causes(found).html() if found else _none("No verdict is on record yet.")),
        ("times", "Times", _times(entries)),
        ("recurring", "What recurs", _recurring(entries)),
        ("overdue", "Overdue actions", _overdue(entries, now)),
    ]
    return fill(
        "site.html.j2",
        title="Postmortems",
        policy=f"{POLICY}; script-src 'sha256-{allowed}'",
        script=script,
        audience=audience,
        made=words.time(now),
        parts=[{"id": key, "title": title, "html": html} for key, title, html in parts],
        rows=[_row(e) for e in entries],
        filters=[
            ("cause", "Cause", _choices(words.CAUSE_NAMES.get(e.verdict, e.verdict) for e in entries)),
            ("severity", "Severity", _choices(e.incident.severity for e in entries)),
            ("status", "Status", _choices(e.incident.status for e in entries)),
            ("kind", "Kind", _choices(words.name(e.incident.kind) for e in entries)),
        ],
    )


def _choices(values: Iterable[str]) -> list[str]:
    return sorted({visible(v, 60) for v in values if v})


def _row(entry: Entry) -> dict[str, Any]:
    """Give an incident as the template shows and searches it."""
    incident = entry.incident
    cause = words.CAUSE_NAMES.get(entry.verdict, entry.verdict)
    told = f"{incident.title} {incident.model} {incident.summary} {cause} {words.name(entry.mechanism)}"
    text = f"{incident.id} {told} {entry.text}"
    return {
        "id": incident.id,
        "title": visible(incident.title, 200),
        "page": entry.page,
        "when": words.stamp(entry.when)[:10],
        "severity": incident.severity,
        "status": incident.status,
        "kind": words.name(incident.kind),
        "cause": cause,
        "mechanism": words.name(entry.mechanism),
        "model": visible(incident.model, 80),
        "document": entry.status,
        "detected": words.duration(incident.lags["to_detect"]) if incident.lags["to_detect"] is not None else "",
        "text": " ".join(visible(text, _SEARCHED).lower().split()),
    }


def _times(entries: Sequence[Entry]) -> Markup:
    """Give the medians of the lags, over all and by cause."""
    groups = {"all": entries} | {
        words.CAUSE_NAMES.get(v, v): [e for e in entries if e.verdict == v]
        for v in dict.fromkeys(e.verdict for e in entries if e.verdict)
    }
    rows = []
    for name, some in groups.items():
        cells = []
        for lag in ("to_detect", "to_mitigate", "to_resolve"):
            known = [x for e in some if (x := e.incident.lags[lag]) is not None]
            cells.append(f"{words.duration(statistics.median(known))} (of {len(known)})" if known else words.UNKNOWN)
        rows.append((name, len(some), *cells))
    columns = ("Cause", "Incidents", "Median to detect", "to mitigate", "to resolve")
    return Table(columns, tuple(rows), "How long it took").html(quiet=True) if entries else _none("No incident yet.")


def _recurring(entries: Sequence[Entry]) -> Markup:
    """Give the mechanisms that were found in two incidents or more."""
    by: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.mechanism:
            by.setdefault(entry.mechanism, []).append(entry)
    rows = [(words.name(m), len(some), _links(some)) for m, some in by.items() if len(some) > 1]
    rows.sort(key=lambda row: -row[1])
    columns = ("Mechanism", "Times", "Incidents")
    return (
        Table(columns, tuple(rows), "Mechanisms found more than once").html(quiet=True)
        if rows
        else _none("No mechanism was found twice.")
    )


def _links(entries: Sequence[Entry]) -> Markup:
    made = [
        Markup('<a href="{}">{}</a>').format(e.page, e.incident.id) if e.page else Markup("{}").format(e.incident.id)
        for e in entries
    ]
    return Markup(", ").join(made)


def _overdue(entries: Sequence[Entry], now: datetime) -> Markup:
    """Give the actions that are open and past their date, the oldest first."""
    late = [(e, a) for e in entries for a in e.actions if a.status == "open" and a.due and a.due < now]
    late.sort(key=lambda pair: pair[1].due or now)
    rows = tuple(
        (visible(a.summary, 300), visible(a.owner, 80) or "nobody named", words.stamp(a.due)[:10],
         words.duration((now - a.due).total_seconds()) if a.due else "", _links([e]))
        for e, a in late
    )  # fmt: skip
    columns = ("What", "Owner", "Due", "Late by", "Incident")
    return Table(columns, rows, "Overdue actions").html(quiet=True) if rows else _none("No action is overdue.")


def _none(said: str) -> Markup:
    return Markup('<p class="none">{}</p>').format(said)


def _feed(entries: Sequence[Entry], now: datetime, audience: str) -> str:
    """Give the Atom feed of the documents that can be opened, the newest first."""
    listed = sorted((e for e in entries if e.page), key=lambda e: e.written or now, reverse=True)
    updated = iso(listed[0].written or now) if listed else iso(now)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>Postmortems</title><id>{_urn(audience)}</id><updated>{updated}</updated>",
        f'<link rel="self" href="{FEED}"/><link rel="alternate" type="text/html" href="{INDEX}"/>',
        "<author><name>ml-postmortem</name></author>",
    ]
    for entry in listed:
        cause = words.CAUSE_NAMES.get(entry.verdict, entry.verdict) or "not diagnosed"
        said = f"{entry.incident.severity}, {entry.incident.status}. Cause: {cause}."
        lines.append(
            f"<entry><title>{_xml(entry.incident.id)}: {_xml(entry.incident.title)}</title>"
            f"<id>{_urn(entry.incident.id, entry.sha256)}</id><updated>{iso(entry.written or now)}</updated>"
            f'<link rel="alternate" type="text/html" href="{_xml(entry.page)}"/><summary>{_xml(said)}</summary></entry>'
        )
    return "\n".join([*lines, "</feed>", ""])


def _xml(text: str) -> str:
    return escape(visible(text, 300), {'"': "&quot;"})


def _urn(*names: str) -> str:
    return uuid.uuid5(_NAMESPACE, "\0".join(names)).urn
