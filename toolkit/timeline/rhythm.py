"""What the weekday and the hour of a row tell of it (floor 4).

A model that errs five times as much on Saturdays has errors that scatter from bin to bin, and a change for good drowns
in that scatter. Where weekdays, or the hours of a day, differ beyond chance, their means are taken out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.profile.model import Floats

#: A rhythm needs so many rounds to show.
_ROUNDS: Final = 4
#: Seconds of one observation, whatever hangs together within it, and how many there are to a round.
_RHYTHMS: Final = ((86_400.0, 7), (3_600.0, 24))


def without_rhythm(x: Floats, time: Floats) -> Floats:
    """Take out of a series what its rows' weekdays and hours (UTC) tell; its mean stays.

    Args:
        x: values, NaN where unknown.
        time: seconds since 1970, UTC, of the same rows, NaN where unknown.

    Returns:
        The series; ``x`` itself where neither differ surely, or were not seen in four rounds each.
    """
    for seconds, phases in _RHYTHMS:
        x = _without(x, time, seconds, phases)
    return x


def _without(x: Floats, time: Floats, seconds: float, phases: int) -> Floats:
    from scipy.special import fdtrc

    known = ~np.isnan(x) & ~np.isnan(time)
    cells, cell = np.unique(np.floor(time[known] / seconds).astype(np.int64), return_inverse=True)
    if len(cells) < _ROUNDS * phases:
        return x
    phase = cells % phases
    held = np.bincount(phase, minlength=phases)
    seen = held > 0
    if seen.sum() < 2 or held[seen].min() < _ROUNDS:
        return x
    mean = np.bincount(cell, weights=x[known]) / np.bincount(cell)
    usual = np.bincount(phase, weights=mean, minlength=phases) / np.maximum(held, 1)
    within = float((mean - usual[phase]).var())
    between, free = float(mean.var()) - within, int(seen.sum()) - 1
    if within <= 0 or fdtrc(free, len(cells) - free - 1, between / free / within * (len(cells) - free - 1)) > 1e-4:
        return x
    told = usual[phase[cell]]
    out = x.copy()
    out[known] -= told - told.mean()
    return out
