"""A responder's desk (floor 7): one incident, its panels, and what was read of its log, kept for the next look.

The record is the store's: every look reads it, every action writes to it in one short turn. So two notebooks and a
shell on one incident see each other's work, and a kernel that dies loses nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.errors import PostmortemError
from toolkit.investigation.diagnosing import Reading, contested_of, read_evidence, record_reading
from toolkit.investigation.flow import BUNDLE
from toolkit.investigation.recording import complete
from toolkit.jupyter.live import live, unattended
from toolkit.notebooks.bundle import Bundle
from toolkit.records import Incident, Verdict
from toolkit.store import Store

if TYPE_CHECKING:
    from toolkit.jupyter.panel import Panel

Tell = Callable[[str], None]


def desk(what: str | os.PathLike[str] = "", store: Store | None = None) -> Any:
    """Sit down at an incident.

    Args:
        what: an incident's id; the folder of a bundle, which is all that an unattended notebook is given; or nothing,
            to choose or open one.
        store: the record; that of ``POSTMORTEM_HOME``, or the nearest one from this folder upwards.

    Raises:
        UnknownIncident: there is no such incident; the message names those there are.
        PostmortemError: the notebook runs unattended and names no bundle.
    """
    given = os.fspath(what)
    if given and (os.sep in given or (Path(given) / "incident.json").is_file()):  # INC-0001 is a folder's name, too
        return Desk(None, Bundle.load(given).incident.id, Bundle.load(given))
    if unattended():
        fix = "give it the folder of its bundle: tk.desk(bundle)"
        raise PostmortemError("a notebook that runs unattended opens no store", fix=fix)
    found = store or Store(nearest())
    if given:
        return Desk(found, found.incident(given).id)
    from toolkit.jupyter.picker import Picker

    return Picker(found)


def nearest() -> Path:
    """Give the folder of incidents: ``POSTMORTEM_HOME``, else a store from here upwards, else ``incidents`` here."""
    from toolkit.paths import home
    from toolkit.store.attach import DATABASE

    if not os.environ.get("POSTMORTEM_HOME"):
        here = Path.cwd()
        for place in (here, *here.parents):
            for folder in (place / "incidents", place):
                if (folder / DATABASE).is_file():
                    return folder
    return home()


class Desk:
    """One incident with everything at hand; ``console()``, ``timeline()`` and so on give panels, live or still.

    Without a store it is a bundle's: to look at, not to change.
    """

    def __init__(self, store: Store | None, incident_id: str, bundle: Bundle | None = None) -> None:
        self._store, self.id, self._bundle = store, incident_id, bundle
        self._reading: tuple[str, Reading] | None = None

    @property
    def live(self) -> bool:
        """Whether there is a record to write to, and somebody to do it."""
        return self._store is not None and live()

    @property
    def store(self) -> Store:
        """The record.

        Raises:
            PostmortemError: this desk is a bundle's, which is only read.
        """
        if self._store is None:
            raise PostmortemError(f"this is a copy of {self.id}", fix=f'sit down at the record: tk.desk("{self.id}")')
        return self._store

    @property
    def incident(self) -> Incident:
        """The incident as it is now."""
        return self._bundle.incident if self._bundle else self.store.incident(self.id)

    @property
    def folder(self) -> Path:
        """The incident's own folder."""
        return self.store.folder / self.id

    @property
    def case(self) -> Bundle:
        """All that is on record now, as ``show`` and the templates take it."""
        if self._bundle is not None:
            return self._bundle
        place = self.folder / BUNDLE
        last = Bundle.load(place) if (place / "incident.json").is_file() else Bundle(self.incident)
        return complete(self.store, self.id, replace(last, verdict=None, path=None))

    def read(self, tell: Tell | None = None) -> Reading:
        """Read the incident's log, or give what was read where log, spans and events are as they were.

        Raises:
            LogError: the log cannot be read, or the incident names none.
        """
        incident = self.incident
        if not incident.log.get("paths"):
            from toolkit.errors import LogError

            raise LogError(f"{self.id} names no log", fix="there is a timeline to work on, and nothing to diagnose")
        mark = self._mark(incident)
        if self._reading is None or self._reading[0] != mark:
            self._reading = (mark, read_evidence(self.store, incident, 0, tell or (lambda _: None)))
        return self._reading[1]

    def diagnose(self, tell: Tell | None = None) -> Verdict:
        """Weigh what the log shows, heeding what people contest; put it on record, and give the verdict."""
        reading = self.read(tell)
        verdict, _, bundle = record_reading(self.store, self.incident, reading, command=f"tk.desk({self.id!r})")
        bundle.write(self.folder / BUNDLE)
        return verdict

    def contested(self) -> dict[str, str]:
        """Give the findings that are contested, by key, with who says so and why."""
        return contested_of(self._store, self.id) if self._store is not None else {}

    def console(self) -> Panel:
        """Give the triage console: roles, spans, run, verdict."""
        from toolkit.jupyter.console import Console

        return Console(self)

    def timeline(self) -> Panel:
        """Give the timeline: zoom, filter, star, add and edit events, the order of changes and onset."""
        from toolkit.jupyter.timeline import Timeline

        return Timeline(self)

    def evidence(self) -> Panel:
        """Give the evidence board: accept, contest and comment on findings; the ledger follows."""
        from toolkit.jupyter.board import Board

        return Board(self)

    def slices(self) -> Panel:
        """Give the slice explorer: where the damage is."""
        from toolkit.jupyter.slices import Slices

        return Slices(self)

    def actions(self) -> Panel:
        """Give the action list."""
        from toolkit.jupyter.todo import Actions

        return Actions(self)

    def header(self) -> Any:
        """Show which incident this is, with its times, cause and harm."""
        from toolkit.report import show

        return show.header(self.case)

    def panel(self) -> Panel:
        """Give all panels, one a tab."""
        from toolkit.jupyter.workbench import Workbench

        return Workbench(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return self.panel()._repr_mimebundle_(**kwargs)

    def __repr__(self) -> str:
        return f"Desk({self.id!r})"

    def _mark(self, incident: Incident) -> str:
        """Give what the reading depends on: where the log lies and how it is read, its age, and the events."""
        ages = []
        for source in (*incident.log["paths"], incident.log.get("reference")):
            file = Path(str(source or ""))
            ages.append(file.stat().st_mtime_ns if file.is_file() else None)
        events = [e.to_dict() for e in self.store.events(self.id) if e.source != "finding"]
        return json.dumps([dict(incident.log), ages, events], sort_keys=True, default=str)
