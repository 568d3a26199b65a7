"""Make the log of this case again from the daily WTI price of 2020 (autots 1.0.4).

``python make_log.py`` in an environment with autots' files (``pip install --no-deps autots``) and this
project. The model forecasts the day's price as the geometric mean of the five trading days before, which is
what a model of log prices without drift does. It has no answer where one of the five is not above zero:
NULL, with status "error".
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
LAGS = [f"price_{k}" for k in range(1, 6)]


def main() -> None:
    """Write one row a trading day; the forecast is made at 13:00 UTC, the price is known at 18:30 UTC."""
    source = next(f for f in files("autots") or [] if f.name == "covid_daily.zip")
    raw = pd.read_csv(str(source.locate()), parse_dates=["datetime"])[["datetime", "DCOILWTICO"]].dropna()
    raw.columns = ["day", "label"]
    for k, name in enumerate(LAGS, start=1):
        raw[name] = raw.label.shift(k)
    raw = raw.dropna()
    able = (raw[LAGS] > 0).all(axis=1)
    raw["prediction"] = np.exp(np.log(raw[LAGS].where(raw[LAGS] > 0)).mean(axis=1)).where(able)
    raw["status"] = np.where(able, "ok", "error")
    raw["timestamp"] = raw.day.dt.tz_localize("UTC") + pd.Timedelta(hours=13)
    raw["label_time"] = raw.day.dt.tz_localize("UTC") + pd.Timedelta(hours=18, minutes=30)
    write_table(raw[["timestamp", "status", "prediction", "label", "label_time", *LAGS]], HERE / "log.parquet")


if __name__ == "__main__":
    main()
