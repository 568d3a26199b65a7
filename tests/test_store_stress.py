"""Short, seeded runs of `python -m benchmarks.stress`: the incident store killed, crowded and raced."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from benchmarks.stress import crash, crowd, damage, model
from benchmarks.stress.result import Result
from toolkit.store import Store


def test_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    """Kill -9 at random moments under load: each acknowledged write is there, each other whole or not at all."""
    result = crash.kills(tmp_path, 4, workers=2)
    assert result.failures == []
    assert result.figures["acknowledged"] >= 2


def test_two_processes_lose_no_update(tmp_path: Path) -> None:
    """Two processes count up one number: every acknowledged step is in it, and a reader never sees it go back."""
    result = crowd.crowd(tmp_path, 1.5, writers=2, readers=1)
    assert result.failures == []
    assert result.figures["acknowledged"] >= 1


def test_a_killed_migration_is_done_or_not(tmp_path: Path) -> None:
    """An older store whose migration is killed has the old schema or the new one, and migrates at the next look."""
    assert crash.migrations(tmp_path, 3).failures == []


def test_the_store_does_what_a_simple_model_does() -> None:
    """Generated sequences of operations give the same incidents, events and actions as dicts do."""
    assert model.model(4, steps=6, derandomize=True).failures == []


def test_a_commit_that_a_late_opener_takes_back_is_brought_back(tmp_path: Path) -> None:
    """An opener that read the header before our write and locked after it: DuckDB 2.0.0 loses the write, we do not."""
    late: Result = damage.lost_commit(tmp_path)
    if "skipped" in late.figures:
        pytest.skip("no C compiler")
    assert late.failures == []
    # the day a newer DuckDB passes, this says so: then the pin in constraints.txt may move
    assert late.figures["rolled back by DuckDB"] == int(duckdb.__version__.startswith("2.0."))


@pytest.mark.parametrize(
    ("of_after", "cut", "title"),
    [
        (("journal.jsonl",), 0, "One"),  # killed between the journal's line and COMMIT
        (("journal.jsonl",), 40, "One"),  # killed in the middle of the line
        (("incidents.duckdb", "journal.jsonl"), 0, "Two"),  # killed between COMMIT and HEAD
        (("incidents.duckdb",), 0, "Two"),  # the line was lost with the machine's power
    ],
)
def test_a_writer_killed_around_its_commit_leaves_all_or_nothing(
    tmp_path: Path, of_after: tuple[str, ...], cut: int, title: str
) -> None:
    """Files as a kill at each point of a write leaves them: the next write settles it, and nothing is half-way."""
    store = Store(tmp_path / "home")
    store.open_incident("One")
    before = shutil.copytree(store.folder, tmp_path / "before")
    store.update("INC-0001", title="Two")
    for name in {"incidents.duckdb", "journal.jsonl", "HEAD"} - set(of_after):
        shutil.copy(before / name, store.folder / name)
    if cut:
        whole = (store.folder / "journal.jsonl").read_bytes()
        (store.folder / "journal.jsonl").write_bytes(whole[:-cut])
    assert store.incident("INC-0001").title == title
    assert store.check().problems == ()
    assert len(store.check().notes) > 0
    store.update("INC-0001", owner="ops")
    assert (store.incident("INC-0001").title, store.check().problems, store.check().notes) == (title, (), ())
    assert store.repair().kept is None
