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


def crops(named: dict[str, str], *, wrong: float = 0.15) -> Study:
    """Read three thousand fields; since half of them the answers go by other names."""
    rng = np.random.default_rng(7)
    kinds = np.array(["maize", "wheat", "barley", "rape"])
    came = kinds[rng.integers(0, 4, 3000)]
    told = np.where(rng.random(3000) < wrong, kinds[rng.integers(0, 4, 3000)], came)
    late = np.arange(3000) >= 1500
    told = np.where(late, [named.get(k, k) for k in told], told)
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
