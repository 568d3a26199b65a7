"""The answers to the same inputs moved: how much that says depends on what the surrogate could know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import scoring
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


def look(*, faultless: bool) -> Evidence:
    """Answer the log by another line than the reference, whose labels are the answers where it is ``faultless``."""
    log, held = healthy(np.random.default_rng(1), 600), healthy(np.random.default_rng(99), 600)
    log["score"] = chance((1.5 * log.x - 0.5 * log.w).to_numpy())
    if faultless:
        held["truth"] = held.answer
    found, _ = scoring.detect(study_of(log, held), np.zeros(len(log)))
    (got,) = found
    return got


def test_of_rows_known_by_heart_a_surrogate_says_little() -> None:
    """From the first row on other answers are a skew; where the model never errs on the reference, a fifth of that."""
    plain, by_heart = look(faultless=False), look(faultless=True)
    assert plain.mechanism == by_heart.mechanism == "training_serving_skew"
    assert plain.strength > 0.5
    assert by_heart.strength == pytest.approx(0.2 * plain.strength)


def test_what_was_so_from_the_first_row_is_held_to_the_baseline() -> None:
    """No change is spoken of where there was none."""
    assert "scored otherwise from the first row on" in look(faultless=False).finding.statement


def test_answers_without_scores_are_asked_too() -> None:
    """Another line answers from row 600 on, of numbers that have no score: other answers to the same inputs."""
    rng = np.random.default_rng(7)
    log, held = (pd.DataFrame({"x": rng.normal(size=n), "w": rng.normal(size=n)}) for n in (1500, 800))
    for frame in (log, held):
        frame["answer"] = 2.0 * frame["x"] + frame["w"]
        frame["truth"] = frame["answer"] + rng.normal(size=len(frame))
    log.loc[600:, "answer"] = 1.2 * log["x"] + 1.4 * log["w"]
    told = {"task": "regression", "roles": {"timestamp": "when", "prediction": "answer", "label": "truth",
                                            "feature": ["x", "w"]}}  # fmt: skip
    log["when"] = pd.date_range("2025-01-01", periods=1500, freq="h", tz="UTC")
    with read_log(log, told, reference=held) as opened:
        (got,), _ = scoring.detect(make_study(build_profile(opened)), np.zeros(1500))
    assert got.mechanism == "bad_rollout"
    assert got.change is not None
    assert abs(got.change.start - 600) < 10
    assert "more than 100 times" in got.finding.statement
