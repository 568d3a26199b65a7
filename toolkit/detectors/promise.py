"""Was the reference a promise, or the rows that taught the model (floor 4; overfitting)?

A reference that does not say which of its rows were held out may hold none. A model is hardly ever wrong on rows that
it learned by heart, so a nearly perfect reference must be asked about. Its own rows answer: a fresh learner is taught
on them and judged on those of them that it did not see (out of bag). Where the model is far better than what can be
learned there, and the fresh learner errs on the log no more than on the reference, the world is as it was and the
promise was hollow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, from_start, make
from toolkit.detectors.generalisation import plainest
from toolkit.detectors.study import Study, is_probability
from toolkit.profile.model import Floats, Sample
from toolkit.timeline.change import find_change

NAME: Final = "promise"
#: At most this error rate, or part of the error of the plainest answer, is nearly perfect.
_PERFECT, _PERFECT_PART = 0.005, 0.05
_LEAST, _MOST = 30, 1500
#: The error rate that scores state at least, and how surely (deviations) it is not kept, to doubt labels.
_DOUBT, _SURELY = 0.05, 6.0


@dataclass(frozen=True)
class Fresh:
    """Mean losses: promised by the model on the reference, learnt afresh out of bag, and that learner's on the log.

    ``better`` and ``moved`` are z of how much the model beats the learner on the reference, and of how much worse the
    learner is on the log, by ``rise_at_most`` (upper end of 95 %); ``gap``, its ``z`` and ``interval`` are of the
    model's rise from the reference to the log.
    """

    promised: float
    learnt: float
    served: float
    better: float
    moved: float
    rise_at_most: float
    n: int
    gap: float = 0.0
    z: float = 0.0
    interval: tuple[float, float] | None = None

    @property
    def by_heart(self) -> bool:
        """Whether the model errs so much less on the reference than can be learnt that it must have learnt the rows."""
        return self.promised <= 0.3 * self.learnt


def unmarked(study: Study) -> bool:
    """Whether nothing says that any row of the reference was held out from training, or it is said that none was."""
    return not study.own_reference and (study.train is None or study.baseline == "train")


def perfect(study: Study) -> bool:
    """Whether the model is nearly always right on a reference whose rows may have taught it."""
    return unmarked(study) and faultless(study)


def faultless(study: Study) -> bool:
    """Whether the model is nearly always right on the reference, as it is on rows that it knows by heart."""
    return not study.own_reference and hardly_wrong(study, study.ref, study.ref_loss.model)


def hardly_wrong(study: Study, sample: Sample, loss: Floats) -> bool:
    """Whether the model is nearly always right on these rows, of which this is its loss."""
    known = loss[~np.isnan(loss)]
    if len(known) < 15:
        return False
    if not study.regression:
        return bool(known.mean() <= _PERFECT)
    plain = plainest(sample.label[~np.isnan(loss)], regression=True)
    return bool(plain > 0 and known.mean() <= _PERFECT_PART * plain)


def doubted(study: Study) -> bool:
    """Whether by its own scores the model errs often on a reference on which it never does.

    What knows the label, by heart or by a leak, knows it surely. Right in every doubtful case is who marks his own
    work: such a reference most likely has the model's answers for labels.
    """
    if not study.binary or not is_probability(study.ref.score) or not faultless(study):
        return False
    got = asked(study)
    if got is not None and got.by_heart:  # a crowd of trees is right on its own rows without being sure
        return False
    known = ~np.isnan(study.ref.score) & ~np.isnan(study.ref_loss.model)
    doubt = np.minimum(study.ref.score, 1.0 - study.ref.score)[known]
    spare = float(doubt.sum() - study.ref_loss.model[known].sum())
    return bool(doubt.mean() > _DOUBT and spare > _SURELY * np.sqrt((doubt * (1.0 - doubt)).sum()))


def detect(study: Study) -> list[Evidence]:
    """Look at an unmarked reference that served rows do not live up to."""
    got = asked(study)
    if got is None:
        return []
    if hollow(study):
        text = (
            f"A fresh learner taught on the reference errs {got.learnt:.3f} on rows of it that it did not see and "
            f"{got.served:.3f} on the first served rows: the world was as before then. That the model errs but "
            f"{got.promised:.3f} on the reference is most likely because those rows taught it, so the log is held to "
            "itself."
        )
        later = find_change(study.log_loss.model).found  # what changed then is another matter
        world = () if later else ("concept_drift", "label_noise", "label_shift")
        refutes = (*world, "training_serving_skew", "leakage")
        return [
            make(study, NAME, "", text, strength=0.0, z=got.better, effect=got.gap, unit="loss", n=got.n,
                 refutes=refutes)
        ]  # fmt: skip
    if not got.by_heart:
        return []
    text = (
        f"On the reference the model errs {got.promised:.3f}, though a fresh learner taught on those rows errs "
        f"{got.learnt:.3f} on those of them it did not see, and {got.served:.3f} on the log: the world is as it was, "
        "and the reference is most likely made of rows that taught the model."
    )
    strength = 0.92 if perfect(study) else 0.6
    return [
        make(
            study, NAME, "memorised_training_data", text, strength=strength, z=min(got.z, got.better),
            change=from_start(study), effect=got.gap, unit="loss", interval=got.interval, n=got.n,
            refutes=("concept_drift", "label_noise", "label_shift", "leakage", "bad_rollout"),
            details={"promised": got.promised, "learnt": got.learnt, "served": got.served},
        )
    ]  # fmt: skip


def hollow(study: Study) -> bool:
    """Whether the model is a little too good on the reference, as any is on rows that taught it, and nothing changed.

    The losses of such a reference are no measure for the log's. A model that learnt the rows by heart is a fault.
    """
    got = asked(study)
    if got is None or got.by_heart:
        return False
    return got.learnt - got.promised >= 0.5 * got.gap and got.served - got.learnt <= 0.4 * got.gap


def asked(study: Study) -> Fresh | None:
    """Ask the reference, where it is unmarked and the first served rows do not live up to it.

    ``None`` where there is nothing to ask, a fresh learner is hardly worse, or the world changed for it too.
    """
    if "promise" not in study.memo:
        study.memo["promise"] = _ask(study)
    got: Fresh | None = study.memo["promise"]
    return got


def _ask(study: Study) -> Fresh | None:
    if not unmarked(study) or not study.has_labels:
        return None
    loss = study.log_loss.model
    first = np.flatnonzero(~np.isnan(loss))
    first = first[: max(len(first) // 3, min(len(first), 2 * _LEAST))]
    gap, _, interval, z = difference(study.ref_loss.model, loss[first])
    if z < 3:
        return None
    got = fresh(study, first)
    return None if got is None or got.better < 3 or got.moved > 2.5 else replace(got, gap=gap, z=z, interval=interval)


def fresh(study: Study, rows: Any) -> Fresh | None:
    """Teach a forest on the reference, judge it out of bag and on log rows; ``None`` where there is too little."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    design = study.design
    rng = np.random.default_rng(study.profile.seed)
    have = np.flatnonzero(~np.isnan(study.ref.label) & ~np.isnan(study.ref_loss.model))
    have, rows = (np.sort(rng.permutation(r)[:_MOST]) for r in (have, np.asarray(rows)))
    y = study.ref.label[have]
    if not design.names or min(len(have), len(rows)) < _LEAST or len(np.unique(y)) < 2:
        return None
    kind: Any = RandomForestRegressor if study.regression else RandomForestClassifier
    forest = kind(100, min_samples_leaf=2, oob_score=True, random_state=study.profile.seed)
    served = finite(design.log.rows(rows))
    forest.fit(finite(design.ref.rows(have)), y)
    if study.regression:
        told, said = forest.oob_prediction_, forest.predict(served)
        held, now = np.abs(told - y), np.abs(said - study.log.label[rows])
    else:
        told = forest.classes_[np.argmax(np.nan_to_num(forest.oob_decision_function_), axis=1)]
        held = (told != y).astype(float)
        now = (forest.predict(served) != study.log.label[rows]).astype(float)
    mine = study.ref_loss.model[have]
    return Fresh(
        float(mine.mean()), float(held.mean()), float(now.mean()),
        difference(mine, held)[3], difference(held, now)[3], difference(held, now)[2][1], len(have),
    )  # fmt: skip


def finite(x: Floats) -> Floats:
    """Give the same with nothing that a forest cannot be taught on."""
    return np.where(np.isinf(x), np.nan, np.clip(x, -1e30, 1e30))
