"""Reconstruction: grades set by a school's past instead of the teacher.

The published shares are met exactly.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, exactly, times

#: Kind of school: (rows, share of A and A* by teachers' history, gain in points, share in classes under 6).
SCHOOLS = {
    "independent": (3_000, 0.440, 0.047, 0.30),
    "academy": (6_000, 0.240, 0.017, 0.07),
    "comprehensive": (5_000, 0.220, 0.020, 0.06),
    "college": (6_000, 0.140, 0.003, 0.01),
}
LOWERED = 0.391


def tables(seed: int) -> Tables:
    """Give one row an entry: top grade by the standardised result, by last year's rate.

    And the teacher's grade.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for kind, (rows, past, gain, small) in SCHOOLS.items():
        rank, few = rng.random(rows), exactly(rng, rows, small)
        # a small class keeps the teacher's grade, which is higher: that is how the gain comes about
        order = np.argsort(-(rank + 0.3 * few), kind="stable")
        top = np.zeros(rows, dtype=bool)
        top[order[: round(rows * (past + gain))]] = True
        deserved = np.zeros(rows, dtype=bool)
        deserved[np.argsort(-(rank + rng.normal(0, 0.08, rows)), kind="stable")[: round(rows * (past + 0.06))]] = True
        one = pd.DataFrame({"school": kind, "prediction": top.astype(int), "label": deserved.astype(int)})
        parts.append(one.assign(teacher_rank=rank.round(4), class_size=np.where(few, rng.integers(2, 6, rows), 18)))
    log = pd.concat(parts, ignore_index=True)
    chance = np.where(log.class_size < 6, 0.02, 1.0) * np.where(log.prediction == 1, 0.5, 1.0) + 0.2 * rng.random(
        len(log)
    )
    lowered = np.zeros(len(log), dtype=int)
    lowered[np.argsort(-chance, kind="stable")[: round(len(log) * LOWERED)]] = 1
    log["lowered"] = lowered
    log["last_year_top_share"] = log.school.map({k: v[1] for k, v in SCHOOLS.items()})
    log = log.iloc[rng.permutation(len(log))].reset_index(drop=True)
    log.insert(0, "entry", range(1, len(log) + 1))
    log.insert(1, "timestamp", times(rng, 1, "2020-08-13 07:00:00", "2020-08-13 07:00:01")[0])
    return {"log": log}
