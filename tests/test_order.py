"""An effect does not precede its cause: which recorded change could have begun it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from toolkit.records import Event
from toolkit.timeline.order import triggers

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(hours: float, kind: str = "deployment") -> Event:
    """Give a change some hours from the onset."""
    return Event(occurred_at=NOON + hours * HOUR, kind=kind, text=f"{kind} at {hours}")


def test_a_change_after_the_onset_is_too_late() -> None:
    """Of changes an hour before, within and three hours after the onset's interval the last is no trigger."""
    before, late = triggers([event(-1), event(0.5), event(4)], (NOON, NOON + HOUR), reach=6 * HOUR)
    assert [e.text for e in before] == ["deployment at -1", "deployment at 0.5"]
    assert [e.text for e in late] == ["deployment at 4"]


def test_only_changes_near_the_onset_are_looked_at() -> None:
    """An alert is no trigger, and neither is what happened days away or was withdrawn."""
    withdrawn = Event(occurred_at=NOON, kind="deployment", text="never happened", withdrawn=True)
    others = [event(0, "alert"), event(0, "mitigation"), event(-48), event(48), withdrawn]
    assert triggers(others, (NOON, NOON), reach=6 * HOUR) == ((), ())
