"""Where a fault sits: the one place that the touched rows share."""

from __future__ import annotations

import numpy as np
from made_study import healthy, study_of

from toolkit.detectors.where import confined
from toolkit.records import SliceTerm


def test_a_group_that_holds_the_touched_rows_is_named() -> None:
    """Rows that are all of women, where half of all are, sit with the women."""
    study = study_of(healthy(np.random.default_rng(1), 400), None)
    codes = study.log.groups["sex"]
    hit = codes.codes == codes.names.index("F")
    assert confined(study, hit, np.ones(400, dtype=bool)) == ((SliceTerm("sex", "F"),), ())


def test_a_number_that_parts_the_touched_rows_is_named() -> None:
    """Rows with x above 1 are told by x, and by no group."""
    study = study_of(healthy(np.random.default_rng(2), 400), None)
    assert confined(study, np.asarray(study.log.features["x"] > 1.0), np.ones(400, dtype=bool)) == ((), ("x",))


def test_rows_without_a_place_name_none() -> None:
    """Every third row shares nothing."""
    study = study_of(healthy(np.random.default_rng(3), 400), None)
    assert confined(study, np.arange(400) % 3 == 0, np.ones(400, dtype=bool)) == ((), ())
