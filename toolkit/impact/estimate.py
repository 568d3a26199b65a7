"""The accuracy of a log without labels, estimated from its scores (floor 5).

The chance that an answer is right is learned from the reference, as a function of the stated confidence (isotonic
regression); its mean over the log's rows is the estimated accuracy (CBPE; Kivimäki et al. 2025, arXiv:2505.05295). It
holds while labels depend on inputs as in the reference: a changed mix of inputs shows, concept drift never does.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import inside
from toolkit.detectors.study import Study, is_probability, predicted
from toolkit.profile.model import Floats, Sample
from toolkit.records import Harm
from toolkit.timeline.change import find_change

LEAST: Final = 200
ROUNDS: Final = 40
ASSUMPTION: Final = (
    "Without labels the accuracy is estimated from scores calibrated on the reference. That holds as long as labels "
    "depend on inputs as they did: a harder mix of inputs shows, concept drift cannot."
)


def estimated_harm(study: Study) -> Harm | None:
    """Estimate accuracy and excess errors from scores.

    Returns:
        A harm with ``estimated`` set: expected is the reference's observed accuracy, observed the estimate over the
        rows since the estimate changed (all rows where it did not), ``interval`` 95 % from a bootstrap of the
        reference and the rows' own chances. ``None`` without probabilities, for a regression, or below 200 labelled
        reference rows.
    """
    sure_ref, sure = confidence(study, study.ref), confidence(study, study.log)
    if study.own_reference or sure_ref is None or sure is None:
        return None
    right = 1.0 - study.ref_loss.model
    taught = ~np.isnan(sure_ref) & ~np.isnan(right)
    served = ~np.isnan(sure)
    if taught.sum() < LEAST or served.sum() < 20:
        return None
    x, y = sure_ref[taught], right[taught]
    chance = np.full(len(sure), np.nan)
    chance[served] = _calibrated(x, y, sure[served])
    loss, base = 1.0 - chance, 1.0 - _calibrated(x, y, x)
    change = find_change(loss, reference=(float(base.mean()), float(base.var()), float(len(base))))
    rows = served & (inside(change, len(loss)) if change.found else np.ones(len(loss), dtype=bool))
    rng = np.random.default_rng(study.profile.seed)
    draws = []
    for _ in range(ROUNDS):
        pick = rng.integers(0, len(x), len(x))
        p = _calibrated(x[pick], y[pick], sure[rows])
        draws.append(y[pick].mean() - (rng.random(len(p)) < p).mean())
    many = float(study.log.weight[rows].sum())
    low, high = np.quantile(draws, [0.025, 0.975])
    expected, observed = float(y.mean()), float(chance[rows].mean())
    return Harm(
        "accuracy", expected, observed, (expected - observed) * many, (float(low) * many, float(high) * many),
        study.standing_for(rows), estimated=True,
    )  # fmt: skip


def confidence(study: Study, sample: Sample) -> Floats | None:
    """Give the probability that the model stated for its own answer; ``None`` where scores are no probabilities."""
    score = sample.score
    if study.regression or not is_probability(score):
        return None
    if not study.binary:
        return score
    guess = predicted(sample, study.threshold, study.profile.task)
    return np.where(guess == 1, score, 1.0 - score)


def _calibrated(x: Floats, y: Floats, at: Floats) -> Floats:
    """Fit P(right | confidence) on (x, y) and give it for ``at``."""
    from sklearn.isotonic import IsotonicRegression

    model: Any = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(x, y)
    return np.asarray(model.predict(at), dtype=np.float64)
