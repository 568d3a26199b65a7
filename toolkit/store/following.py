"""What a ``Store`` does with actions, status notes, notebook runs, documents and drills (floor 2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from toolkit.records import ActionItem
from toolkit.store import actions, artefacts, drills, judgements, notes, reviews
from toolkit.store.actions import Tracked
from toolkit.store.artefacts import Document, Run
from toolkit.store.judgements import Judgement
from toolkit.store.lock import user
from toolkit.store.notes import Note
from toolkit.store.recording import Folder
from toolkit.store.reviews import Comment, Review, Submission
from toolkit.store.work import Request


class Following(Folder):
    """What is done about it, how it stands, and what was written."""

    def add_action(
        self, incident: str, action: ActionItem, *, actor: str = "", command: str = "", key: str = ""
    ) -> ActionItem:
        """Record an action item and give it with its id."""
        return actions.add(self._place, Request("add_action", actor, command, key, incident=incident), incident, action)

    def update_action(
        self,
        incident: str,
        action: str,
        *,
        reason: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
        **fields: Any,
    ) -> ActionItem:
        """Change an action's summary, kind, owner, due, status or check_sql."""
        request = Request("update_action", actor, command, key, reason, incident=incident)
        return actions.update(self._place, request, incident, action, fields)

    def actions(
        self,
        incident: str | None = None,
        *,
        status: str | None = None,
        overdue: bool = False,
        now: datetime | None = None,
    ) -> tuple[Tracked, ...]:
        """Read action items of one incident or of all; ``overdue``: open and due before ``now``."""
        return actions.tracked(self._place, incident, status=status, overdue=overdue, now=now)

    def record_check(
        self,
        incident: str,
        action: str,
        passed: bool,
        detail: str = "",
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> ActionItem:
        """Record how an action's check went on new data; one that fails opens the action again."""
        request = Request("record_check", actor, command, key, detail, incident=incident)
        return actions.record_check(self._place, request, incident, action, passed, detail)

    def add_note(
        self,
        incident: str,
        kind: str = "tactical",
        text: str = "",
        *,
        conditions: str = "",
        done: str = "",
        needs: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Note:
        """Record how it stands: a tactical note says conditions, what was done and what is needed; or executive."""
        values = {"kind": kind, "text": text, "conditions": conditions, "actions": done, "needs": needs}
        return notes.add(
            self._place, Request("add_note", actor or user(), command, key, incident=incident), incident, values
        )

    def notes(self, incident: str) -> tuple[Note, ...]:
        """Read an incident's status notes, oldest first."""
        return notes.listed(self._place, incident)

    def judge(
        self,
        incident: str,
        finding: str,
        stance: str,
        reason: str = "",
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Judgement:
        """Record a word on a finding of the latest diagnosis: accepted, contested (with a reason), or open again."""
        request = Request("judge", actor or user(), command, key, reason, incident=incident)
        return judgements.add(self._place, request, incident, finding, stance)

    def judgements(self, incident: str) -> tuple[Judgement, ...]:
        """Read every word on an incident's findings, oldest first; ``standing`` of them counts."""
        return judgements.listed(self._place, incident)

    def record_run(
        self,
        incident: str,
        template: str,
        status: str,
        path: str,
        seconds: float,
        error: str = "",
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Run:
        """Record one execution of a template: ``status`` is ok or failed, ``path`` the executed notebook."""
        values = {"template": template, "status": status, "path": path, "seconds": seconds, "error": error}
        return artefacts.record_run(
            self._place, Request("record_run", actor, command, key, incident=incident), incident, values
        )

    def runs(self, incident: str) -> tuple[Run, ...]:
        """Read the executions of templates, oldest first."""
        return artefacts.runs(self._place, incident)

    def record_document(
        self,
        incident: str,
        path: str,
        sha256: str,
        version: int | None = None,
        status: str = "draft",
        audience: str = "team",
        *,
        kind: str = "full",
        source: str = "",
        reason: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Document:
        """Record one written version of the postmortem; without a version, the next of its audience and kind."""
        values = {"path": path, "sha256": sha256, "version": version, "status": status, "audience": audience}
        values |= {"kind": kind, "source": source, "reason": reason}
        request = Request("record_document", actor, command, key, reason, incident=incident)
        return artefacts.record_document(self._place, request, incident, values)

    def documents(self, incident: str) -> tuple[Document, ...]:
        """Read the written versions of the postmortem, oldest first."""
        return artefacts.documents(self._place, incident)

    def record_drill(
        self, values: Mapping[str, Any], *, actor: str = "", command: str = "", key: str = ""
    ) -> Mapping[str, Any]:
        """Record a finished drill and give its row; the same drill is recorded once.

        ``values`` has every column of the view ``drills`` but ``recorded_at``; ``Drill.result`` makes it.
        """
        return drills.record(self._place, Request("record_drill", actor, command, key), dict(values))

    def drills(self, trainee: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """Read the finished drills of one trainee or of all, oldest first."""
        return drills.listed(self._place, trainee)

    def review(
        self,
        incident: str,
        decision: str,
        reviewer: str = "",
        source: str = "",
        text: str = "",
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Review:
        """Record that a reviewer was asked (``ask``), approved the text ``source`` (``approve``) or objects to it."""
        who = actor or user()
        values = {"decision": decision, "reviewer": reviewer or who, "source": source, "text": text}
        return reviews.review(self._place, Request("review", who, command, key, incident=incident), incident, values)

    def reviews(self, incident: str) -> tuple[Review, ...]:
        """Read the steps of an incident's reviews, oldest first."""
        return reviews.reviews(self._place, incident)

    def comment(
        self,
        incident: str,
        anchor: str,
        text: str,
        quote: str = "",
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Comment:
        """Record a remark on a place of the document: a section, a question, a finding or an event."""
        values = {"anchor": anchor, "text": text, "quote": quote}
        request = Request("comment", actor or user(), command, key, incident=incident)
        return reviews.comment(self._place, request, incident, values)

    def resolve_comment(
        self, incident: str, comment: str, answer: str = "", *, actor: str = "", command: str = "", key: str = ""
    ) -> Comment:
        """Settle a comment."""
        request = Request("resolve_comment", actor, command, key, incident=incident)
        return reviews.resolve(self._place, request, incident, comment, answer)

    def comments(self, incident: str) -> tuple[Comment, ...]:
        """Read the comments on an incident's document, oldest first."""
        return reviews.comments(self._place, incident)

    def submit(
        self,
        incident: str,
        regime: str,
        stage: str,
        recipient: str,
        sent_at: datetime,
        reference: str = "",
        late_reason: str = "",
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Submission:
        """Record that a report (``stage``: initial or complete) was sent to an authority."""
        values = {"regime": regime, "stage": stage, "recipient": recipient, "sent_at": sent_at}
        values |= {"reference": reference, "late_reason": late_reason}
        request = Request("submit", actor or user(), command, key, incident=incident)
        return reviews.submit(self._place, request, incident, values)

    def submissions(self, incident: str) -> tuple[Submission, ...]:
        """Read what was sent to authorities, oldest first."""
        return reviews.submissions(self._place, incident)
