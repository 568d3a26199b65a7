"""Reconstruction: 22,427 accusations by a rule that nobody checked, of which 93 % were no fraud.

Among all claims.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, exactly, times

REVIEWED, WRONG, OTHERS = 22_427, 0.93, 27_573


def tables(seed: int) -> Tables:
    """Give accused and other claims; ``decision`` is what was done: the rule's word, every time."""
    rng = np.random.default_rng(seed)
    rows = REVIEWED + OTHERS
    accused = np.zeros(rows, dtype=bool)
    accused[rng.permutation(rows)[:REVIEWED]] = True
    fraud = rng.random(rows) < 0.004
    fraud[accused] = ~exactly(rng, REVIEWED, WRONG)
    # the rule spreads a year's income evenly over the weeks and calls every week that differs a lie
    uneven = np.where(accused, rng.beta(5, 2, rows), rng.beta(2, 6, rows))
    log = pd.DataFrame(
        {
            "timestamp": times(rng, rows, "2013-10-01", "2015-09-01"),
            "claim": np.arange(1, rows + 1),
            "prediction": accused.astype(int),
            "score": np.clip(np.where(accused, 0.5, 0.0) + 0.49 * uneven, 0, 0.999),
            "decision": accused.astype(int),
            "decider": "automatic",
            "label": fraud.astype(int),
            "reviewed_by_person": 0,
            "answered_letter": (rng.random(rows) < np.where(accused, 0.2, 0.9)).astype(int),
            "income_uneven": uneven.round(3),
            "weeks_claimed": rng.integers(2, 26, rows),
            "moved_house": (rng.random(rows) < 0.12).astype(int),
            "penalty_usd": np.where(accused, rng.gamma(2, 2_500, rows), 0).round(),
        }
    )
    return {"log": log}
