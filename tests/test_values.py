"""The values of a column are those that numpy gives, and a design lays out the rows that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors.evidence import ks_distance
from toolkit.detectors.ordered import InOrder
from toolkit.detectors.values import cell_of, distinct, several


@pytest.mark.parametrize("n", [0, 1, 50, 9_000])
def test_values_and_how_often_they_are_there(n: int) -> None:
    """What numpy's unique gives, of numbers with ties and of codes, empty ones too."""
    rng = np.random.default_rng(n)
    for x in (rng.integers(-3, 3, n), np.round(rng.normal(size=n), 2)):
        expected = np.unique(x, return_counts=True)
        assert [v.tolist() for v in distinct(x)] == [v.tolist() for v in expected]
        assert several(x, 4) == (len(expected[0]) >= 4)


@pytest.mark.parametrize("n", [100, 9_000])
def test_cells_lie_between_edges(n: int) -> None:
    """A value on an edge has reached it, infinities lie at the ends, and a missing value has reached none."""
    edges = np.array([-1.0, 0.0, 0.5])
    x = np.resize([-np.inf, -1.0, -0.5, 0.0, 0.2, 0.5, np.inf, np.nan], n)
    assert cell_of(edges, x).tolist() == np.resize([0, 1, 1, 2, 2, 3, 3, 0], n).tolist()


def test_distance_of_samples_with_ties() -> None:
    """The largest gap between the two shares up to a value, at whichever value of either it lies."""
    assert ks_distance(np.array([1.0, 1.0, 2.0, 4.0]), np.array([2.0, 2.0, 3.0])) == 0.5
    assert ks_distance(np.array([0.0, 1.0]), np.array([5.0, 6.0, 7.0])) == 1.0
    assert ks_distance(np.array([3.0, 1.0]), np.array([1.0, 3.0])) == 0.0


def test_a_column_is_sorted_once() -> None:
    """Known values come sorted: of a column that was named the same array again, of any other one of its own."""
    named, other = np.array([2.0, np.nan, 1.0]), np.array([2.0, np.nan, 1.0])
    in_order = InOrder([named])
    assert in_order(named).tolist() == in_order(other).tolist() == [1.0, 2.0]
    assert in_order(named) is in_order(named)
    assert in_order(other) is not in_order(other)


def test_a_design_lays_out_the_rows_asked_for() -> None:
    """All rows some at a time are the rows one by one, texts as numbers and missing values as NaN among them."""
    rng = np.random.default_rng(0)
    log, reference = healthy(rng, 300), healthy(rng, 200)
    log.loc[7, "w"] = np.nan
    matrix = study_of(log, reference).design.log
    whole = matrix.rows(slice(None))
    assert whole.shape == (300, matrix.width)
    assert np.isnan(whole).sum() == 1
    np.testing.assert_array_equal(matrix.rows(np.array([7, 3])), whole[[7, 3]])
    np.testing.assert_array_equal(matrix.over(lambda X: X[:, 0]), whole[:, 0])
