"""What was read, what was kept and why not the rest: counted exactly, stated with its rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import LogError
from toolkit.logs import Validation, read_log

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def read(roles: object = None, **columns: object):
    """Read a log of these columns at noon of nothing: the clock stands at 1 June 2026."""
    return read_log(pd.DataFrame(columns), roles, now=NOW)


def times(values: list[object], **more: object) -> list[str | None]:
    """Give the times that a log of these timestamps has, as text; every row has a score."""
    with read_log(pd.DataFrame({"timestamp": values, "score": 0.5} | more), now=NOW) as log:
        found = log.rows.fetch("SELECT CAST(t AS VARCHAR) FROM rows")
    return [t for (t,) in found]


# -- timestamps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-14T09:30:00Z", "2026-03-14 09:30:00"),
        ("2026-03-14T09:30:00+02:00", "2026-03-14 07:30:00"),
        ("2026-03-14T09:30:00.250-0530", "2026-03-14 15:00:00.25"),
        ("2026-03-14 09:30", "2026-03-14 09:30:00"),
        ("2026-03-14 09:30+01:00", "2026-03-14 08:30:00"),
        ("2026-03-14 09:30:00 +0100", "2026-03-14 08:30:00"),
        ("2026-03-14t09:30:00z", "2026-03-14 09:30:00"),
        ("20260314T093000Z", "2026-03-14 09:30:00"),
        (" 2026-03-14 ", "2026-03-14 00:00:00"),
        ("2013-01-01", "2013-01-01 00:00:00"),
        ("14.03.2026 09:30", "2026-03-14 09:30:00"),
        ("14/03/2026", "2026-03-14 00:00:00"),
        ("03/14/2026", "2026-03-14 00:00:00"),
        (1_773_480_600, "2026-03-14 09:30:00"),
        (1_773_480_600_250, "2026-03-14 09:30:00.25"),
        (1_773_480_600_250_000, "2026-03-14 09:30:00.25"),
        (1_773_480_600_250_000_000, "2026-03-14 09:30:00.25"),
        (1_773_480_600.5, "2026-03-14 09:30:00.5"),
        ("1773480600", "2026-03-14 09:30:00"),
        (20260314, "2026-03-14 00:00:00"),
        (datetime(2026, 3, 14, 9, 30, tzinfo=UTC), "2026-03-14 09:30:00"),
        (pd.Timestamp("2026-03-14 09:30", tz="America/New_York"), "2026-03-14 13:30:00"),
        (pd.Timestamp("2026-03-14 09:30").date(), "2026-03-14 00:00:00"),
    ],
)
def test_every_way_to_tell_the_time_is_utc(value: object, expected: str) -> None:
    """ISO 8601 with any offset, dates, epochs in any unit and time zones of a table give the same UTC moment."""
    assert times([value, value]) == [expected, expected]


def test_a_day_above_twelve_tells_day_from_month() -> None:
    """A column of slashed dates is read one way throughout: the way that reads them all."""
    assert times(["03/04/2026", "03/14/2026"]) == ["2026-03-04 00:00:00", "2026-03-14 00:00:00"]
    assert times(["03/04/2026", "14/03/2026"]) == ["2026-04-03 00:00:00", "2026-03-14 00:00:00"]


@pytest.mark.parametrize(
    ("values", "statement"),
    [
        (["2026-03-14T09:30:00+02:00"] * 2, "with an offset, converted to UTC"),
        (["2026-03-14T09:30:00"] * 2, "without a time zone, taken as UTC"),
        (
            ["2026-03-14T09:30:00Z", "2026-03-14T09:30:00", "2026-03-14"],
            "mixed: 1 with an offset, converted to UTC; 2 without, taken as UTC",
        ),
        (pd.to_datetime(["2026-03-14"] * 2).tz_localize("Asia/Tokyo"), "with a time zone, converted to UTC"),
        (pd.to_datetime(["2026-03-14"] * 2), "without a time zone, taken as UTC"),
        ([1_773_480_600] * 2, "numbers since 1970, which are UTC"),
    ],
)
def test_the_time_zone_is_stated(values: object, statement: str) -> None:
    """The report says how times were read, and counts both kinds where they are mixed."""
    with read(timestamp=values, score=0.5) as log:
        assert log.validation.time_zone == statement


@pytest.mark.parametrize(
    ("values", "expected", "zones"),
    [
        (["2026-03-07 23:30:00 PST", "2026-03-08 03:30:00 PDT"], "2026-03-08 10:30:00", ["PST", "PDT"]),
        (["2026-07-01 12:00 BST"] * 2, "2026-07-01 11:00:00", ["BST"]),
        (["28/03/2026 12:00 GMT", "20/04/2026 12:00 BST"], "2026-04-20 11:00:00", ["BST", "GMT"]),
        (["2026-03-01T00:00:00"] * 1000 + ["04/20/2026 12:00 EDT"], "2026-04-20 16:00:00", ["EDT"]),
        (["14.03.2026 09:30:00 CET"] * 2, "2026-03-14 08:30:00", ["CET"]),
        (["Sat Mar 14 09:30:00 EST 2026"] * 2, "2026-03-14 14:30:00", ["EST"]),
    ],
)
def test_the_name_of_a_zone_is_read_as_its_offset(values: list[str], expected: str, zones: list[str]) -> None:
    """What is written with the name of a zone is converted to UTC, and the report says from what."""
    with read(timestamp=values, score=0.5) as log:
        assert log.validation.last is not None
        assert f"{log.validation.last:%Y-%m-%d %H:%M:%S}" == expected
        assert "converted to UTC" in log.validation.time_zone or values[0].startswith("2026-03-01")
        assert [note.split()[1] for note in log.validation.notes if "is read as" in note] == zones


@pytest.mark.parametrize(
    ("later", "form"),
    [
        ("14.03.2026 09:30", "%d.%m.%Y %H:%M"),
        ("1773480600", "numbers since 1970"),
        ("03/14/2026 09:30:00 AM", "%m/%d/%Y %I:%M:%S %p"),
    ],
)
def test_times_that_are_written_otherwise_later_on_are_read(later: str, form: str) -> None:
    """A service that was changed writes times in another way: no row is lost, and the report says how many they are."""
    with read(timestamp=["2026-03-01T00:00:00"] * 30 + [later] * 4 + ["Total"], score=0.5) as log:
        assert log.validation.quarantined == {"bad timestamp": 1}
        assert log.validation.last == datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
        assert log.validation.notes == (
            f"timestamp: 4 times are not written as the first ones are, and read as {form}",
        )


def test_times_of_labels_that_are_written_otherwise_later_on_are_read() -> None:
    """Where all times of rows can be read, too: else these labels would seem to have come at no time."""
    came = ["2026-03-01"] * 30 + ["14.03.2026 09:30"] * 4
    with read(timestamp="2026-02-01", label_time=came, label=1, score=0.5) as log:
        assert log.rows.fetch("SELECT count(label_time) FROM rows") == [(34,)]
        assert log.validation.rows_kept == 34


@pytest.mark.parametrize("text", ["3/14/2026, 9:30:00\u202fAM", "2026-03-14\u00a009:30:00"])
def test_blanks_that_no_line_is_broken_at_are_blanks(text: str) -> None:
    """JavaScript writes one before AM and PM."""
    with read({"timestamp": "when", "score": "score"}, when=[text] * 30, score=0.5) as log:
        assert log.validation.last == datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


def test_times_of_a_reference_that_are_written_otherwise_later_on_are_read() -> None:
    """A reference may lack times, but none that could be read."""
    made = pd.DataFrame({"timestamp": ["2026-03-01"] * 30 + ["14.03.2026 09:30"] * 4, "score": 0.5})
    with read_log(made, reference=made, now=NOW) as log:
        assert log.reference is not None
        assert log.reference.rows.fetch("SELECT count(t) FROM rows") == [(34,)]


@pytest.mark.parametrize(
    ("values", "first", "why"),
    [
        ([f"05/{day:02}/2026" for day in range(1, 9)], "2026-05-01", "later than the log"),
        (["02/01/2026", "02/05/2026", "03/02/2026", "03/05/2026"], "2026-02-01", "not be in order"),
        (["03/01/2026", "02/01/2026", "03/02/2026"], "2026-01-02", "no row tells"),
    ],
)
def test_what_cannot_be_tells_day_from_month(values: list[str], first: str, why: str) -> None:
    """Where each row could be read either way, none is later than the log, and rows are in order."""
    with read(timestamp=values, score=0.5) as log:
        assert log.validation.first is not None
        assert f"{log.validation.first:%Y-%m-%d}" == first
        assert any(why in note for note in log.validation.notes)


def test_the_clock_of_the_machine_has_no_say(monkeypatch) -> None:
    """Naive times are UTC whatever TZ the process runs under."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert times(["2026-03-14T00:00:00", "2026-03-14T00:00:00+09:00"]) == ["2026-03-14 00:00:00", "2026-03-13 15:00:00"]


