"""Run every job in turn, several times, each in a process of its own, and write RESULTS.md.

    python -m benchmarks.speed.run                                  # 1e5 and 1e6 rows, five runs each
    python -m benchmarks.speed.run --rows 10000000 --runs 1 --add   # one size more, beside what RESULTS.md has

CPU seconds are user and system of the process; wall is the median too, and means little on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.speed.data import Shape, make

HERE = Path(__file__).resolve().parent
JOBS = ("scan", "floor", "by_pandas", "profile", "ours")


def run(job: str, folder: Path) -> dict[str, Any]:
    """Run a job once: CPU and wall seconds, peak memory in MB, and what it printed."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.speed.jobs.{job}", str(folder)], stdout=out, cwd=HERE.parent.parent
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{job} on {folder.name} ended with {process.returncode}")
        out.seek(0)
        text = out.read().strip()
    said = json.loads(text) if text else {}
    return {"job": job, "cpu": used.ru_utime + used.ru_stime, "wall": wall, "mb": used.ru_maxrss / 1024, **said}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", choices=JOBS)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "speed-data")
    parser.add_argument("--add", action="store_true", help="keep the sizes that results.json already has")
    given = parser.parse_args()
    kept = HERE / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if given.add and kept.exists() else {}
    for rows in given.rows or [100_000, 1_000_000]:
        folder = make(Shape(rows), given.data)
        runs: list[dict[str, Any]] = []
        for i in range(given.runs):  # in turn, so that a busy minute falls on all of them
            for job in given.only or JOBS:
                runs.append(run(job, folder))
                print(rows, i, runs[-1], file=sys.stderr, flush=True)
        mb = sum(f.stat().st_size for f in folder.rglob("*.parquet")) / 1e6
        load = round(os.getloadavg()[1], 1)
        results[str(rows)] = {"runs": runs, "mb": mb, "load": load, "cpus": os.cpu_count()}
        kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (HERE / "RESULTS.md").write_text(page(results), encoding="utf-8")


def page(results: dict[str, Any]) -> str:
    """Write the results as Markdown."""
    names = ("duckdb", "pandas", "pyarrow", "numpy", "scikit-learn")
    used = ", ".join(f"{n} {version(n)}" for n in names)
    lines = [
        "# Speed, measured",
        "",
        "Written by `python -m benchmarks.speed.run` from `results.json`, which has every run. Medians; CPU seconds of",
        "the whole process, imports included. The jobs are in `jobs/`, what the log is in `data.py`.",
        "",
        f"Python {platform.python_version()}, {used}.",
    ]
    for rows, found in sorted(results.items(), key=lambda kv: int(kv[0])):
        by = {j: [r for r in found["runs"] if r["job"] == j] for j in JOBS}
        least = statistics.median(r["cpu"] for r in by["floor"]) if by["floor"] else None
        lines += [
            "",
            f"## {int(rows):,} rows x 26 features, a reference of a fifth; {found['mb']:,.0f} MB of Parquet",
            "",
            f"{found['cpus']} cores; load of the machine meanwhile {found['load']}.",
            "",
            "| job | runs | CPU s | of the floor | wall s | peak MB |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for job, runs in by.items():
            if runs:
                cpu, wall, mb = (statistics.median(r[k] for r in runs) for k in ("cpu", "wall", "mb"))
                ratio = f"{cpu / least:.1f} x" if least else ""
                lines.append(f"| {job} | {len(runs)} | {cpu:.2f} | {ratio} | {wall:.1f} | {mb:.0f} |")
        for job in ("profile", "ours"):
            lines += _steps(job, by[job])
    return "\n".join(lines) + "\n"


def _steps(job: str, runs: list[dict[str, Any]]) -> list[str]:
    """Say where the time of our own job goes, and what it found."""
    if not runs:
        return []
    names = [k for k in runs[0]["steps"] if not k.endswith("MB")]
    middle = {k: statistics.median(r["steps"][k] for r in runs) for k in runs[0]["steps"]}
    parts = ", ".join(f"{k} {middle[k]:.2f} CPU s (peak so far {middle[k + ' peak MB']:.0f} MB)" for k in names)
    found = sorted({f"{r['verdict']} ({r['mechanism']}) since {r['onset'][:10]}" for r in runs if "verdict" in r})
    return ["", f"`{job}` by step: {parts}." + (f" It said: {', '.join(found)}." if found else "")]


if __name__ == "__main__":
    main()
