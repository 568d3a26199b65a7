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


def test_a_feed_that_stands_still_in_some_parts_alone() -> None:
    """One town of three stays at its last value: its rows are named, and no more of them than it has."""
    rng = np.random.default_rng(4)
    log, reference = healthy(rng, N), healthy(rng, N)
    hit = (log["town"] == "Hof") & (log.index >= SINCE)
    log.loc[hit, "w"] = log.loc[(log["town"] == "Hof") & ~hit, "w"].iloc[-1]
    got = defaults.detect(study_of(log, reference, segment=["town"]))
    (one,) = [e for e in got if e.mechanism == "stale_feature"]
    assert one.finding.features == ("w",)
    assert one.rows is not None
    assert not (one.rows & ~hit.to_numpy()).any()
    assert one.rows.sum() > 0.95 * hit.sum()


def test_months_come_again_after_a_year() -> None:
    """Of the first dozen rows nobody knows whether they repeat one of the dozen before: no feed stood still."""
    months = 120
    rng = np.random.default_rng(5)
    log = healthy(rng, months)
    log["w"] = np.round(np.cos(2 * np.pi * (np.arange(months) % 12) / 12), 3)
    assert not [e for e in defaults.detect(study_of(log, None)) if e.mechanism == "stale_feature"]


@pytest.mark.parametrize("stops", [False, True])
def test_a_feed_that_stands_still_now_and_then(*, stops: bool) -> None:
    """At one town the feed stops for some rows of every sixty: a fifth of its rows, where no number ever came twice."""
    rng = np.random.default_rng(6)
    log, reference = healthy(rng, N), healthy(rng, N)
    hers = (log["town"] == "Hof").to_numpy()
    off = hers & (np.arange(N) >= SINCE) & (np.arange(N) % 60 < 14)
    if stops:
        log["w"] = log["w"].mask(off).groupby(log["town"]).ffill()
    got = [e for e in defaults.detect(study_of(log, reference, segment=["town"])) if e.mechanism == "stale_feature"]
    assert [e.finding.features for e in got] == ([("w",)] if stops else [])
    assert all(e.rows is not None and not (e.rows & ~hers).any() for e in got)
