"""Investigate an incident (floor 7): validate, profile, diagnose, record, and run the notebooks on the record."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError
from toolkit.investigation.derived import SOURCE
from toolkit.investigation.recording import about, complete, evidence, record, record_run
from toolkit.investigation.resume import State, fingerprint
from toolkit.notebooks.outcome import RunResult
from toolkit.records import Incident
from toolkit.store import Store

if TYPE_CHECKING:
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.logs import Log
    from toolkit.notebooks.bundle import Bundle
    from toolkit.notebooks.run import Runner

#: The templates of an investigation, in their order.
TEMPLATES: Final = ("timeline", "root_cause", "postmortem")
NOTEBOOKS: Final = "notebooks"
BUNDLE: Final = "bundle"
#: What each notebook was run on, so that the next investigation skips what has not changed.
STATE: Final = "state.json"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Investigation:
    """What one investigation gave: the incident as it now is, the diagnosis, and how each notebook ran.

    ``diagnosis`` is ``None`` for an incident without a log, which is a timeline; ``recorded`` is the number of the run
    in the store, the earlier one's where nothing changed.
    """

    incident: Incident
    diagnosis: Diagnosis | None
    runs: tuple[RunResult, ...]
    folder: Path
    recorded: int = 0

    @property
    def ok(self) -> bool:
        """Whether every notebook ran to its end."""
        return all(run.ok for run in self.runs)

    def check(self) -> Investigation:
        """Give the investigation back where every notebook ran.

        Raises:
            RunFailed: one did not; the message names the cell, the reason and the notebook.
        """
        for run in self.runs:
            run.check()
        return self


def investigate(
    store: Store,
    incident_id: str,
    *,
    only: Sequence[str] | None = None,
    force: bool = False,
    seed: int = 0,
    by: str = "",
    command: str = "",
    progress: Progress | None = None,
) -> Investigation:
    """Find out what happened and put it on record.

    Reads the incident's log, diagnoses it, records the verdict with its findings and ledger and the events and times
    that follow from them, writes the read-only bundle, and runs the notebooks on it. A cell that fails is no exception
    here: the executed notebook is kept, and ``Investigation.check`` raises it.

    Args:
        store: where the incident is.
        incident_id: which one.
        only: these templates instead of timeline, root_cause and postmortem.
        force: run every notebook, whether its inputs changed or not.
        seed: the seed of every sample.
        by: who investigates.
        command: with which command.
        progress: told in a few words what begins.

    Raises:
        UnknownIncident: there is no such incident.
        LogError: its log cannot be read any more; the record was not changed.
        TemplateError: there is no such template; nothing was run.
    """
    from toolkit.notebooks.run import Runner
    from toolkit.notebooks.templates import find_template

    tell = progress or (lambda _: None)
    incident = store.incident(incident_id)
    chosen = [find_template(name) for name in (only if only is not None else TEMPLATES)]
    folder = store.folder / incident.id
    with Runner(progress=lambda s: tell(f"notebook {s.template}: cell {s.cell + 1} of {s.cells}")) as runner:
        if chosen:
            runner.warm()  # the kernel boots while the log is read
        diagnosis, recorded, bundle = _diagnose(store, incident, seed, by, command, tell)
        place = bundle.write(folder / BUNDLE)
        _write_skeleton(folder, incident)
        state = State(folder / NOTEBOOKS / STATE)
        runs = []

        def note(run: RunResult) -> None:
            record_run(store, incident, folder, run, by, command)

        for template in chosen:
            tell(f"notebook {template.name}")
            inputs = fingerprint(template.sha256, place)
            run = None if force else state.unchanged(template.name, inputs)
            if run is None:
                run = _run(runner, template.name, folder, incident, place, note)
                state.note(template.name, inputs, run)
            runs.append(run)
    return Investigation(store.incident(incident.id), diagnosis, tuple(runs), folder, recorded)


def _diagnose(
    store: Store, incident: Incident, seed: int, by: str, command: str, tell: Progress
) -> tuple[Diagnosis | None, int, Bundle]:
    """Diagnose the incident's log and record it; give the diagnosis, its run, and the bundle of what is now known."""
    from toolkit.notebooks.bundle import Bundle

    where = incident.log
    if not where.get("paths"):
        return None, 0, complete(store, incident.id, Bundle(incident))
    from toolkit.causes.diagnose import diagnose_profile
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.profile.build import build_profile

    tell("reading the log")
    with _open(where) as log:
        tell(f"profiling {log.validation.rows_kept:,} rows")
        profile = build_profile(log, seed=seed)
        events = [e for e in store.events(incident.id) if e.source != SOURCE]
        tell(f"diagnosing {log.validation.rows_kept:,} rows")
        verdict = replace(diagnose_profile(profile, events), log=about(log, seed))
        hashes = log.hashes
        bundle, first = evidence(incident, log, profile, verdict), log.validation.first
    tell("recording")
    recorded = record(store, incident, verdict, hashes, first, by, command)
    return Diagnosis(verdict), recorded, complete(store, incident.id, bundle)


def _open(where: Mapping[str, Any]) -> Log:
    """Open the log that an incident names.

    Raises:
        LogError: it cannot be read; the message says what to do.
    """
    from toolkit.logs import read_log

    paths = list(where["paths"])
    if len(paths) != 1:
        raise LogError(f"the incident names {len(paths)} logs", fix="name one file, glob or folder")
    return read_log(paths[0], where.get("roles"), reference=where.get("reference"))


def _write_skeleton(folder: Path, incident: Incident) -> None:
    """Lay out the file that people write into, once; what is written is never touched."""
    from toolkit.investigation.prose import FILE, skeleton

    file = folder / FILE
    if not file.exists():
        file.write_text(skeleton(incident), encoding="utf-8")


def _run(
    runner: Runner, name: str, folder: Path, incident: Incident, place: Path, note: Callable[[RunResult], None]
) -> RunResult:
    """Run one template and record how it went; one that was interrupted leaves nothing behind."""
    output = folder / NOTEBOOKS / f"{name}.ipynb"
    parameters = {"incident_id": incident.id, "bundle": os.path.relpath(place, output.parent)}
    try:
        run = runner.run(name, output, parameters)
        note(run)
    except (KeyboardInterrupt, SystemExit):
        for file in (output, output.with_name(f"{name}.handback.json")):
            file.unlink(missing_ok=True)
        raise
    return run
