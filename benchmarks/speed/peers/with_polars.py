"""By hand in polars, streamed, what ``floor`` counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

BINS = 64


def main(folder: str) -> None:
    """Count."""
    told = json.loads((Path(folder) / "roles.json").read_text(encoding="utf-8"))["roles"]
    held = pl.scan_parquet(f"{folder}/reference.parquet")
    numbers = [f for f in told["feature"] if f.startswith("num")]
    first = held.head(20_000).select(numbers).collect()
    edges = {f: (first[f].quantile(0.01), first[f].quantile(0.99)) for f in numbers}
    day = pl.col("ts").dt.truncate("1d").alias("day")
    for rows in (held, pl.scan_parquet(f"{folder}/log/*.parquet")):
        made = rows.with_columns(day)
        asked = [
            made.group_by("day", ((pl.col(f) - low) * BINS / (high - low)).floor().alias("bin")).len()
            for f, (low, high) in edges.items()
        ]
        asked += [made.group_by("day", f).len() for f in told["feature"] if f.startswith("cat")]
        asked.append(made.group_by("day", "grp", "region", "model_version", "prediction", "label").len())
        asked.append(made.group_by("day", "label", (pl.col("score") * 500).floor()).len())
        late = ((pl.col("latency_ms") + 1).log() * 20).floor()
        asked.append(made.group_by("day", "model_version", late).len())
        pl.collect_all(asked, engine="streaming")


if __name__ == "__main__":
    main(sys.argv[1])
