"""A model, people and time have words of their own: they are brought together where the log tells how."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from toolkit import diagnose
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


@pytest.mark.parametrize("done", [["paid out", "turned down"], ["refer"]])
def test_decisions_in_words_that_nothing_explains_are_said_to_be_left_out(done: list[str]) -> None:
    """What was done goes with neither answer: it is not read, and the reader is told."""
    rows = words().assign(done=np.resize(done, 400))
    with read_log(rows, {"task": "binary", "roles": {**WORDS, "prediction": "flag", "label": "flag"}}) as log:
        assert any("decisions are left out" in note for note in log.validation.notes)
        assert log.rows.fetch("SELECT count(decision) FROM rows") == [(0,)]


@pytest.mark.parametrize("third", ["refer", "verweisen"])
@pytest.mark.parametrize("own", [True, False])
def test_a_third_word_of_decisions_is_no_decision(third: str, own: bool) -> None:
    """Cases that are referred hide none of the decisions of the others, and are no errors; the report counts them."""
    rows = words().assign(done=lambda d: d.done.where(d.index % 8 > 0, third))
    if not own:
        rows["done"] = rows.done.replace({"paid out": "repaid", "turned down": "default"})
    with read_log(rows, {"task": "binary", "roles": {**WORDS, "prediction": "said"}}) as log:
        known = rows.sort_values("score")
        expected = [
            None if done == third else log.classes[score > 0.55]
            for done, score in zip(known.done, known.score, strict=True)
        ]
        assert [d for (d,) in log.rows.fetch("SELECT decision FROM rows ORDER BY score")] == expected
        assert "decision: neither class in 50 rows, taken for no decision" in log.validation.notes


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


@pytest.mark.parametrize("form", [
    "%d-%b-%y %I.%M.%S %p", "%m/%d/%Y %I:%M %p", "%d %B %Y", "%d-%m-%Y", "%d-%b-%Y %H:%M", "%d.%m.%y %H.%M",
    "%m/%d/%Y, %I:%M:%S %p", "%Y-%m-%d %H:%M:%S,%f", "%Y%m%d %H%M%S", "%a %b %d %H:%M:%S %Y", "%Y.%m.%d", "%b-%Y",
])  # fmt: skip
@pytest.mark.parametrize("declared", [True, False])
def test_times_are_read_as_people_write_them(form: str, declared: bool) -> None:
    """Of every usual form all rows are read, at the time they say, with and without a role that says so."""
    rows = words(1200).drop(columns="month")
    when = pd.Series(pd.date_range("2026-03-02", periods=1200, freq="37min"))
    rows["written"] = when.dt.strftime(form)
    told = {"roles": {**WORDS, "prediction": "flag", "timestamp": "written"}} if declared else None
    with read_log(rows, told) as log:
        assert (log.roles.column("timestamp"), log.validation.rows_kept) == ("written", 1200)
        expected = pd.to_datetime(rows.written.iloc[-1], format=form).tz_localize("UTC")
        assert log.validation.last is not None
        assert pd.Timestamp(log.validation.last) == expected


def test_what_comes_first_of_day_and_month_all_rows_tell() -> None:
    """The first thousand rows are of the first days of a month, where either could be the day: a later row tells."""
    rows = words(4000).drop(columns="month")
    rows["written"] = pd.Series(pd.date_range("2026-03-01", periods=4000, freq="11min")).dt.strftime("%m/%d/%Y %H:%M")
    with read_log(rows, {"roles": {**WORDS, "prediction": "flag", "timestamp": "written"}}) as log:
        assert (log.validation.rows_kept, log.validation.last) == (4000, datetime(2026, 3, 31, 13, 9, tzinfo=UTC))


def classes(said: str, came: str, n: int = 300) -> pd.DataFrame:
    """Draw answers and outcomes of three classes, each in its own writing."""
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 3, n)
    right = np.where(rng.random(n) < 0.9, kind, rng.integers(0, 3, n))
    said_as, came_as = said.split(","), came.split(",")
    return pd.DataFrame({"a": [said_as[k] for k in right], "b": [came_as[k] for k in kind], "x": rng.normal(size=n)})


@pytest.mark.parametrize(("said", "came"), [
    ("politics,sport,local news", "Politics,Sport,Local_News"), ("A,B,C", "a,b,c"), ("LOW,MID,HIGH", "low,mid,high"),
])  # fmt: skip
def test_classes_that_differ_in_case_alone_are_the_same(said: str, came: str) -> None:
    """A model that writes politics where an editor writes Politics is right, and counted so."""
    with read_log(classes(said, came), {"roles": {"prediction": "a", "label": "b", "feature": ["x"]}}) as log:
        sample = build_profile(log).sample
        assert log.outcome.classes == tuple(sorted(came.split(",")))
    assert (sample.prediction == sample.label).mean() > 0.85


def test_grades_and_letters_that_differ_in_more_stay_apart() -> None:
    """A- is no A; and where both columns tell a from A, these are two letters."""
    with read_log(classes("A,B,C", "A,A-,B"), {"roles": {"prediction": "a", "label": "b", "feature": ["x"]}}) as log:
        assert log.outcome.classes == ("A", "A-", "B", "C")
    with read_log(classes("a,A,b", "a,A,b"), {"roles": {"prediction": "a", "label": "b", "feature": ["x"]}}) as log:
        assert log.outcome.classes == ("A", "a", "b")


@pytest.mark.parametrize("positive", ["fraud", "FRAUD", "Fraud"])
def test_the_positive_class_may_be_declared_in_any_case(positive: str) -> None:
    """Who writes positive = "fraud" of a log that says FRAUD is understood."""
    rows = words().assign(
        said=np.where(words().flag == 1, "fraud", "fine"), came=np.where(words().came == "default", "FRAUD", "FINE")
    )
    told = {"task": "binary", "roles": {**WORDS, "prediction": "said"}, "values": {"positive": positive}}
    with read_log(rows, told) as log:
        assert (log.outcome.classes, log.validation.rows_kept) == (("FINE", "FRAUD"), 400)


def test_classes_of_which_none_is_shared_are_refused() -> None:
    """Numbers here and names there: no answer could ever be right, so one line says that instead of accuracy 0."""
    told = {"roles": {"prediction": "a", "label": "b", "feature": ["x"]}}
    with pytest.raises(RolesError, match="no class in common"):
        read_log(classes("0,1,2", "cat,dog,cow"), told)


def test_what_says_that_there_was_no_answer_is_no_class() -> None:
    """An ERROR among answers 0 is no 1, n/a among benign is not malignant, and what is pending is undecided."""
    rows = words().assign(came=words().flag, said=np.where(np.arange(400) % 20, "0", "ERROR"))
    with read_log(rows, {"task": "binary", "roles": {**WORDS, "prediction": "said"}}) as log:
        assert log.outcome.classes == ("0", "1")
        assert "ERROR" not in log.outcome.spelling
    rows = rows.assign(done=np.where(np.arange(400) % 3, "0", "pending"))
    with read_log(rows, {"task": "binary", "roles": {**WORDS, "prediction": "flag"}}) as log:
        assert "pending" not in log.outcome.spelling


def test_a_word_whose_scores_speak_against_it_is_no_class_of_the_labels() -> None:
    """Cat and dog came true, cat and bird were said: without a word on the task these are three classes."""
    rows = classes("cat,bird,cat", "cat,dog,cat")
    with read_log(rows, {"roles": {"prediction": "a", "label": "b", "feature": ["x"]}}) as log:
        assert (log.outcome.task, log.outcome.classes) == ("multiclass", ("bird", "cat", "dog"))


def test_a_reference_without_scores_hides_no_words_that_the_log_explains() -> None:
    """The log's scores tell what goes with what; that the reference has none changes nothing."""
    rows = words()
    told = {"task": "binary", "roles": {**WORDS, "prediction": "said"}}
    with read_log(rows, told, reference=rows.drop(columns="score")) as log:
        assert log.outcome.classes == ("repaid", "default")


def test_columns_that_nobody_gave_a_role_are_named_where_no_cause_shows() -> None:
    """One of them may hold the answer: elapsed_ms and grpc_code were there all along."""
    rows = words().assign(elapsed_ms=3.5, grpc_code="OK")
    roles = {**WORDS, "prediction": "flag"}
    found = diagnose(rows, roles={"task": "binary", "roles": roles})
    assert found.verdict in {"none", "undetermined"}
    assert "not read: elapsed_ms, said, grpc_code. elapsed_ms is called like the role latency_ms." in str(found)
    every = {**roles, "feature": ["x", "elapsed_ms", "grpc_code", "said"]}
    assert "not read" not in str(diagnose(rows, roles={"task": "binary", "roles": every}))


def test_variants_in_every_column_are_one_class_all_the_same() -> None:
    """People write New York in three ways on either side; letters alone may be two classes."""
    said, came = classes("new_york,LA,la", "New York,new-york,LA"), {"prediction": "a", "label": "b", "feature": ["x"]}
    with read_log(said, {"roles": came}) as log:
        assert set(log.outcome.classes) == {"LA", "New York"}
