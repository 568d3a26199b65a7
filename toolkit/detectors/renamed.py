"""Right answers under other names (floor 4; integration; three classes and more).

Where each class that is answered stands for another one since a change, and read so the model errs no more than before,
neither the model nor the world changed: the list of the classes' names did. The reading is the assignment of answers to
labels that agrees most often (Kuhn 1955); each class must be righter under its new name, for a scale on which all moved
up a step has at its top a class that is not.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make, percent, since
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints

NAME: Final = "renamed"
_LEAST: Final = 40


def detect(study: Study) -> list[Evidence]:
    """Look for the exchange of names that makes the answers since a change as right as before."""
    from scipy.optimize import linear_sum_assignment

    change, loss = study.model_change, study.log_loss.model
    if study.profile.task != "multiclass" or not change.found or change.z < 6:
        return []
    label, guess = study.log.label, study.log.prediction
    rows = inside(change, len(loss)) & ~np.isnan(loss) & ~np.isnan(guess)
    if rows.sum() < _LEAST:
        return []
    count = len(study.profile.classes)
    agree = _agree(guess[rows], label[rows], count)
    _, named = linear_sum_assignment(-agree)
    back = np.where(np.isnan(guess), np.nan, named[np.nan_to_num(guess).astype(np.int64)])
    undone = (back != label)[rows].astype(float)
    before = loss[~rows] if change.shape != "from_start" else study.ref_loss.model
    rise, _, _, worse = difference(before, undone)
    left = float(loss[rows].mean()) - float(undone.mean())
    moved = np.flatnonzero((named != np.arange(count)) & (agree.sum(1) > 0.01 * rows.sum()))
    gained = -difference(loss[rows], undone)[3]
    own, new = agree.diagonal(), agree[np.arange(count), named]
    if (own - new > 2 * np.sqrt(own)).any():
        return []
    if len(moved) < 2 or gained < 6 or left < 0.1 or not (worse < 3 or rise < 0.1 * left):
        return []
    return [_found(study, named, moved, float(undone.mean()), gained, rows)]


def _found(study: Study, named: Ints, moved: Ints, error: float, z: float, rows: np.ndarray) -> Evidence:
    names, change = study.profile.classes, study.model_change
    told = ", ".join(f"{names[i]} for {names[named[i]]}" for i in moved[:4]) + (", ..." if len(moved) > 4 else "")
    text = (
        f"{since(change).capitalize()} answers and labels name classes otherwise ({told}): {percent(error)} are wrong "
        f"read so, and {percent(float(study.log_loss.model[rows].mean()))} as they came."
    )
    return make(
        study, NAME, "category_recoded", text, strength=0.97, z=z, change=change, rows=rows, effect=float(len(moved)),
        unit="classes", n=int(rows.sum()), supports=("category_recoded", "bad_rollout"),
        refutes=("concept_drift", "label_shift", "label_noise"),
    )  # fmt: skip


def _agree(guess: Floats, label: Floats, count: int) -> Floats:
    """Count how often each answer (row) meets each label (column)."""
    flat = guess.astype(np.int64) * count + label.astype(np.int64)
    return np.bincount(flat, minlength=count * count).reshape(count, count).astype(float)
