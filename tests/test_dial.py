"""Columns that read a clock: another zone is a fault of the feed, a new site or a moved log is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.test_clock import study
from toolkit.detectors import dial
from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence

N, DAYS, SINCE = 1_500, 40, 22


def shop(seed: int = 1, start: str = "2025-02-01") -> pd.DataFrame:
    """Draw requests of an open shop, mostly by day; ``hour`` is that of the local clock, an hour ahead of the log's."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.uniform(0, DAYS, N)) // 1
    hour = np.clip(rng.normal(13, 3.5, N), 5, 22)
    when = (pd.Timestamp(start, tz="UTC") + pd.to_timedelta(day * 24 + hour, unit="h")).sort_values()
    here = when + pd.Timedelta(hours=1)
    label = rng.normal(20, 3, N)
    frame = pd.DataFrame({"timestamp": when, "hour": here.hour, "weekday": here.day_of_week, "moment": here})
    return frame.assign(size=rng.normal(size=N), label=label, prediction=label + rng.normal(size=N))


def late(frame: pd.DataFrame) -> Any:
    return (frame.timestamp >= frame.timestamp[0].normalize() + pd.Timedelta(days=SINCE)).to_numpy()


def look(frame: pd.DataFrame, reference: pd.DataFrame | None = None) -> list[Evidence]:
    """Read the log and hold its columns against its clock."""
    held = None if reference is None else reference.assign(split="validation")
    studied = study(frame, held, "regression")
    return dial.detect(studied, {n: m for n in studied.log.features if (m := moved(studied, n)) is not None})


@pytest.mark.parametrize(("column", "by"), [("hour", -7), ("weekday", 1), ("weekday", -1), ("moment", -7), ("hour", 5)])
def test_a_column_that_reads_another_clock_is_named_with_the_turn_and_its_onset(column: str, by: int) -> None:
    """What equalled the row's own time, an offset apart, equals it with another since a day: not a new world."""
    frame = shop()
    if column == "moment":
        turned = frame.moment + pd.Timedelta(hours=by)
    else:
        turned = (frame[column] + by) % (24 if column == "hour" else 7)
    (found,) = look(frame.assign(**{column: frame[column].where(~late(frame), turned)}))
    assert found.finding.features == (column,)
    assert found.finding.effect == pytest.approx(by, abs=0.5)
    assert found.mechanism == ("stale_feature" if (column, by) == ("weekday", -1) else "training_serving_skew")
    assert "concept_drift" in found.finding.refutes
    assert found.finding.onset is not None
    first = frame.timestamp[late(frame)].iloc[0]
    assert abs(found.finding.onset - first) < pd.Timedelta(days=1)


def test_a_clock_that_was_never_that_of_training_is_a_skew() -> None:
    """Held to the times of the reference, a log that reads another clock from its first row has no onset."""
    frame = shop()
    (found,) = look(frame.assign(hour=(frame.hour - 6) % 24), shop(seed=2, start="2024-11-01"))
    assert found.mechanism == "training_serving_skew"
    assert found.finding.onset is None


def test_a_distribution_that_turned_on_its_dial_is_a_turned_clock() -> None:
    """Without a tie to the time of the row, the hours of the day before turn as a whole: weaker evidence."""
    frame, other = shop(), shop(seed=3)
    order = np.random.default_rng(0).permutation(N)
    loose = other.hour.to_numpy()[order]
    (found,) = look(
        frame.drop(columns=["weekday", "moment"]).assign(hour=np.where(late(frame), (loose - 9) % 24, loose))
    )
    assert found.finding.effect == -9
    assert found.strength < 0.8


def healthy(kind: str) -> pd.DataFrame:
    """Draw logs whose columns are right, though hours move."""
    frame, since = shop(), late(shop())
    if kind == "the hour of summer":
        return frame.assign(hour=frame.hour + since, moment=frame.moment + pd.to_timedelta(since * 1, unit="h"))
    if kind == "a site of another zone opens":
        far = since & (np.arange(N) % 3 == 0)
        return frame.assign(hour=np.where(far, (frame.hour + 8) % 24, frame.hour))
    if kind == "the log's own clock moved":
        moved_by = pd.to_timedelta(since * 24 * 28 - since * 7.0, unit="h")
        return frame.assign(timestamp=frame.timestamp + moved_by)
    if kind == "people come at night now":
        frame = frame.assign(timestamp=frame.timestamp + pd.to_timedelta(since * 9.0, unit="h"))
        here = frame.timestamp + pd.Timedelta(hours=1)
        return frame.assign(hour=here.dt.hour, weekday=here.dt.day_of_week, moment=here)
    loose = np.random.default_rng(4).permutation(frame.hour)  # of no clock, and other people since a day
    return frame.assign(hour=np.where(since, np.clip(loose + 3, 0, 23), loose))


@pytest.mark.parametrize(
    "kind",
    ["the hour of summer", "a site of another zone opens", "the log's own clock moved", "people come at night now",
     "other hours are asked for"],
)  # fmt: skip
def test_hours_that_move_for_a_reason_are_no_fault(kind: str) -> None:
    """Summer time, a site elsewhere, timestamps in another zone and another crowd turn no column."""
    assert look(healthy(kind)) == []
