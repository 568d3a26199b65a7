"""What people chose, held to equal cases (floor 4; bias): a group with other inputs is chosen at another rate anyway.

The mean of what was chosen less what a line through the inputs of everybody, which does not know the group, expects:
conditional statistical disparity (Kamiran, Zliobaite and Calders 2013), by regression.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.scoring import linear, linear_names
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Sample

#: The measure's name, beside the plain ``selection``.
EQUAL: Final = "selection in equal cases"
#: Rows for each column of the inputs below which a line follows chance.
_ROWS_EACH: Final = 15


def in_equal_cases(study: Study, sample: Sample, final: Floats) -> Floats | None:
    """Give what was decided of each row less what its inputs expect, around the mean rate; NaN where nothing was.

    ``None`` where a model answered (it sees the inputs and nothing else), or the inputs are too many for the rows.
    """
    if not study.binary or not study.log.features:
        return None
    if not (np.isnan(study.log.score).all() and np.isnan(study.log.prediction).all()):
        return None
    from sklearn.linear_model import LogisticRegression

    known = np.flatnonzero(~np.isnan(final))
    case = linear(study, sample, known)[:, [n not in study.log.groups for n in linear_names(study)]]
    answer = final[known]
    if not case.shape[1] or len(known) < _ROWS_EACH * case.shape[1] or len(np.unique(answer)) < 2:
        return None
    expected = LogisticRegression(max_iter=200).fit(case, answer).predict_proba(case)[:, 1]
    out = np.full(len(final), np.nan)
    out[known] = answer - expected + answer.mean()
    return out
