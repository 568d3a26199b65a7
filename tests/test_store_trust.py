"""The incident store under attack: bytes flipped, entries rolled back, files gone; noticed, named and mended."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from toolkit.errors import StoreBusy, StoreError, StoreRolledBack
from toolkit.records import ActionItem, Event
from toolkit.store import Store
from toolkit.store.attach import Place, attached
from toolkit.store.commit import commit, entry_of
from toolkit.store.journal import Head
from toolkit.store.lock import hold
from toolkit.store.migrations import LATEST, MIGRATIONS
from toolkit.store.ready import run
from toolkit.store.session import Transaction

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store with a handful of entries, once."""
    made = Store(tmp_path_factory.mktemp("model") / "incidents")
    name = made.open_incident("One", actor="ops").id
    made.add_events(name, [Event(NOON, "alert", f"alert {i}", "import") for i in range(3)])
    made.update(name, severity="SEV1")
    made.add_action(name, ActionItem("Check units", "prevent"))
    return made.folder


@pytest.fixture
def store(model: Path, tmp_path: Path) -> Store:
    """Give each test a copy."""
    return Store(shutil.copytree(model, tmp_path / "incidents"))


def plain_client(store: Store, *statements: str) -> None:
    """Somebody else's DuckDB, in a process of its own, which knows nothing of the lock."""
    code = "import duckdb, sys\nc = duckdb.connect(sys.argv[1])\nfor s in sys.argv[2:]: c.execute(s)\nc.close()"
    subprocess.run(
        [sys.executable, "-c", code, str(store.folder / "incidents.duckdb"), *statements], check=True, timeout=60
    )


def test_a_sound_store_is_found_sound(store: Store) -> None:
    """Every write is an entry, from the schema's first on, and nothing is wrong."""
    found = store.check()
    assert (found.entries, found.problems, found.notes) == (LATEST + 4, (), ())
    assert store.audit_verify().head == found.head
    assert [entry["op"] for entry in store.history("INC-0001")] == [
        "open_incident",
        "add_events",
        "update_incident",
        "add_action",
    ]


def test_the_journal_says_what_was_before_and_after(store: Store) -> None:
    """An entry has who, the rows and their columns, before and after."""
    entry = store.history("INC-0001")[2]
    change = {
        "table": "incidents",
        "key": {"id": "INC-0001"},
        "before": {"severity": "SEV3", "version": 1},
        "after": {"severity": "SEV1", "version": 2},
    }
    assert entry["changes"] == [change]
    assert store.history("INC-0001")[0]["actor"] == "ops"
    _, rows = store.sql("SELECT changes FROM journal WHERE op = 'update_incident'")
    assert json.loads(rows[0][0]) == [change]


def test_every_flipped_byte_of_the_journal_is_found(store: Store) -> None:
    """One byte changed anywhere, 60 times of 60, and the entry that it is in is named."""
    path = store.folder / "journal.jsonl"
    whole = path.read_bytes()
    starts = [0]
    for line in whole.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    choose = random.Random(7)
    for _ in range(60):
        at = choose.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[at] ^= choose.randrange(1, 256)
        path.write_bytes(flipped)
        entry = sum(start <= at for start in starts)
        problems = store.audit_verify().problems
        assert any(f"entry {entry} " in problem for problem in problems), (at, problems)
    path.write_bytes(whole)
    assert store.audit_verify().sound


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:2] + lines[3:], "after entry 2 comes entry 4"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "after entry 2 comes entry 4"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "after entry 3 comes entry 3"),
        (lambda lines: lines[:-1], f"entries {LATEST + 4} to {LATEST + 4} are missing from the journal's end"),
        (lambda lines: lines[:1], f"entries 2 to {LATEST + 4} are missing from the journal's end"),
        (lambda _: [], f"entries 1 to {LATEST + 4} are missing from the journal's end"),
    ],
)
def test_entries_removed_moved_or_cut_off_are_found(store: Store, change, said: str) -> None:  # type: ignore[no-untyped-def]
    """A journal with other entries in another order, or fewer of them, is told from the real one."""
    path = store.folder / "journal.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert any(said in problem for problem in store.audit_verify().problems)


def test_a_cut_journal_stops_writes_and_is_written_again(store: Store) -> None:
    """The database has its own copy of each entry: a journal that lost its end gets it back from there."""
    path = store.folder / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="shorter than HEAD says"):
        store.update("INC-0001", title="Two")
    done = store.repair()
    assert (done.entries, done.rows) == (0, 0)
    assert done.lines > 0
    assert path.read_bytes().startswith(whole)
    assert store.check().sound
    assert store.update("INC-0001", title="Two").title == "Two"


