"""What a ``Store`` does with incidents, their events and their diagnoses (floor 2); each method is one short turn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit import paths
from toolkit.mime import table
from toolkit.records import Event, Finding, Incident, Verdict
from toolkit.store import diagnoses, events, incidents
from toolkit.store.attach import Place
from toolkit.store.server import Server, local
from toolkit.store.work import Request


class Folder:
    """Where a store lies, and how long to wait for it.

    Args:
        home: the folder; ``POSTMORTEM_HOME`` or ``incidents`` without one.
        wait: seconds to wait for others.
        server: ``postgresql://user@host/database`` to keep the record there; the folder then holds notebooks and pages.

    """

    def __init__(self, home: str | os.PathLike[str] | None = None, *, wait: float = 30.0, server: str = "") -> None:
        self._place: Place = local(paths.home(home), server, wait)

    def __repr__(self) -> str:
        shown = f", server={self._place.shown!r}" if isinstance(self._place, Server) else ""
        return f"Store({str(self._place.folder)!r}{shown})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = [(i.id, i.severity, i.status, i.occurred_at, i.title) for i in incidents.listed(self._place)]
        return table(f"Incidents in {self._place.folder.name}", ("id", "severity", "status", "began", "title"), rows)

    @property
    def folder(self) -> Path:
        """The store's folder."""
        return self._place.folder


class Recording(Folder):
    """What failed, what happened, and what was found."""

    def incident_folder(self, incident: str) -> Path:
        """Give the folder of an incident's notebooks and documents. Creates nothing."""
        return self._place.folder / self.incident(incident).id

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
        seen: int | None = None,
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
            seen: the ``version`` that was last looked at; only where somebody changed one of the same fields since,
                nothing is written.
            reason: why; needed to go back to an earlier status.
            actor: who.
            command: with which command.
            key: names the request.
            fields: title, model, severity, kind, status, owner, roles, the five times, tags, summary, log, dataset,
                related, duplicate_of, restricted, responder_hours.

        Raises:
            StaleIncident: it was changed since ``expected_version`` or ``seen``; the message says by whom and what.

        """
        request = Request("update_incident", actor, command, key, reason, incident=incident)
        return incidents.update(self._place, request, incident, expected_version, fields, seen)

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
        request = Request("add_events", actor, command, key, incident=incident)
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
        request = Request("edit_event", actor, command, key, reason, incident=incident)
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
        request = Request("star_event", actor, command, key, incident=incident)
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
        request = Request("withdraw_event", actor, command, key, reason, incident=incident)
        return events.edit(self._place, request, incident, event, {"withdrawn": True})

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
        request = Request("record_diagnosis", actor, command, key, incident=incident)
        return diagnoses.record(self._place, request, incident, verdict, profile_hash, log_hashes or {})

    def diagnosis(self, incident: str, run: int | None = None) -> Verdict | None:
        """Read the latest diagnosis, or that of one run; ``None`` if there is none."""
        return diagnoses.latest(self._place, incident, run)

    def findings(self, incident: str, run: int | None = None) -> tuple[Finding, ...]:
        """Read the findings of the latest diagnosis, or of one run."""
        return diagnoses.findings(self._place, incident, run)
