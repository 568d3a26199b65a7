"""A column that is elsewhere: a number of things, another mix of parts, or a few rows far from all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import population
from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence


def look(log: pd.DataFrame, reference: pd.DataFrame, **roles: list[str]) -> list[Evidence]:
    """Ask what a column that surely moved tells of who came."""
    study = study_of(log, reference, **roles)
    move = moved(study, "w")
    assert move is not None
    return population.detect(study, {"w": move}, None, set())


@pytest.mark.parametrize(("things", "found"), [(True, "memorised_training_data"), (False, "training_serving_skew")])
def test_numbers_of_things_that_all_are_new(*, things: bool, found: str) -> None:
    """A model that knew each machine by its number learned machines; a gauge that reads elsewhere is a fault."""
    rng = np.random.default_rng(6)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    for frame, first in ((log, 140), (reference, 100)):
        frame["w"] = rng.integers(first, first + 30, 1500) if things else rng.normal(first, 8, 1500)
        frame["u"], frame["v"] = rng.normal(size=(2, 1500))
    assert [e.mechanism for e in look(log, reference, feature=["x", "w", "u", "v", "town"])] == [found]


@pytest.mark.parametrize("along", [True, False])
def test_a_world_that_is_elsewhere_takes_the_labels_along(*, along: bool) -> None:
    """A winter that a model of summers meets is cold, and so are the homes; a gauge that reads cold alone is broken."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    for frame, cold in ((log, 25), (reference, 0)):
        frame["w"] = rng.normal(22 - cold, 4, 1500)
        frame["truth"] = (rng.random(1500) < (0.4 if cold and along else 0.2)).astype(int)
        frame["u"], frame["v"] = rng.normal(size=(2, 1500))
    (got,) = look(log, reference, feature=["x", "w", "u", "v"])
    assert got.mechanism == ("unrepresentative_data" if along else "training_serving_skew")


@pytest.mark.parametrize("named", [True, False])
def test_another_mix_of_parts_is_no_step_of_a_pipeline(*, named: bool) -> None:
    """Flats are half of the homes and were one in thirty, as large as ever; where nothing says so it may be skew."""
    rng = np.random.default_rng(7)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    for frame, flats in ((log, 0.5), (reference, 0.03)):
        flat = rng.random(1500) < flats
        frame["w"], frame["home"] = rng.normal(np.where(flat, 64, 138), 14), np.where(flat & named, "flat", "house")
        frame["u"], frame["v"] = rng.normal(size=(2, 1500))
    (got,) = look(log, reference, feature=["x", "w", "u", "v"], segment=["home"])
    assert got.mechanism == ("unrepresentative_data" if named else "training_serving_skew")


@pytest.mark.parametrize("far", [True, False])
def test_a_few_rows_far_from_all_carry_the_harm(*, far: bool) -> None:
    """Six routes in a hundred are longer than any that was learned, and the model errs on them alone."""
    rng = np.random.default_rng(8)
    log, reference = healthy(rng, 4000), healthy(rng, 1000)
    log["w"], reference["w"] = rng.uniform(0, 8, 4000), rng.uniform(0, 8, 1000)
    new = (np.arange(4000) >= 2400) & (rng.random(4000) < 0.06) & far
    log["w"] = np.where(new, rng.uniform(9, 20, 4000), log["w"])
    log["truth"] = np.where(new, 1 - log["answer"], log["truth"])
    study = study_of(log, reference, feature=["x", "w"])
    move = moved(study, "w")
    assert (move is not None) is far
    if move is not None:
        (got,) = population.detect(study, {"w": move}, None, set())
        assert got.mechanism == "covariate_shift"
        assert got.strength > 0.6
        assert abs(move.change.start - 2400) < 100


def test_a_part_that_the_reference_hardly_had_is_news() -> None:
    """Three evening students of three hundred say little of what they are like; served they are one in five."""
    rng = np.random.default_rng(9)
    log, reference = healthy(rng, 1200), healthy(rng, 300)
    for frame, share in ((log, 0.22), (reference, 0.01)):
        evening = rng.random(len(frame)) < share
        frame["w"], frame["mode"] = rng.normal(np.where(evening, 56, 78), 9), np.where(evening, "evening", "day")
        frame["u"], frame["v"] = rng.normal(size=(2, len(frame)))
    (got,) = look(log, reference, feature=["x", "w", "u", "v"], segment=["mode"])
    assert got.mechanism == "unrepresentative_data"


@pytest.mark.parametrize("written", [True, False])
def test_a_value_that_somebody_wrote_is_no_wider_crowd(*, written: bool) -> None:
    """One row in eight is a nought that no training row was: skew. As many low ones of all sizes are another crowd."""
    rng = np.random.default_rng(10)
    log, reference = healthy(rng, 3000), healthy(rng, 1500)
    for frame in (log, reference):
        frame["w"] = rng.uniform(0.1, 0.9, len(frame))
        frame["u"], frame["v"] = rng.normal(size=(2, len(frame)))
    low = rng.random(3000) < 0.13
    log["w"] = np.where(low, 0.0 if written else rng.uniform(0, 0.1, 3000), log["w"])
    (got,) = look(log, reference, feature=["x", "w", "u", "v"])
    assert got.mechanism == ("training_serving_skew" if written else "unrepresentative_data")
