"""Illustrative: what ran for one team on one machine is opened to the company; the machine stays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

OPENED = "2025-06-02"


def tickets(rng: np.random.Generator, when: pd.DatetimeIndex, busy: np.ndarray) -> pd.DataFrame:
    """Draw tickets; waiting grows with ``busy`` (requests for each place in the queue).

    And after 2 s nobody waits.
    """
    rows = len(when)
    words, reopened, vip = rng.poisson(60, rows) + 5, rng.poisson(0.5, rows), rng.random(rows) < 0.07
    odds = -1.2 + 0.015 * (words - 65) + 0.7 * reopened + 0.9 * vip
    urgent = rng.random(rows) < logistic(odds)
    latency = rng.gamma(4, 55, rows) * (1 + 3.2 * np.maximum(busy - 0.7, 0) ** 2 + 0.3 * busy)
    late, failed = latency > 2_000, rng.random(rows) < 0.10 * np.maximum(busy - 1.2, 0)
    score = logistic(odds)
    no_answer = late | failed
    return pd.DataFrame(
        {
            "timestamp": when,
            "ticket": np.arange(1, rows + 1),
            "status": np.select([failed, late], ["error", "timeout"], "ok"),
            "latency_ms": latency.round(),
            "prediction": np.where(no_answer, np.nan, (score >= 0.4).astype(float)),
            "score": np.where(no_answer, np.nan, score),
            "label": urgent.astype(int),
            "model_version": "triage@1",
            "team": rng.choice(["pilot", "sales", "finance", "field"], rows),
            "words": words,
            "reopened": reopened,
            "vip": vip.astype(int),
        }
    )


def tables(seed: int) -> Tables:
    """Give the pilot's April and May, June to August for all, and the test of March as the reference."""
    rng = np.random.default_rng(seed)

    def busy(when: pd.DatetimeIndex, users: float) -> np.ndarray:
        return users * (
            0.5 + 0.9 * np.exp(-((when.hour.to_numpy() - 10) ** 2) / 12) * (when.day_of_week.to_numpy() < 5)
        )

    held = times(rng, 2_500, "2025-03-01", "2025-04-01")
    pilot, all_ = times(rng, 3_000, "2025-04-01", OPENED), times(rng, 10_000, OPENED, "2025-09-01")
    first = tickets(rng, pilot, busy(pilot, 0.45)).assign(team="pilot")
    log = pd.concat([first, tickets(rng, all_, busy(all_, 1.9))], ignore_index=True)
    reference = tickets(rng, held, busy(held, 0.45)).assign(team="pilot", split="validation")
    return {"log": log.assign(ticket=range(1, len(log) + 1)), "reference": reference}