@settings(max_examples=10, deadline=None)
@given(
    written=st.lists(
        st.tuples(
            st.datetimes(datetime(1971, 1, 2), datetime(2026, 5, 1)),  # noqa: DTZ001  (hypothesis wants naive bounds)
            st.integers(-14 * 60, 14 * 60),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_an_offset_is_always_taken_off(written: list[tuple[datetime, int]]) -> None:
    """Any local time with its offset is the UTC time that Python gives."""
    local = [moment.replace(tzinfo=timezone(timedelta(minutes=offset))) for moment, offset in written]
    expected = [(one.astimezone(UTC).replace(tzinfo=None),) for one in local]
    table = pa.table({"timestamp": [one.isoformat() for one in local], "score": [0.5] * len(local)})
    with read_log(table, now=NOW) as log:
        assert log.rows.fetch("SELECT t FROM rows") == expected


def test_bad_missing_future_and_ancient_times_are_quarantined_apart() -> None:
    """Each kind of unusable time is counted under its own reason, with the numbers of the rows."""
    values = ["2026-03-01"] * 6 + ["never", None, "", "2026-06-04", "2026-06-02", "1970-01-01"]
    with read(timestamp=values, score=0.5) as log:
        assert log.validation.rows_read == 12
        assert log.validation.rows_kept == 7
        assert log.validation.quarantined == {
            "missing timestamp": 2,
            "bad timestamp": 1,
            "timestamp in the future": 1,
            "timestamp of a clock at zero": 1,
        }
        assert log.validation.examples == {
            "missing timestamp": (8, 9),
            "bad timestamp": (7,),
            "timestamp in the future": (10,),
            "timestamp of a clock at zero": (12,),
        }
        assert (log.validation.first, log.validation.last) == (
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2026, 6, 2, tzinfo=UTC),
        )
        assert log.rows.fetch("SELECT row, reason FROM quarantined ORDER BY row") == [
            (7, "bad timestamp"),
            (8, "missing timestamp"),
            (9, "missing timestamp"),
            (10, "timestamp in the future"),
            (12, "timestamp of a clock at zero"),
        ]


def test_a_log_wholly_in_the_future_is_kept_with_a_note() -> None:
    """Where most rows lie in the future the clock is doubted, not the log."""
    with read(timestamp=["2031-01-01", "2031-01-02"], score=0.5) as log:
        assert log.validation.rows_kept == 2
        assert log.validation.quarantined == {}
        assert "2 of 2 rows have a timestamp in the future" in log.validation.notes[0]


def test_a_log_of_the_sixties_is_kept() -> None:
    """Old times are a log of old, among them New Year's Day of 1970; without others that day is a clock at zero."""
    with read(timestamp=["1969-06-01", "1970-01-01", "1975-01-01"], score=0.5) as log:
        assert log.validation.rows_kept == 3
        assert log.validation.notes == ()
    with read(timestamp=["1975-06-01", "1970-01-01", "0001-01-01", "1975-01-01"], score=0.5) as log:
        assert log.validation.quarantined == {"timestamp of a clock at zero": 2}


def test_a_reference_may_lack_times() -> None:
    """A reference row without a usable time is kept, one of the log is not."""
    data = pd.DataFrame({"timestamp": ["2026-01-01", "?", None], "score": 0.5})
    with read_log(data, reference=data, now=NOW) as log:
        assert log.validation.rows_kept == 1
        assert log.reference is not None
        assert log.reference.validation.rows_kept == 3


def test_the_order_of_examples_is_that_of_the_rows() -> None:
    """Of many rows with one fault the first and the last three are named."""
    values = ["2026-01-01"] * 1000
    for row in range(100, 200):
        values[row] = "broken"
    with read(timestamp=values, score=0.5) as log:
        assert log.validation.examples == {"bad timestamp": (101, 102, 103, 198, 199, 200)}


# -- scores and labels ------------------------------------------------------------------------------------------------


def test_a_few_impossible_scores_are_quarantined() -> None:
    """A score outside [0, 1] among probabilities keeps its row out; rounding does not."""
    scores = np.linspace(0, 1, 400)
    scores[7], scores[8], scores[9] = 1.5, -0.2, 1.0000000001
    with read(score=scores, label=[0, 1] * 200) as log:
        assert log.validation.quarantined == {"impossible score": 2}
        assert log.validation.examples == {"impossible score": (8, 9)}
        assert log.validation.score_is_probability


def test_scores_of_another_scale_are_kept_with_a_note() -> None:
    """Where more than 1 % of scores leave [0, 1] the score is no probability: nothing is quarantined; it is said."""
    with read(score=np.linspace(-3, 3, 400), label=[0, 1] * 200) as log:
        assert log.validation.rows_kept == 400
        assert not log.validation.score_is_probability
        assert "the score is no probability" in log.validation.notes[0]


def test_a_regression_has_no_impossible_score() -> None:
    """In a regression a score may be any number."""
    roles = {"task": "regression", "roles": {"prediction": "prediction", "score": "score"}}
    with read(roles, prediction=[1.0, 2.5], score=[0.5, 7.0]) as log:
        assert log.validation.quarantined == {}


def test_a_label_of_neither_class_is_unknown() -> None:
    """With the reference's two classes a third label keeps its row out; a missing one does not."""
    reference = pd.DataFrame({"prediction": [0, 1, 1], "label": [0, 1, 0]})
    log_frame = pd.DataFrame({"prediction": [0, 1, 1, 0, 1], "label": ["0", "1", "maybe", None, "1.0"]})
    roles = {"task": "binary", "roles": {"prediction": "prediction", "label": "label"}}
    with read_log(log_frame, roles, reference=reference) as log:
        assert log.validation.quarantined == {"unknown label": 1}
        assert log.validation.examples == {"unknown label": (3,)}
        assert log.validation.nulls == {"prediction": 0, "label": 1}
        assert log.rows.fetch("SELECT prediction, label FROM rows") == [("0", "0"), ("1", "1"), ("0", None), ("1", "1")]


def test_a_rare_third_label_is_found_without_a_declaration() -> None:
    """One odd label in 300 beside predictions of two classes leaves the task binary."""
    labels = [0, 1] * 150
    with read(prediction=[0, 1] * 150, label=[*map(str, labels[:-1]), "?"]) as log:
        assert log.task == "binary"
        assert log.validation.quarantined == {"unknown label": 1}


def test_a_new_label_of_a_multiclass_task_is_a_class() -> None:
    """In a multiclass task a label never seen before is news, not a fault."""
    reference = pd.DataFrame({"prediction": ["a", "b", "c"], "label": ["a", "b", "c"]})
    with read_log(pd.DataFrame({"prediction": ["a", "b"], "label": ["d", "b"]}), reference=reference) as log:
        assert log.classes == ("a", "b", "c", "d")
        assert log.validation.quarantined == {}


def test_a_prediction_of_neither_class_is_missing_not_quarantined() -> None:
    """A prediction such as ERROR leaves its row, without a prediction; a terminal names it, a record never."""
    data = {"prediction": ["0", "1", "ERROR"] + ["0", "1"] * 10, "label": [0, 1, 1] + [0, 1] * 10}
    with read({"task": "binary", "roles": {"prediction": "prediction", "label": "label"}}, **data) as log:
        assert log.validation.rows_kept == 23
        assert log.validation.nulls["prediction"] == 1
        assert log.validation.notes == ("prediction: neither class in 1 row",)
        assert "neither class       'ERROR'" in log.validation.table()
        assert "ERROR" not in str(log.validation.to_dict()) + str(log._repr_mimebundle_())


# -- counts -----------------------------------------------------------------------------------------------------------


def test_repeated_ids_are_counted_and_kept() -> None:
    """Every row beyond the first of an id counts as a repetition; a missing id is none."""
    with read(id=["a", "b", "a", "a", None, None], score=0.5) as log:
        assert log.validation.duplicate_ids == 2
        assert log.validation.rows_kept == 6
        assert log.validation.nulls["id"] == 2


def test_nan_in_arrow_is_counted_as_missing() -> None:
    """NaN and infinities of a feature or a score are NULL in rows; the report counts them by column."""
    table = pa.table({"score": [0.1, float("nan"), 0.3], "a": [float("nan"), float("inf"), 2.0], "b": [1, None, 3]})
    with read_log(table, {"score": "score"}) as log:
        assert log.rows.fetch("SELECT score, feature_0, feature_1 FROM rows") == [
            (0.1, None, 1.0),
            (None, None, None),
            (0.3, 2.0, 3.0),
        ]
        assert log.validation.not_finite == {"a": 2}
        assert log.validation.nulls == {"score": 1}


def test_values_that_are_not_finite_are_counted_of_the_kept_rows() -> None:
    """A row that is kept out counts for no column; a column that has such values in no other row is not named."""
    nan, when = float("nan"), ["2026-03-01 10:00:00", None, "2026-03-01 12:00:00"]
    table = pa.table({"timestamp": when, "score": [0.1, 0.2, 0.3], "a": [nan, nan, 1.0], "b": [1.0, nan, 2.0]})
    with read_log(table, {"timestamp": "timestamp", "score": "score", "feature": ["a", "b"]}) as log:
        assert log.validation.quarantined == {"missing timestamp": 1}
        assert log.validation.not_finite == {"a": 1}


def test_what_decides_nothing_is_counted_when_asked_for_while_the_log_is_open() -> None:
    """What was asked for stays known; what was not is refused in one line later, and the report says so."""
    with read(id=["a"], score=[0.5]) as alone:
        assert alone.validation.duplicate_ids == 0
    with read(id=["a", "a"], score=0.5) as asked, read(id=["a", "a"], score=0.5) as other:
        assert asked.validation.to_dict()["duplicate_ids"] == 1
    assert asked.validation.to_dict()["duplicate_ids"] == 1
    with pytest.raises(LogError, match="the log was closed"):
        _ = other.validation.duplicate_ids
    assert "not counted before the log was closed" in other.validation.table()


@settings(max_examples=8, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["2026-01-01", "2026-02-01T00:00:00Z", "x", None, "2099-01-01"]),
            st.sampled_from([0.0, 0.25, 1.0, 7.0, None]),
            st.sampled_from(["0", "1", "?", None]),
        ),
        min_size=1,
        max_size=75,
    )
)
def test_every_row_is_kept_or_has_one_reason(rows: list[tuple[str | None, float | None, str | None]]) -> None:
    """Rows read are rows kept plus rows quarantined, and both views have just these rows."""
    table = pa.table(
        {
            "timestamp": pa.array([r[0] for r in rows], pa.string()),
            "score": pa.array([r[1] for r in rows], pa.float64()),
            "label": pa.array([r[2] for r in rows], pa.string()),
        }
    )
    roles = {
        "task": "binary",
        "roles": {"timestamp": "timestamp", "score": "score", "label": "label"},
        "values": {"positive": 1},
    }
    # one sound row, so that there always is a log
    table = pa.concat_tables([table, pa.table({"timestamp": ["2026-01-01"], "score": [0.5], "label": ["1"]})])
    with read_log(table, roles, now=NOW) as log:
        found = log.validation
        assert found.rows_read == len(rows) + 1
        assert found.rows_kept + sum(found.quarantined.values()) == len(rows) + 1
        assert log.rows.fetch("SELECT count(*) FROM rows") == [(found.rows_kept,)]
        if found.quarantined:
            assert log.rows.fetch("SELECT count(*) FROM quarantined") == [(len(rows) + 1 - found.rows_kept,)]
        assert set(found.examples) == set(found.quarantined)


