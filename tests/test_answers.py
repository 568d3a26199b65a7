"""Answers that are right, of another row or under another name: an old file, a shifted clock, an exchanged list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.detectors import answers, renamed, shifted
from toolkit.detectors.study import Study, make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

HOURS, SINCE = 24 * 60, 24 * 35


def studied(log: pd.DataFrame, task: str) -> Study:
    """Read a log of a time, a prediction and a label."""
    roles: dict[str, Any] = {"timestamp": "when", "prediction": "told", "label": "came"}
    if "x" in log:
        roles["feature"] = ["x"]
    with read_log(log, {"task": task, "roles": roles}) as opened:
        return make_study(build_profile(opened))


def hourly(*, late: int = 0, old: bool = False) -> Study:
    """Read sixty days of hourly rentals; since a day forecasts come late by rows, or are Sunday's on every Monday."""
    rng, hour = np.random.default_rng(4), np.arange(HOURS)
    true = (60 + 50 * np.sin(2 * np.pi * hour / 24)) * rng.normal(1, 0.1, HOURS // 24).repeat(24)
    told = (true + rng.normal(0, 2, HOURS)).round(2)
    since = hour >= SINCE
    if late:
        told = np.where(since, np.roll(told, late), told)
    if old:
        told = np.where(since & (hour // 24 % 7 == 0), np.roll(told, 24), told)
    when = pd.date_range("2025-03-03", periods=HOURS, freq="h", tz="UTC")
    came = (true + rng.normal(0, 4, HOURS)).round()
    return studied(pd.DataFrame({"when": when, "told": told, "came": came}), "regression")


@pytest.mark.parametrize("late", [2, -1])
def test_forecasts_of_another_hour_are_a_clock_that_is_off(late: int) -> None:
    """Since a row they fit two rows earlier, or one later: the shift, the row, and that the world did not change."""
    (got,) = shifted.detect(hourly(late=late))
    assert got.finding.effect == late
    assert got.mechanism == "training_serving_skew"
    assert got.change is not None
    assert abs(got.change.start - SINCE) <= 12
    assert "concept_drift" in got.finding.refutes


def test_forecasts_that_miss_in_place_are_not_shifted() -> None:
    """Mondays with old forecasts, and forecasts that hold: no shift makes them fit."""
    assert shifted.detect(hourly()) == []
    assert shifted.detect(hourly(old=True)) == []


def test_an_old_forecast_file_is_stale() -> None:
    """On Mondays since a day the forecasts are Sunday's to the last digit: stale, on these rows."""
    (got,) = answers.detect(hourly(old=True))
    assert got.mechanism == "stale_feature"
    assert got.rows is not None
    assert got.change is not None
    assert 70 <= got.rows.sum() <= 24 * 5
    assert SINCE <= got.change.start < SINCE + 24 * 7
    assert answers.detect(hourly()) == []


def test_a_profile_that_repeats_by_design_is_not_stale() -> None:
    """A model that says every day what it said the day before did so from the first: nothing is old."""
    rng = np.random.default_rng(6)
    told = np.tile(rng.uniform(10, 90, 24 * 7).round(3), HOURS // (24 * 7) + 1)[:HOURS]
    when = pd.date_range("2025-03-03", periods=HOURS, freq="h", tz="UTC")
    log = pd.DataFrame({"when": when, "told": told, "came": told + rng.normal(0, 4, HOURS)})
    assert answers.detect(studied(log, "regression")) == []


def told_and_came(told: np.ndarray, came: np.ndarray) -> Study:
    """Read hourly forecasts, and what came, both to the hundredth."""
    when = pd.date_range("2025-03-03", periods=len(told), freq="h", tz="UTC")
    return studied(pd.DataFrame({"when": when, "told": told.round(2), "came": came.round(2)}), "regression")


def rentals(days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw hours, forecasts and what came of some days with a daily course."""
    rng, hour = np.random.default_rng(4), np.arange(24 * days)
    true = (60 + 50 * np.sin(2 * np.pi * hour / 24)) * rng.normal(1, 0.1, days).repeat(24)
    return hour, true + rng.normal(0, 2, len(hour)), true + rng.normal(0, 4, len(hour))


def test_a_plan_that_repeats_by_habit_is_not_stale() -> None:
    """Every Sunday is given Saturday's forecast, from the first Sunday on; every second week the plan of the first."""
    hour, told, came = rentals(28)
    assert answers.detect(told_and_came(np.where(hour // 24 % 7 == 6, np.roll(told, 24), told), came)) == []
    assert answers.detect(told_and_came(np.where(hour // 168 % 2 == 1, np.roll(told, 168), told), came)) == []


def test_forecasts_that_are_rounded_repeat_by_chance() -> None:
    """Whole tens since a day are those of some day before, hour by hour, as any day's are: nothing is old."""
    hour, told, came = rentals(60)
    told = told * np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    assert answers.detect(told_and_came(np.where(hour > 900, (told / 10).round() * 10, told), came)) == []


def test_a_day_that_moved_is_not_surely_a_clock() -> None:
    """Since a day all comes an hour later than it used to, the forecasts as before: the world is not cleared."""
    hour, told, came = rentals(60)
    (got,) = shifted.detect(told_and_came(told, np.where(hour >= SINCE, np.roll(came, 1), came)))
    assert got.finding.details["came_moved"]
    assert "concept_drift" not in got.finding.refutes
    assert "or the day moved" in got.finding.statement


def test_the_last_value_is_no_clock() -> None:
    """Forecasts that are what came an hour before, to the last digit, are said to be that."""
    hour, told, came = rentals(60)
    (got,) = shifted.detect(told_and_came(np.where(hour >= SINCE, np.roll(came, 1), told), came))
    assert "they are what came then, and no forecasts" in got.finding.statement


def test_one_day_like_the_day_before_is_no_shift() -> None:
    """A Monday on which what came is as little as Sunday's forecast said: a day like another, no clock."""
    hour, told, came = rentals(60)
    free = np.where(hour // 24 % 7 == 6, 0.3, 1.0)
    holiday = hour // 24 == 42
    came = np.where(holiday, 0.3, free) * came
    assert shifted.detect(told_and_came(told * free, came)) == []


def crops(named: dict[str, str], *, wrong: float = 0.15, labels: bool = False, share: Any = None) -> Study:
    """Read three thousand fields; since half of them the answers, or the labels, go by other names."""
    rng = np.random.default_rng(7)
    kinds = np.array(["maize", "wheat", "barley", "rape"])
    came = kinds[rng.choice(4, 3000, p=share)]
    told = np.where(rng.random(3000) < wrong, kinds[rng.integers(0, 4, 3000)], came)
    late = np.arange(3000) >= 1500
    kept, other = (told, came) if labels else (came, told)
    other = np.where(late, [named.get(k, k) for k in other], other)
    told, came = (kept, other) if labels else (other, kept)
    when = pd.date_range("2025-05-26", periods=3000, freq="15min", tz="UTC")
    return studied(pd.DataFrame({"when": when, "told": told, "came": came, "x": rng.normal(size=3000)}), "multiclass")


def test_names_sorted_anew_are_read_back() -> None:
    """Three classes took each other's names: both names of each are said, and the world is cleared."""
    (got,) = renamed.detect(crops({"maize": "barley", "barley": "rape", "rape": "maize"}))
    assert got.mechanism == "category_recoded"
    assert got.finding.effect == 3
    assert "barley for maize" in got.finding.statement
    assert "concept_drift" in got.finding.refutes


def test_answers_that_are_wrong_under_any_name_are_not_renamed() -> None:
    """All of one class called another: no reading makes that right again; and names that hold are not touched."""
    assert renamed.detect(crops({"maize": "barley"})) == []
    assert renamed.detect(crops({})) == []


def test_a_scale_on_which_all_moved_a_step_is_not_renamed() -> None:
    """What was poor is middling now and so on, and the best, which are few, stay the best: the world moved."""
    up = {"maize": "wheat", "wheat": "barley", "barley": "rape"}
    assert renamed.detect(crops(up, labels=True, share=[0.4, 0.35, 0.2, 0.05])) == []
