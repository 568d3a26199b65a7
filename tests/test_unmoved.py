"""What stayed as it was is said, with how much of a change is ruled out; what may have moved is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import unmoved
from toolkit.detectors.study import Study


def studied(*, slow: float = 1.0, failing: float = 0.001, gone: float = 0.0, n: int = 4000) -> Study:
    """Study a log whose second half answers ``slow`` times as slowly, fails and misses ``w`` so often."""
    rng = np.random.default_rng(3)
    parts = []
    for late in (np.zeros(n, bool), np.arange(n) >= n // 2):
        status = np.where(rng.random(n) < np.where(late, failing, 0.001), "error", "ok")
        part = healthy(rng, n).assign(ms=rng.gamma(4, 10, n) * np.where(late, slow, 1), status=status)
        part.loc[rng.random(n) < np.where(late, gone, 0.0), "w"] = np.nan
        parts.append(part)
    return study_of(parts[1], parts[0], latency_ms="ms", status="status")


def refuted(study: Study) -> set[str]:
    return {m for e in unmoved.detect(study) for m in e.finding.refutes}


def test_a_quiet_log_clears_many_suspects() -> None:
    """Nothing failed, slowed, went missing, or was stated too surely, and the cut stood still."""
    got = refuted(studied())
    assert {"errors", "latency", "missing_values", "overconfidence", "threshold_misconfigured"} <= got


@pytest.mark.parametrize(
    ("change", "suspect"),
    [({"slow": 1.6}, "latency"), ({"failing": 0.1}, "errors"), ({"gone": 0.2}, "missing_values")],
)
def test_what_moved_is_not_cleared(change: dict[str, float], suspect: str) -> None:
    """The one that rose is no longer spoken against, the others are."""
    got = refuted(studied(**change))
    assert suspect not in got
    assert "threshold_misconfigured" in got


def test_too_few_rows_clear_nobody() -> None:
    """Forty rows rule out no rise that counts."""
    rng = np.random.default_rng(1)
    log: pd.DataFrame = healthy(rng, 40)
    assert refuted(study_of(log, healthy(rng, 300))) == set()


def test_of_what_never_came_a_few_in_so_many_rows_stay_possible() -> None:
    """No request of four thousand failed: three in four thousand would hardly have been missed, and no fewer."""
    log, reference = healthy(np.random.default_rng(1), 4000), healthy(np.random.default_rng(2), 4000)
    held = study_of(log.assign(status="ok"), reference.assign(status="ok"), status="status")
    said = [e.finding.statement for e in unmoved.detect(held) if "requests failed" in e.finding.statement]
    assert said == ["0 % of the requests failed: as before, a rise by more than 0.075 points is ruled out."]