# -- logs of little ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        {"timestamp": ["2026-01-01"], "prediction": [1], "label": [1], "score": [0.5]},
        {"timestamp": ["2026-01-01"] * 3, "prediction": [0, 1, 1], "score": [0.5] * 3},
        {"prediction": [1, 1, 1], "label": [1, 1, 1]},
        {"prediction": [0, 1, 1], "label": [None, None, None]},
        {"score": [0.5, 0.5]},
        {"decision": ["release", "detain"]},
        {"prediction": [1.0, 1e308], "label": [-1e308, 0.5]},
        {"prediction": [1, 0], "a": [None, None]},
    ],
    ids=[
        "one row",
        "no labels",
        "one class",
        "labels all missing",
        "equal scores",
        "decisions",
        "huge",
        "empty feature",
    ],
)
def test_logs_of_little_are_read(columns: dict[str, list[object]]) -> None:
    """One row, one class, no label, equal scores and huge values are logs like others."""
    with read(**columns) as log:
        assert log.validation.rows_kept == len(next(iter(columns.values())))
        assert log.validation.quarantined == {}


def test_a_log_without_any_usable_row_is_refused() -> None:
    """Nothing left after quarantine is an error that says why and what to do."""
    with pytest.raises(LogError, match=r"none of the 2 rows can be used: bad timestamp: 2 .*; correct the roles"):
        read({"timestamp": "timestamp", "score": "score"}, timestamp=["x", "y"], score=0.5)


