"""What an investigation puts on record (floor 7): the diagnosis and what follows from it, runs, and the bundle."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.engines.choose import name_of
from toolkit.errors import PostmortemError
from toolkit.investigation.derived import SOURCE, events_of, times_of
from toolkit.notebooks.outcome import RunResult, read_outcome
from toolkit.records import ActionItem, Event, Incident, Verdict, iso
from toolkit.store import Store

if TYPE_CHECKING:
    from toolkit.logs import Log
    from toolkit.notebooks.bundle import Bundle
    from toolkit.profile.model import Profile


def about(log: Log, seed: int) -> dict[str, Any]:
    """Say what was diagnosed, in names, numbers and hashes; no folder of anybody's machine."""
    return {
        "name": name_of(log.name),
        "task": log.task,
        "rows": log.validation.rows_kept,
        "first": iso(log.validation.first),
        "last": iso(log.validation.last),
        "files": {name_of(name): sha for name, sha in log.hashes.items()},
        "seed": seed,
    }


def _validation(log: Log) -> dict[str, Any]:
    report = log.validation.to_dict()
    held = log.reference
    return report | ({"reference rows kept": held.validation.rows_kept} if held else {})


def evidence(incident: Incident, log: Log, profile: Profile, verdict: Verdict) -> Bundle:
    """Give the bundle of a diagnosis: verdict, metrics over time and by group, the validation report and the roles."""
    from toolkit.investigation.measures import groups_of, series_of
    from toolkit.notebooks.bundle import Bundle

    return Bundle(
        incident,
        verdict=verdict,
        series=series_of(profile, verdict),
        groups=groups_of(profile),
        validation=_validation(log),
        roles=tuple({**row, "declared": row.get("source") == "declared"} for row in log.roles_table()),
    )


def record(
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
        run = latest_run(store, incident.id)
    else:
        run = store.record_diagnosis(incident.id, verdict, log_hashes=hashes, actor=by, command=command)
    store.add_events(incident.id, events_of(verdict), replacing=SOURCE, actor=by, command=command)
    times = times_of(incident, verdict, store.events(incident.id), first, before)
    if times:
        store.update(incident.id, actor=by, command=command, **times)
    return run


def latest_run(store: Store, incident_id: str) -> int:
    """Give the number of an incident's latest diagnosis, of which there is one."""
    return int(store.sql(f"SELECT max(run) FROM verdicts WHERE incident = '{incident_id}'")[1][0][0])


def complete(store: Store, incident_id: str, record: Bundle) -> Bundle:
    """Complete a bundle with what the store holds; paths become names, for a bundle may travel."""
    from toolkit.report.written import read_written

    with store.at_once():
        incident, events, actions = store.incident(incident_id), store.events(incident_id), store.actions(incident_id)
        verdict = record.verdict or store.diagnosis(incident_id)
    named = {
        k: [name_of(str(p)) for p in v] if isinstance(v, list) and k == "paths" else v
        for k, v in incident.log.items()
        if k not in ("reference", "events", "hashes")
    }
    return replace(
        record,
        incident=replace(incident, log=named),
        events=events,
        actions=tuple(t.action for t in actions),
        verdict=verdict,
        prose=read_written(store.folder / incident.id),
    )


def record_run(store: Store, incident: Incident, folder: Path, run: RunResult, by: str, command: str) -> None:
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


def latest_runs(store: Store, incident: Incident, first: Sequence[str] = ()) -> Iterator[RunResult]:
    """Give the latest run of each template that the record knows of, those of ``first`` first."""
    folder = store.folder / incident.id
    last = {run.template: run for run in store.runs(incident.id)}
    order = [*first, *(t for t in last if t not in first)]
    for template in order:
        if template in last:
            yield replace(read_outcome(folder / last[template].path, template), seconds=last[template].seconds)
