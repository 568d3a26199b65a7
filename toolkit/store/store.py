"""The incident store (floor 2): the record of what failed, why, and what is done about it.

A ``Store`` is a folder and a patience, nothing more: it holds no connection, so it is cheap to make and safe to
keep in a notebook. Every method is one short turn under the lock. Every write says who did it with which command,
and is in the journal with what was there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit.records import Incident, Verdict
from toolkit.store import bringing, handing, incidents, move, repair, safekeeping, search, verify, work
from toolkit.store.anchors import Anchor
from toolkit.store.following import Following
from toolkit.store.query import ROWS, SECONDS, Answer, query
from toolkit.store.recording import Recording
from toolkit.store.repair import Repaired
from toolkit.store.search import Alike, Hit
from toolkit.store.stats import Stats, stats
from toolkit.store.verify import Verified
from toolkit.store.work import Request


class Store(Recording, Following):
    """The record in one folder; made there on the first write.

    Every writing method takes ``actor`` (who; the user of this process by default), ``command`` (what was
    typed) and ``key``: a name for the request, with which a retry gives the first one's result and changes
    nothing.

    Raises (every method):
        StoreBusy: others held the store for longer than ``wait`` seconds; the message names them.
        StoreRolledBack: the database lost what its journal holds; ``repair`` brings it back.
        StoreError: it cannot be read or written; the message says why, and nothing was changed.

    """

    def at_once(self) -> AbstractContextManager[None]:
        """Let all reads inside be of one moment, in one turn; for reads alone, and short: writers wait for the end."""
        return work.at_once(self._place)

    def sql(self, text: str, *, rows: int = ROWS, seconds: float = SECONDS) -> Answer:
        """Answer one SELECT over the documented views: the columns' names and the rows; times aware, in UTC."""
        return query(self._place, text, rows=rows, seconds=seconds)

    def export_bundle(self, incident: str, folder: str | os.PathLike[str], *, history: bool = True) -> Path:
        """Write an incident as a folder of plain files that merge without any store; give the folder.

        ``history``: with the journal's entries about it, which hold commands as they were typed.
        """
        return handing.export(self._place, incident, Path(folder), history=history)

    def import_bundle(
        self, folder: str | os.PathLike[str], *, actor: str = "", command: str = "", key: str = ""
    ) -> Incident:
        """Record a bundle's incident as a new one, under its own id where that is free, else the next number."""
        return bringing.bring_in(self._place, Request("import_bundle", actor, command, key), Path(folder))

    def history(self, incident: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """Read the journal's entries, of one incident or all, oldest first: who, when, what before and after."""
        return incidents.history(self._place, incident)

    def stats(self, *, now: datetime | None = None) -> Stats:
        """Count causes, mechanisms, lags and actions over all incidents; ``now`` decides what is overdue."""
        return stats(self._place, self.actions(), now)

    def search(self, words: str, *, limit: int = 20) -> tuple[Hit, ...]:
        """Find incidents, events, actions, notes and findings that hold every word, the best first."""
        return search.search(self._place, words, limit)

    def similar(
        self, incident: str, *, others: Mapping[str, Verdict | Mapping[str, float]] | None = None, limit: int = 5
    ) -> tuple[Alike, ...]:
        """Rank other incidents, and ``others``, by how alike their evidence looks.

        ``others`` maps a name to a verdict, or to the marks of one with their weights.
        """
        return search.similar(self._place, incident, others or {}, limit)

    def audit_verify(self, elsewhere: Iterable[Anchor] = ()) -> Verified:
        """Find every journal entry that was changed, removed, put in, moved or cut off the end.

        Pages in the store's folder are asked too; ``elsewhere`` are anchors from other places.
        """
        return verify.audit_verify(self._place, elsewhere)

    def anchor(self, incident: str | None = None) -> Anchor:
        """Give the journal's last entry, to be said elsewhere; of one incident, the last that changed its record."""
        return verify.anchor(self._place, incident)

    def files(self, incident: str) -> tuple[Mapping[str, Any], ...]:
        """Read which files each diagnosis of an incident read: run, part, path and SHA-256; run 0 is as opened."""
        return incidents.files(self._place, incident)

    def check(self) -> Verified:
        """Hold journal, HEAD, the database's copy of the journal, and every row against each other."""
        return verify.check(self._place)

    def repair(self, *, actor: str = "", command: str = "") -> Repaired:
        """Bring back what the journal holds and the database lost, or the other way round; keep what was found."""
        return repair.repair(self._place, actor, command)

    def backup(self, folder: str | os.PathLike[str]) -> Path:
        """Copy the record of this moment into a new folder; give it."""
        return safekeeping.backup(self._place, Path(folder))

    def restore(self, folder: str | os.PathLike[str], *, actor: str = "", command: str = "") -> Path | None:
        """Put a backup in the store's place; give the folder where what stood there is kept."""
        return safekeeping.restore(self._place, Path(folder), Request("restore", actor, command))

    def compact(self) -> tuple[int, int]:
        """Write the database anew without what is no longer used; give its bytes before and after."""
        return safekeeping.compact(self._place)

    def move_to(self, target: Store, *, actor: str = "", command: str = "") -> int:
        """Carry the whole record over to an empty store, in a folder or on a server; give how many entries came."""
        return move.move(self._place, target._place, Request("move", actor, command))
