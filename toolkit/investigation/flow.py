"""Investigate an incident (floor 7): validate, profile, diagnose, record, and run the notebooks on the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError, PostmortemError
from toolkit.investigation.diagnosing import choose, read_evidence, record_reading
from toolkit.investigation.recording import complete, latest_run, record_run
from toolkit.investigation.unchanged import key_of, load, note, sources_of
from toolkit.mime import Shows
from toolkit.notebooks.outcome import RunResult
from toolkit.records import Incident
from toolkit.spans import Window, spans_of, with_spans
from toolkit.store import Store

if TYPE_CHECKING:
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.engines.duck import Watch
    from toolkit.notebooks.bundle import Bundle
    from toolkit.notebooks.run import Runner

#: The templates of an investigation, in their order.
TEMPLATES: Final = ("timeline", "root_cause", "postmortem")
NOTEBOOKS: Final = "notebooks"
BUNDLE: Final = "bundle"
#: What was read of the log last, so that the next investigation reads nothing where nothing is new.
READ: Final = "read.json"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Investigation(Shows):
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
    skip: Sequence[str] = (),
    engine: str = "",
    force: bool = False,
    seed: int = 0,
    window: Window | None = None,
    reference_window: Window | None = None,
    cell_timeout: float | None = None,
    run_timeout: float | None = None,
    memory_mb: int | None = None,
    by: str = "",
    command: str = "",
    progress: Progress | None = None,
    watch: Watch | None = None,
    runner: Runner | None = None,
) -> Investigation:
    """Find out what happened and put it on record.

    Reads the incident's log (unless it is what the last investigation read), diagnoses it, records the verdict with its
    findings and ledger and the events and times that follow from them, writes the read-only bundle, and runs the
    notebooks on it. A notebook whose inputs are those of its last whole run is skipped. A cell that fails is no
    exception here: the executed notebook is kept, and ``Investigation.check`` raises it. Findings that somebody
    contests are listed and weigh nothing.

    Args:
        store: where the incident is.
        incident_id: which one.
        only: these templates instead of timeline, root_cause and postmortem.
        skip: these not.
        engine: what reads the log, see ``read_log``; it says where Spark runs, which the record does not hold.
        force: read the log and run every notebook, whether anything changed or not.
        seed: the seed of every sample.
        window: the half-open span under investigation, two aware times, from now on: it is put on record once its rows
            were read. ``None`` leaves it as it was recorded; ``WHOLE`` goes back to the whole log.
        reference_window: the span that it is held to, of the reference, or of the log where there is none; likewise.
        cell_timeout: most seconds for one cell; 600 where nothing is given.
        run_timeout: most seconds for all notebooks together; 1,800 where nothing is given.
        memory_mb: megabytes that queries over the log may use before they spill to disk; default as ``read_log`` says.
        by: who investigates.
        command: with which command.
        progress: told in a few words what begins.
        watch: given what tells how far a scan of the log is, see ``read_log``.
        runner: what runs the notebooks, with its limit for a cell; it stays open. By default one is made for this.

    Raises:
        UnknownIncident: there is no such incident.
        LogError: its log cannot be read any more, or has no row in a window; the record was not changed.
        TemplateError: there is no such template; nothing was run.
    """
    from toolkit.notebooks.run import CELL_TIMEOUT, RUN_TIMEOUT
    from toolkit.notebooks.run import Runner as Own
    from toolkit.notebooks.session import chosen_of, run_notebooks
    from toolkit.notebooks.templates import find_template

    tell = progress or (lambda _: None)
    spans = {"window": window, "reference_window": reference_window}
    incident = _over(store.incident(incident_id), spans)
    names = chosen_of(only if only is not None else TEMPLATES, (), skip)
    for name in names:
        find_template(name)
    folder = store.folder / incident.id
    own = Own(cell_timeout=cell_timeout or CELL_TIMEOUT, progress=lambda step: tell(str(step)))
    with own if runner is None else nullcontext(runner) as chosen:
        if names:
            chosen.warm()  # the kernel boots while the log is read
        how: dict[str, Any] = {"engine": engine, "memory_mb": memory_mb, "watch": watch}
        how |= {"force": force, "spans": spans}
        diagnosis, recorded, bundle = _diagnose(store, incident, seed, by, command, tell, **how)
        place = bundle.write(folder / BUNDLE)
        _write_skeleton(folder, bundle)
        runs = run_notebooks(
            place,
            folder / NOTEBOOKS,
            names,
            force=force,
            runner=chosen,
            run_timeout=run_timeout or RUN_TIMEOUT,
            note=lambda run: record_run(store, incident, folder, run, by, command),
        )
    return Investigation(store.incident(incident.id), diagnosis, runs, folder, recorded)


def _over(incident: Incident, spans: Mapping[str, Window | None]) -> Incident:
    """Give the incident as it would be with other spans; nothing is recorded."""
    if not any(spans.values()):
        return incident
    if not incident.log.get("paths"):
        raise LogError(f"{incident.id} names no log to choose a window of", fix="leave the window out")
    return replace(incident, log=with_spans(incident.log, **spans))


def _keep_spans(store: Store, incident_id: str, spans: Mapping[str, Any], by: str, command: str) -> None:
    """Put spans on record that it does not hold yet, as soon as their rows were read."""
    log = store.incident(incident_id).log
    if spans_of(with_spans(log, **spans)) != spans_of(log):
        choose(store, incident_id, by=by, command=command, **spans)


def _diagnose(
    store: Store,
    incident: Incident,
    seed: int,
    by: str,
    command: str,
    tell: Progress,
    *,
    force: bool,
    spans: Mapping[str, Window | None],
    **how: Any,
) -> tuple[Diagnosis | None, int, Bundle]:
    """Diagnose the incident's log and record it; give the diagnosis, its run, and the bundle of what is now known."""
    from toolkit.notebooks.bundle import Bundle

    if not incident.log.get("paths"):
        return None, 0, complete(store, incident.id, Bundle(incident))
    from toolkit.causes.diagnosis import Diagnosis

    folder, sources = store.folder / incident.id, sources_of(incident.log)
    kept, key, began = folder / NOTEBOOKS / READ, key_of(store, incident, seed), time.time()
    last = None if force else load(kept)
    known = _known(store, incident) if last is not None and last.holds(key, sources) else None
    if known is not None:
        tell("the log is as it was")
        _keep_spans(store, incident.id, spans, by, command)  # others may have been chosen and nothing read since
        return known
    kept.unlink(missing_ok=True)
    reading = read_evidence(store, incident, seed, tell, again=force, **how)
    tell("recording")
    _keep_spans(store, incident.id, spans, by, command)
    verdict, run, bundle = record_reading(store, incident, reading, by, command)
    bundle.write(folder / BUNDLE)
    read = note(key, sources, reading.hashes, began)
    if read is not None:
        read.save(kept)
    return Diagnosis(verdict), run, bundle


def _known(store: Store, incident: Incident) -> tuple[Diagnosis, int, Bundle] | None:
    """Give what the last investigation found, from the record and its bundle; nothing where either is not whole."""
    from toolkit.causes.diagnosis import Diagnosis
    from toolkit.notebooks.bundle import Bundle

    verdict = store.diagnosis(incident.id)
    try:
        bundle = Bundle.load(store.folder / incident.id / BUNDLE)
    except PostmortemError:
        return None
    if verdict is None or bundle.verdict is None or bundle.verdict.to_dict() != verdict.to_dict():
        return None
    return Diagnosis(verdict), latest_run(store, incident.id), complete(store, incident.id, bundle)


def _write_skeleton(folder: Path, bundle: Bundle) -> None:
    """Lay out the file that people write into, once; what is written is never touched."""
    from toolkit.report.written import FILE, skeleton

    file = folder / FILE
    if not file.exists():
        file.write_text(skeleton(bundle), encoding="utf-8")
