"""Numbers that people change more often than they did: told early, from the first changes whose label is in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.detectors import decisions
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE, LABELLED = 4000, 1600, 2000


def look(seed: int, *, blind: bool) -> list[Evidence]:
    """Let people change ever more numbers since a row, where they changed few and well; labels of few of them are in.

    Changed blindly it is away from the need as often as towards it; else less far towards it than it used to be.
    """
    rng = np.random.default_rng(seed)
    need = rng.gamma(9, 4, N)
    guess = need + 8 * rng.standard_t(3, N)
    usual = (np.abs(guess - need) > 10) & (rng.random(N) < 0.25)
    more = rng.random(N) < 0.25 * np.clip((np.arange(N) - SINCE) / 600, 0, 1)
    away = guess + 30 * rng.exponential(1, N) * rng.choice([-1, 1], N)
    done = np.where(usual, guess + 0.9 * (need - guess), guess)
    done = np.where(more, away if blind else guess + 0.3 * (need - guess), done)
    label = np.where(np.arange(N) < LABELLED, need, np.nan)
    when = pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC")
    log = pd.DataFrame({"timestamp": when, "x": need.round(), "prediction": guess, "label": label, "decision": done})
    single = {c: c for c in ("timestamp", "prediction", "label", "decision")}
    with read_log(log, {"task": "regression", "roles": {**single, "feature": ["x"]}}) as opened:
        return [e for e in decisions.detect(make_study(build_profile(opened)), ()) if e.mechanism]


@pytest.mark.parametrize("seed", [0, 3, 8])
def test_blind_changes_are_named_since_there_are_more_of_them(seed: int) -> None:
    """A few dozen changes whose label is in cost, where those before saved; the day is told by all."""
    (got,) = look(seed, blind=True)
    assert got.mechanism == "harmful_overrides"
    assert got.finding.supports == ("harmful_overrides",)
    assert got.change is not None
    assert SINCE - 100 < got.change.start < LABELLED


@pytest.mark.parametrize("seed", [0, 3, 8])
def test_more_changes_that_save_less_each_do_no_harm(seed: int) -> None:
    """What is changed more often and still for the better is named by nobody."""
    assert look(seed, blind=False) == []
