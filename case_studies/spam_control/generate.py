"""Reconstruction: three months of mail; the filter of January ranks as well in March, as was measured."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, logistic, times

#: Month: (mails, share of spam, area under the curve), as counted in the package openintro; the rows are ours.
MONTHS = {"2012-01": (1_300, 0.072, 0.886), "2012-02": (1_326, 0.108, 0.887), "2012-03": (1_295, 0.100, 0.873)}


def mails(rng: np.random.Generator, month: str, rows: int, share: float, area: float) -> pd.DataFrame:
    """Draw one month; the quantiles of two normal curves give the area without the luck of a draw."""
    spam = np.zeros(rows, dtype=bool)
    spam[rng.permutation(rows)[: round(rows * share)]] = True
    apart = 2**0.5 * NormalDist().inv_cdf(area)
    latent = np.empty(rows)
    for part, centre in ((spam, apart), (~spam, 0.0)):
        grid = (np.arange(part.sum()) + 0.5) / part.sum()
        latent[part] = rng.permutation([NormalDist(centre, 1).inv_cdf(float(g)) for g in grid])
    score = logistic(np.log(0.09 / 0.91) + apart * (latent - apart / 2))
    first = pd.Timestamp(f"{month}-01", tz="UTC")
    return pd.DataFrame(
        {
            "timestamp": times(rng, rows, str(first.date()), str((first + pd.offsets.MonthBegin(1)).date())),
            "prediction": (score >= 0.5).astype(int),
            "score": score,
            "label": spam.astype(int),
            "model_version": "spam@january",
            "length": np.exp(rng.normal(1.9 - 0.25 * latent, 0.9)).round(2),
            "exclamations": rng.poisson(np.exp(0.3 + 0.25 * latent)),
            "reply": (rng.random(rows) < logistic(-0.8 - 0.9 * latent)).astype(int),
        }
    )


def tables(seed: int) -> Tables:
    """Give February and March as the log, and January, scored out of fold, as the reference."""
    rng = np.random.default_rng(seed)
    months = {month: mails(rng, month, *figures) for month, figures in MONTHS.items()}
    january = months.pop("2012-01").assign(split="validation")
    log = pd.concat(months.values(), ignore_index=True)
    return {
        "log": log.assign(mail=range(1, len(log) + 1)),
        "reference": january.assign(mail=range(1, len(january) + 1)),
    }
