"""How long do errors hang together (floor 4)?

Of errors that go in waves of days or weeks, a thousand rows tell as much as a few dozen that know nothing of each
other. By how much the variance of a mean exceeds that of independent rows is the long-run variance over the variance:
autocovariances of bin means, summed under a flat-top window that is as wide as the series itself shows correlation
(Politis & White 2004).
"""

from __future__ import annotations

import numpy as np

from toolkit.profile.model import Floats

#: Bins that a series is folded into at most.
BINS = 240


def waves(x: Floats) -> float:
    """Give by how much the variance of the mean of a series exceeds that of as many independent rows; 1 or more.

    Args:
        x: values in time order, NaN where unknown.

    Returns:
        The factor; 1 where no autocorrelation shows beyond chance, or below 40 known values.
    """
    x = x[~np.isnan(x)]
    variance = float(x.var()) if len(x) >= 40 else 0.0
    if variance <= 0:
        return 1.0
    bins = min(BINS, len(x) // 2)
    means = np.array([part.mean() for part in np.array_split(x, bins)])
    off = means - means.mean()
    most = bins // 3
    cov = np.array([float((off[: bins - k] * off[k:]).sum()) for k in range(most)]) / bins
    loose = np.abs(cov[1:]) < 2.0 * np.sqrt(np.log10(bins) / bins) * cov[0]
    quiet = max(5, int(np.sqrt(np.log10(bins))))
    runs = np.convolve(loose, np.ones(quiet), mode="valid") == quiet
    lag = int(np.argmax(runs)) if runs.any() else most // 2
    width = 2 * lag
    k = np.arange(1, min(width, most - 1) + 1)
    window = np.clip(2.0 * (1.0 - k / max(width, 1)), 0.0, 1.0)
    long_run = (cov[0] + 2.0 * float((window * cov[k]).sum())) * len(x) / bins / variance
    # of bins that know nothing of each other the scatter alone tells, where it is more than chance
    return max(float(long_run), 1.0) if lag or long_run > 1.0 + 3.0 * np.sqrt(2.0 / bins) else 1.0
