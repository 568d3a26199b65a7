"""The incident store at its limits: a user's SQL kept in, a full disk, a folder not to be written, a lock held."""

from __future__ import annotations

import ast
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

import toolkit
from toolkit.errors import StoreBusy, StoreError
from toolkit.records import Event
from toolkit.store import VIEWS, Store
from toolkit.store.lock import hold

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store with one incident, once."""
    made = Store(tmp_path_factory.mktemp("model") / "incidents")
    made.open_incident("One", occurred_at=NOON, detected_at=NOON)
    return made.folder


@pytest.fixture
def store(model: Path, tmp_path: Path) -> Store:
    """Give each test a copy."""
    return Store(shutil.copytree(model, tmp_path / "incidents"))


def in_a_process(work: Callable[[], None]) -> int:
    """Run something in a fork of this process; give its exit code, 0 if nothing was raised."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001  (a forked test must never return)
        os.write(2, repr(error).encode())
    finally:
        os._exit(code)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_has_the_columns_that_are_documented(store: Store, view) -> None:  # type: ignore[no-untyped-def]
    """The views' columns are their documentation's, in the same order."""
    columns, _ = store.sql(f"SELECT * FROM {view.name}")
    assert list(columns) == list(view.columns)


def test_times_come_back_aware(store: Store) -> None:
    """A time in an answer is in UTC and says so; what has no zone of its own is not guessed elsewhere."""
    columns, rows = store.sql(
        "SELECT id, occurred_at, seconds_to_detect FROM incidents WHERE occurred_at > '2026-01-01'"
    )
    assert (columns, rows) == (("id", "occurred_at", "seconds_to_detect"), [("INC-0001", NOON, 0.0)])


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO incidents (id) VALUES ('x')",
        "UPDATE record.incidents SET title = 'x'",
        "DELETE FROM record.events",
        "DROP TABLE record.incidents",
        "CREATE TABLE t (a INTEGER)",
        "CREATE OR REPLACE VIEW incidents AS SELECT 1",
        "WITH x AS (SELECT 1) INSERT INTO record.requests SELECT 'a', 'b', 1, ''",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE record.incidents",
        "",
        "-- nothing",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY record.incidents FROM '{folder}/in.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "IMPORT DATABASE '{folder}'",
        "ATTACH '{folder}/other.duckdb' AS o",
        "DETACH record",
        "SELECT * FROM read_text('{folder}/in.csv')",
        "SELECT * FROM read_blob('{folder}/incidents/journal.jsonl')",
        "SELECT * FROM read_csv('{folder}/in.csv')",
        "SELECT * FROM '{folder}/in.csv'",
        "SELECT * FROM read_parquet('{folder}/*.parquet')",
        "SELECT * FROM read_json('http://127.0.0.1:1/x.json')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM query('SELECT * FROM read_text(''{folder}/in.csv'')')",
        "SET enable_external_access = true",
        "SET GLOBAL memory_limit = '100GB'",
        "RESET lock_configuration",
        "PRAGMA enable_external_access",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE SECRET (TYPE s3)",
        "CALL pragma_version()",
        "CHECKPOINT record",
        "VACUUM",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "USE record",
        "SELECT * FROM df",
    ],
)
def test_sql_cannot_leave_the_record(store: Store, text: str) -> None:
    """Whatever is no SELECT over the record is one line of error, and changes nothing."""
    folder = store.folder.parent
    (folder / "in.csv").write_text("a\n1\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "store." not in path.name}
    df = [1]
    assert df
    with pytest.raises(StoreError) as caught:
        store.sql(text.format(folder=folder))
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in before} == before
    assert not (folder / "out.csv").exists()
    assert not (folder / "out").exists()


def test_a_query_that_runs_away_is_stopped(store: Store) -> None:
    """Time and rows have limits, and the store is free again afterwards."""
    with pytest.raises(StoreError, match=r"longer than 0\.3 s"):
        store.sql("SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c", seconds=0.3)
    with pytest.raises(StoreError, match="more than 10 rows"):
        store.sql("SELECT * FROM range(11)", rows=10)
    assert len(store.sql("SELECT * FROM range(10)", rows=10)[1]) == 10
    store.update("INC-0001", title="Two")


def test_a_wrong_query_says_what_is_wrong(store: Store) -> None:
    """A misspelt view names the views, a time with a zone says how to cast it."""
    with pytest.raises(StoreError, match="the views are: incidents, logs, events"):
        store.sql("SELECT * FROM incident")
    with pytest.raises(StoreError, match="CAST"):
        store.sql("SELECT now()")


