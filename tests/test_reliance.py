"""Numbers that were cut back or corrected before they were acted on, and are no more, are a person's doing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import reliance
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE = 3000, 1800


def look(*, capped: bool, ends: bool = True, helps: bool = True) -> list[Evidence]:
    """Read orders that follow a forecast which is wild in one row of twenty, cut or corrected up to a row."""
    rng = np.random.default_rng(10)
    need = rng.gamma(9, 4, N)
    guess = need + rng.normal(0, 3, N)
    wild = rng.random(N) < 0.05
    guess = np.where(wild, guess * 4 if capped else guess + rng.choice([-60, 60], N), guess)
    right = need + rng.normal(0, 3 if helps else 200, N)
    watched = wild & ((np.arange(N) < SINCE) | (not ends))
    when = pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC")
    log = pd.DataFrame({"timestamp": when, "x": need.round(), "prediction": guess.round(2), "label": need.round(2),
                        "decision": np.where(watched, right, guess).round(2)})  # fmt: skip
    single = {c: c for c in ("timestamp", "prediction", "label", "decision")}
    with read_log(log, {"task": "regression", "roles": {**single, "feature": ["x"]}}) as opened:
        return reliance.detect(make_study(build_profile(opened)))


@pytest.mark.parametrize(("capped", "mechanism"), [(True, "missing_guardrail"), (False, "over_reliance")])
def test_corrections_that_stop_are_named(mechanism: str, *, capped: bool) -> None:
    """Cut to one side it was a guardrail, corrected to both it was people; since the row, with their share."""
    (got,) = look(capped=capped)
    assert got.mechanism == mechanism
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 60
    assert got.share_hint is not None
    assert got.share_hint > 0.8


@pytest.mark.parametrize(("ends", "helps"), [(False, True), (True, False)])
def test_corrections_that_go_on_or_never_helped_are_not(*, ends: bool, helps: bool) -> None:
    """Who still corrects has let nothing through, and corrections that cost more than they saved are no loss."""
    assert look(capped=False, ends=ends, helps=helps) == []


@pytest.mark.parametrize(("who", "said"), [("auto-approve", "Rules accept"), ("eve", "People accept")])
def test_people_do_not_accept_what_a_rule_lets_through(who: str, said: str) -> None:
    """Corrections end where a rule takes over, or where people stop: the sentence says which."""
    rng = np.random.default_rng(10)
    log = healthy(rng, N)
    late = np.arange(N) >= SINCE
    log["done"] = np.where((rng.random(N) < 0.5) & ~late, log["truth"], log["answer"])
    log["by"] = np.where(late, who, "eve")
    (got,) = reliance.detect(study_of(log, None, decision="done", decider="by"))
    assert got.finding.statement.startswith(said)


@pytest.mark.parametrize("stamps", [True, False])
def test_who_is_given_what_nobody_can_tell_does_not_stamp(*, stamps: bool) -> None:
    """Eve lets most wrong answers through: she is named for it, but not where hers are the cases none can mend."""
    rng = np.random.default_rng(11)
    log = healthy(rng, N)
    unclear = (log["score"] - 0.5).abs() < 0.2
    hers = np.asarray(rng.random(N) < (0.25 if stamps else 0.8)) & (unclear | stamps)
    log["by"] = np.where(hers, "eve", rng.choice(["ada", "bob", "cyd"], N))
    seen = rng.random(N) < np.where(hers if stamps else unclear, 0.04, 0.6)
    log["done"] = np.where(seen, log["truth"], log["answer"])
    got = reliance.detect(study_of(log, None, decision="done", decider="by"))
    assert [e.finding.slice[0].value for e in got] == (["eve"] if stamps else [])
