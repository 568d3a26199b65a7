"""Answers that came too late to be used (floor 4; integration; needs no labels, and no status that owns up to it)."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.decisions import answers, differ_from
from toolkit.detectors.evidence import Evidence, inside, make, percent
from toolkit.detectors.study import Study, implied_threshold
from toolkit.timeline.change import find_change

NAME: Final = "deadline"
#: Answers that were set aside, and the share of those on the wrong side of the deadline that is said of them.
_LEAST, _ASTRAY = 20, 0.02
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
    rows = inside(change, len(late))
    rise = change.after - max(change.before, 0.0)
    text = (
        f"No answer that took longer than {cut:.0f} ms was acted on, and all others were: {percent(change.after)} "
        f"of the rows since the change, {percent(max(change.before, 0.0))} before."
    )
    return [
        make(
            study, NAME, "timeouts", text, strength=0.95, z=change.z, change=change, rows=rows & aside, effect=rise,
            unit="share of requests", n=int(rows.sum()), threshold=cut, harmful=rise > _MANY,
            supports=("timeouts", "latency"), refutes=("not_adopted", "harmful_overrides", "ignored_alerts"),
        )
    ]  # fmt: skip
