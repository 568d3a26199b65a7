"""Run every job in turn, each in a process of its own, keep every run in results.json and write RESULTS.md from them.

Without options: 1e5 and 1e6 rows, five runs of each job. ``--keep`` adds to the runs that results.json has, so that a
size, a job or a peer (in a virtual environment of its own) can be measured apart, and with ``--anew`` in the place of
what it was before: README.md has the commands. A busy machine makes every figure worse; its load is kept with each run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.speed.data import Shape, make
from benchmarks.speed.page import page
from benchmarks.speed.peers import PEERS, python_of

HERE = Path(__file__).resolve().parent
KEPT = HERE / "results.json"
#: Ours and what anyone would compare it to, in the order of the table.
JOBS = ("scan", "floor", "imports", "by_pandas", "profile", "ours", "whole", "again", "day")
USED = ("duckdb", "pandas", "pyarrow", "numpy", "scikit-learn")


def run(job: str, folder: Path, peers: Path) -> dict[str, Any]:
    """Run a job once: CPU seconds, wall seconds, peak memory in MB of all its processes together, what it printed."""
    command = [sys.executable, "-m", f"benchmarks.speed.jobs.{job}", str(folder)]
    if job in PEERS:
        command = [str(python_of(job, peers)), str(HERE / "peers" / f"with_{job}.py"), str(folder)]
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, cwd=HERE.parent.parent)
        watch = Watch(process.pid)
        watch.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{job} on {folder.name} ended with {process.returncode}")
        out.seek(0)
        lines = out.read().strip().splitlines()
    said = json.loads(lines[-1]) if lines else {}
    mb = max(used.ru_maxrss / 1024, watch.mb)
    load = round(os.getloadavg()[0], 1)
    return {"job": job, "cpu": used.ru_utime + used.ru_stime, "wall": wall, "mb": mb, "load": load, **said}


class Watch(threading.Thread):
    """Looks five times a second how much memory a process and its children have together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.mb, self._done = pid, 0.0, threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._done.wait(0.2):
            self.mb = max(self.mb, sum(map(_mb, _with_children(self.pid))))

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        self.join()


def _with_children(pid: int) -> list[int]:
    """Give a process and all that it started; nothing where the machine has no /proc."""
    found, more = [], [pid]
    while more:
        one = more.pop()
        found.append(one)
        for file in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                more += [int(p) for p in file.read_text().split()]
            except OSError:
                continue
    return found


def _mb(pid: int) -> float:
    """Give the memory of a process in MB, pages that several share counted in part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):
        return 0.0


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--numbers", type=int, default=20, help="numeric features, beside six of text")
    parser.add_argument("--values", type=int, default=4, help="values of the group and of the segment")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", choices=(*JOBS, *PEERS))
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "speed-data")
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "speed-peers")
    parser.add_argument("--keep", action="store_true", help="keep the runs that results.json already has")
    parser.add_argument("--anew", action="store_true", help="with --keep: forget earlier runs of what runs now")
    given = parser.parse_args()
    if not given.keep:
        KEPT.unlink(missing_ok=True)
    for rows in given.rows or [100_000, 1_000_000] if given.runs else []:
        shape = Shape(rows, numbers=given.numbers, values=given.values)
        folder = make(shape, given.data)
        mb = sum(f.stat().st_size for f in folder.rglob("*.parquet")) / 1e6
        about = {"rows": rows, "features": shape.numbers + shape.words, "values": shape.values, "mb": mb, "runs": []}
        if given.anew:
            forget(shape.name, given.only or JOBS)
        for i in range(given.runs):  # in turn, so that a busy minute falls on all of them
            for job in given.only or JOBS:
                made = run(job, folder, given.peers)
                print(shape.name, i, made, file=sys.stderr, flush=True)
                keep(shape.name, about, made)
    (HERE / "RESULTS.md").write_text(page(kept()), encoding="utf-8")


def kept() -> dict[str, Any]:
    """Give every run that is kept."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def forget(name: str, jobs: Sequence[str]) -> None:
    """Drop the runs of some jobs of a shape: of code that has changed since they say nothing."""
    results = kept()
    if name in results:
        results[name]["runs"] = [run for run in results[name]["runs"] if run["job"] not in jobs]
        KEPT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def keep(name: str, about: dict[str, Any], made: dict[str, Any]) -> None:
    """Put a run beside those of its shape; another process may have put some there meanwhile."""
    results = kept()
    results.setdefault(name, about)["runs"].append(made)
    used = f"{os.cpu_count()} cores, Python {platform.python_version()}, "
    results["with"] = used + ", ".join(f"{n} {version(n)}" for n in USED)
    KEPT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
