"""Answer, score and outcome are found by what columns hold where no name that everybody uses tells them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.logs import read_log

N = 2_000


def cases(seed: int = 1) -> tuple[pd.DataFrame, Any, Any]:
    """Give a time, two inputs and a flag of before, with a chance and what came true of it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=N)
    p = 1 / (1 + np.exp(-2 * x))
    table = pd.DataFrame(
        {
            "seen": pd.date_range("2026-01-01", periods=N, freq="h", tz="UTC"),
            "pressure": x + rng.normal(size=N) * 0.3,
            "smoker": (x + rng.normal(size=N) > 0).astype(int),
            "event_history": (x + rng.normal(size=N) > 0).astype(int),
        }
    )
    return table, p, rng.random(N) < p


def roles_of(table: pd.DataFrame) -> dict[str, str]:
    """Guess the roles that one column has."""
    with read_log(table) as log:
        return dict(log.roles.single)


@pytest.mark.parametrize("name", ["cvd_event", "biopsy", "confirmed_cvd"])
def test_what_came_true_is_the_outcome_and_what_the_score_decides_the_answer(name: str) -> None:
    """A risk, a flag that it decides and an event: neither the smokers nor those ill before are what came true."""
    table, p, came = cases()
    found = roles_of(table.assign(cvd_risk=p, high_flag=(p > 0.6).astype(int), **{name: came.astype(int)}))
    assert found == {"timestamp": "seen", "score": "cvd_risk", "prediction": "high_flag", "label": name}


def test_words_that_the_answers_use_are_outcomes() -> None:
    """Two columns of one set of classes: that which the probability decides is the answer."""
    table, p, came = cases()
    words = {"ai_result": np.where(p > 0.5, "bad", "good"), "checked": np.where(came, "bad", "good")}
    found = roles_of(table.assign(defect_probability=p, **words))
    assert (found["prediction"], found["label"]) == ("ai_result", "checked")


def test_numbers_are_named_for_each_other() -> None:
    """An estimate and what was signed; a sale beside a predicted price; a price of last year is none."""
    table, p, _ = cases()
    rent = 500 + 400 * p
    noise = np.random.default_rng(2).normal(size=N)
    found = roles_of(table.assign(**{"Estimated Rent": rent.round(), "Signed Rent": (rent + 30 * noise).round()}))
    assert (found["prediction"], found["label"]) == ("Estimated Rent", "Signed Rent")
    prices = {"last_price": rent + 20, "predicted_price": rent, "sale_price": rent + 30 * noise}
    found = roles_of(table.assign(**prices))
    assert (found["prediction"], found["label"]) == ("predicted_price", "sale_price")


def test_without_an_outcome_none_is_made_up() -> None:
    """Inputs that go with the score, and a flag of what was before, are no outcomes."""
    table, p, _ = cases()
    found = roles_of(table.assign(cvd_risk=p, high_flag=(p > 0.6).astype(int)))
    assert "label" not in found


def test_what_somebody_named_stands() -> None:
    """A declared label is the label, whatever else goes with the answers."""
    table, p, came = cases()
    table = table.assign(cvd_risk=p, cvd_event=came.astype(int), truth_after_review=came.astype(int))
    told = {"roles": {"label": "truth_after_review"}, "rest": "guess"}
    with read_log(table, told) as log:
        assert log.roles.column("label") == "truth_after_review"


def test_who_decided_is_told_from_what_came_true() -> None:
    """Three columns of one set of words: the model's, the doctor's call and the biopsy."""
    table, p, came = cases()
    call = np.where(np.random.default_rng(3).random(N) < 0.1, p > 0.3, p > 0.5)
    said = {"ai_finding": p > 0.5, "radiologist_final_call": call, "biopsy_result": came}
    words = {name: np.where(x, "malignant", "benign") for name, x in said.items()}
    found = roles_of(table.assign(ai_score=p, **words))
    assert (found["prediction"], found["decision"], found["label"]) == tuple(said)


