"""Numbers, times and names as a reader wants them (floor 6); the same everywhere in a document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.causes.diagnosis import NOT_SHOWN
from toolkit.records import Rival, Slice
from toolkit.report.text import CELL, visible

UNKNOWN: Final = "not known"

#: What a cause and the two other verdicts are called in a sentence.
CAUSE_NAMES: Final = {
    "data": "the data",
    "overfitting": "overfitting",
    "integration": "the integration",
    "bias": "bias",
    "human": "people and policy",
    "none": "nothing is wrong with the model",
    "undetermined": "undetermined",
    "unexplained": "unexplained",
    "off_support": "outside what the reference covers",
}
_STEPS: Final = ((86_400 * 2, 86_400, "day"), (3_600 * 2, 3_600, "hour"), (60 * 2, 60, "minute"), (0, 1, "second"))


def number(value: float | None) -> str:
    """Write a number: thousands grouped, three significant digits below a hundred."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else "\u2212∞"
    if float(value).is_integer() and abs(value) < 1e15:
        text = f"{int(value):,}"
    elif abs(value) >= 100:
        text = f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"
    elif abs(value) >= 1e-4:
        text = f"{value:.3g}"
    else:
        text = f"{value:.1e}"
    return text.replace("-", "\u2212", 1) if text.startswith("-") else text


def p_value(value: float | None) -> str:
    """Write a p-value; below a ten-thousandth it says no more than that."""
    return "< 0.0001" if value is not None and value < 1e-4 else number(value)


def percent(value: float | None) -> str:
    """Write a share as a percentage: whole, or with one decimal where it is near an end."""
    if value is None or math.isnan(value):
        return UNKNOWN
    hundred = value * 100
    near_end = 0 < abs(hundred) < 1 or 99 < abs(hundred) < 100
    text = f"{hundred:.1f}" if near_end else f"{hundred:.0f}"
    return text.replace("-", "\u2212") + " %"


def with_unit(value: float | None, unit: str) -> str:
    """Write a value in its unit: a share as a percentage, a factor with a cross, else the number and the unit."""
    if value is None:
        return UNKNOWN
    head, _, rest = unit.partition(" ")
    if head in {"share", "proportion", "probability", "percent"}:
        return percent(value) + (f" {rest}" if rest else "")
    if head in {"factor", "ratio"}:
        return f"×{number(value)}"
    return f"{number(value)} {visible(unit, 60)}".rstrip()


def between(interval: Sequence[float] | None, unit: str = "") -> str:
    """Write an interval as ``a to b``, or what is unknown."""
    if interval is None:
        return UNKNOWN
    if unit.partition(" ")[0] in {"share", "proportion", "probability", "percent"}:
        return f"{percent(interval[0])} to {percent(interval[1])}"
    return f"{number(interval[0])} to {number(interval[1])}"


def time(value: datetime | None) -> str:
    """Write a time in UTC to the minute (to the day at midnight)."""
    if value is None:
        return UNKNOWN
    when = value.astimezone(UTC)
    if (when.hour, when.minute, when.second) == (0, 0, 0):
        return day(when)
    return f"{day(when)}, {when:%H:%M} UTC"


def day(value: datetime | None) -> str:
    """Write a date in UTC, e.g. ``14 March 2026``."""
    if value is None:
        return UNKNOWN
    when = value.astimezone(UTC)
    return f"{when.day} {when:%B %Y}"


def stamp(value: datetime | None) -> str:
    """Write a time for a table: ``2026-03-14 02:00``; in UTC."""
    return "" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def duration(seconds: float | None) -> str:
    """Write a span of time in the one unit that says it best."""
    if seconds is None:
        return UNKNOWN
    size = abs(seconds)
    for least, unit, word in _STEPS:
        if size >= least:
            count = size / unit
            shown = f"{count:.1f}".removesuffix(".0") if count < 10 else f"{count:,.0f}"
            sign, plural = "\u2212" if seconds < 0 else "", "" if shown == "1" else "s"
            return f"{sign}{shown} {word}{plural}"
    return UNKNOWN


def name(key: Any) -> str:
    """Write a snake_case name as words."""
    return visible(str(key).replace("_", " "), CELL)


def capital(key: Any) -> str:
    """Write a name as words that begin a sentence."""
    text = name(key)
    return text[:1].upper() + text[1:]


def rival(one: Rival) -> str:
    """Name a rival: its mechanism with its cause, or the one that the log does not show."""
    if one.cause == "unexplained":
        return NOT_SHOWN
    cause = CAUSE_NAMES.get(one.cause, name(one.cause))
    return f"{name(one.mechanism)} ({cause})" if one.mechanism and one.mechanism != one.cause else cause


def listing(items: Sequence[Any], most: int = 6) -> str:
    """Write names as ``a, b and c``; beyond ``most`` the rest is counted."""
    shown = [visible(item, CELL) for item in items[:most]]
    if len(items) > most:
        shown.append(f"{len(items) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def slice_words(terms: Slice) -> str:
    """Write a slice as ``sex = F and region = north``."""
    return listing([f"{t.column} = {t.value}" for t in terms])
