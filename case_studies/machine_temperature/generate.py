"""Reconstruction: 22,695 five-minute temperatures of a machine with the published level, weeks, minimum and windows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Floats, Tables, logistic

STEPS = 22_695
SERVED = pd.Timestamp("2013-12-16", tz="UTC")
#: The windows that the benchmark labels, and the temperature that was drawn for the middle of each.
WINDOWS = {
    ("2013-12-10", "2013-12-12"): 64.0,
    ("2013-12-15", "2013-12-17"): 20.0,
    ("2014-01-27", "2014-01-29"): 70.0,
    ("2014-02-07", "2014-02-09"): 2.0,
}
#: The means of three weeks, by their first day.
WEEKS = {"2013-12-30": 88.0, "2014-01-27": 76.0, "2014-02-03": 74.0}


def temperatures(rng: np.random.Generator, when: pd.DatetimeIndex) -> tuple[Floats, Floats]:
    """Give the temperature of each five minutes, and whether it lies in a labelled window."""
    level = np.where(when < pd.Timestamp("2014-01-27", tz="UTC"), 88.0, 76.0)
    slow = np.convolve(rng.normal(0, 1, STEPS + 575), np.ones(576) / 24, mode="valid")
    degrees = level + 2.0 * slow + rng.normal(0, 1.2, STEPS)
    odd = np.zeros(STEPS)
    for (first, last), low in WINDOWS.items():
        start, end = np.searchsorted(when, pd.to_datetime([first, last], utc=True))
        dip = np.sin(np.linspace(0, np.pi, end - start)) ** 4
        degrees[start:end] += dip * (low - degrees[start:end])
        odd[start:end] = 1
    for day, mean in WEEKS.items():
        start, end = np.searchsorted(
            when, [pd.Timestamp(day, tz="UTC"), pd.Timestamp(day, tz="UTC") + pd.Timedelta("7D")]
        )
        usual = np.flatnonzero(odd[start:end] == 0) + start
        degrees[usual] += (mean * (end - start) - degrees[start:end].sum()) / len(usual)
    degrees[np.argmin(degrees)] = 2.0
    return np.maximum(degrees, 2.0), odd


def tables(seed: int) -> Tables:
    """Give the readings from mid-December on, and the first two weeks as the reference."""
    rng = np.random.default_rng(seed)
    when = pd.date_range("2013-12-02 21:15", periods=STEPS, freq="5min", tz="UTC")
    degrees, odd = temperatures(rng, when)
    hour = pd.Series(degrees).rolling(12, min_periods=1).mean().to_numpy()
    load = np.clip(60 + 0.4 * (hour - 80) + rng.normal(0, 6, STEPS), 0, 100)
    score = logistic((79.5 - hour) / 4)
    rows = pd.DataFrame(
        {
            "timestamp": when,
            "reading": np.arange(1, STEPS + 1),
            "prediction": (score >= 0.5).astype(int),
            "score": score,
            "label": odd.astype(int),
            "temperature": degrees.round(3),
            "hour_mean": hour.round(3),
            "change_an_hour": (degrees - pd.Series(degrees).shift(12).bfill().to_numpy()).round(3),
            "load": load.round(1),
            "model_version": "wear@1",
        }
    )
    served = rows.timestamp >= SERVED
    return {"log": rows[served].reset_index(drop=True), "reference": rows[~served].reset_index(drop=True)}
