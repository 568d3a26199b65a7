"""Reconstruction: applications of which an inquiry found no unlawful difference; one row for twenty."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times


def applications(rng: np.random.Generator, rows: int, start: str, end: str) -> pd.DataFrame:
    """Draw applications; incomes and debts differ a little between women and men, the rule does not."""
    woman = rng.random(rows) < 0.46
    income = np.exp(rng.normal(11.0 - 0.06 * woman, 0.5, rows))
    use, history = np.clip(rng.beta(2.2, 5, rows), 0, 1), rng.gamma(3, 3, rows)
    shared = rng.random(rows) < 0.35  # an account shared with a spouse is not counted for either
    odds = -1.2 - 0.8 * (np.log(income) - 11) + 3.0 * use - 0.05 * history
    score = logistic(odds)
    return pd.DataFrame(
        {
            "timestamp": times(rng, rows, start, end),
            "application": np.arange(1, rows + 1),
            "prediction": (score >= 0.42).astype(int),
            "score": score,
            "label": (rng.random(rows) < score).astype(int),
            "model_version": "card@1",
            "sex": np.where(woman, "F", "M"),
            "income": income.round(),
            "card_use": use.round(3),
            "history_years": history.round(1),
            "shares_account": shared.astype(int),
        }
    )


def tables(seed: int) -> Tables:
    """Give the log of the months in question, and the launch's as the reference."""
    rng = np.random.default_rng(seed)
    held = applications(rng, 6_000, "2019-08-20", "2019-10-01").assign(split="validation")
    return {"log": applications(rng, 20_000, "2019-10-01", "2020-02-01"), "reference": held}
