"""Numbers as people write them are numbers; words that hold digits, or came to be written so, are not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.engines.kept import Kept
from toolkit.logs import Log, read_log

N = 300
X = np.round(np.random.default_rng(1).uniform(1, 9000, N) * np.resize([1, 1000], N), 2)


def german(x: float) -> str:
    return f"{x:,.2f}".translate(str.maketrans(",.", ".,"))


def indian(x: float) -> str:
    whole, rest = f"{x:.2f}".split(".")
    pairs = re.sub(r"(?<=\d)(?=(\d\d)+$)", ",", whole[:-3])
    return f"{pairs},{whole[-3:]}.{rest}" if pairs else f"{whole}.{rest}"


WRITTEN = {
    "a decimal comma": [german(x) for x in X],
    "a currency behind": [f"{german(x)} €" for x in X],
    "a code before": [f"CHF {x:,.2f}" for x in X],
    "a sign before": [f"${x:,.2f}" for x in X],
    "a unit in some rows": [f"{x} kg" if i % 3 else str(x) for i, x in enumerate(X)],
    "percents": [f"{x} %" for x in X],
    "minus": [f"-{x} °C" for x in X],
    "no-break spaces between thousands": [f"{x:,.2f} €".translate(str.maketrans(",.", "\u202f,")) for x in X],
    "a minus sign": [f"\u2212{x}" for x in X],
    "Swiss thousands": [f"CHF {x:,.2f}".replace(",", "'") for x in X],
    "Swiss thousands before a comma": [f"{x:,.2f}".translate(str.maketrans(",.", "’,")) for x in X],
    "blanks before a point": [f"{x:,.2f}".replace(",", " ") for x in X],
    "Brazilian": [f"R$ {german(x)}" for x in X],
    "Indian": [f"₹{indian(x)}" for x in X],
    "Indian in letters": [f"Rs. {indian(x)}" for x in X],
    "minus before what it is of": [f"-${x:,.2f}" for x in X],
}


def read(column: list[str], *, held: list[str] | None = None, **roles: object) -> Log:
    """Read a column of text beside a plain feature and a score."""
    rng = np.random.default_rng(2)

    def rows(values: list[str]) -> pd.DataFrame:
        return pd.DataFrame({"x": values, "w": rng.normal(size=N), "s": rng.random(N), "y": rng.integers(0, 2, N)})

    told = {"score": "s", "label": "y", "feature": ["x", "w"], **roles}
    reference = None if held is None else rows(held)
    return read_log(rows(column), {"task": "binary", "roles": told, "values": {"positive": 1}}, reference=reference)


@pytest.mark.parametrize("how", list(WRITTEN))
def test_numbers_in_dress_are_numbers(how: str) -> None:
    """To the last digit, in log and reference, and the reader is told which columns they are."""
    with read(WRITTEN[how], held=WRITTEN[how]) as log:
        assert log.feature_kinds["x"] == "number"
        found = np.array([x for (x,) in log.rows.fetch("SELECT x FROM raw")])
        assert any(note.endswith("read as plain ones: x") for note in log.validation.notes)
    assert found == pytest.approx(-X if "minus" in how else X)


@pytest.mark.parametrize(
    "words",
    [
        [f"{i % 30}{'ABCDEF'[i % 6]}" for i in range(N)],
        [f"{i % 20}-{i % 20 + 9}" for i in range(N)],
        [f"4.{i % 9}.{i % 7}" for i in range(N)],
        [f"{i % 28 + 1:02}.03.2025" for i in range(N)],
        [f"{i % 24:02}:{i % 60:02}" for i in range(N)],
        [f"zone {i % 9}" for i in range(N)],
        [f"{i % 5 + 1}{'abc'[i % 3]}" for i in range(N)],
        [f"{i % 50} kg" if i % 3 else f"{i % 50}00 g" for i in range(N)],
        [f"{i % 50} EUR" if i % 3 else f"JPY {i % 50}00" for i in range(N)],
        [f"{i % 50}.1k" if i % 3 else f"{i % 50}" for i in range(N)],
    ],
    ids=["seats", "bands", "versions", "dates", "times", "zones", "grades", "units", "currencies", "thousands"],
)
def test_words_with_digits_stay_words(words: list[str]) -> None:
    """No number is made of what is none."""
    with read(words) as log:
        assert log.feature_kinds["x"] == "text"
        assert not any("plain ones" in note for note in log.validation.notes)


def test_what_came_to_be_written_so_is_news() -> None:
    """The reference has plain numbers: that the log has units is the fault, and stays to be seen."""
    with read([f"{x} kg" for x in X], held=[str(x) for x in X]) as log:
        assert not any("plain ones" in note for note in log.validation.notes)


@pytest.mark.parametrize(("other", "first"), [("1,5", 1234.0), ("1.5", 1.234)])
def test_a_separator_that_can_be_read_either_way_follows_the_other_columns(other: str, first: float) -> None:
    """1.234 beside 1,5 is more than a thousand; beside 1.5 EUR it is little more than one."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"x": [f"{1 + i % 9}.{234 + i % 5} km" for i in range(N)], "s": rng.random(N),
                         "v": [f"{i}{other[1:]} EUR" for i in range(N)], "y": rng.integers(0, 2, N)})  # fmt: skip
    with read_log(rows, {"task": "binary", "roles": {"score": "s", "label": "y", "feature": ["x", "v"]}}) as log:
        assert log.rows.fetch("SELECT x FROM raw LIMIT 1") == [(first,)]


