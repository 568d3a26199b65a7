"""Illustrative: the score is as good as ever.

Somebody moved the line, and nobody can say why customers are refused.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

CHANGE, BEFORE, AFTER = pd.Timestamp("2025-10-06 07:00", tz="UTC"), 0.50, 0.22


def applications(rng: np.random.Generator, when: pd.DatetimeIndex, change: pd.Timestamp) -> pd.DataFrame:
    """Draw applications; ``decision`` 1 is a refusal.

    Made by a rule on the score that the desk configures.
    """
    rows = len(when)
    income, debt = rng.normal(0, 1, rows), rng.normal(0, 1, rows)
    history, inquiries = rng.gamma(2, 4, rows), rng.poisson(1.2, rows)
    odds = -1.3 - 0.9 * income + 1.1 * debt - 0.06 * history + 0.35 * inquiries
    score = logistic(odds)
    line = np.where(when >= change, AFTER, BEFORE)
    defaults = rng.random(rows) < logistic(odds + rng.normal(0, 0.5, rows))
    refused = score >= line
    return pd.DataFrame(
        {
            "timestamp": when,
            "application": np.arange(1, rows + 1),
            "prediction": (score >= BEFORE).astype(int),
            "score": score,
            "decision": refused.astype(int),
            "decider": rng.choice(["desk A", "desk B", "desk C"], rows),
            "label": defaults.astype(int),
            "model_version": "risk@9",
            "sex": rng.choice(["F", "M"], rows),
            "age_band": rng.choice(["under 35", "35 to 55", "over 55"], rows, p=[0.35, 0.4, 0.25]),
            "income_z": income.round(3),
            "debt_z": debt.round(3),
            "history_years": history.round(1),
            "inquiries": inquiries,
        }
    )


def tables(seed: int) -> Tables:
    """Give September to November, and the summer before as the reference."""
    rng = np.random.default_rng(seed)
    never = pd.Timestamp("2100-01-01", tz="UTC")
    held = applications(rng, times(rng, 4_000, "2025-06-01", "2025-09-01"), never).assign(split="validation")
    return {"log": applications(rng, times(rng, 11_000, "2025-09-01", "2025-12-01"), CHANGE), "reference": held}
