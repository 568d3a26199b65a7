"""Errors that the scores state are nobody's fault: hard cases of one reviewer, a large customer whose labels fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import flood
from toolkit.detectors.provenance import _of_a_value, _of_the_part
from toolkit.detectors.relation import part_that_rose, relate

N, SINCE = 6000, 3000


@pytest.mark.parametrize("odd", [False, True])
def test_who_is_given_the_hard_cases_gives_no_odd_labels(*, odd: bool) -> None:
    """Since a row unsure cases are the senior's, whose labels surprise as often as scores say; turned ones do more."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["reviewer"] = rng.choice(["ann", "bob", "cy", "senior"], N)
    since = np.arange(N) >= SINCE
    if odd:
        hit = since & (log["reviewer"] == "senior") & (rng.random(N) < 0.5)
        log["truth"] = np.where(hit, 1 - log["truth"], log["truth"])
    else:
        unsure = (log["score"] - 0.5).abs() < 0.15
        others = rng.choice(["ann", "bob", "cy"], N)
        log["reviewer"] = np.where(since, np.where(unsure, "senior", others), log["reviewer"])
    study = study_of(log, reference, segment=["reviewer"])
    relation, part = relate(study), part_that_rose(study)
    assert relation is not None
    assert part is not None
    found = [_of_a_value(study, relation), _of_the_part(study, part)]
    assert any(source is not None for source in found) == odd


@pytest.mark.parametrize(("turned", "found"), [(False, []), (True, ["poisoned_data"])])
def test_a_large_new_customer_is_no_flood_of_false_labels(found: list[str], *, turned: bool) -> None:
    """One new id sends a quarter of the rows: poison where its labels are turned, a customer where they fit scores."""
    rng = np.random.default_rng(12)
    log, reference = healthy(rng, N), healthy(rng, N)
    ids = pd.Series([f"c{i}" for i in rng.integers(0, 900, N)])
    big = (np.arange(N) >= SINCE) & (rng.random(N) < 0.25)
    log["client"], reference["client"] = ids.mask(big, "big"), ids.sample(frac=1, random_state=1).to_numpy()
    if turned:
        log["truth"] = np.where(big, 1 - log["answer"], log["truth"])
    assert [e.mechanism for e in flood.detect(study_of(log, reference, id="client"))] == found
