"""Publish a postmortem: page, data, evidence and a manifest of sums, all at once or not at all (floor 6)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle, series_json
from toolkit.notebooks.outcome import RunResult
from toolkit.report.freeze import MANIFEST, check_manifest, evidence_files, sha256, write_files
from toolkit.report.page import Document, compose

__all__ = ["DATA", "FORMAT", "MANIFEST", "PAGE", "Published", "check_manifest", "document_json", "publish"]

FORMAT: Final = "toolkit.postmortem/1"
PAGE: Final = "postmortem.html"
DATA: Final = "postmortem.json"


@dataclass(frozen=True)
class Published:
    """Where a postmortem was published, and the sums of its files by their path inside the folder."""

    folder: Path
    sums: Mapping[str, str]

    @property
    def page(self) -> Path:
        """The HTML file."""
        return self.folder / PAGE


def publish(
    bundle: Bundle | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    notebooks: Sequence[RunResult] = (),
    audience: str = "team",
    basis: Mapping[str, Any] | None = None,
) -> Published:
    """Write postmortem.html, postmortem.json, the evidence, the executed notebooks and manifest.json into ``out``.

    Each file is made beside its place and moved there in one step, the manifest last, so that a reader sees the old
    document or the new one. Files that others put into ``out`` stay. ``basis`` says how the diagnosis can be computed
    again from the log, see ``toolkit.report.recheck``.

    Raises:
        RenderError: the document cannot be rendered, or ``out`` cannot be written; nothing was changed.
    """
    record = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    document = compose(record, notebooks=notebooks, audience=audience)
    data = json.dumps(
        document_json(record, document, notebooks, audience), ensure_ascii=False, indent=1, allow_nan=False
    )
    files = {PAGE: document.html.encode(), DATA: (data + "\n").encode(), **evidence_files(record, basis)}
    try:
        run = {f"notebooks/{r.path.name}": r.path for r in notebooks if r.path.is_file()}
        files |= {name: path.read_bytes() for name, path in run.items()}
        sums = {name: sha256(content) for name, content in files.items()}
        for name, path in run.items():
            if (Path(out) / name).absolute() == path.absolute():
                del files[name]  # it lies there already
        manifest = {"format": FORMAT, "incident_id": record.incident.id, "algorithm": "sha256", "files": sums}
        files[MANIFEST] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
        write_files(Path(out), files)
    except OSError as error:
        fix = "name a folder that you can write to"
        raise RenderError(f"the postmortem cannot be written: {error.strerror}", where=str(out), fix=fix) from None
    return Published(Path(out), sums)


def document_json(
    bundle: Bundle, document: Document, notebooks: Sequence[RunResult] = (), audience: str = "team"
) -> dict[str, Any]:
    """Give the document as data: the record, each section's text, and every citation with where it comes from."""
    return {
        "format": FORMAT,
        "made_with": f"ml-postmortem {_version()}",
        "audience": audience,
        "incident": bundle.incident.to_dict(),
        "diagnosis": bundle.verdict.to_dict() if bundle.verdict else None,
        "events": [event.to_dict() for event in bundle.events],
        "actions": [action.to_dict() for action in bundle.actions],
        "series": series_json(bundle),
        "prose": dict(bundle.prose),
        "sections": [
            {
                "id": part.id,
                "title": part.title,
                "cites": [cited.to_dict() for cited in part.cited],
                "sentences": [
                    {"text": s.text, "references": [[c.reference, c.form] for c in s.cited]} for s in part.sentences
                ],
            }
            for part in document.parts
        ],
        "notebooks": [
            {"template": r.template, "status": r.status, "cell": r.cell, "reason": r.reason, "file": r.path.name}
            for r in notebooks
        ],
    }


def _version() -> str:
    try:
        return metadata.version("ml-postmortem")
    except metadata.PackageNotFoundError:
        return "unknown"
