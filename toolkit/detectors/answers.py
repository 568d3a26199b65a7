"""The model's own numbers as a column (floor 4; integration): a forecast in thousands, or one that stands still."""

from __future__ import annotations

import numpy as np

from toolkit.detectors import defaults, units
from toolkit.detectors.drift import column_moved
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import Study
from toolkit.profile.model import Mask


def detect(study: Study) -> list[Evidence]:
    """Look at the predictions of a regression for a change of unit and for a value that no longer moves."""
    base, now = study.ref.prediction, study.log.prediction
    if not study.regression or (~np.isnan(base)).sum() < 15 or (~np.isnan(now)).sum() < 15:
        return []
    still = defaults.frozen(study, "prediction", base, now)
    if still is not None:
        return [still]
    move = column_moved(study, "prediction", base, now)
    if move is None or _label_moved_too(study, move.rows):
        return []
    got = units.of_column(study, "prediction", base, now, move.rows, move.change, move.z, move.distance)
    return [got] if got is not None else []


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
