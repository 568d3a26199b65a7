"""An outcome that the model was never taught: a class that no answer and no label of the baseline is (floor 4; data).

Every row of it is answered wrong, whatever its inputs look like, and of few such rows the whole loss hardly tells.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, since
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats
from toolkit.timeline.change import find_change

NAME: Final = "unknown_class"
#: Rows of a class at least, and labels of the baseline among which one of it should have been.
_LEAST, _BASELINE = 8, 100
#: How many labels of such a class the baseline would have, were it there as common, beyond those that come but once.
_SURE: Final = 8.0
#: The part of its share since then that a class may have had before.
_HARDLY: Final = 0.1


def detect(study: Study) -> list[Evidence]:
    """Look for classes among the labels that came since some row, and that the model never answers."""
    if study.profile.task != "multiclass" or not study.has_labels:
        return []
    was, now = study.ref.label, study.mature_label
    answered = np.concatenate((study.ref.prediction, study.log.prediction))
    # a baseline that is the log's own first rows may hold some that came just before its end
    taught = answered if study.own_reference else np.concatenate((was, answered))
    new = np.unique(now[~np.isnan(now) & ~np.isin(now, taught)]).astype(int)
    known = ~np.isnan(was)
    flags = np.where(np.isnan(now), np.nan, np.isin(now, new).astype(float))
    many = int(np.nansum(flags))
    if many < _LEAST or known.sum() < _BASELINE or np.isnan(answered).all():
        return []
    change = find_change(flags, reference=None if study.own_reference else (0.0, 1e-4, float(known.sum())))
    if not change.found or change.z < 0 or (study.own_reference and change.before > _HARDLY * change.after):
        return []
    rows = inside(change, len(flags)) & (flags == 1)
    share = float(rows.sum() / (~np.isnan(flags[inside(change, len(flags))])).sum())
    if rows.sum() < _LEAST or (share - _unseen(was[known])) * known.sum() < _SURE:
        return []
    text = (
        f"{percent(share)} of the labels {since(change)} are {_named(study, now[rows])}, which no label of the "
        "baseline was and the model never answers: all of these rows are wrong."
    )
    return [
        make(
            study, NAME, "new_category", text, strength=0.95, z=abs(change.z), change=change, rows=rows, effect=share,
            unit="share of labels", n=int(rows.sum()), harmful=True, supports=("new_category", "label_shift"),
            refutes=("label_noise", "concept_drift"),
        )
    ]  # fmt: skip


def _unseen(label: Floats) -> float:
    """Give the share of further labels that were of no class seen yet, by those seen but once (Good and Turing 1953).

    Labels that are names of things, or numbers, hardly ever come again: that one is new says nothing.
    """
    return float((np.unique(label, return_counts=True)[1] == 1).sum() / len(label))


def _named(study: Study, label: Floats) -> str:
    """Name the classes of rows, the commonest three by name."""
    values, counts = np.unique(label, return_counts=True)
    common = values[np.argsort(-counts, kind="stable")[:3]].astype(int)
    more = f" and {len(values) - 3:,} more" if len(values) > 3 else ""
    return ", ".join(study.profile.classes[v] or "(empty)" for v in common) + more
