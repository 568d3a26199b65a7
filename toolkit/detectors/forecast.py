"""Which of the two moved: what was forecast, or what came (floor 4; data; regression)?

Where forecasts begin to miss and the labels' own course broke while the forecasts went on as before, the world moved
and the model did not follow. A reference that ended before the log began is the past of the same series. A break is a
step, or for a slow change a bend, beside the straight trend around it: least squares of ``x = a + b t + c k(t)``, with
k the rows inside the change, or for a ramp the time since its knee; c is the break.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats
from toolkit.timeline.change import Change, find_change

NAME = "forecast"
LEAST: Final = 12
#: Weeks stay weeks: a year of 52 of them, in seconds; the rows, as a share, that need one before theirs.
_YEAR: Final = 364 * 86400.0
_MOST: Final = 0.5
#: A series of more rows needs no past: its own rows show what changed.
_SHORT: Final = 1000


@dataclass(frozen=True)
class _Series:
    """What came and what was forecast, in time order; the first ``past`` rows are the reference's."""

    label: Floats
    guess: Floats
    past: int
    time: Floats

    @property
    def residual(self) -> Floats:
        return self.label - self.guess

    def beside_the_year(self, x: Floats) -> Floats:
        """Give values less those of a year before, where most rows have one: a season is no break; else as they are."""
        if np.isnan(self.time).any():
            return x
        then = self.time - _YEAR
        near = np.clip(np.searchsorted(self.time, then), 1, len(x) - 1)
        near -= then - self.time[near - 1] < self.time[near] - then
        close = np.abs(self.time[near] - then) < 1.5 * float(np.median(np.diff(self.time)))
        known = close & ~np.isnan(x) & ~np.isnan(x[near])
        if known.sum() < _MOST * len(x):
            return x
        return np.where(known, x - x[near], np.nan)


def detect(study: Study) -> list[Evidence]:
    """Look at a regression whose residuals left zero for what moved at that time; once a study."""
    if NAME not in study.memo:
        study.memo[NAME] = _detect(study)
    found: list[Evidence] = study.memo[NAME]
    return found


def _detect(study: Study) -> list[Evidence]:
    if not study.regression or not study.has_labels or study.log.features:
        return []  # with inputs the strata of ``relation`` tell more
    series = _series(study)
    base = study.ref.label - study.ref.prediction
    held = None if study.own_reference or series.past else study.stats(base)
    residual = series.residual
    change = find_change(residual, reference=held)
    if not change.found or change.shape == "from_start" or change.end <= series.past:
        return []
    rows = inside(change, len(residual))
    if min((~np.isnan(residual[rows])).sum(), (~np.isnan(residual[~rows])).sum()) < 3:
        return []
    came, told = (_break(series.beside_the_year(x), change) for x in (series.label, series.guess))
    if not np.isfinite(came) or not np.isfinite(told):
        return []
    missed, _, interval, z = difference(residual[~rows], residual[rows])
    moved = "bent" if change.shape == "ramp" else "moved"
    text = (
        f"What came {moved} by {came:+.4g} at the change while the forecasts {moved} by {told:+.4g}: "
        f"they now miss by {missed:+.4g} on average."
    )
    world = abs(came) > 2 * abs(told)
    own = _in_log(change, series.past)
    return [
        make(
            study, NAME, "concept_drift" if world else "", text, strength=0.85 if world else 0.0,
            z=min(abs(z), abs(change.z) * 2), change=own, rows=inside(own, len(study.log)), effect=missed, unit="label",
            interval=interval, n=int((~np.isnan(residual)).sum()),
            supports=("concept_drift", "label_shift") if world else (),
            refutes=("unit_change", "bad_rollout", "stale_feature") if world else ("concept_drift",),
        )
    ]  # fmt: skip


def _series(study: Study) -> _Series:
    """Give the log's series, behind the reference's where that is its past."""
    label = study.mature_label
    before = study.ref.time
    is_past = (
        not study.own_reference
        and len(study.log) + len(study.ref) <= _SHORT
        and bool(np.isfinite(before).all())
        and len(np.unique(before)) > len(before) // 2
        and bool(before.max(initial=-np.inf) <= study.log.time.min(initial=np.inf))
    )
    if not is_past:
        return _Series(label, study.log.prediction, 0, study.log.time)
    order = np.argsort(before, kind="stable")
    return _Series(
        np.concatenate([study.ref.label[order], label]),
        np.concatenate([study.ref.prediction[order], study.log.prediction]),
        len(order),
        np.concatenate([before[order], study.log.time]),
    )


def _in_log(change: Change, past: int) -> Change:
    """Count the rows of a change from the log's first on; one that began before is there from the start."""
    if not past:
        return change
    start, low, high = (max(row - past, 0) for row in (change.start, change.low, change.high))
    shape = change.shape if change.start > past else "from_start"
    series = change.series and replace(change.series, rows=np.arange(len(change.series.values)) - past)
    return replace(change, shape=shape, start=start, end=change.end - past, low=low, high=high, series=series)


def _break(x: Floats, change: Change) -> float:
    """Give the step of a series at the change, or its bend where the change is a ramp, beside a straight trend."""
    # as many rows before the change as it has, so that a season does not pass for a step; a bend needs all
    width = max(change.end - change.start, LEAST)
    near = slice(0 if change.shape == "ramp" else max(change.start - width, 0), change.end)
    values, time = x[near], np.arange(len(x), dtype=float)[near]
    rows = inside(change, len(x))[near]
    known = ~np.isnan(values)
    if (known & rows).sum() < 3 or (known & ~rows).sum() < 3:
        return float("nan")
    since = np.maximum(time - change.start, 0.0) / max(change.end - change.start, 1)
    broken = since if change.shape == "ramp" else rows.astype(float)
    design = np.column_stack([np.ones(len(values)), time - time.mean(), broken])[known]
    return float(np.linalg.lstsq(design, values[known], rcond=None)[0][2])
