"""Illustrative: a ranking is tuned to clicks; clicks rise, and what the business lives on falls."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

SWITCH = pd.Timestamp("2025-04-01", tz="UTC")


def shown(rng: np.random.Generator, when: pd.DatetimeIndex, switch: pd.Timestamp) -> pd.DataFrame:
    """Draw shown articles; the new goal fills a third of the places with lurid ones, clicked at once and left for."""
    rows = len(when)
    new = np.asarray(when >= switch)
    lurid = np.where(new & (rng.random(rows) < 1 / 3), rng.beta(8, 3, rows), rng.beta(2, 6, rows))
    fit, length = rng.normal(0, 1, rows), rng.gamma(4, 180, rows)
    odds = -3.3 + 0.9 * fit + 7.5 * lurid - 0.0004 * length
    score = logistic(odds)
    clicked = rng.random(rows) < logistic(odds)
    leaves = rng.random(rows) < logistic(-6.2 + 5.0 * lurid - 0.3 * fit)
    return pd.DataFrame(
        {
            "timestamp": when,
            "view": np.arange(1, rows + 1),
            "prediction": (score >= 0.5).astype(int),
            "score": score,
            "label": clicked.astype(int),
            "model_version": np.where(new, "rank@5-clicks", "rank@4-subscribers"),
            "lurid": lurid.round(3),
            "fit": fit.round(3),
            "length_words": length.round(),
            "section": rng.choice(["city", "world", "sport", "culture"], rows),
            "unsubscribed": leaves.astype(int),
            "cost": np.where(leaves, 38.0, 0.0) - np.where(clicked, 0.04, 0.0),
        }
    )


def tables(seed: int) -> Tables:
    """Give February to June, and January as the reference."""
    rng = np.random.default_rng(seed)
    never = pd.Timestamp("2100-01-01", tz="UTC")
    held = shown(rng, times(rng, 4_000, "2025-01-01", "2025-02-01"), never).assign(split="validation")
    return {"log": shown(rng, times(rng, 13_000, "2025-02-01", "2025-07-01"), SWITCH), "reference": held}
