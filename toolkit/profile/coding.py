"""Canonical rows in, coded arrays out (floor 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from toolkit.profile.model import Codes, Column, Floats, Sample

_MICRO: Final = 1_000_000.0
#: Beyond this a number is held at it: its order stays, and neither its square nor a float32 of it overflows.
_LARGEST: Final = 1e30

#: From so many names on it pays to give back what sorting them took.
_MANY: Final = 20_000


def code_rows(
    table: Any,
    part: Any,
    *,
    classes: Sequence[str],
    names: Mapping[str, Sequence[str]],
    weight: Floats,
    seed: int = 0,
) -> Sample:
    """Turn canonical rows (an Arrow table, see ``toolkit.logs``) into a sample, in the order of part, then time.

    Args:
        table: columns ``t``, ``id``, ``prediction`` ... ``feature_0`` ...; n rows.
        part: int8 array of n: TRAIN, REFERENCE or LOG for each row.
        classes: class names in the order of their codes; empty for a regression.
        names: the user's names of ``feature``, ``group`` and ``segment`` columns, in the order of their numbers.
        weight: rows of the log that each row stands for.
        seed: rows of one time (or of none) come in a random order: that of the file may be that of the labels, and
            must not look like a change over time.
    """
    part, n = np.asarray(part, dtype=np.int8), table.num_rows
    time = _seconds(table.column("t"))
    order = np.lexsort((np.random.default_rng(seed).permutation(n), time, part))
    code_of = {name: float(i) for i, name in enumerate(classes)}

    def numbers(name: str) -> Floats:
        return _numbers(table.column(name), n)[order]

    def codes(name: str) -> Codes:
        return _codes(table.column(name)).take(order)

    def outcome(name: str) -> Floats:
        if not classes:
            return numbers(name)
        coded = codes(name)
        lookup = np.array([code_of.get(v, np.nan) for v in coded.names] + [np.nan])
        return lookup[coded.codes]

    def column(name: str) -> Column:
        return codes(name) if _is_text(table.column(name)) else numbers(name)

    return Sample(
        part=part[order],
        time=time[order],
        prediction=outcome("prediction"),
        score=numbers("score"),
        label=outcome("label"),
        decision=outcome("decision"),
        label_time=_seconds(table.column("label_time"))[order],
        latency_ms=numbers("latency_ms"),
        ok=numbers("ok"),
        cost=numbers("cost"),
        version=codes("model_version"),
        entity=codes("id"),
        decider=codes("decider"),
        status=codes("status"),
        features={c: column(f"feature_{i}") for i, c in enumerate(names.get("feature", ()))},
        groups={c: codes(f"group_{i}") for i, c in enumerate(names.get("group", ()))},
        segments={c: codes(f"segment_{i}") for i, c in enumerate(names.get("segment", ()))},
        weight=weight[order],
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
    import pyarrow.compute as pc

    chunked = column.cast(pa.string()).combine_chunks()
    if isinstance(chunked, pa.ChunkedArray):
        chunked = pa.concat_arrays(chunked.chunks) if chunked.num_chunks else pa.array([], pa.string())
    encoded = chunked.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    # sorted, so that codes do not depend on the order of rows; the order of UTF-8 is that of characters
    order = pc.sort_indices(encoded.dictionary)
    place = np.full(len(order) + 1, -1, dtype=np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    names = tuple(encoded.dictionary.take(order).to_pylist())
    if len(names) > _MANY:
        del chunked, encoded, order
        pa.default_memory_pool().release_unused()  # it would hold half as much as the names themselves
    return Codes(names, place[codes])


def _is_text(column: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))
