"""Formats in (floor 2): a prediction log, its reference and its events, cleaned and validated."""

from __future__ import annotations

from toolkit.logs.events import read_events
from toolkit.logs.log import Log
from toolkit.logs.read import read_log
from toolkit.logs.validate import Validation

__all__ = ["Log", "Validation", "read_events", "read_log"]
