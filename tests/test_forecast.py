"""Weekly forecasts, without inputs and without a roles file: what moved, the world or the forecast?"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shell import run

import toolkit as tk


def weeks(*, world: float = 1.0, forecast: float = 1.0) -> pd.DataFrame:
    """Draw 120 weeks of rising sales and their forecasts; from week 85 on one of both is multiplied."""
    rng, week = np.random.default_rng(5), np.arange(120)
    level = 1000 + 10 * week
    late = week >= 85
    return pd.DataFrame(
        {
            "week": pd.date_range("2023-01-02", periods=120, freq="W").date,
            "units_sold": (level * np.where(late, world, 1) + rng.normal(0, 30, 120)).round(),
            "forecast": (level * np.where(late, forecast, 1) + rng.normal(0, 20, 120)).round(),
        }
    )


def test_a_forecast_that_goes_on_rising_did_not_move() -> None:
    """Sales that break away from a trend that the forecast follows are a world that changed: concept drift."""
    got = tk.diagnose(weeks(world=0.6), roles={"rest": "guess", "roles": {"label": "units_sold"}})
    assert (got.verdict, got.mechanism) == ("data", "concept_drift")
    assert got.onset is not None
    assert abs((got.onset - pd.Timestamp("2024-08-18", tz="UTC")).days) <= 7


def test_a_slow_departure_from_the_reference_is_the_worlds() -> None:
    """Months that rise ever faster than a straight forecast, held to the years before: concept drift, dated there."""
    rng, month = np.random.default_rng(3), np.arange(144)
    came = 100 + 2.0 * month + 15 * np.sin(month / 12 * 2 * np.pi) + 1.2 * np.maximum(month - 80, 0)
    told = 100 + 2.0 * month + 15 * np.sin(month / 12 * 2 * np.pi)
    when = pd.date_range("2014-01-01", periods=144, freq="MS")
    years = pd.DataFrame(
        {"month": when, "forecast": told + rng.normal(0, 4, 144), "actual": came + rng.normal(0, 4, 144)}
    )
    got = tk.diagnose(years[48:], reference=years[:48])
    assert (got.verdict, got.mechanism) == ("data", "concept_drift")
    assert got.onset is not None
    assert abs((got.onset - pd.Timestamp("2020-09-01", tz="UTC")).days) <= 366


def test_a_forecast_that_leaps_alone_is_no_change_of_the_world() -> None:
    """Forecasts that leave sales which went on as before are not the data's fault."""
    got = tk.diagnose(weeks(forecast=1.6), roles={"rest": "guess", "roles": {"label": "units_sold"}})
    assert got.verdict != "data"


def test_a_column_typed_on_the_command_line_is_enough(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """``--column label=units_sold`` declares one role, the others are guessed and shown; a wrong one is one line."""
    log = tmp_path / "weekly.csv"
    weeks(world=0.6).assign(temperature=20.5).to_csv(log, index=False)  # two numbers beside the forecast
    unlabelled = run(capsys, "diagnose", log)
    assert "No column looks like the label" in unlabelled.out
    got = run(capsys, "diagnose", log, "--column", "label=units_sold")
    assert got.code == 0
    assert "Verdict   data: concept drift" in got.out
    assert re.search(r"units_sold +(BIGINT|DOUBLE) +label +declared", got.out)
    for wrong, line in (("lable=x", "write ROLE=COLUMN"), ("label=x", "does not have"), ("label", "write ROLE=COLUMN")):
        refused = run(capsys, "diagnose", log, "--column", wrong)
        assert refused.code == 2
        assert line in refused.line
    both = run(capsys, "diagnose", log, "--roles", "r.toml", "--column", "label=units_sold")
    assert "give --roles or --column" in both.line


@pytest.mark.parametrize(("world", "named"), [(0.7, True), (1.0, False)])
def test_a_season_does_not_hide_what_fell_short(world: float, *, named: bool) -> None:
    """Passengers fall by a third as summer begins, and the forecast rises with the season: held to the year before."""
    rng, week = np.random.default_rng(4), np.arange(130)
    when = pd.date_range("2023-01-01", periods=130, freq="7D", tz="UTC")
    season = 8000 * (1 - 0.4 * np.cos(2 * np.pi * (week + 31) / 52))
    came = season * np.exp(rng.normal(0, 0.05, 130)) * np.where(week >= 93, world, 1)
    rows = pd.DataFrame({"week": when, "forecast": season.round(-1), "came": came})
    got = tk.diagnose(rows, roles={"rest": "guess", "roles": {"label": "came"}})
    assert (got.mechanism == "concept_drift") is named
