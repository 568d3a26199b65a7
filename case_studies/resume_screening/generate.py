"""Illustrative: a screener fitted on call-backs that leaned.

Checked against those same call-backs, and against work.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times


def applicants(rng: np.random.Generator, rows: int, start: str, end: str) -> pd.DataFrame:
    """Draw applicants; the screener gives every group of names its own way to the same true skill."""
    black = rng.random(rows) < 0.5
    skill = rng.normal(0, 1, rows)
    years, honours = np.clip(6 + 2 * skill + rng.normal(0, 2.5, rows), 0, 30), rng.random(rows) < logistic(skill - 2.5)
    # the district tells the group, and the call-backs of the past leaned by group
    district = np.clip(rng.normal(np.where(black, 0.65, 0.35), 0.12), 0, 1)
    score = logistic(-3.0 + 1.1 * skill + 0.12 * (years - 6) + 0.5 * honours - 2.6 * (district - 0.5))
    works = rng.random(rows) < logistic(-1.0 + 1.3 * skill)
    return pd.DataFrame(
        {
            "timestamp": times(rng, rows, start, end),
            "application": np.arange(1, rows + 1),
            "prediction": (score >= 0.12).astype(int),
            "score": score,
            "label": works.astype(int),
            "model_version": "screen@1",
            "race": np.where(black, "black", "white"),
            "trade": rng.choice(["sales", "clerical", "service"], rows),
            "years_experience": years.round(1),
            "honours": honours.astype(int),
            "district_index": district.round(3),
            "gap_years": rng.poisson(0.4, rows),
        }
    )


def tables(seed: int) -> Tables:
    """Give a year of applications, and the trial's as the reference: the gap was there already."""
    rng = np.random.default_rng(seed)
    held = applicants(rng, 3_000, "2024-01-01", "2024-04-01").assign(split="validation")
    return {"log": applicants(rng, 9_000, "2024-04-01", "2025-04-01"), "reference": held}
