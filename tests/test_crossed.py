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


@pytest.mark.parametrize("crossed", [True, False])
def test_a_small_log_tells_it_where_hardly_anything_is_left(*, crossed: bool) -> None:
    """Some 200 rows of one town since the change, 700 to learn from: put back, they are as they were before.

    Where the labels there fall by chance instead, nothing puts them back.
    """
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, 1300), healthy(rng, 700)
    for frame in (log, reference):
        z = 1.6 * (frame["x"] - 0.5 * frame["w"]).to_numpy()
        frame["truth"], frame["score"] = (rng.random(len(frame)) < chance(z)).astype(int), chance(z)
    hit = (log.index >= 800) & (log["town"] == "Bonn")
    if crossed:
        log.loc[hit, ["x", "w"]] = log.loc[hit, ["w", "x"]].to_numpy()
        log["score"] = chance(1.6 * (log["x"] - 0.5 * log["w"]).to_numpy())
    else:
        log.loc[hit, "truth"] = (rng.random(int(hit.sum())) < 0.5).astype(int)
    for frame in (log, reference):
        frame["answer"] = (frame["score"] >= 0.5).astype(int)
    found = gather(study_of(log, reference, feature=["x", "w", "town"])).evidence
    got = [e.finding for e in found if e.mechanism == "swapped_columns"]
    assert [set(f.features) for f in got] == ([{"x", "w"}] if crossed else [])
