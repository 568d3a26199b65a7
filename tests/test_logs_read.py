"""A log is read alike from every format, and what cannot be read is refused in one clear line."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.engines import DuckRows
from toolkit.errors import LogError, RolesError
from toolkit.logs import frames, read_events, read_log
from toolkit.roles import Roles
from toolkit.sql import quote

ROLES = {
    "timestamp": "timestamp",
    "id": "request_id",
    "prediction": "prediction",
    "score": "score",
    "label": "label",
    "model_version": "version",
    "status": "status",
    "group": ["sex"],
    "feature": ["income", "plan"],
}
#: One row a line: timestamp, request_id, prediction, score, label, version, status, sex, income, plan.
ROWS = [
    ("2026-03-01T00:00:00Z", "r1", 1, 0.9, 1, "v1", "ok", "F", 1000.5, "basic"),
    ("2026-03-01T01:00:00Z", "r2", 0, 0.2, 1, "v1", "ok", "M", None, "pro"),
    ("2026-03-02T00:00:00Z", "r3", 0, 0.1, 0, "v2", "timeout", "F", -3.0, "é 😀"),
    ("2026-03-02T02:00:00Z", "r4", 1, 0.7, None, "v2", "ok", None, 0.0, 'a, "b"'),
]
NAMES = ["timestamp", "request_id", "prediction", "score", "label", "version", "status", "sex", "income", "plan"]


def utc(*parts: int) -> datetime:
    """Give a time as DuckDB hands it back: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


#: The same rows with canonical names: t, id, prediction, score, label, version, ok, group_0, feature_0, feature_1.
EXPECTED = [
    (utc(2026, 3, 1, 0), "r1", "1", 0.9, "1", "v1", True, "F", 1000.5, "basic"),
    (utc(2026, 3, 1, 1), "r2", "0", 0.2, "1", "v1", True, "M", None, "pro"),
    (utc(2026, 3, 2, 0), "r3", "0", 0.1, "0", "v2", False, "F", -3.0, "é 😀"),
    (utc(2026, 3, 2, 2), "r4", "1", 0.7, None, "v2", True, None, 0.0, 'a, "b"'),
]
CANONICAL = "SELECT t, id, prediction, score, label, model_version, ok, group_0, feature_0, feature_1 FROM rows"


def frame() -> pd.DataFrame:
    made = pd.DataFrame(ROWS, columns=NAMES)
    return made.assign(label=made["label"].astype("Int64"))


def write_csv(path: Path, **options: object) -> Path:
    frame().to_csv(path, index=False, **options)
    return path


def write_jsonl(path: Path) -> Path:
    lines = [json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) for row in ROWS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_parquet(path: Path) -> Path:
    frame().to_parquet(path)
    return path


