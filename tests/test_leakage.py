"""A column that told the label and does not when served: it knew too much, or it is joined to other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy, study_of

import toolkit
from toolkit.detectors import leakage


def verdict_of(told: float, share: float = 1.0) -> tuple[str, str | None]:
    """Diagnose rows whose ``hint`` told the label by so much, and is of other rows in a ``share`` of those served."""
    rng = np.random.default_rng(8)
    log, reference = healthy(rng, 3000), healthy(rng, 2000)
    for rows in (log, reference):
        rows["hint"] = rows["truth"] * told + rng.normal(size=len(rows))
        z = 1.5 * rows["x"] + 0.5 * rows["w"] + told * (rows["hint"] - told / 2)
        rows["score"], rows["answer"] = 1 / (1 + np.exp(-z)), (z > 0).astype(int)
    served = np.where(rng.random(len(log)) < share, rng.permutation(log["hint"]), log["hint"])
    z = 1.5 * log["x"] + 0.5 * log["w"] + told * (served - told / 2)
    log = log.assign(hint=served, score=1 / (1 + np.exp(-z)), answer=(z > 0).astype(int))
    roles = {**ROLES, "roles": {**ROLES["roles"], "feature": ["x", "w", "town", "hint"]}}
    timed = log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC"))
    said = toolkit.diagnose(timed, reference=reference.assign(when="2024-06-01"), roles=roles)
    return said.verdict, said.mechanism


def test_a_column_that_knew_the_answer_leaked() -> None:
    """Nearly certain in the reference, nothing when served: overfitting to a leak."""
    assert verdict_of(6.0) == ("overfitting", "leakage")


@pytest.mark.parametrize(("told", "share"), [(1.3, 1.0), (2.2, 0.5)])
def test_an_honest_column_joined_to_other_rows_is_skew(told: float, share: float) -> None:
    """It told a good part of the answer, as honest columns do, and tells nothing of all rows or of some: the feed."""
    assert verdict_of(told, share) == ("integration", "training_serving_skew")


@pytest.mark.parametrize("rows", [60, 120, 400])
def test_many_towns_of_few_rows_told_nothing(rows: int) -> None:
    """Of forty towns with a handful of reference rows each, the labels tell themselves: nothing leaked."""
    rng = np.random.default_rng(2)
    log, reference = healthy(rng, 1500), healthy(rng, rows)
    for frame in (log, reference):
        frame["town"] = rng.choice([f"t{i}" for i in range(38)], len(frame))
    log["truth"] = np.where(rng.random(1500) < 0.4, 1 - log["truth"], log["truth"])
    named = [f for e in leakage.detect(study_of(log, reference), {}) for f in e.finding.features]
    assert "town" not in named


def test_what_still_tells_something_is_not_said_to_tell_hardly_anything() -> None:
    """An AUC of three quarters when served is less than before, and no nothing."""
    rng = np.random.default_rng(2)
    log, reference = healthy(rng, 3000), healthy(rng, 3000)
    for frame, told in ((log, 1.0), (reference, 2.2)):
        frame["w"] = frame["truth"] * told + rng.normal(size=3000)
    reference = reference.assign(answer=reference.truth, score=np.where(reference.truth == 1, 0.99, 0.01))
    (got,) = leakage.detect(study_of(log, reference), {})
    assert "tells less when served" in got.finding.statement


@pytest.mark.parametrize("read", [True, False])
def test_what_the_model_never_read_did_not_leak(*, read: bool) -> None:
    """A follow-up that all but was the answer is of nobody when served: its fault if answers follow it, else not."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, 3000), healthy(rng, 2000)
    for rows in (log, reference):
        rows["hint"] = 6.0 * rows["truth"] + rng.normal(size=len(rows))
    log["hint"] = rng.permutation(log["hint"])
    for rows in (log, reference):
        z = 1.5 * rows["x"] + 0.5 * rows["w"] + (6.0 * (rows["hint"] - 3.0) if read else 0.0)
        rows["score"], rows["answer"] = 1 / (1 + np.exp(-z)), (z > 0).astype(int)
    log["truth"] = np.where(rng.random(3000) < 0.2, 1 - log["truth"], log["truth"])
    found = leakage.detect(study_of(log, reference, feature=["x", "w", "hint"]), {})
    assert [e.mechanism for e in found if e.strength > 0.3] == (["leakage"] if read else [])


@pytest.mark.parametrize("others", [True, False])
def test_columns_that_tell_what_they_told_clear_the_labels(*, others: bool) -> None:
    """One column is of other rows. That another tells as much as before says labels are sound; noise says no more."""
    rng = np.random.default_rng(12)
    log, reference = healthy(rng, 3000), healthy(rng, 2000)
    for rows in (log, reference):
        if not others:
            rows["truth"] = rng.integers(0, 2, len(rows))
        rows["hint"] = 1.5 * rows["truth"] + rng.normal(size=len(rows))
    log["hint"] = rng.permutation(log["hint"])
    for rows in (log, reference):
        z = 1.5 * rows["x"] * others + 1.5 * (rows["hint"] - 0.75)
        rows["score"], rows["answer"] = 1 / (1 + np.exp(-z)), (z > 0).astype(int)
    study = study_of(log, reference, feature=["x", "w", "hint"])
    (got,) = [e for e in leakage.detect(study, {}) if e.mechanism == "training_serving_skew"]
    assert ("label_noise" in got.finding.refutes) == others
