"""Harder cases that the model knows to be hard are another crowd; a weaker model's doubts are its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import harder
from toolkit.detectors.scoring import surrogate

N, SINCE = 4000, 2000


@pytest.mark.parametrize(
    ("what", "found"), [("cases", ["covariate_shift"]), ("model", []), ("labels", []), ("nothing", [])]
)
def test_more_errors_are_of_harder_cases_where_scores_and_inputs_say_so(what: str, found: list[str]) -> None:
    """Doubtful cases alone since a row; a model that knows less; labels that are turned; nothing."""
    rng = np.random.default_rng(4)
    late = np.arange(N) >= SINCE
    pool, reference = healthy(rng, 6 * N), healthy(rng, N)
    unsure = pool[(pool["score"] - 0.5).abs() < 0.25].head(N)
    log = pool.tail(N).reset_index(drop=True)
    if what == "cases":
        log = pd.concat([log.head(SINCE), unsure.tail(N - SINCE)], ignore_index=True)
    elif what == "model":
        log["score"] = np.where(late, chance(0.5 * log["w"].to_numpy()), log["score"])
        log["truth"] = np.where(late, rng.random(N) < log["score"], log["truth"]).astype(int)
    elif what == "labels":
        log["truth"] = np.where(late & (rng.random(N) < 0.3), 1 - log["truth"], log["truth"])
    log["answer"] = (log["score"] >= 0.5).astype(int)
    study = study_of(log, reference)
    got = harder.detect(study, surrogate(study))
    assert [e.mechanism for e in got] == found
    for e in got:
        assert e.change is not None
        assert abs(e.change.start - SINCE) < 100
