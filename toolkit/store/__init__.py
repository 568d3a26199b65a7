"""The incident store (floor 2): a folder, opened briefly, behind a lock of ours. ``Store`` is the way in."""

from __future__ import annotations

from toolkit.store.actions import Tracked
from toolkit.store.artefacts import Document, Run
from toolkit.store.bundle import Bundle, load
from toolkit.store.store import Store

__all__ = ["Bundle", "Document", "Run", "Store", "Tracked", "load"]
