"""Queries where rows lie (floor 2): one file an engine."""

from __future__ import annotations

from toolkit.engines.choose import open_rows
from toolkit.engines.duck import DuckRows
from toolkit.engines.rows import Rows, tuples

__all__ = ["DuckRows", "Rows", "open_rows", "tuples"]
