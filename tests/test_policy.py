"""What a cut and a price do: moved along with the scores, and dearer errors of a model as good as it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.detectors import cost, decisions, policy, reliance
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import Study, make_study
from toolkit.impact.harm import measure
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE = 4000, 2000
LATE = np.arange(N) >= SINCE


def studied(log: pd.DataFrame, **roles: str) -> Study:
    """Read a log of scores and labels, one row a quarter of an hour."""
    timed = log.assign(when=pd.date_range("2025-03-01", periods=N, freq="15min", tz="UTC"))
    named: dict[str, Any] = {"timestamp": "when", "score": "score", "label": "truth", **roles}
    with read_log(timed, {"task": "binary", "roles": named, "values": {"positive": 1}}) as opened:
        return make_study(build_profile(opened))


def calibrated(seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 2, N)
    return pd.DataFrame({"score": score, "truth": (rng.random(N) < score).astype(int)})


def said(study: Study) -> list[Evidence]:
    people = [*decisions.detect(study, ()), *reliance.detect(study)]
    return [*people, *policy.detect(study), *cost.detect(study)]


def test_a_score_in_thousandths_and_its_cut_are_no_fault() -> None:
    """From .6 of 1 to 600 of 1000: the same cases are accepted, and nobody relied on anything."""
    log = calibrated().assign(done=lambda d: (d["score"] > 0.6).astype(int))
    log["score"] = np.where(LATE, log["score"] * 1000, log["score"])
    assert not [e for e in said(studied(log, decision="done")) if e.mechanism]


def test_a_cut_that_moved_alone_is_named() -> None:
    """From .5 to .8 with the same scores: the threshold, and both cuts."""
    log = calibrated().assign(done=lambda d: (d["score"] > np.where(LATE, 0.8, 0.5)).astype(int))
    (got,) = [e for e in said(studied(log, decision="done")) if e.mechanism]
    assert got.mechanism == "threshold_misconfigured"
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 30


def test_alarms_that_are_left_aside_by_chance_are_no_cut() -> None:
    """Nine of ten alarms are left aside whatever their score: no cut is better than none at all."""
    rng = np.random.default_rng(5)
    log = calibrated()
    log["said"] = (log["score"] > 0.7).astype(int)
    log["done"] = np.where(LATE & (rng.random(N) < 0.93), 0, log["said"])
    named = {e.mechanism for e in said(studied(log, prediction="said", decision="done")) if e.mechanism}
    assert "threshold_misconfigured" not in named
    assert "ignored_alerts" in named


def test_dearer_errors_of_a_model_as_good_as_it_says_are_a_wrong_goal() -> None:
    """Harder cases, of which the model knows, cost five times as much an error: not the model, what it is to do."""
    rng = np.random.default_rng(6)
    log = calibrated()
    log["score"] = np.where(LATE, 0.25 + 0.5 * log["score"], log["score"] * 0.6)
    log["truth"] = (rng.random(N) < log["score"]).astype(int)
    wrong = log["truth"] != (log["score"] >= 0.5)
    log["lost"] = np.where(wrong & (rng.random(N) < np.where(LATE, 0.5, 0.1)), 1.0, 0.0)
    (got,) = cost.detect(studied(log, cost="lost"))
    assert got.mechanism == "goal_misaligned"
    assert "rose as its scores said" in got.finding.statement


def test_a_cut_between_two_scores_did_not_move() -> None:
    """A new model gives scores where the old one gave none, and the same cut lies there: nobody moved it."""
    log = calibrated()
    log["score"] = np.where(LATE, log["score"], np.where(np.abs(log["score"] - 0.5) < 0.03, 0.54, log["score"]))
    log["said"] = (log["score"] >= 0.5).astype(int)
    assert not [e for e in said(studied(log, prediction="said")) if e.mechanism == "threshold_misconfigured"]


@pytest.mark.parametrize(("since", "least"), [(0.35, 0.9), (0.46, 0.0)])
def test_a_cut_that_was_lowered_is_held_to_its_own_replay(since: float, least: float) -> None:
    """Rows near a cut are hard to get right with any: only more wrong answers than the old one gave are harm."""
    log = calibrated(3).assign(said=lambda d: (d["score"] > np.where(LATE, since, 0.5)).astype(int))
    (got,) = policy.detect(studied(log, prediction="said"))
    assert got.change is not None
    assert got.strength >= least
    assert got.strength < (0.4 if not least else 1.0)


@pytest.mark.parametrize("of_errors_alone", [False, True])
@pytest.mark.parametrize(("dear", "named"), [(20.0, []), (0.2, ["threshold_misconfigured"])])
def test_a_cut_that_was_lowered_to_save_is_no_fault(dear: float, named: list[str], *, of_errors_alone: bool) -> None:
    """From .5 to .1: more needless looks at 1 each, and fewer misses; only where these cost little is it a fault.

    It is the same whether what went right costs nought or is left blank. Nor is it a fault of the answers then.
    """
    log = calibrated().assign(done=lambda d: (d["score"] > np.where(LATE, 0.1, 0.5)).astype(int))
    missed, needless = (log["truth"] > log["done"]), (log["truth"] < log["done"])
    log["spent"] = (missed * dear + needless * 1.0).where(missed | needless | (not of_errors_alone))
    study = studied(log, decision="done", cost="spent")
    (got,) = policy.detect(study)
    assert [got.mechanism] == (named or [""])
    assert ("bad_rollout" in got.finding.refutes) == (not named)
    assert (measure(study).kind == "none") == (not named)


def test_a_cut_that_was_moved_well_is_no_harm_by_few_labels_and_nobodys_fault() -> None:
    """Labels, and so costs, are known of three rows in ten; people did not override anything, they have a new cut."""
    rng = np.random.default_rng(8)
    log = calibrated().assign(done=lambda d: (d["score"] > np.where(LATE, 0.1, 0.5)).astype(int))
    log["said"] = (log["score"] > 0.5).astype(int)
    log["spent"] = (log["truth"] > log["done"]) * 20.0 + (log["truth"] < log["done"])
    log.loc[rng.random(N) < 0.7, ["truth", "spent"]] = np.nan
    study = studied(log, prediction="said", decision="done", cost="spent")
    (got,) = policy.detect(study)
    assert {"harmful_overrides", "not_adopted"} <= set(got.finding.refutes)
    assert measure(study).kind == "none"


def test_a_price_that_falls_makes_no_error_good() -> None:
    """What a treatment costs, whatever is answered, came down while answers went wrong: that is harm."""
    rng = np.random.default_rng(9)
    log = calibrated().assign(said=lambda d: (d["score"] > 0.5).astype(int))
    log["truth"] = np.where(LATE & (rng.random(N) < 0.3), 1 - log["truth"], log["truth"])
    log["spent"] = rng.gamma(4, 25, N) * np.where(LATE, 0.8, 1.0)
    assert measure(studied(log, prediction="said", cost="spent")).kind == "labels"
