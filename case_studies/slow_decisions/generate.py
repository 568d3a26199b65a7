"""Illustrative: a bid must be answered in 100 ms; from one evening on every peak is answered too late."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

CHANGE, LIMIT_MS = pd.Timestamp("2025-03-11 18:30", tz="UTC"), 100


def bids(rng: np.random.Generator, when: pd.DatetimeIndex, change: pd.Timestamp) -> pd.DataFrame:
    """Draw requests; after the change a lookup waits for a shared cache, the more the busier the hour."""
    rows = len(when)
    hour = when.hour.to_numpy()
    load = 0.35 + 0.65 * np.exp(-(((hour - 19) % 24 - 0) ** 2) / 18) + 0.3 * np.exp(-((hour - 12) ** 2) / 10)
    device = rng.choice(["phone", "desktop", "tv"], rows, p=[0.6, 0.3, 0.1])
    interest, recency, price = rng.normal(0, 1, rows), rng.gamma(1.5, 4, rows), rng.gamma(3, 0.6, rows)
    truth = -1.1 + 1.1 * interest - 0.09 * recency + 0.35 * (device == "phone")
    latency = rng.gamma(6, 5 + 2 * load)
    waits = np.asarray(when >= change) * rng.gamma(1.5 + 6 * load, 9, rows) * (rng.random(rows) < 0.25 + 0.6 * load)
    latency = latency + waits
    late = latency > LIMIT_MS
    score = logistic(truth + rng.normal(0, 0.3, rows))
    won = rng.random(rows) < logistic(truth)
    return pd.DataFrame(
        {
            "timestamp": when,
            "request_id": np.arange(1, rows + 1),
            "status": np.where(late, "timeout", "ok"),
            "latency_ms": latency.round(1),
            "prediction": np.where(late, np.nan, (score >= 0.4).astype(float)),
            "score": np.where(late, np.nan, score),
            "label": won.astype(int),
            "model_version": np.where(when >= pd.Timestamp("2025-03-11 18:00", tz="UTC"), "bid@12", "bid@11"),
            "device": device,
            "interest": interest.round(3),
            "recency_days": recency.round(2),
            "floor_price": price.round(2),
        }
    )


def tables(seed: int) -> Tables:
    """Give ten days around the change and a quiet week before them as the reference."""
    rng = np.random.default_rng(seed)
    never = pd.Timestamp("2100-01-01", tz="UTC")
    held = bids(rng, times(rng, 5_000, "2025-02-24", "2025-03-03"), never).assign(split="validation")
    return {"log": bids(rng, times(rng, 14_000, "2025-03-06", "2025-03-17"), CHANGE), "reference": held}
