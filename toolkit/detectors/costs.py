"""What rows cost where only errors have a price (floor 3): what went right then costs nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolkit.profile.model import Floats, Sample

#: Wrong answers at least, and the part of them whose cost must be known.
_LEAST, _MOST_OF_THEM = 10, 0.8


def with_costs(sample: Sample, loss: Floats) -> Sample:
    """Let right answers cost nothing where none of them has a cost and nearly every wrong one does.

    Args:
        sample: rows of a log or a baseline.
        loss: by how much each final answer is off, NaN where nobody knows.

    """
    wrong, right, priced = loss > 0, loss == 0, ~np.isnan(sample.cost)
    if wrong.sum() < _LEAST or priced[right].any() or priced[wrong].mean() < _MOST_OF_THEM:
        return sample
    return replace(sample, cost=np.where(right, 0.0, sample.cost))
