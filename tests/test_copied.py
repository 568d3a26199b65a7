"""Rows with all the inputs of another request are named; repeats of one request, and equal codes, are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
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


def rows(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw a log and a reference of three numbers with many digits."""
    log, reference = healthy(rng, N), healthy(rng, N)
    return log.assign(v=rng.normal(size=N)), reference.assign(v=rng.normal(size=N))


def seen(log: pd.DataFrame, reference: pd.DataFrame) -> list[Evidence]:
    """Look at requests that have no name."""
    return copied.detect(study_of(log, reference, feature=["x", "w", "v", "town"]))


@pytest.mark.parametrize("since", [0, 600])
def test_a_cache_that_answers_most_is_named_too(since: int) -> None:
    """Eight rows in ten have an earlier row's inputs, of which a third are unknown: fewer values come once by that."""
    rng = np.random.default_rng(17)
    log, reference = rows(rng)
    for frame in (log, reference):
        frame[["x", "w", "v", "u"]] = rng.normal(size=(N, 4))
        frame["u"] = frame["u"].where(rng.random(N) < 0.67)
    copy = (np.arange(N) >= max(since, 1)) & (rng.random(N) < 0.8)
    source = np.maximum.accumulate(np.where(copy, 0, np.arange(N)))
    log[["x", "w", "v", "u"]] = log[["x", "w", "v", "u"]].to_numpy()[source]
    (got,) = copied.detect(study_of(log, reference, feature=["x", "w", "v", "u"]))
    assert got.finding.effect == pytest.approx(0.8, abs=0.05)
    assert ("in the baseline" in got.finding.statement) == (since == 0)


def test_the_same_request_once_more_is_no_copy() -> None:
    """A queue that delivers some rows twice, label and all, or people who are asked again: nothing is said."""
    rng = np.random.default_rng(18)
    log, reference = rows(rng)
    twice = np.sort(np.concatenate([np.arange(N), np.flatnonzero((np.arange(N) >= SINCE) & (rng.random(N) < 0.2))]))
    assert seen(log.iloc[twice].reset_index(drop=True), reference) == []


def test_where_nothing_tells_requests_apart_it_is_said() -> None:
    """Neither a name nor a label: rows sent again, perhaps, and nothing to be sure of."""
    rng = np.random.default_rng(18)
    log, reference = rows(rng)
    twice = np.sort(np.concatenate([np.arange(N), np.flatnonzero((np.arange(N) >= SINCE) & (rng.random(N) < 0.2))]))
    (got,) = seen(log.iloc[twice].reset_index(drop=True).assign(truth=None), reference)
    assert got.strength <= 0.5
    assert "nothing says whether" in got.finding.statement


def test_one_row_of_values_over_and_over_is_a_default() -> None:
    """An outage puts zeros into one row in ten: no cache, which would have given them the values of many rows."""
    log, reference = rows(rng := np.random.default_rng(19))
    log.loc[(np.arange(N) >= SINCE) & (rng.random(N) < 0.1), ["x", "w", "v"]] = 0.0
    assert seen(log, reference) == []


def test_a_large_number_hides_no_difference_of_the_others() -> None:
    """Births in nanoseconds come back since a row, with other numbers beside them: no copies."""
    log, reference = rows(rng := np.random.default_rng(20))
    for frame in (log, reference):
        frame["x"] = rng.integers(10**17, 10**18, N).astype(float)
    back = np.flatnonzero((np.arange(N) >= SINCE) & (rng.random(N) < 0.15))
    log.loc[back, "x"] = log.loc[back - 100, "x"].to_numpy()
    assert seen(log, reference) == []
