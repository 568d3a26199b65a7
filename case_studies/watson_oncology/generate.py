"""Illustrative: an adviser trained on made-up patients of one centre meets three other hospitals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, times

TREATMENTS = np.array(["surgery", "chemotherapy", "targeted", "palliative"])
SITES = {"Asia 1": 0.80, "Asia 2": 1.6, "Europe": 2.2}


def patients(rng: np.random.Generator, rows: int, frailty: float) -> pd.DataFrame:
    """Draw patients; ``frailty`` moves age.

    Bleeding risk and prior treatment away from the trained ones.
    """
    return pd.DataFrame(
        {
            "age": np.clip(rng.normal(58 + 5 * frailty, 11, rows), 20, 95).round(),
            "stage": rng.choice([1, 2, 3, 4], rows, p=[0.3, 0.3, 0.25, 0.15]),
            "bleeding_risk": (rng.random(rows) < 0.02 + 0.10 * frailty).astype(int),
            "prior_lines": rng.poisson(0.3 + 0.5 * frailty, rows),
            "marker": rng.random(rows).round(3),
            "drug_available": (rng.random(rows) < 1 - 0.12 * frailty).astype(int),
        }
    )


def advise(seen: pd.DataFrame) -> np.ndarray:
    """Give what the adviser learned: stage and marker decide; the rest hardly occurred in training."""
    choice = np.where(seen.stage <= 2, 0, np.where(seen.marker > 0.55, 2, 1))
    return TREATMENTS[np.where((seen.stage == 4) & (seen.age > 80), 3, choice)]


def board(rng: np.random.Generator, seen: pd.DataFrame, doubt: float) -> np.ndarray:
    """Give what a tumour board decides, which also weighs bleeding, prior treatment.

    Age and what can be had.
    """
    choice = np.where(seen.stage <= 2, 0, np.where((seen.marker > 0.55) & (seen.drug_available == 1), 2, 1))
    choice = np.where((seen.bleeding_risk == 1) & (choice == 2), 1, choice)
    choice = np.where((seen.prior_lines >= 2) | ((seen.stage == 4) & (seen.age > 74)), 3, choice)
    other = rng.random(len(seen)) < doubt
    return TREATMENTS[np.where(other, rng.integers(0, 4, len(seen)), choice)]


def tables(seed: int) -> Tables:
    """Give the made-up training patients, the centre's own held-out ones.

    And the log of three hospitals.
    """
    rng = np.random.default_rng(seed)
    parts, log = [], []
    for split, rows in (("train", 800), ("validation", 800)):
        seen = patients(rng, rows, 0.0)
        said = {"prediction": advise(seen), "label": board(rng, seen, 0.05), "split": split}
        when = times(rng, rows, "2015-01-01", "2015-12-31")
        parts.append(seen.assign(timestamp=when, site="centre", **said))
    for site, frailty in SITES.items():
        seen = patients(rng, 1_400, frailty)
        said = {"prediction": advise(seen), "label": board(rng, seen, 0.06)}
        log.append(seen.assign(timestamp=times(rng, 1_400, "2016-01-01", "2018-07-01"), site=site, **said))
    rows = pd.concat(log).sort_values("timestamp", ignore_index=True)
    rows["case_id"] = range(1, len(rows) + 1)
    return {"log": rows, "reference": pd.concat(parts, ignore_index=True).assign(case_id=range(1, 1601))}
