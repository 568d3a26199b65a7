"""Where the baseline has rows, and where it has none (floor 4): there nothing says what would have been."""

from __future__ import annotations

import numpy as np

from toolkit.detectors.study import Study, new_to, seen
from toolkit.detectors.values import cell_of
from toolkit.profile.model import Codes, Floats, Mask


def off_support(study: Study, *, but: str | None = None) -> Mask:
    """Mark log rows with a value where the baseline has none, or hardly any.

    That is outside its range (a twentieth beyond it), in a stretch of which it has next to nothing, or of a category it
    never had: there nothing says what the labels would have been.

    The feature ``but`` is not asked. Of many features and few baseline rows some value is always out of range; a row
    counts from so many on as a row of the same crowd hardly ever has (twice the features over the rows, and three
    deviations more).
    """
    key = f"off_support but {but}"
    if key not in study.memo:
        study.memo[key] = _off_support(study, but)
    got: Mask = study.memo[key]
    return got


def _off_support(study: Study, but: str | None) -> Mask:
    out = np.zeros(len(study.log))
    smallest, tried = np.inf, 0
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if name == but or name in study.seasonal:
            continue
        if isinstance(column, Codes) and isinstance(base, Codes):
            if len(old := seen(base)) <= 60:
                out += new_to(column, old)
        elif not isinstance(column, Codes) and not isinstance(base, Codes):
            have = study.in_order(base)
            if len(have) >= 30:
                low, high = float(have[0]), float(have[-1])
                margin, rare = 0.05 * (high - low), _hardly_held(have, study.in_order(column), column)
                out += (column < low - margin) | (column > high + margin) | rare
                smallest, tried = min(smallest, len(have)), tried + 1
    usual = 2 * tried / (smallest + 1)
    return np.asarray(out > max(usual + 3 * np.sqrt(usual) - 1.0, 0.0))


def _hardly_held(base: Floats, now: Floats, column: Floats) -> Mask:
    """Mark values in stretches of which the baseline has less than a twelfth of what the log has, where 40 were due.

    Both come sorted, and as it lies.
    """
    if not len(now):
        return np.zeros(len(column), dtype=bool)
    both = np.sort(np.concatenate((base, now)), kind="stable")  # two sorted ones are merged
    edges = np.unique(np.quantile(both, np.linspace(0, 1, 25)[1:-1]))
    held = np.diff(np.searchsorted(base, edges), prepend=0, append=len(base))
    place = cell_of(edges, column)
    due = np.bincount(place[~np.isnan(column)], minlength=len(edges) + 1) * (len(base) / len(now))
    empty: Mask = (due >= 40) & (held < due / 12)
    return np.asarray(empty[place] & ~np.isnan(column))
