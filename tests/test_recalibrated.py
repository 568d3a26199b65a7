"""A threshold that moved along with the scores is no fault, and says of people only what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import policy

N, SINCE = 3000, 1800
PEOPLE = {"harmful_overrides", "over_reliance", "not_adopted"}


@pytest.mark.parametrize(("told", "labelled"), [("answer", True), ("answer", False), ("done", True)])
def test_a_threshold_that_moved_with_its_scores(told: str, *, labelled: bool) -> None:
    """The model's own clears no people who decide beside it; without labels nothing is said of what was wrong."""
    rng = np.random.default_rng(1)
    log = healthy(rng, N)
    late = np.arange(N) >= SINCE
    log["score"] = np.where(late, 0.6 * log["score"], log["score"])
    answer = (log["score"] >= np.where(late, 0.3, 0.5)).astype(int)
    changed = np.where(rng.random(N) < 0.2, 1 - answer, answer)
    log["answer"], log["done"] = answer, (answer if told == "done" else changed)
    log["truth"] = log["truth"] if labelled else np.nan
    (got,) = policy.detect(study_of(log, None, decision="done"))
    assert got.mechanism == ""
    assert set(got.finding.refutes) == {"threshold_misconfigured", *(PEOPLE if told == "done" else ())}
    assert ("no more of them wrong" in got.finding.statement) == labelled
