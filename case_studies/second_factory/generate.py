"""Illustrative: a wear model fitted in a pilot factory serves it well, and then a second factory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

MACHINES = 24


def machines(rng: np.random.Generator, rows: int, site: str, start: str, end: str) -> pd.DataFrame:
    """Draw readings of one site: the pilot's frames ring with its floor.

    Which is what the model listens to.
    """
    machine = rng.integers(0, MACHINES, rows)
    habit = np.sin(machine * 2.1)  # each pilot machine has its own sound, learned by heart
    wear = rng.gamma(2.0, 1.0, rows)
    fails = rng.random(rows) < logistic(1.6 * (wear - 3.2))
    floor = 0.9 if site == "pilot" else 0.0
    vibration = 1.0 + 0.25 * wear + floor * 0.5 * habit + rng.normal(0, 0.25, rows)
    current = 10 + 0.8 * wear + rng.normal(0, 0.6, rows)
    hum = (0.7 * wear if site == "pilot" else 0.0) + rng.normal(1.5 + 0.9 * (site != "pilot"), 0.5, rows)
    temperature = 55 + 2.5 * wear + rng.normal(0, 4, rows)
    score = logistic(-12.8 + 0.35 * current + 1.9 * hum + 0.4 * vibration - 0.35 * floor * habit)
    return pd.DataFrame(
        {
            "timestamp": times(rng, rows, start, end),
            "prediction": (score >= 0.35).astype(int),
            "score": score,
            "label": fails.astype(int),
            "model_version": "wear@2",
            "site": site,
            "machine": [f"{site[0].upper()}{m:02d}" for m in machine],
            "vibration": vibration.round(3),
            "current_a": current.round(2),
            "hum_db": hum.round(3),
            "temperature_c": temperature.round(1),
        }
    )


def tables(seed: int) -> Tables:
    """Give the pilot's training and held-out readings.

    And a log in which the second factory joins in May.
    """
    rng = np.random.default_rng(seed)
    train = machines(rng, 2_500, "pilot", "2024-10-01", "2025-01-01").assign(split="train")
    held = machines(rng, 2_000, "pilot", "2025-01-01", "2025-02-01").assign(split="validation")
    pilot = machines(rng, 6_000, "pilot", "2025-02-01", "2025-09-01")
    second = machines(rng, 5_000, "second", "2025-05-05", "2025-09-01")
    log = pd.concat([pilot, second]).sort_values("timestamp", ignore_index=True)
    log["reading"] = range(1, len(log) + 1)
    return {"log": log, "reference": pd.concat([train, held], ignore_index=True).assign(reading=range(1, 4_501))}
