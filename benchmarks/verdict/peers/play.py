"""Ask the peers about trials of the plan, and keep what they gave: deciding and scoring are then done in a moment.

    python -m benchmarks.verdict.peers.play --into OUT --quick evidently nannyml dowhy rankers baseline
    python -m benchmarks.verdict.peers.play --into OUT --only strong --half held_out --limit 40 evidently
    python -m benchmarks.verdict.peers.play --into OUT --half fresh --draw 3 --limit 100 evidently nannyml toolkit

Every trial is made once and kept in OUT, and every answer is kept in ``OUT/NAME.jsonl``; a run that was stopped goes on
where it was. ``results.py`` reads OUT.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import pickle
import time
import warnings
from pathlib import Path
from typing import Any, Final

from benchmarks.verdict.plan import GROUPS, Trial, build, fresh, trials
from benchmarks.verdict.run import system
from toolkit.errors import PostmortemError

#: Systems that give a verdict and not outputs: asked as the benchmark asks them.
WHOLE: Final = ("baseline", "toolkit")


def made(trial: Trial, folder: Path) -> tuple[Any, Any]:
    """Give the log of a trial and its truths, from ``folder`` where it was made before."""
    name = hashlib.sha256(trial.name.encode()).hexdigest()[:16]
    file = folder / "trials" / f"{name}.pickle"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        case, truths = build(trial)
        kept = (case.log, case.reference, case.events, case.roles, truths)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_bytes(pickle.dumps(kept))
        part.replace(file)
    *case, truths = pickle.loads(file.read_bytes())  # our own file, written above
    return case, truths


def asked(name: str, case: Any) -> dict[str, Any]:
    """Give what a system says about a log: a verdict of the whole ones, else the outputs that rules decide on."""
    log, reference, events, roles = case
    if name in WHOLE:
        from toolkit.testing.scoring import record_of

        verdict = record_of(system(name)(log, reference=reference, roles=roles, events=events, seed=0))
        return {"verdict": {**verdict.to_dict(), "findings": []}}
    from benchmarks.verdict.peers.frames import case_of

    module = importlib.import_module(f"benchmarks.verdict.peers.{name}")
    outputs: dict[str, Any] = module.measure(case_of(log, reference, roles))
    return {"outputs": outputs}


def play(plan: list[Trial], names: list[str], folder: Path) -> None:
    """Ask every system about every trial that it has not answered yet."""
    folder.mkdir(parents=True, exist_ok=True)
    done = {name: {json.loads(line)["name"] for line in _lines(folder / f"{name}.jsonl")} for name in names}
    for i, trial in enumerate(plan, 1):
        todo = [n for n in names if trial.name not in done[n]]
        if not todo:
            continue
        try:
            case, _ = made(trial, folder)
        except PostmortemError as error:  # a fault that this base cannot have
            print(f"left out, for there is no such log: {trial.name[:160]}: {error}", flush=True)
            continue
        for name in todo:
            start = time.perf_counter()
            try:
                answer = asked(name, case)
            except Exception as error:  # noqa: BLE001  a crash is a result: it is counted and named
                answer = {"error": f"{type(error).__name__}: {error}"[:300]}
            row = {"name": trial.name, **answer, "seconds": round(time.perf_counter() - start, 2)}
            with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps(row, default=str) + "\n")
        if i % 10 == 0:
            print(f"{i} of {len(plan)} trials", flush=True)


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line] if file.exists() else []


def main(arguments: list[str] | None = None) -> int:
    """Read the command and play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", help="peers (modules here), baseline or toolkit")
    parser.add_argument("--into", type=Path, required=True, help="folder for trials and answers")
    parser.add_argument("--quick", action="store_true", help="about a tenth of the plan")
    parser.add_argument("--only", action="append", choices=GROUPS)
    parser.add_argument("--half", choices=("tune", "held_out", "both", "fresh"), default="both")
    parser.add_argument("--draw", type=int, default=1, help="with --half fresh: which draw of it")
    parser.add_argument(
        "--limit", type=int, default=0, help="so many trials, spread evenly over those chosen; of fresh the first"
    )
    options = parser.parse_args(arguments)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    warnings.simplefilter("ignore")
    of_fresh = options.half == "fresh"
    plan = fresh(options.draw) if of_fresh else trials(quick=options.quick)
    plan = [t for t in plan if not options.only or t.group in options.only]
    plan = [t for t in plan if options.half in ("both", t.half)]
    if options.limit and options.limit < len(plan):
        # any first part of the fresh half is a fair sample; of the others only an even spread is
        n = options.limit
        plan = plan[:n] if of_fresh else [plan[i * len(plan) // n] for i in range(n)]
    play(plan, options.names, options.into)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
