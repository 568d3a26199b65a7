"""Run the trials and print what was counted: `python -m benchmarks.stress [--size short|long] [name ...]`."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.stress import crash, crowd, damage, model, postgres
from benchmarks.stress.keeping import keep, record
from benchmarks.stress.result import Result

#: Trial -> what it does in a folder of its own, at a size: short for an idle minute, long for a release.
TRIALS: dict[str, Callable[[Path, bool], Result]] = {
    "alone": lambda folder, long: crowd.alone(folder, 200 if long else 60),
    "kills": lambda folder, long: crash.kills(folder, 1000 if long else 60),
    "crowd": lambda folder, long: crowd.crowd(folder, 60 if long else 12),
    "naive": lambda folder, long: crowd.naive(folder, 60 if long else 12),
    "full": lambda folder, long: damage.full(folder, 200 if long else 20),
    "model": lambda _, long: model.model(2000 if long else 30),
    "flips": lambda folder, long: damage.flips(folder, 1000 if long else 100),
    "migrations": lambda folder, long: crash.migrations(folder, 100 if long else 20),
    "foreign": lambda folder, long: damage.foreign(folder, 100 if long else 12),
    "late": lambda folder, _: damage.lost_commit(folder),
}


#: The same on a server, started for each from the system's packages.
ON_SERVER: dict[str, Callable[[Path, bool], Result]] = {
    "alone": lambda folder, long: _on_server(lambda url: crowd.alone(folder, 200 if long else 60, server=url)),
    "kills": lambda folder, long: _on_server(lambda url: crash.kills(folder, 1000 if long else 60, server=url)),
    "crowd": lambda folder, long: _on_server(lambda url: crowd.crowd(folder, 60 if long else 12, server=url)),
}


def _on_server(trial: Callable[[str], Result]) -> Result:
    if postgres.programs() is None:
        return Result("on a server", {"skipped": "PostgreSQL is not installed"})
    with postgres.running() as url:
        result = trial(url)
    result.name += ", PostgreSQL"
    return result


def main() -> int:
    """Run the trials that are named, or all; give 1 if anything happened that should not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(TRIALS)}; all without one")
    parser.add_argument("--size", choices=("short", "long"), default="long")
    parser.add_argument("--json", type=Path, help="write what was counted here too")
    parser.add_argument("--record", action="store_true", help="keep what was counted in RESULTS.md, beside the code")
    parser.add_argument("--server", action="store_true", help="on a PostgreSQL that is started for it: what applies")
    given = parser.parse_args()
    trials = ON_SERVER if given.server else TRIALS
    unknown = set(given.names) - set(trials)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it would be ignored
    results = []
    folder = Path(tempfile.mkdtemp(prefix="stress-"))
    print(f"DuckDB {duckdb.__version__}, Python {sys.version.split()[0]}, {given.size}")
    try:
        for name in given.names or trials:
            started = time.monotonic()
            result = trials[name](folder / name, given.size == "long")
            results.append(result)
            if given.record:
                how = f"python -m benchmarks.stress{' --server' if given.server else ''} --size {given.size} {name}"
                keep([record(result, how, time.monotonic() - started, duckdb.__version__)])
            counted = ", ".join(f"{key} {value}" for key, value in result.figures.items())
            print(f"{result.name}: {counted} ({time.monotonic() - started:.0f} s)", flush=True)
            for failure in result.failures[:10]:
                print(f"  FAILED: {failure}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        given.json.write_text(json.dumps([vars(result) for result in results], indent=1) + "\n")
    return int(any(result.failures for result in results))


if __name__ == "__main__":
    sys.exit(main())
