"""Reconstruction: 467 crashes split as NHTSA split them.

Within invented drives in which the driver must take over.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, exactly, times

CRASHES = {"frontal, time to react": 211, "autosteer disengaged": 111, "low traction": 145}
ROWS, NEEDED = 18_000, 2_600


def tables(seed: int) -> Tables:
    """Give situations on the road.

    ``prediction`` is whether the system asks the driver to take over; ``label`` is whether a driver was needed;
    ``decision`` is whether he took over in time. A crash is a needed takeover that did not come.
    """
    rng = np.random.default_rng(seed)
    needed = np.zeros(ROWS, dtype=bool)
    needed[rng.permutation(ROWS)[:NEEDED]] = True
    warned = np.where(needed, rng.random(ROWS) < 0.42, rng.random(ROWS) < 0.03)
    minutes = np.clip(rng.gamma(1.5, 14, ROWS), 1, 240).round(1)
    hands_off = np.clip(rng.gamma(1.2, 4 + minutes / 12, ROWS), 0, 120).round(1)
    # the longer the hands are off, the less a driver does on his own; exactly the published number does nothing
    ignores = np.log1p(hands_off) + 1.1 * ~warned + rng.normal(0, 0.8, ROWS)
    order = np.flatnonzero(needed)[np.argsort(-ignores[needed], kind="stable")]
    crashed = order[: sum(CRASHES.values())]
    took_over = np.where(needed, True, warned & (rng.random(ROWS) < 0.9))
    took_over[crashed] = False
    kind = np.full(ROWS, "none", dtype=object)
    kind[crashed] = rng.permutation(np.repeat(list(CRASHES), list(CRASHES.values())))
    log = pd.DataFrame(
        {
            "timestamp": times(rng, ROWS, "2018-01-01", "2023-08-30"),
            "situation_id": np.arange(1, ROWS + 1),
            "prediction": warned.astype(int),
            "score": np.clip(np.where(warned, 0.5, 0.02) + 0.45 * rng.random(ROWS), 0, 1).round(3),
            "label": needed.astype(int),
            "decision": took_over.astype(int),
            "crash_type": kind,
            "minutes_engaged": minutes,
            "hands_off_s": hands_off,
            "emergency_vehicle": exactly(rng, ROWS, 0.03).astype(int),
            "speed_mph": np.clip(rng.normal(58, 12, ROWS), 15, 85).round(),
            "night": (rng.random(ROWS) < 0.35).astype(int),
        }
    )
    return {"log": log}
