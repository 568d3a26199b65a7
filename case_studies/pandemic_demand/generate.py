"""Reconstruction: will the item be on the shelf? Right in 93 % before mid-March 2020 and in 61 % after it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, exactly, logistic, times

BREAK, RIGHT_BEFORE, RIGHT_AFTER = "2020-03-14", 0.93, 0.61
ROWS = 7_000


def items(rng: np.random.Generator, start: str, end: str, right: float, panic: bool) -> pd.DataFrame:
    """Draw orders of one period; exactly ``right`` of the answers are right.

    And wrong ones sit where shelves empty.
    """
    kind = rng.choice(["paper", "pantry", "fresh", "frozen"], ROWS, p=[0.15, 0.35, 0.3, 0.2])
    hours_seen = rng.gamma(1.5, 9, ROWS)
    rush = np.select([kind == "paper", kind == "pantry", kind == "frozen"], [5.0, 3.0, 1.8], 1.1) if panic else 1.0
    sales = rng.gamma(3, 4, ROWS) * rush
    odds = 3.2 - 0.035 * hours_seen - 0.02 * sales + rng.normal(0, 0.4, ROWS)
    odds = odds - panic * np.select([kind == "paper", kind == "pantry"], [1.2, 0.6], 0.0)
    # the model knows the shelf by what it was a week ago: in a panic it says yes to nearly all
    score = np.clip(logistic(2.6 - 0.08 * hours_seen + rng.normal(0, 0.4, ROWS)), 0.01, 0.99)
    predicted = score >= 0.5
    wrong = np.zeros(ROWS, dtype=bool)
    wrong[np.argsort(odds + 0.8 * rng.normal(0, 1, ROWS), kind="stable")[: ROWS - round(ROWS * right)]] = True
    return pd.DataFrame(
        {
            "timestamp": times(rng, ROWS, start, end),
            "prediction": predicted.astype(int),
            "score": score,
            "label": np.where(wrong, ~predicted, predicted).astype(int),
            "model_version": "shelf@31",
            "kind": kind,
            "store": rng.choice([f"s{k}" for k in range(8)], ROWS),
            "hours_since_seen": hours_seen.round(1),
            "sales_last_day": sales.round(1),
            "promotion": exactly(rng, ROWS, 0.1).astype(int),
        }
    )


def tables(seed: int) -> Tables:
    """Give six weeks before and six after the break, and January as the reference."""
    rng = np.random.default_rng(seed)
    held = items(rng, "2020-01-01", "2020-02-01", RIGHT_BEFORE, panic=False).assign(split="validation")
    before = items(rng, "2020-02-01", BREAK, RIGHT_BEFORE, panic=False)
    after = items(rng, BREAK, "2020-04-25", RIGHT_AFTER, panic=True)
    log = pd.concat([before, after], ignore_index=True)
    return {"log": log.assign(order=range(1, len(log) + 1)), "reference": held.assign(order=range(1, ROWS + 1))}
