"""Where no id says what a row is about, a text of many values that come again does."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import defaults

N, SINCE = 4000, 2000


@pytest.mark.parametrize("number", [False, True])
@pytest.mark.parametrize("stopped", [False, True])
def test_a_feed_that_stopped_for_each_card(*, stopped: bool, number: bool) -> None:
    """Counts of each of a hundred cards that stay at its last one: stale, though no column was named as an id."""
    rng = np.random.default_rng(3)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["card"] = [i if number else f"c{i:03d}" for i in rng.integers(0, 100, N)]
        frame["w"] = rng.poisson(4, N).astype(float)
    if stopped:
        late = log.index >= SINCE
        last = log[~late].groupby("card")["w"].last()
        log.loc[late, "w"] = log.loc[late, "card"].map(last).fillna(4.0)
    got = defaults.detect(study_of(log, reference, feature=["x", "w", "card"]))
    said = [e.finding.statement for e in got if e.mechanism == "stale_feature"]
    assert len(said) == stopped
    assert all("w repeats the last value of the same card in" in one for one in said)
