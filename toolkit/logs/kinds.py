"""Which feature is a number and which is a word (floor 2): decided for log and reference together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from toolkit.logs.stats import ColumnStats

Kind = Literal["number", "text"]

#: A column of text is one of numbers if this share of its values can be read as such.
_NUMERIC: Final = 0.99
#: Of so many values one may be none, whatever its share.
_SEVERAL: Final = 20
#: With a reference of numbers, this share is enough: the rest is what went wrong.
_MOSTLY: Final = 0.5


@dataclass(frozen=True)
class Kinds:
    """The kind of each feature, and type changes: column -> (type in the reference, type in the log)."""

    features: Mapping[str, Kind] = field(default_factory=dict)
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def decide_kinds(
    features: Sequence[str], log: Mapping[str, ColumnStats], reference: Mapping[str, ColumnStats]
) -> Kinds:
    """Decide each feature's kind, so that log and reference can be compared value by value."""
    kinds: dict[str, Kind] = {}
    changes: dict[str, tuple[str, str]] = {}
    for column in features:
        here, there = log.get(column), reference.get(column)
        kinds[column] = _kind(here, there)
        if here and there and _differ(here, there):
            changes[column] = (there.type, here.type)
    return Kinds(kinds, changes)


def _kind(here: ColumnStats | None, there: ColumnStats | None) -> Kind:
    known = [s for s in (here, there) if s is not None and not _empty(s)]
    if not known:
        both = [s for s in (here, there) if s is not None]
        return "number" if both and all(s.family != "text" for s in both) else "text"
    if all(_numeric(s) for s in known):
        return "number"
    if here is not None and there is not None and _numeric(there) and not _empty(there):
        return "number" if here.number_share >= _MOSTLY else "text"
    return "text"


def _empty(column: ColumnStats) -> bool:
    """Tell whether a scanned column holds nothing; columns of numbers are not scanned, and count as filled."""
    return column.family == "text" and column.n > 0 and column.filled == 0


def _numeric(column: ColumnStats) -> bool:
    if column.family in {"number", "boolean", "time"}:
        return True
    words = round((1 - column.number_share) * column.filled)
    few = words <= 1 and column.filled >= _SEVERAL  # the total below a table
    return column.family == "text" and (column.number_share >= _NUMERIC or few)


def _differ(here: ColumnStats, there: ColumnStats) -> bool:
    """Tell whether the types differ in more than width: words here and numbers there."""
    if _empty(here) or _empty(there):
        return False
    return _numeric(here) != _numeric(there)