@pytest.mark.parametrize("name", ["s", "s_pct"])
def test_scores_in_percent_are_probabilities(name: str) -> None:
    """88 % is .88, and so is 88 in a column that is named percent."""
    rng = np.random.default_rng(4)
    p = np.round(rng.uniform(0, 100, N), 1)
    rows = pd.DataFrame({name: [f"{x} %" for x in p] if name == "s" else p, "x": X, "y": rng.integers(0, 2, N)})
    with read_log(rows, {"task": "binary", "roles": {"score": name, "label": "y", "feature": ["x"]}}) as log:
        assert log.validation.score_is_probability
        assert [x for (x,) in log.rows.fetch("SELECT score FROM rows")] == pytest.approx((p / 100).tolist())


def test_parquet_whose_answers_are_kept_is_read_alike(tmp_path: Path) -> None:
    """A second reading with what the first kept finds the same numbers, and no answer about the text."""
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"x": WRITTEN["a currency behind"], "s": rng.random(N), "y": rng.integers(0, 2, N)})
    rows.to_parquet(tmp_path / "log.parquet")
    told = {"task": "binary", "roles": {"score": "s", "label": "y", "feature": ["x"]}}
    for _ in range(2):
        kept = Kept(tmp_path / "kept")
        with read_log(tmp_path / "log.parquet", told, kept=kept) as log:
            assert log.feature_kinds["x"] == "number"
            assert [x for (x,) in log.rows.fetch("SELECT x FROM raw")] == pytest.approx(X.tolist())
        kept.finish()


@pytest.mark.parametrize("task", ["regression", None])
def test_forecasts_and_what_came_are_numbers(task: str | None) -> None:
    """Of a regression, declared or guessed, answers and labels are read so too."""
    rows = pd.DataFrame({"came": WRITTEN["a decimal comma"], "said": WRITTEN["a currency behind"], "x": X})
    with read_log(rows, {"task": task, "roles": {"prediction": "said", "label": "came", "feature": ["x"]}}) as log:
        assert log.task == "regression"
        found = log.rows.fetch("SELECT label - prediction FROM rows")
    assert {d for (d,) in found} == {0.0}


def test_a_decimal_sign_that_no_value_settles_is_said_to_be_guessed() -> None:
    """2,491 kg may be two tons or two kilograms."""
    with read([f"{2 + i % 7},{100 + i} kg" for i in range(N)]) as log:
        assert any("which no value settles: x" in note for note in log.validation.notes)


def test_percents_are_parts_of_one_where_roles_are_guessed_and_where_the_reference_lacks_them() -> None:
    """A column called score that holds 88 % is one of probabilities, whoever said so."""
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"x": rng.normal(size=N), "y_true": rng.integers(0, 2, N)})
    rows["y_pred"], rows["score"] = rng.integers(0, 2, N), [f"{i % 100} %" for i in range(N)]
    named = rows.drop(columns="score").assign(risk_pct=rng.integers(0, 100, N))
    told = {"roles": {"score": "risk_pct", "prediction": "y_pred", "label": "y_true", "feature": ["x"]}}
    with read_log(rows) as one, read_log(named, told, reference=named.drop(columns="risk_pct")) as other:
        assert one.validation.score_is_probability
        assert other.validation.score_is_probability


def test_words_for_nothing_beside_dressed_numbers_are_missing() -> None:
    """NA and a dash stand for no number, in dress as without."""
    with read([f"{x} kg" if i % 3 else ["NA", "-"][i % 2] for i, x in enumerate(X)]) as log:
        assert log.feature_kinds["x"] == "number"


def test_values_that_come_to_be_written_otherwise_are_counted() -> None:
    """What was 1,5 and is 1.5 from the two hundred and first row on is no number as the others are: it is said."""
    with read([f"{x:.2f}".replace(".", ",") if i < 250 else f"{x:.2f}" for i, x in enumerate(X)]) as log:
        assert "x: 50 values are no number as the others are, and count as missing" in log.validation.notes
