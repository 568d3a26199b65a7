"""Make the log that everything is measured on: one Parquet file a day for thirty days, and a reference a fifth as long.

The fault is known: from day 18 on num_04 moves, num_05 spreads and loses values, a quarter of cat_02 is a category that
was never seen, and version v3 answers these rows wrongly. Labels come late at the end. All of it from a seed.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

DAYS: Final = 30
BREAK: Final = 18
_DAY: Final = 86_400_000_000
_START: Final = np.datetime64("2026-03-01T00:00:00", "us")
_GROUP_ROWS: Final = 122_880


@dataclass(frozen=True)
class Shape:
    """What a log looks like; ``values`` is how many values the group and the segment have."""

    rows: int
    numbers: int = 20
    words: int = 6
    values: int = 4

    @property
    def name(self) -> str:
        """Give the name of its folder."""
        return f"r{self.rows}-n{self.numbers}-c{self.words}-v{self.values}"


def roles(shape: Shape) -> dict[str, Any]:
    """Give the roles of the columns."""
    return {
        "task": "binary",
        "roles": {
            "timestamp": "ts", "id": "request_id", "prediction": "prediction", "score": "score", "label": "label",
            "label_time": "label_ts", "model_version": "model_version", "latency_ms": "latency_ms",
            "status": "status", "decision": "decision", "group": ["grp"], "segment": ["region"],
            "feature": features(shape),
        },
        "values": {"positive": 1, "status_ok": ["ok"]},
    }  # fmt: skip


def numeric(shape: Shape) -> list[str]:
    """Give the names of the features that are numbers."""
    return [f"num_{i:02d}" for i in range(shape.numbers)]


def features(shape: Shape) -> list[str]:
    """Give the names of all features."""
    return [*numeric(shape), *(f"cat_{i:02d}" for i in range(shape.words))]


def make(shape: Shape, folder: Path, seed: int = 7) -> Path:
    """Write log/, reference.parquet and roles.json into a folder named after the shape, once; give the folder."""
    place = folder / shape.name
    if (place / "roles.json").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    (place / "log").mkdir(parents=True)
    for day in range(DAYS):
        n = shape.rows * (day + 1) // DAYS - shape.rows * day // DAYS
        _write(shape, day, n, place / "log" / f"{np.datetime_as_string(_START + day * _DAY, 'D')}.parquet", seed)
    _write(shape, -1, max(shape.rows // 5, 1), place / "reference.parquet", seed)
    (place / "roles.json").write_text(json.dumps(roles(shape)), encoding="utf-8")
    return place


def _write(shape: Shape, day: int, n: int, file: Path, seed: int) -> None:
    """Write one file in blocks, so that memory stays flat."""
    import pyarrow.parquet as pq

    writer = None
    for start in range(0, n, _GROUP_ROWS):
        rng = np.random.default_rng([seed, day + 1, start])
        block = _block(shape, day, min(_GROUP_ROWS, n - start), start, n, rng)
        writer = writer or pq.ParquetWriter(file, block.schema, compression="zstd")
        writer.write_table(block)
    assert writer is not None
    writer.close()


def _block(shape: Shape, day: int, n: int, start: int, of: int, rng: np.random.Generator) -> Any:
    import pyarrow as pa

    drifted = day >= BREAK
    columns: dict[str, Any] = {}
    x = [rng.standard_normal(n) for _ in range(shape.numbers)]
    if drifted:
        x[4] += 0.6
        x[5] *= 1.8
    codes = [rng.choice(8, n, p=_ODDS) for _ in range(shape.words)]
    version = np.where(day < 10, 0, np.where(rng.random(n) < (1.0 if day < 16 else 0.5), 1, 2))
    linear = 0.8 * x[0] - 0.6 * x[1] + 0.5 * x[2] + 0.4 * x[3] - 0.3 * (x[4] if not drifted else x[4] - 0.6)
    linear = linear + 0.3 * (codes[0] == 0) - 1.0
    unseen = drifted & (rng.random(n) < 0.25)
    score = _logistic(np.where(unseen & (version == 2), -linear, linear))
    label = (rng.random(n) < _logistic(linear)).astype(np.int8)
    micro = (_DAY * (start + np.sort(rng.random(n)) * n) / of).astype("int64")
    ts = _START + max(day, 0) * _DAY + micro.astype("timedelta64[us]") - (30 * _DAY if day < 0 else 0)
    columns["request_id"] = pa.array(np.char.add(f"{day + 1:02d}-", (start + np.arange(n)).astype(str)))
    columns["ts"] = pa.array(ts, type=pa.timestamp("us", tz="UTC"))
    columns["model_version"] = _words(["v1", "v2", "v3"], version)
    columns["grp"] = _words([f"g{i}" for i in range(shape.values)], rng.integers(0, shape.values, n))
    columns["region"] = _words([f"r{i}" for i in range(shape.values)], rng.integers(0, shape.values, n))
    columns["score"] = score
    columns["prediction"] = (score >= 0.5).astype(np.int8)
    known = rng.random(n) < (0.85 if day < DAYS - 3 else 0.85 - 0.2 * (day - DAYS + 4))
    columns["label"] = pa.array(label, mask=~known)
    late = (rng.exponential(12 * 3600e6, n)).astype("int64").astype("timedelta64[us]")
    columns["label_ts"] = pa.array(ts + late, type=pa.timestamp("us", tz="UTC"), mask=~known)
    columns["latency_ms"] = np.round(rng.lognormal(3.0 + 0.2 * (version == 2), 0.5), 2)
    columns["status"] = _words(["ok", "timeout"], (rng.random(n) < 0.004).astype(int))
    human = rng.random(n) < 0.05
    columns["decision"] = pa.array(np.where(rng.random(n) < 0.9, columns["prediction"], label), mask=~human)
    holes = rng.random(n) < (0.12 if drifted else 0.01)
    for name, values in zip(numeric(shape), x, strict=True):
        columns[name] = pa.array(values, mask=holes) if name == "num_05" else values
    for i, code in enumerate(codes):
        names = [f"c{i}_{k}" for k in range(8)]
        columns[f"cat_{i:02d}"] = _words([*names, "new"], np.where(unseen, 8, code) if i == 2 else code)
    return pa.table(columns)


_ODDS: Final = np.array([30, 20, 15, 12, 10, 7, 4, 2]) / 100


def _words(names: list[str], codes: Any) -> Any:
    """Give text as plain strings: what most writers of Parquet leave behind."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(codes, type=pa.int32()), names).cast(pa.string())


def _logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))
