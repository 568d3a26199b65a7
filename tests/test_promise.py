"""A reference on which the model is never wrong must be asked about before the world is blamed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, chance, study_of

import toolkit
from toolkit.detectors import promise
from toolkit.detectors.study import Study


def rows(seed: int, n: int, *, flipped: float = 0.0) -> pd.DataFrame:
    """Draw requests whose label is far from certain; ``flipped`` of those with x > 0 have another one."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=n), rng.normal(size=n)
    truth = (rng.random(n) < chance(1.5 * x + 0.5 * w)).astype(int)
    truth = np.where((x > 0) & (rng.random(n) < flipped), 1 - truth, truth)
    town, sex = rng.choice(["Bonn", "Hof", "Ulm"], n), rng.choice(["F", "M"], n)
    return pd.DataFrame({"x": x, "w": w, "town": town, "truth": truth, "sex": sex})


def answered(log: pd.DataFrame, taught: pd.DataFrame, model: Any) -> pd.DataFrame:
    model.fit(taught[["x", "w"]], taught["truth"])
    score = model.predict_proba(log[["x", "w"]])[:, 1]
    return log.assign(score=score, answer=(score >= 0.5).astype(int))


def by_heart(log: pd.DataFrame, taught: pd.DataFrame) -> pd.DataFrame:
    from sklearn.tree import DecisionTreeClassifier

    return answered(log, taught, DecisionTreeClassifier(random_state=0))


def with_sense(log: pd.DataFrame, taught: pd.DataFrame) -> pd.DataFrame:
    from sklearn.linear_model import LogisticRegression

    return answered(log, taught, LogisticRegression())


def studied(log: pd.DataFrame, reference: pd.DataFrame) -> Study:
    return study_of(log, reference)


@pytest.fixture(scope="module")
def learned() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A deep tree's answers to 500 requests, and to the 200 rows that taught it as an unmarked reference."""
    taught = rows(1, 200)
    return by_heart(rows(2, 500), taught), by_heart(taught, taught)


def test_training_rows_as_reference_are_overfitting_and_no_drift(learned: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Nothing changed in the world: the verdict is overfitting, and the reader is told what the reference may be."""
    log, reference = learned
    log = log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC"))
    said = toolkit.diagnose(log, reference=reference.assign(when="2024-06-01"), roles=ROLES)
    assert said.verdict == "overfitting"
    assert said.mechanism == "memorised_training_data"
    assert any("held out" in note for note in said.record.notes)


def test_the_finding_names_the_three_losses(learned: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Promised nothing wrong, learnt afresh about a quarter wrong, on the log as much: drift is refuted."""
    (got,) = promise.detect(studied(*learned))
    assert got.finding.details["promised"] == 0.0
    assert 0.15 < got.finding.details["learnt"] < 0.4
    assert got.finding.details["served"] == pytest.approx(got.finding.details["learnt"], abs=0.1)
    assert "concept_drift" in got.finding.refutes


def test_a_world_that_changed_is_not_put_on_the_reference(learned: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Where a fresh learner too fails on the log, the labels changed: the promise explains nothing."""
    taught = rows(1, 200)
    log = by_heart(rows(2, 900, flipped=1.0), taught)
    assert promise.detect(studied(log, learned[1])) == []


def test_an_honest_reference_is_not_doubted() -> None:
    """A reference as hard as the log, for a model that learned the task: nothing perfect, nothing found."""
    study = studied(with_sense(rows(2, 500), rows(1, 400)), with_sense(rows(3, 400), rows(1, 400)))
    assert not promise.perfect(study)
    assert promise.detect(study) == []


def test_a_marked_reference_is_taken_at_its_word(learned: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Where the column split tells training rows apart, the gap to them is seen by itself."""
    log, reference = learned
    split = np.where(np.arange(len(reference)) < 150, "train", "validation")
    study = study_of(log, reference.assign(split=split))
    assert study.train is not None
    assert not promise.perfect(study)


def test_a_gap_that_held_out_rows_showed_needs_no_moved_input() -> None:
    """Validation was as bad as serving: that another crowd came since does not make it less learned by heart."""
    from toolkit.detectors import generalisation
    from toolkit.detectors.drift import moved

    taught = rows(1, 300)
    held = pd.concat([by_heart(taught, taught), by_heart(rows(4, 300), taught)], ignore_index=True)
    log = by_heart(rows(2, 600), taught).assign(w=lambda d: d.w + 1.5)
    study = study_of(log, held.assign(split=["train"] * 300 + ["validation"] * 300))
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    assert "w" in moves
    (got,) = (e for e in generalisation.detect(study, moves, set()) if e.mechanism == "memorised_training_data")
    assert got.strength > 0.6


def test_a_reference_that_is_a_little_too_good_is_no_measure() -> None:
    """Boosting is better on rows that taught it, said to be or not; nothing changed, so nothing is wrong."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    taught = rows(11, 2500)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    log, held = answered(rows(12, 3000), taught, model), answered(taught, taught, model).iloc[:1200]
    for reference in (held, held.assign(split="train")):
        said = toolkit.diagnose(
            log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC")),
            reference=reference.assign(when="2024-06-01"), roles=ROLES,
        )  # fmt: skip
        assert said.verdict == "none"
        assert any("rows that taught the model" in note for note in said.record.notes)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_reference_whose_labels_are_the_answers_names_no_column(seed: int) -> None:
    """Unsure scores that are right each time: nothing leaked, no verdict is sure, and the reader is told of it."""
    log, reference = (with_sense(rows(s, 600), rows(50, 600)) for s in (seed, seed + 98))
    log = log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC"))
    reference = reference.assign(truth=reference.answer, when="2024-06-01")
    said = toolkit.diagnose(log, reference=reference, roles=ROLES)
    assert said.confidence < 0.6
    assert not {"leakage", "training_serving_skew"} & {r.mechanism for r in said.record.rivals if r.probability > 0.1}
    assert any("most likely the model's own answers" in note for note in said.record.notes)


def test_trees_that_know_their_rows_without_being_sure_mark_nobody_s_work() -> None:
    """A forest is right on the rows that taught it though its votes differ: that is learned by heart."""
    from sklearn.ensemble import RandomForestClassifier

    taught = rows(1, 400)
    model = RandomForestClassifier(60, random_state=0)
    study = studied(answered(rows(2, 600), taught, model), answered(taught, taught, model))
    assert promise.faultless(study)
    assert not promise.doubted(study)
