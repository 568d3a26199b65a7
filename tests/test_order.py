"""An effect does not precede its cause: which recorded change could have begun it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from toolkit.records import Event
from toolkit.timeline.order import likeliest, triggers

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(hours: float, kind: str = "deployment") -> Event:
    """Give a change some hours from the onset."""
    return Event(occurred_at=NOON + hours * HOUR, kind=kind, text=f"{kind} at {hours}")


def test_a_change_after_the_onset_is_too_late() -> None:
    """Of changes an hour before, within and three hours after the onset's interval the last is no trigger."""
    before, late = triggers([event(-1), event(0.5), event(4)], (NOON, NOON + HOUR), reach=6 * HOUR, margin=HOUR)
    assert [e.text for e in before] == ["deployment at -1", "deployment at 0.5"]
    assert [e.text for e in late] == ["deployment at 4"]


def test_only_changes_near_the_onset_are_looked_at() -> None:
    """An alert is no trigger, and neither is what happened days away or was withdrawn."""
    withdrawn = Event(occurred_at=NOON, kind="deployment", text="never happened", withdrawn=True)
    others = [event(0, "alert"), event(0, "mitigation"), event(-48), event(48), withdrawn]
    assert triggers(others, (NOON, NOON), reach=6 * HOUR, margin=HOUR) == ((), ())


def test_a_diary_is_no_clock() -> None:
    """What was noted within the margin after the onset's interval may have begun it; what came later may not."""
    before, late = triggers([event(0.9), event(1.1)], (NOON, NOON), reach=6 * HOUR, margin=HOUR)
    assert [e.text for e in before] == ["deployment at 0.9"]
    assert [e.text for e in late] == ["deployment at 1.1"]


def test_a_date_without_a_time_may_be_off_by_a_day() -> None:
    """A deployment of the next day, noted without an hour, may have been one of this evening elsewhere."""
    next_day, two_days = event(12), event(36)
    before, late = triggers([next_day, two_days], (NOON, NOON), reach=48 * HOUR, margin=HOUR)
    assert (before, late) == ((next_day,), (two_days,))


def test_the_likeliest_is_the_last_before() -> None:
    """Of changes before and just after the interval's end the last before is named; one after it where none was."""
    first, last, after = event(-3), event(-1), event(0.5)
    assert likeliest([first, last, after], NOON) == last
    assert likeliest([after], NOON) == after
    assert likeliest([], NOON) is None
