"""A model, people and time have words of their own: they are brought together where the log tells how."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from toolkit.errors import RolesError
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


def words(n: int = 400) -> pd.DataFrame:
    """Draw a log of loans, in which a model, people and time have words of their own."""
    rng = np.random.default_rng(5)
    score = rng.random(n)
    return pd.DataFrame({
        "month": np.resize(["2026-01", "2026-02", "2026-03"], n), "score": score, "x": rng.normal(size=n),
        "said": np.where(score > 0.5, "decline", "approve"), "flag": (score > 0.5).astype(int),
        "came": np.where(rng.random(n) < score, "default", "repaid"),
        "done": np.where(score > 0.55, "turned down", "paid out"),
    })  # fmt: skip


WORDS = {"timestamp": "month", "score": "score", "label": "came", "decision": "done", "feature": ["x"]}


@pytest.mark.parametrize("answer", ["said", "flag"])
@pytest.mark.parametrize("positive", [None, "default"])
def test_words_of_answers_and_decisions_are_brought_to_those_of_labels(answer: str, positive: str | None) -> None:
    """The scores tell that who is declined is thought to default: no row is lost, and both are told of."""
    values = {} if positive is None else {"positive": positive}
    with read_log(words(), {"task": "binary", "roles": {**WORDS, "prediction": answer}, "values": values}) as log:
        sample = build_profile(log).sample
        assert (log.outcome.classes, log.validation.rows_kept) == (("repaid", "default"), 400)
        assert [note.split(":")[0] for note in log.validation.notes if "of its own" in note] == [
            "prediction",
            "decision",
        ]
    assert (sample.prediction == (sample.score > 0.5)).all()
    assert (sample.decision == (sample.score > 0.55)).all()


def test_words_that_nothing_brings_together_are_refused() -> None:
    """Without scores nobody knows which answer stands for which label: one line that says so."""
    told = {"task": "binary", "roles": {"prediction": "said", "label": "came", "feature": ["x"]}}
    with pytest.raises(RolesError, match="no class in common"):
        read_log(words(), told)


def test_decisions_in_words_that_nothing_explains_are_said_to_be_left_out() -> None:
    """What was done goes with neither answer: it is not read, and the reader is told."""
    rows = words().assign(done=np.resize(["paid out", "turned down"], 400))
    with read_log(rows, {"task": "binary", "roles": {**WORDS, "prediction": "flag", "label": "flag"}}) as log:
        assert any("decisions are left out" in note for note in log.validation.notes)


def test_months_are_times() -> None:
    """A report of months is dated by their first days."""
    with read_log(words(), {"task": "binary", "roles": {**WORDS, "prediction": "said"}}) as log:
        assert (log.validation.rows_kept, log.validation.last) == (400, datetime(2026, 3, 1, tzinfo=UTC))


def test_one_word_in_common_tells_the_other() -> None:
    """Benign or suspicious, benign or malignant, benign or biopsy: whatever is not benign is the one thing."""
    rows = words().assign(came=lambda d: np.where(d.came == "default", "malignant", "benign"),
                          said=lambda d: np.where(d.score > 0.5, "suspicious", "benign"),
                          done=lambda d: np.where(d.score > 0.55, "biopsy", "benign"))  # fmt: skip
    told = {"task": "binary", "roles": {**WORDS, "prediction": "said"}, "values": {"positive": "malignant"}}
    with read_log(rows, told) as log:
        sample = build_profile(log).sample
    assert (sample.prediction == (sample.score > 0.5)).all()
    assert (sample.decision == (sample.score > 0.55)).all()
