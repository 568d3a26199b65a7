"""Answers that come late keep people waiting: how many of them wait too long is harm, whatever the mean says."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import service

N, SINCE = 3000, 1500


@pytest.mark.parametrize(
    ("share", "times", "quick", "harmful"),
    [(0.25, 8.0, 70.0, True), (0.25, 8.0, 7.0, False), (1.0, 1.4, 70.0, False), (0.06, 20.0, 70.0, False)],
    ids=["a quarter far too late", "of a service in no time", "all a little later", "a few very late"],
)
def test_late_answers_harm_where_many_wait_too_long(share: float, times: float, quick: float, *, harmful: bool) -> None:
    """Eight times as long for one in four of 70 ms frustrates; of 7 ms nobody waits, nor for two fifths more."""
    rng = np.random.default_rng(2)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["took"] = quick * np.exp(rng.normal(0, 0.35, N))
    slow = (np.arange(N) >= SINCE) & (rng.random(N) < share)
    log["took"] *= np.where(slow, times, 1.0)
    (got,) = [e for e in service.detect(study_of(log, reference, latency_ms="took")) if e.mechanism == "latency"]
    assert got.harmful == harmful
    assert ("4 times what 95 %" in got.finding.statement) == harmful


@pytest.mark.parametrize("failing", [True, False])
def test_the_failures_of_one_shift_are_seen(*, failing: bool) -> None:
    """Of 48 requests the last dozen fails in two of three cases; scattered over the shift as many are its level."""
    log = healthy(np.random.default_rng(3), 48)
    down = np.r_[[9, 25, 27, 28], [37, 38, 40, 41, 42, 43, 44, 46]] if failing else np.arange(2, 48, 4)
    log["http"] = np.where(np.isin(np.arange(48), down), "503", "200")
    found = service.detect(study_of(log, None, status="http"))
    assert [e.mechanism for e in found if e.strength > 0.5] == (["errors"] if failing else [])
