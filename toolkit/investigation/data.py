"""What an incident's verdict rests on, and what became of it (floor 7): each file as it was read, and as it is now."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from toolkit.errors import LogError
from toolkit.store import Store

SAME: Final = "as it was"
CHANGED: Final = "changed since"
GONE: Final = "gone"
UNKNOWN: Final = "not hashed then"


@dataclass(frozen=True)
class Source:
    """One file that a diagnosis read: its part (log, reference, events), its SHA-256 then, and its ``state`` now.

    ``state`` is ``as it was``, ``changed since``, ``gone`` or ``not hashed then``.
    """

    run: int
    part: str
    path: str
    sha256: str
    state: str


@dataclass(frozen=True)
class Basis:
    """What the latest diagnosis of an incident read (run 0: what it was opened with): files, rows and window."""

    incident: str
    run: int
    rows: int | None
    window: tuple[datetime | None, datetime | None]
    sources: tuple[Source, ...]

    @property
    def holds(self) -> bool:
        """Every file is there as it was read."""
        return all(one.state in (SAME, UNKNOWN) for one in self.sources)


def basis(store: Store, incident_id: str) -> Basis:
    """Say what an incident's latest diagnosis read, and hash each file again to see what changed since.

    Raises:
        UnknownIncident: there is no such incident.
    """
    from toolkit.records import moment

    incident = store.incident(incident_id)
    files = store.files(incident.id)
    run = max((row["run"] for row in files), default=0)
    verdict, where = store.diagnosis(incident.id) if run else None, incident.log
    if verdict is not None and "rows" in verdict.log:
        where = {"rows": verdict.log["rows"], "window": (verdict.log.get("first"), verdict.log.get("last"))}
    sources = [
        Source(run, row["part"], row["path"], row["sha256"] or "", _state(row["path"], row["sha256"] or ""))
        for row in files
        if row["run"] == run
    ]
    # the log is named by a glob or a folder; the files that it stood for then are those with a hash
    hashed = [one for one in sources if one.sha256]
    first, last = (where.get("window") or (None, None))[:2]
    return Basis(incident.id, run, where.get("rows"), (moment(first), moment(last)), tuple(hashed or sources))


def _state(path: str, was: str) -> str:
    """Hash a file, or the content of a table, again."""
    from toolkit.engines import open_rows
    from toolkit.engines.choose import is_remote, is_spark
    from toolkit.engines.hashes import file_sha256

    if not was:
        elsewhere = is_remote(path) or is_spark(path)
        return UNKNOWN if elsewhere or Path(path).exists() or "::" in path or "*" in path else GONE
    try:
        if is_remote(path) or is_spark(path) or "::" in path:
            with closing(open_rows(path)) as rows:
                return SAME if was in rows.hashes.values() else CHANGED
        return SAME if file_sha256(Path(path)) == was else CHANGED
    except (OSError, LogError):
        return GONE
