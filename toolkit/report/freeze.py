"""Files that stand or fall together (floor 6): written all at once, listed with their SHA-256, held against the list.

A published folder holds the page, its data, the evidence that both were made from, and a manifest of them all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle, written

MANIFEST: Final = "manifest.json"
EVIDENCE: Final = "evidence"
BASIS: Final = "basis.json"
PROFILE: Final = "profile.npz"


def sha256(content: bytes) -> str:
    """Give the sum of some bytes."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Basis:
    """What a diagnosis is computed again from: ``said`` how, from the log; ``profile`` the frozen profile, if any."""

    said: Mapping[str, Any]
    profile: bytes = b""


def evidence_files(bundle: Bundle, basis: Basis | None = None) -> dict[str, bytes]:
    """Give the record that a document was made from, as files, with what it is computed again from."""
    parts = bundle.parts() | ({BASIS: dict(basis.said)} if basis is not None else {})
    profile = {PROFILE: basis.profile} if basis is not None and basis.profile else {}
    files = {name: written(part).encode() for name, part in parts.items()} | profile
    return {f"{EVIDENCE}/{name}": content for name, content in files.items()}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make every file in a folder beside ``folder``, then move each into its place, the last of them last.

    Raises:
        OSError: one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".publish-", dir=folder))
    try:
        for name, content in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            with (made / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).replace(folder / name)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def read_manifest(folder: str | os.PathLike[str]) -> dict[str, str]:
    """Give the sums that a folder was published with, by the names of its files.

    Raises:
        RenderError: there is no manifest, or it cannot be read.
    """
    place = Path(folder)
    try:
        files = json.loads((place / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {str(name): str(total) for name, total in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RenderError(
            "there is no manifest to hold the files against", where=str(place), fix="publish it"
        ) from None


def check_manifest(folder: str | os.PathLike[str]) -> list[str]:
    """Give, in words, what differs from the manifest of a published folder: nothing where all is as it was.

    Raises:
        RenderError: there is no manifest, or it cannot be read.
    """
    place = Path(folder)
    wrong = []
    for name, total in sorted(read_manifest(place).items()):
        file = place / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            wrong.append(f"{name} lies outside the folder")
        elif not file.is_file():
            wrong.append(f"{name} is missing")
        elif _sum(file) != total:
            wrong.append(f"{name} was changed")
    return wrong


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
