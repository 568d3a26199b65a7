"""Things that happen to files: a disk that fills up, bytes that flip, a client that does not know the lock."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.stress.result import NOON, Result, child, wait
from toolkit.errors import StoreError, StoreRolledBack
from toolkit.records import Event
from toolkit.store import Store


def full(folder: Path, rounds: int, *, seed: int = 1) -> Result:
    """Fill the disk up at a random size of file; each write is either acknowledged and there, or refused and not."""
    result = Result("disk full")
    choose = random.Random(seed)
    Store(folder / "model").open_incident("One")
    acknowledged = refused = 0
    for number in range(rounds):
        home = Path(shutil.copytree(folder / "model", folder / f"f{number}"))
        size = (home / "incidents.duckdb").stat().st_size
        limit = choose.choice([choose.randrange(2_000, 60_000), size + choose.randrange(-300_000, 900_000)])
        texts = ["".join(choose.choices("abcdef", k=choose.randrange(10, 90_000))) for _ in range(12)]
        code = wait(child(lambda home=home, limit=limit, texts=texts: _fill(home, limit, texts)))  # type: ignore[misc]
        result.expect(code == 0, f"the writer ended with {code} at {limit} bytes")
        acks = (home / "acks").read_text().split()
        store = Store(home)
        there = [event.text for event in store.events("INC-0001")]
        result.expect(there == [texts[int(i)] for i in acks], f"{len(acks)} acknowledged, {len(there)} there")
        store.update("INC-0001", title="Room again")
        checked = store.check()
        result.expect(checked.sound, f"the check says {checked.problems[:2]}")
        acknowledged, refused = acknowledged + len(acks), refused + len(texts) - len(acks)
        shutil.rmtree(home)
    result.figures = {"rounds": rounds, "acknowledged": acknowledged, "refused": refused}
    return result


def _fill(home: Path, limit: int, texts: list[str]) -> None:
    store = Store(home)
    said = os.open(home / "acks", os.O_WRONLY | os.O_CREAT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for i, text in enumerate(texts):
        try:
            store.add_events("INC-0001", [Event(NOON, "note", text)])
        except StoreError as error:
            if "disk is full" not in str(error):
                raise
            continue
        os.write(said, f"{i} ".encode())
    there = len(store.events("INC-0001"))
    acked = len((home / "acks").read_text().split())
    if there != acked:
        raise AssertionError(f"while full: {acked} acknowledged, {there} there")


def flips(folder: Path, count: int, *, seed: int = 1) -> Result:
    """Flip one byte of the journal; it must be found every time."""
    result = Result("bytes flipped in the journal")
    choose = random.Random(seed)
    store = Store(folder / "home")
    for i in range(10):
        store.open_incident(f"Number {i}")
    path = store.folder / "journal.jsonl"
    whole = path.read_bytes()
    found = 0
    for _ in range(count):
        flipped = bytearray(whole)
        flipped[choose.randrange(len(whole))] ^= choose.randrange(1, 256)
        path.write_bytes(flipped)
        found += not store.audit_verify().sound
    path.write_bytes(whole)
    result.figures = {"flips": count, "found": found}
    result.expect(found == count, "a flip was not found")
    return result


def foreign(folder: Path, rounds: int, *, seed: int = 1) -> Result:
    """Let a client without the lock do its worst; each time it is noticed, and nothing acknowledged stays lost."""
    result = Result("clients without the lock")
    choose = random.Random(seed)
    store = Store(folder / "home")
    incident = store.open_incident("Count").id
    noticed = lost = 0
    acknowledged: list[str] = []
    for number in range(rounds):
        shutil.copy(store.folder / "incidents.duckdb", folder / "older.duckdb")
        for _ in range(choose.randrange(1, 4)):
            acknowledged.append(f"event {len(acknowledged)}")
            store.add_events(incident, [Event(NOON, "note", acknowledged[-1])])
        harm = choose.choice((_roll_back, _remove, _overwrite, _cut_journal))
        harm(store.folder, folder / "older.duckdb", choose)
        try:
            store.update(incident, summary=str(number))
        except StoreError as error:
            noticed += 1
            result.expect("repair" in str(error), f"no way out in: {error}")
            store.repair()
        there = {event.text for event in store.events(incident)}
        lost += len(set(acknowledged) - there)
        result.expect(there == set(acknowledged), f"round {number}, {harm.__name__}: {len(there)} events there")
    checked = store.check()
    result.expect(checked.sound, f"the check says {checked.problems[:2]}")
    result.expect(noticed == rounds, f"{rounds - noticed} not noticed")
    result.figures = {"rounds": rounds, "noticed": noticed, "acknowledged": len(acknowledged), "lost": lost}
    return result


def _roll_back(home: Path, older: Path, _: random.Random) -> None:
    shutil.copy(older, home / "incidents.duckdb")


def _remove(home: Path, _: Path, __: random.Random) -> None:
    (home / "incidents.duckdb").unlink()


def _overwrite(home: Path, _: Path, choose: random.Random) -> None:
    (home / "incidents.duckdb").write_bytes(choose.randbytes(20_000))


def _cut_journal(home: Path, _: Path, choose: random.Random) -> None:
    whole = (home / "journal.jsonl").read_bytes()
    (home / "journal.jsonl").write_bytes(whole[: choose.randrange(len(whole) - 1)])


def library(folder: Path) -> Path | None:
    """Build the library that makes an opener late, or give ``None`` where there is no C compiler."""
    target = folder / "late.so"
    source = Path(__file__).with_name("late.c")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    made = subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(target), "-ldl"], check=False)
    return target if made.returncode == 0 else None


def late_opener(folder: Path, late: Path, file: Path, statement: str, meanwhile: Callable[[], None]) -> None:
    """Let a plain client read the file's header, then ``meanwhile`` happen, then the client go on and write."""
    go, waiting = folder / "go", folder / "waiting"
    for old in (go, waiting):
        old.unlink(missing_ok=True)
    code = "import duckdb, sys\nc = duckdb.connect(sys.argv[1])\nc.execute(sys.argv[2])\nc.close()"
    surroundings = {**os.environ, "LD_PRELOAD": str(late), "LATE_GO": str(go), "LATE_WAITING": str(waiting)}
    with subprocess.Popen([sys.executable, "-c", code, str(file), statement], env=surroundings):
        deadline = time.monotonic() + 30
        while not waiting.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        meanwhile()
        go.write_text("")


def lost_commit(folder: Path) -> Result:
    """Meet DuckDB 2.0.0's lost commit: a late opener takes an acknowledged write back; noticed, and brought back."""
    import duckdb

    result = Result("a late opener")
    folder.mkdir(parents=True, exist_ok=True)
    late = library(folder)
    if late is None:
        result.figures = {"skipped": "no C compiler"}
        return result
    store = Store(folder / "home")
    incident = store.open_incident("One").id
    late_opener(
        folder,
        late,
        store.folder / "incidents.duckdb",
        "CREATE TABLE theirs (a INTEGER)",
        lambda: store.update(incident, title="Acknowledged") and None,
    )
    lost = False
    try:
        title = store.incident(incident).title
    except StoreRolledBack:
        lost = True
        store.repair()
        title = store.incident(incident).title
    kept = title == "Acknowledged"
    result.figures = {
        "DuckDB": duckdb.__version__,
        "rolled back by DuckDB": int(lost),
        "lost in the end": int(not kept),
    }
    result.expect(kept, "an acknowledged write is gone")
    return result
