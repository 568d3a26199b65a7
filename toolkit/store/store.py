"""The incident store (floor 2): the record of what failed, why, and what is done about it.

A ``Store`` is a folder and a patience, nothing more: it holds no connection, so it is cheap to make and
safe to keep in a notebook. Every method is one short turn under the lock. Every write says who did it with
which command, and is in the journal with what was there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit import paths
from toolkit.records import ActionItem, Event, Finding, Incident, Verdict
from toolkit.store import (
    actions,
    artefacts,
    bundle,
    diagnoses,
    events,
    incidents,
    notes,
    repair,
    safekeeping,
    search,
    verify,
)
from toolkit.store.actions import Tracked
from toolkit.store.artefacts import Document, Run
from toolkit.store.attach import Place
from toolkit.store.lock import user
from toolkit.store.notes import Note
from toolkit.store.query import ROWS, SECONDS, Answer, query
from toolkit.store.repair import Repaired
from toolkit.store.search import Alike, Hit
from toolkit.store.stats import Stats, stats
from toolkit.store.verify import Verified
from toolkit.store.work import Request


class Store:
    """The record in one folder; made there on the first write.

    Every writing method takes ``actor`` (who; the user of this process by default), ``command`` (what was
    typed) and ``key``: a name for the request, with which a retry gives the first one's result and changes
    nothing.

    Raises (every method):
        StoreBusy: others held the store for longer than ``wait`` seconds; the message names them.
        StoreRolledBack: the database lost what its journal holds; ``repair`` brings it back.
        StoreError: it cannot be read or written; the message says why, and nothing was changed.

    """

    def __init__(self, home: str | os.PathLike[str] | None = None, *, wait: float = 30.0) -> None:
        self._place = Place(paths.home(home), wait)

    def __repr__(self) -> str:
        return f"Store({str(self._place.folder)!r})"

    @property
    def folder(self) -> Path:
        """The store's folder."""
        return self._place.folder

    def incident_folder(self, incident: str) -> Path:
        """Give the folder of an incident's notebooks and documents. Creates nothing."""
        return self._place.folder / self.incident(incident).id

    # incidents

    def open_incident(
        self,
        title: str,
        *,
        model: str = "",
        severity: str = "SEV3",
        kind: str = "incident",
        owner: str = "",
        occurred_at: datetime | None = None,
        detected_at: datetime | None = None,
        log: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        summary: str = "",
        roles: Mapping[str, str] | None = None,
        dataset: str = "",
        restricted: bool = False,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Incident:
        """Record a new incident and give it, with its id.

        Args:
            title: what failed, in a few words.
            model: the deployed model, with its version.
            severity: SEV1 to SEV4.
            kind: incident or near_miss.
            owner: who leads.
            occurred_at: when the damage began, aware.
            detected_at: when somebody knew, aware.
            log: where the data lies: ``paths`` (or ``path``), ``reference``, ``events``, ``roles``,
                ``hashes``
                (path to SHA-256), ``rows``, ``window``; never the rows themselves.
            tags: words to find it by.
            summary: a paragraph.
            roles: who plays which part in the response, e.g. commander, scribe, reviewer.
            dataset: what the model was trained on, with its version.
            restricted: not for everybody's eyes; what is published must heed it.
            actor: who records it.
            command: the command that records it.
            key: names the request.

        """
        fields = {
            "model": model,
            "severity": severity,
            "kind": kind,
            "owner": owner,
            "occurred_at": occurred_at,
            "detected_at": detected_at,
            "log": dict(log or {}),
            "tags": list(tags),
            "summary": summary,
            "roles": dict(roles or {}),
            "dataset": dataset,
            "restricted": restricted,
        }
        return incidents.open_incident(self._place, Request("open_incident", actor, command, key), title, fields)

    def incident(self, incident: str) -> Incident:
        """Read one incident.

        Raises:
            UnknownIncident: there is none of that id; the message names those there are.

        """
        return incidents.get(self._place, incident)

    def incidents(
        self, status: str | None = None, *, severity: str | None = None, kind: str | None = None
    ) -> tuple[Incident, ...]:
        """Read the incidents, oldest first; only those of a status, severity or kind, where given."""
        given = {"status": status, "severity": severity, "kind": kind}
        return incidents.listed(self._place, **{k: v for k, v in given.items() if v is not None})

    def update(
        self,
        incident: str,
        *,
        expected_version: int | None = None,
        reason: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
        **fields: Any,
    ) -> Incident:
        """Change fields of an incident; a change of status sets its time.

        Args:
            incident: its id.
            expected_version: the ``version`` that was read; if somebody changed it since, nothing is written.
            reason: why; needed to go back to an earlier status.
            actor: who.
            command: with which command.
            key: names the request.
            fields: title, model, severity, kind, status, owner, roles, the five times, tags, summary, log, dataset,
                related, duplicate_of, restricted, responder_hours.

        Raises:
            StaleIncident: it was changed since ``expected_version``; the message says by whom and what.

        """
        request = Request("update_incident", actor, command, key, reason)
        return incidents.update(self._place, request, incident, expected_version, fields)

    # events

    def add_events(
        self,
        incident: str,
        new: Iterable[Event],
        *,
        replacing: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> tuple[Event, ...]:
        """Record events and give them with their ids; one that is there already is not doubled.

        ``replacing`` names a source, e.g. ``finding``: its earlier events that are neither starred nor
        among the new ones are withdrawn.
        """
        request = Request("add_events", actor, command, key)
        return events.add(self._place, request, incident, new, replacing)

    def events(self, incident: str, *, withdrawn: bool = False) -> tuple[Event, ...]:
        """Read an incident's events in the order of their times; those withdrawn only if asked for."""
        return events.listed(self._place, incident, withdrawn=withdrawn)

    def edit_event(
        self,
        incident: str,
        event: str,
        *,
        reason: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
        **fields: Any,
    ) -> Event:
        """Change an event's occurred_at, kind, text, source, actor, marker or starred."""
        request = Request("edit_event", actor, command, key, reason)
        return events.edit(self._place, request, incident, event, fields)

    def star_event(
        self,
        incident: str,
        event: str,
        starred: bool = True,
        *,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Event:
        """Mark an event as worth a reader's eye, or take the mark back."""
        request = Request("star_event", actor, command, key)
        return events.edit(self._place, request, incident, event, {"starred": starred})

    def withdraw_event(
        self,
        incident: str,
        event: str,
        *,
        reason: str = "",
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Event:
        """Take an event off the timeline; it stays in the record."""
        request = Request("withdraw_event", actor, command, key, reason)
        return events.edit(self._place, request, incident, event, {"withdrawn": True})

    # diagnoses

    def record_diagnosis(
        self,
        incident: str,
        verdict: Verdict,
        *,
        profile_hash: str = "",
        log_hashes: Mapping[str, str] | None = None,
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> int:
        """Record a verdict with its findings and ledger as the next run, which then counts; give its number.

        ``log_hashes`` maps each file that was read to its SHA-256.
        """
        request = Request("record_diagnosis", actor, command, key)
        return diagnoses.record(self._place, request, incident, verdict, profile_hash, log_hashes or {})

    def diagnosis(self, incident: str, run: int | None = None) -> Verdict | None:
        """Read the latest diagnosis, or that of one run; ``None`` if there is none."""
        return diagnoses.latest(self._place, incident, run)

    def findings(self, incident: str, run: int | None = None) -> tuple[Finding, ...]:
        """Read the findings of the latest diagnosis, or of one run."""
        return diagnoses.findings(self._place, incident, run)

    # actions

    def add_action(
        self, incident: str, action: ActionItem, *, actor: str = "", command: str = "", key: str = ""
    ) -> ActionItem:
        """Record an action item and give it with its id."""
        return actions.add(self._place, Request("add_action", actor, command, key), incident, action)

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
        request = Request("update_action", actor, command, key, reason)
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
        request = Request("record_check", actor, command, key, detail)
        return actions.record_check(self._place, request, incident, action, passed, detail)

    # status notes

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
        return notes.add(self._place, Request("add_note", actor or user(), command, key), incident, values)

    def notes(self, incident: str) -> tuple[Note, ...]:
        """Read an incident's status notes, oldest first."""
        return notes.listed(self._place, incident)

    # runs and documents

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
        return artefacts.record_run(self._place, Request("record_run", actor, command, key), incident, values)

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
        actor: str = "",
        command: str = "",
        key: str = "",
    ) -> Document:
        """Record one written version of the postmortem; without a version, the audience's next."""
        values = {"path": path, "sha256": sha256, "version": version, "status": status, "audience": audience}
        request = Request("record_document", actor, command, key)
        return artefacts.record_document(self._place, request, incident, values)

    def documents(self, incident: str) -> tuple[Document, ...]:
        """Read the written versions of the postmortem, oldest first."""
        return artefacts.documents(self._place, incident)

    # queries and bundles

    def sql(self, text: str, *, rows: int = ROWS, seconds: float = SECONDS) -> Answer:
        """Answer one SELECT over the documented views: the columns' names and the rows; times aware, in UTC."""
        return query(self._place, text, rows=rows, seconds=seconds)

    def export_bundle(self, incident: str, folder: str | os.PathLike[str]) -> Path:
        """Write an incident as JSON files that a kernel reads in the store's place; give the folder."""
        return bundle.export(self._place, incident, Path(folder))

    def import_bundle(
        self, folder: str | os.PathLike[str], *, actor: str = "", command: str = "", key: str = ""
    ) -> Incident:
        """Record a bundle's incident as a new one under this store's next number."""
        return bundle.bring_in(self._place, Request("import_bundle", actor, command, key), Path(folder))

    # over all incidents

    def history(self, incident: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """Read the journal's entries, of one incident or all, oldest first: who, when, what before and after."""
        return incidents.history(self._place, incident)

    def stats(self, *, now: datetime | None = None) -> Stats:
        """Count causes, mechanisms, lags and actions over all incidents; ``now`` decides what is overdue."""
        return stats(self._place, self.actions(), now)

    def search(self, words: str, *, limit: int = 20) -> tuple[Hit, ...]:
        """Find incidents, events, actions, notes and findings that hold every word, the best first."""
        return search.search(self._place, words, limit)

    def similar(
        self, incident: str, *, others: Mapping[str, Verdict] | None = None, limit: int = 5
    ) -> tuple[Alike, ...]:
        """Rank other incidents, and ``others`` (name to verdict, e.g. bundled cases), by how alike they look."""
        return search.similar(self._place, incident, others or {}, limit)

    # the store as a whole

    def audit_verify(self) -> Verified:
        """Find every journal entry that was changed, removed, put in, moved or cut off the end."""
        return verify.audit_verify(self._place)

    def check(self) -> Verified:
        """Hold journal, HEAD, the database's copy of the journal, and every row against each other."""
        return verify.check(self._place)

    def repair(self, *, actor: str = "", command: str = "") -> Repaired:
        """Bring back what the journal holds and the database lost, or the other way round; keep what was found."""
        return repair.repair(self._place, actor, command)

    def backup(self, folder: str | os.PathLike[str]) -> Path:
        """Copy the record of this moment into a new folder; give it."""
        return safekeeping.backup(self._place, Path(folder))

    def restore(self, folder: str | os.PathLike[str], *, actor: str = "", command: str = "") -> Path | None:
        """Put a backup in the store's place; give the folder where what stood there is kept."""
        return safekeeping.restore(self._place, Path(folder), Request("restore", actor, command))

    def compact(self) -> tuple[int, int]:
        """Write the database anew without what is no longer used; give its bytes before and after."""
        return safekeeping.compact(self._place)
