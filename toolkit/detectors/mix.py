"""Whether a feature moved only since other parts of the traffic are served than the baseline had (floor 4).

Each baseline row is given the weight of its segment value now over then (post-stratification: Holt and Smith 1979). If
the weighted baseline looks like the log, the feature is as it was in every part, and no step of a pipeline changed it.
"""

from __future__ import annotations

import numpy as np

from toolkit.detectors.drift import cells, shares, variation
from toolkit.detectors.study import Study
from toolkit.profile.model import Codes, Floats

#: How far the shares of the parts must have moved, and how much of the feature's way they must explain.
_MOVED, _EXPLAINED = 0.15, 0.5
#: The share of a value that the baseline hardly had, and how many times as common it is now at least.
_HARDLY, _TIMES = 0.05, 3.0


def of_the_mix(study: Study, name: str) -> bool:
    """Say whether the shares of some segment's values explain how far a feature lies from the baseline."""
    code_ref, code_log, k = cells(study.ref.features[name], study.log.features[name])
    if not k:
        return False
    now = shares(code_log, k, 0.0)
    far = _apart(shares(code_ref, k, 0.0), now)
    for column, log in study.log.segments.items():
        base = study.ref.segments.get(column)
        weight = None if base is None else _weights(base, log)
        if weight is None:
            continue
        use = code_ref >= 0
        held: Floats = np.bincount(code_ref[use], weights=weight[use], minlength=k).astype(np.float64)
        if _apart(held, now) < (1 - _EXPLAINED) * far:
            return True
    return False


def hardly_held(study: Study, part: tuple[str, str] | None) -> bool:
    """Say whether a segment value is one that the baseline hardly had, and that is served: what it is like is news."""
    if part is None or part[0] not in study.ref.segments:
        return False
    then, now = (float(s.segments[part[0]].rows_of(part[1]).mean()) for s in (study.ref, study.log))
    return then < _HARDLY and now > _TIMES * then


def _weights(base: Codes, log: Codes) -> Floats | None:
    """Give each baseline row the weight of its value now over then; ``None`` where the mix is about as it was."""
    names = {name: i for i, name in enumerate(dict.fromkeys((*base.names, *log.names)))}
    there, here = (np.array([*(names[v] for v in c.names), len(names)])[c.codes] for c in (base, log))
    then, now = (np.bincount(x, minlength=len(names) + 1) / max(len(x), 1) for x in (there, here))
    if variation(then, now) < _MOVED:
        return None
    return np.asarray((now / np.maximum(then, 1e-12))[there])


def _apart(counts: Floats, now: Floats) -> float:
    return variation(counts / max(float(counts.sum()), 1e-12), now)
