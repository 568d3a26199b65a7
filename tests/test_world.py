"""A column of one kind that is elsewhere from the first row: a number of things, or a number."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import world
from toolkit.detectors.drift import moved


@pytest.mark.parametrize(("things", "found"), [(True, "memorised_training_data"), (False, "training_serving_skew")])
def test_numbers_of_things_that_all_are_new(*, things: bool, found: str) -> None:
    """A model that knew each machine by its number learned machines; a gauge that reads elsewhere is a fault."""
    rng = np.random.default_rng(6)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    for frame, first in ((log, 140), (reference, 100)):
        frame["w"] = rng.integers(first, first + 30, 1500) if things else rng.normal(first, 8, 1500)
        frame["u"], frame["v"] = rng.normal(size=(2, 1500))
    study = study_of(log, reference, feature=["x", "w", "u", "v", "town"])
    move = moved(study, "w")
    assert move is not None
    assert [e.mechanism for e in world.detect(study, {"w": move}, None, set())] == [found]
