"""What people say of a document before it is published, and what was sent to whom after (floor 2).

A review is of one text: ``source`` is the SHA-256 of what was read, so that a changed text asks for a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from toolkit.errors import StoreError
from toolkit.records import moment
from toolkit.store.artefacts import _add as add
from toolkit.store.artefacts import _rows as rows
from toolkit.store.attach import Place
from toolkit.store.incidents import one_of, require
from toolkit.store.session import Session, Transaction
from toolkit.store.tables import Row
from toolkit.store.work import Request, read, write

APPROVE: Final = "approve"
DECISIONS: Final = ("ask", APPROVE, "object")
#: Who made an approval that came with a bundle: it may be anybody's, so it counts for nothing here.
ELSEWHERE: Final = "a bundle"
STAGES: Final = ("initial", "complete")


@dataclass(frozen=True)
class Review:
    """One step of a review: somebody was asked, approved the text, or objected to it."""

    id: str
    decision: str
    reviewer: str
    source: str
    text: str
    actor: str
    recorded_at: datetime


@dataclass(frozen=True)
class Comment:
    """A remark on one place of the document: ``anchor`` is a section, a question, a finding or an event."""

    id: str
    anchor: str
    quote: str
    text: str
    actor: str
    resolved: bool
    answer: str
    recorded_at: datetime


@dataclass(frozen=True)
class Submission:
    """A report that was sent to an authority: the stage, to whom, under which reference, and why late if it was."""

    id: str
    regime: str
    stage: str
    recipient: str
    reference: str
    late_reason: str
    actor: str
    sent_at: datetime
    recorded_at: datetime


def review(place: Place, request: Request, incident: str, values: Row) -> Review:
    """Record one step of a review.

    Raises:
        StoreError: it is of no known kind, an objection without words, or an approval by whoever asked for it.
    """
    one_of(values["decision"], DECISIONS, "decision")
    if values["decision"] == "object" and not str(values["text"]).strip():
        raise StoreError("an objection needs a reason", fix="say what should change")
    if not str(values["reviewer"]).strip():
        raise StoreError("a review needs a reviewer", fix="name one")

    def work(tx: Transaction) -> str:
        return add(tx, "reviews", "V", incident, {**values, "actor": request.actor})

    return write(place, request, work, lambda s, n: Review(**rows(s, "reviews", incident, n)[0]))


def comment(place: Place, request: Request, incident: str, values: Row) -> Comment:
    """Record a remark on a place of the document."""
    if not str(values["text"]).strip():
        raise StoreError("the comment is empty", fix="say what is meant")

    def work(tx: Transaction) -> str:
        return add(tx, "comments", "C", incident, {**values, "actor": request.actor, "resolved": False, "answer": ""})

    return write(place, request, work, lambda s, n: Comment(**rows(s, "comments", incident, n)[0]))


def resolve(place: Place, request: Request, incident: str, name: str, answer: str) -> Comment:
    """Settle a comment with an answer; what it was stays in the journal.

    Raises:
        StoreError: there is no such comment.
    """

    def work(tx: Transaction) -> str:
        tx.incident = require(tx, incident)["id"]
        row = tx.get("comments", incident=tx.incident, id=name.strip().upper())
        if row is None:
            raise StoreError(
                f"{tx.incident} has no comment {name[:20]!r}", fix=f"see `postmortem review status {tx.incident}`"
            )
        tx.update("comments", row, resolved=True, answer=answer)
        return str(row["id"])

    return write(place, request, work, lambda s, n: Comment(**rows(s, "comments", incident, n)[0]))


def submit(place: Place, request: Request, incident: str, values: Row) -> Submission:
    """Record that a report was sent."""
    one_of(values["stage"], STAGES, "stage")
    if not str(values["recipient"]).strip():
        raise StoreError("a submission needs a recipient", fix="name the authority that it was sent to")

    def work(tx: Transaction) -> str:
        return add(tx, "submissions", "S", incident, {**values, "actor": request.actor})

    return write(place, request, work, lambda s, n: _submissions(s, incident, n)[0])


def reviews(place: Place, incident: str) -> tuple[Review, ...]:
    """Read the steps of an incident's reviews, oldest first."""
    return tuple(Review(**row) for row in _listed(place, "reviews", incident))


def comments(place: Place, incident: str) -> tuple[Comment, ...]:
    """Read the comments on an incident's document, oldest first."""
    return tuple(Comment(**row) for row in _listed(place, "comments", incident))


def submissions(place: Place, incident: str) -> tuple[Submission, ...]:
    """Read what was sent to authorities, oldest first."""
    return tuple(read(place, lambda session: _submissions(session, incident)))


def _listed(place: Place, table: str, incident: str) -> list[dict[str, Any]]:
    return read(place, lambda session: rows(session, table, incident))


def _submissions(session: Session, incident: str, name: str | None = None) -> list[Submission]:
    found = rows(session, "submissions", incident, name)
    return [Submission(**{**row, "sent_at": moment(row["sent_at"])}) for row in found]
