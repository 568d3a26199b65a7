"""Illustrative: an office gate that opens to known faces, less often to dark ones.

And most so in the evening.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times


def visits(rng: np.random.Generator, rows: int, start: str, end: str) -> pd.DataFrame:
    """Draw visits; few of the enrolled faces are dark, and the matcher is less sure of those."""
    skin = rng.choice(["light", "medium", "dark"], rows, p=[0.68, 0.22, 0.10])
    known = rng.random(rows) < 0.9
    when = times(rng, rows, start, end)
    evening = np.asarray((when.hour >= 18) | (when.hour < 7))
    light = np.where(evening, rng.normal(120, 30, rows), rng.normal(400, 80, rows))
    sure = np.select([skin == "light", skin == "medium"], [3.4, 2.7], 1.5)
    likeness = np.where(known, sure - 0.7 * evening * (skin == "dark"), -3.2 + 1.0 * (skin == "dark"))
    score = logistic(likeness + rng.normal(0, 1.1, rows))
    return pd.DataFrame(
        {
            "timestamp": when,
            "visit": np.arange(1, rows + 1),
            "prediction": (score >= 0.5).astype(int),
            "score": score,
            "label": known.astype(int),
            "model_version": "gate@2",
            "skin": skin,
            "door": rng.choice(["north", "south", "garage"], rows),
            "light_lux": np.clip(light, 5, None).round(),
            "glasses": (rng.random(rows) < 0.3).astype(int),
            "years_since_photo": rng.gamma(1.6, 1.5, rows).round(1),
        }
    )


def tables(seed: int) -> Tables:
    """Give four months of visits, and the acceptance test, in which hardly anybody had dark skin."""
    rng = np.random.default_rng(seed)
    test = visits(rng, 4_000, "2025-01-01", "2025-02-01")
    test = test[(test.skin != "dark") | (rng.random(len(test)) < 0.15)].assign(split="validation")
    return {"log": visits(rng, 12_000, "2025-02-01", "2025-06-01"), "reference": test}
