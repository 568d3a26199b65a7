"""Those who decide, crossed with time: some begin to decide worse, and nobody else does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit.detectors import deciders, decisions, reliance
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import Study, make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.records import SliceTerm

N, SINCE = 2000, 1100


def record(kind: str, seed: int = 3) -> pd.DataFrame:
    """Draw exams marked by eight people and, later, by all of them together; ``kind`` is what happens to two."""
    rng = np.random.default_rng(seed)
    able, who = rng.normal(size=N), rng.integers(0, 8, N)
    two = np.isin(who, (2, 5))
    late = (np.arange(N) >= SINCE) & two
    if kind == "weaker candidates":
        able = np.where(late, able - 1.2, able)
    lenient = 1.2 * two if kind == "always lenient" else 0.0
    passed = (able + 0.5 * rng.normal(size=N) + lenient > 0).astype(int)
    if kind == "pass nearly all":
        passed = np.where(late & (rng.random(N) < 0.9), 1, passed)
    return pd.DataFrame(
        {
            "day": pd.date_range("2025-03-01", periods=N, freq="h", tz="UTC"),
            "points": (60 + 10 * able + 2 * rng.normal(size=N)).round(),
            "school": rng.choice(["north", "south", "west"], N),
            "passed": passed,
            "again": (able + 0.3 * rng.normal(size=N) > 0).astype(int),
            "marker": [f"m{i}" for i in who],
        }
    )


def found(log: pd.DataFrame, **roles: Any) -> list[Evidence]:
    """Give what the detector says of a log."""
    named = {"timestamp": "day", "label": "again", "feature": ["points"], "segment": ["school"], **roles}
    with read_log(log, {"task": "binary", "roles": named, "values": {"positive": 1}}) as opened:
        return deciders.detect(make_study(build_profile(opened)))


def test_two_who_begin_to_pass_nearly_all_are_named_since_when() -> None:
    """Two of eight change on one row: both are named, with the row, and what it cost on their cases."""
    (e,) = found(record("pass nearly all"), decision="passed", decider="marker")
    assert (e.mechanism, e.finding.slice) == (
        "harmful_overrides",
        (SliceTerm("decider", "m2"), SliceTerm("decider", "m5")),
    )
    assert e.change is not None
    assert e.change.low - 8 <= SINCE <= e.change.high + 8
    assert e.strength > 0.8
    assert (e.finding.effect or 0) > 0.15
    assert "concept_drift" in e.finding.refutes


def test_roles_declared_otherwise_say_the_same() -> None:
    """The markers as a segment, or what they decided as the prediction: the same two."""
    log = record("pass nearly all")
    as_segment = found(log, decision="passed", segment=["school", "marker"])
    as_answer = found(log, prediction="passed", decider="marker")
    assert [[t.value for t in e.finding.slice] for e in as_segment + as_answer] == [["m2", "m5"]] * 2


def test_who_always_was_lenient_changed_nothing() -> None:
    """Two who pass more than the others from the first row on are no change."""
    assert found(record("always lenient"), decision="passed", decider="marker") == []


def test_other_cases_are_not_the_deciders_doing() -> None:
    """Two to whom weaker candidates come pass fewer, as anybody would."""
    assert found(record("weaker candidates"), decision="passed", decider="marker") == []


def test_of_two_the_one_whose_own_decisions_got_worse_is_named() -> None:
    """Two mark, and one begins to pass nearly all: he is named, though nobody else says what is usual."""
    log = record("pass nearly all")
    two = log.assign(marker=np.where(log["marker"].isin(["m2", "m5"]), "one", "other"))
    (e,) = found(two, decision="passed", decider="marker")
    assert e.finding.slice == (SliceTerm("decider", "one"),)
    same = record("always lenient")
    assert (
        found(
            same.assign(marker=np.where(same["marker"].isin(["m2", "m5"]), "one", "other")),
            decision="passed",
            decider="marker",
        )
        == []
    )


def advised(kind: str) -> Study:
    """Read 900 advices that are wrong in three of ten, and what five people made of them, since the first row."""
    rng = np.random.default_rng(8)
    truth, who = rng.integers(0, 2, 900), rng.integers(0, 5, 900)
    advice = np.where(rng.random(900) < 0.3, 1 - truth, truth)
    mended = np.where(rng.random(900) < 0.6, truth, advice)
    first = who == 0
    if kind == "against":
        mended = np.where(first & (rng.random(900) < 0.8), 1 - advice, mended)
    if kind == "stamps":
        mended = np.where(first, advice, mended)
    log = pd.DataFrame({"day": pd.date_range("2025-03-01", periods=900, freq="h", tz="UTC"), "advice": advice,
                        "done": mended, "who": [f"m{i}" for i in who], "again": truth})  # fmt: skip
    named = {"timestamp": "day", "label": "again", "prediction": "advice", "decision": "done", "decider": "who"}
    with read_log(log, {"task": "binary", "roles": named, "values": {"positive": 1}}) as opened:
        return make_study(build_profile(opened))


def test_one_who_decides_against_the_advice_is_named() -> None:
    """Four mend what is wrong, and one spoils as much from the first row on: his overrides, not those of all."""
    got = [e for e in decisions.detect(advised("against"), ()) if e.mechanism == "harmful_overrides"]
    assert [e.finding.slice for e in got] == [(SliceTerm("decider", "m0"),)]
    assert not [e for e in decisions.detect(advised("none"), ()) if e.mechanism]


def test_one_who_stamps_is_named() -> None:
    """Four mend six of ten wrong answers, and one none at all from the first row on: over-reliance, his."""
    (got,) = reliance.detect(advised("stamps"))
    assert (got.mechanism, got.finding.slice) == ("over_reliance", (SliceTerm("decider", "m0"),))
    assert "m0 accepts 100 % of the model's wrong answers" in got.finding.statement
    assert reliance.detect(advised("none")) == []


def test_one_who_rounds_does_no_harm() -> None:
    """Of three planners one writes whole numbers, which costs a thousandth of what the numbers scatter: no word."""
    rng = np.random.default_rng(9)
    came, who = rng.normal(100, 40, 3000), rng.integers(0, 3, 3000)
    told = came + rng.normal(0, 0.2, 3000)
    when, plan = pd.date_range("2025-03-01", periods=3000, freq="h", tz="UTC"), np.where(who == 0, told.round(), told)
    log = pd.DataFrame({"day": when, "told": told, "plan": plan, "who": [f"m{i}" for i in who], "came": came})
    named = {"timestamp": "day", "label": "came", "prediction": "told", "decision": "plan", "decider": "who"}
    with read_log(log, {"task": "regression", "roles": named}) as opened:
        got = decisions.detect(make_study(build_profile(opened)), ())
    assert [e for e in got if e.mechanism] == []


@pytest.mark.parametrize(("share", "named"), [(0.35, True), (0.18, False)])
def test_overrides_whose_labels_are_not_in_are_told_by_how_many_can_be_right(share: float, *, named: bool) -> None:
    """Two of six begin to change answers of a model that errs in one of ten, and no label since is in.

    A third of them cannot all be right; of a sixth the labels must say: named by nobody, and ruled out by nobody.
    """
    n, since = 4000, 2200
    rng = np.random.default_rng(15)
    x, who = rng.normal(size=n), rng.integers(0, 6, n)
    late, truth = np.arange(n) >= since, (x > 0).astype(int)
    advice = np.where(rng.random(n) < 0.1, 1 - truth, truth)
    done = np.where(rng.random(n) < 0.3, truth, advice)
    done = np.where(late & (who < 2) & (rng.random(n) < share), 1 - advice, done)
    when, label = pd.date_range("2025-03-01", periods=n, freq="h", tz="UTC"), np.where(late, np.nan, truth)
    log = pd.DataFrame({"day": when, "x": x, "advice": advice, "done": done, "who": [f"m{i}" for i in who],
                        "again": label})  # fmt: skip
    roles = {"timestamp": "day", "label": "again", "prediction": "advice", "decision": "done", "decider": "who",
             "feature": ["x"]}  # fmt: skip
    d = tk.diagnose(log, roles={"task": "binary", "roles": roles, "values": {"positive": 1}})
    assert (d.verdict == "human") == named
    assert "human" in d.plausible
    if named:
        assert (d.mechanism, [t.value for t in d.slice]) == ("harmful_overrides", ["m0", "m1"])
