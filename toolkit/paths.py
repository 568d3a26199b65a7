"""Where things lie (floor 0): the shipped templates and cases, and the folder of incidents."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.errors import PostmortemError

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Give the folder ``templates`` or ``case_studies``, from an installed wheel or from a checkout.

    Raises:
        PostmortemError: neither place has it; the installation is incomplete, install it again.
    """
    for place in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise PostmortemError(f"the folder {name} was not installed", fix="reinstall ml-postmortem")


def home(given: str | os.PathLike[str] | None = None) -> Path:
    """Give the incidents folder: as given, else ``POSTMORTEM_HOME``, else ``incidents`` here. Creates nothing."""
    return Path(given or os.environ.get("POSTMORTEM_HOME") or "incidents")


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file whole or not at all: beside its place first, then moved there; gives the path.

    Raises:
        OSError: it cannot be written; what stood there still stands.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
