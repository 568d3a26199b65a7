"""The one way to DuckDB (floor 1): a connection set up alike everywhere, and names and values written safely."""

from __future__ import annotations

from toolkit.sql.connect import connect, literal, quote
from toolkit.sql.dialect import DUCKDB, Dialect
from toolkit.sql.spark import SPARK

__all__ = ["DUCKDB", "SPARK", "Dialect", "connect", "literal", "quote"]