def test_a_rolled_back_database_is_noticed_and_brought_forward(store: Store) -> None:
    """What an older copy of the file lost is refused to readers and writers, and comes back from the journal."""
    file = store.folder / "incidents.duckdb"
    older = store.folder.parent / "older.duckdb"
    shutil.copy(file, older)
    store.update("INC-0001", title="Acknowledged")
    store.add_events("INC-0001", [Event(NOON, "note", "acknowledged too")])
    before = store.history()
    shutil.copy(older, file)
    for action in (lambda: store.incident("INC-0001"), lambda: store.update("INC-0001", title="Lost")):
        with pytest.raises(
            StoreRolledBack, match=rf"at entry {LATEST + 4}, its journal at {LATEST + 6}.*postmortem store repair"
        ):
            action()
    assert any("rolled back" in problem for problem in store.check().problems)
    done = store.repair(actor="ops")
    assert (done.entries, done.lines) == (2, 0)
    assert store.incident("INC-0001").title == "Acknowledged"
    assert store.history()[:-1] == before
    assert store.history()[-1]["op"] == "repair"
    assert store.check().sound


def test_a_lost_database_is_built_again_from_the_journal(store: Store) -> None:
    """With the file gone, or not a database any more, the journal alone gives every row again."""
    everything = (store.incidents(), store.events("INC-0001"), store.actions())
    file = store.folder / "incidents.duckdb"
    file.unlink()
    with pytest.raises(StoreRolledBack, match="database file is gone"):
        store.incidents()
    store.repair()
    assert (store.incidents(), store.events("INC-0001"), store.actions()) == everything
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="damaged"):
        store.incidents()
    store.repair()
    assert (store.incidents(), store.events("INC-0001"), store.actions()) == everything


def test_a_lost_head_is_written_again(store: Store) -> None:
    """Without HEAD nothing is lost while journal and database agree."""
    (store.folder / "HEAD").write_text("{}")
    with pytest.raises(StoreError, match="HEAD is damaged"):
        store.update("INC-0001", title="Two")
    store.repair()
    assert store.update("INC-0001", title="Two").title == "Two"
    assert store.check().sound


def test_nothing_is_repaired_where_nothing_is_wrong(store: Store) -> None:
    """Repairing a sound store changes no byte of it."""
    files = ("journal.jsonl", "HEAD")
    before = [(store.folder / name).read_bytes() for name in files]
    assert store.repair().kept is None
    assert [(store.folder / name).read_bytes() for name in files] == before


