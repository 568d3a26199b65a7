"""Reconstruction: a model behind a server whose 4,032 five-minute mean latencies have the published level and peaks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Floats, Tables, logistic

STEPS, EACH = 4_032, 3
PEAKS = {"2014-03-14 09:00": 60.0, "2014-03-18 22:40": 99.0, "2014-03-21 02:40": 66.0}


def means(rng: np.random.Generator, when: pd.DatetimeIndex) -> Floats:
    """Give the mean latency of each five minutes: the level, and three peaks that drain away."""
    latency = 45 + rng.normal(0, 1.6, STEPS)
    for start, height in PEAKS.items():
        at = int(np.searchsorted(when, pd.Timestamp(start, tz="UTC")))
        latency[at] = height
        latency[at + 1 : at + 8] += rng.uniform(2, 0.2 * height, 7)
    return latency


def tables(seed: int) -> Tables:
    """Give the two weeks to the outage: three requests in each five minutes, with the latency of those minutes.

    A request fails where the server is slow, and seven in ten do from the last peak on.
    """
    rng = np.random.default_rng(seed)
    step = pd.date_range("2014-03-07 03:41", periods=STEPS, freq="5min", tz="UTC")
    mean = means(rng, step)
    spread = rng.normal(0, 1.5, (STEPS, EACH))
    latency = (mean[:, None] + spread - spread.mean(axis=1, keepdims=True)).ravel()
    when = step.repeat(EACH) + pd.to_timedelta(np.tile(np.arange(EACH) * 100, STEPS), unit="s")
    rows = STEPS * EACH
    late = np.asarray(when >= pd.Timestamp("2014-03-21 02:40", tz="UTC"))
    failed = (mean.repeat(EACH) > 58) | (late & (rng.random(rows) < 0.7))
    load, queue = rng.gamma(4, 10, rows), rng.poisson(3, rows)
    odds = -1 + 0.03 * (load - 40) + 0.2 * (queue - 3)
    score = logistic(odds)
    log = pd.DataFrame(
        {
            "timestamp": when,
            "request": np.arange(1, rows + 1),
            "status": np.where(failed, "error", "ok"),
            "latency_ms": latency.round(3),
            "prediction": np.where(failed, np.nan, (score >= 0.5).astype(float)),
            "score": np.where(failed, np.nan, score),
            "label": (rng.random(rows) < logistic(odds)).astype(int),
            "load": load.round(2),
            "queue": queue,
        }
    )
    return {"log": log}
