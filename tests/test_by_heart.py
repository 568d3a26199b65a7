"""A model that learnt its rows by heart errs more elsewhere than they teach; one that is only flexible does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from made_study import chance, healthy, study_of
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from toolkit.detectors import by_heart
from toolkit.detectors.evidence import Evidence


def drawn(rng: np.random.Generator, n: int, slope: float) -> pd.DataFrame:
    """Draw requests whose truth hangs on one of two numbers, the surer the steeper its odds."""
    frame = healthy(rng, n)
    return frame.assign(truth=(rng.random(n) < chance(np.clip(slope * frame["x"].to_numpy(), -500, 500))).astype(int))


def look(model: Any, *, slope: float = 2.5, moved: float = 0.0) -> list[Evidence]:
    """Teach a model on 400 rows and judge it on 400 held-out and 4,000 served ones, where one number may have moved."""
    rng = np.random.default_rng(3)
    train, held, log = (drawn(rng, n, slope) for n in (400, 400, 4000))
    log["w"] += moved
    model.fit(train[["x", "w"]], train["truth"])
    for frame in (train, held, log):
        frame["score"] = model.predict_proba(frame[["x", "w"]])[:, 1]
        frame["answer"] = (frame["score"] > 0.5).astype(int)
    reference = pd.concat([train.assign(split="train"), held.assign(split="validation")])
    return by_heart.detect(study_of(log, reference))


def test_the_nearest_neighbour_learnt_rows() -> None:
    """Right on every row that taught it, wrong on a quarter more of the others than a forest of the same rows."""
    (got,) = look(KNeighborsClassifier(1))
    assert got.mechanism == "memorised_training_data"
    assert got.strength > 0.5
    assert got.finding.details["fresh"] < 0.8 * got.finding.details["served"]


def test_what_generalises_as_well_as_can_be_learnt_no_rows() -> None:
    """A forest all but without a fault in training errs elsewhere as any other does: that speaks against memory."""
    (got,) = look(RandomForestClassifier(random_state=1, min_samples_leaf=2))
    assert (got.mechanism, got.finding.refutes) == ("", ("memorised_training_data",))


def test_who_errs_in_training_as_elsewhere_is_not_asked() -> None:
    """A line promised no more than it keeps."""
    assert look(LogisticRegression()) == []


def test_what_moved_is_not_what_was_learnt_by_heart() -> None:
    """A line that was never wrong, in training or on held-out rows, is led astray by a number that moved: no memory."""
    assert look(LogisticRegression(C=100), slope=1e6, moved=500.0) == []
