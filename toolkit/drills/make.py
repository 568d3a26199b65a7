"""Small parts that case studies are made of: exact draws, times, and one way to write a table (floor 7).

A reconstruction meets published figures, so its draws are exact: of 7,214 rows exactly as many are wrong as
the report says, and only who and when is drawn. Everything takes a generator, so a seed gives the same
bytes again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Tables = Mapping[str, pd.DataFrame]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def exactly(rng: np.random.Generator, rows: int, share: float) -> Flags:
    """Give ``rows`` booleans of which ``share`` (rounded to whole rows) are true, in random order."""
    flags = np.zeros(rows, dtype=bool)
    flags[: round(rows * share)] = True
    rng.shuffle(flags)
    return flags


def times(rng: np.random.Generator, rows: int, start: str, end: str) -> pd.DatetimeIndex:
    """Give ``rows`` times in [start, end), UTC, sorted, to the second."""
    first, last = (int(pd.Timestamp(t, tz="UTC").timestamp()) for t in (start, end))
    return pd.to_datetime(np.sort(rng.integers(first, last, rows)), unit="s", utc=True)


def top(latent: Floats, share: float) -> Flags:
    """Mark exactly ``share`` of the rows (rounded to whole rows): those with the highest ``latent``."""
    chosen = np.zeros(latent.size, dtype=bool)
    chosen[np.argsort(-latent, kind="stable")[: round(latent.size * share)]] = True
    return chosen


def scores(latent: Floats, chosen: Flags, scale: float = 1.0) -> Floats:
    """Turn ``latent`` into scores in (0, 1) that reach one half exactly where ``chosen`` (as ``top`` gives) is true."""
    if chosen.all() or not chosen.any():
        cut = latent.min() - 1e-6 if chosen.all() else latent.max() + 1e-6
    else:
        cut = (latent[chosen].min() + latent[~chosen].max()) / 2
    odds = np.clip((latent - cut) / scale, -8, 8)
    given: Floats = 1 / (1 + np.exp(-odds))
    return np.where(chosen, np.maximum(given, 0.5), np.minimum(given, 0.499))


def logistic(odds: Floats) -> Floats:
    """Give the probability of log odds."""
    given: Floats = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return given


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write Parquet in small types, with nothing of this machine: the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    small = pd.DataFrame({str(name): _small(frame[name]) for name in frame.columns})
    table = pa.Table.from_pandas(small, preserve_index=False).replace_schema_metadata(None)
    half_way = path.with_name(f"{path.name}.{os.getpid()}.part")
    pq.write_table(table, half_way, compression="zstd", compression_level=15)
    half_way.replace(path)
    return path


def _small(column: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column in the smallest honest type."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.astype("datetime64[ms, UTC]")
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("int8")
    if pd.api.types.is_float_dtype(column.dtype):
        whole = column.dropna()
        if len(whole) and bool((whole == whole.round()).all()) and bool((whole.abs() < 2**31).all()):
            return column.astype("Int32")
        return column.astype("float64").round(4).astype("float32")
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype("Int32") if column.isna().any() else pd.to_numeric(column, downcast="integer")
    return column
