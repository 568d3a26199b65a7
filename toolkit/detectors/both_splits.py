"""Rows that taught the model and judge it as well (floor 4; overfitting): training and validation rows overlap.

A validation row with all the inputs of a training row tests nothing. How often that happens by chance, or because the
same people come back, the served rows tell, which surely did not teach the model (Kapoor & Narayanan 2023, L1.4:
duplicates across the splits).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from toolkit.detectors.evidence import Evidence, difference, from_start, logistic, make, percent
from toolkit.detectors.study import Study, first_known
from toolkit.profile.model import Column, Floats, Sample

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
    held, served = (_known_from(study.train, sample) for sample in (study.ref, study.log))
    more, _, _, surely = difference(served, held)
    if more < _LEAST or surely < 6:
        return []
    text = (
        f"{percent(float(held.mean()))} of the validation rows have all the inputs of a training row, and "
        f"{percent(float(served.mean()))} of the served rows: validation promised a loss of "
        f"{float(np.nanmean(study.ref_loss.model)):.3f} on rows that had taught the model."
    )
    return [
        make(
            study, NAME, "leakage", text, strength=0.97 * logistic(12 * (more - _LEAST)), z=min(z, surely),
            change=from_start(study), effect=gap, unit="loss", interval=interval, n=len(held),
            supports=("leakage", "memorised_training_data"),
            refutes=("concept_drift", "label_noise", "label_shift", "bad_rollout"),
        )
    ]  # fmt: skip


def _known_from(train: Sample, sample: Sample) -> Floats:
    """Mark the rows of a sample that have all the inputs of a training row."""
    names = [n for n in sample.features if n in train.features]
    keys = pd.util.hash_pandas_object(_table([train, sample], names), index=False).to_numpy()
    return np.isin(keys[len(train) :], keys[: len(train)]).astype(float)


def _table(samples: Sequence[Sample], names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({n: np.concatenate([_plain(s.features[n]) for s in samples]) for n in names})


def _plain(column: Column) -> np.ndarray:
    """Give numbers as they are, and the texts of a column of codes, None where unknown."""
    if isinstance(column, np.ndarray):
        return column
    return np.array([*column.names, None], dtype=object)[column.codes]
