"""Accuracy without labels: near the truth where the relation held, and never passed off as observed."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.causes.diagnose import diagnose_profile
from toolkit.impact.estimate import ASSUMPTION, estimated_harm


@pytest.mark.parametrize("shift", [0.0, -1.0, 1.5])
def test_the_estimate_is_near_the_accuracy_that_labels_later_show(shift: float) -> None:
    """Of a crowd that moved, scores tell the accuracy to within 3 points, and the interval holds it."""
    rng = np.random.default_rng(7)
    log, reference = healthy(rng, 3000, shift=shift), healthy(rng, 2000)
    truth = float((log["answer"] == log["truth"]).mean())
    got = estimated_harm(study_of(log.assign(truth=np.nan), reference))
    assert got is not None
    assert got.estimated
    assert got.observed == pytest.approx(truth, abs=0.03)
    assert got.interval is not None
    rise = float((reference["answer"] == reference["truth"]).mean()) - truth
    assert got.interval[0] - 60 <= rise * 3000 <= got.interval[1] + 60


def test_an_estimate_says_what_it_rests_on() -> None:
    """A diagnosis without labels carries the estimate as one, with its assumption, and says ``undetermined``."""
    rng = np.random.default_rng(8)
    study = study_of(healthy(rng, 1500).assign(truth=np.nan), healthy(rng, 1500))
    verdict = diagnose_profile(study.profile)
    assert verdict.harm.estimated
    assert ASSUMPTION in verdict.notes
    assert verdict.verdict == "undetermined"


def test_scores_that_are_no_probabilities_estimate_nothing() -> None:
    """Scores beyond 0 and 1 say how sure the model was to nobody."""
    rng = np.random.default_rng(9)
    log, reference = healthy(rng, 600), healthy(rng, 600)
    study = study_of(log.assign(truth=np.nan, score=9 * log["score"]), reference.assign(score=9 * reference["score"]))
    assert estimated_harm(study) is None
