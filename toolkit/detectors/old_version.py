"""Would the version before have erred as much? (floor 4; against a rollout; needs labels).

The surrogate of the baseline's answers answers the new version's rows in its place. Where it errs more on them by as
much as the new version does, the release only came on the day on which the world changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, make, percent, probability
from toolkit.detectors.scoring import Surrogate, answer
from toolkit.detectors.study import Study, is_probability
from toolkit.detectors.support import off_support
from toolkit.profile.model import Floats

NAME: Final = "old_version"
#: How well the surrogate must answer for the version before, and the part of the rise that it must show itself.
_ALIKE, _AS_MUCH = 0.85, 0.75
_ROLLOUT: Final = ("bad_rollout", "wrong_model_version")


def detect(study: Study, fitted: Surrogate | None, versioned: Sequence[Evidence]) -> list[Evidence]:
    """Replay the version before on the rows of one that errs more since a switch of all requests."""
    if fitted is None or fitted.r2 < _ALIKE or study.profile.task == "multiclass" or not study.has_labels:
        return []
    found = []
    for e in versioned:
        if e.mechanism in _ROLLOUT and e.rows is not None and not e.finding.details.get("side_by_side"):
            found += _replayed(study, fitted, e)
    return found


def _replayed(study: Study, fitted: Surrogate, e: Evidence) -> list[Evidence]:
    assert e.rows is not None
    there = ~off_support(study) & ~np.isnan(study.log_loss.model)
    rows, rest = e.rows & there, ~e.rows & there
    if min(rows.sum(), rest.sum()) < 50:
        return []
    then, now = _loss(study, fitted), study.log_loss.model
    old, _, _, z = difference(then[rest], then[rows])
    new, _, _, _ = difference(now[rest], now[rows])
    if z < 4 or new <= 0 or old < _AS_MUCH * new:
        return []
    text = (
        f"The version before, replayed by a surrogate (R2 {fitted.r2:.2f} of its answers), would err {old:.4g} more on "
        f"these rows too, {percent(old / new)} of the rise: the release came when something else changed."
    )
    return [
        make(study, NAME, "", text, strength=0.0, z=z, effect=old, unit="loss", n=int(rows.sum()), refutes=_ROLLOUT)
    ]


def _loss(study: Study, fitted: Surrogate) -> Floats:
    """Give the loss of the surrogate's answers on the log's rows."""
    told, label = answer(study.log, study) - fitted.log, study.mature_label
    if study.regression:
        out: Floats = np.abs(label - told) * study.weight(study.log)
        return out
    base = study.ref.score
    stated = probability(told) if is_probability(base) else told
    guess = stated >= (0.5 if np.isnan(base).all() else study.threshold)
    return np.where(np.isnan(label) | np.isnan(told), np.nan, (guess != label).astype(float))
