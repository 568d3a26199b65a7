"""Answers that part from labels: a fresh learner says whether the labels or the answers changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_study import ROLES, chance, study_of

import toolkit
from toolkit.detectors.as_it_was import detect
from toolkit.detectors.relation import relate


def rows(seed: int, n: int) -> pd.DataFrame:
    """Draw requests whose label follows from x and w, but for one in twenty, with right answers and no scores."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=n), rng.normal(size=n)
    answer = (x + w > 0).astype(int)
    truth = np.where(rng.random(n) < 0.05, 1 - answer, answer)
    town, sex = rng.choice(["Bonn", "Hof", "Ulm"], n), rng.choice(["F", "M"], n)
    return pd.DataFrame({"x": x, "w": w, "town": town, "answer": answer, "truth": truth, "sex": sex})


def at_random(column: str) -> pd.DataFrame:
    """Draw 3,000 rows of which, from row 1,500 on, half of the values of a column are drawn at random."""
    log, rng = rows(1, 3000), np.random.default_rng(2)
    late = (np.arange(3000) >= 1500) & (rng.random(3000) < 0.5)
    return log.assign(**{column: np.where(late, rng.integers(0, 2, 3000), log[column])})


def refuted(log: pd.DataFrame) -> set[str]:
    study = study_of(log.assign(score=np.nan), rows(3, 2000).assign(score=np.nan))
    return {m for e in detect(study, relate(study)) for m in e.finding.refutes}


def test_answers_at_random_leave_the_labels_as_they_were() -> None:
    """Without scores a wild model looks like wild labels: a learner of the labels still finds them, so they are not."""
    assert {"label_noise", "concept_drift"} <= refuted(at_random("answer"))


def test_labels_at_random_can_be_learnt_by_nobody() -> None:
    """The same log with the labels at random: nothing speaks against noise."""
    assert refuted(at_random("truth")) == set()


def test_a_new_version_that_answers_wildly_is_a_bad_rollout() -> None:
    """The verdict is the version's, and not that of the labels."""
    log = at_random("answer").assign(version=np.where(np.arange(3000) >= 1500, "v2", "v1"))
    timed = log.assign(when=pd.date_range("2025-01-01", periods=3000, freq="h", tz="UTC"))
    roles = {r: c for r, c in ROLES["roles"].items() if r != "score"}
    said = toolkit.diagnose(timed, roles={**ROLES, "roles": {**roles, "model_version": "version"}})
    assert (said.verdict, said.mechanism) == ("integration", "bad_rollout")


def test_a_crowd_that_a_straight_model_was_always_bad_at_is_no_rollout() -> None:
    """The world bends and the model does not; who comes since a row comes from where it bends: no new model."""
    rng = np.random.default_rng(3)

    def bent(n: int, middle: float) -> pd.DataFrame:
        x = rng.normal(middle, 1, n)
        score, true = chance(1.3 * x - 0.2), chance(1.5 * x - 2.4 * np.maximum(x - 1, 0) ** 2)
        told = {"score": score, "answer": (score > 0.5).astype(int)}
        other = {"w": rng.normal(size=n), "town": "Hof", "sex": "F"}
        return pd.DataFrame({"x": x, **other, **told, "truth": (rng.random(n) < true).astype(int)})

    reference = bent(4000, 0)
    study = study_of(pd.concat([bent(2400, 0), bent(1600, 1.5)], ignore_index=True), reference)
    (got,) = detect(study, relate(study))
    assert (got.mechanism, got.finding.supports) == ("", ())
    assert "the model always erred more on such" in got.finding.statement
