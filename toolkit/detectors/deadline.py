"""Answers that came too late to be used (floor 4; integration; needs no labels, and no status that owns up to it)."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.decisions import answers, differ_from
from toolkit.detectors.evidence import Evidence, inside, make, percent, since
from toolkit.detectors.study import Study, implied_threshold
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import find_change

NAME: Final = "deadline"
#: Answers that were set aside, and the share of those on the wrong side of the deadline that is said of them.
_LEAST, _ASTRAY = 20, 0.02
#: The share of right decisions among those rows from which on somebody corrected them; how many answers must lie on
#: either side of the deadline, up to a factor from it.
_RIGHTED, _CLOSE, _NEAR = 0.7, 3, 1.3
#: The rise of the share of answers set aside from which on that is harm by itself.
_MANY: Final = 0.05


def detect(study: Study) -> list[Evidence]:
    """Look for a latency beyond which what the model says is not done, of the answers that are ever set aside."""
    late = study.log.latency_ms
    if np.isnan(study.log.decision).all() or np.isnan(late).all() or study.regression:
        return []
    guess, acted, known = answers(study)
    aside = differ_from(study, guess, acted) & (known > 0) & ~np.isnan(late)
    if aside.sum() < _LEAST:
        return []
    # who is to wait, or to pass, waits or passes as well when no answer comes
    asked = np.isin(guess, np.unique(guess[aside])) & (known > 0) & ~np.isnan(late)
    cut, astray = implied_threshold(late[asked], aside[asked].astype(float))
    change = find_change(np.where(known > 0, aside.astype(float), np.nan))
    if astray * asked.sum() > _ASTRAY * aside.sum() or aside[asked].all() or not change.found or change.z < 4:
        return []
    if _by_people(study, late[asked], aside, cut):
        return []
    rows = inside(change, len(late))
    rise = change.after - max(change.before, 0.0)
    text = (
        f"Of the answers that are ever set aside those that took longer than {cut:.0f} ms were, and those that came "
        f"sooner were acted on: {percent(change.after)} of the rows {since(change)}, "
        f"{percent(max(change.before, 0.0))} before."
    )
    return [
        make(
            study, NAME, "timeouts", text, strength=0.95, z=change.z, change=change, rows=rows & aside, effect=rise,
            unit="share of requests", n=int(rows.sum()), threshold=cut, harmful=rise > _MANY,
            supports=("timeouts", "latency"), refutes=("not_adopted", "harmful_overrides", "ignored_alerts"),
        )
    ]  # fmt: skip


def _by_people(study: Study, late: Floats, aside: Mask, cut: float) -> bool:
    """Whether answers are slow since somebody looked at them: corrected, one way and the other, or far from any cut.

    What comes too late for a clock is replaced by the one thing that is done when nothing comes, right or wrong, and
    times go on across the deadline.
    """
    acted, label = study.log.decision[aside], study.log.label[aside]
    told = ~np.isnan(label)
    righted = told.sum() >= _LEAST and float((acted == label)[told].mean()) > _RIGHTED
    close = min(((late >= cut * x) & (late < cut * x * _NEAR)).sum() for x in (1 / _NEAR, 1.0))
    return bool(righted or len(np.unique(acted)) > 1 or close < _CLOSE)
