"""An outcome that became commoner or rarer, and is like itself (floor 4; data: label shift).

Where the classes' shares alone move, the rows of each class look as those of that class did, and the model errs on each
as often as it did: the loss moves by sum_y (q(y) - p(y)) L(y) (Saerens, Latinne and Decaestecker 2002; Lipton, Wang and
Smola 2018). Asked of the classes directly, fewer rows show it than strata of inputs need.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, ks_distance, ks_z, logistic, make, percent, since
from toolkit.detectors.study import Study
from toolkit.profile.model import Mask

NAME: Final = "prior"
#: The fewest rows of a class on either side, and how sure (z) it must be that they differ to say that they do.
_LEAST, _OTHERS = 25, 2.5
#: The part of the excess loss that the shares must explain.
_EXPLAINED: Final = 0.6


def detect(study: Study) -> list[Evidence]:
    """Look for a change of the outcome's rate within the log that explains the harm, both classes as they were."""
    label = study.mature_label
    if not study.binary or not study.has_labels:
        return []
    change = study.changed(label, study.ref.label)
    if not change.found or change.shape == "from_start":
        return []
    rows = inside(change, len(label)) & ~np.isnan(label)
    loss, usual, held = study.log_loss.model, study.ref_loss.model, study.ref.label
    sides = [(held == c, rows & (label == c)) for c in (0, 1)]
    if min(side.sum() for pair in sides for side in pair) < _LEAST:
        return []
    by_class = [difference(usual[theirs], loss[mine]) for theirs, mine in sides]
    if max(abs(e[3]) for e in by_class) > _OTHERS or any(_other(study, *pair) for pair in sides):
        return []
    was, (more, _, _, z) = float(np.nanmean(held)), difference(held, label[rows])
    cost = float(np.nanmean(usual[held == 1]) - np.nanmean(usual[held == 0]))
    excess = float(np.nanmean(loss[rows]) - np.nanmean(usual))
    if not excess > 0 or more * cost < _EXPLAINED * excess:
        return []
    word = "commoner" if more > 0 else "rarer"
    share = percent(min(more * cost / excess, 1.0))
    text = (
        f"The outcome is {word} {since(change)} ({percent(was + more)} of the rows, {percent(was)} before); the cases "
        f"with it and those without look as they did, and the model errs on either as often: their shares make {share} "
        "of the rise of the loss."
    )
    return [
        make(
            study, NAME, "label_shift", text, strength=0.85 * logistic(1.2 * (abs(z) - 4.0)), z=abs(z), change=change,
            rows=rows, effect=more, unit="share of rows", n=int(rows.sum()), refutes=("concept_drift", "label_noise"),
        )
    ]  # fmt: skip


def _other(study: Study, theirs: Mask, mine: Mask) -> bool:
    """Whether the rows of a class look otherwise than those of that class in the baseline, by any number of them."""
    asked = list(_distances(study, theirs, mine))
    return bool(asked) and max(asked) > float(np.hypot(_OTHERS, np.sqrt(2 * np.log(len(asked)))))


def _distances(study: Study, theirs: Mask, mine: Mask) -> Iterator[float]:
    """Give how surely (z) the score and each number are distributed otherwise."""
    for now, base in ((study.log.score, study.ref.score), *((now, base) for base, now in study.numbers.values())):
        a, b = base[theirs & ~np.isnan(base)], now[mine & ~np.isnan(now)]
        if min(len(a), len(b)) >= _LEAST:
            yield ks_z(ks_distance(a, b), len(a), len(b))
