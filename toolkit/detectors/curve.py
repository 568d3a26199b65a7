"""How well one number tells two classes apart (floor 4)."""

from __future__ import annotations

import numpy as np

from toolkit.detectors.evidence import some
from toolkit.profile.model import Floats


def auc(x: Floats, y: Floats) -> float:
    """Give the area under the curve of one number for one binary label, 0.5 or more (either direction).

    Of more than ``MOST_POINTS`` rows as many are taken, which moves it by a few thousandths.
    """
    good = some(np.flatnonzero(~np.isnan(x) & ~np.isnan(y)))
    x, y = x[good], y[good]
    n1 = float((y == 1).sum())
    n0 = float((y == 0).sum())
    if n1 < 5 or n0 < 5:
        return 0.5
    from scipy.stats import rankdata

    u = float(rankdata(x)[y == 1].sum()) - n1 * (n1 + 1) / 2
    a = u / (n1 * n0)
    return max(a, 1 - a)


def auc_error(x: Floats, y: Floats) -> float:
    """Give the standard error of that area (Hanley & McNeil 1982); infinite with fewer than five rows of a class."""
    good = ~np.isnan(x) & ~np.isnan(y)
    n1, n0 = float((y[good] == 1).sum()), float((y[good] == 0).sum())
    if n1 < 5 or n0 < 5:
        return float("inf")
    a = auc(x, y)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    return float(np.sqrt((a * (1 - a) + (n1 - 1) * (q1 - a * a) + (n0 - 1) * (q2 - a * a)) / (n1 * n0)))
