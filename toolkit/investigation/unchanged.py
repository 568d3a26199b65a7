"""Whether the log is still what the last investigation read (floor 7): then nothing is read and nothing computed again.

Kept are the sha256 of every file with its stamp (size, times, inode). A file whose stamp is the same is taken to be the
same, unless it was changed so shortly before it was read that its time could not tell; else it is hashed. Files that
Spark read where this machine sees them too have a stamp alone: they are never read here, so another one is a change.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolkit.engines.choose import is_remote, is_spark, seen_files
from toolkit.engines.hashes import Stamp, changed, file_sha256, stamp, stamp_of
from toolkit.errors import LogError, PostmortemError
from toolkit.investigation.derived import SOURCE
from toolkit.investigation.diagnosing import contested_of
from toolkit.paths import write_whole
from toolkit.records import Incident
from toolkit.store import Store

#: A file changed within these seconds of being read may change again without its time telling.
_RACY: Final = 2.0
_FORMAT: Final = "toolkit.read/2"


@dataclass(frozen=True)
class Read:
    """What an investigation read: ``key`` of all but the files, ``files`` as name -> stamp, sha256 ("" by Spark).

    Names are those of ``named``: an incident's folder goes from hand to hand and says nothing of where logs lie.
    """

    key: str
    files: Mapping[str, tuple[Stamp, str]]
    at: float

    def holds(self, key: str, sources: Sequence[str]) -> bool:
        """Tell whether the same is asked of the same files with the same content."""
        if key != self.key:
            return False
        try:
            now = _files(sources)
        except LogError:
            return False
        if now is None or [named(f) for f in now] != list(self.files):
            return False
        return all(self._same(file, *self.files[named(file)]) for file in now)

    def _same(self, file: Path, was: Stamp, sha256: str) -> bool:
        try:
            now = stamp(file)
            if now == was and was[1] / 1e9 < self.at - _RACY:
                return True
            return now[0] == was[0] and bool(sha256) and file_sha256(file) == sha256
        except (OSError, PostmortemError):
            return False

    def save(self, file: Path) -> None:
        """Write it down."""
        file.parent.mkdir(parents=True, exist_ok=True)
        files = {path: list(what) for path, what in self.files.items()}
        known = {"format": _FORMAT, "key": self.key, "at": self.at, "files": files}
        write_whole(file, json.dumps(known, indent=1) + "\n")


def load(file: Path) -> Read | None:
    """Give what was read last; nothing where that is not known, or the file is damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raw = json.loads(file.read_text(encoding="utf-8"))
        if raw["format"] == _FORMAT:
            files = {str(k): (stamp_of(told), str(sha)) for k, (told, sha) in raw["files"].items()}
            return Read(str(raw["key"]), files, float(raw["at"]))
    return None


def named(file: Path) -> str:
    """Name a file by the sha256 of its path."""
    return hashlib.sha256(str(file).encode()).hexdigest()


def key_of(store: Store, incident: Incident, seed: int) -> str:
    """Give one hash of all that an incident's diagnosis depends on but the content of files."""
    from toolkit import __version__

    asked = {
        "version": __version__,
        "log": {name: incident.log.get(name) for name in ("paths", "reference", "roles", "analysis")},
        "events": [e.to_dict() for e in store.events(incident.id) if e.source != SOURCE],
        "contested": contested_of(store, incident.id),
        "seed": seed,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def sources_of(where: Mapping[str, Any]) -> list[str]:
    """Give the log and the reference of an incident, as they are named."""
    return [str(s) for s in (*where["paths"], where.get("reference")) if s is not None]


def note(key: str, sources: Sequence[str], hashes: Mapping[str, str], began: float) -> Read | None:
    """Put down what was read; nothing for a database, whose file does not tell what is in it, or for a URL.

    Args:
        key: of ``key_of``.
        sources: the log, and the reference where there is one, as they were named.
        hashes: sha256 by file, as they were read.
        began: seconds since 1970 when the reading began.
    """
    files = _files(sources)
    if files is None:
        return None
    by_spark = {s for s in sources if is_spark(s)}
    known = {}
    for file in files:
        sha256 = hashes.get(str(file), "")
        if not sha256 and not by_spark:
            return None
        found = stamp(file)
        if changed(found) >= began:
            return None  # written while it was read: nobody knows which half was
        known[named(file)] = (found, sha256)
    return Read(key, known, time.time())


def _files(sources: Sequence[str]) -> list[Path] | None:
    """Give the files of sources in their order; nothing for a table, or for what lies on another machine."""
    from toolkit.logs.formats import find_files

    found: list[Path] = []
    for source in sources:
        if is_remote(source):
            return None
        if is_spark(source):
            seen = seen_files(source)
            if not seen:
                return None
            found += seen
        elif "::" in source and not Path(source).exists():
            return None
        else:
            found += find_files(source)[0]
    return found
