"""Make the log of this case again from Smarket, S&P 500 2001-2005 (ISLP 0.6, BSD).

``python make_log.py`` in an environment with ISLP's files (``pip install --no-deps ISLP``) and this
project. The table gives the year and the order of the days, not their dates, so the log has no timestamps.
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from toolkit.drills.make import write_table

HERE = Path(__file__).resolve().parent
FEATURES = ["Lag1", "Lag2", "Lag3", "Lag4", "Lag5", "Volume"]


def main() -> None:
    """Fit on 2001 to 2003, hold out 2004, serve 2005."""
    source = next(f for f in files("ISLP") or [] if f.name == "Smarket.csv")
    raw = pd.read_csv(str(source.locate()))
    raw["day"] = range(1, len(raw) + 1)
    raw["label"] = (raw.Direction == "Up").astype(int)
    train, held, served = raw.Year <= 2003, raw.Year == 2004, raw.Year == 2005
    model = RandomForestClassifier(n_estimators=300, random_state=1).fit(raw.loc[train, FEATURES], raw.label[train])
    raw["score"] = model.predict_proba(raw[FEATURES])[:, 1]
    raw["prediction"] = (raw.score >= 0.5).astype(int)
    columns = ["day", "score", "prediction", "label", *FEATURES]
    parts = [raw[train].assign(split="train"), raw[held].assign(split="validation")]
    write_table(pd.concat(parts)[[*columns, "split"]], HERE / "reference.parquet")
    write_table(raw.loc[served, columns], HERE / "log.parquet")


if __name__ == "__main__":
    main()