def test_both_damaged_is_said_to_need_a_backup(store: Store) -> None:
    """When neither journal nor database reaches HEAD, the repair refuses and says what is left."""
    lines = (store.folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (store.folder / "journal.jsonl").write_bytes(b"".join(lines[:4]))
    (store.folder / "incidents.duckdb").unlink()
    with pytest.raises(StoreError, match=rf"up to entry 4, .* up to 0, and HEAD names entry {LATEST + 4} .*restore"):
        store.repair()


def test_rows_changed_by_a_plain_client_are_put_on_record(store: Store) -> None:
    """A change without the lock is named by the check, and the next write puts it on record as nobody's."""
    plain_client(store, "UPDATE events SET text = 'forged' WHERE id = 'E02'", "DELETE FROM actions")
    problems = store.check().problems
    assert problems == (
        "actions INC-0001 A01 is on record, but not in the database",
        "events INC-0001 E02 differs from the record in text",
    )
    store.update("INC-0001", title="Two")
    noticed = next(entry for entry in store.history() if entry["op"] == "foreign_change")
    assert noticed["actor"] == "unknown"
    assert {"before": {"text": "alert 1"}, "after": {"text": "forged"}}.items() <= noticed["changes"][1].items()
    assert store.check().sound


def test_a_client_that_holds_the_file_is_waited_for_and_named(store: Store) -> None:
    """While a plain client holds the file, a write waits, then says which process it is."""
    code = "import duckdb, sys\nc = duckdb.connect(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()"
    path = str(store.folder / "incidents.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreBusy, match=f"process {other.pid} holds the file"):
            Store(store.folder, wait=0.3).update("INC-0001", title="Two")
        other.communicate()
    assert store.update("INC-0001", title="Two").title == "Two"


def test_a_connection_of_this_process_is_named_too(store: Store) -> None:
    """The same in one process, where the file's own lock would not tell."""
    connection = duckdb.connect(str(store.folder / "incidents.duckdb"))
    with pytest.raises(StoreBusy, match="this process holds the file"):
        Store(store.folder, wait=0.3).incidents()
    connection.close()
    assert len(store.incidents()) == 1


def test_a_backup_is_whole_and_can_be_restored(store: Store, tmp_path: Path) -> None:
    """A restore puts back what was backed up, keeps what stood there, and is on record."""
    folder = store.backup(tmp_path / "backup")
    with pytest.raises(StoreError, match="there already"):
        store.backup(folder)
    store.update("INC-0001", title="After the backup")
    kept = store.restore(folder, actor="ops")
    assert store.incident("INC-0001").title == "One"
    assert store.history()[-1]["op"] == "restore"
    assert store.check().sound
    assert kept is not None
    assert Store(kept).incident("INC-0001").title == "After the backup"
    (folder / "journal.jsonl").write_text("")
    with pytest.raises(StoreError, match="the backup is not whole"):
        store.restore(folder)


def test_a_compacted_store_holds_the_same(store: Store) -> None:
    """Compacting changes the file's size, not the record."""
    for i in range(4):
        store.update("INC-0001", title=f"Title {i}")
    history = store.history()
    before, after = store.compact()
    assert after <= before
    assert store.history() == history
    assert store.check().sound


def old_store(folder: Path, version: int) -> None:
    """Build a store as an older version made it: its schema, one incident of that time, journal and HEAD."""
    folder.mkdir()
    place = Place(folder)
    with hold(folder, exclusive=True, wait=5), attached(place, read_only=False) as cursor:
        head = Head()
        for step in MIGRATIONS[:version]:
            cursor.execute("BEGIN")
            tx = Transaction(cursor)
            run(tx, step, head.seq + 1)
            head = commit(place, tx, head, entry_of(tx, "migrate", migration=step.number, reason=step.title))
        cursor.execute("BEGIN")
        row = {"id": "INC-0001", "number": 1, "title": "Old", "tags": ["kept"], "roles": {}, "log": {}, "version": 3}
        tx = Transaction(
            cursor, changes=[{"table": "incidents", "key": {"id": "INC-0001"}, "before": None, "after": row}]
        )
        cursor.execute(
            "INSERT INTO incidents (id, number, title, tags, roles, log, version) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ["INC-0001", 1, "Old", '["kept"]', "{}", "{}", 3],
        )
        commit(place, tx, head, entry_of(tx, "open_incident", actor="ops"))


def test_an_older_store_is_migrated_in_place_with_a_backup(tmp_path: Path) -> None:
    """Reading a store of schema 1 brings it to the latest, keeps its rows, and leaves a backup of before."""
    folder = tmp_path / "incidents"
    old_store(folder, 1)
    store = Store(folder)
    read = store.incident("INC-0001")
    assert (read.title, read.tags, read.version, read.related, read.restricted) == ("Old", ("kept",), 3, (), False)
    assert store.check().sound
    (saved,) = (folder / "backups").iterdir()
    with duckdb.connect(str(saved / "incidents.duckdb"), read_only=True) as plain:
        assert plain.execute("SELECT max(number) FROM migrations").fetchall() == [(1,)]
    (folder / "incidents.duckdb").unlink()
    store.repair()
    assert store.incident("INC-0001") == read


def test_a_newer_store_is_refused_and_left_alone(store: Store) -> None:
    """A schema from the future is named, and not a row is touched."""
    plain_client(store, "INSERT INTO migrations VALUES (99, 'from the future', 1)")
    head = (store.folder / "HEAD").read_bytes()
    for action in (store.incidents, lambda: store.open_incident("Two"), lambda: store.sql("SELECT 1")):
        with pytest.raises(StoreError, match=f"has schema 99, this version knows {LATEST}"):
            action()
    assert (store.folder / "HEAD").read_bytes() == head


def test_another_database_is_not_taken_for_a_store(tmp_path: Path) -> None:
    """A file of somebody else's tables is refused and left as it is."""
    with duckdb.connect(str(tmp_path / "incidents.duckdb")) as plain:
        plain.execute("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(StoreError, match="not an incident store"):
        Store(tmp_path).open_incident("One")
    with duckdb.connect(str(tmp_path / "incidents.duckdb")) as plain:
        assert plain.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("mine",)]
