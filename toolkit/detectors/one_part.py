"""A part in which alone the model began to err, and nothing else says why (floor 4; data; needs labels).

Of one site among many the whole hardly tells. Where the loss rose within one segment value by more than elsewhere, its
inputs are as they were there and no other finding is sure, the labels of that part fall otherwise than they did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from toolkit.detectors.drift import FAR, moved_in
from toolkit.detectors.evidence import Evidence, difference, inside, make, since
from toolkit.detectors.relation import part_that_rose
from toolkit.detectors.study import Study
from toolkit.records import SliceTerm

NAME: Final = "one_part"
#: Labelled rows of the part before and after at least; how sure (z) it must err more, and by more than all others, and
#: the part of its rise that these may have; how sure a move of theirs is.
_LEAST, _SURE, _MORE, _HALF, _ELSEWHERE = 40, 4.0, 3.0, 0.5, 2.0
#: From this strength on another finding says what happened.
_TOLD: Final = 0.5


def detect(study: Study, found: Sequence[Evidence]) -> list[Evidence]:
    """Say that labels fall otherwise in a part, where nothing else was ``found`` that is sure."""
    told = any(e.mechanism and e.strength >= _TOLD for e in found)
    part = None if told else part_that_rose(study)
    if part is None:
        return []
    loss, term = study.log_loss.model, SliceTerm(part.column, part.value)
    mine, now = study.log.segments[part.column].rows_of(part.value), inside(part.change, len(study.log))
    sides = [loss[side & rows] for side in (mine, ~mine) for rows in (~now, now)]
    if min((~np.isnan(x)).sum() for x in sides) < _LEAST:
        return []
    rise, error, interval, z = difference(*sides[:2])
    others, others_error, _, others_z = difference(*sides[2:])
    beyond = (rise - others) / np.hypot(error, others_error)
    if z < _SURE or beyond < _MORE or others > _HALF * rise or _moved_there(study, term):
        return []
    elsewhere = "as ever" if abs(others_z) < _ELSEWHERE else f"{abs(others):.3g} {'more' if others > 0 else 'less'}"
    text = (
        f"Where {term.column} = {term.value} the model errs {rise:.3g} more a row {since(part.change)} ({z:.1f} "
        f"standard errors), elsewhere {elsewhere}, and none of its inputs moved there: its labels fall otherwise."
    )
    return [
        make(
            study, NAME, "concept_drift", text, strength=0.85, z=z, change=part.change, rows=mine & now, effect=rise,
            unit="loss", interval=interval, n=int((mine & now).sum()), slice_=(term,),
            supports=("concept_drift", "label_noise", "label_shift"), refutes=("covariate_shift",),
        )
    ]  # fmt: skip


def _moved_there(study: Study, term: SliceTerm) -> bool:
    """Whether an input of the part is far from where it was, or the baseline has too few rows of the part to tell."""
    base = study.ref.segments.get(term.column)
    if base is None or base.rows_of(term.value).sum() < _LEAST:
        return True
    moves = (moved_in(study, name, term.column, term.value) for name in study.log.features)
    return any(move is not None and move.distance > FAR for move in moves)
