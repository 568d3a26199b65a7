"""A column that told the label and does not when served: it knew too much, or it is joined to other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_study import ROLES, healthy

import toolkit


def verdict_of(told: float) -> tuple[str, str | None]:
    """Diagnose rows whose ``hint`` told the label by so much in the reference, and is of other rows when served."""
    rng = np.random.default_rng(8)
    log, reference = healthy(rng, 3000), healthy(rng, 2000)
    for rows in (log, reference):
        rows["hint"] = rows["truth"] * told + rng.normal(size=len(rows))
        z = 1.5 * rows["x"] + 0.5 * rows["w"] + told * (rows["hint"] - told / 2)
        rows["score"], rows["answer"] = 1 / (1 + np.exp(-z)), (z > 0).astype(int)
    served = rng.permutation(log["hint"])
    z = 1.5 * log["x"] + 0.5 * log["w"] + told * (served - told / 2)
    log = log.assign(hint=served, score=1 / (1 + np.exp(-z)), answer=(z > 0).astype(int))
    roles = {**ROLES, "roles": {**ROLES["roles"], "feature": ["x", "w", "town", "hint"]}}
    timed = log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC"))
    said = toolkit.diagnose(timed, reference=reference.assign(when="2024-06-01"), roles=roles)
    return said.verdict, said.mechanism


def test_a_column_that_knew_the_answer_leaked() -> None:
    """Nearly certain in the reference, nothing when served: overfitting to a leak."""
    assert verdict_of(6.0) == ("overfitting", "leakage")


def test_an_honest_column_joined_to_other_rows_is_skew() -> None:
    """It told a good part of the answer, as honest columns do, and tells nothing: the feed is broken."""
    assert verdict_of(1.3) == ("integration", "training_serving_skew")
