"""Investigate an incident (floor 7): validate, profile, diagnose, record, and run the notebooks on the record."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError, PostmortemError
from toolkit.investigation.derived import SOURCE, events_of, times_of
from toolkit.notebooks.outcome import RunResult, read_outcome
from toolkit.records import ActionItem, Event, Incident, Verdict, iso
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
        evidence = bundle.write(folder / BUNDLE)
        _write_skeleton(folder, incident)
        state = _State(folder / NOTEBOOKS / STATE)
        runs = []
        for template in chosen:
            tell(f"notebook {template.name}")
            inputs = _fingerprint(template.sha256, evidence)
            run = None if force else state.unchanged(template.name, inputs)
            if run is None:
                run = _run(runner, template.name, folder, incident, evidence)
                state.note(template.name, inputs, run)
                _record_run(store, incident, folder, run, by, command)
            runs.append(run)
    return Investigation(store.incident(incident.id), diagnosis, tuple(runs), folder, recorded)


def _diagnose(
    store: Store, incident: Incident, seed: int, by: str, command: str, tell: Progress
) -> tuple[Diagnosis | None, int, Bundle]:
    """Diagnose the incident's log and record it; give the diagnosis, its run, and the bundle of what is now known."""
    from toolkit.notebooks.bundle import Bundle

    where = incident.log
    if not where.get("paths"):
        return None, 0, _bundle(store, incident.id, Bundle(incident))
    from toolkit.causes.diagnose import diagnose_profile
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.investigation.measures import groups_of, series_of
    from toolkit.profile.build import build_profile

    tell("reading the log")
    with _open(where) as log:
        tell(f"profiling {log.validation.rows_kept:,} rows")
        profile = build_profile(log, seed=seed)
        events = [e for e in store.events(incident.id) if e.source != SOURCE]
        tell(f"diagnosing {log.validation.rows_kept:,} rows")
        verdict = replace(diagnose_profile(profile, events), log=about(log, seed))
        hashes = log.hashes
        record = Bundle(
            incident,
            verdict=verdict,
            series=series_of(profile, verdict),
            groups=groups_of(profile),
            validation=_validation(log),
            roles=tuple(_role(row) for row in log.roles_table()),
        )
        first = log.validation.first
    tell("recording")
    recorded = _record(store, incident, verdict, hashes, first, by, command)
    return Diagnosis(verdict), recorded, _bundle(store, incident.id, record)


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


def about(log: Log, seed: int) -> dict[str, Any]:
    """Say what was diagnosed, in names, numbers and hashes; no folder of anybody's machine."""
    return {
        "name": Path(log.name).name,
        "task": log.task,
        "rows": log.validation.rows_kept,
        "first": iso(log.validation.first),
        "last": iso(log.validation.last),
        "files": {Path(name).name: sha for name, sha in log.hashes.items()},
        "seed": seed,
    }


def _validation(log: Log) -> dict[str, Any]:
    report = log.validation.to_dict()
    held = log.reference
    return report | ({"reference rows kept": held.validation.rows_kept} if held else {})


def _role(row: Mapping[str, str]) -> dict[str, Any]:
    return {**row, "declared": row.get("source") == "declared"}


def _record(
    store: Store,
    incident: Incident,
    verdict: Verdict,
    hashes: Mapping[str, str],
    first: datetime | None,
    by: str,
    command: str,
) -> int:
    """Put a diagnosis on record with what follows from it; give its run. The same verdict again is not a new run."""
    before = store.diagnosis(incident.id)
    if before is not None and before.to_dict() == Verdict.from_dict(verdict.to_dict()).to_dict():
        run = int(store.sql(f"SELECT max(run) FROM verdicts WHERE incident = '{incident.id}'")[1][0][0])
    else:
        run = store.record_diagnosis(incident.id, verdict, log_hashes=hashes, actor=by, command=command)
    store.add_events(incident.id, events_of(verdict), replacing=SOURCE, actor=by, command=command)
    times = times_of(incident, verdict, store.events(incident.id), first, before)
    if times:
        store.update(incident.id, actor=by, command=command, **times)
    return run


