"""The simple rankers that are hard to beat on microservices: N-sigma and BARO's RobustScorer, on evidence series.

Each series is held to its own normal state: N-sigma by mean and standard deviation, BARO by median and interquartile
range (its Bayesian onset detection is replaced by the cut that every peer is given). The series that stands off most
names the mechanism that it speaks for; that the loss itself stands off is what makes it an incident at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from benchmarks.verdict.peers.answer import NOTHING, Found
from benchmarks.verdict.peers.frames import Case
from benchmarks.verdict.peers.series import Series, evidence
from toolkit.records import SliceTerm

#: The mechanisms that a series speaks for.
EXPRESSIBLE: Final = frozenset({
    "none", "concept_drift", "covariate_shift", "label_shift", "harmful_overrides", "not_adopted", "performance_gap",
    "overconfidence", "timeouts", "errors", "latency", "duplicated_requests", "dropped_traffic", "bad_rollout",
    "wrong_model_version", "goal_misaligned", "schema_change", "missing_values", "unit_change", "new_category",
    "default_filled",
})  # fmt: skip
#: Three sigma, and how much more a series must stand off than the loss does, before tuning.
DEFAULTS: Final = {"harm": 3.0, "sigma": 3.0}
#: What can go wrong without one more wrong answer.
SILENT: Final = frozenset({"latency", "duplicated_requests", "dropped_traffic", "goal_misaligned", "performance_gap",
                           "overconfidence", "not_adopted"})  # fmt: skip


def measure(case: Case) -> dict[str, Any]:
    """Score every series, by both rankers, after the cut and over the whole log."""
    at = case.at / max(1, len(case.log))
    rows = []
    for series in evidence(case):
        row: dict[str, Any] = {
            "name": series.name, "mechanism": series.mechanism, "features": list(series.features),
            "slice": [list(t) for t in series.slice_],
        }  # fmt: skip
        for ranker, centre in (("nsigma", "mean"), ("baro", "median")):
            row[ranker], row[f"{ranker}_lasting"] = stands_off(series, at, centre)
        rows.append(row)
    onset = case.onset
    return {"series": rows, "onset": None if onset is None else onset.isoformat()}


def stands_off(series: Series, at: float, centre: str) -> tuple[float, float]:
    """Give how far the mean after the cut stands off from before it, and the early log from the reference.

    In units of the spread of single buckets; both rankers look at the mean of the buckets, not at the worst one, so
    that thirty chances to be odd are not thirty alarms.
    """
    values = np.array([v for v in series.log if np.isfinite(v)])
    cut = min(max(1, round(at * len(values))), max(1, len(values) - 1))
    before, after = values[:cut], values[cut:]
    normal = np.array(series.normal)
    late = _off(before, after, centre, up=series.up) if len(before) >= 3 and len(after) else 0.0
    lasting = _off(normal, values, centre, up=series.up) if len(normal) >= 3 else 0.0
    return late, lasting


def _off(normal: np.ndarray, after: np.ndarray, centre: str, *, up: bool) -> float:
    if centre == "mean":
        middle, spread = float(normal.mean()), float(normal.std())
    else:
        middle = float(np.median(normal))
        spread = float(np.subtract(*np.quantile(normal, [0.75, 0.25]))) / 1.349
    floor = max(0.004, 0.01 * abs(middle))  # a series that never moved has no spread to be measured in
    z = (float(after.mean()) - middle) / max(spread, floor)
    return z if up else abs(z)


def pick(out: Mapping[str, Any], k: Mapping[str, float], ranker: str) -> Found:
    """Give the mechanism of the series that stands off most, where harm does too."""
    rows = out["series"]
    loss = next((r for r in rows if r["name"] == "loss"), None)
    late = loss is None or loss[ranker] > k["harm"]
    start = loss is not None and loss[f"{ranker}_lasting"] > k["harm"]
    best: tuple[float, Mapping[str, Any], bool] | None = None
    for row in rows:
        if row["name"] == "loss":
            continue
        silent = row["mechanism"] in SILENT
        for key, harm, lasting in ((ranker, late, False), (f"{ranker}_lasting", start, True)):
            score = float(row[key])
            if score > k["sigma"] and (harm or silent) and (best is None or score > best[0]):
                best = (score, row, lasting)
    if best is not None:
        _, row, lasting = best
        terms = tuple(SliceTerm(c, v) for c, v in row["slice"])
        return Found(row["mechanism"], tuple(row["features"]), terms, lasting=lasting)
    if loss is not None and (late or start):
        return Found("concept_drift", lasting=not late)
    return NOTHING
