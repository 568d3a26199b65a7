"""The incident store (floor 2): a folder, opened briefly, behind a lock of ours. ``Store`` is the way in."""

from __future__ import annotations

from toolkit.store.actions import Tracked
from toolkit.store.artefacts import Document, Run
from toolkit.store.bundles import Bundle, load
from toolkit.store.judgements import Judgement
from toolkit.store.notes import Note
from toolkit.store.repair import Repaired
from toolkit.store.search import Alike, Hit
from toolkit.store.stats import Stats
from toolkit.store.store import Store
from toolkit.store.verify import Verified
from toolkit.store.views import VIEWS, View, schema_markdown

__all__ = [
    "VIEWS",
    "Alike",
    "Bundle",
    "Document",
    "Hit",
    "Judgement",
    "Note",
    "Repaired",
    "Run",
    "Stats",
    "Store",
    "Tracked",
    "Verified",
    "View",
    "load",
    "schema_markdown",
]
