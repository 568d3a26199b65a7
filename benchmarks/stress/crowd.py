"""Many at once: writers and readers on one store, ours and done naively."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.stress.result import Result, child, quantile, wait
from toolkit.errors import StaleIncident, StoreError
from toolkit.store import Store

#: The fastest writer may have this many times the turns of the slowest, once each had enough of them.
_FAIR, _ENOUGH = 3, 10


def crowd(folder: Path, seconds: float, *, writers: int = 8, readers: int = 4, server: str = "") -> Result:
    """Let writers count up one number and readers watch it: none lost, none going back, no error, all served."""
    result = Result(f"{writers} writers, {readers} readers")
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "home", server=server)
    incident = store.open_incident("Count", summary="0").id
    until = time.monotonic() + seconds
    pids = [child(lambda i=i: _write(folder, server, incident, i, until)) for i in range(writers)]  # type: ignore[misc]
    pids += [child(lambda i=i: _read(folder, server, incident, i, until)) for i in range(readers)]  # type: ignore[misc]
    codes = [wait(pid) for pid in pids]
    result.expect(not any(codes), "a process failed")
    wrote = [json.loads((folder / f"w{i}.json").read_text()) for i in range(writers)]
    watched = [json.loads((folder / f"r{i}.json").read_text()) for i in range(readers)]
    acknowledged = sum(w["counted"] for w in wrote)
    counted = int(store.incident(incident).summary)
    waits = [wait for w in wrote for wait in w["waits"]]
    reads = [wait for r in watched for wait in r["waits"]]
    turns = [len(w["waits"]) for w in wrote]
    result.figures = {
        "writes": len(waits),
        "writes/s": round(len(waits) / seconds, 1),
        "acknowledged": acknowledged,
        "lost": acknowledged - counted,
        "told stale": sum(w["stale"] for w in wrote),
        "errors": sum(w["errors"] for w in wrote + watched),
        "reads": len(reads),
        "going back": sum(r["back"] for r in watched),
        "write p50 ms": round(1000 * quantile(waits, 0.5)),
        "write p95 ms": round(1000 * quantile(waits, 0.95)),
        "write max ms": round(1000 * max(waits, default=0)),
        "read p95 ms": round(1000 * quantile(reads, 0.95)),
        "fastest/slowest writer": round(max(turns) / max(1, min(turns)), 2),
    }
    for name in ("lost", "errors", "going back"):
        result.expect(result.figures[name] == 0, f"{name}: {result.figures[name]}")
    if min(turns) >= _ENOUGH:
        result.expect(max(turns) <= _FAIR * min(turns), f"turns of the writers: {sorted(turns)}")
    checked = store.check()
    result.expect(checked.sound, f"the check says {checked.problems[:2]}")
    return result


def _write(folder: Path, server: str, incident: str, number: int, until: float) -> None:
    store = Store(folder / "home", wait=60, server=server)
    seen: dict[str, Any] = {"counted": 0, "stale": 0, "errors": 0, "waits": []}
    while time.monotonic() < until:
        try:
            read = store.incident(incident)
            started = time.monotonic()
            try:
                store.update(incident, expected_version=read.version, summary=str(int(read.summary) + 1))
                seen["counted"] += 1
            except StaleIncident:
                seen["stale"] += 1
            seen["waits"].append(time.monotonic() - started)
        except StoreError as error:
            seen["errors"] += 1
            os.write(2, f"{error}\n".encode())
    (folder / f"w{number}.json").write_text(json.dumps(seen))


def _read(folder: Path, server: str, incident: str, number: int, until: float) -> None:
    store = Store(folder / "home", wait=60, server=server)
    seen: dict[str, Any] = {"back": 0, "errors": 0, "waits": []}
    last = 0
    while time.monotonic() < until:
        started = time.monotonic()
        try:
            count = int(store.incident(incident).summary)
            seen["back"] += count < last
            last = count
        except StoreError as error:
            seen["errors"] += 1
            os.write(2, f"{error}\n".encode())
        seen["waits"].append(time.monotonic() - started)
    (folder / f"r{number}.json").write_text(json.dumps(seen))


def alone(folder: Path, count: int, *, server: str = "") -> Result:
    """Time one writer with nobody else about."""
    result = Result("one writer alone")
    store = Store(folder / "home", server=server)
    incident = store.open_incident("Alone").id
    waits, reads = [], []
    worked = time.process_time()
    for i in range(count):
        started = time.monotonic()
        store.update(incident, summary=str(i))
        waits.append(time.monotonic() - started)
        started = time.monotonic()
        store.incident(incident)
        reads.append(time.monotonic() - started)
    result.figures = {
        "writes": count,
        "CPU ms a write and a read": round(1000 * (time.process_time() - worked) / count, 1),
        "write p50 ms": round(1000 * quantile(waits, 0.5), 1),
        "write p95 ms": round(1000 * quantile(waits, 0.95), 1),
        "read p95 ms": round(1000 * quantile(reads, 0.95), 1),
    }
    if not server:
        result.figures["file MB"] = round((store.folder / "incidents.duckdb").stat().st_size / 1e6, 1)
    return result


def naive(folder: Path, seconds: float, *, writers: int = 8) -> Result:
    """Do the same by opening, writing and closing the file, trying again when it is locked: for comparison."""
    import duckdb

    result = Result(f"naive, {writers} writers")
    folder.mkdir(parents=True, exist_ok=True)
    file = str(folder / "naive.duckdb")
    with duckdb.connect(file) as plain:
        plain.execute("CREATE TABLE t (n BIGINT)")
        plain.execute("INSERT INTO t VALUES (0)")
    until = time.monotonic() + seconds
    pids = [child(lambda i=i: _naive(folder, file, i, until)) for i in range(writers)]  # type: ignore[misc]
    for pid in pids:
        wait(pid)
    wrote = [json.loads((folder / f"n{i}.json").read_text()) for i in range(writers)]
    waits = [w for one in wrote for w in one["waits"]]
    with duckdb.connect(file) as plain:
        counted = plain.execute("SELECT n FROM t").fetchall()[0][0]
    turns = [len(one["waits"]) for one in wrote]
    result.figures = {
        "writes": len(waits),
        "writes/s": round(len(waits) / seconds, 1),
        "lost": len(waits) - counted,
        "other errors": sum(one["errors"] for one in wrote),
        "write p50 ms": round(1000 * quantile(waits, 0.5)),
        "write p95 ms": round(1000 * quantile(waits, 0.95)),
        "write max ms": round(1000 * max(waits, default=0)),
        "fastest/slowest writer": round(max(turns) / max(1, min(turns)), 2),
    }
    return result


def _naive(folder: Path, file: str, number: int, until: float) -> None:
    import duckdb

    waits, errors = [], 0
    started = time.monotonic()
    while time.monotonic() < until:
        try:
            with duckdb.connect(file) as plain:
                plain.execute("UPDATE t SET n = n + 1")
            waits.append(time.monotonic() - started)
            started = time.monotonic()
        except duckdb.Error as error:
            errors += "lock" not in str(error)
            time.sleep(random.uniform(0.01, 0.05))
    (folder / f"n{number}.json").write_text(json.dumps({"waits": waits, "errors": errors}))
