"""Which recorded changes could have begun it, by their order alone (floor 4; pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from toolkit.records import Event

#: Kinds of event that can be a trigger; alerts, mitigations and notes follow, they do not begin.
TRIGGERS: Final = frozenset({"deployment", "data_change", "config_change", "staffing", "human_action"})


def triggers(
    events: Sequence[Event], interval: tuple[datetime, datetime], reach: timedelta
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Part the changes around an onset into those that could have begun it and those that came too late.

    ``interval`` is the onset's 95 % interval, ``reach`` how far around it a change is looked at. An effect cannot
    precede its cause: what happened after the interval's end is no trigger, whatever is alleged.
    """
    low, high = interval
    near = [
        e for e in events if e.kind in TRIGGERS and not e.withdrawn and low - reach <= e.occurred_at <= high + reach
    ]
    before = tuple(e for e in near if e.occurred_at <= high)
    return before, tuple(e for e in near if e.occurred_at > high)
