"""Write the site of all postmortems (floor 7): each incident's document as it was frozen for the audience."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from toolkit.errors import RenderError
from toolkit.investigation.verifying import VERSIONS
from toolkit.records import Incident
from toolkit.report.freeze import write_files
from toolkit.report.publish import DATA, PAGE
from toolkit.report.site import Entry, entry_of, site_files
from toolkit.store import Store

#: What a site's folder holds of ours, so that a page that may no longer be seen is taken away.
LIST: Final = "site.json"


def write_site(
    store: Store,
    out: str | Path,
    *,
    audience: str = "team",
    restricted: bool = False,
    now: datetime | None = None,
) -> tuple[Path, int]:
    """Write the site of the incidents that an audience may see; give its index and how many there are.

    The team sees every incident, with its published document or else its draft. Others see those of which a document
    was published for them. A restricted incident is in the team's own site alone, and only if asked for. Pages of an
    earlier site that no longer belong to it are removed; other files in the folder stay.

    Args:
        store: where the incidents are.
        out: the folder to write to.
        audience: for whom.
        restricted: with the restricted incidents; for the team alone.
        now: which actions are overdue; the present by default.

    Raises:
        RenderError: restricted incidents are asked for another audience, or the folder cannot be written.
    """
    if restricted and audience != "team":
        raise RenderError("restricted incidents are for the team alone", fix="leave --restricted out")
    entries: list[Entry] = []
    files: dict[str, bytes] = {}
    for incident in store.incidents():
        if incident.restricted and not restricted:
            continue
        entry, own = _entry(store, incident, audience)
        if entry is not None:
            entries.append(entry)
            files |= own
    files |= site_files(entries, now or datetime.now(UTC), audience)
    place = Path(out)
    try:
        _remove_old(place, files)
        listed = json.dumps(sorted([*files, LIST]), indent=1) + "\n"
        write_files(place, {**files, LIST: listed.encode()})
    except OSError as error:
        what = f"the site cannot be written: {error.strerror}"
        raise RenderError(what, where=str(place), fix="name a folder that you can write to") from None
    return place / "index.html", len(entries)


def _entry(store: Store, incident: Incident, audience: str) -> tuple[Entry | None, dict[str, bytes]]:
    """Give an incident's entry and the files of its document; ``None`` where the audience has nothing to see."""
    documents = [d for d in store.documents(incident.id) if (d.audience, d.kind) == (audience, "full")]
    published = [d for d in documents if d.status == "published"]
    chosen = (published or (documents if audience == "team" else []))[-1:]
    for document in chosen:
        read = _read(store.folder / incident.id / VERSIONS / document.id)
        if read is not None:
            page, data = read
            name = f"{incident.id}/{PAGE}"
            return entry_of(data, name, document.sha256, document.recorded_at), {name: page}
    if audience != "team":
        return None, {}
    verdict = store.diagnosis(incident.id)
    return (
        Entry(
            incident,
            verdict.verdict if verdict else "",
            (verdict.mechanism or "") if verdict else "",
            tuple(t.action for t in store.actions(incident.id)),
        ),
        {},
    )


def _read(folder: Path) -> tuple[bytes, dict[str, Any]] | None:
    """Read a frozen document; ``None`` where it is gone."""
    try:
        return (folder / PAGE).read_bytes(), json.loads((folder / DATA).read_bytes())
    except (OSError, ValueError):
        return None


def _remove_old(place: Path, files: dict[str, bytes]) -> None:
    """Take away what an earlier site wrote and this one does not."""
    try:
        before = json.loads((place / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for name in before if isinstance(before, list) else ():
        parts = PurePosixPath(str(name)).parts
        if name not in files and parts and ".." not in parts and not str(name).startswith("/"):
            with suppress(OSError):
                place.joinpath(*parts).unlink()
                place.joinpath(*parts[:-1]).rmdir() if len(parts) > 1 else None
