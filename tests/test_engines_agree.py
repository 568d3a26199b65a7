"""DuckDB and Spark give the same of the same log; the words of Spark's SQL say what DuckDB's say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from benchmarks.spark.compare import Compared, _rows, compare
from benchmarks.spark.logs import make
from toolkit.errors import LogError
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.sql import DUCKDB, SPARK, Dialect

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

NOW = datetime(2027, 1, 1, tzinfo=UTC)
NUMBERS = [
    "1",
    "+1",
    "1.",
    " .5",
    "1e5",
    "1_000",
    "1__0",
    "0x1p3",
    "1d",
    "1f",
    "inf",
    "nan",
    "-nan",
    "+-1",
    "1e",
    "１",
    "",
]
TIMES = [
    "2026-03-14", "2026-3-4", "2026-03-14 09:30", "2026-03-14T09", "2026-03-14T09:30:15.1234567",
    "2026-03-14t09:30:15z", "2026-03-14T09:30+01:00", "2026-03-29T02:30:00+0100",
    "2026-03-14 09:30:15 +01", "2026-02-30", "2026", "2026-03",
    "2026/03/14 09:30", "2026 03 14", "2026-03-14 09:30:15 UTC", "2026-03-14 25:00:00", "20260314", "soon", "",
    "1582-10-10",
]  # fmt: skip
FRACTIONS = [
    0.1,
    1 / 3,
    1e-4,
    9.99e-5,
    1e-7,
    1.5e15,
    1e16,
    1e23,
    12345678.25,
    -0.25,
    2e-3,
    2.0**-44,
    4.06764177207672e18,
    5e-324,
    1e-310,
    2.2250738585072009e-308,
    2.2250738585072014e-308,
]


#: Times as people write them, by their forms.
WRITTEN = {
    "%d-%b-%y %I.%M.%S %p": [
        "01-Jul-26 01.24.46 AM",
        "01-JUL-26 12.24.46 am",
        "1-Dec-69 12.00.00 PM",
        "1-Jul-26 13.0.0 PM",
    ],
    "%m/%d/%Y, %I:%M %p": ["3/14/2026, 5:33 PM", "14/3/2026, 5:33 PM", "03/14/2026, 12:00 AM", "3/14/2026, 0:33 PM"],
    "%d %B %Y": ["02 January 2024", "2 may 2024", "30 February 2024", "2 Jan 2024"],
    "%Y-%m-%d %H:%M:%S,%f": ["2026-03-01 12:00:00,123", "2026-03-01 12:00:00,000004", "2026-03-01 12:00:00"],
    "%b %d, %Y %H:%M": ["Mar 14, 2026 9:05", "Mar 4, 2026 24:05"],
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """One Spark on this machine, small, in a time zone that nothing may depend on."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'ml-postmortem[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("there is no Java")
    from toolkit.engines.spark_session import session

    options = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--conf 'spark.driver.extraJavaOptions={options}' --conf spark.sql.shuffle.partitions=2 "
        "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN pyspark-shell"
    )
    try:
        made = session("local[1]", memory_mb=700)
    finally:
        del os.environ["PYSPARK_SUBMIT_ARGS"]
    made.conf.set("spark.sql.session.timeZone", "America/New_York")
    yield made
    made.stop()


def both(spark: Any, values: list[Any], word: Callable[[Dialect], str], kind: str = "string") -> list[tuple[Any, Any]]:
    """Give what the two engines make of each value by a word of theirs, as text."""
    ours = duckdb.execute(f"SELECT {DUCKDB.sql(word(DUCKDB))} FROM (SELECT unnest(?) AS v)", [values]).fetchall()
    spark.createDataFrame(list(enumerate(values)), f"i int, v {kind}").createOrReplaceTempView("words")
    theirs = spark.sql(SPARK.sql(f"SELECT {word(SPARK)} AS made FROM words ORDER BY i")).collect()
    return [(str(a[0]), str(b[0])) for a, b in zip(ours, theirs, strict=True)]


