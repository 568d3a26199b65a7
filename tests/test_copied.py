"""Rows with all the inputs of another request are named; repeats of one request, and equal codes, are not."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import copied
from toolkit.detectors.evidence import Evidence

N, SINCE = 3000, 1800


def look(*, share: float, digits: int = 6, same_id: bool = False) -> list[Evidence]:
    """Read a log in which a share of the rows since a row has the inputs of one some rows before."""
    rng = np.random.default_rng(12)
    log, reference = (healthy(rng, N).round({"x": digits, "w": digits}) for _ in range(2))
    for frame in (log, reference):
        frame["score"] = frame["score"].round(digits)
        frame["v"] = rng.normal(size=N).round(digits)
        frame["request"] = [f"r{i}" for i in range(N)]
    hit = np.flatnonzero((np.arange(N) >= SINCE) & (rng.random(N) < share))
    source = hit - rng.integers(1, 500, len(hit))
    columns = ["x", "w", "v", *(["request"] if same_id else [])]
    log.loc[hit, columns] = log.loc[source, columns].to_numpy()
    return copied.detect(study_of(log, reference, id="request", feature=["x", "w", "v", "town"]))


def test_a_cache_of_too_short_a_key_is_named() -> None:
    """One row in seven is answered for another: stale, since that row, and no label is to blame."""
    (got,) = look(share=0.15)
    assert got.mechanism == "stale_feature"
    assert "label_noise" in got.finding.refutes
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 60
    assert got.rows is not None
    assert 120 < int(got.rows.sum()) < 240


@pytest.mark.parametrize(("share", "digits", "same_id"), [(0.0, 6, False), (0.15, 0, False), (0.15, 6, True)])
def test_other_repeats_are_not_copies(share: float, digits: int, *, same_id: bool) -> None:
    """None, columns of a few values, or the same request once more: nothing is said."""
    assert look(share=share, digits=digits, same_id=same_id) == []


def test_people_who_come_back_are_no_copies() -> None:
    """Requests of a pool of customers: the longer the log, the more of them were there before, as they were."""
    rng = np.random.default_rng(16)
    pool = healthy(rng, 4000).assign(v=rng.normal(size=4000))
    log, reference = (pool.iloc[rng.integers(0, 4000, N)].reset_index(drop=True) for _ in range(2))
    log["request"] = [f"r{i}" for i in range(N)]
    study = study_of(log, reference.assign(request="r"), id="request", feature=["x", "w", "v", "town"])
    assert copied.detect(study) == []
