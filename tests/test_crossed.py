"""Two columns of one spread that were exchanged are told from a world that changed by putting them back."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import chance, healthy, study_of

from toolkit.causes.evidence import gather

N, SINCE = 3000, 1500


@pytest.mark.parametrize(
    ("crossed", "where", "away"), [(True, "", 0.0), (True, "Bonn", 0.0), (True, "Bonn", 0.5), (False, "", 0.0)]
)
def test_columns_that_took_each_others_place(*, crossed: bool, where: str, away: float) -> None:
    """In all rows, or in those of one town: named with both. Labels that turn by themselves are no exchange."""
    rng = np.random.default_rng(3)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] += away  # a little apart, as requests and free drivers are
        frame["truth"] = (rng.random(N) < chance(2.0 * (frame["x"] - frame["w"]).to_numpy())).astype(int)
        frame["score"] = chance(2.0 * (frame["x"] - frame["w"]).to_numpy())
    hit = (log.index >= SINCE) & ((log["town"] == where) if where else True)
    if crossed:
        log.loc[hit, ["x", "w"]] = log.loc[hit, ["w", "x"]].to_numpy()
        log["score"] = chance(2.0 * (log["x"] - log["w"]).to_numpy())
    else:
        log.loc[hit, "truth"] = (rng.random(int(hit.sum())) < 0.5).astype(int)
    texts = [f"t{i}" for i in range(12 if where else 0)]  # the rows of one town are found among many other parts
    for frame in (log, reference):
        frame[texts] = rng.choice(["p", "q", "r"], (N, len(texts)))
        frame["answer"] = (frame["score"] >= 0.5).astype(int)
    got = [
        e
        for e in gather(study_of(log, reference, feature=["x", "w", "town", *texts])).evidence
        if e.mechanism == "swapped_columns"
    ]
    assert [set(e.finding.features) for e in got] == ([{"x", "w"}] if crossed else [])
    assert all(f"where town = {where}" in e.finding.statement for e in got if where)
