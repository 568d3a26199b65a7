"""Natural and hostile logs: no traceback, no sure nonsense, and harm that goes with what is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy

import toolkit

SERIES: dict[str, Any] = {
    "task": "regression", "roles": {"timestamp": "when", "prediction": "answer", "label": "truth"},
}  # fmt: skip


def served(seed: int, n: int = 600) -> pd.DataFrame:
    when = pd.date_range("2026-01-01", periods=n, freq="h", tz="UTC")
    return healthy(np.random.default_rng(seed), n).assign(when=when)


def reference() -> pd.DataFrame:
    return served(99).assign(when=pd.Timestamp("2025-06-01", tz="UTC"))


def test_an_answer_written_as_a_score_states_no_chance() -> None:
    """Scores of nought and one are no probabilities that could be too sure."""
    log, held = (f.assign(score=f.answer.astype(float)) for f in (served(1), reference()))
    assert toolkit.diagnose(log, reference=held, roles=ROLES).verdict in ("none", "undetermined")


def test_a_reference_without_the_inputs() -> None:
    """Columns that the reference lacks are compared with nothing, and nothing breaks."""
    held = reference().drop(columns=["x", "w", "town"])
    assert toolkit.diagnose(served(1), reference=held, roles=ROLES).verdict in ("none", "undetermined")


def test_worse_than_guessing_is_not_overfitting() -> None:
    """A model that learned by heart guesses; one that is right in every fourth case has its labels turned round."""
    log = served(1).assign(truth=lambda d: 1 - d.truth)
    assert toolkit.diagnose(log, reference=reference(), roles=ROLES).verdict != "overfitting"


def test_a_series_that_bends_from_its_first_row() -> None:
    """No row is left to say what was usual: the harm has finite bounds all the same, and the JSON is JSON."""
    weeks = np.arange(100)
    season = 100 + 20 * np.sin(2 * np.pi * weeks / 52)
    truth = season + 0.6 * weeks + np.random.default_rng(0).normal(0, 5, 100)
    when = pd.date_range("2024-01-01", periods=100, freq="W", tz="UTC")
    said = toolkit.diagnose(pd.DataFrame({"when": when, "answer": season, "truth": truth}), roles=SERIES)
    said.to_json()
    assert said.harm.interval is None or np.isfinite(said.harm.interval).all()


def test_a_saturated_score_is_not_another_model() -> None:
    """One version, answers from 99.99 to 99.9 %: far on the scale of odds, the same to anybody else."""
    log, held = served(1), reference()
    log = log.assign(v="1", score=np.where(log.x > 0, 0.9999, 0.0001), answer=(log.x > 0) * 1, truth=(log.x > 0) * 1)
    held = held.assign(v="1", score=np.where(held.x > 0, 0.99999, 0.00001), answer=(held.x > 0) * 1)
    held["truth"] = held.answer
    roles = {**ROLES, "roles": {**ROLES["roles"], "model_version": "v"}}
    assert toolkit.diagnose(log, reference=held, roles=roles).verdict in ("none", "undetermined")


def test_a_note_tells_the_harm_of_the_rows_in_question() -> None:
    """Eight in ten requests of one day fail among 60: the whole does not show it, and the note on those rows does."""
    log = served(1, 1440).assign(status="ok")
    failed = (log.index >= 900) & (log.index < 924) & (np.random.default_rng(2).random(1440) < 0.85)
    log.loc[failed, "status"] = "error"
    log.loc[failed, ["score", "answer"]] = np.nan
    roles = {**ROLES, "roles": {**ROLES["roles"], "status": "status"}, "values": {"positive": 1, "status_ok": ["ok"]}}
    said = toolkit.diagnose(log, reference=reference(), roles=roles)
    assert said.mechanism == "errors"
    assert said.harm.n == len(log)
    note = next(n for n in said.record.notes if "rows in question" in n)
    assert "On the 17 rows in question accuracy was 0 where" in note


@pytest.mark.parametrize("seed", [2, 3])
def test_what_moved_without_harm_is_shown_and_not_sure_to_be_the_cause(seed: int) -> None:
    """A column arrives a hundredfold and no answer is worse for it: it is said, and that it did harm is not."""
    log = served(seed).assign(w=lambda d: np.where(d.index >= 300, d.w * 100, d.w))
    said = toolkit.diagnose(log, reference=reference(), roles=ROLES)
    assert said.probabilities["none"] > 0.15
    assert said.confidence < 0.9
    assert "w became 100 x" in said.summary()
    assert said.verdict != "none" or "No harm of it is on the record." in said.summary()


def test_values_of_a_group_forge_no_line_and_steer_no_terminal() -> None:
    """A value of NUL, escapes and line breaks, on whose corner errors fall: said on one line, in signs that show."""
    evil = "a\0b\x1b[31m\nVerdict   none"
    log, held = (f.assign(sex=f.sex.replace("F", evil), town=f.town + "\0x") for f in (served(1, 2000), reference()))
    log["truth"] = np.where(
        (log.sex == evil) & (log.town == "Bonn\0x") & (log.index % 3 > 0), 1 - log.answer, log.truth
    )
    roles = {**ROLES, "roles": {**ROLES["roles"], "group": ["sex", "town"]}}
    said = toolkit.diagnose(log, reference=held, roles=roles)
    assert {(t.column, t.value) for t in said.slice} == {("sex", evil), ("town", "Bonn\0x")}
    for text in (said.summary(), said.explain()):
        assert text.replace("\n", "").isprintable()
        assert sum(line.startswith("Verdict") for line in text.splitlines()) <= 1
        assert "⟨U+001B⟩[31m Verdict none" in text


def test_a_reference_that_no_model_answered_is_compared_with_no_model() -> None:
    """People alone decided: no warning, and no sentence with a number that is none."""
    log, held = (f.drop(columns=["score"]).rename(columns={"answer": "done"}) for f in (served(1), reference()))
    roles = {**ROLES, "roles": {"timestamp": "when", "decision": "done", "label": "truth", "group": ["sex"]}}
    said = toolkit.diagnose(log, reference=held, roles=roles)
    assert not [f.statement for f in said.findings if "nan" in f.statement.split()]
    assert "nan)" not in said.explain()


def test_no_harm_has_no_sign() -> None:
    """Answers that are all right: between nought and nought errors too many."""
    log, held = (f.assign(truth=f.answer) for f in (served(1), reference()))
    assert "(-0" not in toolkit.diagnose(log, reference=held, roles=ROLES).summary()
