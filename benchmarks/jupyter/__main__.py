"""Time a whole investigation, start to page, against papermill running its one heaviest template cold.

    python -m benchmarks.jupyter                    # three rounds, printed
    python -m benchmarks.jupyter --rounds 5 --write # and kept in RESULTS.md and results.json

A round runs both, one after the other, each in a new process: `postmortem demo` in an empty folder (read the log,
profile, diagnose, record, three notebooks, the page), and `papermill` with its own engine on the template that took it
longest. Wall seconds are what a person waits; processor seconds are of the process and its kernel, and are what can be
compared where others use the machine too.
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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from toolkit.investigation.flow import TEMPLATES
from toolkit.paths import shipped

HERE = Path(__file__).resolve().parent
#: What the whole may cost, as a multiple of the one notebook.
MOST = 1.6


@dataclass(frozen=True)
class Cost:
    """Seconds of one run: on the wall, and of the processor, the kernel's included."""

    wall: float
    cpu: float


def run(args: Sequence[str | Path], folder: Path) -> Cost:
    """Run a command in a folder and give its cost.

    Raises:
        RuntimeError: it failed; what it said is in the message.
    """
    # byte code is kept, as it is where the package was installed
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("POSTMORTEM", "PYTHONDONTWRITEBYTECODE"))}
    before, begun = os.times(), time.perf_counter()
    done = subprocess.run(list(map(str, args)), cwd=folder, env=clean, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begun, os.times()
    if done.returncode:
        msg = f"{args}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return Cost(wall, after.children_user + after.children_system - before.children_user - before.children_system)


def whole(folder: Path) -> Cost:
    """Take the demo's log to its page in an empty folder."""
    folder.mkdir()
    cost = run([sys.executable, "-c", "import sys; from toolkit.cli import main; sys.exit(main())", "demo"], folder)
    if not (folder / "incidents" / "INC-0001" / "postmortem.html").is_file():
        msg = "there is no page"
        raise RuntimeError(msg)
    return cost


def alone(template: str, bundle: Path, folder: Path) -> Cost:
    """Run one template by papermill's own command and engine, in a kernel of its own."""
    given = ["-k", "python3", "-p", "incident_id", "INC-0001", "-p", "bundle", bundle]
    source, target = shipped("templates") / f"{template}.ipynb", folder / f"{template}.ipynb"
    return run([sys.executable, "-m", "papermill", source, target, *given], folder)


def main() -> int:
    """Measure; exit 1 where the whole costs more than it may."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jupyter", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts [default: 3]")
    parser.add_argument("--write", action="store_true", help="keep the figures in RESULTS.md and results.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        whole(folder / "first")  # files in the cache, byte code written: for both alike
        bundle = folder / "first" / "incidents" / "INC-0001" / "bundle"
        seen = {name: alone(name, bundle, folder) for name in TEMPLATES}
        heaviest = max(seen, key=lambda name: seen[name].cpu)
        ours, theirs = [], []
        for number in range(given.rounds):
            ours.append(whole(folder / f"round{number}"))
            theirs.append(alone(heaviest, bundle, folder))
            print(f"round {number + 1}: whole {ours[-1]}, {heaviest} alone {theirs[-1]}", flush=True)
    figures = {
        "machine": f"{os.cpu_count()} processors, Python {platform.python_version()}",
        "load": [round(x, 1) for x in os.getloadavg()],
        "heaviest": heaviest,
        "whole": [asdict(c) for c in ours],
        "alone": [asdict(c) for c in theirs],
    }
    print(text := report(figures))
    if given.write:
        (HERE / "results.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    return 0 if ratio(figures, "wall") <= MOST else 1


def ratio(figures: dict[str, list[dict[str, float]]], kind: str) -> float:
    """Give the median of the whole over the median of the one."""
    ours, theirs = (statistics.median(c[kind] for c in figures[name]) for name in ("whole", "alone"))
    return ours / theirs


def report(figures: dict[str, object]) -> str:
    """Write the figures down."""
    rows = []
    for kind, words in (("wall", "seconds waited"), ("cpu", "processor seconds")):
        cells = []
        for name in ("whole", "alone"):
            all_of = [c[kind] for c in figures[name]]  # type: ignore[attr-defined]
            cells.append(f"{statistics.median(all_of):.2f} ({min(all_of):.2f} to {max(all_of):.2f})")
        rows.append(f"| {words} | {cells[0]} | {cells[1]} | {ratio(figures, kind):.2f} |")  # type: ignore[arg-type]
    count = len(figures["whole"])  # type: ignore[arg-type]
    head = "\n".join([
        "# What an investigation costs, beside papermill alone", "",
        "Written by `python -m benchmarks.jupyter --write`. The whole default investigation of the demo's log, from an",
        f"empty folder to the page, against `papermill` running {figures['heaviest']}, its heaviest template, each in",
        f"a new process; medians of {count} rounds, with the lowest and the highest. The aim: at most {MOST}.",
        "",
    ])  # fmt: skip
    table = "| | whole investigation | papermill, one template | ratio |\n| --- | --- | --- | --- |\n" + "\n".join(rows)
    tail = f"\n\nMeasured with {figures['machine']}, load average {figures['load'][0]} at the end.\n"  # type: ignore[index]
    return f"{head}\n{table}{tail}"


if __name__ == "__main__":
    sys.exit(main())
