"""Forecasts of another hour (floor 4; integration; regressions in time order).

Where forecasts that fit their own rows before come to fit those some rows earlier or later, and as well, the model did
not change: the clock of what joins the two did. The hour of the day says which of the two is off it. Where the
forecasts kept theirs and what came did not, the day itself may have moved (``came_moved``).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make, since
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints, Mask

NAME: Final = "shifted"
#: The farthest shift in rows, and the fewest rows on either side of the change.
_FARTHEST, _LEAST = 48, 20
#: A change must last so many times the shift: of one holiday the Sunday before is a good forecast.
_LASTS: Final = 4
#: How far the median miss must have risen, and what of it a shift may leave; as a part of that before, half more.
_ROSE, _LEAVES, _AS_BEFORE = 1.8, 0.5, 1.5
#: Forecasts that miss but this part of what they did are no forecasts: they are what came some rows before.
_COPY: Final = 0.25


def detect(study: Study) -> list[Evidence]:
    """Look for the shift in rows by which forecasts fit again since they began to miss."""
    change = study.model_change
    if not study.regression or not change.found or change.shape == "from_start" or change.z < 4:
        return []
    label, guess = study.mature_label, study.log.prediction
    rows = inside(change, len(label))
    missed, usual = np.abs(label - guess), _median(np.abs(label - guess)[~rows])
    if min((~np.isnan(missed[rows])).sum(), (~np.isnan(missed[~rows])).sum()) < _LEAST:
        return []
    farthest = min(_FARTHEST, len(label) // 10, int(rows.sum()) // _LASTS)
    found = {k: np.abs(label - _shift(guess, k)) for k in range(-farthest, farthest + 1) if k}
    now = {k: _median(away[rows]) for k, away in found.items()}
    best = min(now, key=lambda k: now[k], default=0)
    if not best or not _median(missed[rows]) > _ROSE * usual:
        return []
    fits = now[best] < min(_LEAVES * _median(missed[rows]), _AS_BEFORE * usual)
    z = -difference(missed[rows], found[best][rows])[3]
    if not fits or z < 5 or _median(found[best][~rows]) < 1.3 * usual:
        return []
    came = _off_its_hour(study.log.time, label, best, rows)
    came_moved = came and not _off_its_hour(study.log.time, guess, -best, rows)
    if best > 0 and now[best] < _COPY * usual:
        why = "they are what came then, and no forecasts"
    elif came_moved:
        why = "what came left its hour of the day and they did not, so its clock is off, or the day moved"
    else:
        why = "the clock by which they are matched is off"
    text = (
        f"{since(change).capitalize()} the forecasts fit what came {abs(best)} row{'s' if abs(best) > 1 else ''} "
        f"{'earlier' if best > 0 else 'later'} (median miss {now[best]:.4g}) and no longer their own row "
        f"({_median(missed[rows]):.4g}, {usual:.4g} before): {why}."
    )
    return [
        make(
            study, NAME, "training_serving_skew", text, strength=0.95, z=z, change=change, rows=rows,
            effect=float(best), unit="rows", n=int(rows.sum()), details={"came_moved": came_moved},
            supports=("training_serving_skew", "stale_feature", "bad_rollout"),
            refutes=("label_noise",) if came_moved else ("concept_drift", "label_shift", "label_noise"),
        )
    ]  # fmt: skip


def _off_its_hour(time: Floats, x: Floats, k: int, rows: Mask) -> bool:
    """Whether values come ``k`` rows before the hour of the day at which they came outside the marked rows."""
    step = np.diff(time)
    late = k * float(np.median(step[step > 0])) if (step > 0).any() else 0.0
    if np.isnan(time).any() or not 1800 <= abs(late) < 12 * 3600:
        return False
    usual = np.array([_median(x[~rows & (_hour(time) == h)]) for h in range(24)])
    there, then = (np.abs(x - usual[_hour(time + off)])[rows] for off in (0.0, late))
    return difference(then, there)[3] > 4


def _hour(time: Floats) -> Ints:
    return np.floor(time / 3600).astype(np.int64) % 24


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
