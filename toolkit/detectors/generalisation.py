"""Was it ever as good as promised? (floor 4; overfitting): training, validation and the first served rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, difference, from_start, logistic, make, not_testable, percent
from toolkit.detectors.stated import beyond_stated
from toolkit.detectors.study import LEAST_ROWS, Study, first_known
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


@dataclass(frozen=True)
class _Gap:
    """What the first served rows lose beyond what training (else validation) rows promised.

    ``z`` is lessened by what rows hang together; ``held`` is the part of the gap that validation rows showed already,
    ``worse`` how surely (z) serving errs more than these; both 0 without.
    """

    serving: Floats
    promised: float
    naive: float
    more: float
    interval: tuple[float, float]
    z: float
    taught: bool
    held: float = 0.0
    worse: float = 0.0

    @property
    def served(self) -> float:
        """Give the mean loss of the first served rows."""
        return float(self.serving.mean())

    @property
    def kept(self) -> float:
        """Give the part of the promised skill that is left."""
        return max(self.naive - self.served, 0.0) / max(self.naive - self.promised, 1e-9)


def _memorised(study: Study, moves: dict[str, Moved], explained: set[str]) -> list[Evidence]:
    gap = _gap(study)
    if gap is None:
        return []
    if gap.z < 3 or not np.isfinite(gap.more):
        text = f"The first served rows err as the reference does ({gap.served:.3f} against {gap.promised:.3f})."
        no_gap = make(
            study, NAME, "", text, strength=0.0, z=gap.z, refutes=("memorised_training_data",), effect=gap.more,
            unit="loss",
        )  # fmt: skip
        return [no_gap]
    if gap.promised > 0.95 * _plain_reference(study, gap.naive):
        return []  # what was no better than the plainest answer on the reference promised nothing
    moved = [m for n, m in moves.items() if n not in explained and m.distance > 0.12]
    of_some = of_one_group(study, study.log_loss.model - gap.promised)
    strength = _strength(study, gap, len(moved)) * (0.5 if explained else 1.0)
    strength *= _OF_SOME if of_some else 1.0  # what was learned by heart is guessed for everybody
    plain = "median" if study.regression else "commonest label"
    text = (
        f"From the first served rows the loss is {gap.served:.3f}; on "
        f"{'its training rows' if gap.taught else 'the reference'} it was {gap.promised:.3f}, and answering the "
        f"{plain} gives {gap.naive:.3f}: {percent(min(gap.kept, 1.0))} of the promised skill is left."
    )
    if gap.held > 0.3:
        text += f" The validation rows already showed {percent(min(gap.held, 1.0))} of the gap."
    return [
        make(
            study, NAME, "memorised_training_data", text, strength=strength, z=gap.z, change=from_start(study),
            effect=gap.more, unit="loss", interval=gap.interval, n=len(gap.serving),
            refutes=("covariate_shift", "concept_drift", "unrepresentative_data") if not (moved or of_some) else (),
            details={"skill_left": gap.kept, "gap_in_validation": gap.held},
        )
    ]  # fmt: skip


def _gap(study: Study) -> _Gap | None:
    """Measure the gap; ``None`` where too few rows are known."""
    # rows unlike all of the baseline say nothing of what was memorised
    like = np.where(off_support(study), np.nan, 0.0)
    like = like if (~np.isnan(like)).sum() >= 100 else np.zeros(len(like))
    serving = first_known(study.log_loss.model + like)
    if len(serving) < LEAST_ROWS:
        serving = first_known(study.log_loss.final + like)
    train = study.train_loss.model if study.train_loss is not None else None
    validation = study.ref_loss.model if study.baseline == "validation" else None
    best = train if train is not None else validation
    if best is None or np.isnan(best).all() or len(serving) < LEAST_ROWS:
        return None
    more, _, interval, z = difference(best, serving)
    z *= 0.8 / float(np.sqrt(study.hang(study.ref_loss.model)[1]))
    held = 0.0
    if validation is not None and train is not None and more > 0:
        held = difference(train, validation)[0] / more
    return _Gap(
        serving, float(np.nanmean(best)), max(naive_loss(study), 1e-9), more, interval, z, train is not None,
        held=held,
        worse=0.8 * difference(validation, serving)[3] if validation is not None else 0.0,
    )  # fmt: skip


def _strength(study: Study, gap: _Gap, moved: int) -> float:
    """Say how far the gap is one of rows that were learned by heart, where so many inputs moved beside it."""
    if gap.taught:
        # a flexible model is always perfect on its own rows: what counts is how little of its skill was left
        strength = logistic(14 * (0.55 - gap.kept)) * (0.8 + 0.2 * min(max(gap.held, 0.0), 1.0))
    else:
        strength = 0.75 * logistic(8 * (0.7 - gap.kept))
    if study.baseline == "validation":
        # validation that promised what serving never gave was not apart from the training rows
        strength = max(strength, 0.8 * logistic(1.5 * (gap.worse - 5.0)))
    # a gap that the held-out rows showed already needs no change of the inputs to explain it
    strength *= max(1.0 / (1.0 + 0.6 * moved), min(gap.held, 1.0)) * _too_sure(study)
    least = gap.served - 3 * float(gap.serving.std()) / np.sqrt(len(gap.serving))
    # what was learned by heart is guessed; to be wrong more often than that takes a reason
    return strength * (0.1 if least > _guessing(study) else 1.0)


def _too_sure(study: Study) -> float:
    """A model that memorised is sure of answers that are wrong; one that is only flexible knows its doubts."""
    gap = beyond_stated(study)
    if gap is None:
        return 1.0
    first = first_known(gap)
    return 0.35 + 0.65 * logistic(40 * (float(first.mean()) - 0.08)) if len(first) >= LEAST_ROWS else 1.0
