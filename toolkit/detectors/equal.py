"""What people chose, held to equal cases (floor 4; bias): a group with other inputs is chosen at another rate anyway.

The mean of what was chosen less what a model of everybody's inputs, which does not know the group, expects:
conditional statistical disparity (Kamiran, Zliobaite and Calders 2013), by regression.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from toolkit.detectors.calibration import likelihood
from toolkit.detectors.scoring import linear, linear_names
from toolkit.detectors.study import Study
from toolkit.profile.model import Codes, Floats, Ints, Sample

#: The measure's name, beside the plain ``selection``.
EQUAL: Final = "selection in equal cases"
#: Rows for each column of the inputs below which a line follows chance; from so many rows on rules may bend.
_ROWS_EACH: Final = 15
_MANY: Final = 600
_LEAST: Final = 5


def in_equal_cases(study: Study, sample: Sample, final: Floats) -> Floats | None:
    """Give what was decided of each row less what its inputs expect, around the mean rate; NaN where nothing was.

    ``None`` where a model answered (it sees the inputs and nothing else), or the inputs are too many for the rows.
    """
    if not study.binary or not study.log.features:
        return None
    if not (np.isnan(study.log.score).all() and np.isnan(study.log.prediction).all()):
        return None
    known = np.flatnonzero(~np.isnan(final))
    case = _cases(study, sample, known)
    answer = final[known]
    rarer = min(answer.sum(), len(answer) - answer.sum())
    if not case.shape[1] or len(known) < _ROWS_EACH * case.shape[1] or rarer < _LEAST:
        return None
    out = np.full(len(final), np.nan)
    out[known] = answer - _expected(case, answer) + answer.mean()
    return out


def _cases(study: Study, sample: Sample, rows: Ints) -> Floats:
    """Give the inputs but the groups themselves, and where a number is missing."""
    case = linear(study, sample, rows)[:, [n not in study.log.groups for n in linear_names(study)]]
    numbers = (c for n, c in sample.features.items() if n not in study.log.groups and not isinstance(c, Codes))
    missing = [np.isnan(c[rows]).astype(float) for c in numbers if np.isnan(c[rows]).any()]
    return np.column_stack([case, *missing]) if missing else case


def _expected(case: Floats, answer: Floats) -> Floats:
    """Give what the inputs let expect of each row: by a line, or by trees that foretell the other half better."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    line: Any = LogisticRegression(max_iter=200)
    if len(answer) < _MANY:
        return np.asarray(line.fit(case, answer).predict_proba(case)[:, 1])
    trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, l2_regularization=1.0, random_state=0)
    tried = [_crossed(model, case, answer) for model in (line, trees)]
    return min(tried, key=lambda said: -likelihood(said, answer))


def _crossed(model: Any, case: Floats, answer: Floats) -> Floats:
    """Give what a model says of each half of the rows that was taught the other."""
    out, half = np.full(len(answer), answer.mean()), np.arange(len(answer)) % 2
    for k in (0, 1):
        if len(np.unique(answer[half == k])) == 2:
            out[half != k] = model.fit(case[half == k], answer[half == k]).predict_proba(case[half != k])[:, 1]
    return out
