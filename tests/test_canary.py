"""A version that errs more is held to all that the others did, beside it and before, while these were alike."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import versions

N = 5000


@pytest.mark.parametrize(("canary", "labelled"), [(True, 0.3), (False, 1.0)])
def test_few_labels_of_a_version_that_errs_more(*, canary: bool, labelled: bool) -> None:
    """A tenth of the requests at first, then all: most of what the old version did was done before."""
    rng = np.random.default_rng(21)
    log = healthy(rng, N)
    share = np.select([log.index >= 4200, log.index >= 3000], [1.0, 0.1], 0.0) if canary else log.index >= 4550
    new = rng.random(N) < share
    wrong = new & (rng.random(N) < 0.25)
    log["answer"] = np.where(wrong, 1 - log["answer"], log["answer"])
    log["release"] = np.where(new, "v4", "v3")
    log.loc[rng.random(N) > labelled, "truth"] = np.nan
    found = versions.detect(study_of(log, None, model_version="release"))
    assert [(e.mechanism, e.finding.model_versions) for e in found] == [("bad_rollout", ("v4",))]
    told = "at the same time and before it" if canary else "than the others before it"
    assert told in found[0].finding.statement
