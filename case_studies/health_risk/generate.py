"""Reconstruction: 49,618 patients ranked by what they cost, where it was to be by how ill they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, scores, times, top

PATIENTS = {"Black": 6_079, "white": 43_539}
ILLNESSES = {"Black": 1.90, "white": 1.20}
PLACES = 1_489  # three in a hundred
BY_COST, BY_NEED = 0.177, 0.465  # share of Black patients among those in the programme


def tables(seed: int) -> Tables:
    """Give one row a patient: the score (cost), who is in the programme, and who would be by illness."""
    rng = np.random.default_rng(seed)
    parts = []
    for race, rows in PATIENTS.items():
        share = BY_NEED if race == "Black" else 1 - BY_NEED
        needy = round(PLACES * share)
        need = np.zeros(rows, dtype=bool)
        need[rng.permutation(rows)[:needy]] = True
        others = (ILLNESSES[race] * rows - 9 * needy) / (rows - needy)
        ill = np.where(need, 7 + rng.poisson(2, rows), np.minimum(rng.poisson(others, rows), 6))
        # the same illness costs less where a patient is seen less
        cost = np.exp(7.2 + 0.42 * np.minimum(ill, 8) - 0.45 * (race == "Black") + rng.normal(0, 0.9, rows))
        chosen = top(np.log(cost), (BY_COST if race == "Black" else 1 - BY_COST) * PLACES / rows)
        parts.append(
            pd.DataFrame(
                {
                    "race": race,
                    "prediction": chosen.astype(int),
                    "score": scores(np.log(cost), chosen),
                    "label": need.astype(int),
                    "chronic_illnesses": ill,
                    "cost_last_year": cost.round(),
                    "visits": rng.poisson(2 + 0.5 * np.minimum(ill, 8) - 0.6 * (race == "Black")),
                    "age": np.clip(rng.normal(52, 16, rows), 18, 95).round(),
                    "sex": rng.choice(["F", "M"], rows, p=[0.62, 0.38]),
                }
            )
        )
    log = pd.concat(parts).iloc[rng.permutation(sum(PATIENTS.values()))].reset_index(drop=True)
    log.insert(0, "patient", range(1, len(log) + 1))
    log.insert(1, "timestamp", times(rng, len(log), "2013-01-01", "2016-01-01"))
    return {"log": log}
