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


def grid(rng: np.random.Generator, n: int, *, people: pd.DataFrame | None = None) -> pd.DataFrame:
    """Draw rows of whole numbers, or of some people again and again, of which every tenth is answered wrongly."""
    rows = healthy(rng, n).round({"x": 0, "w": 0}) if people is None else people.iloc[rng.integers(0, len(people), n)]
    return rows.assign(answer=np.where(rng.random(n) < 0.1, 1 - rows["truth"], rows["truth"])).reset_index(drop=True)


@pytest.mark.parametrize("people", [False, True])
@pytest.mark.parametrize("served", [{"town": "Zell"}, {"x": np.nan}, {"w": 9.9}])
def test_what_is_served_otherwise_makes_no_split_leak(served: dict[str, object], *, people: bool) -> None:
    """Rows are often alike, and no served one is since one input is another for all of them: nothing leaked."""
    rng = np.random.default_rng(6)
    pool = healthy(rng, 900) if people else None
    train, held, log = (grid(rng, n, people=pool) for n in (3000, 800, 2000))
    log["answer"] = np.where(rng.random(2000) < 0.3, 1 - log["truth"], log["truth"])
    reference = pd.concat([train.assign(split="train"), held.assign(split="validation")])
    assert both_splits.detect(study_of(log.assign(**served), reference)) == []


def test_duplicates_before_the_split_leaked() -> None:
    """Every row was there twice before the split: training rows are alike as well, served ones by no input less."""
    rng = np.random.default_rng(7)
    every = pd.concat([part := healthy(rng, 1400), part]).sample(frac=1.0, random_state=7)
    train, held, log = every.iloc[:1800], every.iloc[1800:], healthy(rng, 2000)
    guess = np.where(rng.random(1000) < 0.35, 1 - held["truth"], held["truth"])
    held = held.assign(answer=np.where(held["x"].isin(train["x"]), held["truth"], guess))
    log["answer"] = np.where(rng.random(2000) < 0.35, 1 - log["truth"], log["truth"])
    reference = pd.concat([train.assign(answer=train["truth"], split="train"), held.assign(split="validation")])
    (got,) = both_splits.detect(study_of(log, reference))
    assert got.mechanism == "leakage"


def test_fresh_validation_rows_that_did_as_well_say_that_nothing_leaked() -> None:
    """Half of validation taught the model, which errs on the other half as seldom: the promise did not rest on it."""
    rng = np.random.default_rng(8)
    train, fresh, log = healthy(rng, 1500), healthy(rng, 400), healthy(rng, 2000)
    held = pd.concat([train.iloc[:400], fresh])
    held["answer"] = np.where(rng.random(800) < 0.15, 1 - held["truth"], held["truth"])
    log["answer"] = np.where(rng.random(2000) < 0.4, 1 - log["truth"], log["truth"])
    reference = pd.concat([train.assign(split="train"), held.assign(split="validation")])
    assert both_splits.detect(study_of(log, reference)) == []
