"""What base rates alone make of a gap between groups (floor 4; bias): no one score can be even in everything.

Where outcomes are rarer in one group, a score that ranks both alike and comes true alike in both still chooses, misses
and errs at different rates (Kleinberg, Mullainathan and Raghavan 2016; Chouldechova 2017).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.curve import auc, auc_error
from toolkit.detectors.evidence import difference
from toolkit.detectors.gaps import Gap, measured
from toolkit.detectors.study import Study, is_probability

#: How far from coming true, as a part of the base rates' distance, is as good as true.
_TRUE: Final = 0.3
#: How sure (z) it must be that base rates differ, or that scores do not come true alike: many groups are asked.
_SURE: Final = 3.0


def earned(study: Study, g: Gap) -> bool:
    """Whether base rates alone make a gap in selection, misses or false alarms.

    They differ, and scores come true alike for both sides: then the side of the higher rate must be chosen more often,
    with more false alarms and fewer misses, whoever scores. One that fares worse in both is served worse.
    """
    need, sure = _need(study, g)
    if abs(sure) < _SURE or (need > 0) != (g.measure == "false alarms") or not _true_alike(study, g, need):
        return False
    both = measured(study)
    worse = [difference(both[m][~g.rows], both[m][g.rows])[3] for m in ("misses", "false alarms")]
    return min(worse) < 2


def harder(study: Study, g: Gap) -> bool:
    """Whether base rates alone make a gap in errors: outcomes are harder to guess the nearer their rate is to a half.

    Scores come true alike for both sides, they say themselves how often each is answered wrongly, and they rank the
    cases of the group as well as those of the others.
    """
    if not study.binary:
        return False
    need, sure = _need(study, g)
    if abs(sure) < _SURE or not _true_alike(study, g, need):
        return False
    score, label, wrong = study.log.score, study.mature_label, measured(study)["error"]
    stated = np.where(score >= study.threshold, 1 - score, score)
    left, _, _, z = difference((wrong - stated)[~g.rows], (wrong - stated)[g.rows])
    if abs(left) > _TRUE * abs(g.gap) and abs(z) > 2:
        return False
    sides = [(auc(score[r], label[r]), auc_error(score[r], label[r])) for r in (g.rows, ~g.rows)]
    (mine, error), (others, other_error) = sides
    chance = float(np.hypot(error, other_error))
    return bool(np.isfinite(chance)) and others - mine < 2 * chance


def _need(study: Study, g: Gap) -> tuple[float, float]:
    """Give how much more often the outcome is there in the group than elsewhere, and how sure that is (z)."""
    label = study.mature_label
    need, _, _, sure = difference(label[~g.rows], label[g.rows])
    return need, sure


def _true_alike(study: Study, g: Gap, need: float) -> bool:
    """Whether scores are probabilities that come true alike on both sides."""
    score, label = study.log.score, study.mature_label
    if not is_probability(score):
        return False
    left, _, _, z = difference((label - score)[~g.rows], (label - score)[g.rows])
    return not (abs(left) > _TRUE * abs(need) and abs(z) > _SURE)
