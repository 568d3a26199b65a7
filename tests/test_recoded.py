"""Numbers that are codes: written otherwise they are recoded, as common otherwise they are another crowd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.recoded import recoded
from toolkit.profile.model import Floats

N, SINCE = 2000, 1200


def look(write: Callable[[Floats], Floats]) -> Evidence | None:
    """Read a code of 0, 0.5 and 1 that is written otherwise since a row."""
    rng = np.random.default_rng(21)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["w"] = rng.choice([0.0, 0.5, 1.0], N, p=[0.5, 0.3, 0.2])
    log["w"] = np.where(np.arange(N) >= SINCE, write(log["w"].to_numpy()), log["w"])
    study = study_of(log, reference)
    move = moved(study, "w")
    return None if move is None else recoded(study, "w", move)


def test_codes_by_other_numbers_are_named() -> None:
    """One, two, three for nought, a half, one: each said beside the old one, and no shift of the crowd."""
    got = look(lambda w: 2 * w + 1)
    assert got is not None
    assert "1 for 0, 2 for 0.5, 3 for 1" in got.finding.statement
    assert "covariate_shift" in got.finding.refutes
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 20


@pytest.mark.parametrize(
    "write",
    [
        lambda w: np.where(w == 0, 1.0, w),
        lambda w: 3 - 2 * w,
        lambda w: w + np.where(w > 0, 7.0, 0.0) * (np.arange(N) % 2),
        lambda w: 1.1 * w + 0.05,
        lambda w: 5.0 + 0 * w + (np.arange(N) >= SINCE + 400) + (np.arange(N) >= SINCE + 640),
    ],
)
def test_another_crowd_is_not_recoded(write: Callable[[Floats], Floats]) -> None:
    """Old values in other shares, new ones as common, more of them, prices raised, months gone by: nothing is said."""
    assert look(write) is None
