"""An end of a feature that grew, where the model always erred more, is found; no end that only came to err more."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import Floats, chance, healthy, study_of

from toolkit.causes.evidence import gather
from toolkit.detectors import tails
from toolkit.detectors.evidence import Evidence, make
from toolkit.detectors.study import Study

N, SINCE = 6000, 3000
#: The cut beyond which a twentieth of the parcels are heavy.
HEAVY = 1.645


def parcels(how: str) -> Study:
    """Make a log whose heavy parcels (w) fare as ``how`` says since a row; the model never knew well of them."""
    rng = np.random.default_rng(31)
    log, reference = healthy(rng, N), healthy(rng, N)
    late = np.arange(N) >= SINCE
    if how not in ("as ever", "worse where they are"):
        grew = late & (rng.random(N) < (0.6 if how == "most of all" else 0.12))
        log["w"] = np.where(grew, HEAVY + (0.4 if how == "one value" else rng.exponential(0.5, N)), log["w"])

    def turned(w: Floats, more: Floats) -> Floats:
        odds = np.where(w > HEAVY, 0.0 if how == "more that are easy" else 0.4, 0.0) + more
        return np.asarray(rng.random(N) < odds)

    more = np.where(late & (log["w"] > HEAVY), 0.3, 0.0) if how == "worse where they are" else np.zeros(N)
    more += np.where(late, 0.25, 0.0) if how == "worse everywhere" else 0.0
    for frame, extra in ((log, more), (reference, np.zeros(N))):
        frame["score"] = chance(4.0 * frame["x"].to_numpy())
        frame["answer"] = (frame["score"] >= 0.5).astype(int)
        truth = (rng.random(N) < frame["score"]).astype(int)
        frame["truth"] = np.where(turned(frame["w"].to_numpy(), extra), 1 - truth, truth)
    return study_of(log, reference)


def test_a_twentieth_that_became_a_sixth() -> None:
    """Heavy parcels, of which four in ten are misjudged as ever, are three times as many: a crowd that changed."""
    (got,) = tails.detect(parcels("more of them"), [])
    assert got.mechanism == "covariate_shift"
    assert got.strength > 0.8
    assert got.finding.features == ("w",)
    assert got.share_hint == pytest.approx(1.0, abs=0.25)
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 100


@pytest.mark.parametrize(
    "how", ["as ever", "more that are easy", "worse where they are", "worse everywhere", "one value", "most of all"]
)
def test_what_no_growth_of_an_end_explains(how: str) -> None:
    """No growth that costs nothing, no rise within the end or everywhere, no one weight, no crowd that is all heavy."""
    assert tails.detect(parcels(how), []) == []


def test_an_end_that_a_pipeline_filled_is_no_crowd() -> None:
    """Weights that are known to come in another unit are no heavier parcels."""
    study = parcels("more of them")
    unit: Evidence = make(study, "units", "unit_change", "w is in pounds.", strength=0.9, z=9.0, features=["w"])
    assert tails.detect(study, [unit]) == []


def test_the_growth_is_among_all_evidence() -> None:
    """What the distribution as a whole hardly shows is told with everything else."""
    found = gather(parcels("more of them")).evidence
    assert [e.mechanism for e in found if e.finding.detector == "tails"] == ["covariate_shift"]
