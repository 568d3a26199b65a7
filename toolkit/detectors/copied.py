"""Rows that have the inputs of another row (floor 4; integration): a cache whose key is too short.

Several numbers with many digits are never all the same twice. Where they are, and another request is answered, the
inputs are those of an earlier one; each column alone looks as before. A request that was sent twice, or a person who
comes back, has the label of the earlier row as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from toolkit.detectors.evidence import Evidence, inside, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import distinct
from toolkit.profile.model import Floats, Ints, Sample
from toolkit.timeline.change import Change, find_change

NAME: Final = "copied"
#: Numbers that must agree, the share of a column's values that come once, and the rise of copies that counts.
_NUMBERS, _ONCE, _RISE, _LEAST = 3, 0.8, 0.02, 15
#: Copies before the change, as a part of those since, that say that rows come back by themselves.
_BEFORE: Final = 0.1


def detect(study: Study) -> list[Evidence]:
    """Look for rows whose inputs are all those of an earlier row that was another request."""
    numbers = {n: pair for n, pair in study.numbers.items() if _many(pair[0])}
    if len(numbers) < _NUMBERS:
        return []
    bases, columns = zip(*numbers.values(), strict=True)
    earlier = _earlier(study.log, columns)
    log, base = (earlier >= 0).astype(float), (_earlier(study.ref, bases) >= 0).astype(float)
    usual = float(base.mean()) if len(base) else 0.0
    reference = None if study.own_reference else (usual, usual * (1 - usual) + 1e-4, float(len(base)))
    change = find_change(log, reference=reference)
    rows = inside(change, len(log)) & (log > 0)
    if not change.found or change.z < 6 or change.after - change.before < _RISE or rows.sum() < _LEAST:
        return []
    if max(change.before, usual) > _BEFORE * change.after:
        return []  # people come back as they are, and the longer a log the more of them
    label, source = study.log.label, earlier[rows]
    if not _various(columns, np.unique(source[log[source] == 0])):
        return []  # a default, a feed that stopped, or numbers that lost their digits
    same = _same(label, label[rows], label[source])
    if same:
        return []
    told = same is not None or bool((study.log.entity.codes[rows] >= 0).any())
    what = "that was another request" if told else "(nothing says whether it was another request)"
    text = (
        f"{percent(change.after)} of the rows {since(change)} have all {len(numbers)} many-digit inputs of an earlier "
        f"row {what}, {percent(max(change.before, 0.0))} {_else(change)}: they are answered for the wrong one."
    )
    return [
        make(
            study, NAME, "stale_feature", text, strength=0.97 if told else 0.5, z=change.z, change=change, rows=rows,
            effect=change.after - change.before, unit="share of rows", n=int(rows.sum()), features=[*numbers][:5],
            supports=("stale_feature", "training_serving_skew"),
            refutes=("label_noise", "concept_drift", "covariate_shift"),
        )
    ]  # fmt: skip


def _many(column: Floats) -> bool:
    """Whether of a column's numbers most come once: no code, no count, no price."""
    have = column[~np.isnan(column)][:2000]
    return len(have) >= 2 * _LEAST and len(distinct(have)[0]) > _ONCE * len(have)


def _earlier(sample: Sample, columns: Sequence[Floats]) -> Ints:
    """Give for each row the last one before it with all its numbers and another entity (where known), else -1.

    Numbers that are both missing are alike, but three must be known.
    """
    table = pd.DataFrame({str(i): column + 0.0 for i, column in enumerate(columns)}, copy=False)  # no zero is negative
    key = pd.util.hash_pandas_object(table, index=False).to_numpy()
    full = table.notna().sum(axis=1).to_numpy() >= _NUMBERS
    order = np.argsort(key, kind="stable")
    entity = sample.entity.codes[order]
    same = (key[order][1:] == key[order][:-1]) & full[order][1:]
    same &= (entity[1:] < 0) | (entity[1:] != entity[:-1])
    out = np.full(len(sample), -1, dtype=np.int64)
    out[order[1:][same]] = order[:-1][same]
    return out


def _various(columns: Sequence[Floats], sources: Ints) -> bool:
    """Whether the rows that others are copies of are many, with numbers of their own."""
    having = (column[sources][~np.isnan(column[sources])] for column in columns)
    fine = [len(have) >= _LEAST and len(distinct(have)[0]) > _ONCE * len(have) for have in having]
    return sum(fine) >= _NUMBERS


def _same(label: Floats, here: Floats, there: Floats) -> bool | None:
    """Whether copies have the labels of their sources, rather always than by chance; ``None`` where few are known."""
    known = ~(np.isnan(here) | np.isnan(there))
    if known.sum() < _LEAST:
        return None
    times = distinct(label[~np.isnan(label)])[1]
    chance = float(((times / times.sum()) ** 2).sum())
    return float((here == there)[known].mean()) > (1 + chance) / 2


def _else(change: Change) -> str:
    return {"from_start": "in the baseline", "pulse": "otherwise"}.get(change.shape, "before it")