def gzipped(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def _folder(tmp: Path) -> Path:
    folder = tmp / "served"
    (folder / "later").mkdir(parents=True)
    frame().iloc[:2].to_parquet(folder / "a.parquet")
    frame().iloc[2:].to_parquet(folder / "later" / "b.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.parquet").write_text("no parquet")
    return folder


def _glob(tmp: Path) -> str:
    folder = _folder(tmp)
    (folder / "later" / "b.parquet").rename(folder / "b.parquet")
    return str(folder / "*.parquet")


def _hive(tmp: Path) -> Path:
    for version, part in frame().groupby("version"):
        folder = tmp / "hive" / f"version={version}"
        folder.mkdir(parents=True)
        part.drop(columns="version").to_parquet(folder / "part.parquet")
    return tmp / "hive"


def _other_columns(tmp: Path) -> Path:
    folder = tmp / "united"
    folder.mkdir()
    frame().iloc[:2].to_csv(folder / "a.csv", index=False)
    frame().iloc[2:].assign(extra=1)[["extra", *reversed(NAMES)]].to_csv(folder / "b.csv", index=False)
    return folder


def _duckdb(tmp: Path) -> str:
    with duckdb.connect(str(tmp / "logs.duckdb")) as connection:
        connection.register("made", frame())
        connection.execute('CREATE SCHEMA "odd schema"')
        connection.execute('CREATE TABLE "odd schema"."the table" AS SELECT * FROM made')
    return f"{tmp / 'logs.duckdb'}::odd schema.the table"


def _sqlite(tmp: Path) -> str:
    with sqlite3.connect(tmp / "logs.db") as connection:
        frame().to_sql("served", connection, index=False)
    connection.close()
    return f"{tmp / 'logs.db'}::served"


def _bracketed(tmp: Path) -> Path:
    return write_csv(tmp / "log[1]*.csv")


SOURCES = {
    "parquet": lambda tmp: write_parquet(tmp / "log.parquet"),
    "csv": lambda tmp: write_csv(tmp / "log.csv"),
    "csv with a byte order mark": lambda tmp: write_csv(tmp / "log.csv", encoding="utf-8-sig"),
    "csv with line ends of Windows": lambda tmp: write_csv(tmp / "log.csv", lineterminator="\r\n"),
    "csv, every cell in quotes": lambda tmp: write_csv(tmp / "log.csv", quoting=csv.QUOTE_ALL),
    "csv with semicolons": lambda tmp: write_csv(tmp / "log.csv", sep=";"),
    "tsv, gzipped": lambda tmp: gzipped(write_csv(tmp / "log.tsv", sep="\t")),
    "csv without an ending": lambda tmp: write_csv(tmp / "log"),
    "csv, its name a pattern": _bracketed,
    "csv files of other columns": _other_columns,
    "jsonl": lambda tmp: write_jsonl(tmp / "log.jsonl"),
    "jsonl, gzipped": lambda tmp: gzipped(write_jsonl(tmp / "log.ndjson")),
    "a json array": lambda tmp: _array(tmp / "log.json"),
    "folder": _folder,
    "glob": _glob,
    "hive folder": _hive,
    "duckdb table": _duckdb,
    "sqlite table": _sqlite,
    "pandas": lambda _: frame(),
    "arrow": lambda _: pa.Table.from_pandas(frame()),
    "arrow dataset": lambda tmp: pyarrow.dataset.dataset(write_parquet(tmp / "log.parquet")),
    "arrow stream": lambda _: _Stream(pa.Table.from_pandas(frame())),
}


def _array(path: Path) -> Path:
    path.write_text(json.dumps([dict(zip(NAMES, row, strict=True)) for row in ROWS]), encoding="utf-8")
    return path


class _Stream:
    """What polars and others are to us: something that exports an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("made", SOURCES.values(), ids=SOURCES.keys())
def test_every_format_gives_the_same_rows(made, tmp_path: Path) -> None:
    """Whatever the rows lie in, the canonical rows are the same ones."""
    with read_log(made(tmp_path), ROLES) as log:
        found = log.rows.fetch(CANONICAL + " ORDER BY t")
        assert found == EXPECTED
        assert log.validation.rows_read == log.validation.rows_kept == 4
        assert log.feature_kinds == {"income": "number", "plan": "text"}


def test_a_table_that_was_turned_round_is_read() -> None:
    """Newest first is how many queries give a log; pandas then holds its columns backwards."""
    made = pd.DataFrame({"score": [0.25, 0.5, 1.0], "when": pd.date_range("2026-01-01", periods=3, tz="UTC")})
    with read_log(made.iloc[::-1], {"score": "score", "timestamp": "when"}) as log:
        assert log.rows.fetch("SELECT score FROM rows ORDER BY t") == [(0.25,), (0.5,), (1.0,)]


def test_an_absent_role_is_a_null_of_its_type(tmp_path: Path) -> None:
    """Canonical columns are always there, with the same types, whatever the log has."""
    expected = {
        "t": pa.timestamp("us"),
        "id": pa.string(),
        "prediction": pa.string(),
        "score": pa.float64(),
        "label": pa.string(),
        "decision": pa.string(),
        "label_time": pa.timestamp("us"),
        "model_version": pa.string(),
        "latency_ms": pa.float64(),
        "status": pa.string(),
        "ok": pa.bool_(),
        "decider": pa.string(),
        "cost": pa.float64(),
        "text_length": pa.float64(),
        "split": pa.string(),
    }
    with read_log(pd.DataFrame({"score": [0.5, 0.25]}), {"score": "score"}) as log:
        schema = log.rows.arrow("SELECT * FROM rows").schema
        assert dict(zip(schema.names, schema.types, strict=True)) == expected
        assert log.rows.fetch("SELECT score, t, label FROM rows") == [(0.5, None, None), (0.25, None, None)]


def test_a_regression_has_numbers_for_outcomes() -> None:
    """In a regression prediction, label and decision are numbers, text that can be read as such included."""
    data = pd.DataFrame({"prediction": [1.5, 2.5, 3.5], "label": ["1", "2.25", "?"]})
    with read_log(data, {"task": "regression", "roles": {"prediction": "prediction", "label": "label"}}) as log:
        assert log.classes == ()
        assert log.rows.fetch("SELECT prediction, label FROM rows") == [(1.5, 1.0), (2.5, 2.25)]
        assert log.validation.quarantined == {"unknown label": 1}


def test_columns_of_any_name_can_be_read(tmp_path: Path) -> None:
    """A column named at, "a b", x; drop table or an emoji is a feature like any other, from every format."""
    odd = [
        "at",
        "a b",
        "x; drop table raw; --",
        "😀",
        'q"uote',
        "select",
        "'",
        "x.y",
        "t",
        "rows",
        "_flags",
        "feature_0",
    ]
    data = pd.DataFrame({"score": [0.1, 0.9]} | {name: [float(i), i + 0.5] for i, name in enumerate(odd)})
    data.to_csv(tmp_path / "log.csv", index=False)
    data.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    data.to_parquet(tmp_path / "log.parquet")
    for source in (data, tmp_path / "log.csv", tmp_path / "log.jsonl", tmp_path / "log.parquet"):
        with read_log(source, {"score": "score"}) as log:
            assert log.feature_names == tuple(odd)
            listed = ", ".join(f"feature_{i}" for i in range(len(odd)))
            assert log.rows.fetch(f"SELECT {listed} FROM rows")[0] == tuple(float(i) for i in range(len(odd)))


NAME = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAME, min_size=1, max_size=4, unique_by=str.lower))
def test_features_keep_their_names(names: list[str]) -> None:
    """Any text without NUL can name a feature, and its values are found under it."""
    table = pa.table({f"{n}x": pa.array([i, i + 0.5]) for i, n in enumerate(names)} | {"score": [0.1, 0.2]})
    roles = {"score": "score", "feature": [f"{n}x" for n in names]}
    if len({n.lower() for n in table.column_names}) < table.num_columns:
        return
    with read_log(table, roles) as log:
        assert log.feature_names == tuple(roles["feature"])
        columns = ", ".join(f"feature_{i}" for i in range(len(names)))
        assert log.rows.fetch(f"SELECT {columns} FROM rows")[1] == tuple(i + 0.5 for i in range(len(names)))


def test_a_thousand_columns_are_read(tmp_path: Path) -> None:
    """A log of 1,000 features is read like one of three, with the last feature in its place."""
    data = pd.DataFrame({f"f{i:04d}": [i, i + 1] for i in range(1000)}).assign(score=[0.5, 0.6])
    data.to_csv(tmp_path / "wide.csv", index=False)
    with read_log(tmp_path / "wide.csv") as log:
        assert len(log.feature_names) == 1000
        assert log.rows.fetch("SELECT feature_0, feature_999 FROM rows") == [(0.0, 999.0), (1.0, 1000.0)]


def test_objects_in_a_row_are_columns_of_their_own(tmp_path: Path) -> None:
    """Features nested in an object are columns named object.field, from JSONL, Parquet and Arrow; lists are none."""
    rows = [
        {"meta": {"at": "2026-03-01T02:00:00+02:00", "v": {"model": "m1"}}, "features": {"age": 30, "plan": "a"}},
        {"meta": {"at": "2026-03-01T01:00:00Z", "v": {"model": "m1"}}, "features": {"age": 41.5, "plan": None}},
    ]
    rows = [row | {"score": 0.25 + i / 2, "tags": ["x"]} for i, row in enumerate(rows)]
    (tmp_path / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "log.parquet")
    roles = {"timestamp": "meta.at", "score": "score", "model_version": "meta.v.model"}
    for source in (tmp_path / "log.jsonl", tmp_path / "log.parquet", table):
        with read_log(source, roles) as log:
            assert log.feature_names[:2] == ("features.age", "features.plan")
            assert log.rows.fetch("SELECT t, model_version, feature_0, feature_1 FROM rows ORDER BY score") == [
                (utc(2026, 3, 1), "m1", 30.0, "a"),
                (utc(2026, 3, 1, 1), "m1", 41.5, None),
            ]


# -- what cannot be read ---------------------------------------------------------------------------------------------


def refused(source: object, roles: object = None, **more: object) -> str:
    """Give the one line that a log is refused with."""
    with pytest.raises((LogError, RolesError)) as caught:
        read_log(source, roles, **more)
    line = str(caught.value)
    assert "\n" not in line
    assert "Traceback" not in line
    assert caught.value.fix, "the line must say what to do"
    return line


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that is not there is named."""
    missing = tmp_path / "served.parquet"
    assert refused(missing) == f"there is no such file, glob or folder ({missing}); check the path"


@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "log.jsonl"])
def test_an_empty_file_is_refused(name: str, tmp_path: Path) -> None:
    """A file of no bytes is called empty, whatever its ending."""
    (tmp_path / name).write_text("")
    assert "the file is empty" in refused(tmp_path / name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without a log says which formats are looked for."""
    assert "no Parquet, CSV or JSONL file" in refused(tmp_path)


def test_a_folder_of_two_formats_is_refused(tmp_path: Path) -> None:
    """Two formats in one folder may be one log twice: the user must choose."""
    write_csv(tmp_path / "log.csv")
    write_parquet(tmp_path / "log.parquet")
    assert "several formats: csv, parquet" in refused(tmp_path)


@pytest.mark.parametrize("size", [3, 40, 2000])
def test_a_half_written_parquet_file_is_refused(size: int, tmp_path: Path) -> None:
    """A Parquet file cut off anywhere is called damaged, and named."""
    whole = write_parquet(tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "log.parquet").write_bytes(whole[:size])
    line = refused(tmp_path / "log.parquet")
    assert "damaged or only half written" in line
    assert "log.parquet" in line


def test_of_many_files_the_damaged_one_is_named(tmp_path: Path) -> None:
    """In a folder of files the line names the one that is damaged."""
    for number in range(4):
        write_parquet(tmp_path / f"{number}.parquet")
    (tmp_path / "2.parquet").write_bytes(b"PAR1 and no more")
    assert f"({tmp_path / '2.parquet'})" in refused(tmp_path)


def test_empty_files_among_others_are_noted(tmp_path: Path) -> None:
    """A file of no bytes among others is left out, and the report says so."""
    write_csv(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("")
    with read_log(tmp_path, ROLES) as log:
        assert log.validation.rows_kept == 4
        assert log.validation.notes == ("1 empty files left out, b.csv the first",)


def test_a_parquet_file_with_a_broken_page_is_refused(tmp_path: Path) -> None:
    """A footer that is whole over pages that are not is found when the pages are read, and is an error in one line."""
    table = pa.table({"score": [i / 5000 for i in range(5000)], "a": [float(i * 7919 % 5000) for i in range(5000)]})
    pq.write_table(table, tmp_path / "log.parquet", compression="zstd", use_dictionary=False)
    whole = bytearray((tmp_path / "log.parquet").read_bytes())
    whole[200:4000] = b"\xff" * 3800
    (tmp_path / "log.parquet").write_bytes(whole)
    assert "log.parquet" in refused(tmp_path / "log.parquet")


def test_a_gzip_file_cut_off_is_refused(tmp_path: Path) -> None:
    """A gzipped CSV that ends early is an error, not a shorter log."""
    data = pd.DataFrame({"score": range(50_000), "a": [f"{i * 7919 % 10007}" for i in range(50_000)]})
    packed = gzip.compress(data.to_csv(index=False).encode())
    (tmp_path / "log.csv.gz").write_bytes(packed[: len(packed) // 2])
    refused(tmp_path / "log.csv.gz")


def test_a_header_of_one_column_is_refused(tmp_path: Path) -> None:
    """A CSV of an unknown separator would be one column of text; it is refused instead."""
    (tmp_path / "log.csv").write_text("timestamp:score:label\n2026-01-01:0.5:1\n")
    assert "header is a single column" in refused(tmp_path / "log.csv")


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    """Values in the first line of a CSV are no names."""
    (tmp_path / "log.csv").write_text("0.5,1,0\n0.6,0,0\n")
    assert "holds values, not column names" in refused(tmp_path / "log.csv")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "frame"])
def test_names_that_differ_in_case_alone_are_refused(ending: str, tmp_path: Path) -> None:
    """Score and score would become Score and score_1 without a word; they are refused by name."""
    data = pd.DataFrame({"Score": [0.1, 0.2], "score": [0.3, 0.4], "a": [1, 2]})
    path = tmp_path / f"log.{ending}"
    if ending == "csv":
        data.to_csv(path, index=False)
    elif ending == "jsonl":
        data.to_json(path, orient="records", lines=True)
    elif ending == "parquet":
        data.to_parquet(path)
    line = refused(data if ending == "frame" else path)
    assert "'Score' and 'score'" in line


def test_a_database_without_a_table_is_asked_for_one(tmp_path: Path) -> None:
    """A DuckDB or SQLite file by itself is no CSV that is damaged; the line says how to name its table."""
    for named in (_duckdb(tmp_path), _sqlite(tmp_path)):
        line = refused(named.partition("::")[0])
        assert "database" in line
        assert "::TABLE" in line


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are neither Parquet nor text are refused."""
    (tmp_path / "log.csv").write_bytes(bytes(range(256)) * 40)
    refused(tmp_path / "log.csv")
    (tmp_path / "log.jsonl").write_bytes(bytes(range(256)) * 40)
    refused(tmp_path / "log.jsonl")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "cp1252", "utf-8-sig"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_csv_of_any_usual_encoding_is_read(tmp_path: Path, encoding: str, packed: bool) -> None:
    """As Excel and Windows write them, packed or not; the reader is told what was taken for what."""
    text = "score;Anlage [°C];note\r\n" + "".join(f'0,{i:02};Süd;"5 €; or\r\nmore"\r\n' for i in range(60))
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    content = mark + text.encode(encoding)
    file = tmp_path / ("log.csv.gz" if packed else "log.csv")
    file.write_bytes(gzip.compress(content) if packed else content)
    with read_log(file, {"roles": {"score": "score"}}) as log:
        assert [*log.columns] == ["score", "Anlage [°C]", "note"]
        assert log.rows.fetch('SELECT count(*), min("Anlage [°C]"), min(note) FROM raw') == [
            (60, "Süd", "5 €; or\r\nmore")
        ]
        told = [note for note in log.validation.notes if note.startswith("text read as")]
        assert told == (
            []
            if encoding == "utf-8-sig"
            else [f"text read as {'Windows-1252' if mark == b'' and 'cp' in encoding else 'UTF-16'}"]
        )


@pytest.mark.parametrize(
    "above",
    [
        "Tool wear report;;;\nPlant: Brno; made by night;;;\n;;;\n",
        "# exported by the desk\n# figures are preliminary\n",
        "\n\n",
    ],
    ids=["a title", "remarks", "empty lines"],
)
def test_what_stands_above_the_names_of_columns_is_left_out(tmp_path: Path, above: str) -> None:
    """A title, remarks or empty lines are none of the table, nor is a total below it, which has no time."""
    rows = "".join(f"2026-01-{1 + i % 28:02} 10:00;{i % 2};{i / 60};m{i % 3}\n" for i in range(60))
    (tmp_path / "log.csv").write_text(f"{above}when;label;score;machine\n{rows}Total;;31;\n")
    with read_log(tmp_path / "log.csv", {"roles": {"timestamp": "when", "label": "label", "score": "score"}}) as log:
        assert [*log.columns] == ["when", "label", "score", "machine"]
        assert (log.validation.rows_kept, log.validation.quarantined) == (60, {"bad timestamp": 1})
        assert any("above the names of the columns" in note for note in log.validation.notes)


def test_a_header_with_unnamed_columns_is_one(tmp_path: Path) -> None:
    """The index that pandas writes has no name, and columns that nobody filled need none."""
    rows = "".join(f"{i},{i % 2},{i / 60},,\n" for i in range(60))
    (tmp_path / "log.csv").write_text(f",label,score,,\n{rows}")
    with read_log(tmp_path / "log.csv", {"roles": {"label": "label", "score": "score", "feature": ["column0"]}}) as log:
        assert log.validation.rows_kept == 60


@pytest.mark.parametrize("source", ["", "   ", "ftp://host/log.parquet", "gs://bucket/log.csv", 7, None, [1]])
def test_what_is_no_source_is_refused(source: object) -> None:
    """No path, a URL of a kind that nobody reads, or an object that is no table: each is refused in one line."""
    refused(source)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A table that a database lacks is refused with the names of those it has."""
    source = _duckdb(tmp_path)
    assert "the table" in refused(source.replace("the table", "another"))
    assert "its tables are: served" in refused(_sqlite(tmp_path).replace("::served", "::nope"))
    assert "no such database file" in refused(str(tmp_path / "none.duckdb::t"))
    frame().to_parquet(tmp_path / "log.parquet")
    assert "no database of DuckDB or SQLite" in refused(str(tmp_path / "log.parquet::t"))


def test_a_database_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    """A DuckDB file that is open for writing elsewhere is named as such."""
    source = _duckdb(tmp_path)
    code = f"""
        import duckdb, sys
        connection = duckdb.connect({str(tmp_path / "logs.duckdb")!r})
        print("open", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        assert "open for writing in another process" in refused(source)
        other.communicate("")
    with read_log(source, ROLES) as log:
        assert log.validation.rows_read == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """A file without the right to read it is named as such."""
    path = write_csv(tmp_path / "log.csv")
    path.chmod(0)
    assert "may not be read" in refused(path)


def test_a_read_only_folder_is_no_hindrance(tmp_path: Path) -> None:
    """Reading writes nothing beside the log: the folder holds the same files after it, and its rights do not matter."""
    path = write_csv(tmp_path / "served" / "log.csv") if (tmp_path / "served").mkdir() is None else Path()
    path.parent.chmod(0o555)
    try:
        with read_log(path, ROLES) as log:
            assert log.rows.fetch(CANONICAL + " ORDER BY t") == EXPECTED
        assert [p.name for p in path.parent.iterdir()] == ["log.csv"]
    finally:
        path.parent.chmod(0o755)


def test_an_interrupt_ends_reading_at_once_and_cleans_up(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a scan is a KeyboardInterrupt; the next query runs, and no file is left."""
    (tmp_path / "scratch").mkdir()
    code = """
        import signal, sys
        from toolkit.engines import DuckRows
        signal.signal(signal.SIGINT, signal.default_int_handler)
        rows = DuckRows.open(sys.argv[1])
        print("open", flush=True)
        try:
            rows.fetch("SELECT sum(hash(range)) FROM range(100000000000)")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        print(rows.fetch("SELECT count(*) FROM raw"), flush=True)
        """
    path = write_csv(tmp_path / "log.csv")
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "scratch")},
    ) as other:
        assert other.stdout.readline() == "open\n"
        time.sleep(0.5)
        other.send_signal(signal.SIGINT)
        assert other.stdout.readline() == "interrupted\n"
        assert other.stdout.readline() == "[(4,)]\n"
        assert other.wait(20) == 0
    assert list((tmp_path / "scratch").iterdir()) == []


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch) -> None:
    """Converted files go when the log is closed, and when reading fails half way."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    log = read_log(write_csv(tmp_path / "log.csv"), ROLES)
    assert len(list((tmp_path / "scratch").iterdir())) == 1
    log.close()
    log.close()
    assert list((tmp_path / "scratch").iterdir()) == []
    refused(tmp_path / "log.csv", {"score": "nope"})
    assert list((tmp_path / "scratch").iterdir()) == []


# -- lines that do not fit --------------------------------------------------------------------------------------------


def test_csv_lines_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    """Lines of too many or too few cells are left out, counted and shown with their numbers; the others are kept."""
    (tmp_path / "log.csv").write_text("score,label\n0.5,1\n0.6,0,9\n0.7,1\n0.8\n0.9,0\n")
    with read_log(tmp_path / "log.csv") as log:
        assert log.validation.rows_read == 3
        assert log.validation.rejects == {"line with missing columns": 1, "line with too many columns": 1}
        assert log.validation.reject_lines == ("line 3: too many columns", "line 5: missing columns")


QUOTED: dict[str, tuple[dict[int, str], int, str]] = {
    "never closed": ({50: '"a'}, 100, "line 51"),
    "closed by the quote of another line": ({50: '"a', 80: '"b'}, 100, "2 lines, the first 51"),
    "closed as if a value had thirty rows": ({50: '"a', 80: 'b"'}, 100, "line 51"),
    "closed before the value ends": ({50: '"a" b'}, 100, "line 51"),
    "with a comma after it": ({50: '"a,b'}, 99, "line 51"),
    "beside a value of several lines": ({20: '"a,\nb\n\n"', 50: '"a'}, 100, "line 54"),
}


@pytest.mark.parametrize(("cells", "rows", "where"), QUOTED.values(), ids=QUOTED.keys())
def test_a_quote_that_is_never_closed_costs_no_other_line(
    cells: dict[int, str], rows: int, where: str, tmp_path: Path
) -> None:
    """The lines after an open quote are rows, none of them is lost without a word, and the report says where it is."""
    lines = [f"r{i},{i % 2},0.{i:02},{(i + 1) // 2 % 2},{cells.get(i, 'plain')}" for i in range(1, 101)]
    (tmp_path / "log.csv").write_text("\n".join(["request_id,prediction,score,label,plan", *lines]) + "\n")
    with read_log(tmp_path / "log.csv") as log:
        assert log.validation.rows_kept == rows
        assert sum(log.validation.rejects.values()) == 100 - rows
        assert [note for note in log.validation.notes if "quote" in note] == [
            f"log.csv: quotes that do not close a value ({where}), read as if they were not there"
        ]


def test_values_of_several_lines_are_no_open_quotes(tmp_path: Path) -> None:
    """A value may hold line ends, also where another line does not fit."""
    text = 'id,score,label,region,plan\n1,0.5,1,n,"a, b\nc, d\n"\n2,0.25,0,s,e\n3,1\n'
    (tmp_path / "log.csv").write_text(text)
    with read_log(tmp_path / "log.csv", {"score": "score", "feature": ["plan"]}) as log:
        assert log.rows.fetch("SELECT feature_0 FROM rows ORDER BY score") == [("e",), ("a, b\nc, d\n",)]
        assert log.validation.rejects == {"line with missing columns": 1}
        assert not any("quote" in note for note in log.validation.notes)


def test_texts_that_hold_tables_are_no_rows(tmp_path: Path) -> None:
    """A value may hold a table of as many columns as the log has, also beside a row whose quote is left open."""
    table = "a table:\nid,a,b,c,d\n1,2,3,4,5\n6,7,8,9,10"
    lines = [f'"{table}",r{i},{i % 2},0.{i},n' for i in range(10, 40)]
    lines += [f"plain,r{i},{i % 2},0.{i},n" for i in range(40, 60)]
    for odd, cost in (("", 0), ('t,"r60,1,0.5,n\n', 0), ('t,"r,60,1,0.5,n\n', 1)):
        (tmp_path / "log.csv").write_text("text,key,prediction,score,plan\n" + "\n".join([*lines, odd]))
        roles = {"prediction": "prediction", "score": "score", "text": "text"}
        with read_log(tmp_path / "log.csv", roles) as log:
            assert log.validation.rows_kept == 50 + bool(odd) - cost, odd
            assert log.rows.fetch(f"SELECT count(*) FROM rows WHERE text_length = {len(table)}") == [(30,)]
            assert sum(log.validation.rejects.values()) == cost


def test_a_quote_in_a_title_hides_no_header(tmp_path: Path) -> None:
    """Inches in a title above a table open no value."""
    lines = [f"r{i},{i % 2},0.{i + 10}" for i in range(50)]
    (tmp_path / "log.csv").write_text("\n".join(['Sales of 12" records', "request_id,prediction,score", *lines]))
    with read_log(tmp_path / "log.csv") as log:
        assert (log.validation.rows_kept, log.roles.column("prediction")) == (50, "prediction")


@pytest.mark.parametrize("ends", ["\r\n \n", "\n \r\n", "\n \r", "\r\r\n \n", "\r \r"])
def test_line_ends_of_several_kinds_are_read(ends: str, tmp_path: Path) -> None:
    """A file that two programs wrote has lines that end in two ways; each is a line."""
    one, other = ends.split(" ")
    lines = ["id,score,plan", *(f"{i},0.{i},p{i}" for i in range(1, 9))]
    text = "".join(line + (one if i % 3 else other) for i, line in enumerate(lines))
    (tmp_path / "log.csv").write_bytes(text.encode())
    with read_log(tmp_path / "log.csv", {"score": "score", "feature": ["plan"]}) as log:
        assert log.rows.fetch("SELECT score, feature_0 FROM rows") == [(i / 10, f"p{i}") for i in range(1, 9)]
        assert any("line ends of several kinds" in note for note in log.validation.notes) == (one != other)


def test_cells_of_csv_keep_what_they_say(tmp_path: Path) -> None:
    """F is a word, a line end in quotes is part of its cell, and every digit of a long id counts."""
    (tmp_path / "log.csv").write_text(
        'score,id,sex,plan,\n0.5,12345678901234567890,F,"two\nlines",1\n0.7,12345678901234567891,F,NA,2\n'
    )
    with read_log(tmp_path / "log.csv") as log:
        assert log.rows.fetch("SELECT id, group_0, feature_0, feature_1 FROM rows") == [
            ("12345678901234567890", "F", "two\nlines", 1.0),
            ("12345678901234567891", "F", "NA", 2.0),
        ]
        assert log.feature_names == ("plan", "column4")


def test_a_late_word_in_a_column_of_numbers_costs_no_row(tmp_path: Path) -> None:
    """A word 60,000 lines down neither drops its row nor the column's type: the value alone is missing."""
    lines = [f"0.5,{i % 2},{i * 7 % 1000}" for i in range(60_000)]
    lines[59_000] = "0.5,1,broken"
    (tmp_path / "log.csv").write_text("score,label,a\n" + "\n".join(lines) + "\n")
    with read_log(tmp_path / "log.csv") as log:
        assert log.validation.rejects == {}
        assert log.feature_kinds == {"a": "number"}
        assert log.rows.fetch("SELECT count(*), count(feature_0), max(feature_0) FROM rows") == [(60_000, 59_999, 999)]


def test_jsonl_lines_that_are_no_object_are_counted(tmp_path: Path) -> None:
    """A broken line, an array, a null and an empty object are counted with their numbers and make no row."""
    (tmp_path / "log.jsonl").write_text(
        '{"score": 0.5, "label": 1}\n{"score": 0.\n[1, 2]\nnull\n{}\n{"score": 0.7, "label": 0}\n'
    )
    with read_log(tmp_path / "log.jsonl") as log:
        assert log.rows.fetch("SELECT score, label FROM rows") == [(0.5, "1"), (0.7, "0")]
        assert log.validation.rejects == {"line that is no JSON object": 4}
        assert log.validation.reject_lines[0] == "line 2: no JSON object"


def test_bytes_that_are_no_utf8_cost_their_line_alone(tmp_path: Path) -> None:
    """A line of another encoding is counted; its neighbours stay."""
    (tmp_path / "log.csv").write_bytes("score,plan\n0.5,ä\n0.6,caf".encode() + b"\xe9\n0.7,\xc3\xbc\n")
    with read_log(tmp_path / "log.csv") as log:
        assert log.rows.fetch("SELECT score FROM rows") == [(0.5,), (0.7,)]
        assert log.validation.rejects == {"line with bytes that are no UTF-8": 1}


# -- roles against columns --------------------------------------------------------------------------------------------


def test_a_role_of_a_missing_column_is_refused() -> None:
    """A declared column that is not there is named with its role and with the columns that are."""
    line = refused(frame(), {"prediction": "predicted"})
    assert "role prediction names the column 'predicted'" in line
    assert "timestamp, request_id, prediction" in line


def test_a_log_without_any_outcome_is_refused() -> None:
    """A log in which nothing was predicted, scored or decided is no prediction log."""
    assert "no column has the role prediction, score or decision" in refused(pd.DataFrame({"a": [1, 2]}))


def test_roles_may_come_from_a_file_a_dict_or_roles(tmp_path: Path) -> None:
    """roles.toml, its content, a bare dict and Roles say the same."""
    roles = Roles.from_dict({"task": "binary", "roles": ROLES, "values": {"positive": 1, "status_ok": ["ok"]}})
    (tmp_path / "roles.toml").write_text(roles.to_toml())
    for given_roles in (roles, tmp_path / "roles.toml", str(tmp_path / "roles.toml"), roles.to_dict()):
        with read_log(frame(), given_roles) as log:
            assert log.rows.fetch(CANONICAL + " ORDER BY t") == EXPECTED
            assert log.roles.guessed == frozenset()


def test_a_table_too_large_to_be_copied_is_scanned_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are read as those of a small one are."""
    monkeypatch.setattr(frames, "_COPIED", 0)
    roles = {"task": "binary", "roles": ROLES, "values": {"positive": 1, "status_ok": ["ok"]}}
    with read_log(frame(), roles) as log:
        assert log.rows.fetch("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'copied'") == [(0,)]
        assert log.rows.fetch(CANONICAL + " ORDER BY t") == EXPECTED


def test_a_feature_that_only_the_reference_has_is_missing_not_wrong() -> None:
    """A column that vanished from the log is reported as missing and read as NULL; the others go on."""
    reference = frame().assign(age=[30.0, 40.0, 50.0, 60.0])
    roles = {**ROLES, "feature": ["income", "plan", "age"]}
    with read_log(frame(), roles, reference=reference) as log:
        assert log.missing_columns == ("age",)
        assert log.rows.fetch("SELECT count(*), count(feature_2) FROM rows") == [(4, 0)]
        assert log.reference is not None
        assert log.reference.rows.fetch("SELECT sum(feature_2) FROM rows") == [(180.0,)]
    assert "'age', which the log does not have" in refused(frame(), roles)


def test_features_default_to_the_columns_of_log_and_reference() -> None:
    """Without declared features every column of either side with no other role is one; split is none."""
    reference = frame().drop(columns="plan").assign(age=1.0, split=["train", "train", "val", "Test"])
    roles = {k: v for k, v in ROLES.items() if k != "feature"}
    with read_log(frame(), roles, reference=reference) as log:
        assert log.feature_names == ("income", "plan", "age")
        assert (log.missing_columns, log.new_columns) == (("age",), ("plan",))
        assert log.reference is not None
        parts = log.reference.rows.fetch("SELECT split, count(*) FROM rows GROUP BY ALL ORDER BY ALL")
        assert parts == [("train", 2), ("validation", 2)]


def test_a_reference_may_lack_what_only_serving_has() -> None:
    """A reference without time, version or status is read with the same roles; those are NULL in it."""
    reference = frame()[["prediction", "score", "label", "sex", "income", "plan"]]
    with read_log(frame(), ROLES, reference=reference) as log:
        assert log.reference is not None
        assert log.reference.validation.rows_kept == 4
        assert log.reference.rows.fetch("SELECT count(t), count(ok), count(score) FROM rows") == [(0, 0, 4)]
        assert log.missing_columns == ()


def test_words_where_the_reference_has_numbers_are_a_change_of_type() -> None:
    """A column of numbers that became text which mostly parses stays one of numbers, and the change is reported."""
    log_frame = frame().assign(income=["1000.5", "12,5", "-3", "0"])
    with read_log(log_frame, ROLES, reference=frame()) as log:
        assert log.feature_kinds["income"] == "number"
        assert log.type_changes == {"income": ("DOUBLE", "VARCHAR")}
        assert log.rows.fetch("SELECT feature_0 FROM rows ORDER BY t") == [(1000.5,), (None,), (-3.0,), (0.0,)]


def test_words_that_replace_numbers_make_both_sides_text() -> None:
    """A column of numbers that became words is compared as text, whole numbers without decimals."""
    log_frame = frame().assign(income=["low", "low", "high", "high"])
    with read_log(log_frame, ROLES, reference=frame().assign(income=[1.0, 2.0, 3.0, 2.5])) as log:
        assert log.feature_kinds["income"] == "text"
        assert log.type_changes == {"income": ("DOUBLE", "VARCHAR")}
        assert log.reference is not None
        assert log.reference.rows.fetch("SELECT feature_0 FROM rows ORDER BY t") == [("1",), ("2",), ("3",), ("2.5",)]


def test_numbers_written_as_text_are_no_change_of_type() -> None:
    """Numbers in a text column against numbers in a number column are the same thing in another spelling."""
    log_frame = frame().assign(income=["1000.5", None, " -3 ", "0"])
    with read_log(log_frame, ROLES, reference=frame()) as log:
        assert log.type_changes == {}
        assert log.rows.fetch("SELECT feature_0 FROM rows ORDER BY t") == [(1000.5,), (None,), (-3.0,), (0.0,)]


# -- the engine -------------------------------------------------------------------------------------------------------


def test_hashes_name_every_file_and_change_with_it(tmp_path: Path) -> None:
    """Each file has its own sha256; a table has one of its content, alike for equal content."""
    import hashlib

    path = write_csv(tmp_path / "log.csv")
    with DuckRows.open(path) as rows:
        assert rows.hashes == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    hashes = []
    for table in (frame(), frame(), frame().assign(score=0.5)):
        with DuckRows.open(table) as rows:
            hashes.append(next(iter(rows.hashes.values())))
    assert hashes[0] == hashes[1] != hashes[2]


def test_arrow_answers_sql_over_raw_and_rows(tmp_path: Path) -> None:
    """Parameters are bound, raw has the user's columns, rows the canonical ones."""
    with read_log(write_parquet(tmp_path / "log.parquet"), ROLES) as log:
        raw = log.rows.arrow(f"SELECT {quote('request_id')} FROM raw WHERE score > ? ORDER BY 1", [0.5])
        assert raw.to_pydict() == {"request_id": ["r1", "r4"]}
        assert log.rows.arrow("SELECT count(*) AS n FROM rows").to_pydict() == {"n": [4]}
        with pytest.raises(LogError, match="nonsense"):
            log.rows.arrow("SELECT nonsense FROM rows")


def test_a_log_with_a_text_that_looks_like_sql_is_only_text() -> None:
    """Class names and statuses with quotes in them are written into the views as text."""
    evil = "x'; DROP VIEW raw; --"
    data = pd.DataFrame({"prediction": [evil, "ok", evil], "label": ["ok", "ok", evil], "status": [evil, "b", "b"]})
    roles = {
        "task": "binary",
        "roles": {"prediction": "prediction", "label": "label", "status": "status"},
        "values": {"positive": evil, "status_ok": [evil]},
    }
    with read_log(data, roles) as log:
        assert log.classes == ("ok", evil)
        assert log.rows.fetch("SELECT prediction, label, ok FROM rows")[0] == (evil, "ok", True)


# -- events -----------------------------------------------------------------------------------------------------------


def test_events_are_read_in_order_of_time(tmp_path: Path) -> None:
    """Offsets are converted to UTC, times without one are UTC, and the order is that of time."""
    (tmp_path / "events.csv").write_text(
        "timestamp,kind,text,source,actor\n"
        "2026-03-02T10:00:00+02:00,Deployment,model v2,ci,\n"
        "2026-03-01,data_change,new feed,,ann\n"
    )
    first, second = read_events(tmp_path / "events.csv")
    assert (first.occurred_at, first.kind, first.text, first.actor) == (
        datetime(2026, 3, 1, tzinfo=UTC),
        "data_change",
        "new feed",
        "ann",
    )
    assert (second.occurred_at, second.kind, second.source) == (datetime(2026, 3, 2, 8, tzinfo=UTC), "deployment", "ci")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "timestamp,kind,text\n2026-01-01,note,a\n2026-01-02,party,b\n",
            "row 2 of the events has the unknown kind 'party'",
        ),
        ("timestamp,kind,text\nyesterday,note,a\n", "row 1 of the events has no time that can be read: 'yesterday'"),
        ("timestamp,text\n2026-01-01,a\n", "the events lack the column kind"),
        (
            "timestamp,kind,text\n2026-01-01,note,a,b\n",
            "1 lines of the events cannot be read: line 2: too many columns",
        ),
    ],
)
def test_events_that_cannot_be_used_are_refused(content: str, line: str, tmp_path: Path) -> None:
    """An unknown kind, a time that is none, a missing column or a broken line is named with its row."""
    (tmp_path / "events.csv").write_text(content)
    with pytest.raises(LogError, match="events") as caught:
        read_events(tmp_path / "events.csv")
    assert str(caught.value).startswith(line)


