"""Reconstruction: 467 crashes split as NHTSA split them.

Within invented drives in which the driver must take over.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, exactly, times

CRASHES = {"frontal, time to react": 211, "autosteer disengaged": 111, "low traction": 145}
ROWS, NEEDED = 18_000, 2_600
TRIAL_ROWS, TRIAL_NEEDED, TRIAL_CRASHES = 5_000, 722, 7


def situations(rng: np.random.Generator, when: pd.DatetimeIndex, needed: int, *, watched: bool) -> pd.DataFrame:
    """Draw situations on the road; who is watched seldom lets go of the wheel, and never for long."""
    rows = len(when)
    label = np.zeros(rows, dtype=bool)
    label[rng.permutation(rows)[:needed]] = True
    warned = np.where(label, rng.random(rows) < 0.42, rng.random(rows) < 0.03)
    minutes = np.clip(rng.gamma(1.5, 14, rows), 1, 240).round(1)
    off = rng.uniform(0, 5, rows) if watched else rng.gamma(1.2, 4 + minutes / 12, rows)
    return pd.DataFrame(
        {
            "timestamp": when,
            "situation_id": np.arange(1, rows + 1),
            "prediction": warned.astype(int),
            "score": np.clip(np.where(warned, 0.5, 0.02) + 0.45 * rng.random(rows), 0, 1).round(3),
            "label": label.astype(int),
            "minutes_engaged": minutes,
            "hands_off_s": np.minimum(off, 120).round(1),
            "emergency_vehicle": exactly(rng, rows, 0.03).astype(int),
            "speed_mph": np.clip(rng.normal(58, 12, rows), 15, 85).round(),
            "night": (rng.random(rows) < 0.35).astype(int),
        }
    )


def driven(rng: np.random.Generator, frame: pd.DataFrame, crashes: int) -> pd.DataFrame:
    """Let the drivers take over, the less the longer their hands were off.

    In exactly ``crashes`` of the situations that need it nobody comes in time.
    """
    needed, warned = frame.label.to_numpy() == 1, frame.prediction.to_numpy() == 1
    ignores = np.log1p(frame.hands_off_s.to_numpy()) + 1.1 * ~warned + rng.normal(0, 0.8, len(frame))
    crashed = np.flatnonzero(needed)[np.argsort(-ignores[needed], kind="stable")][:crashes]
    took_over = np.where(needed, True, warned & (rng.random(len(frame)) < 0.9))
    took_over[crashed] = False
    return frame.assign(decision=took_over.astype(int), crash_type=np.where(needed & ~took_over, "crash", "none"))


def tables(seed: int) -> Tables:
    """Give situations on the road, and as the reference the maker's trials with drivers who were told to watch.

    ``prediction`` is whether the system asks the driver to take over; ``label`` is whether a driver was needed;
    ``decision`` is whether he took over in time. A crash is a needed takeover that did not come.
    """
    rng = np.random.default_rng(seed)
    road = situations(rng, times(rng, ROWS, "2018-01-01", "2023-08-30"), NEEDED, watched=False)
    road = driven(rng, road, sum(CRASHES.values()))
    road.loc[road.crash_type == "crash", "crash_type"] = rng.permutation(
        np.repeat(list(CRASHES), list(CRASHES.values()))
    )
    trial = situations(rng, times(rng, TRIAL_ROWS, "2017-06-01", "2018-01-01"), TRIAL_NEEDED, watched=True)
    return {
        "log": road,
        "reference": driven(rng, trial, TRIAL_CRASHES).drop(columns="crash_type").assign(split="validation"),
    }
