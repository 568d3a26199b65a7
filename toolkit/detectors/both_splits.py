"""Rows that taught the model and judge it as well (floor 4; overfitting): training and validation rows overlap.

A validation row with all the inputs of a training row tests nothing. How often that happens by chance, or because the
same people come back, the served rows tell, which surely did not teach the model (Kapoor & Narayanan 2023, L1.4:
duplicates across the splits). One input that is served otherwise hides it of all of them: then the training rows tell,
which are as often alike among themselves. What leaked is what the validation rows that were fresh lost more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.detectors.evidence import Evidence, difference, from_start, logistic, make, percent
from toolkit.detectors.study import LEAST_ROWS, Study, first_known
from toolkit.detectors.values import distinct
from toolkit.profile.model import Codes, Floats, Mask, Sample

Keys = NDArray[np.uint64]

NAME: Final = "both_splits"
#: The share of validation rows that must be known from training, over the share of served rows that are.
_LEAST: Final = 0.1


def detect(study: Study) -> list[Evidence]:
    """Look for validation rows that are training rows, where serving fell short of what they promised."""
    if study.train is None or study.baseline != "validation" or not study.has_labels:
        return []
    gap, _, interval, z = difference(study.ref_loss.model, first_known(study.log_loss.model))
    if z < 3:
        return []
    names = [n for n in study.ref.features if n in study.train.features]
    train = _keys(study.train, names)
    known, served = (np.isin(_keys(s, names), train).astype(float) for s in (study.ref, study.log))
    more, _, _, surely = difference(_by_chance(study.train, study.log, names, served), known)
    if more < _LEAST or surely < 6 or _fresh_as_good(study.ref_loss.model, known > 0, gap):
        return []
    text = (
        f"{percent(float(known.mean()))} of the validation rows have all the inputs of a training row, and "
        f"{percent(float(served.mean()))} of the served rows: validation promised a loss of "
        f"{float(np.nanmean(study.ref_loss.model)):.3f} on rows that had taught the model."
    )
    return [
        make(
            study, NAME, "leakage", text, strength=0.97 * logistic(12 * (more - _LEAST)), z=min(z, surely),
            change=from_start(study), effect=gap, unit="loss", interval=interval, n=len(known),
            supports=("leakage", "memorised_training_data"),
            refutes=("concept_drift", "label_noise", "label_shift", "bad_rollout"),
        )
    ]  # fmt: skip


def _fresh_as_good(loss: Floats, known: Mask, gap: float) -> bool:
    """Whether the validation rows that are no training rows, of which there are enough, show less than half the gap."""
    if (~np.isnan(loss[~known])).sum() < LEAST_ROWS:
        return False
    _, _, (_, most), _ = difference(loss[known], loss[~known])
    return most < 0.5 * gap


def _by_chance(train: Sample, log: Sample, names: Sequence[str], served: Floats) -> Floats:
    """Mark served rows that are known from training (``served``), or by all inputs but the one that hides most."""
    keys, mine = _keys(train, names), _keys(log, names)
    times = distinct(keys)[1]
    # so many training rows are alike: are as many of the served ones, but for what is served otherwise?
    if times[times > 1].sum() / len(keys) < served.mean() + _LEAST:
        return served
    but_one = (np.isin(mine - _key(log, n), keys - _key(train, n)).astype(float) for n in names)
    return max((served, *but_one), key=lambda marks: float(marks.mean()))


def _keys(sample: Sample, names: Sequence[str]) -> Keys:
    """Give a number for all inputs of each row: rows with the same have the same inputs."""
    return sum((_key(sample, n) for n in names), np.zeros(len(sample), dtype=np.uint64))


def _key(sample: Sample, name: str) -> Keys:
    """Give the same for one input, another number for the same value of another one; unknown values are alike."""
    column, salt = sample.features[name], pd.util.hash_array(np.array([name], dtype=object)) | np.uint64(1)
    if not isinstance(column, Codes):
        return pd.util.hash_array(column + 0.0) * salt  # no zero is negative
    values: Keys = pd.util.hash_array(np.array([*column.names, ""], dtype=object)) * salt
    return np.where(column.codes >= 0, values[column.codes], np.uint64(0))
