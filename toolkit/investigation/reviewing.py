"""Review a document before it is published (floor 7): what is missing, who says what, how versions differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from toolkit.errors import PostmortemError
from toolkit.investigation.derived import SOURCE
from toolkit.investigation.flow import BUNDLE
from toolkit.investigation.lifecycle import Standing, source_of, standing_of
from toolkit.investigation.publishing import current
from toolkit.investigation.verifying import VERSIONS
from toolkit.notebooks.bundle import Bundle
from toolkit.report.diff import Changes, changes
from toolkit.report.lint import Remark
from toolkit.report.lint import lint as remarks
from toolkit.report.policy import policy_for
from toolkit.report.publish import DATA, prepare
from toolkit.report.sections import SECTIONS
from toolkit.store import Store
from toolkit.store.reviews import Comment, Review


def lint(store: Store, incident_id: str) -> list[Remark]:
    """Give what the document of an incident lacks, and which of its words to think about; gaps first.

    Raises:
        PostmortemError: the incident was never investigated.
    """
    bundle = current(store, incident_id)
    known = {e.id for e in Bundle.load(store.folder / bundle.incident.id / BUNDLE).events}
    since = sum(e.id not in known and e.source != SOURCE for e in bundle.events)
    names = policy_for("public", store.folder).names
    return remarks(bundle, names=names, since=since)


def standing(store: Store, incident_id: str, audience: str = "team", kind: str = "full") -> Standing:
    """Say where the document of an incident stands, and what is missing to publish it."""
    return standing_of(store, current(store, incident_id), audience, kind)


def ask(store: Store, incident_id: str, reviewers: Sequence[str], *, by: str = "", command: str = "") -> list[Review]:
    """Ask people to review the text as it is now; whoever asks cannot approve it.

    Raises:
        PostmortemError: nobody was named, or the incident was never investigated.
    """
    if not reviewers:
        raise PostmortemError("nobody is asked", fix="name a reviewer, e.g. --reviewer NAME")
    bundle = current(store, incident_id)
    source = source_of(bundle)
    return [
        store.review(bundle.incident.id, "ask", name, source, actor=by, command=command)
        for name in dict.fromkeys(reviewers)
    ]


def decide(
    store: Store, incident_id: str, decision: str, text: str = "", *, by: str = "", command: str = ""
) -> Standing:
    """Approve the text as it is now (``approve``), or object to it (``object``, with a reason).

    Raises:
        PostmortemError: it is approved by whoever asked for the review.
    """
    bundle = current(store, incident_id)
    incident = bundle.incident.id
    made = store.review(incident, decision, by, source_of(bundle), text, actor=by, command=command)
    authors = {r.actor for r in store.reviews(incident) if r.decision == "ask"}
    if decision == "approve" and made.reviewer in authors:
        raise PostmortemError(
            f"{made.reviewer} asked for the review, so this approval is noted and does not count",
            fix="have somebody else read it",
        )
    return standing_of(store, bundle)


def comment(
    store: Store, incident_id: str, anchor: str, text: str, quote: str = "", *, by: str = "", command: str = ""
) -> Comment:
    """Remark on a place of the document.

    Raises:
        PostmortemError: there is no such section, question, finding or event; or the words are not in the text there.
    """
    bundle = current(store, incident_id)
    places = {s.id for s in SECTIONS} | {a.id for s in SECTIONS for a in s.known}
    other = {f.id for f in bundle.findings} | {e.id for e in bundle.events} | {a.id for a in bundle.actions}
    if anchor not in places | other:
        fix = f"name a section or question ({', '.join(sorted(places))}) or the id of a finding, event or action"
        raise PostmortemError(f"the document has no place {anchor[:40]!r}", fix=fix)
    if quote and anchor in bundle.prose and " ".join(quote.split()) not in " ".join(bundle.prose[anchor].split()):
        raise PostmortemError(f"these words are not in {anchor}", fix="quote the text as it is written")
    return store.comment(bundle.incident.id, anchor, text, quote, actor=by, command=command)


def diff(store: Store, incident_id: str, old: str = "", new: str = "") -> tuple[str, str, Changes]:
    """Compare two versions of a document: by default the latest on record and what would be written now.

    Args:
        store: where the incident is.
        incident_id: which one.
        old: a document's id; the latest by default.
        new: a document's id; what would be written now by default.

    Raises:
        PostmortemError: there is no such version; says which there are.
    """
    incident = store.incident(incident_id)
    documents = {d.id: d for d in store.documents(incident.id)}
    if not documents:
        raise PostmortemError(f"{incident.id} has no version to compare with", fix="publish it first")
    first = documents.get(old.upper() if old else list(documents)[-1])
    second = documents.get(new.upper()) if new else None
    if first is None or (new and second is None):
        known = ", ".join(f"{d.id} ({d.audience}, {d.status})" for d in documents.values())
        raise PostmortemError(f"there is no version {(new if first else old)[:20]!r}", fix=f"there are {known}")
    before = _data(store, incident.id, first.id)
    if second is not None:
        return first.id, second.id, changes(before, _data(store, incident.id, second.id))
    policy = policy_for(first.audience, store.folder)
    ready = prepare(current(store, incident.id), audience=first.audience, kind=first.kind, policy=policy)
    return first.id, "now", changes(before, json.loads(ready.files[DATA]))


def _data(store: Store, incident: str, document: str) -> dict[str, Any]:
    file = store.folder / incident / VERSIONS / document / DATA
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return dict(data)
    except (OSError, ValueError) as error:
        what = f"the frozen copy of {document} cannot be read: {error}"
        raise PostmortemError(what, where=str(file), fix="compare another version") from None