def test_events_come_from_any_format(tmp_path: Path) -> None:
    """A DataFrame and JSONL give the same events as each other."""
    data = pd.DataFrame({"Timestamp": ["2026-01-01T00:00:00Z"], "kind": ["alert"], "text": ["p95 high"]})
    data.rename(columns=str.lower).to_json(tmp_path / "e.jsonl", orient="records", lines=True)
    assert read_events(data) == read_events(tmp_path / "e.jsonl")


def test_texts_of_numpy_are_read() -> None:
    """What numpy.where leaves in a column of objects are texts of NumPy's own, of which DuckDB reads some alone."""
    rows = pd.DataFrame({"score": [0.2, 0.7] * 30, "label": [0, 1] * 30})
    rows["why"] = pd.Series([np.str_(""), "expérience"] * 30, dtype=object)
    with read_log(rows, {"roles": {"score": "score", "label": "label", "feature": ["why"]}}) as log:
        assert [x for (x,) in log.rows.fetch("SELECT DISTINCT why FROM raw ORDER BY 1")] == ["", "expérience"]


@pytest.mark.parametrize(
    ("scores", "task", "positive", "expected"),
    [
        ({"cat": 0.2, "dog": 0.7, "cow": 0.1}, "multiclass", None, 0.7),
        ([0.2, 0.7, 0.1], "multiclass", None, 0.7),
        ({"no": 0.8, "yes": 0.2}, "binary", "yes", 0.2),
        ({"no": 0.8, "yes": 0.2}, "binary", 1, 0.2),
        ({"no": 0.8, "yes": 0.2}, None, None, 0.2),
        ({"no show": 0.1, "show": 0.9}, "binary", "no_show", 0.1),
        ([0.8, 0.2], "binary", "yes", 0.2),
        ([0.8, 0.2], "binary", 0, 0.8),
        ([0.8, 0.2], None, None, 0.2),
        ("[0.8, 0.2]", None, None, 0.2),
        ('{"no": 0.8, "yes": 0.2}', "binary", "yes", 0.2),
        ("{'cat': 0.2, 'a, b': 0.7, 'cow': 0.1}", "multiclass", None, 0.7),
        ([0.8, 0.2], "binary", "default", "a list does not say"),
        ({"good": 0.9, "bad": 0.1}, "binary", None, "none is named like"),
        ({"value": 0.3, "latency": 70}, None, None, "none is named like"),
    ],
)
def test_scores_of_all_classes_give_the_one_that_is_meant(
    tmp_path: Path, scores: Any, task: str | None, positive: str | int | None, expected: float | str
) -> None:
    """An object or a list of scores, as services log them: of two classes the positive one's, else the likeliest's."""
    said = ["cat", "dog", "cow"] if task == "multiclass" else ["no", "yes"]
    said = ["show", "no_show"] if positive == "no_show" else ["paid", "default"] if positive == "default" else said
    rows = [{"x": i / 60, "said": said[i % 2], "came": said[i % len(said)], "scores": scores} for i in range(60)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told: dict[str, Any] = {"roles": {"score": "scores", "prediction": "said", "label": "came"}}
    told |= {} if task is None else {"task": task}
    told |= {} if positive is None else {"values": {"positive": positive}}
    if isinstance(expected, str):
        assert expected in refused(tmp_path / "log.jsonl", told)
        return
    with read_log(tmp_path / "log.jsonl", told) as log:
        assert log.rows.fetch("SELECT DISTINCT score FROM rows") == [(expected,)]
        assert log.feature_names == ("x",)


def test_lists_of_anything_but_numbers_are_no_scores(tmp_path: Path) -> None:
    """Labels with their scores in a list are refused in one line that says of which type they are."""
    rows = [{"y": i % 2, "p": [{"label": "yes", "score": 0.8}]} for i in range(60)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "log.parquet")
    said = refused(tmp_path / "log.parquet", {"roles": {"score": "p", "label": "y"}})
    assert "of the type STRUCT(" in said
    assert "no list of numbers, nor a map from names to numbers" in said


def test_a_list_of_another_length_is_no_score(tmp_path: Path) -> None:
    """One value among pairs is nobody's, and counted as missing."""
    rows = [{"y": i % 2, "p": [0.8, 0.2] if i % 3 else [0.8]} for i in range(60)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with read_log(tmp_path / "log.jsonl", {"roles": {"score": "p", "label": "y"}}) as log:
        assert log.validation.nulls["score"] == 20


def test_json_with_a_byte_order_mark_keeps_its_first_line(tmp_path: Path) -> None:
    """PowerShell writes one."""
    rows = "".join(json.dumps({"score": i / 60, "label": i % 2}) + "\n" for i in range(60))
    (tmp_path / "log.jsonl").write_bytes(rows.encode("utf-8-sig"))
    with read_log(tmp_path / "log.jsonl") as log:
        assert (log.validation.rows_kept, log.validation.rejects) == (60, {})


def test_what_was_rejected_is_named_where_nothing_is_left(tmp_path: Path) -> None:
    """Four values under three names in every line: no line fits, and that is what the one line says."""
    (tmp_path / "log.csv").write_text("a,score,label\n" + "1,0.5,1,x\n" * 60)
    assert "no line of the log could be read" in refused(tmp_path / "log.csv")


def test_a_refusal_names_the_file_that_was_given(tmp_path: Path) -> None:
    """A copy in another encoding is nobody's business."""
    (tmp_path / "log.csv").write_bytes("größe,größe,score\n1,2,0.5\n".encode("cp1252"))
    assert str(tmp_path / "log.csv") in refused(tmp_path / "log.csv")


def test_a_title_of_nearly_all_columns_is_left_out_too(tmp_path: Path) -> None:
    """Three of four columns are filled above the names; of an index that has no name the same line is the header."""
    rows = "".join(f"{i},{i % 2},{i / 60},m{i % 3}\n" for i in range(60))
    (tmp_path / "log.csv").write_text(f"Report, of March, 2026\nn,label,score,kind\n{rows}")
    with read_log(tmp_path / "log.csv") as log:
        assert [*log.columns] == ["n", "label", "score", "kind"]


@pytest.mark.parametrize(("number", "second"), [("202603011030", 0), ("20260301103005", 5)])
def test_times_written_as_one_number_are_read(tmp_path: Path, number: str, second: int) -> None:
    """Twelve and fourteen digits are a day and a time of it, not milliseconds since 1970."""
    (tmp_path / "log.csv").write_text("ts,score,label\n" + f"{number},0.5,1\n" * 60)
    with read_log(tmp_path / "log.csv") as log:
        assert log.validation.first == datetime(2026, 3, 1, 10, 30, second, tzinfo=UTC)
