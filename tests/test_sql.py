"""Names and values written into SQL come out as they went in, and every connection is set up alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.sql import connect, literal, quote

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=40)


@pytest.fixture(scope="module")
def connection():
    with connect() as opened:
        opened.execute("CREATE TABLE canary (n INTEGER)")
        opened.execute("INSERT INTO canary VALUES (7)")
        yield opened


@settings(max_examples=300, deadline=None)
@given(name=TEXT.filter(bool))
def test_a_quoted_name_comes_back_as_it_was(connection, name: str) -> None:
    """DuckDB names a column exactly as it was given to quote, and runs nothing of it."""
    described = connection.execute(f"DESCRIBE SELECT 1 AS {quote(name)}").fetchall()
    assert [row[0] for row in described] == [name]
    assert connection.execute("SELECT n FROM canary").fetchall() == [(7,)]


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(TEXT, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False), st.none()))
def test_a_literal_comes_back_as_it_was(connection, value: str | int | float | bool | None) -> None:
    """A value written into a view is the value that comes out of it."""
    assert connection.execute(f"SELECT {literal(value)}").fetchall() == [(value,)]


@pytest.mark.parametrize(
    "name",
    ['a"; DROP TABLE canary; --', "x; drop table canary", "at", "a b", "select", "😀", "\u202e", "\n", "é" * 5000],
)
def test_hostile_names_are_only_names(connection, name: str) -> None:
    """A name that reads like SQL names a column, and the table it would drop is still there."""
    connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT 1 AS {quote(name)}")
    assert connection.execute(f"SELECT {quote(name)} FROM t").fetchall() == [(1,)]
    assert connection.execute("SELECT count(*) FROM canary").fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["", "\0", "a\0b"])
def test_empty_names_and_nul_are_refused(name: str) -> None:
    """What DuckDB cannot hold as a name is refused before it reaches DuckDB."""
    with pytest.raises(ValueError, match="name in SQL"):
        quote(name)


def test_a_text_with_nul_is_refused() -> None:
    """A text that would end early in SQL is refused."""
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")


def test_every_connection_is_set_up_alike() -> None:
    """UTC, rows in order, nothing fetched from outside, whatever the machine's own settings are."""
    expected = {
        "TimeZone": "UTC",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "preserve_insertion_order": "true",
        "enable_progress_bar": "false",
        "memory_limit": "300.0 MiB",
        "threads": "1",
    }
    with connect(memory_mb=300, threads=1) as opened:
        names = ", ".join(f"'{n}'" for n in expected)
        found = dict(opened.execute(f"SELECT name, value FROM duckdb_settings() WHERE name IN ({names})").fetchall())
    assert found == expected


def test_nothing_is_spilled_into_the_working_folder(tmp_path, monkeypatch) -> None:
    """A sort larger than the memory limit spills to the folder for temporary files, and leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    with connect(memory_mb=60, threads=1) as opened:
        opened.execute("CREATE TABLE big AS SELECT hash(i) AS h, i FROM range(3000000) t(i)")
        assert opened.execute("SELECT h IS NOT NULL FROM big ORDER BY h LIMIT 1").fetchall() == [(True,)]
        assert [p.name for p in tmp_path.iterdir()] == ["spill"]
        [(folder,)] = opened.execute("SELECT current_setting('temp_directory')").fetchall()
        assert Path(folder).parent == spill
    assert list(spill.iterdir()) == []
