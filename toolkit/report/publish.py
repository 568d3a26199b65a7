"""Publish a postmortem: the page, the data beside it and a manifest of sums, all at once or not at all (floor 6)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle, series_json
from toolkit.notebooks.outcome import RunResult
from toolkit.report.page import Document, compose

FORMAT: Final = "toolkit.postmortem/1"
MANIFEST: Final = "manifest.json"
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
) -> Published:
    """Write postmortem.html, postmortem.json and manifest.json into ``out``.

    Each file is made beside its place and moved there in one step, the manifest last, so that a reader sees the old
    document or the new one. Files that others put into ``out`` stay.

    Raises:
        RenderError: the document cannot be rendered, or ``out`` cannot be written; nothing was changed.
    """
    record = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    document = compose(record, notebooks=notebooks, audience=audience)
    data = json.dumps(
        document_json(record, document, notebooks, audience), ensure_ascii=False, indent=1, allow_nan=False
    )
    files = {PAGE: document.html.encode(), DATA: (data + "\n").encode()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    sums |= {f"notebooks/{r.path.name}": _sum(r.path) for r in notebooks if r.path.is_file()}
    manifest = {"format": FORMAT, "incident_id": record.incident.id, "algorithm": "sha256", "files": sums}
    files[MANIFEST] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    folder = Path(out)
    try:
        _write(folder, files)
    except OSError as error:
        fix = "name a folder that you can write to"
        raise RenderError(f"the postmortem cannot be written: {error.strerror}", where=str(folder), fix=fix) from None
    return Published(folder, sums)


def check_manifest(folder: str | os.PathLike[str]) -> list[str]:
    """Give, in words, what differs from the manifest of a published folder: nothing where all is as it was.

    Raises:
        RenderError: there is no manifest, or it cannot be read.
    """
    place = Path(folder)
    try:
        files = json.loads((place / MANIFEST).read_text(encoding="utf-8"))["files"]
        listed = {str(name): str(total) for name, total in files.items()}
    except (OSError, ValueError, KeyError, AttributeError):
        raise RenderError(
            "there is no manifest to hold the files against", where=str(place), fix="publish it"
        ) from None
    wrong = []
    for name, total in sorted(listed.items()):
        file = place / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            wrong.append(f"{name} lies outside the folder")
        elif not file.is_file():
            wrong.append(f"{name} is missing")
        elif _sum(file) != total:
            wrong.append(f"{name} was changed")
    return wrong


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
            {"id": part.id, "title": part.title, "cites": [cited.to_dict() for cited in part.cited]}
            for part in document.parts
        ],
        "notebooks": [
            {"template": r.template, "status": r.status, "cell": r.cell, "reason": r.reason, "file": r.path.name}
            for r in notebooks
        ],
    }


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make every file in a folder beside ``folder``, then move each into its place, the last of them last."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".publish-", dir=folder))
    try:
        for name, content in files.items():
            with (made / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name in files:
            (made / name).replace(folder / name)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _version() -> str:
    try:
        return metadata.version("ml-postmortem")
    except metadata.PackageNotFoundError:
        return "unknown"
