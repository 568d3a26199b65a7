"""Publish the postmortem of an incident (floor 7): the files, the version on record, and a copy that stays as it is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from toolkit.errors import PostmortemError
from toolkit.investigation.derived import SOURCE
from toolkit.investigation.flow import BUNDLE, TEMPLATES
from toolkit.investigation.lifecycle import Standing, standing_of
from toolkit.investigation.recording import complete, latest_runs
from toolkit.investigation.verifying import POLICY, PRIVATE, VERSIONS
from toolkit.mime import Shows
from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.outcome import RunResult
from toolkit.records import Incident
from toolkit.report.freeze import EVIDENCE, PROFILE, Basis, evidence_files, write_files
from toolkit.report.plots.figure import sharing
from toolkit.report.policy import Policy, policy_for
from toolkit.report.publish import PAGE, Prepared, prepare
from toolkit.store import Store
from toolkit.store.artefacts import Document

_DRAFT: Final = "draft"
_PUBLISHED: Final = "published"


@dataclass(frozen=True)
class Publication(Shows):
    """A written postmortem: its page, its place on record, failed notebooks that it marks, and where it stands."""

    page: Path
    document: Document
    failed: tuple[RunResult, ...] = ()
    standing: Standing | None = None


def publish(
    store: Store,
    incident_id: str,
    *,
    out: str | Path | None = None,
    audience: str = "team",
    kind: str = "full",
    reason: str = "",
    by: str = "",
    command: str = "",
    draw: Callable[[Bundle], dict[str, str]] | None = None,
) -> Publication:
    """Write postmortem.html with its data, evidence and manifest, and put the version on record.

    What people wrote in ``postmortem.md`` and what was noted since the investigation is in it. Where approvals are
    missing it is written as a draft and says so; a draft never takes the place of a published version.

    Args:
        store: where the incident is.
        incident_id: which one.
        out: the folder to write to; the incident's own by default, a folder in it for any but the team's full report.
        audience: for whom.
        kind: full, executive or initial.
        reason: why it takes the place of the version that is published.
        by: who publishes.
        command: with which command.
        draw: what draws the record's figures elsewhere, e.g. ``Runner.drawings``; what it does not give is drawn here.

    Raises:
        PostmortemError: the incident was never investigated, is restricted, or a published version stands in the way.
        RenderError: a text cites evidence that does not exist, the document would show what this audience must not
            see, or the folder cannot be written; nothing was changed.
    """
    bundle, runs = _record(store, incident_id)
    incident = bundle.incident
    _mind_restricted(incident, audience)
    standing = standing_of(store, bundle, audience, kind)
    status = _PUBLISHED if standing.ready else _DRAFT
    folder = store.folder / incident.id
    place = folder / subfolder(audience, kind) if out is None else Path(out)
    documents = [d for d in store.documents(incident.id) if (d.audience, d.kind) == (audience, kind)]
    _mind_published(documents, standing, out)
    policy, basis = policy_for(audience, store.folder), _basis(store, bundle, folder)
    with sharing(draw(bundle) if draw else {}):
        ready = prepare(bundle, notebooks=runs, audience=audience, kind=kind, status=status, policy=policy, basis=basis)
    sha = ready.sums[PAGE]
    path = os.path.relpath(place / PAGE, folder) if out is None else str((place / PAGE).absolute())
    last = documents[-1:]
    same = bool(last) and (last[0].path, last[0].sha256) == (path, sha)
    if not same and standing.ready:
        _mind_reason(documents, reason)
    ready.write(place)
    document = last[0] if same else store.record_document(
        incident.id, path, sha, status=status, audience=audience, kind=kind, source=standing.source, reason=reason,
        actor=by, command=command,
    )  # fmt: skip
    _keep(ready, folder / VERSIONS / document.id, bundle, policy, basis)
    return Publication(place / PAGE, document, tuple(run for run in runs if not run.ok), standing)


def _record(store: Store, incident_id: str) -> tuple[Bundle, tuple[RunResult, ...]]:
    """Give what is to be written: the record as it now is, and how each notebook ran."""
    incident = store.incident(incident_id)
    folder = store.folder / incident.id
    if not (folder / BUNDLE / "incident.json").is_file():
        raise PostmortemError(
            f"{incident.id} was never investigated", fix=f"run `postmortem investigate {incident.id}` first"
        )
    kept = replace(Bundle.load(folder / BUNDLE), path=None)
    with store.at_once():
        bundle = complete(store, incident.id, kept)
        bundle = replace(bundle, anchor=str(store.anchor(incident.id)))
        return bundle, tuple(latest_runs(store, incident, TEMPLATES))


def current(store: Store, incident_id: str) -> Bundle:
    """Give the record of an incident as a document would be written from it now.

    Raises:
        PostmortemError: the incident was never investigated.
    """
    return _record(store, incident_id)[0]


def subfolder(audience: str, kind: str) -> str:
    """Name the folder of a document in its incident's: the team's full report lies at its top."""
    if kind == "full":
        return "" if audience == "team" else audience
    return f"{audience}-{kind}"


def _mind_restricted(incident: Incident, audience: str) -> None:
    """See that nothing of a restricted incident is written for the public."""
    if incident.restricted and audience == "public":
        fix = f"lift the restriction first: postmortem edit {incident.id} --unrestricted"
        raise PostmortemError(f"{incident.id} is restricted: nothing of it is written for the public", fix=fix)


def _mind_published(documents: list[Document], standing: Standing, out: Any) -> None:
    """See that a draft does not take the place of a published version."""
    last = [d for d in documents if d.status == _PUBLISHED][-1:]
    if last and out is None and not standing.ready:
        missing = "; ".join(standing.missing)
        fix = "ask for a review with `postmortem review ask`, or write a draft elsewhere with --out"
        raise PostmortemError(f"version {last[0].version} is published, and the new text lacks {missing}", fix=fix)


def _mind_reason(documents: list[Document], reason: str) -> None:
    """See that a published version is replaced for a reason."""
    last = [d for d in documents if d.status == _PUBLISHED][-1:]
    if last and not reason.strip():
        what = f"version {last[0].version} is published, and this one differs from it"
        raise PostmortemError(what, fix='say why it takes its place, e.g. --reason "the third feed was hit too"')


def _basis(store: Store, bundle: Bundle, folder: Path) -> Basis | None:
    """Give what the diagnosis is computed again from, with the events that it knew and its profile."""
    if bundle.verdict is None:
        return None
    from toolkit.report.recheck import basis_of

    known = [e for e in Bundle.load(folder / BUNDLE).events if e.source != SOURCE]
    said = basis_of(bundle, known, store.incident(bundle.incident.id).log.get("roles"))
    profile = folder / PROFILE
    return Basis(said, profile.read_bytes() if profile.is_file() else b"")


def _keep(ready: Prepared, place: Path, bundle: Bundle, policy: Policy, basis: Basis | None) -> None:
    """Keep a written document as it is, read-only, under its id; one that is there already stays.

    Beside a redacted one its whole evidence is kept, so that it too can be computed again; that stays inside.
    """
    inside = place.with_name(place.name + PRIVATE)
    if not policy.open and not inside.is_dir():
        files = {name.removeprefix(f"{EVIDENCE}/"): data for name, data in evidence_files(bundle, basis).items()}
        write_files(inside, {**files, POLICY: json.dumps(asdict(policy), ensure_ascii=False).encode()})
    if place.is_dir():
        return
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        for file in ready.write(beside).folder.rglob("*.*"):
            file.chmod(0o444)
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
