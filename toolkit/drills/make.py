"""Small parts that case studies are made of: exact draws, times, and one way to write a table (floor 7).

A reconstruction meets published figures, so its draws are exact: of 7,214 rows exactly as many are wrong as
the report says, and only who and when is drawn. Everything takes a generator, so a seed gives the same
bytes again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Tables = Mapping[str, pd.DataFrame]


def exactly(rng: np.random.Generator, rows: int, share: float) -> np.ndarray:
    """Give ``rows`` booleans of which ``share`` (rounded to whole rows) are true, in random order."""
    flags = np.zeros(rows, dtype=bool)
    flags[: round(rows * share)] = True
    rng.shuffle(flags)
    return flags


def times(rng: np.random.Generator, rows: int, start: str, end: str) -> pd.DatetimeIndex:
    """Give ``rows`` times in [start, end), UTC, sorted, to the second."""
    first, last = (int(pd.Timestamp(t, tz="UTC").timestamp()) for t in (start, end))
    return pd.to_datetime(np.sort(rng.integers(first, last, rows)), unit="s", utc=True)


def scores_for(
    rng: np.random.Generator, positive: Sequence[bool] | np.ndarray, threshold: float, spread: float = 0.2
) -> np.ndarray:
    """Give scores in (0, 1) that lie at or above ``threshold`` exactly where ``positive`` is true."""
    above = np.asarray(positive, dtype=bool)
    away = np.abs(rng.normal(0, spread, above.size)) + 0.002
    high = np.minimum(threshold + away, 0.5 + threshold / 2 + 0.49 * (1 - threshold) * rng.random(above.size))
    low = np.maximum(threshold - away, threshold * 0.5 * rng.random(above.size))
    return np.clip(np.where(above, np.maximum(high, threshold), low), 0.001, 0.999)


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
