"""Killed at any moment: writers under load, and migrations half-way."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import time
from pathlib import Path

import duckdb

from benchmarks.stress.result import NOON, Result, child, kill, wait
from toolkit.errors import StoreError
from toolkit.records import Event
from toolkit.store import Store
from toolkit.store.attach import Place, attached
from toolkit.store.commit import commit, entry_of
from toolkit.store.journal import Head
from toolkit.store.lock import hold
from toolkit.store.migrations import LATEST, MIGRATIONS
from toolkit.store.ready import run
from toolkit.store.session import Transaction

_AT_ONCE = 3
_COLUMNS = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"


def kills(folder: Path, count: int, *, workers: int = 3, seed: int = 1, server: str = "") -> Result:
    """Kill writers at random moments; nothing acknowledged may be lost, nothing half-applied.

    Ctrl-C ends it early: what was killed until then is compared and counted all the same.
    """
    result = Result("kill -9 of writers")
    choose = random.Random(seed)
    home, acks = folder / "home", folder / "acks"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    running: dict[int, int] = {}
    killed = 0
    with contextlib.suppress(KeyboardInterrupt):
        for number in range(count):
            for slot in range(workers):
                if slot not in running:
                    name = f"{slot}.{number}"
                    running[slot] = child(lambda name=name: _writer(home, acks, name, server))  # type: ignore[misc]
            _under_load(acks, choose)
            kill(running.pop(choose.choice(sorted(running))))
            killed += 1
    for pid in running.values():
        kill(pid)
    result.figures = {"kills": killed + len(running), "seconds": round(time.monotonic() - started, 1)}
    _compare(Store(home, server=server), acks.read_text().splitlines() if acks.exists() else [], result)
    return result


def _under_load(acks: Path, choose: random.Random) -> None:
    """Wait until some more was acknowledged, however busy the machine is, then to no particular moment."""
    enough = (acks.stat().st_size if acks.exists() else 0) + choose.randrange(1, 60)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (acks.exists() and acks.stat().st_size > enough):
        time.sleep(0.002)
    time.sleep(choose.uniform(0, 0.05))


def _writer(home: Path, acks: Path, name: str, server: str) -> None:
    """Write for ever, and after each acknowledgement say so in a file that survives."""
    store = Store(home, wait=120, server=server)
    choose = random.Random(name)
    said = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    incident = store.open_incident(name).id
    os.write(said, f"incident {name}\n".encode())
    number = 0
    while True:
        number += 1
        batch = f"{name}-{number}"
        if choose.random() < 0.7:
            store.add_events(incident, [Event(NOON, "note", f"{batch}/{i}") for i in range(_AT_ONCE)])
            os.write(said, f"events {batch}\n".encode())
        else:
            store.record_run(incident, batch, "ok", "x.ipynb", 1.0)
            os.write(said, f"run {batch}\n".encode())


def _compare(store: Store, acks: list[str], result: Result) -> None:
    store.open_incident("after the last kill")  # heals what the kill left
    batches: dict[str, int] = {}
    for (text,) in store.sql("SELECT text FROM events", rows=10**7)[1]:
        batches[text.split("/")[0]] = batches.get(text.split("/")[0], 0) + 1
    there = {f"events {batch}" for batch in batches}
    there |= {f"run {row[0]}" for row in store.sql("SELECT template FROM runs", rows=10**7)[1]}
    there |= {f"incident {i.title}" for i in store.incidents()}
    checked = store.check()
    result.figures |= {
        "acknowledged": len(acks),
        "lost": len(set(acks) - there),
        "half-applied": sum(n != _AT_ONCE for n in batches.values()),
        "entries": checked.entries,
    }
    result.expect(not set(acks) - there, f"lost: {sorted(set(acks) - there)[:3]}")
    result.expect(result.figures["half-applied"] == 0, "a write was half-applied")
    result.expect(checked.sound, f"the check says {checked.problems[:2]}")


def old_store(folder: Path, version: int) -> None:
    """Build a store as an older version made it: its schema, one incident of that time, journal and HEAD."""
    folder.mkdir(parents=True)
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
        change = {"table": "incidents", "key": {"id": "INC-0001"}, "before": None, "after": row}
        tx = Transaction(cursor, changes=[change])
        cursor.execute(
            "INSERT INTO incidents (id, number, title, tags, roles, log, version) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ["INC-0001", 1, "Old", '["kept"]', "{}", "{}", 3],
        )
        commit(place, tx, head, entry_of(tx, "open_incident", actor="ops"))


def migrations(folder: Path, count: int, *, seed: int = 1) -> Result:
    """Kill the migration of an older store at random moments; each of its steps is done or not, never between."""
    result = Result("migrations killed")
    choose = random.Random(seed)
    old_store(folder / "old", 1)
    found = {"old": 0, "between two steps": 0, "new": 0}
    home = Path(shutil.copytree(folder / "old", folder / "timed"))
    started = time.monotonic()
    wait(child(lambda: Store(home).incidents() and None))
    longest = 1.2 * (time.monotonic() - started)
    for number in range(count):
        home = Path(shutil.copytree(folder / "old", folder / f"m{number}"))
        pid = child(lambda home=home: Store(home).incidents() and None)  # type: ignore[misc]
        time.sleep(choose.uniform(0.002, longest))
        kill(pid)
        found[_state(home, result)] += 1
        try:
            incident = Store(home).incident("INC-0001")
            result.expect(incident.title == "Old" and incident.version == 3, "a row was lost")
            checked = Store(home).check()
            result.expect(checked.sound, f"the check says {checked.problems[:2]}")
        except StoreError as error:
            result.failures.append(str(error))
        shutil.rmtree(home)
    result.figures = {"kills": count, **found}
    return result


def _state(home: Path, result: Result) -> str:
    """Say which schema a store has, and see that it has all of it and nothing more."""
    copy = home / "copy"
    copy.mkdir()
    for name in ("incidents.duckdb", "incidents.duckdb.wal"):
        if (home / name).exists():
            shutil.copy(home / name, copy / name)
    with duckdb.connect(str(copy / "incidents.duckdb")) as plain:
        version = plain.execute("SELECT max(number) FROM migrations").fetchall()[0][0]
        columns = set(plain.execute(_COLUMNS).fetchall())
    shutil.rmtree(copy)
    with duckdb.connect() as memory:
        for step in MIGRATIONS[:version]:
            run(Transaction(memory), step, 0)
        whole = set(memory.execute(_COLUMNS).fetchall())
    result.expect(columns == whole, f"schema {version} lacks {whole - columns}, and has {columns - whole}")
    return "new" if version == LATEST else "old" if version == 1 else "between two steps"


__all__ = ["kills", "migrations", "old_store", "wait"]
