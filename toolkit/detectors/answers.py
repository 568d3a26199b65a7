"""The model's own numbers as a column (floor 4; integration): in thousands, standing still, or those of an old file."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors import units
from toolkit.detectors.drift import column_moved
from toolkit.detectors.evidence import Evidence, make, since
from toolkit.detectors.frozen import frozen
from toolkit.detectors.study import Study
from toolkit.detectors.values import distinct, stretches
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import Change, first_of

#: Stretches of so many equal forecasts are no chance; the farthest an old file lies back, and the longest log asked.
_RUN, _FARTHEST, _MOST_ROWS = 6, 400, 10_000
#: That many digits are the same by chance is out of the question.
_SURE: Final = 10.0


def detect(study: Study) -> list[Evidence]:
    """Look at the predictions of a regression for a change of unit and for a value that no longer moves."""
    base, now = study.ref.prediction, study.log.prediction
    if not study.regression or (~np.isnan(base)).sum() < 15 or (~np.isnan(now)).sum() < 15:
        return []
    still = frozen(study, "prediction", base, now)
    if still is not None:
        return [still]
    again = _again(study, now)
    if again is not None:
        return [again]
    move = column_moved(study, "prediction", base, now)
    if move is None or _label_moved_too(study, move.rows):
        return []
    got = units.of_column(study, "prediction", base, now, move.rows, move.change, move.z, move.distance)
    return [got] if got is not None else []


def _again(study: Study, now: Floats) -> Evidence | None:
    """Look for stretches of forecasts that are those of so many rows before, to the last digit: an old file served."""
    few = len(distinct(now[~np.isnan(now)])[0]) < 0.3 * len(now)
    if few or len(now) > _MOST_ROWS or study.log.features:
        return None  # equal inputs, and those that a tree takes for equal, are answered alike
    best, lag = np.zeros(len(now), dtype=bool), 0
    for k in range(1, min(_FARTHEST, len(now) // 4)):
        flags = np.zeros(len(now), dtype=bool)
        flags[k:] = now[k:] == now[:-k]
        flags = _runs(flags)
        if flags.sum() > best.sum():
            best, lag = flags, k
    many, first = int(best.sum()), int(np.argmax(best))
    # a model that gives every Sunday what it gave on Saturday did so from the beginning; one value is told elsewhere
    if many < 2 * _RUN or first < 0.1 * len(now) or len(distinct(now[best])[0]) < _RUN:
        return None
    if _by_design(study, best, lag) or _alone(now, best, lag) < 2 * _RUN:
        return None
    share = float(best[first:].mean())
    change = Change("step", first, len(now), 0.0, share, _SURE, first, first, first_of(best))
    text = (
        f"{many} forecasts {since(change)} are those of {lag} rows before, digit by digit and in stretches of "
        f"{_RUN} or more: an old forecast is served again."
    )
    return make(
        study, "again", "stale_feature", text, strength=0.95, z=_SURE, change=change, rows=best, effect=share,
        unit="share of rows", n=many, features=["prediction"], refutes=("concept_drift", "label_shift"),
    )  # fmt: skip


def _by_design(study: Study, best: Mask, lag: int) -> bool:
    """Whether the repeats may be a habit: the baseline has them, or they came as early as those of a habit would.

    What comes again and again was not long in coming the first time; what came once may come every week.
    """
    base, time, at = study.ref.prediction, study.log.time, np.flatnonzero(best)
    if not study.own_reference and _runs(base[lag:] == base[:-lag]).any():
        return True
    away = int(np.diff(at).max()) - 1
    return bool(at[0] < 2 * away if away else time[at[0]] - time[0] < 7 * 86400)


def _alone(now: Floats, best: Mask, lag: int) -> int:
    """Count the repeats whose value hardly comes but there and where it was taken from: others repeat by chance."""
    told = best | np.append(best[lag:], np.zeros(lag, dtype=bool))
    _, code, total = np.unique(now, return_inverse=True, return_counts=True)
    there = np.bincount(code.ravel()[told], minlength=len(total))
    return int((best & (there > 0.8 * total)[code.ravel()]).sum())


def _runs(flags: Mask) -> Mask:
    """Keep what is marked in stretches of ``_RUN`` rows and more."""
    out = np.zeros(len(flags), dtype=bool)
    for first, last in stretches(flags):
        out[first:last] = last - first >= _RUN
    return out


def _label_moved_too(study: Study, rows: Mask) -> bool:
    """Whether what was to be predicted moved by as much: then the forecast only followed."""
    label, base = study.log.label[rows], study.ref.label
    label, base = label[~np.isnan(label)], base[~np.isnan(base)]
    answer = study.log.prediction[rows]
    usual = np.abs(study.ref.prediction)
    if len(label) < 5 or len(base) < 5 or not np.nanmedian(usual):
        return False
    moved = float(np.nanmedian(np.abs(answer)) / np.nanmedian(usual))
    truth = float(np.median(np.abs(label)) / max(np.median(np.abs(base)), 1e-12))
    return bool(abs(np.log(max(truth, 1e-12)) - np.log(max(moved, 1e-12))) < 0.5 * abs(np.log(max(moved, 1e-12))))
