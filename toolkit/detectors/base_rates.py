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
from toolkit.profile.model import Mask

#: How far from coming true, as a part of the base rates' distance, is as good as true.
_TRUE: Final = 0.3
#: How sure (z) it must be that base rates differ, or that scores do not come true alike: many groups are asked.
_SURE: Final = 3.0
_LIKELY: Final = 2.0


def earned(study: Study, g: Gap) -> bool:
    """Whether base rates alone make a gap in selection, misses or false alarms.

    They differ, and scores come true alike for both sides: then the side of the higher rate must be chosen more often,
    with more false alarms and fewer misses, whoever scores. One that fares worse in both is served worse. A group in
    the middle has the rate of all others and none of their extremes: there the scores themselves say how many are
    chosen and missed.
    """
    need, sure = _need(study, g)
    if not _differ(study, g, sure) or not _true_alike(study, g, need):
        return False
    if abs(sure) < _LIKELY:
        return _stated(study, g)
    if (need > 0) != (g.measure == "false alarms"):
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
    if not _differ(study, g, sure) or not _true_alike(study, g, need):
        return False
    score, wrong = study.log.score, measured(study)["error"]
    stated = np.where(score >= study.threshold, 1 - score, score)
    left, _, _, z = difference((wrong - stated)[~g.rows], (wrong - stated)[g.rows])
    if abs(left) > _TRUE * abs(g.gap) and abs(z) > 2:
        return False
    return _ranked_alike(study, g)


def _differ(study: Study, g: Gap, sure: float) -> bool:
    """Whether base rates surely differ: the group's, or that of another value of its column.

    The latter is enough where the group is ranked as well as the others: a score that knows less of it would miss as
    many.
    """
    if abs(sure) >= _SURE or not _ranked_alike(study, g):
        return abs(sure) >= _SURE
    label = study.mature_label
    return any(abs(difference(label[~mine], label[mine])[3]) >= _SURE for mine in _values(study, g))


def _values(study: Study, g: Gap) -> list[Mask]:
    """Mark the rows of each value of the group's column; of a corner those of the two values that meet in it."""
    codes = study.log.groups.get(g.column)
    if codes is None:
        return [study.log.groups[term.column].rows_of(term.value) for term in g.slice]
    return [codes.codes == i for i in range(len(codes.names))]


def _ranked_alike(study: Study, g: Gap) -> bool:
    """Whether scores tell the cases of the group apart as well as those of each other value, on average."""
    score, label = study.log.score, study.mature_label
    others = [mine for mine in _values(study, g) if not (mine & g.rows).any()] or [~g.rows]
    own, *rest = [(auc(score[r], label[r]), auc_error(score[r], label[r]), r.sum()) for r in (g.rows, *others)]
    rest = [side for side in rest if np.isfinite(side[:2]).all()]
    if not rest or not np.isfinite(own[:2]).all():
        return False
    known, error, rows = np.array(rest).T
    weight = rows / rows.sum()
    chance = float(np.sqrt(own[1] ** 2 + weight**2 @ error**2))
    return float(weight @ known) - own[0] < 2 * chance


def _stated(study: Study, g: Gap) -> bool:
    """Whether the gap is the one that the scores state, were they true: in misses, or in false alarms."""
    if g.measure not in ("misses", "false alarms"):
        return True
    score, chosen, label = study.log.score, measured(study)["selection"], study.mature_label
    use = ~np.isnan(score) & ~np.isnan(chosen) & ~np.isnan(label)
    told = []
    for side in (g.rows & use, ~g.rows & use):
        chance = score[side] if g.measure == "misses" else 1 - score[side]
        wrong = 1 - chosen[side] if g.measure == "misses" else chosen[side]
        told.append(float((chance * wrong).sum() / max(chance.sum(), 1e-9)))
    left = g.gap - (told[0] - told[1])
    return abs(left) < max(_TRUE * abs(g.gap), 2 * abs(g.gap / g.z) if g.z else 0.0)


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
