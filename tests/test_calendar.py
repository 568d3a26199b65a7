"""A column that only says when a row was served is neither filled in nor stuck."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import Floats, healthy, study_of

from toolkit.detectors import defaults
from toolkit.detectors.calendar import counts_up, of_the_clock

WHEN = pd.Series(pd.date_range("2026-01-01", periods=2000, freq="h", tz="UTC"))
TIME: Floats = WHEN.astype("int64").to_numpy() / (1e9 if WHEN.dt.unit == "ns" else 1e6)
COLUMNS: dict[str, Floats] = {
    "weekday": WHEN.dt.day_of_week.to_numpy(float),
    "hour": WHEN.dt.hour.to_numpy(float),
    "local hour": ((WHEN.dt.hour + 9) % 24).to_numpy(float),
    "weekend": (WHEN.dt.day_of_week >= 5).to_numpy(float) + (WHEN.dt.hour == 12),
    "month": WHEN.dt.month.to_numpy(float),
    "day of the year": WHEN.dt.day_of_year.to_numpy(float),
    "week": WHEN.dt.isocalendar().week.to_numpy(float),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_clock_tells_it(name: str) -> None:
    """Weekday, hour (of another zone too) and month follow from the time of the row."""
    assert of_the_clock(TIME, COLUMNS[name])


@pytest.mark.parametrize("seed", range(3))
def test_the_clock_does_not_tell_the_rest(seed: int) -> None:
    """A number of seven values drawn anew for every row, and one constant in all of them, follow from nothing."""
    drawn = np.random.default_rng(seed).integers(0, 7, 2000).astype(float)
    assert not of_the_clock(TIME, drawn)
    assert not of_the_clock(TIME, np.full(2000, 40.0))


def test_a_weekday_that_training_never_saw_is_no_default() -> None:
    """A reference of working days, a log of whole weeks: Saturday fills in for nothing."""
    rng = np.random.default_rng(5)
    reference = healthy(rng, 2000).assign(w=rng.integers(0, 5, 2000).astype(float))
    log = healthy(rng, 2000).assign(
        w=pd.Series(pd.date_range("2025-01-01", periods=2000, freq="h")).dt.day_of_week * 1.0
    )
    assert [e for e in defaults.detect(study_of(log, reference)) if "w" in e.finding.features] == []


def test_a_column_on_its_way_is_no_default() -> None:
    """Ages that rise from row to row pass each value once; a run of one of them fills in for nothing."""
    rng = np.random.default_rng(6)
    age = np.repeat(np.arange(10.0, 30.0, 2.0), 100)
    reference = healthy(rng, 1000).assign(w=rng.choice([0.0, 2.0, 4.0, 6.0, 8.0], 1000))
    log = healthy(rng, 1000).assign(w=age)
    assert counts_up(age)
    found = [e for e in defaults.detect(study_of(log, reference)) if "w" in e.finding.features]
    assert [e.mechanism for e in found if e.mechanism == "default_filled"] == []


@pytest.mark.parametrize(("days", "found"), [(12, []), (60, ["default_filled"])])
def test_a_holiday_that_lasts_days_fills_in_for_nothing(days: int, found: list[str]) -> None:
    """A flag of whole days is up for the last twelve: holidays. Up for two months, it is stuck."""
    rng = np.random.default_rng(7)
    log, reference = healthy(rng, 3000), healthy(rng, 3000)
    day = np.arange(3000) // 24
    flag = (rng.random(126) < 0.04).astype(float)
    reference["w"] = flag[day]
    log["w"] = np.where(day >= 125 - days, 1.0, flag[day])
    assert [e.mechanism for e in defaults.detect(study_of(log, reference)) if "w" in e.finding.features] == found


def test_a_last_lot_is_no_default() -> None:
    """A certificate stays for the forty rows of a lot: that of the last one fills in for nothing."""
    rng = np.random.default_rng(8)
    log = healthy(rng, 3000).assign(w=np.repeat(rng.normal(size=75).round(3), 40))
    assert [e for e in defaults.detect(study_of(log, None)) if "w" in e.finding.features] == []
