"""The ledger: shares by Shapley values, that sum to the whole and know no order."""

from __future__ import annotations

import numpy as np
import played
import pytest

from toolkit.causes.ledger import shapley
from toolkit.testing import make_multi


def test_lines_that_touch_other_rows_take_what_is_on_them() -> None:
    """Two lines on rows of their own take the excess of those rows, and what neither touched stays."""
    excess = np.array([1.0, 1.0, 1.0, 1.0])
    values = shapley([np.array([1.0, 1.0, 0, 0]), np.array([0, 0, 1.0, 0])], excess)
    assert values.sum(1).tolist() == [2.0, 1.0]
    assert (excess - values.sum(0)).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_lines_that_touch_the_same_rows_share_them_alike() -> None:
    """Two lines that each explain all of a row take half of it, whichever is named first."""
    excess, one, two = np.array([4.0, 2.0]), np.array([1.0, 1.0]), np.array([1.0, 0.0])
    assert shapley([one, two], excess).sum(1).tolist() == [4.0, 2.0]
    assert shapley([two, one], excess).sum(1).tolist() == [2.0, 4.0]


def test_a_line_that_explains_a_part_leaves_the_rest_to_others() -> None:
    """v(both) = x (1 - (1 - 1/2)(1 - 1/2)) = 3/4 of the row, split alike."""
    values = shapley([np.array([0.5]), np.array([0.5])], np.array([1.0]))
    assert values.sum(1).tolist() == pytest.approx([0.375, 0.375])


def test_shares_of_every_verdict_sum_to_one() -> None:
    """Whatever was found, the ledger's shares sum to 1, the unexplained line included; none is negative."""
    ledgers = [played.incident(*i).verdict.ledger for i in played.INCIDENTS]
    assert sum(bool(x) for x in ledgers) >= 20
    for lines in filter(None, ledgers):
        assert sum(line.share for line in lines) == pytest.approx(1.0, abs=1e-3)
        assert min(line.share for line in lines) >= 0


def test_two_faults_are_two_lines_with_two_onsets() -> None:
    """Missing values and, later, a wrong cut stand as lines of integration and human, the second beginning later."""
    import toolkit

    case = make_multi(
        [
            {"mechanism": "missing_values", "variant": "nulls", "onset": 0.4, "severity": 0.8},
            {"mechanism": "threshold_misconfigured", "variant": "too_high", "onset": 0.65, "severity": 0.8},
        ],
        base="credit",
        rows=4000,
        seed=3,
        columns={"decisions": True, "deciders": True},
    )
    d = toolkit.diagnose(case.log, reference=case.reference, roles=case.roles, events=case.events)
    onset = {line.cause: line.onset for line in d.lines}
    assert {"integration", "human"} <= set(onset)
    assert onset["integration"] is not None
    assert onset["human"] is not None
    assert onset["human"] > onset["integration"]
