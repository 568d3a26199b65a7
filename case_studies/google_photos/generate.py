"""Reconstruction: 1,270 faces read by three services, wrong as often as Gender Shades found.

By skin and sex.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, exactly

#: Rows by skin and sex are ours and add up to the published total; the error rates are published.
ROWS = {("darker", "F"): 271, ("darker", "M"): 318, ("lighter", "F"): 296, ("lighter", "M"): 385}
ERRORS = {
    "IBM": {("darker", "F"): 0.347, ("darker", "M"): 0.12, ("lighter", "F"): 0.071, ("lighter", "M"): 0.003},
    "Face++": {("darker", "F"): 0.345, ("darker", "M"): 0.007, ("lighter", "F"): 0.06, ("lighter", "M"): 0.008},
    "Microsoft": {("darker", "F"): 0.208, ("darker", "M"): 0.06, ("lighter", "F"): 0.017, ("lighter", "M"): 0.0},
}


def tables(seed: int) -> Tables:
    """Give one row a face and service.

    The label is the sex, as the study read it from the parliaments' records.
    """
    rng = np.random.default_rng(seed)
    faces = pd.DataFrame([{"skin": s, "sex": x} for (s, x), n in ROWS.items() for _ in range(n)])
    faces["brightness"] = np.where(
        faces.skin == "darker", rng.normal(92, 18, len(faces)), rng.normal(150, 20, len(faces))
    )
    faces["sharpness"] = rng.normal(0.7, 0.1, len(faces))
    faces["pose_degrees"] = np.abs(rng.normal(0, 9, len(faces)))
    parts = []
    for service, rates in ERRORS.items():
        one = faces.assign(model_version=service, label=(faces.sex == "F").astype(int))
        wrong = np.zeros(len(one), dtype=bool)
        for (skin, sex), rate in rates.items():
            rows = np.flatnonzero((one.skin == skin) & (one.sex == sex))
            wrong[rows] = exactly(rng, len(rows), rate)
        one["prediction"] = np.where(wrong, 1 - one.label, one.label)
        sure = np.clip(rng.beta(6, 1.5, len(one)), 0.51, 0.999) * np.where(wrong, 0.8, 1)
        one["score"] = np.where(one.prediction == 1, np.maximum(sure, 0.5), np.minimum(1 - sure, 0.499))
        parts.append(one)
    log = pd.concat(parts).iloc[rng.permutation(3 * len(faces))].reset_index(drop=True)
    log.insert(0, "request", range(1, len(log) + 1))
    return {"log": log.round({"brightness": 1, "sharpness": 3, "pose_degrees": 1})}
