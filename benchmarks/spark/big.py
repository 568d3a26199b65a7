"""A log of many rows and thirty columns, in parts, for what only size shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def big_log(folder: Path, rows: int, parts: int, *, features: int = 20, seed: int = 0) -> Path:
    """Write a log of ten columns with a role and some features, as Parquet of many parts; give its folder."""
    folder.mkdir(parents=True)
    each = rows // parts
    for part in range(parts):
        random = np.random.default_rng([seed, part])
        seconds = 1_767_225_600 + (part + np.sort(random.random(each))) / parts * 86400 * 60
        score = random.random(each)
        truth = random.random(each) < score
        columns = {
            "timestamp": pa.array((seconds * 1e6).astype("int64"), pa.timestamp("us", "UTC")),
            "request_id": pa.array(np.char.add("r", (part * each + np.arange(each)).astype(str))),
            "prediction": (score > 0.5).astype("int64"),
            "score": score,
            "label": pa.array(truth.astype("int64"), mask=random.random(each) < 0.1),
            "latency_ms": random.exponential(30, each),
            "status": np.where(random.random(each) < 0.01, "timeout", "ok"),
            "model_version": np.where(seconds < 1_770_000_000, "v1", "v2"),
            "sex": random.choice(["F", "M", ""], each),
            "region": random.choice([f"r{i}" for i in range(12)], each),
            **{f"f{i:02}": random.normal(i, 1 + i, each) for i in range(features)},
        }
        pq.write_table(pa.table(columns), folder / f"part-{part:03}.parquet", compression="zstd", row_group_size=each)
    return folder
