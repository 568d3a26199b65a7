"""A table of pandas is read whatever its columns are of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from toolkit.errors import LogError
from toolkit.logs import frames, read_log

#: Columns of pandas that DuckDB does not know, and what they are in the log.
ODD_COLUMNS: dict[str, tuple[Any, list[object]]] = {
    "bands": (pd.cut([1.0, 5.0, np.nan], [0, 2, 9]), ["(0, 2]", "(2, 9]", None]),
    "intervals": (pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2), None]), ["(0.0, 1.0]", "(1.0, 2.0]", None]),
    "sparse": (pd.arrays.SparseArray([0.0, 2.5, 0.0]), [0.0, 2.5, 0.0]),
    "sparse flags": (pd.arrays.SparseArray([True, False, False]), [1.0, 0.0, 0.0]),
    "nullable": (pd.array([1, None, 3], dtype="Int64"), [1.0, None, 3.0]),
    "categories of numbers": (pd.Categorical([3, None, 1]), [3.0, None, 1.0]),
    "categories of all sorts": (pd.Categorical(["a", 1, None]), ["a", "1", None]),
    "durations": (pd.to_timedelta([1.5, None, 0], unit="s"), [1500.0, None, 0.0]),
    "durations of Python": (
        pd.Series([pd.Timedelta(1, "s").to_pytimedelta(), None, None], dtype=object),
        [1000.0, None, None],
    ),
    "decimals": (pd.Series([Decimal("1.25"), None, Decimal(3)], dtype=object), [1.25, None, 3.0]),
    "long numbers": (np.array([0.5, np.nan, 2.0], dtype="longdouble"), [0.5, None, 2.0]),
}


@pytest.fixture(params=[frames._COPIED, 0], ids=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have tables of a few rows taken for small ones, which are copied, and for large ones, which are not."""
    monkeypatch.setattr(frames, "_COPIED", request.param)
    return int(request.param)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(("column", "expected"), ODD_COLUMNS.values(), ids=ODD_COLUMNS.keys())
def test_columns_of_every_kind_of_pandas_are_read(column: Any, expected: list[object]) -> None:
    """Bands are texts, durations numbers of milliseconds, and what is missing stays so."""
    made = pd.DataFrame({"score": [0.1, 0.5, 0.9]}).assign(x=column)
    with read_log(made, {"score": "score", "feature": ["x"]}) as log:
        assert [x for (x,) in log.rows.fetch("SELECT feature_0 FROM rows ORDER BY score")] == expected


@pytest.mark.parametrize("kept_as", ["periods", "objects", "index", "index of two"])
def test_times_of_every_kind_of_pandas_are_read(kept_as: str) -> None:
    """Periods are the time at which they begin, and an index of times is a column."""
    periods = pd.period_range("2026-01-01", periods=3, freq="h")
    made = pd.DataFrame({"score": [0.1, 0.5, 0.9], "when": periods})
    if kept_as == "objects":
        made["when"] = pd.Series(list(periods), dtype=object)
    if kept_as == "index":
        made = made.assign(when=periods.to_timestamp()).set_index("when")
    if kept_as == "index of two":
        made = made.assign(key=list("abc")).set_index(["key", "when"])
    with read_log(made, {"timestamp": "when", "score": "score"}) as log:
        assert log.rows.fetch("SELECT epoch(t) / 3600 FROM rows ORDER BY score") == [
            (h,) for h in range(490_896, 490_899)
        ]


def test_a_single_column_is_no_log() -> None:
    """A Series is refused like anything else that is no table."""
    with pytest.raises(LogError, match="this is no log"):
        read_log(pd.Series([0.5, 0.6]))


#: Columns as pandas has them, and whether DuckDB is spared to look at their texts for every query.
PLAIN_COLUMNS: dict[str, tuple[Any, bool]] = {
    "texts": (pd.array(["a", None, "ü"], dtype="str"), True),
    "texts of Arrow": (pd.array(["a", None, "ü"], dtype=pd.ArrowDtype(pa.string())), True),
    "texts of Python": (pd.Series(["a", None, "ü"], dtype=object), True),
    "texts and a missing number": (pd.Series(["a", np.nan, pd.NA], dtype=object), True),
    "texts and a number": (pd.Series(["a", 5, None], dtype=object), False),
    "texts and a broken number": (pd.Series(["a", 0.5, None], dtype=object), False),
    "categories": (pd.Categorical(["a", None, "ü"]), True),
    "flags": (np.array([True, False, True]), True),
    "flags and nothing": (pd.array([True, None, False], dtype="boolean"), True),
    "small numbers": (np.array([1, 2, 3], dtype="uint8"), True),
    "broken numbers": (np.array([np.inf, np.nan, -0.0], dtype="float32"), True),
    "half numbers": (np.array([0.5, np.nan, 2.0], dtype="float16"), True),
    "numbers and none": (pd.array([1, None, 3], dtype="Int16"), True),
    "times": (pd.to_datetime(["2026-01-01", None, "2026-01-02"]).tz_localize("Europe/Berlin"), True),
    "times by the second": (pd.to_datetime(["2026-01-01", None, "2026-01-02"]).as_unit("s"), True),
}


@pytest.mark.parametrize(("column", "at_once"), PLAIN_COLUMNS.values(), ids=PLAIN_COLUMNS.keys())
def test_a_large_table_is_read_as_a_small_one(column: Any, at_once: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same types and rows; texts are not looked at one by one for every query, but where others are among them."""
    made = pd.DataFrame({"score": [0.1, 0.5, 0.9]}).assign(x=column)
    read = {}
    for most in (frames._COPIED, 0):
        monkeypatch.setattr(frames, "_COPIED", most)
        with read_log(made, {"score": "score", "feature": ["x"]}) as log:
            rows = log.rows.fetch(
                "SELECT CAST(x AS VARCHAR), CAST(feature_0 AS VARCHAR) FROM rows JOIN raw USING (score)"
            )
            read[most] = (log.columns, sorted(map(str, rows)))
            copied = log.rows.fetch("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'copied'")
            assert copied == [(1 if most or not at_once else 0,)]
    assert len({str(one) for one in read.values()}) == 1


def test_what_is_not_there_yet_is_to_be_collected() -> None:
    """A lazy table is refused with what to do."""
    lazy = type("LazyFrame", (), {"collect": lambda self: self})()
    with pytest.raises(LogError, match=r"this is no log .*; collect\(\) it first"):
        read_log(lazy)
