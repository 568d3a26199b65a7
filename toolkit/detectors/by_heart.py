"""A model that knows its training rows by heart, and less of all others than they teach (floor 4; overfitting).

Many a flexible model is never wrong on the rows that taught it, and is as good on others as can be. What tells one that
learnt rows, not the task, is that more was to be learnt from the very same rows: a fresh learner, taught on them, errs
less than the model on held-out rows and on the first served ones. That is the model's variance beyond what the rows
force on it (Hastie, Tibshirani & Friedman 2009, 7.3), and validation rows may have shown it all along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, from_start, logistic, make, percent
from toolkit.detectors.generalisation import naive_loss
from toolkit.detectors.matrices import Design, design
from toolkit.detectors.promise import finite, hardly_wrong
from toolkit.detectors.study import LEAST_ROWS, Study
from toolkit.profile.model import Floats, Ints, Sample

NAME: Final = "by_heart"
#: Rows that teach and are judged at most, and how surely (z) the fresh learner must err less.
_MOST, _SURE = 1500, 4.0
#: The part of the model's errors, and of the skill that is to be had, by which it may as well be better by kind.
_PART, _SKILL = 0.2, 0.08
#: The part of its errors by which a model as good as others may be worse, and that of the plainest answer's that it
#: may make to be of use.
_ALIKE, _USEFUL = 0.15, 0.85
#: How surely (z) the model must err more when served than in training, for it to be asked why.
_GAP: Final = 3.0
#: From this z on it errs more than held-out rows had promised.
_KEPT: Final = 2.5
#: Labelled training rows at least: of fewer, kinds of learners differ widely, and none of them need be at fault.
_LEAST: Final = 100


def detect(study: Study) -> list[Evidence]:
    """Look for a model that is never wrong in training and worse elsewhere than what its rows teach another."""
    train, loss = study.train, study.train_loss
    if train is None or loss is None or not study.has_labels:
        return []
    model = study.log_loss.model
    first = np.flatnonzero(~np.isnan(model))
    first = first[: max(len(first) // 3, min(len(first), 2 * LEAST_ROWS))]
    if not len(first) or difference(loss.model, model[first])[3] < _GAP:
        return []
    at_serving = _beside(study, train, study.log, np.where(np.isin(np.arange(len(model)), first), model, np.nan))
    if at_serving is None:
        return []
    held_out = _beside(study, train, study.ref, study.ref_loss.model) if study.baseline == "validation" else None
    kept = held_out is not None and difference(study.ref_loss.model, model[first])[3] < _KEPT
    if held_out is not None and kept and _as_good(study, at_serving, held_out):
        text = (
            f"The model errs {at_serving.model:.3f} on the first served rows and {held_out.model:.3f} on held-out "
            f"ones, as a fresh learner does that was taught on the same rows ({at_serving.fresh:.3f} and "
            f"{held_out.fresh:.3f}): no more was to be learnt from them, and no more was promised."
        )
        return [make(study, NAME, "", text, strength=0.0, z=at_serving.z, refutes=("memorised_training_data",),
                     effect=at_serving.gap, unit="loss", n=len(first))]  # fmt: skip
    if at_serving.z < _SURE or not hardly_wrong(study, train, loss.model):
        return []
    if held_out is not None and held_out.gap + 1.64 * held_out.error < 0.5 * at_serving.gap:
        return []  # what is served may be unlike what was taught: held-out rows are not
    to_be_had = naive_loss(study) - at_serving.fresh
    if to_be_had <= 0:
        return []
    strength = 0.95 * logistic(20 * (at_serving.part - _PART)) * logistic(60 * (at_serving.gap / to_be_had - _SKILL))
    text = (
        f"The model is all but never wrong on the rows that taught it, and errs {at_serving.model:.3f} on the first "
        f"served ones, where a fresh learner, taught on the same rows, errs {at_serving.fresh:.3f}: "
        f"{percent(at_serving.part)} of its errors it need not make."
    )
    return [
        make(
            study, NAME, "memorised_training_data", text, strength=strength, z=at_serving.z,
            change=from_start(study), effect=at_serving.gap, unit="loss",
            n=len(first), details={"served": at_serving.model, "fresh": at_serving.fresh},
        )
    ]  # fmt: skip


def _as_good(study: Study, served: _Beside, held_out: _Beside) -> bool:
    """Whether the model is as good as another that was taught alike, and of use."""
    alike = all(one.gap + 1.64 * one.error < _ALIKE * one.model for one in (served, held_out))
    return alike and served.model < _USEFUL * naive_loss(study)


@dataclass(frozen=True)
class _Beside:
    """The mean loss of the model and of a fresh learner on the same rows, and the standard error of the difference."""

    model: float
    fresh: float
    error: float

    @property
    def gap(self) -> float:
        """Give how much more the model errs."""
        return self.model - self.fresh

    @property
    def z(self) -> float:
        """Give how surely it does."""
        return self.gap / self.error if self.error > 0 else 0.0

    @property
    def part(self) -> float:
        """Give the part of the model's errors that the learner does not make."""
        return self.gap / self.model if self.model > 0 else 0.0


def _beside(study: Study, train: Sample, judged: Sample, loss: Floats) -> _Beside | None:
    """Judge a forest that was taught on training rows beside the model; ``None`` where too few rows are known."""
    columns, rng = design(train, judged), np.random.default_rng(study.profile.seed)
    taught, rows = (
        np.sort(rng.permutation(np.flatnonzero(known))[:_MOST])
        for known in (~np.isnan(train.label), ~np.isnan(loss) & ~np.isnan(judged.label))
    )
    y, truth, model = train.label[taught], judged.label[rows], loss[rows]
    if not columns.names or len(taught) < _LEAST or len(rows) < LEAST_ROWS or len(np.unique(y)) < 2:
        return None
    said = _forest(study, columns, taught, y).predict(finite(columns.log.rows(rows)))
    fresh = np.abs(said - truth) * study.weight(judged)[rows] if study.regression else (said != truth).astype(float)
    apart = model - fresh
    return _Beside(float(model.mean()), float(fresh.mean()), float(apart.std() / np.sqrt(len(apart))))


def _forest(study: Study, columns: Design, taught: Ints, y: Floats) -> Any:
    """Teach a forest on training rows; once a study, for whatever rows it is to judge of the same columns."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    key = f"by heart: {columns.names}"
    if key not in study.memo:
        kind: Any = RandomForestRegressor if study.regression else RandomForestClassifier
        forest = kind(100, min_samples_leaf=2, random_state=study.profile.seed)
        study.memo[key] = forest.fit(finite(columns.ref.rows(taught)), y)
    return study.memo[key]
