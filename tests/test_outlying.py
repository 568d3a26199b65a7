"""A few rows in another unit are named by the factor; a long tail, and one that was there before, are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import outlying
from toolkit.detectors.evidence import Evidence
from toolkit.profile.model import Floats

N, SINCE = 4000, 2000


def look(spoil: Callable[[Floats], Floats], *, also: bool = False) -> list[Evidence]:
    """Read amounts of which one row in twenty is spoilt since a row; ``also`` in the reference too."""
    rng = np.random.default_rng(9)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = np.exp(rng.normal(3.0, 0.8, N)).round(2)
    hit = (rng.random(N) < 0.05) & ((np.arange(N) >= SINCE) | also)
    log["w"] = np.where(hit, spoil(log["w"].to_numpy()), log["w"])
    if also:
        reference["w"] = np.where(rng.random(N) < 0.05, spoil(reference["w"].to_numpy()), reference["w"])
    return outlying.detect(study_of(log, reference), ())


@pytest.mark.parametrize("factor", [100.0, 1000.0])
def test_a_few_rows_in_another_unit(factor: float) -> None:
    """Cents or thousandths in one row of twenty: the factor, the column and the row are named."""
    (got,) = look(lambda x: x * factor)
    assert got.mechanism == "unit_change"
    assert got.finding.effect == pytest.approx(factor)
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 80


@pytest.mark.parametrize(
    ("spoil", "also"),
    [
        (lambda x: x, False),
        (lambda x: x * 100, True),
        (lambda x: 900 + np.random.default_rng(1).normal(0, 5, len(x)), False),
    ],
    ids=["none", "there all along", "all in one place"],
)
def test_what_is_no_unit_is_not_named(spoil: Callable[[Floats], Floats], *, also: bool) -> None:
    """A long tail alone, cents that the baseline had too, and a crowd of equal ones: nothing is said."""
    assert look(spoil, also=also) == []


def test_a_far_crowd_is_no_sure_unit() -> None:
    """Orders of sixty times the usual size may be minutes, and may be themselves: no shift is cleared."""
    crowd = np.exp(np.random.default_rng(3).normal(3.0 + np.log(60), 0.8, N))
    for got in look(lambda _: crowd):
        assert got.strength <= 0.5
        assert not got.finding.refutes
