"""Is the world as it was, though the model errs more (floor 4)?

A fresh learner, taught on the baseline's inputs and labels and judged there on rows that it did not see, is asked of
the incident's rows. Where it errs there no more than before, the labels still follow from the inputs as they did: what
changed is the model or what stands between it and the answer, and neither the world nor the labels.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, make, more, percent
from toolkit.detectors.promise import fresh
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study

NAME: Final = "as_it_was"
#: The learner's own rise may be at most this part of the model's, at the upper end of its 95 % interval.
_PART: Final = 0.35
#: How far it points to the model or to what stands between it and the answer, of which it shows nothing itself: so
#: far, and so much more where the learner's rise is nil.
_ANSWERS: Final = (0.5, 0.2)


def detect(study: Study, relation: Relation | None) -> list[Evidence]:
    """Ask a fresh learner of the incident's rows, where the relation of inputs and labels looks changed since a row."""
    if relation is None or not relation.change.found or relation.change.shape == "from_start" or relation.change.z < 4:
        return []
    rows = np.flatnonzero(relation.rows & ~np.isnan(study.log_loss.model))
    gap, _, _, z = difference(study.ref_loss.model, study.log_loss.model[rows])
    if z < 4:
        return []
    got = fresh(study, rows)
    if got is None or got.rise_at_most > _PART * gap or got.learnt - got.promised > gap:
        return []
    # what the baseline's own losses expect of such rows is no fault of the answers: the crowd is one they were bad at
    crowd = relation.mix > 0.5 * relation.total
    ends = "and the model always erred more on such" if crowd else "and the answers do not"
    text = (
        f"A fresh learner taught on the baseline errs {_loss(study, got.served)} on these rows, and "
        f"{_loss(study, got.learnt)} on rows of the baseline that it did not see, while the model errs "
        f"{more(gap, regression=study.regression)}: the labels still follow from the inputs, {ends}."
    )
    strength = _ANSWERS[0] + _ANSWERS[1] * (1.0 - float(np.clip(got.rise_at_most / (_PART * gap), 0.0, 1.0)))
    return [
        make(
            study, NAME, "" if crowd else "bad_rollout", text, strength=0.0 if crowd else strength, z=z,
            change=relation.change, effect=gap, unit="loss", n=got.n,
            supports=() if crowd else ("bad_rollout", "wrong_model_version", "training_serving_skew"),
            refutes=("concept_drift", "label_noise", "label_shift", "poisoned_data"),
        )
    ]  # fmt: skip


def _loss(study: Study, loss: float) -> str:
    """Write a mean loss: how far off, in the label's unit, or in how many of the rows."""
    return f"by {loss:.4g}" if study.regression else f"in {percent(loss)}"
