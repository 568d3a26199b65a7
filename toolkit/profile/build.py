"""Build a profile from a log (floor 3): one scan for the exact counts, one for the seeded sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.profile.coding import code_rows
from toolkit.profile.cubes import count
from toolkit.profile.model import LOG, REFERENCE, TRAIN, Profile

if TYPE_CHECKING:
    from toolkit.logs import Log

#: A log of up to this many rows is its own sample.
SAMPLE_ROWS: Final = 100_000
_MODULUS: Final = 2**40


def build_profile(log: Log, *, seed: int = 0, sample_rows: int = SAMPLE_ROWS) -> Profile:
    """Read a log and its reference into a profile.

    Args:
        log: the log, with its reference where there is one.
        seed: which rows are sampled, and every random number further up.
        sample_rows: the most rows held in memory, of the log and of the reference each.
    """
    names = {"feature": log.feature_names, "group": log.group_names, "segment": log.segment_names}
    kept = {LOG: log.validation.rows_kept}
    tables, places, weights = [], [], []
    for part, source in ((REFERENCE, log.reference), (LOG, log)):
        if source is None:
            continue
        table, weight = _sample(source, sample_rows, seed)
        tables.append(table)
        places.append(_parts(table, part))
        weights.append(np.full(table.num_rows, weight, dtype=float))
    if log.reference is not None:
        kept[REFERENCE] = log.reference.validation.rows_kept
    sample = code_rows(
        _below_each_other(tables),
        np.concatenate(places),
        classes=log.classes,
        names=names,
        weight=np.concatenate(weights),
        seed=seed,
    )
    return Profile(
        task=log.task,
        classes=log.classes,
        sample=sample,
        rows=kept,
        cubes=count(log),
        missing_columns=log.missing_columns,
        new_columns=log.new_columns,
        types=log.type_changes,
        seed=seed,
    )


def _sample(log: Log, most: int, seed: int) -> tuple[Any, float]:
    """Give the canonical rows, all or a seeded part of them, and how many rows each stands for."""
    total = log.validation.rows_kept
    if total <= most:
        return _gathered(log, "", [""]), 1.0
    keep = int(_MODULUS * most / total)
    # a hash of the content: the same rows whatever the order of files or threads; features where no id tells rows apart
    if log.roles.column("id") and log.roles.column("timestamp"):
        told = ["t", "id"]
    else:
        features = [] if log.roles.column("id") else [f"feature_{i}" for i in range(min(len(log.feature_names), 20))]
        told = ["t", "id", "score", "prediction", "label", "decision", "latency_ms", *features]
    place = log.rows.dialect.hashed(", ".join([*told, str(int(seed))]), _MODULUS)
    # a power of two holds the sample of a log that has grown meanwhile
    powers = range((keep - 1).bit_length(), _MODULUS.bit_length() - 1)
    table = _gathered(log, f" WHERE {place} < {keep}", [*(f" WHERE {place} < {2**power}" for power in powers), ""])
    return table, total / max(table.num_rows, 1)


def _gathered(log: Log, picked: str, wider: list[str]) -> Any:
    """Give the rows that a condition picks; all of them meet each of the wider conditions, few others the first."""
    if not log.rows.keeps:
        return log.rows.arrow(f"SELECT * FROM rows{picked}")
    sql, *also = (f"SELECT * FROM rows{condition}" for condition in wider)
    return log.rows.gather(sql, f"SELECT * EXCLUDE (_part, _before) FROM parts{picked}", also)


def _parts(table: Any, part: int) -> NDArray[np.int8]:
    """Tell training rows from the others by the column ``split``."""
    import pyarrow.compute as pc

    out = np.full(table.num_rows, part, dtype=np.int8)
    if part == REFERENCE:
        train = pc.fill_null(pc.equal(table.column("split"), "train"), False)
        out[train.to_numpy(zero_copy_only=False)] = TRAIN
    return out


def _below_each_other(tables: list[Any]) -> Any:
    """Put the rows of reference and log into one table; both have the same canonical columns."""
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="permissive")