def test_classes_that_share_a_name_are_answer_and_outcome() -> None:
    """Digits read and digits annotated beside a confidence; a number of events within some days is waited for."""
    table, p, came = cases()
    rng = np.random.default_rng(4)
    digit = rng.integers(0, 10, N)
    read = np.where(rng.random(N) < 0.1, rng.integers(0, 10, N), digit)
    found = roles_of(table.assign(ocr_confidence=0.5 + p / 2, ocr_digit=read, annotated_digit=digit))
    assert (found["prediction"], found["label"]) == ("ocr_digit", "annotated_digit")
    found = roles_of(table.assign(risk_score=p, enrolled=p > 0.7, in_ward_30d=came))
    assert (found["prediction"], found["label"]) == ("enrolled", "in_ward_30d")


def test_a_second_time_named_for_the_label_is_the_labels() -> None:
    """When it was filed, and when its outcome was received."""
    table, p, came = cases()
    later = (table["seen"] + pd.Timedelta(days=9)).rename("label_received_date")
    found = roles_of(
        table.assign(claim_prob=p, claim_pred=(p > 0.5).astype(int), claimed=came, label_received_date=later)
    )
    assert (found["timestamp"], found["label_time"], found["label"]) == ("seen", "label_received_date", "claimed")


def test_what_came_of_the_chosen_alone_is_the_outcome() -> None:
    """A biopsy is taken of those alone that were recalled: the score tells that it goes with the answers."""
    table, p, came = cases()
    recall = p > 0.4
    found = roles_of(
        table.assign(
            lesion_score=p,
            recall=recall.astype(int),
            biopsy=np.where(recall, np.where(came, "malignant", "benign"), None),
        )
    )
    assert (found["prediction"], found["label"]) == ("recall", "biopsy")


def test_flags_of_a_person_who_mostly_agrees_are_decisions() -> None:
    """An analyst's call, 0 or 1 as the answers are; that a case was entered by hand is an input."""
    table, p, came = cases()
    call = np.where(np.random.default_rng(3).random(N) < 0.1, p <= 0.5, p > 0.5).astype(int)
    said = {"ai_recommendation": (p > 0.5).astype(int), "confirmed_fraud": came.astype(int)}
    by_hand = (table["pressure"] + np.random.default_rng(5).normal(size=N) > 1).astype(int)
    found = roles_of(table.assign(ai_score=p, **said, manual_entry=by_hand, analyst_call=call))
    assert (found["prediction"], found["decision"], found["label"]) == (
        "ai_recommendation", "analyst_call", "confirmed_fraud",
    )  # fmt: skip
    assert "decision" not in roles_of(table.assign(ai_score=p, **said, manual_entry=by_hand))


def test_what_was_asked_for_is_no_outcome() -> None:
    """The urgency that a customer asked for has the answers' classes, and was known before them."""
    table, p, _ = cases()
    urgency = np.where(p > 0.7, "high", np.where(p > 0.3, "mid", "low"))
    asked = np.where(np.random.default_rng(3).random(N) < 0.6, urgency, "mid")
    found = roles_of(table.assign(confidence=0.4 + 0.6 * p, predicted_urgency=urgency, urgency_asked=asked))
    assert found == {"timestamp": "seen", "score": "confidence", "prediction": "predicted_urgency"}


def test_a_machines_classes_beside_a_persons_are_answer_and_decision() -> None:
    """The machine's triage and the nurse's, of three classes: named for each other, and one for who it is."""
    table, p, _ = cases()
    triage = np.where(p > 0.7, "red", np.where(p > 0.3, "amber", "green"))
    nurse = np.where(np.random.default_rng(3).random(N) < 0.1, "amber", triage)
    found = roles_of(table.assign(confidence=0.4 + 0.6 * p, ai_triage=triage, nurse_triage=nurse))
    assert (found["prediction"], found.get("decision"), found.get("label")) == ("ai_triage", "nurse_triage", None)
