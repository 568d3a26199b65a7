"""The incident store on a real PostgreSQL: the same tests as in a folder, and what is a server's own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import test_store
import test_store_overview

from benchmarks.stress.postgres import programs, running
from toolkit.errors import StaleIncident, StoreBusy, StoreError, StoreRolledBack
from toolkit.records import ActionItem, Event
from toolkit.store import Store
from toolkit.store.migrations import LATEST
from toolkit.store.server import Server, _connected, _lock

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")

#: The entry that opens the first incident: the schema's own come before it.
OPENED = LATEST + 1
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)

for _module in (test_store, test_store_overview):
    for _name, _test in list(vars(_module).items()):
        if _name.startswith("test_") and _test.__code__.co_varnames[:1] == ("store",):
            globals()[f"{_name}_on_a_server"] = _test


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run one server for all tests here."""
    with running() as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """Empty the database before each test; give its URL."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS postmortem CASCADE")
    return server


@pytest.fixture
def store(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """Give a store on the server; with three incidents for the tests that count them."""
    made = Store(tmp_path / "incidents", server=url)
    if request.function.__module__ == "test_store_overview":
        test_store_overview.fill(made)
    return made


def on_the_server(url: str, *statements: str) -> None:
    """Somebody with rights of their own changes the server's tables."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = postmortem")
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def test_the_server_keeps_its_journal(store: Store, url: str) -> None:
    """The server itself refuses to change, remove or empty the journal."""
    import psycopg

    store.open_incident("One")
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(psycopg.Error, match="append-only"):
            on_the_server(url, statement)


def test_a_journal_that_was_forced_is_found_out(store: Store, url: str) -> None:
    """Who switches the server's guard off and rewrites history is found by the chain; a changed row by the check."""
    name = store.open_incident("One", actor="ops").id
    store.update(name, title="Two")
    on_the_server(url, "UPDATE incidents SET title = 'Three'")
    assert store.check().problems == ("incidents INC-0001 differs from the record in title",)
    on_the_server(url, "ALTER TABLE audit DISABLE TRIGGER USER", f"UPDATE audit SET actor = 'x' WHERE seq = {OPENED}")
    assert store.audit_verify().problems == (f"entry {OPENED} differs in its columns",)
    on_the_server(url, f"UPDATE audit SET entry = replace(entry, 'One', 'Own') WHERE seq = {OPENED}")
    assert store.audit_verify().problems[0] == f"entry {OPENED} was changed"


def test_a_server_that_was_set_back_is_noticed_by_who_saw_more(store: Store, url: str) -> None:
    """An entry that this machine saw and the server lacks stops it; another machine, which saw less, cannot know."""
    store.open_incident("One")
    store.open_incident("Two")
    on_the_server(
        url,
        "ALTER TABLE audit DISABLE TRIGGER USER",
        f"DELETE FROM audit WHERE seq = {OPENED + 1}",
        "DELETE FROM incidents WHERE number = 2",
    )
    for action in (store.incidents, lambda: store.open_incident("Three")):
        with pytest.raises(
            StoreRolledBack, match=f"at entry {OPENED} and lacks entry {OPENED + 1}, which was seen here"
        ):
            action()
    assert len(Store(store.folder.parent / "other", server=url).incidents()) == 1


def test_a_store_is_carried_over_both_ways(store: Store, url: str, tmp_path: Path) -> None:
    """Folder to server to folder: the same record, the same chain, with each move on record; never over another."""
    first = Store(tmp_path / "first")
    name = first.open_incident("One", key="k").id
    first.add_events(name, [Event(NOON, "alert", "a")])
    first.record_diagnosis(name, test_store.a_verdict())
    first.add_action(name, ActionItem("Check units", "prevent", due=NOON))
    assert first.move_to(store, actor="ops") == OPENED + 3
    assert store.check().sound
    assert store.history()[: OPENED + 3] == first.history()
    assert (store.incidents(), store.events(name), store.diagnosis(name), store.actions()) == (
        first.incidents(),
        first.events(name),
        first.diagnosis(name),
        first.actions(),
    )
    assert store.open_incident("One", key="k").id == name
    store.update(name, title="On the server")
    back = Store(tmp_path / "back")
    assert store.move_to(back) == OPENED + 5
    assert back.check().sound
    assert back.incident(name) == store.incident(name)
    assert [entry["op"] for entry in back.history()][-3:] == ["move", "update_incident", "move"]
    for target in (store, back):
        with pytest.raises(StoreError, match="there is a store already"):
            first.move_to(target)


