"""A bound beyond which no number was taken as it came, and that is gone (floor 4; human, the missing guardrail).

Answers beyond it are too few for a change of all decisions to show; among themselves all is otherwise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.decisions import answers, differ_from
from toolkit.detectors.evidence import Evidence, beforehand, inside, make, percent, since
from toolkit.detectors.study import Study, implied_threshold
from toolkit.profile.model import Ints
from toolkit.timeline.change import Change, find_change

NAME: Final = "bound"
#: Answers held back before, and met again since, to speak of a bound; the share of them that it may leave out.
_HELD: Final = 8
_ASTRAY: Final = 0.2


def detect(study: Study) -> list[Evidence]:
    """Learn from the baseline which numbers were held back, and see whether they still are."""
    if not study.regression or np.isnan(study.log.decision).all():
        return []
    then, did, known = answers(study, study.ref)
    held = differ_from(study, then, did)[known > 0]
    if held.sum() < _HELD:
        return []
    guess, decision, there = answers(study)
    taken = 1.0 - differ_from(study, guess, decision).astype(float)
    for side in (1.0, -1.0):
        cut, astray = implied_threshold(side * then[known > 0], held.astype(float))
        beyond = np.flatnonzero((side * guess >= cut) & (there > 0))
        if astray * len(held) > _ASTRAY * held.sum() or len(beyond) < 2 * _HELD:
            continue
        usual = 1.0 - held[side * then[known > 0] >= cut].astype(float)
        found = find_change(taken[beyond], reference=study.stats(usual))
        if found.found and found.z > 4 and found.after > 0.5 + found.before:
            return [_gone(study, found, beyond, f"{'above' if side > 0 else 'below'} {side * cut:.4g}")]
    return []


def _gone(study: Study, found: Change, beyond: Ints, where: str) -> Evidence:
    change = found.of(beyond, int(beyond[min(found.end, len(beyond)) - 1]) + 1)
    rows = inside(change, len(study.log)) & np.isin(np.arange(len(study.log)), beyond)
    text = (
        f"{percent(found.after)} of the answers {where} are taken as they come {since(found)}, "
        f"{percent(found.before)} {beforehand(found)}: what held them back is gone."
    )
    return make(
        study, NAME, "missing_guardrail", text, strength=0.9, z=found.z, change=change, rows=rows,
        effect=found.after - found.before, unit="share of answers beyond the bound", n=len(beyond),
        supports=("missing_guardrail", "over_reliance"), refutes=("harmful_overrides", "concept_drift"),
    )  # fmt: skip
