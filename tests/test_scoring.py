"""The answers to the same inputs moved: how much that says depends on what the surrogate could know."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import scoring
from toolkit.detectors.evidence import Evidence


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
