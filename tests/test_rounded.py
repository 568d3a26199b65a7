"""Numbers that come rounded are a changed schema; a column that was on that grid before is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import rounded
from toolkit.detectors.evidence import Evidence

SINCE = 900
Write = Callable[[pd.Series], pd.Series]


def whole_each(nth: int, x: pd.Series) -> pd.Series:
    """Round one row of so many."""
    return x.where(np.arange(len(x)) % nth != 0, np.rint(x))


def look(then: Write, now: Write, *, own: bool = False) -> list[Evidence]:
    """Read a log whose x is written by ``then`` up to a row and by ``now`` from it on."""
    rng = np.random.default_rng(4)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    for frame in (log, reference):
        frame["x"] = rng.normal(40.0, 12.0, 1500)
    x = log["x"].copy()
    reference["x"] = then(reference["x"])
    log["x"] = np.where(np.arange(1500) < SINCE, then(x), now(x))
    return rounded.detect(study_of(log, None if own else reference))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    "now",
    [np.rint, np.floor, np.ceil, lambda x: np.round(x, -1)],
    ids=["whole", "cut", "up", "tens"],
)
def test_a_cast_is_a_changed_schema_since_its_row(now: Write, *, own: bool) -> None:
    """Rounded, cut off, rounded up or to tens: named as a schema change, since that row, for those rows."""
    (got,) = look(lambda x: x, now, own=own)
    assert got.mechanism == "schema_change"
    assert "covariate_shift" in got.finding.refutes
    assert got.change is not None
    assert abs(got.change.start - SINCE) <= 2
    assert got.rows is not None
    assert int(got.rows.sum()) >= 590


def test_large_numbers_lose_large_digits() -> None:
    """Amounts of tens of millions that come in whole tens of millions: the step is written out."""
    (got,) = look(lambda x: x * 1e6, lambda x: np.round(x * 1e6, -7))
    assert "steps of 10000000 in 100 % of the rows since the change" in got.finding.statement


def test_a_part_of_the_rows_may_be_cast() -> None:
    """One client of three writes whole numbers: its rows are marked."""
    (got,) = look(lambda x: x, lambda x: np.where(np.arange(1500) % 3 == 0, np.rint(x), x))
    assert got.rows is not None
    assert 180 <= int(got.rows.sum()) <= 210


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (lambda x: x, lambda x: x),
        (np.rint, np.rint),
        (lambda x: np.round(x, 2), lambda x: np.round(x, 2)),
        (lambda x: x, lambda x: np.rint(x * 3)),
        (np.rint, lambda x: x),
        (lambda x: x, lambda x: np.round(x, 4)),
        (lambda x: whole_each(5, x), lambda x: whole_each(2, x)),
        (lambda x: np.exp(x / 10) * 1e6, lambda x: np.round(np.exp(x / 10) * 1e6, -5)),
    ],
    ids=["as before", "whole all along", "two digits all along", "other numbers", "finer", "digits that tell nothing",
         "more pieces sold", "chance multiples of a grid too fine to tell"],
)  # fmt: skip
def test_what_was_so_or_is_something_else_is_none(then: Write, now: Write) -> None:
    """A grid of old, other numbers on a grid, more digits than before, or a few less far down are no rounding."""
    assert look(then, now) == []
