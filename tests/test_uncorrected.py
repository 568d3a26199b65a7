"""Answers that were corrected before they were acted on, and are taken as they come: a person's or a rule's doing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

import toolkit as tk
from toolkit.detectors import uncorrected
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
        return uncorrected.detect(make_study(build_profile(opened)))


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


def queued(*, taken_over: bool = False) -> list[Evidence]:
    """Let a queue right the clear errors and two readers change a few answers; no label is in since the queue ended."""
    rng = np.random.default_rng(12)
    log = healthy(rng, N)
    late, wrong = np.arange(N) >= SINCE, log["answer"] != log["truth"]
    queue = wrong & (rng.random(N) < 0.5)
    log["by"] = np.where(queue & ~late, "queue", rng.choice(["ada", "bob"], N))
    righted = (queue & (~late | taken_over)) | (wrong & (rng.random(N) < 0.35))
    log["done"] = np.where(righted, log["truth"], log["answer"])
    log["truth"] = log["truth"].astype(float).mask(late)
    return uncorrected.detect(study_of(log, None, decision="done", decider="by"))


def test_a_queue_that_ended_is_missed_before_the_first_label() -> None:
    """The two readers go on; what the queue righted nobody does, and no label is needed to say so."""
    (got,) = queued()
    assert [t.value for t in got.finding.slice] == ["queue"]
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 60


def test_a_queue_whose_work_others_took_over_is_not_missed() -> None:
    """Who corrects has another name, and as much is corrected."""
    assert queued(taken_over=True) == []


@pytest.mark.parametrize("better", [False, True])
def test_fewer_corrections_are_trust_where_errors_pass_and_none_are_due_where_there_are_fewer(*, better: bool) -> None:
    """Half as many answers are changed: since the model errs half as often, or since people look no more."""
    rng = np.random.default_rng(13)
    log = healthy(rng, N)
    late, wrong = np.arange(N) >= SINCE, np.asarray(log["answer"] != log["truth"])
    mended = wrong & late & (rng.random(N) < 0.5) & better
    log["answer"] = np.where(mended, log["truth"], log["answer"])
    seen = rng.random(N) < np.where(late & ~np.asarray(better), 0.3, 0.6)
    log["done"] = np.where(seen, log["truth"], log["answer"])
    found = uncorrected.detect(study_of(log, None, decision="done"))
    assert [e.mechanism for e in found] == ([] if better else ["over_reliance"])


def test_what_people_righted_did_no_harm() -> None:
    """The model errs half as much again as promised, people right most of it, and then nobody does: theirs is the harm.

    No label of the time since is in: what is known is that nothing wrong had reached anybody until then.
    """
    rng = np.random.default_rng(14)
    when = pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC")
    x, late = rng.normal(size=N), np.arange(N) >= SINCE
    guess, odd = 40 + 8 * x, np.abs(x) > 1.3
    need = guess + rng.normal(0, 3, N) + np.where(odd, 12, 0)
    log = pd.DataFrame({"at": when, "x": x, "guess": guess, "by": np.where(odd & ~late, "desk", "auto"),
                        "done": np.where(odd & ~late, need, guess), "need": np.where(late, np.nan, need)})  # fmt: skip
    x = rng.normal(size=N)
    held = pd.DataFrame({"at": when, "x": x, "guess": 40 + 8 * x, "need": 40 + 8 * x + rng.normal(0, 3, N)})
    roles: dict[str, Any] = {"task": "regression", "roles": {
        "timestamp": "at", "prediction": "guess", "label": "need", "decision": "done", "decider": "by",
        "feature": ["x"]}}  # fmt: skip
    d = tk.diagnose(log, roles=roles, reference=held)
    assert (d.verdict, d.mechanism) == ("human", "missing_guardrail")
    assert d.harm.expected == pytest.approx(d.harm.observed)
