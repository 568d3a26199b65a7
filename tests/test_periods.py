"""Feeds that are renewed for many rows at once, and stand still: no role says what the rows are about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES

from toolkit.detectors import defaults
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

DAYS, EACH, SINCE = 60, 40, 40


def frame(x: np.ndarray) -> pd.DataFrame:  # type: ignore[type-arg]
    """Give forty rows a day with a value of x each, in any order within the day, and nothing else that moves."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.permutation(day) for day in x])
    n = len(x)
    score = rng.uniform(size=n)
    return pd.DataFrame({
        "x": x, "w": rng.normal(size=n), "town": rng.choice(["Bonn", "Hof"], n), "score": score,
        "answer": (score > 0.5).astype(int), "truth": (rng.random(n) < score).astype(int), "sex": "F",
    })  # fmt: skip


def stale(x: np.ndarray, *, still: bool) -> list[Evidence]:  # type: ignore[type-arg]
    """Say what is found stale, where from day forty on each day has the values of the fortieth."""
    if still:
        x = x[np.minimum(np.arange(DAYS), SINCE)]
    days = pd.date_range("2025-01-01", periods=DAYS, freq="D", tz="UTC").repeat(EACH)
    rows = frame(x).assign(when=days + pd.to_timedelta(np.arange(DAYS * EACH) % EACH, unit="min"))
    with read_log(rows, ROLES) as opened:
        studied = make_study(build_profile(opened))
    return [e for e in defaults.detect(studied) if e.mechanism == "stale_feature" and "x" in e.finding.features]


def views() -> np.ndarray:  # type: ignore[type-arg]
    """Draw daily whole numbers of forty articles, which come again by chance now and then."""
    return np.random.default_rng(5).poisson(300, (DAYS, EACH)).astype(float)


def rates() -> np.ndarray:  # type: ignore[type-arg]
    """Draw a rate of exchange, one for all rows of a day."""
    steps = np.cumsum(np.random.default_rng(6).normal(0, 0.01, DAYS)) + 1.1
    return np.repeat(steps.round(4)[:, None], EACH, axis=1)


@pytest.mark.parametrize("drawn", [views, rates], ids=lambda f: f.__name__)
def test_a_feed_that_stands_still_is_stale_since_then(drawn: object) -> None:
    """Each day has the values of the last one from a day on."""
    (got,) = stale(drawn(), still=True)  # type: ignore[operator]
    assert got.rows is not None
    assert abs(int(got.rows.argmax()) - (SINCE + 1) * EACH) <= 2 * EACH


@pytest.mark.parametrize("drawn", [views, rates], ids=lambda f: f.__name__)
def test_a_feed_that_is_renewed_is_not(drawn: object) -> None:
    """Numbers that come again by chance stand still no more than rates that move each day."""
    assert stale(drawn(), still=False) == []


def test_fewer_values_are_no_standstill() -> None:
    """A season of few different numbers repeats those of the day before by chance."""
    x = views()
    x[SINCE:] = np.random.default_rng(7).integers(290, 296, x[SINCE:].shape)
    assert stale(x, still=False) == []
