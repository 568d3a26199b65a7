"""Compute a published postmortem again and say which of its sentences no longer hold (floor 7).

From the log where it can be read, else from the evidence that was frozen with the document.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import LogError, PostmortemError, StoreError
from toolkit.investigation.diagnosing import weighed
from toolkit.records import Event, Verdict
from toolkit.report.freeze import check_manifest, sha256
from toolkit.report.policy import Policy
from toolkit.report.publish import PAGE
from toolkit.report.recheck import Frozen, Stale, differences, page_again, page_says, read_frozen, stale
from toolkit.report.redact import redacted
from toolkit.spans import spans_of
from toolkit.store import Store

if TYPE_CHECKING:
    from toolkit.notebooks.bundle import Bundle
    from toolkit.profile.model import Profile

#: Where each recorded version of a document is kept, in the incident's folder, by the document's id.
VERSIONS: Final = "versions"
#: What is added to a version's name for the whole evidence of a redacted one, and the file of its rules in there.
PRIVATE: Final = ".evidence"
POLICY: Final = "policy.json"


@dataclass(frozen=True)
class Verification:
    """What came out: ``basis`` says what the values were computed from: ``log``, ``profile`` or ``evidence``.

    A profile is the frozen one, with its sampled rows; with its counts alone the plots and groups are computed again,
    and the rest is held against the frozen evidence.

    ``stale`` are the sentences that no longer hold, ``problems`` all else that differs, ``notes`` why the log was not
    read; ``cited`` counts the references that were computed again.
    """

    folder: Path
    basis: str
    cited: int
    stale: tuple[Stale, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every file and every number is as it was published."""
        return not self.stale and not self.problems


def verify(
    store: Store | None,
    what: str,
    *,
    version: str = "",
    audience: str = "team",
    kind: str = "full",
    log: str | os.PathLike[str] | None = None,
    reference: str | os.PathLike[str] | None = None,
) -> Verification:
    """Hold a published postmortem against its log.

    Args:
        store: where the incident is; may be ``None`` where ``what`` is a published folder.
        what: an incident's id, or a folder that ``publish`` wrote.
        version: a document's id, e.g. ``D02``; the audience's latest by default.
        audience: for whom the document is that is verified.
        kind: which kind of document it is.
        log: where the log lies now, where it is not where the incident says.
        reference: where the reference lies now.

    Raises:
        PostmortemError: there is nothing published to verify; says what to do.
    """
    folder, paths = _place(store, what, version, audience, kind)
    if log is not None:
        paths = {"log": os.fspath(log)} | ({"reference": os.fspath(reference)} if reference is not None else {})
    damaged = check_manifest(folder)
    frozen, policy = _frozen(folder)
    now, problems, notes = _recompute(frozen, paths)
    basis = "evidence" if now is None else "log"
    if now is None and frozen.profile and frozen.bundle.verdict is not None:
        now, whole = _from_profile(frozen)
        basis = "profile" if whole else "evidence"
    other = _versions(frozen.basis)
    problems = [*_not_on_record(store, what, folder), *damaged, *page_says(frozen), *problems]
    problems += [] if other else page_again(frozen, policy)
    notes += other
    record = redacted(frozen.bundle if now is None else now, policy).bundle
    if now is not None:
        problems += differences(frozen.bundle, now)
    elif record.verdict is not None and frozen.data.get("diagnosis") != record.verdict.to_dict():
        problems.append("postmortem.json and the evidence beside it hold different diagnoses")
    cited = sum(len(s["cites"]) for s in frozen.data["sections"])
    return Verification(folder, basis, cited, tuple(stale(frozen.data, record)), tuple(problems), tuple(notes))


def _not_on_record(store: Store | None, what: str, folder: Path) -> list[str]:
    """Say whether the page is another than the one whose sum is in the journal."""
    if store is None or Path(what).is_dir() or not (folder / PAGE).is_file():
        return []
    known = {d.id: d.sha256 for d in store.documents(what)}
    same_page = known.get(folder.name) == sha256((folder / PAGE).read_bytes())
    return [] if same_page else [f"{PAGE} is not the one that the record knows as {folder.name}"]


