"""Was it ever as good as promised? (floor 4; overfitting): training, validation and the first served rows."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, difference, from_start, logistic, make, not_testable, percent
from toolkit.detectors.study import LEAST_ROWS, Study, first_known, is_probability
from toolkit.detectors.support import off_support
from toolkit.detectors.where import of_one_group
from toolkit.profile.model import Floats

NAME = "generalisation"
#: What is left of a model that learned by heart where one group alone is served worse.
_OF_SOME: Final = 0.3


def detect(study: Study, moves: dict[str, Moved], explained: set[str]) -> list[Evidence]:
    """Look at the gap between training, validation and serving."""
    if study.own_reference:
        return [not_testable(NAME, ("memorised_training_data", "leakage"), "There is no reference to hold the log to.")]
    if not study.has_labels:
        return [not_testable(NAME, ("memorised_training_data", "leakage"), "The log has no labels.")]
    return _memorised(study, moves, explained)


def plainest(label: Floats, *, regression: bool) -> float:
    """Give the loss of always answering the commonest label (classification) or the median (regression)."""
    label = label[~np.isnan(label)]
    if not len(label):
        return float("nan")
    if regression:
        return float(np.abs(label - np.median(label)).mean())
    return float(1 - np.unique(label, return_counts=True)[1].max() / len(label))


def naive_loss(study: Study) -> float:
    """Give the loss of the plainest answer on the log."""
    return plainest(study.log.label, regression=study.regression)


def unskilled(study: Study, loss: Floats) -> bool:
    """Whether one and the same answer would be right about as often as those of this loss of the log's rows."""
    return bool(float(np.nanmean(loss)) > 0.95 * naive_loss(study))


def _guessing(study: Study) -> float:
    """Give the mean loss of answers drawn at random from the labels themselves."""
    label = study.log.label[~np.isnan(study.log.label)]
    if study.regression:
        return float(np.abs(label - np.roll(label, len(label) // 2)).mean()) if len(label) else float("inf")
    _, counts = np.unique(label, return_counts=True)
    return float(1 - ((counts / counts.sum()) ** 2).sum()) if len(label) else float("inf")


def _plain_reference(study: Study, naive: float) -> float:
    """Give the loss of the plainest answer on the reference's own labels; that of the log where it has none."""
    if (~np.isnan(study.ref.label)).sum() < LEAST_ROWS:
        return naive
    return plainest(study.ref.label, regression=study.regression) or naive


def _memorised(study: Study, moves: dict[str, Moved], explained: set[str]) -> list[Evidence]:
    # rows unlike all of the baseline say nothing of what was memorised
    like = np.where(off_support(study), np.nan, 0.0)
    like = like if (~np.isnan(like)).sum() >= 100 else np.zeros(len(like))
    serving = first_known(study.log_loss.model + like)
    if len(serving) < LEAST_ROWS:
        serving = first_known(study.log_loss.final + like)
    train_loss = study.train_loss.model if study.train_loss is not None else None
    validation = study.ref_loss.model if study.baseline == "validation" else None
    best = train_loss if train_loss is not None else validation
    if best is None or np.isnan(best).all() or len(serving) < LEAST_ROWS:
        return []
    d, _, interval, z = difference(best, serving)
    z *= 0.8 / float(np.sqrt(study.hang(study.ref_loss.model)[1]))
    promised, served, naive = float(np.nanmean(best)), float(serving.mean()), max(naive_loss(study), 1e-9)
    if z < 3 or not np.isfinite(d):
        text = f"The first served rows err as the reference does ({served:.3f} against {promised:.3f})."
        return [
            make(
                study,
                NAME,
                "",
                text,
                strength=0.0,
                z=z,
                refutes=("memorised_training_data",),
                effect=d,
                unit="loss",
            )
        ]
    if promised > 0.95 * _plain_reference(study, naive):
        return []  # what was no better than the plainest answer on the reference promised nothing
    kept = max(naive - served, 0.0) / max(naive - promised, 1e-9)
    held = 0.0
    if validation is not None and train_loss is not None:
        v, _, _, _ = difference(train_loss, validation)
        held = v / d if d > 0 else 0.0
    moved = [m for n, m in moves.items() if n not in explained and m.distance > 0.12]
    # a gap that the held-out rows showed already needs no change of the inputs to explain it
    quiet = max(1.0 / (1.0 + 0.6 * len(moved)), min(held, 1.0))
    if train_loss is not None:
        # a flexible model is always perfect on its own rows: what counts is how little of its skill was left
        strength = logistic(14 * (0.55 - kept)) * (0.8 + 0.2 * min(max(held, 0.0), 1.0))
    else:
        strength = 0.75 * logistic(8 * (0.7 - kept))
    if validation is not None:
        # validation that promised what serving never gave was not apart from the training rows
        worse = 0.8 * difference(validation, serving)[3]
        strength = max(strength, 0.8 * logistic(1.5 * (worse - 5.0)))
    strength *= quiet * _too_sure(study) * (0.5 if explained else 1.0)
    if served - 3 * float(serving.std()) / np.sqrt(len(serving)) > _guessing(study):
        strength *= 0.1  # what was learned by heart is guessed; to be wrong more often than that takes a reason
    of_some = of_one_group(study, study.log_loss.model - promised)
    strength *= _OF_SOME if of_some else 1.0  # and it is guessed for everybody
    text = (
        f"From the first served rows the loss is {served:.3f}; on "
        f"{'its training rows' if train_loss is not None else 'the reference'} "
        f"it was {promised:.3f}, and answering the commonest label gives {naive:.3f}: "
        f"{percent(min(kept, 1.0))} of the promised skill is left."
    )
    if held > 0.3:
        text += f" The validation rows already showed {percent(min(held, 1.0))} of the gap."
    return [
        make(
            study,
            NAME,
            "memorised_training_data",
            text,
            strength=strength,
            z=z,
            change=from_start(study),
            effect=d,
            unit="loss",
            interval=interval,
            n=len(serving),
            refutes=("covariate_shift", "concept_drift", "unrepresentative_data") if not (moved or of_some) else (),
            details={"skill_left": kept, "gap_in_validation": held},
        )
    ]


def _too_sure(study: Study) -> float:
    """A model that memorised is sure of answers that are wrong; one that is only flexible knows its doubts."""
    gap = _stated(study)
    if gap is None:
        return 1.0
    first = first_known(gap)
    return 0.35 + 0.65 * logistic(40 * (float(first.mean()) - 0.08)) if len(first) >= LEAST_ROWS else 1.0


def _stated(study: Study) -> Floats | None:
    """Confidence less correctness of each log row; ``None`` without probabilities."""
    score, guess = study.log.score, study.log.prediction
    if study.regression or not is_probability(score):
        return None
    if np.isnan(guess).all():
        guess = (score >= 0.5).astype(float)
    return _confidence(study, score, guess) - (1 - study.log_loss.model)


def _confidence(study: Study, score: Floats, guess: Floats) -> Floats:
    """How sure the model said it was of its own answer."""
    if study.binary:
        return np.where(guess == 1, score, 1 - score)
    return score