def test_a_log_of_a_header_alone_is_refused(tmp_path) -> None:
    """A CSV with names and no line has no rows."""
    (tmp_path / "log.csv").write_text("timestamp,score\n")
    with pytest.raises(LogError, match="the log has no rows"):
        read_log(tmp_path / "log.csv")


# -- the report -------------------------------------------------------------------------------------------------------


def test_the_report_is_json_and_text() -> None:
    """to_dict holds JSON values alone, with times ending in Z; the table is one line a figure, none of them markup."""
    data = {"timestamp": ["2026-01-01", "<b>never</b>", "2026-01-03"], "id": ["a", "a", "a"], "score": [0.1, 0.2, 0.3]}
    with read(**data) as log:
        written = json.loads(json.dumps(log.validation.to_dict(), allow_nan=False))
        assert (written["rows_read"], written["rows_kept"], written["duplicate_ids"]) == (3, 2, 1)
        assert written["quarantined"] == {"bad timestamp": 1}
        assert (written["first"], written["last"]) == ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
        assert "more than two days after the time of reading" in written["rules"]
        assert log.validation.table().splitlines() == [
            "rows read                     3",
            "  quarantined: bad timestamp  1 (rows 2)",
            "rows kept                     2",
            "from, to                      2026-01-01T00:00:00Z, 2026-01-03T00:00:00Z",
            "time zone                     without a time zone, taken as UTC",
            "repeated ids                  1",
        ]


def test_the_log_says_what_it_is_as_json() -> None:
    """Log.to_dict is JSON: roles, classes, report, changes, and no row."""
    data = pd.DataFrame({"prediction": [0, 1], "label": [0, 1], "a": ["secret", "x"]})
    with read_log(data, reference=data) as log:
        written = json.dumps(log.to_dict(), allow_nan=False)
        assert json.loads(written)["classes"] == ["0", "1"]
        assert "secret" not in written


def test_an_empty_report_has_a_table() -> None:
    """The report of nothing can be shown."""
    assert Validation(0, 0).table().splitlines()[0].split() == ["rows", "read", "0"]