def _frozen(folder: Path) -> tuple[Frozen, Policy]:
    """Read a published folder, with the whole evidence of a redacted one where that lies beside it, and its rules."""
    inside = folder.with_name(folder.name + PRIVATE)
    if not inside.is_dir():
        return read_frozen(folder), Policy()
    try:
        known = json.loads((inside / POLICY).read_text(encoding="utf-8"))
        rules = Policy(**{**known, "names": tuple(known["names"]), "columns": tuple(known["columns"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PostmortemError(
            f"the rules of a redacted document cannot be read: {error}", where=str(inside), fix="publish it again"
        ) from None
    return read_frozen(folder, inside), rules


def _place(store: Store | None, what: str, version: str, audience: str, kind: str) -> tuple[Path, dict[str, str]]:
    """Find the published folder, and where the incident's log and reference lie."""
    if Path(what).is_dir():
        return Path(what), {}
    if store is None:
        raise StoreError(f"there is no folder {what[:80]!r}", fix="name a folder that postmortem publish wrote")
    folder = frozen_folder(store, what, version=version, audience=audience, kind=kind)
    where = store.incident(what).log
    paths = {"log": str(where["paths"][0])} if where.get("paths") else {}
    return folder, paths | ({"reference": str(where["reference"])} if paths and where.get("reference") else {})


def frozen_folder(
    store: Store, incident_id: str, *, version: str = "", audience: str = "team", kind: str = "full"
) -> Path:
    """Give the folder in which a version of an incident's document is kept; the latest of its audience by default.

    Raises:
        PostmortemError: there is no such version, or its copy is gone; says what there is.
    """
    incident = store.incident(incident_id)
    documents = store.documents(incident.id)
    wanted = [d for d in documents if (d.audience, d.kind) == (audience, kind)]
    chosen = [d for d in documents if d.id == version.upper()] if version else wanted
    if not chosen:
        named = f"version {version[:20]!r}" if version else f"document for the {audience}"
        known = ", ".join(f"{d.id} ({d.audience})" for d in documents) or "none; publish it first"
        raise PostmortemError(f"{incident.id} has no {named}", fix=f"there are: {known}")
    folder = store.folder / incident.id / VERSIONS / chosen[-1].id
    if not folder.is_dir():
        fix = "publish it again, or name the folder that holds it"
        raise PostmortemError(f"the frozen copy of {chosen[-1].id} is gone", where=str(folder), fix=fix)
    return folder


def _recompute(frozen: Frozen, paths: Mapping[str, str]) -> tuple[Bundle | None, list[str], list[str]]:
    """Diagnose the log again as it was diagnosed then; ``None`` where it cannot be read, with a note that says why."""
    if frozen.bundle.verdict is None:
        return None, [], ["there is no diagnosis in this document"]
    if not paths:
        return None, [], ["no log was named; the values are held against what was frozen"]
    if not frozen.basis:
        return None, [], ["the document does not say how its diagnosis was computed"]
    from toolkit.logs import read_log

    try:
        verdict = frozen.bundle.verdict
        spans = spans_of(verdict.log)
        opened = read_log(paths["log"], frozen.basis.get("roles"), reference=paths.get("reference"), **spans)
    except LogError as error:
        return None, [], [f"the log cannot be read, so what was frozen is used: {error.what}"]
    with opened as log:
        return _again(frozen, log)


def _from_profile(frozen: Frozen) -> tuple[Bundle, bool]:
    """Diagnose the frozen profile again; where its rows were not kept, count again what its counts give."""
    from toolkit.investigation.measures import groups_of, recounted, series_of
    from toolkit.profile.frozen import thaw

    profile, whole = thaw(frozen.profile, str(frozen.folder))
    old, was = frozen.bundle, frozen.bundle.verdict
    if not whole or was is None:
        return recounted(profile, old), False
    verdict = Verdict.from_dict(_weighed(frozen, profile, was.log).to_dict())
    return _moved(
        replace(old, verdict=verdict, series=series_of(profile, verdict), groups=groups_of(profile)), old
    ), True


def _weighed(frozen: Frozen, profile: Profile, said: Mapping[str, Any]) -> Verdict:
    """Give the verdict on a profile, with the events and the contested findings that the document knew."""
    from toolkit.causes.diagnose import look

    was = frozen.bundle.verdict.log if frozen.bundle.verdict else {}
    events = [Event.from_dict(e) for e in frozen.basis.get("events") or ()]
    kept = {name: was[name] for name in ("analysis",) if name in was}
    return weighed(look(profile, events), {**said, **kept}, was.get("contested") or {})


def _moved(now: Bundle, old: Bundle) -> Bundle:
    """Give a bundle whose incident began when the diagnosis says so, where that is how it was known."""
    began = old.verdict.onset if old.verdict else None
    if began is None or old.incident.occurred_at != began or now.verdict is None:
        return now
    return replace(now, incident=replace(old.incident, occurred_at=now.verdict.onset))


def _again(frozen: Frozen, log: Any) -> tuple[Bundle, list[str], list[str]]:
    from toolkit.investigation.recording import about, evidence
    from toolkit.profile.build import build_profile

    seed = int(frozen.basis.get("seed") or 0)
    profile, old = build_profile(log, seed=seed), frozen.bundle
    verdict = _weighed(frozen, profile, about(log, seed))
    # through JSON and back, as what was frozen went
    made = evidence(old.incident, log, profile, Verdict.from_dict(verdict.to_dict()))
    now = _moved(replace(made, events=old.events, actions=old.actions, prose=old.prose), old)
    return now, _changed(dict(frozen.basis.get("files") or {}), verdict.log["files"]), []


def _changed(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say which files of the log are not the ones that were diagnosed."""
    said = [
        f"{name} was changed since it was diagnosed" for name, total in was.items() if now.get(name, total) != total
    ]
    said += [f"{name} was not there when the log was diagnosed" for name in now if name not in was]
    return said + [f"{name} is no longer part of the log" for name in was if name not in now]


def _versions(basis: Mapping[str, Any]) -> list[str]:
    """Note a library that is of another version now: its numbers may differ in the last digits."""
    from importlib.metadata import version

    was = basis.get("versions") or {}
    other = [f"{name} {v} then, {version(name)} now" for name, v in was.items() if version(name) != v]
    return [f"computed with other versions of libraries: {', '.join(other)}"] if other else []