def test_a_full_disk_loses_nothing_that_was_acknowledged(store: Store) -> None:
    """With no room for another byte, writes say so; what was acknowledged is read while full and after."""

    def fill() -> None:
        limit = (store.folder / "incidents.duckdb").stat().st_size + 150_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        acknowledged, refused = [], 0
        for i in range(8):
            text = f"{i} " + "long " * 100_000
            try:
                store.add_events("INC-0001", [Event(NOON, "note", text)])
                acknowledged.append(text)
            except StoreError as error:
                assert "disk is full" in str(error)  # noqa: PT017
                refused += 1
        assert refused >= 3, refused
        assert [event.text for event in store.events("INC-0001")] == acknowledged
        (store.folder / "acknowledged").write_text(str(len(acknowledged)))

    assert in_a_process(fill) == 0
    assert len(store.events("INC-0001")) == int((store.folder / "acknowledged").read_text())
    store.update("INC-0001", title="Room again")
    assert store.check().sound


def test_a_folder_that_may_not_be_written_can_be_read(store: Store) -> None:
    """Who may only read, reads; a write is refused in one line and makes nothing."""

    def as_a_reader() -> None:
        if os.getuid() == 0:  # nothing stops root, so be nobody
            os.setgid(65534)
            os.setuid(65534)
        assert store.incident("INC-0001").title == "One"
        assert store.sql("SELECT count(*) FROM incidents")[1] == [(1,)]
        with pytest.raises(StoreError, match="make the folder writable"):
            store.update("INC-0001", title="Two")

    store.incidents()
    for path in store.folder.iterdir():
        path.chmod(0o444)
    store.folder.chmod(0o555)
    opened = [path for path in store.folder.parents if path.stat().st_mode & 0o005 != 0o005]
    for path in opened:
        path.chmod(0o755)
    try:
        assert in_a_process(as_a_reader) == 0
    finally:
        for path in opened:
            path.chmod(0o700)
        store.folder.chmod(0o755)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is named."""
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="home"):
        Store(tmp_path / "home").open_incident("One")


def test_who_holds_the_store_is_named(store: Store) -> None:
    """Readers and writers give up after their patience and say who holds it, since when."""
    impatient = Store(store.folder, wait=0.2)
    code = (
        "import sys, pathlib\nfrom toolkit.store.lock import hold\n"
        "with hold(pathlib.Path(sys.argv[1]), exclusive=True, wait=5):\n  print('held', flush=True)\n  sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for action in (impatient.incidents, lambda: impatient.open_incident("Two"), lambda: impatient.sql("SELECT 1")):
            with pytest.raises(StoreBusy, match=rf"held by process {other.pid} of .*since .*waited 0\.2 s"):
                action()
        other.kill()
    assert len(impatient.incidents()) == 1


def test_readers_do_not_hinder_each_other(store: Store) -> None:
    """Two readers hold the lock at once; a writer waits for both."""
    with hold(store.folder, exclusive=False, wait=1):
        assert len(Store(store.folder, wait=0.2).incidents()) == 1
        with pytest.raises(StoreBusy, match="held by readers"):
            Store(store.folder, wait=0.2).update("INC-0001", title="Two")


def test_threads_take_turns(store: Store) -> None:
    """Threads of one process share its DuckDB and yet lose no update."""

    def add() -> None:
        for _ in range(4):
            store.update("INC-0001", title=f"T{store.incident('INC-0001').version}")

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.check().sound
    assert len([e for e in store.history("INC-0001") if e["op"] == "update_incident"]) >= 4


def test_a_forked_child_opens_the_store_for_itself(store: Store) -> None:
    """A child neither uses its parent's connection nor holds its parent's lock."""
    store.incidents()
    with hold(store.folder, exclusive=True, wait=1):
        child = os.fork()
        if child == 0:
            try:
                threading.Event().wait(30)
            finally:
                os._exit(0)
    try:
        assert Store(store.folder, wait=0.5).update("INC-0001", title="Two").title == "Two"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert in_a_process(lambda: store.update("INC-0001", title="Child") and None) == 0
    assert store.incident("INC-0001").title == "Child"


def test_nothing_here_opens_the_file_but_by_attaching_it() -> None:
    """DuckDB's lock on the file is lost when its process opens it by other means: only ATTACH may touch it."""
    for path in (Path(toolkit.__file__).parent / "store").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute):
                continue
            named = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            assert (named, node.attr) != ("duckdb", "connect"), path
            assert named != "database" or node.attr not in {"open", "read_bytes", "write_bytes", "read_text"}, path


def test_a_long_query_keeps_no_writer_waiting(tmp_path: Path) -> None:
    """While somebody's query runs, others write: the query has a copy of its own."""
    store = Store(tmp_path / "incidents")
    store.open_incident("One")
    endless = "SELECT count(*) FROM range(100000000000) a, range(1000) b, incidents"
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(store.sql, endless, seconds=4)
        time.sleep(1.5)
        assert Store(store.folder, wait=2).update("INC-0001", title="Two").title == "Two"
        assert not asked.done()
        with pytest.raises(StoreError, match="took longer than 4 s"):
            asked.result()
