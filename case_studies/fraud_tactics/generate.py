"""Illustrative: card fraud changes its way of working; labels arrive by chargeback, weeks later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

TURN = pd.Timestamp("2025-04-14", tz="UTC")
KNOWN = pd.Timestamp("2025-08-20", tz="UTC")  # what has not come back by then is NULL
THRESHOLD = 0.5


def payments(rng: np.random.Generator, when: pd.DatetimeIndex) -> pd.DataFrame:
    """Draw payments; the old fraud is large, foreign and at night, the new one small.

    At home and by day.
    """
    rows = len(when)
    fraud = rng.random(rows) < 0.045
    weeks = np.maximum((when - TURN).total_seconds().to_numpy() / 604_800, 0)
    new = fraud & (rng.random(rows) < np.minimum(0.85, weeks / 4))
    old = fraud & ~new
    amount = np.exp(rng.normal(3.4, 0.9, rows) + 1.7 * old - 0.4 * new).round(2)
    foreign = rng.random(rows) < np.where(old, 0.55, np.where(new, 0.04, 0.06))
    night = rng.random(rows) < np.where(old, 0.5, 0.12)
    age = np.where(new, rng.gamma(1.2, 40, rows), rng.gamma(2.5, 350, rows)).round()
    tries = rng.poisson(np.where(old, 2.2, np.where(new, 0.5, 0.25)))
    odds = -9.5 + 1.15 * np.log(amount) + 2.0 * foreign + 1.5 * night + 0.9 * np.minimum(tries, 4)
    score = logistic(odds + rng.normal(0, 0.4, rows))
    late = np.where(fraud, rng.gamma(4, 7, rows), 60)
    return pd.DataFrame(
        {
            "timestamp": when,
            "payment_id": np.arange(1, rows + 1),
            "prediction": (score >= THRESHOLD).astype(int),
            "score": score,
            "label": fraud.astype(float),
            "label_time": when + pd.to_timedelta(late.round(2), unit="D"),
            "model_version": "fraud@7",
            "amount": amount,
            "foreign": foreign.astype(int),
            "night": night.astype(int),
            "account_age_days": age,
            "failed_tries": tries,
            "channel": np.where(rng.random(rows) < np.where(new, 0.9, 0.4), "wallet", "card"),
            "cost": np.where(fraud & (score < THRESHOLD), amount, 0.0),
        }
    )


def tables(seed: int) -> Tables:
    """Give mid-February to mid-July with the labels known on 20 August, and the winter as reference."""
    rng = np.random.default_rng(seed)
    log = payments(rng, times(rng, 16_000, "2025-02-15", "2025-07-15"))
    unknown = log.label_time > KNOWN
    log["label"] = log.label.mask(unknown)
    log["label_time"] = log.label_time.mask(unknown)
    log["cost"] = log.cost.mask(unknown, 0.0)
    held = payments(rng, times(rng, 6_000, "2024-12-15", "2025-02-15")).assign(split="validation")
    return {"log": log, "reference": held}
