"""A count that changes once an hour repeats itself anyway: that it stands for weeks is seen all the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import stuck
from toolkit.detectors.evidence import Evidence

N, SINCE = 2400, 1500


def look(site: str, *, reference: bool = True) -> Evidence | None:
    """Beds that are free at three sites, counted every sixteen rows; one of them stands since a row."""
    rng = np.random.default_rng(6)
    log, held = healthy(rng, N), healthy(rng, N)
    for rows in (log, held):
        rows["site"] = rng.choice(["a", "b", "c"], N)
        counts = {s: 300 + np.cumsum(rng.integers(-4, 5, N // 16)) for s in "abc"}
        rows["beds"] = [int(counts[s][i // 16]) for i, s in enumerate(rows["site"])]
    stands = (log["site"] == site) & (np.arange(N) >= SINCE)
    if stands.any():
        log.loc[stands, "beds"] = log.loc[(log["site"] == site) & (np.arange(N) < SINCE), "beds"].iloc[-1]
    study = study_of(log, held if reference else None, segment=["site"], feature=["x", "w", "beds"])
    return stuck.stuck(study, "beds", study.log.features["beds"])


@pytest.mark.parametrize("reference", [True, False])
def test_the_site_whose_count_stands_is_named(*, reference: bool) -> None:
    """Named are the column, the site and about since when; it is old, and says so of noisy labels too."""
    got = look("b", reference=reference)
    assert got is not None
    assert (got.mechanism, [(t.column, t.value) for t in got.finding.slice]) == ("stale_feature", [("site", "b")])
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 40
    assert "elsewhere goes on changing" in got.finding.statement
    assert "label_noise" in got.finding.refutes


def test_counts_that_go_on_changing_stand_nowhere() -> None:
    """Sixteen rows of one number are as usual."""
    assert look("nobody") is None


def test_what_never_changed_stands_for_no_fault() -> None:
    """A plan's name changes twice in a log, and each stays for long."""
    log = healthy(np.random.default_rng(7), N).assign(plan=pd.Series(np.arange(N) // 800).astype(float))
    study = study_of(log, None, feature=["x", "w", "plan"])
    assert stuck.stuck(study, "plan", study.log.features["plan"]) is None
