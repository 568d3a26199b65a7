"""Which recorded changes could have begun it, by their order alone (floor 4; pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from toolkit.records import Event

#: Kinds of event that can be a trigger; alerts, mitigations and notes follow, they do not begin.
TRIGGERS: Final = frozenset({"deployment", "data_change", "config_change", "staffing", "human_action"})
_DAY: Final = timedelta(days=1)


def triggers(
    events: Sequence[Event], interval: tuple[datetime, datetime], reach: timedelta, margin: timedelta
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Part the changes around an onset into those that could have begun it and those that came too late.

    ``interval`` is the onset's 95 % interval, ``reach`` how far around it a change is looked at. An effect cannot
    precede its cause: what happened after the interval's end is no trigger, whatever is alleged. But people note down
    by the hour, after the fact and by other clocks: too late is what came ``margin`` after the end; a day after it,
    where the date has no time.
    """
    low, high = interval
    near = [
        e for e in events if e.kind in TRIGGERS and not e.withdrawn and low - reach <= e.occurred_at <= high + reach
    ]
    before = tuple(e for e in near if e.occurred_at <= high + _slack(e, margin))
    return before, tuple(e for e in near if e not in before)


def _slack(e: Event, margin: timedelta) -> timedelta:
    """Give by how much a change may be noted down too late."""
    dated = (e.occurred_at.hour, e.occurred_at.minute, e.occurred_at.second) == (0, 0, 0)
    return max(margin, _DAY) if dated else margin


def likeliest(before: Sequence[Event], high: datetime) -> Event | None:
    """Give the last change until the end of the onset's interval, else the first that was noted down after it."""
    by_then = [e for e in before if e.occurred_at <= high]
    if by_then:
        return max(by_then, key=lambda e: e.occurred_at)
    return min(before, key=lambda e: e.occurred_at, default=None)
