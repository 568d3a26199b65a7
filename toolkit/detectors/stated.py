"""Does the model err as often as its scores say (floor 4)? Cases that it knows to be hard are no fault of anybody.

A queue of doubtful cases, a harder season or a customer of another kind brings more errors though nothing broke. What
each row's error exceeds its stated chance by is nought on average then, whatever rows come.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import difference
from toolkit.detectors.study import Study, is_probability, predicted
from toolkit.profile.model import Floats, Mask

#: Rows that say so at least, the deviations that chance leaves, and the part of a difference that may be left.
_LEAST, _CHANCE, _LEFT = 30, 3.0, 0.25
#: How sure (z) what is left may be at most.
_SURE: Final = 2.0


def beyond_stated(study: Study) -> Floats | None:
    """Give by how much each log row's error exceeds its stated chance; ``None`` without probabilities."""
    score = study.log.score
    if study.regression or not is_probability(score):
        return None
    guess = predicted(study.log, study.threshold, study.profile.task)
    right = np.where(guess == 1, score, 1.0 - score) if study.binary else score
    return study.log_loss.model - (1.0 - right)


def as_stated(study: Study, rows: Mask) -> bool:
    """Whether the model errs on some rows as often as its scores say: no worse a model, and no odd labels."""
    beyond = beyond_stated(study)
    if beyond is None:
        return False
    left = beyond[rows & ~np.isnan(beyond)]
    return len(left) >= _LEAST and bool(abs(left.mean()) < _CHANCE * left.std() / np.sqrt(len(left)))


def harder(study: Study, others: Mask, here: Mask, more: float) -> bool:
    """Whether the scores say why the model errs by ``more`` here than on the others: cases that it knows to be hard."""
    beyond = beyond_stated(study)
    if beyond is None:
        return False
    left, _, _, z = difference(beyond[others], beyond[here])
    return bool(z < _SURE and left < _LEFT * more)
