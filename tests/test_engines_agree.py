"""DuckDB and Spark give the same of the same log; the words of Spark's SQL say what DuckDB's say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.spark.compare import Compared, _rows, compare
from benchmarks.spark.forms import AMONG, DRESSES
from benchmarks.spark.logs import make
from toolkit.errors import LogError
from toolkit.logs import read_log
from toolkit.logs.dressed import _figures, _number
from toolkit.logs.scores import _listed, _named
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
#: Lists and objects of scores as texts: the first four of each are read.
LISTS = [
    "[0.8, 0.2]", "[ '0.2' ,\n\"0.8\"]", " [0.8,null,] ", "[0.8]",
    "[0.8 0.2]", "[[0.8], [0.2]]", "[0.8, 0.2", "0.8", "[]", "", "[0.8;0.2]", "[0.8,\u00a00.2]", "[0.8,\u000b0.2]",
    "[1d]",
]  # fmt: skip
OBJECTS = [
    '{"a": 0.2, "b": 0.8}', "{'a': '0.8', 'b': None}", '{"a, b": 0.8}', ' {"é😀": 8e-1 } ',
    '{"a": {"b": 0.8}}', '{"a": 0.8', '{"a": 0.8 0.2}', '{"a": 0.8, "b": [0.2]}', "{}", '{"a:b": 0.8}', "{a: 0.8}", "",
]  # fmt: skip


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


def test_a_number_in_dress_is_the_same_number_for_both_or_for_neither(spark: Any) -> None:
    """Signs, units, blanks and line ends that RE2 and Java read in different ways among them."""
    values = [dress(x) for dress in DRESSES for x in (0.5, -1234567.891, 1e6)] + [v for v in AMONG if v is not None]
    for sign in (".", ","):
        made = both(spark, values, lambda says, s=sign: _number("v", s, SimpleNamespace(dialect=says)))  # type: ignore[arg-type,misc]
        assert [b for _, b in made] == [a for a, _ in made]
        assert sum(a != "None" for a, _ in made) >= 20
    beside = both(spark, values, lambda says: _figures("v", "v", says)[-1].removeprefix("max(").removesuffix(")"))
    assert [b for _, b in beside] == [a for a, _ in beside]


def test_a_text_of_scores_is_read_alike(spark: Any) -> None:
    """Lists and objects that are whole are read, all else is nothing, to both."""
    lists = both(spark, LISTS, lambda says: says.greatest(_listed("v", "VARCHAR", says)))
    objects = both(spark, OBJECTS, lambda says: says.greatest(_named("v", "VARCHAR", says)[1]))
    assert [b for _, b in lists] == [a for a, _ in lists] == ["0.8"] * 4 + ["None"] * (len(LISTS) - 4)
    assert [b for _, b in objects] == [a for a, _ in objects] == ["0.8"] * 4 + ["None"] * (len(OBJECTS) - 4)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[0.75, 0.25], [0.5, 0.5], [0.25], None], pa.list_(pa.float64())),
        ([["0.75", "0.25"], ["1", "NA"], ["", "1e-3"], None], pa.list_(pa.string())),
        ([[("no", 0.75), ("yes", 0.25)], [("yes", 0.5)], [("no", 0.5)], None], pa.map_(pa.string(), pa.float32())),
        ([{"no": 0.75, "yes": 0.25}, {"no": None, "yes": 0.5}, {"no": 1.0, "yes": None}, None],
         pa.struct([("no", pa.float64()), ("yes", pa.float64())])),
        (['{"no": 0.75, "yes": 0.25}', "{'yes': '0.5'}", '{"no": {"yes": 1}}', None], pa.string()),
        (["25 %", "50 %", "33,3 %", None], pa.string()),
    ],
    ids=["lists", "lists of texts", "maps", "objects", "texts", "percents"],
)  # fmt: skip
def test_scores_of_all_classes_give_the_same_score(spark: Any, tmp_path: Path, values: list[Any], kind: Any) -> None:
    """The positive class's, where there is one, and the same remark on which it is."""
    n = 40
    columns = {"p": pa.array(values * (n // 4), kind), "y": pa.array(["no", "yes"] * (n // 2))}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    told = {"roles": {"score": "p", "label": "y"}, "values": {"positive": "yes"}}
    found = []
    for engine in ("duckdb", "spark"):
        with read_log(str(tmp_path / "log.parquet"), told, engine=engine) as log:
            scores = [x for (x,) in log.rows.fetch("SELECT score FROM rows")]
            found.append((sorted(scores, key=str), log.validation.notes, log.columns))
    assert found[0] == found[1]
    assert found[0][0].count(0.25) == n // 4


def test_the_first_rows_that_decide_are_those_of_the_first_files(spark: Any, tmp_path: Path) -> None:
    """Whatever the size of the files: Spark would open the largest one first, and leave out that in a folder."""
    rows = {"a b": ["1,5 kg", "2,5 kg", "4 kg"] * 60, "a/é": ["1.234,5 kg", "7 kg", "8 kg"], "d": ["heavy"] * 2000}
    rows["a/é"] *= 20
    (tmp_path / "log" / "a").mkdir(parents=True)
    for name, values in rows.items():
        n = range(len(values))
        table = pa.table({"x": values, "y": [i % 2 for i in n], "s": [i / 3000 for i in n]})
        pq.write_table(table, tmp_path / "log" / f"{name}.parquet")
    told = {"roles": {"score": "s", "label": "y", "feature": ["x"]}}
    found = []
    for engine in ("duckdb", "spark"):
        with read_log(str(tmp_path / "log"), told, engine=engine) as log:
            sums = log.rows.fetch("SELECT count(feature_0) AS n, sum(feature_0) AS x FROM rows")
            found.append((sums, log.validation.notes))
    assert found[0] == found[1]
    assert found[0][0] == [(240, 60 * 8.0 + 20 * 1249.5)]
    assert "x: 2,000 values are no number as the others are, and count as missing" in found[0][1]


def test_the_hash_of_a_log_says_nothing_of_how_it_is_read(spark: Any) -> None:
    """Numbers in dress are hashed as they lie, whether somebody calls them a feature or not."""
    frame = spark.createDataFrame([(f"{i},5 kg", i / 40, i % 2) for i in range(40)], "x string, s double, y int")
    hashes = []
    for feature in ("x", "s"):
        with read_log(frame, {"roles": {"score": "s", "label": "y", "feature": [feature]}}) as log:
            hashes.append(log.hashes)
    assert hashes[0] == hashes[1]


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
