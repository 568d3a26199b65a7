"""Build a profile from a log (floor 3): one scan for the exact counts, one for the seeded sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.profile.coding import code_rows, in_order
from toolkit.profile.cubes import count
from toolkit.profile.model import LOG, REFERENCE, TRAIN, Codes, Profile, Sample

if TYPE_CHECKING:
    from toolkit.logs import Log

#: A log of up to this many rows is its own sample.
SAMPLE_ROWS: Final = 200_000
_MODULUS: Final = 1_000_003


def build_profile(log: Log, *, seed: int = 0, sample_rows: int = SAMPLE_ROWS) -> Profile:
    """Read a log and its reference into a profile.

    Args:
        log: the log, with its reference where there is one.
        seed: which rows are sampled, and every random number further up.
        sample_rows: the most rows held in memory, of the log and of the reference each.
    """
    names = {"feature": log.feature_names, "group": log.group_names, "segment": log.segment_names}
    kept = {LOG: log.validation.rows_kept}
    parts = []
    for part, source in ((REFERENCE, log.reference), (LOG, log)):
        if source is None:
            continue
        table, weight = _sample(source, sample_rows, seed)
        place = _parts(table, part)
        parts.append(
            code_rows(
                table, place, classes=log.classes, names=names, weight=np.full(table.num_rows, weight, dtype=float)
            )
        )
    if log.reference is not None:
        kept[REFERENCE] = log.reference.validation.rows_kept
    return Profile(
        task=log.task,
        classes=log.classes,
        sample=in_order(join(parts), seed),
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
        return log.rows.arrow("SELECT * FROM rows"), 1.0
    keep = int(_MODULUS * most / total)
    # a hash of the content: the same rows whatever the order of files or threads; features where no id tells rows apart
    told = [] if log.roles.column("id") else [f"feature_{i}" for i in range(min(len(log.feature_names), 20))]
    content = ", ".join(["t", "id", "score", "prediction", "label", "decision", "latency_ms", *told])
    picked = f"hash({content}, {int(seed)}) % {_MODULUS} < {keep}"
    table = log.rows.arrow(f"SELECT * FROM rows WHERE {picked}")
    return table, total / max(table.num_rows, 1)


def _parts(table: Any, part: int) -> NDArray[np.int8]:
    """Tell training rows from the others by the column ``split``."""
    out = np.full(table.num_rows, part, dtype=np.int8)
    if part == REFERENCE:
        split = np.array([str(v).strip().lower() for v in table.column("split").to_pylist()])
        out[np.isin(split, ["train", "training", "fit"])] = TRAIN
    return out


def join(parts: list[Sample]) -> Sample:
    """Put samples of the same columns below each other; text columns get one list of names."""
    if len(parts) == 1:
        return parts[0]
    new: dict[str, Any] = {}
    for name, value in parts[0].__dict__.items():
        if isinstance(value, dict):
            new[name] = {k: _stack([getattr(p, name)[k] for p in parts]) for k in value}
        else:
            new[name] = _stack([getattr(p, name) for p in parts])
    return Sample(**new)


def _stack(columns: list[Any]) -> Any:
    """Stack columns; a feature that is text in one part and all NULL numbers in another is text."""
    if not any(isinstance(c, Codes) for c in columns):
        return np.concatenate(columns)
    texts = [c if isinstance(c, Codes) else Codes((), np.full(len(c), -1, dtype=np.int64)) for c in columns]
    names = sorted({n for c in texts for n in c.names})
    place = {n: i for i, n in enumerate(names)}
    codes = [np.array([*[place[n] for n in c.names], -1], dtype=np.int64)[c.codes] for c in texts]
    return Codes(tuple(names), np.concatenate(codes))
