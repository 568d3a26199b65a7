"""Rows that have the inputs of another row (floor 4; integration): a cache whose key is too short.

Several numbers with many digits are never all the same twice. Where they are, and another request is answered, the
inputs are those of an earlier one; each column alone looks as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import distinct
from toolkit.profile.model import Floats, Sample
from toolkit.timeline.change import find_change

NAME: Final = "copied"
#: Numbers that must agree, the share of a column's values that come once, and the rise of copies that counts.
_NUMBERS, _ONCE, _RISE, _LEAST = 3, 0.8, 0.02, 15
#: Copies before the change, as a part of those since, that say that rows come back by themselves.
_BEFORE: Final = 0.1


def detect(study: Study) -> list[Evidence]:
    """Look for rows whose inputs are all those of an earlier row that was another request."""
    numbers = {n: pair for n, pair in study.numbers.items() if _many(pair[0]) and _many(pair[1])}
    if len(numbers) < _NUMBERS:
        return []
    bases, columns = zip(*numbers.values(), strict=True)
    log, base = _copies(study.log, columns), _copies(study.ref, bases)
    usual = float(base.mean()) if len(base) else 0.0
    reference = None if study.own_reference else (usual, usual * (1 - usual) + 1e-4, float(len(base)))
    change = find_change(log, reference=reference)
    rows = inside(change, len(log)) & (log > 0)
    if not change.found or change.z < 6 or change.after - change.before < _RISE or rows.sum() < _LEAST:
        return []
    if max(change.before, usual) > _BEFORE * change.after:
        return []  # people come back as they are, and the longer a log the more of them
    text = (
        f"{percent(change.after)} of the rows {since(change)} have all {len(numbers)} many-digit inputs of an earlier "
        f"row that was another request, {percent(max(change.before, 0.0))} before it: they are answered for the wrong "
        "one."
    )
    return [
        make(
            study, NAME, "stale_feature", text, strength=0.97, z=change.z, change=change, rows=rows,
            effect=change.after - change.before, unit="share of rows", n=int(rows.sum()), features=[*numbers][:5],
            supports=("stale_feature", "training_serving_skew"),
            refutes=("label_noise", "concept_drift", "covariate_shift"),
        )
    ]  # fmt: skip


def _many(column: Floats) -> bool:
    """Whether of a column's numbers most come once: no code, no count, no price."""
    have = column[~np.isnan(column)][:2000]
    return len(have) >= 2 * _LEAST and len(distinct(have)[0]) > _ONCE * len(have)


def _copies(sample: Sample, columns: Sequence[Floats]) -> Floats:
    """Mark rows with all the numbers of an earlier row of another entity (where entities are known)."""
    key = np.zeros(len(sample))
    for column in columns:
        key = key * 1.6180339887 + column  # one number for all: what differs in one of them differs in it
    order = np.argsort(key, kind="stable")  # unknown ones come last, and equal none
    again = np.zeros(len(key))
    same = key[order][1:] == key[order][:-1]
    entity = sample.entity.codes[order]
    again[order[1:]] = same & ((entity[1:] < 0) | (entity[1:] != entity[:-1]))
    return again
