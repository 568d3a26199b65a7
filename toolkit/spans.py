"""The spans of a log that were chosen for an analysis (floor 0): the window, and what it is held to.

An incident and a diagnosis say them in their ``log`` under the key ``analysis``, each as its two ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.errors import LogError
from toolkit.records import iso, moment

Window = tuple[datetime, datetime]
#: What a reader calls the spans that may be chosen.
SPANS: Final = {"window": "Window", "reference_window": "Held to"}
#: A span that takes a choice back: the whole log counts again.
WHOLE: Final[Window] = (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))
_KEY: Final = "analysis"


def spans_of(where: Mapping[str, Any]) -> dict[str, Any]:
    """Give the spans that were chosen for the analysis: window and reference window, where there are."""
    chosen = where.get(_KEY) or {}
    return {name: tuple(moment(t) for t in chosen[name]) for name in SPANS if chosen.get(name)}


def with_spans(where: Mapping[str, Any], window: Window | None, reference_window: Window | None) -> dict[str, Any]:
    """Give what says where a log lies with other spans.

    ``None`` leaves one as it is; one whose ends are the same moment (``WHOLE``) takes the choice back. A time without
    a zone is taken as UTC.

    Raises:
        LogError: a span ends before it starts.
    """
    chosen = dict(where.get(_KEY) or {})
    for name, given in zip(SPANS, (window, reference_window), strict=True):
        if given is None:
            continue
        span = [t.replace(tzinfo=UTC) if t.tzinfo is None else t for t in given]
        if span[1] < span[0]:
            what = name.replace("_", " ")
            raise LogError(f"the {what} ends before it starts: {iso(span[0])} to {iso(span[1])}", fix="swap its ends")
        chosen.pop(name, None)
        if span[0] != span[1]:
            chosen[name] = [iso(t) for t in span]
    return {**where, _KEY: chosen}
