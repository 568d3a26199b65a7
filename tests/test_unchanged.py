"""A log that did not change is not read twice; one that did, in whatever way, is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shell import a_log

from toolkit.engines.hashes import file_sha256, stamp
from toolkit.errors import LogError
from toolkit.investigation.flow import NOTEBOOKS, READ, Investigation, investigate
from toolkit.investigation.opening import open_incident
from toolkit.investigation.unchanged import Read, load, named, note
from toolkit.records import Event
from toolkit.store import Store

Look = Callable[..., tuple[Investigation, list[str]]]


def old(file: Path) -> None:
    """Make a file as old as one that nobody wrote just now."""
    os.utime(file, ns=(10**18, 10**18))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "log.parquet"
    a_log(120).to_parquet(file)
    old(file)
    return file


@pytest.fixture
def look(tmp_path: Path, log: Path) -> tuple[Store, Look]:
    """Give an incident's store, and what investigates it without a notebook and says which steps it took."""
    store = Store(tmp_path / "incidents")
    incident = open_incident(store, "Scores look off", log=log)

    def once(**options: object) -> tuple[Investigation, list[str]]:
        steps: list[str] = []
        return investigate(store, incident.id, only=(), progress=steps.append, **options), steps  # type: ignore[arg-type]

    return store, once


def test_an_unchanged_log_is_not_read_again(look: tuple[Store, Look], log: Path) -> None:
    """The second investigation finds the same and reads nothing; another file of the same size and time is read."""
    _, once = look
    first, steps = once()
    assert "reading the log" in steps
    again, steps = once()
    assert steps == ["the log is as it was"]
    assert (again.recorded, again.ok) == (first.recorded, True)
    assert first.diagnosis is not None
    assert again.diagnosis is not None
    assert again.diagnosis.record.to_dict() == first.diagnosis.record.to_dict()
    log.write_bytes(b"\0" * log.stat().st_size)
    old(log)
    with pytest.raises(LogError):
        once()


def test_what_was_counted_when_the_incident_was_opened_is_not_counted_again(
    look: tuple[Store, Look], tmp_path: Path
) -> None:
    """The first investigation takes over each answer that the opening left, and asks none of them again."""
    store, once = look
    answers = {file: file.stat().st_ino for file in tmp_path.glob("incidents/INC-*/counted/*.sealed")}
    assert answers
    for file in answers:
        old(file)
    once()
    now = {file: file.stat() for file in answers}
    assert {file: found.st_ino for file, found in now.items()} == answers
    assert all(found.st_mtime_ns > 10**18 for found in now.values())
    assert store.incident("INC-0001").log["hashes"] == {
        str(tmp_path / "log.parquet"): file_sha256(tmp_path / "log.parquet")
    }


def test_a_copy_of_the_same_content_is_not_read_again(look: tuple[Store, Look], log: Path) -> None:
    """A file of another time is hashed; where its content is the same, that is all."""
    _, once = look
    once()
    os.utime(log, ns=(10**18 + 5, 10**18 + 5))
    assert once()[1] == ["the log is as it was"]


def test_a_changed_log_is_read_again(look: tuple[Store, Look], log: Path) -> None:
    """More rows are another log, and give another run."""
    _, once = look
    first, _ = once()
    a_log(160).to_parquet(log)
    again, steps = once()
    assert "reading the log" in steps
    assert again.recorded == first.recorded + 1
    assert again.diagnosis is not None
    assert again.diagnosis.record.log["rows"] == 160


def test_what_else_a_diagnosis_depends_on_counts_too(look: tuple[Store, Look]) -> None:
    """Another seed or a new event is another question; a damaged note of what was read is none at all."""
    store, once = look
    result, _ = once()
    assert "reading the log" in once(seed=1)[1]
    event = Event(datetime(2026, 1, 2, tzinfo=UTC), "deployment", "v2 went out")
    store.add_events(result.incident.id, [event])
    assert "reading the log" in once(seed=1)[1]
    assert once(seed=1)[1] == ["the log is as it was"]
    (store.folder / result.incident.id / NOTEBOOKS / READ).write_text("{", encoding="utf-8")
    assert "reading the log" in once(seed=1)[1]


def test_a_file_written_just_before_it_was_read_is_hashed(tmp_path: Path) -> None:
    """Within two seconds a file may change without its time telling: there only its content counts."""
    file = tmp_path / "log.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    found = file.stat()
    kept = Read("k", {named(file): (stamp(file), file_sha256(file))}, time.time())
    assert kept.holds("k", [str(file)])
    file.write_text("a,b\n1,3\n", encoding="utf-8")
    os.utime(file, ns=(found.st_mtime_ns, found.st_mtime_ns))
    assert not kept.holds("k", [str(file)])
    assert not Read("k", kept.files, time.time() + 60).holds("other", [str(file)])
    kept.save(tmp_path / "notes" / "read.json")
    assert load(tmp_path / "notes" / "read.json") == kept


def test_a_new_file_in_the_folder_is_a_change(tmp_path: Path) -> None:
    """A folder is what is in it: one file more, or one gone, is another log."""
    for day in (1, 2):
        (tmp_path / f"{day}.csv").write_text("a\n1\n", encoding="utf-8")
        old(tmp_path / f"{day}.csv")
    files = {named(f): (stamp(f), file_sha256(f)) for f in sorted(tmp_path.glob("*.csv"))}
    kept = Read("k", files, time.time())
    assert kept.holds("k", [str(tmp_path)])
    (tmp_path / "3.csv").write_text("a\n1\n", encoding="utf-8")
    assert not kept.holds("k", [str(tmp_path)])
    (tmp_path / "3.csv").unlink()
    (tmp_path / "2.csv").unlink()
    assert not kept.holds("k", [str(tmp_path)])


def test_files_that_spark_read_are_known_by_their_stamp(tmp_path: Path) -> None:
    """Where this machine sees them they are not read again; any change of a file counts, a table is read each time."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ("part-0", "part-1.snappy.parquet", "_SUCCESS"):
        (folder / name).write_text("a", encoding="utf-8")
        old(folder / name)
    source = f"spark://{folder}"
    kept = note("k", [source], {source: "hash of the content"}, time.time() + 1)
    assert kept is not None
    assert kept.holds("k", [source])
    (folder / "part-0").write_text("b", encoding="utf-8")
    old(folder / "part-0")
    assert not kept.holds("k", [source])
    assert note("k", ["spark://db.served"], {}, time.time() + 1) is None
    assert note("k", ["spark://s3a://bucket/served"], {}, time.time() + 1) is None
    assert note("k", ["spark:///nowhere/served"], {}, time.time() + 1) is None
