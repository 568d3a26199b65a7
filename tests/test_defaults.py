"""A value that fills in for others and a value that stands still are told apart, and from chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import defaults
from toolkit.detectors.evidence import Evidence


def found(column: str, change: pd.Series, n: int = 2000) -> list[Evidence]:
    """Look at a log of n rows whose ``column`` is ``change`` from row 1,200 on."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, n), healthy(rng, 2000)
    log.loc[1200:, column] = change[1200:]
    return [e for e in defaults.detect(study_of(log, reference)) if column in e.finding.features]


ROWS = np.arange(2000)
RNG = np.random.default_rng(9)


@pytest.mark.parametrize("value", [0.0, -1.0, 0.35])
def test_a_number_that_fills_in_for_a_third(value: float) -> None:
    """A value on a third of the rows, the rest as before: filled, on those rows, since then."""
    filled = RNG.random(2000) < 0.33
    column = pd.Series(np.where(filled, value, RNG.normal(size=2000)))
    (got,) = found("x", column)
    assert got.mechanism == "default_filled"
    assert got.change is not None
    assert abs(got.change.start - 1200) <= 15
    assert got.rows is not None
    assert (got.rows[1220:] == filled[1220:]).mean() > 0.99
    assert not got.rows[:1180].any()
    assert got.finding.effect == pytest.approx(0.33, abs=0.05)


def test_a_constant_is_a_default() -> None:
    """All rows at nought, which is no row's last value: a default, not a value that stood still."""
    (got,) = found("x", pd.Series(np.zeros(2000)))
    assert got.mechanism == "default_filled"


def test_a_feed_that_stopped() -> None:
    """All rows at the last value before the change: it stands still."""
    rng = np.random.default_rng(5)
    last = float(healthy(rng, 2000)["x"].iloc[1199])
    (got,) = found("x", pd.Series(np.full(2000, last)))
    assert got.mechanism == "stale_feature"
    assert got.change is not None
    assert abs(got.change.start - 1200) <= 2


def test_a_feed_in_steps() -> None:
    """A value that changes only every twentieth row stands still most of the time."""
    column = pd.Series(np.repeat(RNG.normal(size=100), 20))
    (got,) = found("x", column)
    assert got.mechanism == "stale_feature"


def test_an_unknown_town() -> None:
    """A placeholder is a default; a town that became more usual is at most a faint one."""
    unknown = np.where(RNG.random(2000) < 0.3, "unknown", "Bonn")
    crowd = RNG.choice(["Bonn", "Hof", "Ulm"], 2000, p=[0.75, 0.15, 0.1])
    assert all(e.strength <= 0.3 for e in found("town", pd.Series(crowd)))
    assert all(e.mechanism == "default_filled" for e in found("town", pd.Series(unknown)))


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(RNG.normal(size=2000)),
        pd.Series(RNG.normal(0.8, 1.0, 2000)),
        pd.Series(RNG.normal(0.0, 2.0, 2000)),
        pd.Series(RNG.normal(size=2000)).where(RNG.random(2000) > 0.3),
    ],
    ids=["as before", "shifted", "wider", "holes"],
)
def test_what_is_no_default(column: pd.Series) -> None:
    """Numbers that moved, spread or went missing are neither filled in nor frozen."""
    assert found("x", column) == []


def test_towns_in_any_order_are_not_frozen() -> None:
    """A column of few values repeats itself by chance: that is no value that stands still."""
    got = found("town", pd.Series(RNG.choice(["Bonn", "Hof"], 2000)))
    assert [e for e in got if e.mechanism == "stale_feature"] == []
