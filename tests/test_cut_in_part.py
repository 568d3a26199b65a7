"""A bound that some rows are cut off at is a changed schema; a value filled in, or a crowd that went there, is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import clipped, cut_in_part
from toolkit.detectors.evidence import Evidence
from toolkit.profile.model import Floats, Mask

N, SINCE = 2000, 1200


def look(spoil: Callable[[Floats], Floats], some: Mask, *, own: bool = False) -> list[Evidence]:
    """Read a brightness that is spoilt in some rows."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = rng.gamma(9, 25, N).round(1)
    log["w"] = np.where(some, spoil(log["w"].to_numpy()), log["w"])
    study = study_of(log, None if own else reference)
    assert clipped.detect(study, {}) == []
    return cut_in_part.detect(study)


def part_of(share: float) -> Mask:
    """Mark a share of the rows since the one that counts."""
    return np.asarray((np.random.default_rng(5).random(N) < share) & (np.arange(N) >= SINCE))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("cut", "upper"),
    [(lambda x: np.minimum(x, 220), True), (lambda x: np.maximum(x, 220), False)],
    ids=["above", "below"],
)
def test_a_bound_of_some_rows_is_named_since_its_row(
    cut: Callable[[Floats], Floats], *, upper: bool, own: bool
) -> None:
    """Six in ten servers keep no more (no less) than 220: a schema change since then, of the rows at the bound."""
    (got,) = look(cut, part_of(0.6), own=own)
    assert got.mechanism == "schema_change"
    assert {"covariate_shift", "default_filled", "leakage"} <= set(got.finding.refutes)
    assert got.finding.details == {"bound": 220, "upper": upper}
    assert got.change is not None
    assert abs(got.change.start - SINCE) <= 60


@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: x,
        lambda x: np.full_like(x, 220.0),
        lambda x: np.where(x > 220, 220 + (x - 220) / 3, x),
        lambda x: np.where(x > 260, 220.0, x),
    ],
    ids=["as before", "filled in", "less beyond", "the greatest alone"],
)
def test_what_was_not_cut_off_is_not_named(spoil: Callable[[Floats], Floats]) -> None:
    """Nothing, 220 filled in for anything, less beyond it, or 220 for the greatest: nothing is said."""
    assert look(spoil, part_of(0.6)) == []
