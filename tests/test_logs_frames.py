"""A table of pandas is read whatever its columns are of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.errors import LogError
from toolkit.logs import read_log

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
