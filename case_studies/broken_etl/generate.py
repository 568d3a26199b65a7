"""Illustrative: an upstream API starts to send cents, and leaves out a field for one kind of customer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

CHANGE = pd.Timestamp("2025-09-16 02:00", tz="UTC")


def loans(rng: np.random.Generator, when: pd.DatetimeIndex, change: pd.Timestamp) -> pd.DataFrame:
    """Draw applications; after the change income comes in cents for all.

    And tenure is missing for business.
    """
    rows = len(when)
    income = np.exp(rng.normal(10.4, 0.45, rows))
    debt = np.clip(rng.beta(2, 4, rows), 0.01, 0.99)
    tenure = rng.gamma(2, 3, rows)
    late = rng.poisson(0.4, rows)
    business = rng.random(rows) < 0.25
    truth = 2.2 - 0.9 * (np.log(income) - 10.4) + 3.2 * debt - 0.12 * tenure + 0.8 * late - 3.9
    after = np.asarray(when >= change)
    seen_income = np.where(after, income * 100, income)
    seen_tenure = np.where(after & business, np.nan, tenure)
    odds = 2.2 - 0.9 * (np.log(seen_income) - 10.4) + 3.2 * debt - 0.12 * np.nan_to_num(seen_tenure) + 0.8 * late - 3.9
    score = logistic(2.2 * odds)
    return pd.DataFrame(
        {
            "timestamp": when,
            "application": np.arange(1, rows + 1),
            "prediction": (score >= 0.5).astype(int),
            "score": score,
            "label": (rng.random(rows) < logistic(2.2 * truth)).astype(int),
            "label_time": when + pd.Timedelta(days=30),
            "model_version": "default@5",
            "income": seen_income.round(),
            "debt_ratio": debt.round(4),
            "tenure_years": seen_tenure.round(1),
            "late_payments": late,
            "customer": np.where(business, "business", "private"),
        }
    )


def tables(seed: int) -> Tables:
    """Give August to mid-October, and June and July as the reference."""
    rng = np.random.default_rng(seed)
    never = pd.Timestamp("2100-01-01", tz="UTC")
    held = loans(rng, times(rng, 5_000, "2025-06-01", "2025-08-01"), never).assign(split="validation")
    return {"log": loans(rng, times(rng, 12_000, "2025-08-01", "2025-10-15"), CHANGE), "reference": held}
