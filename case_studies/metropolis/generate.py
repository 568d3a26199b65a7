"""Fictional: Metropolis Corp's optical inspection.

The rates before and after the fix are those of its story.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.drills.make import Tables, scores, times, top

#: Month: (recall, false positive rate, share of the new variant). June is the third month after deployment.
MONTHS = {
    "2024-04": (0.93, 0.09, 0.0),
    "2024-05": (0.92, 0.10, 0.03),
    "2024-06": (0.68, 0.42, 0.55),
    "2024-07": (0.68, 0.42, 0.6),
    "2024-08": (0.68, 0.42, 0.6),
    "2024-09": (0.94, 0.08, 0.6),
    "2024-10": (0.94, 0.08, 0.6),
}
PARTS, DEFECTS, STOP_COST, MISS_COST = 2_400, 0.08, 160, 510


def month(
    rng: np.random.Generator, start: str, recall: float, alarms: float, variant: float, fixed: bool
) -> pd.DataFrame:
    """Draw one month of inspected parts that meets the month's recall and false alarm rate exactly."""
    defect = np.zeros(PARTS, dtype=bool)
    defect[: round(PARTS * DEFECTS)] = True
    rng.shuffle(defect)
    new = rng.random(PARTS) < variant
    gloss = rng.normal(np.where(new, 0.72, 0.40), 0.08)
    light = rng.normal(800 - 180 * (variant > 0.3), 60, PARTS)
    scratch = rng.gamma(np.where(defect, 6, 2), 1.0)
    # before the fix gloss is taken for scratches and low light hides them
    fooled = 0.0 if fixed else 1.0
    latent = scratch + fooled * (9 * (gloss - 0.4) - 0.004 * (800 - light) * defect) + rng.normal(0, 0.8, PARTS)
    flagged = np.zeros(PARTS, dtype=bool)
    flagged[defect], flagged[~defect] = top(latent[defect], recall), top(latent[~defect], alarms)
    aligned = latent.copy()
    for rows in (defect, ~defect):
        chosen = flagged[rows]
        cut = (latent[rows][chosen].min() + latent[rows][~chosen].max()) / 2
        aligned[rows] = latent[rows] - cut
    first = pd.Timestamp(start, tz="UTC")
    return pd.DataFrame(
        {
            "timestamp": times(rng, PARTS, str(first.date()), str((first + pd.offsets.MonthBegin(1)).date())),
            "prediction": flagged.astype(int),
            "score": scores(aligned, flagged),
            "label": defect.astype(int),
            "cost": np.where(flagged & ~defect, STOP_COST, np.where(defect & ~flagged, MISS_COST, 0)),
            "model_version": "inspect@2" if fixed else "inspect@1",
            "line": rng.choice(["north", "south"], PARTS),
            "variant": np.where(new, "C", rng.choice(["A", "B"], PARTS)),
            "gloss": gloss.round(3),
            "light_lux": light.round(),
            "scratch_energy": scratch.round(3),
        }
    )


def tables(seed: int) -> Tables:
    """Give seven months of inspections, and the acceptance test of March as the reference."""
    rng = np.random.default_rng(seed)
    log = [month(rng, f"{m}-01", *rates, fixed=m >= "2024-09") for m, rates in MONTHS.items()]
    test = month(rng, "2024-03-01", 0.94, 0.08, 0.0, fixed=False).assign(split="validation")
    rows = pd.concat(log, ignore_index=True)
    return {"log": rows.assign(part_id=range(1, len(rows) + 1)), "reference": test.assign(part_id=range(1, PARTS + 1))}