def test_machines_take_turns_on_a_server(store: Store, url: str, tmp_path: Path) -> None:
    """Four machines count up one number: no step is lost, and who was too late is told."""
    name = store.open_incident("Count", summary="0").id
    counted: list[int] = []

    def count(machine: Store) -> None:
        for _ in range(6):
            read = machine.incident(name)
            try:
                machine.update(name, expected_version=read.version, summary=str(int(read.summary) + 1))
                counted.append(1)
            except StaleIncident:
                pass

    machines = [Store(tmp_path / f"m{i}", server=url) for i in range(4)]
    threads = [threading.Thread(target=count, args=(machine,)) for machine in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert int(store.incident(name).summary) == len(counted) >= 6
    assert store.check().sound


def test_who_holds_the_server_is_named(store: Store, url: str) -> None:
    """A writer that does not let go is named, with its machine and process; readers do not wait for it."""
    store.open_incident("One")
    impatient = Store(store.folder, server=url, wait=0.2)
    place = Server(store.folder, 5, url)
    with _connected(place) as cursor:
        _lock(place, cursor)
        assert len(impatient.incidents()) == 1
        with pytest.raises(StoreBusy, match=r"held by ml-postmortem .*@.*:\d+, since .*waited 0\.2 s"):
            impatient.update("INC-0001", title="Two")
    assert impatient.update("INC-0001", title="Two").title == "Two"


def test_a_killed_writer_leaves_nothing_half_way(store: Store, url: str) -> None:
    """Kill -9 of a client in its loop: the server lets go, each batch of three events is whole, the chain sound."""
    store.open_incident("One")
    code = (
        "import sys\nfrom datetime import UTC, datetime\n"
        "from toolkit.records import Event\nfrom toolkit.store import Store\n"
        "store, n = Store(sys.argv[1], server=sys.argv[2]), 0\n"
        "while True:\n"
        "    n += 1\n"
        "    day = datetime(2026, 3, 1, tzinfo=UTC)\n"
        "    store.add_events('INC-0001', [Event(day, 'note', f'{n}/{i}') for i in range(3)])\n"
        "    print(n, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store.folder), url], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(4):
            last = int(writer.stdout.readline())
        writer.kill()
    events = store.events("INC-0001")
    assert len(events) % 3 == 0
    assert len(events) >= 3 * last
    assert store.check().sound


def test_a_newer_server_is_refused(store: Store, url: str) -> None:
    """A schema from the future is named and left alone."""
    store.open_incident("One")
    on_the_server(url, "INSERT INTO migrations VALUES (99, 'from the future', 1)")
    with pytest.raises(StoreError, match="has schema 99"):
        store.open_incident("Two")


def test_an_older_server_is_migrated(store: Store, url: str) -> None:
    """A server of schema 1 is brought to the latest on the first look, rows kept."""
    name = store.open_incident("Old", tags=("kept",)).id
    on_the_server(
        url,
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "DELETE FROM migrations WHERE number > 1",
        "DROP TABLE notes",
        *(f"DROP TABLE {table}" for table in ("drills", "judgements", "reviews", "comments", "submissions")),
        *(f"ALTER TABLE documents DROP COLUMN {column}" for column in ("kind", "source", "reason")),
        *(
            f"ALTER TABLE incidents DROP COLUMN {column}"
            for column in ("dataset", "related", "duplicate_of", "restricted", "responder_hours")
        ),
        *(f"ALTER TABLE actions DROP COLUMN {column}" for column in ("checked_at", "check_passed", "check_detail")),
    )
    read = store.incident(name)
    assert (read.title, read.tags, read.restricted) == ("Old", ("kept",), False)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("postgresql://ops:s3cret@127.0.0.1:1/x", "does not answer"),
        ("mysql://ops:s3cret@host/x", "no URL of a store"),
        ("postgresql://ops@/none?host=/nonexistent&password=s3cret", "does not answer"),
    ],
)
def test_a_wrong_url_is_one_line_without_the_password(tmp_path: Path, wrong: str, said: str) -> None:
    """What cannot be reached says so in one line, in which the password is not."""
    with pytest.raises(StoreError, match=said) as caught:
        Store(tmp_path, server=wrong, wait=2).incidents()
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_server_does_itself_is_left_to_it(store: Store, tmp_path: Path) -> None:
    """Backup, restore, compact and repair of a server's record point to where they belong."""
    store.open_incident("One")
    for action in (
        lambda: store.backup(tmp_path / "b"),
        lambda: store.restore(tmp_path),
        store.compact,
        store.repair,
    ):
        with pytest.raises(StoreError, match="server"):
            action()
