"""Roles, task and classes are guessed from names, types and figures; what is declared always wins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.errors import RolesError
from toolkit.logs import read_log
from toolkit.logs.guess import fill_features, guess_roles
from toolkit.logs.kinds import decide_kinds
from toolkit.logs.stats import ColumnStats, family_of
from toolkit.logs.values import class_value
from toolkit.roles import Roles


def stats(**columns: tuple[str, dict[str, object]]) -> dict[str, ColumnStats]:
    """Make figures of columns: name -> (type, what differs from 1,000 filled rows of ten values)."""
    made = {}
    for name, (kind, figures) in columns.items():
        base = {"n": 1000, "filled": 1000, "distinct": 10, "integral": "INT" in kind, "low": 0.0, "high": 9.0}
        family = family_of(kind)
        share = {"number_share": 1.0} if family in {"number", "boolean"} else {}
        times = {"time_share": 1.0} if family == "time" else {}
        made[name] = ColumnStats(name, kind, family, **{**base, **share, **times, **figures})  # type: ignore[arg-type]
    return made


UNIQUE = {"distinct": 1000}
FRACTION = {"distinct": 900, "high": 1.0, "integral": False}


@pytest.mark.parametrize(
    ("role", "column", "kind", "figures"),
    [
        ("timestamp", "ts", "TIMESTAMP", UNIQUE),
        ("timestamp", "Event Time", "VARCHAR", {"time_share": 1.0}),
        ("timestamp", "created_at", "BIGINT", {"low": 1.7e9, "high": 1.8e9}),
        ("timestamp", "date", "DATE", {}),
        ("id", "requestId", "VARCHAR", UNIQUE),
        ("label", "y_true", "BIGINT", {"distinct": 2}),
        ("label", "GroundTruth", "VARCHAR", {"distinct": 2}),
        ("prediction", "y_pred", "BOOLEAN", {"distinct": 2}),
        ("score", "y_proba", "DOUBLE", FRACTION),
        ("score", "p", "DOUBLE", FRACTION),
        ("model_version", "version", "VARCHAR", {}),
        ("latency_ms", "latency", "DOUBLE", UNIQUE),
        ("status", "http_status", "BIGINT", {"low": 200.0, "high": 503.0}),
        ("decision", "final_decision", "VARCHAR", {"distinct": 2}),
        ("decider", "judge", "VARCHAR", {"distinct": 40}),
        ("label_time", "labeled_at", "TIMESTAMP", UNIQUE),
        ("cost", "amount_lost", "DOUBLE", UNIQUE),
    ],
)
def test_single_roles_are_known_by_their_names(role: str, column: str, kind: str, figures: dict[str, object]) -> None:
    """A usual name with fitting values gives its role, however it is spelled."""
    roles = guess_roles(stats(**{column: (kind, figures)})).roles
    assert roles.single == {role: column}
    assert role in roles.guessed


@pytest.mark.parametrize(
    ("column", "kind", "figures"),
    [
        ("time", "DOUBLE", {"low": 0.0, "high": 24.0}),
        ("score", "VARCHAR", {"number_share": 0.1}),
        ("latency", "VARCHAR", {}),
        ("status", "VARCHAR", {"distinct": 900}),
        ("date", "VARCHAR", {"time_share": 0.0}),
        ("label", "TIMESTAMP", {}),
    ],
)
def test_a_name_alone_is_not_enough(column: str, kind: str, figures: dict[str, object]) -> None:
    """A column named like a role whose values do not fit it does not get the role."""
    assert guess_roles(stats(**{column: (kind, figures)})).roles.single == {}


@pytest.mark.parametrize(
    ("role", "column", "kind", "figures"),
    [
        ("timestamp", "seen_at", "TIMESTAMP", UNIQUE),
        ("timestamp", "week", "VARCHAR", {"time_share": 1.0}),
        ("prediction", "forecast_units", "DOUBLE", UNIQUE),
        ("prediction", "ai_suggestion", "BIGINT", {"distinct": 2}),
        ("score", "y_pred_proba", "DOUBLE", FRACTION),
        ("score", "probability_of_default", "DOUBLE", FRACTION),
        ("decision", "doctor_decision", "VARCHAR", {"distinct": 2}),
        ("label", "actual_units", "DOUBLE", UNIQUE),
    ],
)
def test_a_telling_word_gives_the_role(role: str, column: str, kind: str, figures: dict[str, object]) -> None:
    """The only column that a word of its name, or its being a time, gives away has that role."""
    assert guess_roles(stats(**{column: (kind, figures)})).roles.single == {role: column}


@pytest.mark.parametrize(
    "columns",
    [
        ("actual_units", "actual_price"),
        ("previous_outcome",),
        ("prediction_error",),
        ("date_of_birth",),
    ],
)
def test_a_word_that_tells_nothing_certain_gives_no_role(columns: tuple[str, ...]) -> None:
    """Two columns with the same word, or a word that is about something else, are not guessed."""
    kind = "TIMESTAMP" if "birth" in columns[0] else "BIGINT"
    assert guess_roles(stats(**dict.fromkeys(columns, (kind, UNIQUE)))).roles.single == {}


def test_the_likelier_name_wins() -> None:
    """Of two columns that could be the label, the one with the more usual name is it; the other is a feature."""
    roles = guess_roles(stats(outcome=("BIGINT", {"distinct": 2}), label=("BIGINT", {"distinct": 2}))).roles
    assert roles.single == {"label": "label"}
    assert roles.columns("feature") == ("outcome",)


def test_groups_and_segments_are_columns_of_few_values_with_telling_names() -> None:
    """Protected attributes become groups, places and channels segments; a numeric age and 300 cities neither."""
    roles = guess_roles(
        stats(
            patient_sex=("VARCHAR", {"distinct": 2}),
            age_band=("VARCHAR", {"distinct": 6}),
            storeRegion=("VARCHAR", {"distinct": 9}),
            hospital=("BIGINT", {"distinct": 5}),
            age=("DOUBLE", {"distinct": 80}),
            city=("VARCHAR", {"distinct": 300}),
            estate_value=("DOUBLE", {"distinct": 800}),
        )
    ).roles
    assert roles.columns("group") == ("patient_sex", "age_band")
    assert roles.columns("segment") == ("storeRegion", "hospital")
    assert roles.columns("feature") == ("age", "city", "estate_value")


def test_ids_times_and_free_text_are_no_features_and_it_is_said() -> None:
    """Columns that tell rows apart are left out of the features, each with the reason."""
    guess = fill_features(
        Roles(single={"score": "score"}),
        stats(
            score=("DOUBLE", {}),
            customer_id=("BIGINT", UNIQUE),
            token=("VARCHAR", {**UNIQUE, "mean_length": 8.0}),
            comment=("VARCHAR", {**UNIQUE, "mean_length": 80.0}),
            seen=("TIMESTAMP", {}),
            tags=("VARCHAR[]", {}),
            split=("VARCHAR", {"distinct": 2}),
            income=("BIGINT", UNIQUE),
            nth=("BIGINT", {**UNIQUE, "low": 1.0, "high": 1000.0}),
            plan=("VARCHAR", {"distinct": 4}),
            plan_id=("BIGINT", {"distinct": 4}),
        ),
    )
    assert guess.roles.columns("feature") == ("income", "plan", "plan_id")
    assert dict(guess.notes) == {
        "customer_id": "left out: an id",
        "token": "left out: an id",
        "comment": "left out: free text",
        "seen": "left out: a time",
        "tags": "left out: of type VARCHAR[]",
        "nth": "left out: a row number",
    }


@pytest.mark.parametrize("roles", [None, {"score": "score"}], ids=["guessed", "declared"])
def test_a_running_number_is_no_feature(roles: object) -> None:
    """A column that counts the rows would drift by itself: it is left out, one that merely starts so is not."""
    n = 200
    data = pd.DataFrame({"score": [0.5] * n, "nth": range(n), "half": [min(i, 100) for i in range(n)]})
    with read_log(data, roles) as log:
        assert log.feature_names == ("half",)
        assert log.column_notes["nth"] == "left out: a row number"


def test_a_single_free_text_is_the_text_when_all_is_guessed() -> None:
    """One column of free text is the role text, two are none."""
    text = ("VARCHAR", {**UNIQUE, "mean_length": 80.0})
    assert guess_roles(stats(comment=text)).roles.column("text") == "comment"
    assert guess_roles(stats(comment=text, body=text)).roles.column("text") is None


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("calls_forecast", "calls"),
        ("churn_pred", "churned"),
        ("default_prediction", "default"),
        ("forecast_units", "sold_units"),
        ("prognose_mw", "ist_mw"),
    ],
)
def test_what_the_answer_is_named_after_is_the_label(answer: str, label: str) -> None:
    """A forecast of calls is held to the calls; ``recalls`` is another column."""
    figures = {"distinct": 2, "high": 1.0}
    columns = {answer: ("BIGINT", figures), label: ("BIGINT", figures), f"re{label}": ("BIGINT", figures)}
    assert guess_roles(stats(**columns)).roles.single == {"prediction": answer, "label": label}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "label"), [("p_complaint", "complaint"), ("mi_prob", "mi_confirmed"), ("p_win_red", "red_won")]
)
def test_a_probability_and_what_it_is_of(score: str, label: str) -> None:
    """A column of fractions that is named like a probability is the score, and what it is named after the label."""
    columns = {score: ("DOUBLE", FRACTION), label: ("BIGINT", {"distinct": 2, "high": 1.0}), "age": ("BIGINT", {})}
    assert guess_roles(stats(**columns)).roles.single == {"score": score, "label": label}  # type: ignore[arg-type]


def test_a_column_named_after_another_foretells_it() -> None:
    """Without a usual name for either: load_mw_fc is the forecast of load_mw."""
    number = ("DOUBLE", {"distinct": 900, "high": 90.0, "integral": False})
    columns = {"load_mw_fc": number, "load_mw": number, "temp": number}
    assert guess_roles(stats(**columns)).roles.single == {"prediction": "load_mw_fc", "label": "load_mw"}  # type: ignore[arg-type]


def test_all_that_there_is_beside_a_forecast_is_the_label() -> None:
    """A week, a forecast and one number more: that came. With a second number nobody can say which it is."""
    number = ("DOUBLE", {"distinct": 100, "high": 900.0, "integral": False})
    columns = {"week": ("DATE", {}), "forecast": number, "tons": number}
    assert guess_roles(stats(**columns)).roles.single["label"] == "tons"  # type: ignore[arg-type]
    assert "label" not in guess_roles(stats(**columns, price=number)).roles.single  # type: ignore[arg-type]


def test_fractions_that_share_the_predictions_name_are_the_score() -> None:
    """``churn_score`` beside ``churn_pred`` is how sure it was; ``credit_score``, of hundreds, is an input."""
    columns = {"churn_pred": ("BIGINT", {"distinct": 2}), "churn_score": ("DOUBLE", FRACTION)}
    assert guess_roles(stats(**columns)).roles.single["score"] == "churn_score"  # type: ignore[arg-type]
    other = {"credit_pred": ("BIGINT", {"distinct": 2}), "credit_score": ("BIGINT", {"high": 850.0})}
    assert "score" not in guess_roles(stats(**other)).roles.single  # type: ignore[arg-type]


def test_a_prediction_of_fractions_is_the_score() -> None:
    """A column named prediction that holds fractions beside a label of two values is a score, and it is said."""
    guess = guess_roles(stats(prediction=("DOUBLE", FRACTION), label=("BIGINT", {"distinct": 2})))
    assert guess.roles.single == {"label": "label", "score": "prediction"}
    assert "score" in guess.notes["prediction"]


def test_what_is_declared_is_kept_and_nothing_else_is_guessed() -> None:
    """With declared roles a column named label stays a feature, and only the features are filled in."""
    data = pd.DataFrame({"p": [0.2, 0.8], "label": [0, 1], "sex": ["F", "M"], "timestamp": [1, 2]})
    with read_log(data, {"score": "p"}) as log:
        assert log.roles.single == {"score": "p"}
        assert log.roles.columns("feature") == ("label", "sex", "timestamp")
        assert log.roles.guessed == {"feature", "task", "positive"}


def test_the_table_of_roles_shows_every_column() -> None:
    """One line a column: type, role, declared or guessed, and why a column was left out."""
    data = pd.DataFrame(
        {"p": [0.2, 0.8], "label": [0, 1], "user_id": [11, 12], "when": pd.to_datetime(["2026-01-01"] * 2)}
    )
    with read_log(data, {"score": "p"}) as log:
        assert log.roles_table() == [
            {"column": "p", "type": "DOUBLE", "role": "score", "source": "declared", "note": ""},
            {"column": "label", "type": "BIGINT", "role": "feature", "source": "guessed", "note": ""},
            {"column": "user_id", "type": "BIGINT", "role": "", "source": "", "note": "left out: an id"},
            {"column": "when", "type": "TIMESTAMP", "role": "", "source": "", "note": "left out: a time"},
        ]


# -- task, classes and the positive class -----------------------------------------------------------------------------


def outcome_of(roles: object = None, **columns: list[object]) -> tuple[str, tuple[str, ...]]:
    """Give task and classes of a log of these columns."""
    with read_log(pd.DataFrame(columns), roles) as log:
        return log.task, log.classes


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"prediction": [0, 1, 1], "label": [0, 1, 0]}, ("binary", ("0", "1"))),
        ({"prediction": [True, False, True], "label": [1.0, 0.0, 0.0]}, ("binary", ("0", "1"))),
        ({"prediction": ["yes", "no"], "label": ["no", "no"]}, ("binary", ("no", "yes"))),
        ({"prediction": ["Yes", "no"], "label": [1, 0]}, ("binary", ("0", "1"))),
        ({"prediction": ["neg", "pos"], "label": ["pos", "pos"]}, ("binary", ("neg", "pos"))),
        ({"prediction": [-1, 1], "label": [1, 1]}, ("binary", ("-1", "1"))),
        ({"prediction": ["a", "b", "c"], "label": ["a", "a", "c"]}, ("multiclass", ("a", "b", "c"))),
        ({"prediction": [3, 10, 2], "label": [2, 2, 10]}, ("multiclass", ("2", "3", "10"))),
        ({"prediction": [1.5, 2.5, 7.25], "label": [1.0, 2.0, 7.0]}, ("regression", ())),
        ({"prediction": list(range(40)), "label": list(range(40))}, ("regression", ())),
        ({"score": [0.1, 0.9]}, ("binary", ("0", "1"))),
        ({"decision": ["release", "detain"]}, ("binary", ("release", "detain"))),
        ({"prediction": ["fraud"], "label": ["fraud"]}, ("binary", ("not fraud", "fraud"))),
        ({"prediction": [0, 0], "label": [0, 0]}, ("binary", ("0", "1"))),
        ({"prediction": [1, 0], "label": [None, None]}, ("binary", ("0", "1"))),
    ],
)
def test_the_task_and_its_classes_follow_from_the_values(
    columns: dict[str, list[object]], expected: tuple[str, tuple[str, ...]]
) -> None:
    """Two values are a binary task, few a multiclass one, many numbers or fractions a regression; spellings agree."""
    assert outcome_of(**columns) == expected


def test_the_positive_class_is_where_scores_are_higher() -> None:
    """Of two classes without telling names the one of higher scores is positive, even where it is the commoner."""
    columns = {"label": ["bad", "good", "good"], "score": [0.1, 0.8, 0.9], "prediction": ["bad", "good", "good"]}
    assert outcome_of(**columns) == ("binary", ("bad", "good"))


def test_the_rarer_class_is_positive_without_scores() -> None:
    """Without scores the rarer of two unnamed classes is the positive one."""
    columns = {"label": ["b", "b", "a", "b"], "prediction": ["b", "b", "b", "b"]}
    assert outcome_of(**columns) == ("binary", ("b", "a"))


def test_declared_task_and_positive_win() -> None:
    """What roles.toml says of task and positive class holds, in whatever spelling."""
    roles = {"task": "binary", "roles": {"prediction": "prediction", "label": "label"}, "values": {"positive": 0}}
    assert outcome_of(roles, prediction=[1.0, 0.0], label=[True, False]) == ("binary", ("1", "0"))
    roles = {"task": "multiclass", "roles": {"prediction": "prediction"}}
    assert outcome_of(roles, prediction=[1, 0, 1]) == ("multiclass", ("0", "1"))


@pytest.mark.parametrize("total", ["Total", "", "Summe"])
def test_a_total_below_the_table_decides_nothing(total: str, tmp_path: Path) -> None:
    """One row without a time makes no third class of its sums, no text of a column of numbers, and no note."""
    lines = [f"2026-03-{day:02},{day % 2},0.{day + 10},{(day // 2) % 2},{day * 1.5}" for day in range(1, 31)]
    text = "\n".join(["date,prediction,score,label,amount", *lines, f"{total},15,7.65,14,all: 697.5"])
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    with read_log(tmp_path / "log.csv") as log:
        assert (log.task, log.classes, log.feature_kinds) == ("binary", ("0", "1"), {"amount": "number"})
        assert (log.validation.rows_kept, sum(log.validation.quarantined.values())) == (30, 1)
        assert log.validation.notes == ()


def test_a_class_that_is_rare_is_one_all_the_same() -> None:
    """A third class of one row that has a time stays a class."""
    days = pd.date_range("2026-03-01", periods=4)
    data = pd.DataFrame({"timestamp": days, "prediction": ["a", "b", "c", "a"], "label": ["a", "b", "c", "b"]})
    with read_log(data) as log:
        assert log.classes == ("a", "b", "c")


def test_decisions_of_a_third_kind_make_no_class() -> None:
    """A decision to look again is neither class: the task stays binary, and nothing was decided, as the report says."""
    data = pd.DataFrame({"prediction": [1, 0, 1], "label": [1, 0, 0], "decision": ["1", "0", "review"]})
    with read_log(data) as log:
        assert (log.task, log.classes) == ("binary", ("0", "1"))
        assert [d for (d,) in log.rows.fetch("SELECT decision FROM rows")] == ["1", "0", None]
        assert log.validation.notes == ("decision: neither class in 1 row, taken for no decision",)


@pytest.mark.parametrize(
    ("roles", "columns", "line"),
    [
        (
            {"task": "binary", "roles": {"prediction": "p", "label": "y"}, "values": {"positive": "spam"}},
            {"p": ["a", "b"], "y": ["a", "b"]},
            "positive = 'spam' is none of the classes a, b",
        ),
        (
            {"task": "binary", "roles": {"prediction": "p", "label": "y"}},
            {"p": [i / 20 for i in range(20)], "y": [0, 1] * 10},
            "the task is binary, but role prediction \\(p\\) holds fractions",
        ),
        (
            {"task": "regression", "roles": {"prediction": "p"}},
            {"p": ["low", "high"]},
            "the task is regression, but role prediction holds words such as 'high'",
        ),
    ],
)
def test_what_is_declared_must_fit_the_values(roles: object, columns: dict[str, list[object]], line: str) -> None:
    """A declared task or positive class that the values contradict is an error that names both."""
    with pytest.raises(RolesError, match=line):
        outcome_of(roles, **columns)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "1"), (1, "1"), (1.0, "1"), ("1.0", "1"), (" TRUE ", "1"), ("no", "no"), (0.5, "0.5"), (False, "0")],
)
def test_classes_have_one_spelling(value: object, expected: str) -> None:
    """1, 1.0, "1" and true are one class, as a declared value and as values of columns of every type."""
    assert class_value(value) == expected  # type: ignore[arg-type]
    kinds = [value] if isinstance(value, str) else [value, str(value)]
    for one in kinds:
        data = pd.DataFrame({"prediction": [one, one]})
        with read_log(data, {"task": "multiclass", "roles": {"prediction": "prediction"}}) as log:
            assert log.rows.fetch("SELECT DISTINCT prediction FROM rows") == [(expected,)]


def test_statuses_of_an_answered_request_are_guessed() -> None:
    """ok, success and 2xx are answers; with none of these the commonest status is."""
    for statuses, expected in (
        (["ok", "timeout", "ok"], ("ok",)),
        ([200, 503, 201], ("200", "201")),
        (["Success", "error", "error"], ("Success",)),
        (["fine", "fine", "broken"], ("fine",)),
    ):
        data = pd.DataFrame({"prediction": [1, 0, 1], "status": statuses})
        with read_log(data) as log:
            assert log.roles.status_ok == expected
            assert "status_ok" in log.roles.guessed
            good = [str(s) in expected for s in statuses]
            assert [ok for (ok,) in log.rows.fetch("SELECT ok FROM rows")] == good


# -- kinds of features ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "there", "kind", "changed"),
    [
        (("DOUBLE", {}), ("BIGINT", {}), "number", False),
        (("BOOLEAN", {}), ("BIGINT", {}), "number", False),
        (("VARCHAR", {"number_share": 0.995}), None, "number", False),
        (("VARCHAR", {"number_share": 0.95}), None, "text", False),
        (("VARCHAR", {"number_share": 0.6}), ("DOUBLE", {}), "number", True),
        (("VARCHAR", {"number_share": 0.4}), ("DOUBLE", {}), "text", True),
        (("DOUBLE", {}), ("VARCHAR", {"number_share": 0.0}), "text", True),
        (("VARCHAR", {"filled": 0}), ("DOUBLE", {}), "number", False),
        (("VARCHAR", {"filled": 0}), ("VARCHAR", {}), "text", False),
        (None, ("DOUBLE", {}), "number", False),
    ],
)
def test_the_kind_of_a_feature_is_decided_for_both_sides(
    here: tuple[str, dict[str, object]] | None, there: tuple[str, dict[str, object]] | None, kind: str, changed: bool
) -> None:
    """Numbers, texts and empty columns of log and reference give one kind, and a change of type where they differ."""
    kinds = decide_kinds(["a"], stats(a=here) if here else {}, stats(a=there) if there else {})
    assert kinds.features == {"a": kind}
    assert bool(kinds.changes) is changed


def test_infinities_and_nan_are_missing_numbers() -> None:
    """NaN and both infinities are NULL in rows and counted; huge numbers stay as they are."""
    data = pd.DataFrame({"score": [0.1, 0.2, 0.3, 0.4], "a": [np.nan, np.inf, -np.inf, 1e308]})
    with read_log(data, {"score": "score"}) as log:
        assert [a for (a,) in log.rows.fetch("SELECT feature_0 FROM rows")] == [None, None, None, 1e308]
        assert log.validation.not_finite == {"a": 2}


def without_labels(*leave: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give a log of 200 rows without its outcomes, and 300 rows before it with them."""
    rng = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "timestamp": pd.date_range("2026-01-01", periods=500, freq="h", tz="UTC"),
            "income": rng.normal(3_000, 500, 500),
            "y_pred": rng.integers(0, 2, 500),
            "repaid": rng.integers(0, 2, 500).astype(float),
        }
    )
    return rows.iloc[300:].drop(columns=[*leave]), rows.iloc[:300]


