"""An incident's log read once and weighed as often as wanted (floor 7).

Reading takes the seconds. What people say of the findings changes only what is weighed, so a ``Reading`` that is kept
gives the next verdict in a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError
from toolkit.investigation.derived import SOURCE
from toolkit.investigation.recording import about, complete, evidence, record
from toolkit.paths import write_whole
from toolkit.records import Incident, Verdict, iso
from toolkit.spans import Window, spans_of, with_spans
from toolkit.store import Store
from toolkit.store.judgements import standing

if TYPE_CHECKING:
    from toolkit.causes.diagnose import Looked
    from toolkit.logs import Log
    from toolkit.notebooks.bundle import Bundle
    from toolkit.profile.model import Profile, Sample

#: The folder, in an incident's, of what was counted of files that may not change.
COUNTED: Final = "counted"


@dataclass(frozen=True)
class Reading:
    """What was seen in a log: the profile, the evidence not yet weighed, the files' hashes. The log is closed again."""

    log: Log
    profile: Profile
    looked: Looked
    hashes: Mapping[str, str]
    about: Mapping[str, Any]


def read_evidence(
    store: Store, incident: Incident, seed: int, tell: Callable[[str], None], *, again: bool = False, **how: Any
) -> Reading:
    """Read an incident's log, over the spans that the incident says, and gather what speaks for what.

    What was counted of files of Parquet is kept in the incident's folder, and files that did not change are not counted
    ``again`` unless that is asked for. ``how`` are ``engine``, ``memory_mb`` and ``watch`` of ``read_log``.

    Raises:
        LogError: it cannot be read; the message says what to do.
    """
    from toolkit.causes.diagnose import look
    from toolkit.detectors.threads import load_meanwhile
    from toolkit.engines.beside import beside
    from toolkit.engines.kept import Kept
    from toolkit.profile.build import build_profile

    tell("reading the log")
    spans, kept = spans_of(incident.log), Kept(store.folder / incident.id / COUNTED, again=again)
    with open_log(incident.log, kept=kept, **how) as log:
        rows = f"{log.validation.rows_kept:,} rows"
        tell(f"profiling {rows}")
        load_meanwhile()
        profile = build_profile(log, seed=seed)
        events = [e for e in store.events(incident.id) if e.source != SOURCE]
        tell(f"diagnosing {rows}")
        with beside(log.rows, lambda: counted(log, profile.sample)) as counting:
            looked = look(profile, events)
        log = counting.result()
        kept.finish()
        analysis = {"analysis": {name: [iso(t) for t in span] for name, span in spans.items()}} if spans else {}
        return Reading(log, profile, looked, log.hashes, {**about(log, seed), **analysis})


def counted(log: Log, sample: Sample) -> Log:
    """Have the validation report count what the bundle tells of the log when it is closed again.

    NaN and infinities are counted of features of which a sampled row lacks a value: to ask the others too, which have
    next to none, would read every feature of every row, which nothing else does.
    """
    from toolkit.detectors.study import known
    from toolkit.profile.model import LOG

    served = sample.part == LOG
    lacking = {name for name, column in sample.features.items() if not known(column)[served].all()}
    counts = log.validation.counts
    counts = replace(counts, finite={name: flag for name, flag in counts.finite.items() if name in lacking})
    log = replace(log, validation=replace(log.validation, counts=counts))
    log.validation.to_dict()
    return log


def keep_profile(store: Store, incident_id: str, profile: Profile) -> None:
    """Keep a profile in its incident's folder, to be frozen with a document: its counts, its rows where allowed."""
    from toolkit.profile.frozen import freeze
    from toolkit.report.freeze import PROFILE
    from toolkit.report.policy import keeps_rows

    content = freeze(profile, rows=keeps_rows(store.folder))
    folder = store.folder / incident_id
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / PROFILE, content)


def open_log(where: Mapping[str, Any], **how: Any) -> Log:
    """Open the log that an incident names; ``how`` are options of ``read_log``: ``engine``, ``memory_mb``, ``kept`` ...

    Raises:
        LogError: it cannot be read; the message says what to do.
    """
    from toolkit.logs import read_log

    paths = list(where["paths"])
    if len(paths) != 1:
        raise LogError(f"the incident names {len(paths)} logs", fix="name one file, glob or folder")
    return read_log(paths[0], where.get("roles"), reference=where.get("reference"), **spans_of(where), **how)


def weighed(looked: Looked, said: Mapping[str, Any], contested: Mapping[str, str]) -> Verdict:
    """Give the verdict; ``said`` is what was read, ``contested`` maps a finding's key to who says so and why."""
    from toolkit.causes.diagnose import weigh

    verdict = weigh(looked, contested)
    there = {f.key: f for f in verdict.findings if f.key in contested}
    notes = tuple(f"{f.id} was left out of the weighing: {contested[key]}" for key, f in there.items())
    more = {"contested": {key: contested[key] for key in there}} if there else {}
    return replace(verdict, notes=(*verdict.notes, *notes), log={**said, **more})


def contested_of(store: Store, incident_id: str) -> dict[str, str]:
    """Give the findings that are contested, by key, with who contests them and why."""
    last = standing(store.judgements(incident_id))
    return {key: f"contested by {j.actor}: {j.reason}" for key, j in last.items() if j.stance == "contested"}


def record_reading(
    store: Store, incident: Incident, reading: Reading, by: str = "", command: str = ""
) -> tuple[Verdict, int, Bundle]:
    """Weigh what was read, heeding what people contest, and record it; give the verdict, its run and the bundle."""
    verdict = weighed(reading.looked, reading.about, contested_of(store, incident.id))
    bundle = evidence(incident, reading.log, reading.profile, verdict)
    run = record(store, incident, verdict, reading.hashes, reading.log.validation.first, by, command)
    keep_profile(store, incident.id, reading.profile)
    return verdict, run, complete(store, incident.id, bundle)


def choose(
    store: Store,
    incident_id: str,
    *,
    roles: Mapping[str, Any] | None = None,
    window: Window | None = None,
    reference_window: Window | None = None,
    by: str = "",
    command: str = "",
) -> Incident:
    """Record how an incident's log is to be read from now on: its roles and spans; ``None`` leaves one as it is.

    A span whose ends are the same moment (``WHOLE``) takes the choice back: the whole log counts again.

    Raises:
        LogError: a span ends before it starts; the record was not changed.
    """
    incident = store.incident(incident_id)
    log = with_spans(incident.log, window, reference_window)
    log |= {"roles": dict(roles)} if roles is not None else {}
    return store.update(incident.id, log=log, actor=by, command=command)
