"""Publish a postmortem: page, data, evidence and a manifest of sums, all at once or not at all (floor 6)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle, series_json, written
from toolkit.notebooks.outcome import RunResult
from toolkit.report.freeze import MANIFEST, Basis, check_manifest, evidence_files, sha256, write_files
from toolkit.report.page import Document, compose
from toolkit.report.policy import Policy, policy_for
from toolkit.report.redact import Redacted, check_clean, redacted
from toolkit.report.written import stripped

__all__ = ["DATA", "FORMAT", "MANIFEST", "PAGE", "Published", "check_manifest", "document_json", "prepare", "publish"]

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


@dataclass(frozen=True)
class Prepared:
    """A document that is made and not yet written: the content of its files, and where its notebooks lie."""

    incident: str
    files: Mapping[str, bytes]
    notebooks: Mapping[str, Path]

    @cached_property
    def sums(self) -> dict[str, str]:
        """The SHA-256 of each file by its name."""
        whole = {**self.files, **{name: path.read_bytes() for name, path in self.notebooks.items()}}
        return {name: sha256(content) for name, content in whole.items()}

    def write(self, out: str | os.PathLike[str]) -> Published:
        """Write the files and their manifest into a folder; notebooks that lie there already stay.

        Raises:
            RenderError: the folder cannot be written; nothing was changed.
        """
        place = Path(out)
        try:
            run = {n: p.read_bytes() for n, p in self.notebooks.items() if (place / n).absolute() != p.absolute()}
            manifest = {"format": FORMAT, "incident_id": self.incident, "algorithm": "sha256", "files": self.sums}
            last = {MANIFEST: (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()}
            write_files(place, {**self.files, **run, **last})
        except OSError as error:
            fix = "name a folder that you can write to"
            what = f"the postmortem cannot be written: {error.strerror}"
            raise RenderError(what, where=str(out), fix=fix) from None
        return Published(place, self.sums)


def prepare(
    bundle: Bundle | str | os.PathLike[str],
    *,
    notebooks: Sequence[RunResult] = (),
    audience: str = "team",
    kind: str = "full",
    status: str = "",
    policy: Policy | None = None,
    basis: Basis | None = None,
) -> Prepared:
    """Make postmortem.html, postmortem.json and the evidence, and write nothing.

    Args:
        bundle: the record, or the folder that it lies in.
        notebooks: how each notebook ran; for the team alone.
        audience: for whom; ``policy`` gives the rules where they are not the audience's own.
        kind: full, executive or initial.
        status: draft, published, or empty; shown at the top.
        policy: what is left out.
        basis: what the diagnosis is computed again from (see ``toolkit.report.recheck``); for the team alone.

    Raises:
        RenderError: the document cannot be rendered, or would show what this audience must not see.
    """
    record = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    made = redacted(record, policy or policy_for(audience))
    runs = notebooks if made.policy.open else ()
    document = compose(made, notebooks=runs, kind=kind, status=status)
    data = document_json(made, document, runs, kind=kind, status=status)
    files = {PAGE: document.html.encode(), DATA: written(data).encode()}
    files |= evidence_files(made.bundle, basis if made.policy.open else None)
    check_clean(files, made)
    executed = {f"notebooks/{r.path.name}": r.path for r in runs if r.path.is_file()}
    return Prepared(made.bundle.incident.id, files, executed)


def publish(bundle: Bundle | str | os.PathLike[str], out: str | os.PathLike[str], **how: Any) -> Published:
    """Write postmortem.html, postmortem.json, the evidence, the executed notebooks and manifest.json into ``out``.

    Each file is made beside its place and moved there in one step, the manifest last, so that a reader sees the old
    document or the new one. Files that others put into ``out`` stay. ``how`` is as in ``prepare``.

    Raises:
        RenderError: as ``prepare``; or ``out`` cannot be written; nothing was changed.
    """
    return prepare(bundle, **how).write(out)


def document_json(
    made: Redacted, document: Document, notebooks: Sequence[RunResult] = (), *, kind: str = "full", status: str = ""
) -> dict[str, Any]:
    """Give the document as data: the record, each section's text, and every citation with where it comes from."""
    bundle = made.bundle
    return {
        "format": FORMAT,
        "made_with": f"ml-postmortem {_version()}",
        "made_by": made_by(),
        "audience": made.policy.audience,
        "kind": kind,
        "status": status,
        "left_out": [{"rule": e.rule, "where": e.where, "times": e.times} for e in made.entries],
        "anchor": bundle.anchor,
        "incident": bundle.incident.to_dict(),
        "diagnosis": bundle.verdict.to_dict() if bundle.verdict else None,
        "events": [event.to_dict() for event in bundle.events],
        "actions": [action.to_dict() for action in bundle.actions],
        "series": series_json(bundle),
        "prose": stripped(bundle.prose),
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
            | {"seconds": r.seconds}
            for r in notebooks
        ],
    }


@lru_cache(maxsize=1)
def made_by() -> str:
    """Give the fingerprint of what makes pages: as long as it is the same, the same evidence gives the same page."""
    here = Path(__file__).parent
    files = sorted(f for f in here.rglob("*") if f.suffix in {".py", ".j2", ".css", ".js", ".toml"})
    return sha256(b"".join(f.relative_to(here).as_posix().encode() + f.read_bytes() for f in files))[:16]


def _version() -> str:
    try:
        return metadata.version("ml-postmortem")
    except metadata.PackageNotFoundError:
        return "unknown"
