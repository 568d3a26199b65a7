"""Move an incident between machines as one file (floor 7): its bundle, and every version of its document as it was."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from markupsafe import escape

from toolkit.errors import StoreError
from toolkit.investigation.verifying import PRIVATE, VERSIONS
from toolkit.records import Incident
from toolkit.report.freeze import check_manifest
from toolkit.report.page import POLICY
from toolkit.report.publish import PAGE
from toolkit.store import Store
from toolkit.store.packed import pack, unpack

_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{}">
"""
_META: Final = re.compile(r"<\s*meta\b", re.IGNORECASE)
_METAS: Final = 6
_VERSION: Final = re.compile(rf"D\d{{2,6}}({re.escape(PRIVATE)})?")


def export_zip(store: Store, incident_id: str, target: str | Path, *, history: bool = True) -> Path:
    """Write an incident with the frozen versions of its document as one zip; give the file.

    Raises:
        UnknownIncident: there is no such incident.
        StoreError: the file cannot be written.
    """
    incident = store.incident(incident_id)
    versions = store.folder / incident.id / VERSIONS
    with tempfile.TemporaryDirectory(prefix="postmortem-") as scratch:
        folder = store.export_bundle(incident.id, Path(scratch) / incident.id, history=history)
        if versions.is_dir():
            shutil.copytree(versions, folder / VERSIONS)
        return pack(folder, Path(target))


def import_zip(store: Store, source: str | Path, *, by: str = "", command: str = "", key: str = "") -> Incident:
    """Record the incident of a zip as a new one, with the frozen versions of its document.

    Raises:
        StoreError: the zip holds what no bundle does, or a version in it was changed; nothing was recorded.
    """
    with tempfile.TemporaryDirectory(prefix="postmortem-") as scratch:
        folder = unpack(Path(source), Path(scratch))
        kept = [p for p in (folder / VERSIONS).glob("*") if _VERSION.fullmatch(p.name)]
        for version in kept:
            wrong = [] if version.name.endswith(PRIVATE) else [*check_manifest(version), *_page(version)]
            if wrong:
                what = f"version {version.name} in it is not what was published: {wrong[0]}"
                raise StoreError(what, where=str(source), fix="have it exported again; nothing was changed")
        made = store.import_bundle(folder, actor=by, command=command, key=key)
        for version in kept:
            target = store.folder / made.id / VERSIONS / version.name
            if not target.exists():
                shutil.copytree(version, target)
    return made


def _page(version: Path) -> list[str]:
    """Say whether the page of a version could do more than show itself: a site would hand it on to everybody.

    A page of ours begins with the policy under which nothing loads or runs; what a policy cannot forbid, to lead
    elsewhere at once, takes one more element of that kind than ours has.
    """
    head = _HEAD.format(escape(POLICY))
    page = (version / PAGE).read_text(encoding="utf-8", errors="replace")
    if not page.startswith(head) or len(_META.findall(page)) != _METAS:
        return [f"{PAGE} is none of ours"]
    return []
