"""Plain values (floor 2): what a row holds on its way to the journal and back, as JSON that has one spelling only."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from toolkit.errors import StoreError
from toolkit.records import iso


def plain(value: Any) -> Any:
    """Turn a value into JSON values: times to ISO 8601 in UTC, NumPy numbers to Python's, NaN and infinity to null.

    Raises:
        StoreError: a time without a zone; say which zone it is in.

    """
    if value is None or (isinstance(value, bool | int) and type(value) in (bool, int)):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return iso(aware(value))
    if isinstance(value, date):
        return value.isoformat()
    return _compound(value)


def _compound(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_text(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(v) for v in sorted(value, key=str)]
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return _text(str(value))


def _text(value: str) -> str:
    """Keep text that every database and file takes: no lone surrogate, no NUL."""
    clean = value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else str(value)
    return clean.replace("\x00", "\ufffd")


def aware(moment: datetime) -> datetime:
    """Give an aware time in UTC.

    Raises:
        StoreError: the time has no zone.

    """
    if moment.tzinfo is None:
        raise StoreError(f"the time {moment.isoformat()} has no time zone", fix="give one, e.g. a Z at its end for UTC")
    return moment.astimezone(UTC)


def canonical(value: Any) -> bytes:
    """Write JSON values in their one spelling: keys sorted, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")
