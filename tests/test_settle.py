"""What would settle it can be done: rows that are labelled already are not asked for, nor error rates of numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.causes.settle import labels_needed
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


@pytest.mark.parametrize(
    ("labelled", "asked"), [(True, "About 1,250 more served rows with labels"), (False, "Labels for about 1,250 rows")]
)
def test_rows_are_asked_for_where_all_are_labelled(asked: str, *, labelled: bool) -> None:
    """A log with every label is asked for more rows, one whose second half has none for labels of these."""
    rng = np.random.default_rng(3)
    log, reference = healthy(rng, 4000), healthy(rng, 1000)
    if not labelled:
        log.loc[2000:, "truth"] = np.nan
    assert labels_needed(study_of(log, reference)).startswith(asked)


def test_numbers_have_no_error_rate() -> None:
    """Of a regression the mean absolute error is to rise by a tenth, which heavy tails take more rows to show."""
    rng = np.random.default_rng(3)
    told = {"task": "regression", "roles": {"timestamp": "when", "prediction": "said", "label": "came"}}
    asked = []
    for noise in (rng.normal(size=2000), rng.standard_t(2.5, 2000)):
        when = pd.date_range("2025-01-01", periods=2000, freq="h", tz="UTC")
        frame = pd.DataFrame({"when": when, "said": 50.0, "came": 50.0 + noise})
        with read_log(frame, told, reference=frame) as opened:
            asked.append(labels_needed(make_study(build_profile(opened))))
    assert all(text.endswith("a rise of the mean absolute error by a tenth.") for text in asked)
    normal, heavy = (int(text.split()[1].replace(",", "")) for text in asked)
    assert normal == pytest.approx(900, abs=150)
    assert heavy > 1.5 * normal
