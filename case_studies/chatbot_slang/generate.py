"""Illustrative: a help desk's bot learned from letters and is opened to a messenger.

Where people write otherwise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, times

INTENTS = np.array(["refund", "delivery", "account", "complaint"])
OPENED = "2025-05-19"


def messages(rng: np.random.Generator, rows: int, channel: str, start: str, end: str) -> pd.DataFrame:
    """Draw messages: how many words the bot does not know decides how often it guesses."""
    messenger = channel == "messenger"
    register = rng.choice(
        ["standard", "slang", "dialect"], rows, p=[0.45, 0.33, 0.22] if messenger else [0.95, 0.03, 0.02]
    )
    unknown = np.clip(rng.beta(1.2, 22, rows) + (register == "slang") * rng.beta(4, 8, rows), 0, 1)
    unknown = np.clip(unknown + (register == "dialect") * rng.beta(4, 9, rows), 0, 1)
    length = rng.poisson(9 if messenger else 24, rows) + 2
    emoji = rng.poisson(1.4 if messenger else 0.05, rows)
    meant = rng.choice(4, rows, p=[0.3, 0.35, 0.2, 0.15])
    understood = rng.random(rows) < np.clip(0.95 - 1.5 * unknown - 0.03 * (length < 5), 0.25, 0.97)
    guess = rng.choice(4, rows, p=[0.2, 0.5, 0.2, 0.1])
    sure = np.clip(0.92 - 0.9 * unknown + rng.normal(0, 0.05, rows), 0.26, 0.99)
    return pd.DataFrame(
        {
            "timestamp": times(rng, rows, start, end),
            "prediction": INTENTS[np.where(understood, meant, guess)],
            "score": sure,
            "label": INTENTS[meant],
            "model_version": "desk@4",
            "channel": channel,
            "register": register,
            "unknown_words": unknown.round(3),
            "length": length,
            "emoji": emoji,
        }
    )


def tables(seed: int) -> Tables:
    """Give letters all spring, the messenger from 19 May on, and the year before as reference."""
    rng = np.random.default_rng(seed)
    held = messages(rng, 4_000, "letter", "2025-01-01", "2025-04-01").assign(split="validation")
    letters = messages(rng, 5_000, "letter", "2025-04-01", "2025-08-01")
    open_ = messages(rng, 5_500, "messenger", OPENED, "2025-08-01")
    log = pd.concat([letters, open_]).sort_values("timestamp", ignore_index=True)
    return {"log": log.assign(message=range(1, len(log) + 1)), "reference": held.assign(message=range(1, 4_001))}