def test_the_one_column_that_the_log_has_not_got_yet_is_the_label() -> None:
    """Outcomes come late: what only the reference has is the label, whatever it is called, and no change of schema."""
    log, reference = without_labels("repaid")
    with read_log(log, reference=reference) as read:
        assert read.roles.column("label") == "repaid"
        assert read.missing_columns == ()
    declared = {"timestamp": "timestamp", "prediction": "y_pred", "label": "repaid"}
    with read_log(log, declared, reference=reference) as read:
        assert read.roles.columns("feature") == ("income",)


def test_a_feature_that_the_log_lost_is_no_label() -> None:
    """A column of fractions is no answer of a model that says 0 or 1, and one of a renamed pair is neither."""
    log, reference = without_labels("repaid", "income")
    with read_log(log, reference=reference.drop(columns="repaid")) as read:
        assert read.roles.column("label") is None
        assert read.missing_columns == ("income",)
    log, reference = without_labels()
    with read_log(log.rename(columns={"repaid": "paid"}), reference=reference) as read:
        assert read.roles.column("label") is None


def test_an_index_with_fractions_is_measured() -> None:
    """A body mass index is a feature; a row index that counts is none."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"row_index": np.arange(300), "body_mass_index": rng.normal(25, 4, 300).round(3),
                          "prediction": rng.integers(0, 2, 300), "label": rng.integers(0, 2, 300)})  # fmt: skip
    with read_log(frame) as log:
        assert log.feature_names == ("body_mass_index",)
