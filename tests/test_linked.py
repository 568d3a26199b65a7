"""A value that stands still must be what hurts before it takes the blame: old rows err more, or the misfit needs it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_clock import study

from toolkit.detectors import defaults, linked
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import Study

N, SINCE = 1_400, 600


def polls(
    seed: int, n: int, *, quick: bool, weekly: bool = False, drift: float = 0.0, stop: bool = False
) -> pd.DataFrame:
    """Draw rows of two polls of one truth, and a forecast that leans on the first.

    The truth is new each row (``quick``) or wanders; since a row the first poll comes each seventh row (``weekly``) or
    no more (``stop``), and what is asked for moves away from both (``drift``).
    """
    rng = np.random.default_rng(seed)
    truth = 40 + (rng.normal(0, 2, n) if quick else np.cumsum(rng.normal(0, 0.2, n)))
    one, two = truth + rng.normal(0, 0.3, n), truth + rng.normal(0, 0.3, n)
    row = np.arange(n)
    if weekly:
        one = one[np.where(row >= SINCE, row - row % 7, row)]
    if stop:
        one = one[np.minimum(row, SINCE)]
    label = truth + rng.normal(0, 0.3, n) + drift * (row >= SINCE)
    frame = pd.DataFrame({"one": one, "two": two, "label": label, "prediction": 0.7 * one + 0.3 * two})
    return frame.assign(timestamp=pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC"))


def held(log: pd.DataFrame, *, quick: bool) -> Study:
    """Hold a log to rows of a healthy time."""
    return study(log, polls(9, 500, quick=quick).assign(split="validation"), "regression")


def stale(found: list[Evidence]) -> Evidence:
    (got,) = [e for e in found if e.mechanism == "stale_feature"]
    return got


def test_a_weekly_poll_does_not_take_the_blame_for_a_world_that_moved() -> None:
    """Rows on which the poll is fresh err as well: it explains nearly nothing, and refutes no drift."""
    log = polls(1, N, quick=False, weekly=True, drift=3.0)
    got = stale(defaults.detect(held(log, quick=False)))
    assert got.share_hint is not None
    assert got.share_hint < 0.2
    assert got.strength < 0.4
    assert got.finding.refutes == ()
    assert "at most" in got.finding.statement


def test_a_feed_that_comes_too_seldom_keeps_the_blame() -> None:
    """Rows err only where the value is old: nothing is taken off."""
    log = polls(1, N, quick=True, weekly=True)
    got = stale(defaults.detect(held(log, quick=True)))
    assert got.strength > 0.9
    assert "concept_drift" in got.finding.refutes


@pytest.mark.parametrize(("drift", "least", "most"), [(4.0, 0.0, 0.5), (0.0, 0.9, 1.0)])
def test_a_feed_that_stopped_is_blamed_unless_a_fit_without_it_errs_alike(
    drift: float, least: float, most: float
) -> None:
    """One long standstill leaves no fresh rows; the other poll says as much, and then errs as much or does not."""
    studied = held(polls(2, N, quick=False, stop=True, drift=drift), quick=False)
    got = stale(linked.judge(studied, defaults.detect(studied)))
    assert least <= got.strength <= most


def test_without_harm_there_is_nothing_to_explain() -> None:
    """A link is asked of a loss that rose, of nothing else."""
    studied = held(polls(3, N, quick=False), quick=False)
    rows = np.arange(N) >= SINCE
    assert linked.without(studied, ["one"], rows) is None
    assert linked.of_age(studied, np.resize([0.0, 1.0], N), rows) is None
