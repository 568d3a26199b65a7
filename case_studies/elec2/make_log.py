"""Make the log of this case again from Elec2, New South Wales 1996-1998 (scikit-multiflow 0.4.1).

``python make_log.py`` in an environment with that package's files and this project. The file has no dates;
its first row is 7 May 1996, 00:00 market time (UTC+10, no summer time), one row each half hour. Features
are scaled to 0..1 by the donors. A logistic model is fitted on the first 120 days but the last 30, and
served from then on.
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
FEATURES = ["period", "nsw_price", "nsw_demand", "vic_price", "vic_demand", "transfer"]
TRAIN_DAYS, HELD_DAYS, EVERY = 90, 30, 4


def main() -> None:
    """Write the reference (train and held-out half hours) and the log (every fourth half hour after them)."""
    source = next(f for f in files("scikit-multiflow") or [] if f.name == "elec.csv")
    raw = pd.read_csv(str(source.locate()))
    raw.columns = [*FEATURES, "label"]
    market = pd.date_range("1996-05-07", periods=len(raw), freq="30min", tz="Etc/GMT-10")
    raw["timestamp"] = market.tz_convert("UTC")
    # the model knows the half hour before: what it predicts is whether the price is above its daily mean
    day = (market - market[0]).days
    train, held = day < TRAIN_DAYS, (day >= TRAIN_DAYS) & (day < TRAIN_DAYS + HELD_DAYS)
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, min_samples_leaf=100, random_state=1)
    model.fit(raw.loc[train, FEATURES], raw.label[train])
    raw["score"] = model.predict_proba(raw[FEATURES])[:, 1]
    raw["prediction"] = (raw.score >= 0.5).astype(int)
    columns = ["timestamp", "score", "prediction", "label", *FEATURES]
    parts = [raw[train].assign(split="train"), raw[held].assign(split="validation")]
    write_table(pd.concat(parts)[[*columns, "split"]], HERE / "reference.parquet")
    write_table(raw[day >= TRAIN_DAYS + HELD_DAYS].iloc[::EVERY][columns], HERE / "log.parquet")


if __name__ == "__main__":
    main()
