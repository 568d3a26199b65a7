"""Which of the two moved: what was forecast, or what came (floor 4; data; regression)?

Where forecasts begin to miss and the labels' own level changed while the forecasts went on as before, the world moved
and the model did not follow. Levels are compared in units of the residuals' spread, before and after the onset.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import Change, find_change

NAME = "forecast"
LEAST: Final = 12


def detect(study: Study) -> list[Evidence]:
    """Look at a regression whose residuals left zero for what moved at that time."""
    if not study.regression or not study.has_labels or study.log.features:
        return []  # with inputs the strata of ``relation`` tell more
    label = np.where(study.mature, study.log.label, np.nan)
    guess = study.log.prediction
    residual = label - guess
    base = study.ref.label - study.ref.prediction
    change = find_change(residual, reference=None if study.own_reference else study.stats(base))
    if not change.found or change.shape == "from_start":
        return []
    rows = inside(change, len(label))
    if min((~np.isnan(residual[rows])).sum(), (~np.isnan(residual[~rows])).sum()) < 3:
        return []
    near = _near(change, len(label))
    came, told = _step(label, rows, near), _step(guess, rows, near)
    if not np.isfinite(came) or not np.isfinite(told):
        return []
    missed, _, interval, z = difference(residual[~rows], residual[rows])
    text = (
        f"What came moved by {came:+.4g} at the change while the forecasts moved by {told:+.4g}: "
        f"they now miss by {missed:+.4g} on average."
    )
    world = abs(came) > 2 * abs(told)
    return [
        make(
            study, NAME, "concept_drift" if world else "", text, strength=0.85 if world else 0.0,
            z=min(abs(z), abs(change.z) * 2), change=change, rows=rows, effect=missed, unit="label", interval=interval,
            n=int((~np.isnan(residual)).sum()), supports=("concept_drift", "label_shift") if world else (),
            refutes=("unit_change", "bad_rollout", "stale_feature") if world else ("concept_drift",),
        )
    ]  # fmt: skip


def _near(change: Change, n: int) -> slice:
    """Give the rows around the change, as many before it as it has, so that a season does not pass for a step."""
    width = max(change.end - change.start, LEAST)
    return slice(max(change.start - width, 0), min(change.end, n))


def _step(x: Floats, rows: Mask, near: slice) -> float:
    """Give the step of the mean at the change, beside a straight trend: a forecast that goes on rising did not move.

    Least squares of ``x = a + b t + c [inside]`` over the rows around the change; ``c`` is the step.
    """
    values, inner = x[near], rows[near]
    known = ~np.isnan(values)
    if (known & inner).sum() < 3 or (known & ~inner).sum() < 3:
        return float("nan")
    time = np.linspace(-1.0, 1.0, len(values))
    design = np.column_stack([np.ones(len(values)), time, inner])[known]
    return float(np.linalg.lstsq(design, values[known], rcond=None)[0][2])
