"""Publish the postmortem of an incident (floor 7): the page, its data and a manifest, and their place on record."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.errors import PostmortemError
from toolkit.investigation.derived import SOURCE
from toolkit.investigation.flow import BUNDLE, TEMPLATES
from toolkit.investigation.recording import complete, latest_runs
from toolkit.investigation.verifying import VERSIONS
from toolkit.mime import Shows
from toolkit.notebooks.bundle import Bundle
from toolkit.notebooks.outcome import RunResult
from toolkit.report.freeze import MANIFEST
from toolkit.report.publish import PAGE, Published
from toolkit.report.publish import publish as write
from toolkit.store import Store
from toolkit.store.artefacts import Document


@dataclass(frozen=True)
class Publication(Shows):
    """A published postmortem: its page, its place on record, and the notebooks that failed and are marked in it."""

    page: Path
    document: Document
    failed: tuple[RunResult, ...] = ()


def publish(
    store: Store,
    incident_id: str,
    *,
    out: str | Path | None = None,
    audience: str = "team",
    by: str = "",
    command: str = "",
) -> Publication:
    """Write postmortem.html with its data and manifest, and put the document on record.

    What people wrote in ``postmortem.md`` and what was noted since the investigation is in it.

    Args:
        store: where the incident is.
        incident_id: which one.
        out: the folder to write to; the incident's own by default.
        audience: for whom.
        by: who publishes.
        command: with which command.

    Raises:
        PostmortemError: the incident was never investigated.
        RenderError: a text cites evidence that does not exist, or the folder cannot be written; nothing was changed.
    """
    incident = store.incident(incident_id)
    folder = store.folder / incident.id
    if not (folder / BUNDLE / "incident.json").is_file():
        raise PostmortemError(
            f"{incident.id} was never investigated", fix=f"run `postmortem investigate {incident.id}` first"
        )
    bundle = complete(store, incident.id, replace(Bundle.load(folder / BUNDLE), path=None))
    bundle = replace(bundle, anchor=str(store.anchor(incident.id)))
    runs = tuple(latest_runs(store, incident, TEMPLATES))
    basis = _basis(store, bundle, folder)
    made: Published = write(bundle, folder if out is None else out, notebooks=runs, audience=audience, basis=basis)
    path = made.page.name if out is None else str(made.page.absolute())
    sha = made.sums[PAGE]
    last = [d for d in store.documents(incident.id) if d.audience == audience][-1:]
    if last and (last[0].path, last[0].sha256) == (path, sha):
        document = last[0]  # the same page in the same place is no new version
    else:
        document = store.record_document(
            incident.id, path, sha, status="published", audience=audience, actor=by, command=command
        )
    keep(made, folder / VERSIONS / document.id)
    return Publication(made.page, document, tuple(run for run in runs if not run.ok))


def _basis(store: Store, bundle: Bundle, folder: Path) -> dict[str, Any] | None:
    """Say how the diagnosis is computed again, with the events that it knew."""
    if bundle.verdict is None:
        return None
    from toolkit.report.recheck import basis_of

    known = [e for e in Bundle.load(folder / BUNDLE).events if e.source != SOURCE]
    return basis_of(bundle, known, store.incident(bundle.incident.id).log.get("roles"))


def keep(made: Published, place: Path) -> None:
    """Keep a published folder as it is, read-only, under its document's id; one that is there already stays."""
    if place.is_dir():
        return
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        for name in (*made.sums, MANIFEST):
            target = beside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made.folder / name, target)
            target.chmod(0o444)
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
