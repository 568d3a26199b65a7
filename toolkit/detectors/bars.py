"""Is the bar higher for one group (floor 4; bias)?

Where a cut on the score decides, and it is another for one group, equal cases are answered unequally, to the row; no
base rate makes that. A lower bar that evens out what a group misses is no harm to the others: named is a group that is
held to more and fares worse.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, from_start, inside, make, since
from toolkit.detectors.gaps import LEAST, measured
from toolkit.detectors.study import Study, implied_threshold
from toolkit.profile.model import Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change

NAME: Final = "bars"
#: The share of answers that a cut may get wrong to be the one that decides; rows between two cuts that show it.
_ASTRAY, _BETWEEN = 0.01, 12


def detect(study: Study) -> list[Evidence]:
    """Learn the cut of every group and of all others, over all of the log or since the group was held to another."""
    log = study.log
    if not study.binary or np.isnan(log.score).all():
        return []
    found = []
    for answers in (log.decision, log.prediction):
        known = ~np.isnan(answers) & ~np.isnan(log.score) & (log.ok != 0)
        if not known.any() or implied_threshold(log.score[known], answers[known])[1] == 0:
            continue  # one cut decides all, and every group
        for column, codes in log.groups.items():
            for place, value in enumerate(codes.names if len(codes.names) > 1 else ()):
                mine, rest = known & (codes.codes == place), known & (codes.codes != place) & (codes.codes >= 0)
                found += _of_a_group(study, SliceTerm(column, value), answers, mine, rest)
        if found:
            return [max(found, key=lambda e: e.z)]
    return []


def _of_a_group(study: Study, term: SliceTerm, answers: Floats, mine: Mask, rest: Mask) -> list[Evidence]:
    """Tell of a group that is held to more than the rest and fares worse; nothing of any other."""
    score, change = study.log.score, _since(study, answers, mine, rest)
    if change is None:
        return []
    during = inside(change, len(score))
    cuts = _higher(score, answers, mine & during, rest & during)
    if cuts is None:
        return []
    asked = mine & (score >= cuts[1]) & (score < cuts[0])
    if change.shape != "from_start":  # these rows alone tell when
        sharper = find_change(np.where(asked, answers == 0, np.nan))
        change = sharper if sharper.found else change
    between, mine, rest = (side & inside(change, len(score)) for side in (asked, mine, rest))
    fares_worse = between.sum() >= _BETWEEN and _fares_worse(study, mine, rest)
    return [_say(study, term, cuts, between, mine, change)] if fares_worse else []


def _since(study: Study, answers: Floats, mine: Mask, rest: Mask) -> Change | None:
    """Say since when a group is held to a higher cut than all others: from the start, since a change, or never."""
    score, known = study.log.score, mine | rest
    early = np.cumsum(known) <= known.sum() / 3
    if _higher(score, answers, mine & early, rest & early) is not None and _higher(score, answers, mine, rest):
        return from_start(study)
    cut, astray = implied_threshold(score[rest], answers[rest]) if rest.any() else (0.0, 1.0)
    if astray > _ASTRAY or mine.sum() < LEAST:
        return None
    off = np.where(mine, answers != (score >= cut), np.nan)
    change = find_change(off)
    before = mine & ~inside(change, len(off))
    own = change.found and change.z > 0 and before.any() and float(off[before].mean()) <= _ASTRAY
    return change if own else None


def _higher(score: Floats, answers: Floats, mine: Mask, rest: Mask) -> tuple[float, float] | None:
    """Give the cut of a group and that of all others; ``None`` where no cut decides, or the group's is no higher."""
    cuts = []
    for side in (mine, rest):
        if side.sum() < LEAST or len(np.unique(answers[side])) < 2:
            return None
        cut, astray = implied_threshold(score[side], answers[side])
        if astray > _ASTRAY:
            return None
        cuts.append(cut)
    return (cuts[0], cuts[1]) if cuts[0] > cuts[1] else None


def _fares_worse(study: Study, mine: Mask, rest: Mask) -> bool:
    """Whether the group is missed more often, or where nobody knows, chosen more rarely."""
    series = measured(study)
    missed = series["misses"]
    if min((~np.isnan(missed[side])).sum() for side in (mine, rest)) >= LEAST:
        return difference(missed[rest], missed[mine])[3] > 2
    return difference(series["selection"][rest], series["selection"][mine])[3] < -2


def _say(
    study: Study, term: SliceTerm, cuts: tuple[float, float], between: Mask, mine: Mask, change: Change
) -> Evidence:
    share = float(between.sum() / mine.sum())
    when = "" if change.shape == "from_start" else f" {since(change)}"
    text = (
        f"Answers for {term.column} = {term.value} are positive from a score of {cuts[0]:.4g} on{when}, for the others "
        f"from {cuts[1]:.4g}: {int(between.sum())} equal cases were answered otherwise."
    )
    return make(
        study, NAME, "selection_gap", text, strength=0.95, z=float(min(2 * np.sqrt(between.sum()), 40.0)),
        change=change, rows=between, effect=cuts[0] - cuts[1], unit="score", n=int(mine.sum()),
        slice_=(term,), harmful=share > 0.02, supports=("selection_gap", "performance_gap"),
    )  # fmt: skip
