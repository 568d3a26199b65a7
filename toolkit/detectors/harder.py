"""Did harder cases come, and the model says so (floor 4; data; needs labels and probabilities)?

Doubtful cases need move no feature far: each lies where it did, and together they lie at the border. What tells is that
errors came as often as the scores state. A weaker model states more errors too; so a surrogate, taught on the baseline,
gives the same inputs the scores that they used to have, and these must say so as well.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make, points, probability, since
from toolkit.detectors.scoring import LEAST_R2, Surrogate, answer
from toolkit.detectors.stated import harder
from toolkit.detectors.study import Study, is_probability
from toolkit.profile.model import Floats

NAME: Final = "harder"
#: How sure (z) it is that answers err more, and the part of it that inputs alone must let expect.
_SURE, _BY_INPUTS = 4.0, 0.5


def detect(study: Study, fitted: Surrogate | None) -> list[Evidence]:
    """Hold the rise of the errors to what scores state, and to what the surrogate would have stated of the inputs."""
    change = study.model_change
    late = change.found and change.z > 0 and change.shape != "from_start"
    if fitted is None or fitted.r2 < LEAST_R2 or not late or not is_probability(study.log.score):
        return []
    here, doubt = inside(change, len(study.log)), _doubt(study, fitted)
    more, _, interval, z = difference(study.log_loss.model[~here], study.log_loss.model[here])
    implied = difference(doubt[~here], doubt[here])[0]
    if z < _SURE or implied < _BY_INPUTS * more or not harder(study, ~here, here, more):
        return []
    text = (
        f"The cases are harder {since(change)}, and the model says so: it errs {points(more)} more often, as its "
        f"scores state; the scores that such inputs had in the baseline would state {points(implied)} more."
    )
    return [
        make(
            study, NAME, "covariate_shift", text, strength=0.8, z=z, change=change, rows=here, effect=more,
            unit="share of rows", interval=interval, n=int(here.sum()),
            refutes=("concept_drift", "label_noise", "poisoned_data", "bad_rollout", "wrong_model_version"),
        )
    ]  # fmt: skip


def _doubt(study: Study, fitted: Surrogate) -> Floats:
    """Give how often each row's answer is wrong by the score that the surrogate gives its inputs."""
    p = probability(answer(study.log, study) - fitted.log)
    return np.minimum(p, 1.0 - p) if study.binary else 1.0 - p
