"""What is no harm: errors in waves, errors that grow with the numbers, weekdays that differ; and harm behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import toolkit as tk
from toolkit.detectors.level import learn
from toolkit.records import Verdict
from toolkit.timeline.change import find_change
from toolkit.timeline.rhythm import without_rhythm
from toolkit.timeline.waves import waves

Floats = NDArray[np.float64]
DAY = 86_400.0


def wandering(rng: np.random.Generator, n: int, keeps: float) -> Floats:
    """Give a series of unit variance of which each value keeps a part of the one before it."""
    x, new = rng.normal(size=n), np.sqrt(1 - keeps**2)
    for i in range(1, n):
        x[i] = keeps * x[i - 1] + new * x[i]
    return x


def verdict(table: pd.DataFrame, first: int) -> Verdict:
    """Diagnose a forecast whose first rows are the reference."""
    roles: dict[str, Any] = {"timestamp": "at", "prediction": "forecast", "label": "came", "feature": ["x"]}
    rows = {"task": "regression", "roles": roles}
    log = tk.read_log(table[first:].reset_index(drop=True), rows, reference=table[:first].reset_index(drop=True))
    return tk.diagnose(log).record


def test_independent_rows_are_no_waves() -> None:
    """The variance of their mean is that of so many rows, in nearly every draw."""
    rng = np.random.default_rng(1)
    got = [waves(rng.normal(size=n)) for n in (30, 100, 2000) for _ in range(30)]
    assert np.mean(np.array(got) == 1.0) > 0.95


@pytest.mark.parametrize("keeps", [0.8, 0.95])
def test_waves_raise_the_variance_as_theory_says(keeps: float) -> None:
    """An autoregression's mean has (1 + r) / (1 - r) times the variance of independent rows'."""
    due = (1 + keeps) / (1 - keeps)
    rng = np.random.default_rng(2)
    got = float(np.median([waves(wandering(rng, 4000, keeps)) for _ in range(15)]))
    assert got == pytest.approx(due, rel=0.4)


def test_a_wave_is_no_change_and_a_step_among_waves_is() -> None:
    """With the waves that the past shows hardly a healthy series has a change; one of four deviations is found."""
    rng = np.random.default_rng(3)
    past = wandering(rng, 4000, 0.98)
    hang = waves(past)
    healthy = [wandering(rng, 1500, 0.98) for _ in range(20)]
    before = sum(find_change(x).found for x in healthy)
    after = sum(find_change(x, waves=hang, memory=hang).found for x in healthy)
    assert before >= 10
    assert after <= 2
    step = healthy[0] + 4.0 * (np.arange(1500) >= 700)
    assert abs(find_change(step, waves=hang, memory=hang).start - 700) < 100


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_power_of_growth_is_learnt(power: float) -> None:
    """Errors that grow as a power of the answer are weighed so that all levels have the same loss."""
    rng = np.random.default_rng(4)
    answer = np.exp(rng.normal(4, 0.8, 3000))
    loss = np.abs(rng.normal(size=3000)) * answer**power
    got = learn(answer, loss)
    assert got is not None
    assert got.power == pytest.approx(power, abs=0.1)
    held = loss * got.weight(answer)
    assert held.mean() == pytest.approx(loss.mean())
    large = answer > np.quantile(answer, 0.8)
    assert held[large].mean() == pytest.approx(held[~large].mean(), rel=0.1)


def test_errors_that_do_not_grow_have_no_level() -> None:
    """Neither where they are the same at all levels, nor where answers have no natural zero, nor from a few rows."""
    rng = np.random.default_rng(5)
    answer = np.exp(rng.normal(4, 0.8, 2000))
    flat, grown = np.abs(rng.normal(size=2000)), np.abs(rng.normal(size=2000)) * answer
    assert learn(answer, flat) is None
    assert learn(answer - 50, grown) is None
    assert learn(answer[:40], grown[:40]) is None
    assert learn(np.full(2000, 7.0), flat) is None


def test_weekdays_are_taken_out_where_they_tell() -> None:
    """A step that Saturdays hide is found without them; a series without a rhythm is left as it is."""
    rng = np.random.default_rng(6)
    time = np.repeat(np.arange(140), 8) * DAY
    day = (time // DAY).astype(int)
    noise = np.abs(rng.normal(size=len(time)))
    assert without_rhythm(noise, time) is noise
    hidden = noise * np.where(day % 7 == 2, 12.0, 1.0) + 0.8 * (day >= 50)
    assert not find_change(hidden).found
    clean = without_rhythm(hidden, time)
    assert clean.mean() == pytest.approx(hidden.mean())
    assert abs(int(day[find_change(clean).start]) - 50) <= 5


def test_a_season_of_larger_numbers_is_no_harm() -> None:
    """Three times the numbers with three times the errors: none. Twice the errors beside them: named."""
    rng = np.random.default_rng(7)
    n, first = 3600, 2400
    x = np.exp(rng.normal(0, 0.4, n)) * np.where(np.arange(n) >= 3000, 3.0, 1.0)
    noise = rng.normal(0, 0.1, n)
    at = pd.date_range("2024-01-01", periods=n, freq="2h")
    made = {"at": at, "x": x, "forecast": 100 * x, "came": 100 * x * (1 + noise)}
    healthy = verdict(pd.DataFrame(made), first)
    assert healthy.verdict == "none"
    assert any("grow with the numbers" in note for note in healthy.notes)
    made["came"] = 100 * x * (1 + np.where(np.arange(n) >= 3000, 2.2, 1.0) * noise)
    faulty = verdict(pd.DataFrame(made), first)
    assert faulty.verdict == "data"
    rows = slice(3000, None)
    assert faulty.harm.observed == pytest.approx(np.abs(made["came"] - made["forecast"])[rows].mean(), rel=0.05)
    assert faulty.harm.expected == pytest.approx(np.abs(100 * x * noise)[rows].mean(), rel=0.15)


def test_a_slow_wave_of_errors_is_not_named() -> None:
    """As in the reference errors hang together for days: no cause is named; a lasting bias is."""
    rng = np.random.default_rng(8)
    first, n = 2200, 4000
    errors = np.concatenate([wandering(rng, first, 0.96), wandering(rng, n - first, 0.96)])
    x = rng.normal(size=n)
    at = pd.date_range("2024-01-01", periods=n, freq="h")
    made = {"at": at, "x": x, "forecast": 100 + 20 * x, "came": 100 + 20 * x + 5 * errors}
    assert verdict(pd.DataFrame(made), first).verdict in ("none", "undetermined")
    made["came"] = made["came"] + 15.0 * (np.arange(n) >= 3100)
    assert verdict(pd.DataFrame(made), first).verdict == "data"


def test_a_row_dated_by_the_day_may_be_of_any_hour() -> None:
    """A deployment at four in the morning of the day on which daily rows go wrong did not come too late."""
    rng = np.random.default_rng(9)
    n = 400
    table = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=n, freq="D"), "x": rng.normal(size=n)})
    table["forecast"] = 50 + 5 * table["x"]
    table["came"] = table["forecast"] + rng.normal(0, 1, n) + 12.0 * (np.arange(n) >= 320)
    roles: dict[str, Any] = {"timestamp": "at", "prediction": "forecast", "label": "came", "feature": ["x"]}
    log = tk.read_log(table[200:].reset_index(drop=True), {"task": "regression", "roles": roles}, reference=table[:200])
    events = pd.DataFrame({"timestamp": ["2024-11-16T04:00:00"], "kind": ["deployment"], "text": ["new menu"]})
    notes = " ".join(tk.diagnose(log, events=events).record.notes)
    assert "Recorded at the onset: deployment" in notes
    assert "Too late" not in notes
