"""Reconstruction: half hours of taxi passengers in local time.

Four published counts stand where they stood.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables

COUNTS = {
    "2014-10-26 01:00": 24_482,
    "2014-10-26 01:30": 22_425,
    "2014-11-02 01:00": 39_197,
    "2014-11-02 01:30": 35_212,
}


def tables(seed: int) -> Tables:
    """Give four weeks of half hours with last week's half hour as the forecast.

    The first week only forecasts.
    """
    rng = np.random.default_rng(seed)
    when = pd.date_range("2014-10-19", "2014-11-16", freq="30min", tz="UTC", inclusive="left")
    hour = when.hour.to_numpy() + when.minute.to_numpy() / 60
    weekend = when.day_of_week.to_numpy() >= 5
    day = 15_500 - 9_500 * np.cos((hour - 4.5) / 24 * 2 * np.pi) * (hour > 2) + 3_000 * (hour > 18)
    night = np.where(weekend & (hour < 4), 27_500 - 3_300 * hour, 0)
    passengers = np.maximum(day * np.where(weekend, 0.93, 1.0), night) * (1 + rng.normal(0, 0.03, len(when)))
    rows = pd.DataFrame({"timestamp": when, "label": passengers.round()})
    for start, count in COUNTS.items():
        rows.loc[rows.timestamp == pd.Timestamp(start, tz="UTC"), "label"] = count
    rows["last_week"] = rows.label.shift(7 * 48)
    rows["prediction"] = rows.last_week
    rows["weekday"], rows["half_hour"] = when.day_of_week, (hour * 2).astype(int)
    rows["model_version"] = "taxi@last-week"
    return {"log": rows.dropna().reset_index(drop=True)}
