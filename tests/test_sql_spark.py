"""What is sent to Spark, as text: names and values quoted its way, whatever a log holds; no Spark is needed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from toolkit.engines.choose import absolute_target, is_spark, named_for, open_rows
from toolkit.errors import LogError
from toolkit.logs.outcome import Outcome
from toolkit.logs.stats import column_stats
from toolkit.profile.statistics import cube_sql
from toolkit.roles import Roles
from toolkit.sql import DUCKDB, SPARK, literal, quote
from toolkit.sql.patterns import java, java_by


def test_names_and_texts_are_quoted_as_spark_reads_them() -> None:
    """Back-ticks for names; in texts a backslash, a quote and a variable of Spark's are what they are."""
    texts = ", ".join(literal(text) for text in ("\\n", "it's"))
    common = f"SELECT {quote('a`b')}, {quote('x')} FROM t WHERE v IN ({texts})"
    assert SPARK.sql(common) == r"SELECT `a``b`, `x` FROM t WHERE v IN ('\\n', 'it\'s')"
    assert SPARK.sql(literal("${env:HOME}")) == r"'\u0024{env:HOME}'"
    assert SPARK.sql("'a\"b'") == "'a\"b'"
    with pytest.raises(ValueError, match="cannot hold a column"):
        SPARK.sql(quote("a${b}"))


def test_patterns_are_written_as_java_reads_them() -> None:
    """A blank is no vertical tab, a word ends where ASCII does, a text where it ends."""
    assert java(r"^a\s*[^\d\s\]]$") == r"(?d)^a[\t\n\f\r ]*[^\d\t\n\f\r \]]\z"
    assert java(r"x\by") == "(?d)x(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))y"
    assert java_by(r"\2 $ \1") == r"$2 \$ $1"


def test_the_counts_are_asked_for_in_words_that_both_know() -> None:
    """One scan by grouping sets; conditions by count_if, fractions as doubles, no word that Spark lacks."""
    outcome = Outcome("binary", ("no", "it's"))
    log: Any = SimpleNamespace(
        task="binary", classes=outcome.classes, roles=Roles(single={"prediction": "p"}),
        validation=SimpleNamespace(score_is_probability=True),
    )  # fmt: skip
    made = SPARK.sql(cube_sql(log, {"bucket": "0", "group_0": "group_0"}, [["bucket"], ["group_0"]], SPARK))
    assert made.startswith("SELECT bucket, group_0, 1 * grouping(bucket) + 2 * grouping(group_0) AS which, ")
    assert made.endswith("FROM rows) AS counted GROUP BY GROUPING SETS ((bucket), (group_0))")
    assert "CAST(count_if(is_positive) AS DOUBLE) AS positives" in made
    assert r"label = 'it\'s' AS is_positive" in made
    assert not {"countif(", "isfinite(", "VARCHAR", "1.0"} & {
        w for w in ("countif(", "isfinite(", "VARCHAR", "1.0") if w in made
    }


def test_few_rows_are_counted_exactly_by_both() -> None:
    """Of few rows the number of values is exact, so that no engine's estimate decides what a column is."""
    assert DUCKDB.distinct("v", exactly=True) == "count(DISTINCT v)"
    assert SPARK.distinct("v", exactly=True) == "size(collect_set(v))"
    frame = pd.DataFrame({"word": [f"w{i % 53}" for i in range(10_000)]})
    with open_rows(frame) as rows:  # type: ignore[attr-defined]
        assert column_stats(rows, ["word"])["word"].distinct == 53


def test_a_log_says_by_its_name_that_spark_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``spark://`` is put before what is named for Spark, once; a path on this machine becomes absolute."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "served.parquet").touch()
    assert named_for("db.t", "spark:local[2]") == "spark://db.t" == named_for("spark://db.t", "spark")
    assert named_for("a.parquet", "duckdb") == "a.parquet"
    assert is_spark("spark://db.t")
    assert not is_spark("served/spark.parquet")
    assert absolute_target("spark://served.parquet") == f"spark://{tmp_path}/served.parquet"
    assert absolute_target("spark://s3a://bucket/served") == "spark://s3a://bucket/served"
    assert absolute_target("spark://db.t") == "spark://db.t"


def test_without_pyspark_a_log_of_spark_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the command that installs it."""
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(LogError, match=r"Spark is not installed; pip install 'ml-postmortem\[spark\]'"):
        open_rows("spark://db.t")
