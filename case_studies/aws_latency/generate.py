"""Reconstruction: 4,032 five-minute means of a server's latency with the published level.

Peaks and windows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic

STEPS = 4_032
PEAKS = {"2014-03-14 09:00": 60.0, "2014-03-18 22:40": 99.0, "2014-03-21 02:40": 66.0}


def tables(seed: int) -> Tables:
    """Give the two weeks to the outage.

    A model behind that server, its answers, its latency and its errors.
    """
    rng = np.random.default_rng(seed)
    when = pd.date_range("2014-03-07 03:41", periods=STEPS, freq="5min", tz="UTC")
    latency = 45 + rng.normal(0, 1.6, STEPS)
    for start, height in PEAKS.items():
        at = int(np.searchsorted(when, pd.Timestamp(start, tz="UTC")))
        latency[at] = height
        latency[at + 1 : at + 8] += rng.uniform(2, 0.2 * height, 7)
    late = np.asarray(when >= pd.Timestamp("2014-03-21 02:40", tz="UTC"))
    failed = (latency > 58) | (late & (rng.random(STEPS) < 0.7))
    load, queue = rng.gamma(4, 10, STEPS), rng.poisson(3, STEPS)
    odds = -1 + 0.03 * (load - 40) + 0.2 * (queue - 3)
    score = logistic(odds)
    log = pd.DataFrame(
        {
            "timestamp": when,
            "request": np.arange(1, STEPS + 1),
            "status": np.where(failed, "error", "ok"),
            "latency_ms": latency.round(3),
            "prediction": np.where(failed, np.nan, (score >= 0.5).astype(float)),
            "score": np.where(failed, np.nan, score),
            "label": (rng.random(STEPS) < logistic(odds)).astype(int),
            "load": load.round(2),
            "queue": queue,
        }
    )
    return {"log": log}
