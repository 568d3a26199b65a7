"""Canonical rows in, coded arrays out (floor 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from toolkit.profile.model import Codes, Column, Floats, Sample

_MICRO: Final = 1_000_000.0
#: Beyond this a number is held at it: its order stays, and neither its square nor a float32 of it overflows.
_LARGEST: Final = 1e30


def code_rows(
    table: Any,
    part: Any,
    *,
    classes: Sequence[str],
    names: Mapping[str, Sequence[str]],
    weight: Floats | None = None,
) -> Sample:
    """Turn canonical rows (an Arrow table, see ``toolkit.logs``) into a sample.

    Args:
        table: columns ``t``, ``id``, ``prediction`` ... ``feature_0`` ...; n rows.
        part: int8 array of n: TRAIN, REFERENCE or LOG for each row.
        classes: class names in the order of their codes; empty for a regression.
        names: the user's names of ``feature``, ``group`` and ``segment`` columns, in the order of their numbers.
        weight: rows of the log that each row stands for; default 1.
    """
    n = table.num_rows
    code_of = {name: float(i) for i, name in enumerate(classes)}

    def numbers(name: str) -> Floats:
        return _numbers(table.column(name), n)

    def outcome(name: str) -> Floats:
        if not classes:
            return numbers(name)
        coded = _codes(table.column(name))
        lookup = np.array([code_of.get(v, np.nan) for v in coded.names] + [np.nan])
        return lookup[coded.codes]

    return Sample(
        part=np.asarray(part, dtype=np.int8),
        time=_seconds(table.column("t")),
        prediction=outcome("prediction"),
        score=numbers("score"),
        label=outcome("label"),
        decision=outcome("decision"),
        label_time=_seconds(table.column("label_time")),
        latency_ms=numbers("latency_ms"),
        ok=numbers("ok"),
        cost=numbers("cost"),
        version=_codes(table.column("model_version")),
        entity=_codes(table.column("id")),
        decider=_codes(table.column("decider")),
        status=_codes(table.column("status")),
        features={c: _column(table.column(f"feature_{i}"), n) for i, c in enumerate(names.get("feature", ()))},
        groups={c: _codes(table.column(f"group_{i}")) for i, c in enumerate(names.get("group", ()))},
        segments={c: _codes(table.column(f"segment_{i}")) for i, c in enumerate(names.get("segment", ()))},
        weight=np.ones(n) if weight is None else weight,
    )


def _numbers(column: Any, n: int) -> Floats:
    import pyarrow as pa

    if pa.types.is_null(column.type):
        return np.full(n, np.nan)
    values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    values[np.isinf(values)] = np.nan
    return np.clip(values, -_LARGEST, _LARGEST)


def _seconds(column: Any) -> Floats:
    """Seconds since 1970 from a TIMESTAMP column in UTC; NaN where NULL."""
    import pyarrow as pa

    micro = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    micro = np.asarray(micro, dtype="datetime64[us]")
    out = micro.astype(np.int64).astype(np.float64) / _MICRO
    out[np.isnat(micro)] = np.nan
    return out


def _codes(column: Any) -> Codes:
    import pyarrow as pa

    chunked = column.cast(pa.string()).combine_chunks()
    if isinstance(chunked, pa.ChunkedArray):
        chunked = pa.concat_arrays(chunked.chunks) if chunked.num_chunks else pa.array([], pa.string())
    encoded = chunked.dictionary_encode()
    names = [str(v) for v in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    # sorted, so that codes do not depend on the order of rows
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    for new, old in enumerate(order):
        place[old] = new
    return Codes(tuple(names[i] for i in order), place[codes])


def _column(column: Any, n: int) -> Column:
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _codes(column)
    return _numbers(column, n)


def in_order(sample: Sample, seed: int = 0) -> Sample:
    """Sort by part, then time; rows of one time (or of none) in a seeded random order.

    The order of a file among equal times may be that of the labels: it must not look like a change over time.
    """
    shuffled = np.random.default_rng(seed).permutation(len(sample))
    return sample.take(np.lexsort((shuffled, sample.time, sample.part)))
