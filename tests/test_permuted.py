"""Codes that were sorted anew are told from a crowd of another mix by what goes with each value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, chance, healthy, study_of

from toolkit.causes.evidence import gather
from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.permuted import detect, permuted
from toolkit.detectors.relation import relate
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE = 4000, 2000
EFFECT = np.array([-1.5, -0.5, 0.0, 0.8, 1.8])
SHARES = np.array([0.34, 0.26, 0.2, 0.13, 0.07])


def drawn(rng: np.random.Generator, shares: np.ndarray) -> pd.DataFrame:
    """Draw requests whose label goes with a code of five values."""
    part = healthy(rng, N)
    kind = rng.choice(5, N, p=shares)
    part["w"] = kind * 10.0
    part["score"] = chance(part["x"].to_numpy() + EFFECT[kind])
    return part.assign(truth=(rng.random(N) < part["score"]).astype(int), answer=(part["score"] >= 0.5).astype(int))


def look(order: list[int], *, crowd: bool = False) -> Evidence | None:
    """Exchange the codes since a row, or let another crowd come with their shares exchanged."""
    rng = np.random.default_rng(13)
    reference, log, other = drawn(rng, SHARES), drawn(rng, SHARES), drawn(rng, SHARES[np.argsort(order)])
    late = np.arange(N) >= SINCE
    if crowd:
        log.loc[late] = other.loc[late]
    else:
        log["w"] = np.where(late, np.array(order)[(log["w"] / 10).astype(int)] * 10.0, log["w"])
    study = study_of(log, reference)
    move = moved(study, "w")
    return None if move is None else permuted(study, "w", move)


@pytest.mark.parametrize("order", [[1, 3, 0, 4, 2], [4, 1, 2, 3, 0]])
def test_codes_that_mean_others_are_recoded(order: list[int]) -> None:
    """All codes sorted anew, or two exchanged: recoded, and no drift of the world."""
    got = look(order)
    assert got is not None
    assert got.mechanism == "category_recoded"
    assert got.strength == 1.0
    assert {"covariate_shift", "concept_drift"} <= set(got.finding.refutes)


def test_another_mix_of_the_same_meanings_is_not() -> None:
    """The shares are those of other codes, but each code still has its own labels: the crowd changed."""
    assert look([1, 3, 0, 4, 2], crowd=True) is None


def test_strange_early_rows_hide_no_change_and_rare_values_no_company() -> None:
    """A few of the first rows have a code of which the reference has three rows: the exchange is as sure as without."""
    rng = np.random.default_rng(13)
    reference, log = drawn(rng, SHARES), drawn(rng, SHARES)
    log["w"] = np.where(np.arange(N) >= SINCE, np.array([0, 3, 1, 4, 2])[(log["w"] / 10).astype(int)] * 10.0, log["w"])
    reference.loc[[5, 99, 700], "w"] = 90.0
    log.loc[:3, "w"] = 90.0
    study = study_of(log, reference)
    move = moved(study, "w")
    assert move is not None
    assert abs(move.change.start - SINCE) < 100
    got = permuted(study, "w", move)
    assert got is not None
    assert got.strength == 1.0
    assert "each has the share and the labels that another had before" in got.finding.statement


def test_what_says_nothing_is_not_claimed() -> None:
    """Only the shares of the codes were exchanged, and nothing goes with them: no labels and no company are claimed."""
    rng = np.random.default_rng(14)
    reference, log = (healthy(rng, N).assign(w=rng.choice(5, N, p=SHARES) * 10.0) for _ in range(2))
    log["w"] = np.where(np.arange(N) >= SINCE, np.array([1, 3, 0, 4, 2])[(log["w"] / 10).astype(int)] * 10.0, log["w"])
    for frame in (log, reference):
        frame["truth"] = rng.integers(0, 2, N)
    study = study_of(log, reference)
    move = moved(study, "w")
    assert move is not None
    got = permuted(study, "w", move)
    assert got is not None
    assert got.strength < 1.0
    assert "each has the share that another had before" in got.finding.statement


def test_shares_of_three_codes_in_few_rows_are_soon_another_crowds() -> None:
    """Three shares change places in some hundred rows and nothing goes with them: a mix like any."""
    rng = np.random.default_rng(14)
    reference, log = (healthy(rng, 600).assign(w=rng.choice(3, 600, p=[0.5, 0.3, 0.2]) * 10.0) for _ in range(2))
    log["w"] = np.where(np.arange(600) >= 360, np.array([2, 0, 1])[(log["w"] / 10).astype(int)] * 10.0, log["w"])
    for frame in (log, reference):
        frame["truth"] = rng.integers(0, 2, 600)
    study = study_of(log, reference)
    move = moved(study, "w")
    assert move is not None
    got = permuted(study, "w", move)
    assert got is None or (got.strength < 0.5 and not got.finding.refutes)


@pytest.mark.parametrize("exchanged", [True, False])
def test_codes_as_common_as_each_other_are_told_by_their_labels(*, exchanged: bool) -> None:
    """Five codes of a fifth each, exchanged: no share moved, and the labels still say so; a changed code is drift."""
    rng = np.random.default_rng(14)
    reference, log = (drawn(rng, np.full(5, 0.2)) for _ in range(2))
    late, kind = np.arange(N) >= SINCE, (log["w"] / 10).astype(int).to_numpy()
    if exchanged:
        kind = np.where(late, np.array([1, 3, 0, 4, 2])[kind], kind)
        log["w"], log["score"] = kind * 10.0, chance(log["x"].to_numpy() + EFFECT[kind])
        log["answer"] = (log["score"] >= 0.5).astype(int)
    else:
        log["truth"] = np.where(late & (kind == 4), 1 - log["truth"], log["truth"])
    named = {e.mechanism for e in gather(study_of(log, reference)).evidence if e.strength > 0.5}
    assert ("category_recoded" in named) == exchanged


@pytest.mark.parametrize("exchanged", [False, True])
def test_codes_of_a_segment_are_looked_at_too(*, exchanged: bool) -> None:
    """A district that was guessed to be a segment may be what the model reads: its exchanged codes are found."""
    rng = np.random.default_rng(13)
    even = np.full(5, 0.2)
    reference, log = drawn(rng, even), drawn(rng, even)
    late = np.arange(N) >= SINCE
    if exchanged:  # the answers are those to the old code book
        kind = (log["w"] / 10).astype(int)
        log["w"] = np.where(late, np.array([3, 4, 1, 0, 2])[kind] * 10.0, log["w"])
        log["truth"] = np.where(late, rng.random(N) < chance(log["x"].to_numpy() + EFFECT[kind]), log["truth"])
        log["score"] = np.where(late, chance(log["x"].to_numpy() + EFFECT[(log["w"] / 10).astype(int)]), log["score"])
        log["answer"] = (log["score"] >= 0.5).astype(int)
    frames = [f.assign(district=f["w"].astype(int).astype(str)) for f in (log, reference)]
    got = gather(study_of(*frames, segment=["district"], feature=["x", "town"])).evidence
    assert ("category_recoded" in [e.mechanism for e in got]) == exchanged


@pytest.mark.parametrize("states", [2, 5])
def test_codes_exchanged_in_two_parts_of_five(*, states: int) -> None:
    """Two states of five number their codes anew: one is looked at alone, for the whole hardly shows what they mean."""
    rng = np.random.default_rng(17)
    reference, log = drawn(rng, SHARES), drawn(rng, SHARES)
    reference["state"], log["state"] = rng.choice(list("abcde"), (2, N))
    theirs = (np.arange(N) >= SINCE) & log["state"].isin(list("abcde")[:states])
    log["w"] = np.where(theirs, np.array([3, 4, 2, 0, 1])[(log["w"] / 10).astype(int)] * 10.0, log["w"])
    move = moved(study := study_of(log, reference, segment=["state"]), "w")
    assert move is not None
    assert (move.slice is not None) is (states == 2)
    got = permuted(study, "w", move)
    assert got is not None
    assert got.mechanism == "category_recoded"


@pytest.mark.parametrize("exchanged", [True, False])
def test_codes_exchanged_at_one_site_are_told_by_classes_too(*, exchanged: bool) -> None:
    """One town of three writes codes with each other's names: which of three classes come true with each tells."""
    rng = np.random.default_rng(17)
    log, reference = drawn(rng, SHARES), drawn(rng, SHARES)
    for frame in (log, reference):
        kind = (frame["w"] / 10).astype(int).to_numpy()
        frame["truth"] = np.where(rng.random(N) < 0.8, np.array([0, 1, 2, 1, 0])[kind], rng.integers(0, 3, N))
        frame["answer"] = np.array([0, 1, 2, 1, 0])[kind]
    hit = (np.arange(N) >= SINCE) & (log["town"] == "Hof").to_numpy() & exchanged
    log["w"] = np.where(hit, np.array([2, 0, 1, 4, 3])[(log["w"] / 10).astype(int)] * 10.0, log["w"])
    log["answer"] = np.array([0, 1, 2, 1, 0])[(log["w"] / 10).astype(int)]
    roles = {role: column for role, column in ROLES["roles"].items() if role != "score"}
    told = {"task": "multiclass", "roles": {**roles, "segment": ["town"]}}
    timed = log.assign(when=pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC"))
    with read_log(timed, told, reference=reference.assign(when=pd.Timestamp("2024-06-01", tz="UTC"))) as opened:
        study = make_study(build_profile(opened))
    got = detect(study, relate(study), {})
    assert [e.mechanism for e in got] == (["category_recoded"] if exchanged else [])
    assert all([(t.column, t.value) for t in e.finding.slice] == [("town", "Hof")] for e in got)
