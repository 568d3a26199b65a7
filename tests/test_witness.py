"""A crowd larger by some factor is no unit change: the other columns, the labels and the grid of the values say so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import Floats, chance, study_of

from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.units import detect
from toolkit.detectors.witness import left_grid


def served(seed: int, factor: float, *, lonely: bool = False, unit: bool = False, n: int = 1200) -> pd.DataFrame:
    """Draw requests whose ``x`` is ``factor`` times as large: as a crowd, or (``unit``) as written on the way.

    ``w`` goes with x and the label depends on it, unless x is ``lonely``.
    """
    rng = np.random.default_rng(seed)
    x = rng.lognormal(0.0, 0.6, n) * (1.0 if unit else factor)
    w = rng.normal(size=n) if lonely else np.log(x) + rng.normal(0, 0.5, n)
    truth = (rng.random(n) < chance(0.0 * x if lonely else np.log(x) * 2)).astype(int)
    town = rng.choice(["Bonn", "Hof", "Ulm"], n)
    score = chance(w)
    return pd.DataFrame(
        {"x": x * (factor if unit else 1.0), "w": w, "town": town, "score": score,
         "answer": (score >= 0.5).astype(int), "truth": truth, "sex": rng.choice(["F", "M"], n)}
    )  # fmt: skip


def found(log: pd.DataFrame, *, lonely: bool = False) -> list[Evidence]:
    study = study_of(log, served(99, 1.0, lonely=lonely))
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    return [e for e in detect(study, moves) if "x" in e.finding.features]


@pytest.mark.parametrize("factor", [1.6, 2.4, 3.28, 5.0])
def test_a_larger_crowd_with_company_is_no_unit(factor: float) -> None:
    """What goes with x moved along, so x is what it says: no unit change, whatever the factor."""
    assert found(served(1, factor)) == []


@pytest.mark.parametrize("factor", [2.54, 3.1, 0.3048, 100.0])
def test_a_unit_with_company_is_sure(factor: float) -> None:
    """What goes with x stayed, so x was written otherwise: sure, for a factor that no two units share too."""
    (got,) = found(served(1, factor, unit=True))
    assert got.mechanism == "unit_change"
    assert got.finding.effect == pytest.approx(factor, rel=0.06)
    assert got.strength >= 0.9


def test_without_a_witness_an_odd_factor_is_hardly_evidence() -> None:
    """A lonely column larger by a factor that no two units share is rather another crowd, which it does not refute."""
    (got,) = found(served(1, 3.0, lonely=True), lonely=True)
    assert got.strength < 0.4
    assert got.finding.refutes == ()


def test_without_a_witness_a_hundredfold_is_a_unit() -> None:
    """No crowd is a hundred times as large in every quantile."""
    (got,) = found(served(1, 100.0, lonely=True), lonely=True)
    assert got.strength > 0.9


def ages(seed: int) -> Floats:
    return np.round(np.random.default_rng(seed).gamma(9.0, 5.0, 800))


@pytest.mark.parametrize("factor", [12.0, 2.54, 0.001])
def test_a_conversion_leaves_the_grid(factor: float) -> None:
    """Whole years times anything are no whole numbers any more, or multiples of a dozen; undone, they are years."""
    assert left_grid(ages(1), ages(2) * factor, ages(2))


@pytest.mark.parametrize("factor", [2.0, 3.28, 12.0])
def test_a_crowd_keeps_the_grid(factor: float) -> None:
    """People older by a factor are still so many whole years old."""
    older = np.round(np.random.default_rng(3).gamma(9.0, 5.0 * factor, 800))
    assert not left_grid(ages(1), older, older / factor)


def test_numbers_without_a_grid_say_nothing() -> None:
    """Values that were never rounded lie on no grid."""
    x = np.random.default_rng(4).normal(size=500)
    assert not left_grid(x, x * 100, x)


@pytest.mark.parametrize("alone", [True, False])
def test_a_part_that_differs_in_other_columns_is_another_crowd(*, alone: bool) -> None:
    """A quarter of the rows are an eighteenth as large: a unit if nothing else of them is otherwise, else newcomers."""
    rng = np.random.default_rng(7)
    log = served(1, 1.0, lonely=True, n=3000)
    part = rng.random(3000) < np.where(np.arange(3000) < 1500, 0.0, 0.25)
    log["x"] = np.where(part, log["x"] / 18, log["x"])
    log["w"] += np.where(part & ~alone, 1.2, 0.0)
    assert [e.mechanism for e in found(log, lonely=True)] == (["unit_change"] if alone else [])


def partly(seed: int, away: float) -> pd.DataFrame:
    """Draw requests; three in ten have x in another unit (undone it goes with w), and ``q`` of these is ``away``."""
    log = served(seed, 1.0)
    hit = np.random.default_rng(seed + 50).random(len(log)) < 0.3
    q = np.random.default_rng(seed + 60).normal(size=len(log)) + away * hit
    return log.assign(x=np.where(hit, log.x * 100, log.x), q=q)


@pytest.mark.parametrize(("away", "crowd"), [(0.0, False), (1.0, False), (3.0, True)])
def test_rows_that_are_utterly_strange_are_another_crowd(away: float, crowd: bool) -> None:
    """What goes with x speaks of a unit, and is believed unless another number of these rows lies nowhere near."""
    reference = partly(99, 0.0).assign(x=served(99, 1.0).x)
    study = study_of(partly(1, away), reference, feature=["x", "w", "town", "q"])
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    assert [e.mechanism for e in detect(study, moves) if "x" in e.finding.features] == ["unit_change"] * (not crowd)


@pytest.mark.parametrize("left", [True, False])
def test_a_witness_that_left_the_column_is_not_heard(*, left: bool) -> None:
    """Some delays come in thousands. What went with them, and now with nothing, has no say; of small delays it has."""
    rng = np.random.default_rng(6)
    log, reference = served(5, 1.0, n=3000), served(6, 1.0, n=3000)
    for frame in (log, reference):
        frame["x"] = rng.normal(0, 20, 3000)
        frame["truth"] = rng.integers(0, 2, 3000)
    some = (np.arange(3000) >= 2000) & (rng.random(3000) < 0.5)
    log["x"] *= np.where(some, 0.001, 1.0)
    for frame in (log, reference):
        frame["w"] = frame["x"] + rng.normal(0, 10, 3000)
    if left:
        log["w"] = rng.permutation(reference["w"])
    study = study_of(log, reference)
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    assert [e.mechanism for e in detect(study, moves)] == (["unit_change"] if left else [])
