"""Validation rows that taught the model are named; people who come back, and honest splits, are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import both_splits
from toolkit.detectors.evidence import Evidence


def look(*, taught: float, come_back: bool = False, served_wrong: float = 0.3) -> list[Evidence]:
    """Read a model that is right on what taught it, a part of which is validation, and often wrong when served."""
    rng = np.random.default_rng(5)
    train, fresh, log = healthy(rng, 1500), healthy(rng, 800), healthy(rng, 2000)
    train["answer"] = train["truth"]
    again = rng.random(800) < taught
    held = pd.concat([train.iloc[:800][again], fresh[~again]])
    reference = pd.concat([train.assign(split="train"), held.assign(split="validation")])
    log["answer"] = np.where(rng.random(2000) < served_wrong, 1 - log["truth"], log["truth"])
    if come_back:
        columns = ["x", "w", "town"]
        log[columns] = train[columns].iloc[rng.integers(0, 1500, 2000)].to_numpy()
    return both_splits.detect(study_of(log, reference))


def test_rows_in_both_splits_leaked() -> None:
    """All validation rows taught the model, and it errs in three of ten served rows: leakage, from the first row."""
    (got,) = look(taught=1.0, served_wrong=0.4)
    assert got.mechanism == "leakage"
    assert got.change is not None
    assert got.change.shape == "from_start"
    assert "100 % of the validation rows" in got.finding.statement
    assert got.strength > 0.9


@pytest.mark.parametrize(
    ("taught", "come_back", "served_wrong"), [(0.0, False, 0.3), (1.0, True, 0.3), (1.0, False, 0.0)]
)
def test_nothing_leaked(taught: float, served_wrong: float, *, come_back: bool) -> None:
    """An honest split, a crowd that comes back as it is, and a promise that was kept: nothing is said."""
    assert look(taught=taught, come_back=come_back, served_wrong=served_wrong) == []