def _bundle(store: Store, incident_id: str, record: Bundle) -> Bundle:
    """Complete a bundle with what the store holds; paths become names, for a bundle may travel."""
    from toolkit.investigation.prose import read_prose

    incident = store.incident(incident_id)
    named = {
        k: [Path(str(p)).name for p in v] if isinstance(v, list) and k == "paths" else v
        for k, v in incident.log.items()
        if k not in ("reference", "events")
    }
    return replace(
        record,
        incident=replace(incident, log=named),
        events=store.events(incident_id),
        actions=tuple(t.action for t in store.actions(incident_id)),
        verdict=record.verdict or store.diagnosis(incident_id),
        prose=read_prose(store.folder / incident.id),
    )


def _write_skeleton(folder: Path, incident: Incident) -> None:
    """Lay out the file that people write into, once; what is written is never touched."""
    from toolkit.investigation.prose import FILE, skeleton

    file = folder / FILE
    if not file.exists():
        file.write_text(skeleton(incident), encoding="utf-8")


def _run(runner: Runner, name: str, folder: Path, incident: Incident, evidence: Path) -> RunResult:
    """Run one template; one that was interrupted leaves nothing behind."""
    output = folder / NOTEBOOKS / f"{name}.ipynb"
    parameters = {"incident_id": incident.id, "bundle": os.path.relpath(evidence, output.parent)}
    try:
        return runner.run(name, output, parameters)
    except (KeyboardInterrupt, SystemExit):
        output.unlink(missing_ok=True)
        raise


def _record_run(store: Store, incident: Incident, folder: Path, run: RunResult, by: str, command: str) -> None:
    """Put on record how a notebook ran, and what it handed back."""
    status = "ok" if run.ok else "failed"
    error = f"{run.cell}: {run.reason}" if run.cell else run.reason
    path = os.path.relpath(run.path, folder)
    store.record_run(incident.id, run.template, status, path, round(run.seconds, 3), error, actor=by, command=command)
    if run.ok and run.handback:
        events, actions = _handed_back(run)
        if events:
            store.add_events(incident.id, events, actor=by, command=command)
        for action in actions:
            store.add_action(incident.id, action, actor=by, command=command, key=f"{run.template}:{action.summary}")


def _handed_back(run: RunResult) -> tuple[list[Event], list[ActionItem]]:
    """Read the records that a notebook handed back.

    Raises:
        PostmortemError: they are not what the contract says.
    """
    back = run.handback or {}
    try:
        return (
            [replace(Event.from_dict(e), id="") for e in back.get("events", ())],
            [replace(ActionItem.from_dict(a), id="") for a in back.get("actions", ())],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fix = "hand back with show.hand_back"
        what = f"the notebook {run.template} handed back a record that cannot be read: {error}"
        raise PostmortemError(what, where=str(run.path), fix=fix) from None


def _fingerprint(template: str, evidence: Path) -> str:
    """Give one hash of all that a notebook's outcome depends on."""
    from toolkit import __version__

    total = hashlib.sha256(f"{template} {__version__}".encode())
    for file in sorted(evidence.glob("*.json")):
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()


class _State:
    """Which notebook was last run on what; a damaged file means that everything runs again."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, str] = {}
        with suppress(OSError, ValueError, AttributeError):
            self.known = {str(k): str(v) for k, v in json.loads(file.read_text(encoding="utf-8")).items()}

    def unchanged(self, template: str, inputs: str) -> RunResult | None:
        """Give the last run where it was on the same inputs and is still there whole."""
        if self.known.get(template) != inputs:
            return None
        last = read_outcome(self.file.parent / f"{template}.ipynb", template)
        return replace(last, status="skipped") if last.ok else None

    def note(self, template: str, inputs: str, run: RunResult) -> None:
        """Remember a run that went well, and forget one that did not."""
        self.known = {k: v for k, v in self.known.items() if k != template} | ({template: inputs} if run.ok else {})
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_name(self.file.name + ".part")
        part.write_text(json.dumps(self.known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(self.file)


def latest_runs(store: Store, incident: Incident) -> Iterator[RunResult]:
    """Give the latest run of each template that the record knows of, in the order of an investigation."""
    folder = store.folder / incident.id
    last = {run.template: run for run in store.runs(incident.id)}
    order = [*TEMPLATES, *(t for t in last if t not in TEMPLATES)]
    for template in order:
        if template in last:
            yield replace(read_outcome(folder / last[template].path, template), seconds=last[template].seconds)
