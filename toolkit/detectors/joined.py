"""Do the values of a column belong to other rows, all of them or in part (floor 4; integration)?

Of rows that got another's value the label is told by nothing; of the rest it is told as ever. So what is served to the
rows of one label is a mixture of two things that are known: what came with that label in the reference, and whatever
is served to all. A value that is only known worse when served is not: it is blurred for every row.
"""

from __future__ import annotations

import numpy as np

from toolkit.detectors.evidence import logistic
from toolkit.profile.model import Floats

#: Shares of rows that may have got another's value for it to be told that a part of them did.
_LEAST, _MOST = 0.15, 0.9
#: Rows of a label that are asked at least, and the deviations (Kolmogorov) up to which the mixture fits.
_ROWS, _FITS = 30, 1.2


def all_joined(is_: float, error: float) -> float:
    """How much it looks as if every row got another's value, 0 to 1: the column tells nothing (an AUC of one half)."""
    return logistic((0.5 + 3.0 * error - is_) / max(error, 0.01))


def part_joined(was: Floats, label: Floats, now: Floats, label_now: Floats, lost: float) -> float:
    """How much it looks as if a part of the rows, the share ``lost``, got another's value, 0 to 1.

    Args:
        was: the column in the reference.
        label: the reference's labels: 0, 1 or NaN.
        now: the column as served.
        label_now: the labels of the served rows.
        lost: the share of what the column told, as AUC over one half, that is gone.

    The largest distance of what each label got from (1 - lost) F(x | label) + lost F(x), in Kolmogorov's deviations.
    """
    if not _LEAST <= lost <= _MOST:
        return 0.0
    away = [_distance(was[label == c], now[label_now == c], now, lost) for c in (0.0, 1.0)]
    return logistic(6 * (_FITS - max(away)))


def _distance(was: Floats, now: Floats, everything: Floats, lost: float) -> float:
    was, now, everything = (np.sort(x[~np.isnan(x)]) for x in (was, now, everything))
    if min(len(was), len(now)) < _ROWS:
        return float("inf")
    at = np.unique(np.concatenate((was, now)))
    here, then, all_ = (np.searchsorted(x, at, side="right") / len(x) for x in (now, was, everything))
    away = float(np.abs(here - (1 - lost) * then - lost * all_).max())
    return away / float(np.sqrt(1 / len(was) + 1 / len(now)))
