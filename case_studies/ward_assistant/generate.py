"""Illustrative: a ward's early warning is right; from a change of staff on its advice is turned down."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

NEW_TEAM = pd.Timestamp("2025-02-03 06:00", tz="UTC")


def patients(rng: np.random.Generator, when: pd.DatetimeIndex, change: pd.Timestamp) -> pd.DataFrame:
    """Draw hourly looks at patients; the night team of February overrides warnings, the day team seldom."""
    rows = len(when)
    pulse, breath = rng.normal(82, 14, rows), rng.normal(17, 3.5, rows)
    temperature, lactate, age = rng.normal(37.1, 0.7, rows), rng.gamma(2, 0.7, rows), rng.normal(64, 15, rows)
    odds = -5.2 + 0.04 * (pulse - 82) + 0.22 * (breath - 17) + 0.8 * np.abs(temperature - 37) + 1.1 * lactate
    odds = odds + 0.015 * (age - 64)
    score = logistic(1.3 * odds)
    worsens = rng.random(rows) < logistic(1.3 * odds)
    warned = score >= 0.3
    night = (when.hour < 6) | (when.hour >= 21)
    new = np.asarray(night & (when >= change))
    override = rng.random(rows) < np.where(warned, np.where(new, 0.72, 0.08), 0.02)
    decider = np.where(
        new, rng.choice(["night N1", "night N2"], rows), rng.choice(["day D1", "day D2", "night N0"], rows)
    )
    return pd.DataFrame(
        {
            "timestamp": when,
            "look_id": np.arange(1, rows + 1),
            "prediction": warned.astype(int),
            "score": score,
            "decision": np.where(override, ~warned, warned).astype(int),
            "decider": decider,
            "label": worsens.astype(int),
            "label_time": when + pd.Timedelta(hours=24),
            "model_version": "ward@3",
            "shift": np.where(night, "night", "day"),
            "pulse": pulse.round(),
            "breathing_rate": breath.round(),
            "temperature_c": temperature.round(1),
            "lactate": lactate.round(2),
            "age": age.round(),
        }
    )


def tables(seed: int) -> Tables:
    """Give December to March, and the autumn's silent trial as the reference."""
    rng = np.random.default_rng(seed)
    never = pd.Timestamp("2100-01-01", tz="UTC")
    held = patients(rng, times(rng, 4_000, "2024-09-01", "2024-12-01"), never).assign(split="validation")
    return {"log": patients(rng, times(rng, 12_000, "2024-12-01", "2025-04-01"), NEW_TEAM), "reference": held}
