"""Forecasts of another hour (floor 4; integration; regressions in time order).

Where forecasts that fit their own rows before come to fit those some rows earlier or later, and as well, nothing about
the world or the model changed: the clock of what joins the two did.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats

NAME: Final = "shifted"
#: The farthest shift in rows, and the fewest rows on either side of the change.
_FARTHEST, _LEAST = 48, 20
#: How far the median miss must have risen, and what of it a shift may leave; as a part of that before, half more.
_ROSE, _LEAVES, _AS_BEFORE = 1.8, 0.5, 1.5


def detect(study: Study) -> list[Evidence]:
    """Look for the shift in rows by which forecasts fit again since they began to miss."""
    change = study.model_change
    if not study.regression or not change.found or change.shape == "from_start" or change.z < 4:
        return []
    label, guess = np.where(study.mature, study.log.label, np.nan), study.log.prediction
    rows = inside(change, len(label))
    missed, usual = np.abs(label - guess), _median(np.abs(label - guess)[~rows])
    if min((~np.isnan(missed[rows])).sum(), (~np.isnan(missed[~rows])).sum()) < _LEAST:
        return []
    farthest = min(_FARTHEST, len(label) // 10)
    found = {k: np.abs(label - _shift(guess, k)) for k in range(-farthest, farthest + 1) if k}
    now = {k: _median(away[rows]) for k, away in found.items()}
    best = min(now, key=lambda k: now[k], default=0)
    if not best or not _median(missed[rows]) > _ROSE * usual:
        return []
    fits = now[best] < min(_LEAVES * _median(missed[rows]), _AS_BEFORE * usual)
    z = -difference(missed[rows], found[best][rows])[3]
    if not fits or z < 5 or _median(found[best][~rows]) < 1.3 * usual:
        return []
    text = (
        f"Since the change the forecasts fit what came {abs(best)} row{'s' if abs(best) > 1 else ''} "
        f"{'earlier' if best > 0 else 'later'} (median miss {now[best]:.4g}) and no longer their own row "
        f"({_median(missed[rows]):.4g}, {usual:.4g} before): the clock by which they are matched is off."
    )
    return [
        make(
            study, NAME, "training_serving_skew", text, strength=0.95, z=z, change=change, rows=rows,
            effect=float(best), unit="rows", n=int(rows.sum()),
            supports=("training_serving_skew", "stale_feature", "bad_rollout"),
            refutes=("concept_drift", "label_shift", "label_noise"),
        )
    ]  # fmt: skip


def _shift(x: Floats, k: int) -> Floats:
    """Give for each row the value ``k`` rows later, NaN beyond the end."""
    out = np.full(len(x), np.nan)
    if k > 0:
        out[:-k] = x[k:]
    else:
        out[-k:] = x[:k]
    return out


def _median(x: Floats) -> float:
    known = x[~np.isnan(x)]
    return float(np.median(known)) if len(known) else float("nan")