def test_a_text_is_a_number_or_a_time_for_both_or_for_neither(spark: Any) -> None:
    """What Spark alone would take for a number (1d) or a time (2026) is none; fractions are spelled alike."""
    numbers = both(spark, NUMBERS, lambda says: says.read_number("v"))
    times = both(spark, TIMES, lambda says: says.micros_of(says.read_iso("v")))
    spelled = both(spark, FRACTIONS, lambda says: says.number_text("v"), "double")
    forms = both(spark, ["14.03.2026 09:30:15", "31.02.2026 09:30:15", "1.3.2026 9:5:7", "x"],
                 lambda says: says.micros_of(says.read_time("v", "%d.%m.%Y %H:%M:%S")))  # fmt: skip
    for form, values in WRITTEN.items():
        forms += both(spark, [*values, "x", "31-Apr-26"], lambda says, f=form: says.micros_of(says.read_time("v", f)))  # type: ignore[misc]
    assert [b for _, b in numbers] == [a for a, _ in numbers]
    assert [b for _, b in times] == [a for a, _ in times]
    assert [b for _, b in spelled] == [a for a, _ in spelled]
    assert [b for _, b in forms] == [a for a, _ in forms]


@pytest.mark.parametrize("seed", [2])
def test_the_engines_agree_on_a_generated_log(spark: Any, tmp_path: Path, seed: int) -> None:
    """Roles, validation, rows and counts are equal, means within 1e-12, on logs made of what engines disagree on."""
    found = compare(make(seed, tmp_path), now=NOW)
    assert found.differs == []
    assert found.rows > 0


def test_the_comparison_tells_whatever_differs_and_never_falls_over(tmp_path: Path) -> None:
    """Another set of columns, a refusal by one engine alone and an error that is no answer are each told."""
    made = make(2, tmp_path)
    other = make(24, tmp_path)
    out = Compared()
    with read_log(str(made.folder), made.roles, now=NOW) as one, read_log(str(other.folder), None, now=NOW) as two:
        _rows(one, two, out)
    assert [told.split(" by ")[0][:9] for told in out.differs] == ["columns ["]
    assert compare(made, engine="sparkle", now=NOW).differs == [
        "refused: 'read' by DuckDB, \"there is no engine 'sparkle'\" by Spark"
    ]
    broken: Any = 5
    assert compare(made, engine=broken, now=NOW).differs == [
        "AttributeError: 'int' object has no attribute 'partition'"
    ]


def test_a_large_log_is_sampled_by_its_content(spark: Any, tmp_path: Path) -> None:
    """A sample of Spark is bounded, is the same for a seed however the rows are dealt out, and stands for all rows."""
    n = 3000
    ids = [f"r{i}" for i in range(n)]
    times = pd.date_range("2026-01-01", periods=n, freq="min", tz="UTC").as_unit("us")
    frame = spark.createDataFrame(pd.DataFrame({"ts": times, "id": ids, "score": [i / n for i in range(n)]}))
    samples = []
    for dealt, seed in ((frame.repartition(3), 0), (frame, 0)):
        with read_log(dealt, {"timestamp": "ts", "id": "id", "score": "score"}) as log:
            sample = build_profile(log, seed=seed, sample_rows=500).sample
        samples.append(set(sample.entity.names))
        assert 400 < len(sample) < 600
        assert sample.weight.sum() == pytest.approx(n)
    assert samples[0] == samples[1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("spark://nowhere.nothing", "Spark has no such table"),
        ("spark:///nowhere/at/all", "there is no such file or folder for Spark"),
        ("spark://", "no table and no path is named"),
        ("spark:///logs/a.csv", "Spark is not asked to guess the types of a text file"),
        ("spark://sc heme;", "this is no name of a table"),
    ],
)
def test_what_spark_cannot_read_is_said_in_a_line(spark: Any, source: str, said: str) -> None:
    """A missing table or path, a text file and a name that is none are refused, with the name and what to do."""
    with pytest.raises(LogError) as caught:
        read_log(source)
    assert str(caught.value).startswith(f"{said} ({source}); ")


def test_a_spark_that_is_not_there_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No master that answers, no Java, and no such engine: one line, at once."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'ml-postmortem[spark]'")
    from toolkit.engines import spark_session

    with pytest.raises(LogError, match="nothing answers at the master of Spark"):
        spark_session._refuse_silent("spark://127.0.0.1:1")
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(LogError, match="Spark needs Java 17 or newer"):
        spark_session._refuse_no_java()
    with pytest.raises(LogError, match="there is no engine 'sparkle'"):
        read_log("a.parquet", engine="sparkle")
