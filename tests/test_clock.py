"""Clocks: inputs that come some hours late, and the hour that happened twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.detectors import clock, fold
from toolkit.detectors.study import Study, make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

DAYS, SINCE = 60, 30


def study(log: pd.DataFrame, reference: pd.DataFrame | None, task: str) -> Study:
    """Read, profile and study a log with its columns named by their roles."""
    single = {c: c for c in ("timestamp", "prediction", "label") if c in log}
    named = {**single, "feature": [c for c in log if c not in {*single, "split"}]}
    roles = {"task": task, "roles": named} | ({"values": {"positive": 1}} if task == "binary" else {})
    with read_log(log, roles, reference=reference) as opened:
        return make_study(build_profile(opened))


def weather(start: str, days: int, *, late: int = 0, since: int = 0, seed: int = 1) -> pd.DataFrame:
    """Draw hours of weather with a daily course; from a day on the inputs are those of ``late`` hours ago."""
    rng = np.random.default_rng(seed)
    when = pd.date_range(start, periods=24 * days, freq="h", tz="UTC")
    seen = np.where(np.arange(len(when)) // 24 >= since, late, 0)
    hour, season = (np.arange(len(when)) - seen) % 24, np.arange(len(when)) / 24
    warm = 6 * np.cos((hour - 15) / 24 * 2 * np.pi) + 0.1 * season + rng.normal(0, 2, len(when))
    wet = -4 * np.cos((hour - 14) / 24 * 2 * np.pi) + rng.normal(0, 2, len(when))
    label = (rng.random(len(when)) < 0.3).astype(int)
    frame = pd.DataFrame({"timestamp": when, "warm": warm, "wet": wet, "label": label})
    return frame.assign(prediction=(rng.random(len(when)) < 0.3).astype(int), noise=rng.normal(size=len(when)))


def test_inputs_of_hours_ago_are_named_with_the_hours_and_the_day() -> None:
    """A feed that is four hours late keeps its distributions; the course over the day gives it away."""
    log = weather("2025-03-01", DAYS, late=4, since=SINCE)
    (found,) = clock.detect(study(log, weather("2025-01-01", 40, seed=2).assign(split="validation"), "binary"))
    assert (found.mechanism, found.finding.effect, found.finding.features) == ("stale_feature", 4.0, ("warm", "wet"))
    assert found.finding.onset is not None
    assert abs(found.finding.onset - log.timestamp[24 * SINCE]) < pd.Timedelta(days=1)


@pytest.mark.parametrize(
    ("late", "since", "moves_with"),
    [(0, 0, False), (1, SINCE, False), (4, SINCE, True)],
    ids=["a season alone", "clocks that people changed", "the log's own clock"],
)
def test_a_clock_is_not_blamed_without_need(late: int, since: int, moves_with: bool) -> None:
    """A season, one hour of summer time, and a log whose labels moved as well are no stale feed."""
    log = weather("2025-03-01", DAYS, late=late, since=since)
    held = weather("2025-01-01", 40, seed=2).assign(split="validation")
    if moves_with:
        log, held = (f.assign(label=(f.warm > f.warm.mean()).astype(int)) for f in (log, held))
    assert clock.detect(study(log, held, "binary")) == []


def counts(start: str, doubled: slice | None) -> Study:
    """Draw five weeks of hourly counts in local time; some hours hold two."""
    rng = np.random.default_rng(5)
    when = pd.date_range(start, periods=35 * 24, freq="h", tz="UTC")
    usual = 1_000 + 400 * np.cos((when.hour - 18) / 24 * 2 * np.pi)
    label = np.asarray(usual) * (1 + rng.normal(0, 0.04, len(when)))
    if doubled is not None:
        label[doubled] *= 1.9
    frame = pd.DataFrame({"timestamp": when, "prediction": usual, "label": label.round()})
    return study(frame, None, "regression")


def test_the_hour_that_clocks_repeat_is_named() -> None:
    """Two hours added up in one, on the night on which Berlin's clocks go back, are duplicated and no new world."""
    twice = (26 - 1) * 24 + 2  # 27 October 2024, two in the morning
    (found,) = fold.detect(counts("2024-10-02", slice(twice, twice + 1)))
    assert found.mechanism == "duplicated_requests"
    assert found.finding.onset == pd.Timestamp("2024-10-27T02:00Z").to_pydatetime()
    assert found.finding.effect == pytest.approx(1.9, abs=0.3)


@pytest.mark.parametrize(
    "doubled",
    [None, slice(24 * 24 + 2, 24 * 24 + 3), slice(25 * 24, 25 * 24 + 8)],
    ids=["nothing", "an hour of another night", "the whole night"],
)
def test_a_crowd_is_no_clock(doubled: slice | None) -> None:
    """A concert the night before, or a long night, is left to the detectors of the world."""
    assert fold.detect(counts("2024-10-02", doubled)) == []
