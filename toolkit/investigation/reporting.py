"""Drafts of reports to authorities, written and put on record as sent (floor 7)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from toolkit.errors import RenderError
from toolkit.investigation.publishing import current
from toolkit.paths import write_whole
from toolkit.records import Incident
from toolkit.report import words
from toolkit.report.authority import ANSWERS, DISCLAIMER, Draft, blank_answers, draft, read_answers, regimes
from toolkit.report.page import fill
from toolkit.report.policy import policy_for
from toolkit.report.redact import redacted
from toolkit.store import Store
from toolkit.store.reviews import Submission

#: Where drafts are written, in the incident's folder.
FOLDER: Final = "authority"


def write_draft(
    store: Store, incident_id: str, regime: str, *, stage: str = "complete", out: str | Path | None = None
) -> tuple[Path, Draft]:
    """Write the draft of a report as a page and as JSON; give the page and the draft.

    What people answered is read from ``authority.toml`` in the incident's folder, which is laid out on the first time.

    Raises:
        PostmortemError: the incident was never investigated.
        RenderError: there is no such regime or stage, or the answers cannot be read.
    """
    bundle = current(store, incident_id)
    folder = store.folder / bundle.incident.id
    if not (folder / ANSWERS).exists():
        write_whole(folder / ANSWERS, blank_answers())
    seen = redacted(bundle, policy_for("regulator", store.folder)).bundle
    made = draft(seen, regime, stage, read_answers(folder / ANSWERS))
    page = draft_page(seen.incident, made, [s for s in store.submissions(bundle.incident.id) if s.regime == regime])
    place = Path(out) if out is not None else folder / FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
        data = json.dumps({"incident": bundle.incident.id, **made.to_dict()}, ensure_ascii=False, indent=1)
        write_whole(place / f"{regime}-{stage}.json", data + "\n")
        return write_whole(place / f"{regime}-{stage}.html", page), made
    except OSError as error:
        fix = "name a folder that you can write to"
        raise RenderError(f"the draft cannot be written: {error.strerror}", where=str(place), fix=fix) from None


def draft_page(incident: Incident, made: Draft, sent: Sequence[Submission]) -> str:
    """Give the page of a draft: its clocks, its fields, and what was sent before."""
    counts = Counter(f.status for f in made.fields)
    said = ", ".join(f"{counts[s]} {s}" for s in ("direct", "partial", "answered", "gap") if counts[s])
    return fill(
        "authority.html.j2",
        title=f"{incident.id}: {made.title}",
        incident=incident,
        draft=made,
        disclaimer=DISCLAIMER,
        counts=f"{len(made.fields)} fields: {said}. Nothing is guessed; a gap is for a person to answer.",
        when=words.time,
        sent=sent,
        parts=[{"id": i, "title": t} for i, t in (("clocks", "Clocks"), ("fields", "Fields"), ("sent", "Sent"))],
    )


def note_sent(
    store: Store,
    incident_id: str,
    regime: str,
    recipient: str,
    sent_at: datetime,
    *,
    stage: str = "complete",
    reference: str = "",
    late_reason: str = "",
    by: str = "",
    command: str = "",
) -> Submission:
    """Put on record that a report was sent.

    Raises:
        RenderError: there is no such regime.
        StoreError: there is no such stage, or nobody is named as recipient.
    """
    if regime not in regimes():
        raise RenderError(f"there is no regime {regime[:40]!r}", fix=f"use one of {', '.join(regimes())}")
    return store.submit(
        incident_id, regime, stage, recipient, sent_at, reference, late_reason, actor=by, command=command
    )
