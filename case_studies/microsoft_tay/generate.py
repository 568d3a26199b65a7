"""Illustrative: one reply in ten of a day's 96,000.

A coordinated group teaches a bot that learns as it talks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, scores, times, top

ROWS, START, END, ATTACK = 9_600, "2016-03-23 13:00:00", "2016-03-24 05:00:00", "2016-03-23 18:00:00"


def talk(rng: np.random.Generator, when: pd.DatetimeIndex, attack: pd.Timestamp) -> pd.DataFrame:
    """Draw replies: what was sent to the bot, what its filter said of its own reply.

    And what people thought of it.
    """
    rows = len(when)
    hours = np.maximum((when - attack).total_seconds().to_numpy() / 3600, 0)
    pushed = np.minimum(0.75, hours / 8)
    coordinated = rng.random(rows) < np.where(hours > 0, 0.15 + 0.6 * pushed, 0.01)
    repeat = coordinated & (rng.random(rows) < 0.5)
    hostile = np.clip(rng.beta(1.5, 6, rows) + 0.35 * coordinated, 0, 1)
    # what it was taught it later says to everybody
    learned = 3.2 * pushed
    offensive = rng.random(rows) < logistic(-5 + 3 * hostile + 1.2 * repeat + learned)
    latent = -2.5 + 2.5 * hostile + 0.8 * repeat + rng.normal(0, 0.7, rows)
    flagged = top(latent, 0.03)
    return pd.DataFrame(
        {
            "timestamp": when,
            "reply_id": np.arange(1, rows + 1),
            "prediction": flagged.astype(int),
            "score": scores(latent, flagged),
            "label": offensive.astype(int),
            "hostility": hostile.round(3),
            "repeat_after_me": repeat.astype(int),
            "account_age_days": np.where(coordinated, rng.gamma(1.2, 60, rows), rng.gamma(2, 500, rows)).round(),
            "messages_last_hour": np.where(coordinated, rng.poisson(9, rows), rng.poisson(2, rows)),
            "model_version": "tay@1",
        }
    )


def tables(seed: int) -> Tables:
    """Give the sixteen hours in public, and a rehearsal among friends as the reference."""
    rng = np.random.default_rng(seed)
    never = pd.Timestamp("2100-01-01", tz="UTC")
    rehearsal = talk(rng, times(rng, 3_000, "2016-03-14", "2016-03-21"), never).assign(split="validation")
    return {"log": talk(rng, times(rng, ROWS, START, END), pd.Timestamp(ATTACK, tz="UTC")), "reference": rehearsal}
