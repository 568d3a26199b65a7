"""By hand in pandas, what ``floor`` counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

BINS = 64


def main(folder: str) -> None:
    """Count."""
    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    held = pd.read_parquet(f"{folder}/reference.parquet")
    edges = {f: held[f].head(20_000).quantile([0.01, 0.99]).to_list() for f in told["feature"] if f.startswith("num")}
    for rows in (held, pd.read_parquet(f"{folder}/log")):
        day = rows["ts"].dt.floor("D")
        for name, (low, high) in edges.items():
            rows.groupby([day, np.floor((rows[name] - low) * BINS / (high - low))], dropna=False).size()
        for name in (f for f in told["feature"] if f.startswith("cat")):
            rows.groupby([day, rows[name]], dropna=False).size()
        rows.groupby([day, "grp", "region", "model_version", "prediction", "label"], dropna=False).size()
        rows.groupby([day, rows["label"], np.floor(rows["score"] * 500)], dropna=False).size()
        rows.groupby([day, rows["model_version"], np.floor(np.log(rows["latency_ms"] + 1) * 20)], dropna=False).size()


if __name__ == "__main__":
    main(sys.argv[1])
