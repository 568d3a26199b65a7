"""A column that parts company with the others: joined to the wrong rows it is stale, drifting as a whole it is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.causes.candidates import explained_rows
from toolkit.detectors import association
from toolkit.detectors.evidence import from_start, make
from toolkit.profile.model import Floats

N, SINCE = 1500, 700
SINCE_THEN = np.arange(N) >= SINCE


def look(spoil: Callable[[Floats], Floats]) -> list[str]:
    """Give the mechanisms named where ``w``, which goes with ``x``, was spoilt since a row."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = 0.8 * frame["x"] + 0.6 * frame["w"]
    log["w"] = np.where(SINCE_THEN, spoil(log["w"].to_numpy()), log["w"])
    return [e.mechanism for e in association.detect(study_of(log, reference), {}, set())]


def test_values_of_other_rows_are_stale() -> None:
    """Each row has the value of another: the column is as it was, and goes with nothing."""
    assert look(lambda w: np.roll(w, 40)) == ["stale_feature"]


@pytest.mark.parametrize("ramp", [False, True])
def test_a_gauge_that_drifts_is_not_stale(*, ramp: bool) -> None:
    """Every value is its own row's and some more: nothing was joined wrongly, and nothing came late."""
    more = np.clip((np.arange(N) - SINCE) / (N - SINCE), 0, 1) if ramp else np.ones(N)
    assert look(lambda w: w + 2.0 * more) == []


def test_what_goes_with_a_new_product_is_not_known_yet() -> None:
    """Rows of a town that the reference never had may have another ``w``: they are new, and joined as they should."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, N), healthy(rng, N)
    new = SINCE_THEN & (rng.random(N) < 0.5)
    for frame, strangers in ((log, new), (reference, np.zeros(N, dtype=bool))):
        frame["w"] = 0.8 * frame["x"] + 0.6 * frame["w"] * np.where(strangers, 3.0, 1.0)
        frame.loc[strangers, "town"] = "Zell"
    assert association.detect(study_of(log, reference), {}, set()) == []


@pytest.mark.parametrize("later", [False, True])
def test_what_was_there_from_the_first_row_touched_nothing_that_changed_later(*, later: bool) -> None:
    """A column joined to other rows all along did not turn the labels in the middle of the log: they are looked at."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, 3000), healthy(rng, N)
    wrong = (np.arange(3000) >= 1500) & (rng.random(3000) < 0.5) & later
    study = study_of(log.assign(truth=np.where(wrong, 1 - log["truth"], log["truth"])), reference)
    every = np.ones(3000, dtype=bool)
    parted = make(study, "t", "training_serving_skew", "", strength=0.8, z=9.0, change=from_start(study), rows=every)
    assert explained_rows(study, [parted], {}).any() != later


@pytest.mark.parametrize("read", [True, False])
def test_a_column_that_no_answer_follows_does_no_harm(*, read: bool) -> None:
    """Joined to other rows from the first one on: skew where the model reads it, and nothing where it does not."""
    rng = np.random.default_rng(6)
    log, reference = healthy(rng, 3000), healthy(rng, 3000)
    for frame in (log, reference):
        frame["w"] = 0.8 * frame["x"] + 0.6 * frame["w"]
        frame["u"] = frame["x"] + 0.3 * rng.normal(size=3000)
    log["w"] = rng.permutation(log["w"])
    for frame in (log, reference):
        z = 1.5 * frame["x"] + (1.5 * frame["w"] if read else 0.0)
        frame["score"], frame["answer"] = 1 / (1 + np.exp(-z)), (z > 0).astype(int)
    got = association.detect(study_of(log, reference, feature=["x", "w", "u"]), {}, set())
    assert [e.finding.features for e in got] == ([("w",)] if read else [])
