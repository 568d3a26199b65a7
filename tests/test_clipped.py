"""Numbers that are cut off at a bound are a changed schema; a crowd that shrank, or a bound of old, is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import clipped
from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence
from toolkit.profile.model import Floats

N, SINCE = 2000, 1200


def look(spoil: Callable[[Floats], Floats], *, own: bool = False, before: float = np.inf) -> list[Evidence]:
    """Read a brightness that is spoilt since a row, and stops at ``before`` all along."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = np.minimum(rng.gamma(9, 25, N).round(1), before)
    log["w"] = np.where(np.arange(N) >= SINCE, spoil(log["w"].to_numpy()), log["w"])
    return clipped.detect(study_of(log, None if own else reference), {})


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("cut", [lambda x: np.minimum(x, 255), lambda x: np.maximum(x, 150)], ids=["above", "below"])
def test_a_bound_that_came_up_is_named_since_its_row(cut: Callable[[Floats], Floats], *, own: bool) -> None:
    """A byte or a floor: a schema change since that row, for the rows at the bound."""
    (got,) = look(cut, own=own)
    assert got.mechanism == "schema_change"
    assert {"covariate_shift", "default_filled"} <= set(got.finding.refutes)
    assert got.change is not None
    assert abs(got.change.start - SINCE) <= 60


@pytest.mark.parametrize(
    ("spoil", "before"),
    [
        (lambda x: x, np.inf),
        (lambda x: x, 255.0),
        (lambda x: x * 0.5, np.inf),
        (lambda x: np.where(x > 255, 100.0, x), np.inf),
    ],
    ids=["as before", "a bound of old", "a smaller crowd", "another value"],
)
def test_what_is_no_bound_is_not_named(spoil: Callable[[Floats], Floats], before: float) -> None:
    """Nothing, a bound that the baseline has, smaller values, or values put elsewhere: nothing is said."""
    assert look(spoil, before=before) == []


def test_a_bound_that_is_gone_again_is_named() -> None:
    """For some hundred rows in the middle of the log: a pulse, where it was."""
    (got,) = look(lambda x: np.where(np.arange(N) < SINCE + 300, np.minimum(x, 255), x))
    assert got.change is not None
    assert (abs(got.change.start - SINCE), abs(got.change.end - SINCE - 300)) < (60, 60)


def test_both_ends_and_the_last_rows_are_looked_at() -> None:
    """Cut off above and below: both are named. Cut off in the last tenth alone: so is that, since its row."""
    both = look(lambda x: np.clip(x, 150, 300))
    assert sorted(e.finding.details["bound"] for e in both) == [150, 300]
    (got,) = look(lambda x: np.where(np.arange(N) >= 0.9 * N, np.minimum(x, 255), x))
    assert got.change is not None
    assert abs(got.change.start - 0.9 * N) <= 60


@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_at_the_bound_before_hide_no_cut(seed: int) -> None:
    """The onset may be told some rows early, by a value that happens to be the bound: no value above it is after it."""
    rng = np.random.default_rng(seed)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = rng.poisson(12, N).astype(float)
    log["w"] = np.where(np.arange(N) >= SINCE, np.minimum(log["w"], 14), log["w"])
    (got,) = clipped.detect(study_of(log, reference), {})
    assert got.change is not None
    assert abs(got.change.start - SINCE) <= 60
    assert (log["w"].to_numpy()[got.change.start :] <= 14).all()
    assert "in the baseline)" in got.finding.statement


def test_a_poll_that_is_carried_on_is_not_cut_off() -> None:
    """In the last forty rows a column stands at a middle value of its own: more rows than ever lay beyond it."""
    rng = np.random.default_rng(41)
    log, reference = healthy(rng, 500), healthy(rng, 500)
    still = np.arange(40) % 10 != 0
    log.loc[460:, "w"] = np.where(still, -0.4, np.minimum(log.loc[460:, "w"], -0.41))
    assert clipped.detect(study_of(log, reference), {}) == []


def test_a_lot_of_one_value_near_the_end_is_not_cut_off() -> None:
    """The certificate of a lot stands on all of its rows: one that is lower than nine in ten is no floor."""
    rng = np.random.default_rng(1)
    log, reference = healthy(rng, N), healthy(rng, N)
    reference["w"] = np.arange(N) // 100 / 20.0
    lot = (log.index >= 1000) & (log.index < 1100)
    log["w"] = np.where(lot, 0.07, rng.permutation(20)[np.arange(N) // 100] / 20.0)
    assert clipped.detect(study_of(log, reference), {}) == []


@pytest.mark.parametrize("cut", [True, False])
def test_what_a_cut_made_of_other_columns_is_told_with_it(*, cut: bool) -> None:
    """Words that stood beyond the end of a text are missing in the texts that were cut; elsewhere they are as ever."""
    rng = np.random.default_rng(12)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = rng.gamma(4, 40, N).round()
        frame["words"] = rng.poisson(frame["w"] / 40).astype(float)
    late = log.index >= SINCE
    short = rng.poisson(np.minimum(log["w"], 120) / 40) if cut else rng.poisson(0.2, N)
    log["words"] = np.where(late, short, log["words"]).astype(float)
    log["w"] = np.where(late, np.minimum(log["w"], 120), log["w"])
    study = study_of(log, reference, feature=["x", "w", "words", "town"])
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    (got,) = clipped.detect(study, moves)
    assert got.finding.features == (("w", "words") if cut else ("w",))


def test_a_bound_from_the_first_row_is_serving_unlike_training() -> None:
    """No form changed: what serves never took in what lies beyond, and the reference holds it."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = rng.gamma(9, 25, N).round(1)
    (got,) = clipped.detect(study_of(log.assign(w=np.minimum(log["w"], 255)), reference), {})
    assert got.mechanism == "training_serving_skew"
    assert "from the first row" in got.finding.statement
