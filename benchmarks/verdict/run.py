"""Play the plan against a system and write what came out.

    python -m benchmarks.verdict.run --quick                 # about a tenth, minutes
    python -m benchmarks.verdict.run --half fresh --json out.jsonl --compare baseline --write   # what RESULTS.md holds
    python -m benchmarks.verdict.run --only strong --only hard --system baseline
    python -m benchmarks.verdict.run --json out.jsonl --resume   # go on where a run was stopped

A system is a function ``diagnose(log, reference=, roles=, events=, seed=)`` that gives a verdict: ``toolkit`` (the one
under test), ``baseline`` (a decision tree written by hand), or a module of ``benchmarks/verdict/peers``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.verdict.plan import GROUPS, HALVES, Trial, ablations, build, fresh, trials

HERE = Path(__file__).resolve().parent
_SYSTEM: dict[str, Callable[..., Any]] = {}


def system(name: str) -> Callable[..., Any]:
    """Give the function that diagnoses, by the name of its system."""
    if name == "toolkit":
        import toolkit

        return toolkit.diagnose  # type: ignore[attr-defined, no-any-return]
    module = "baseline" if name == "baseline" else f"peers.{name}"
    function: Callable[..., Any] = importlib.import_module(f"benchmarks.verdict.{module}").diagnose
    return function


def _start(name: str) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    warnings.simplefilter("ignore")
    _SYSTEM["diagnose"] = system(name)


def play(trial: Trial) -> dict[str, Any]:
    """Make one log, have it diagnosed, and hold the answer against the truth; ``unmade`` says why there is no log."""
    from toolkit.errors import PostmortemError
    from toolkit.testing import score
    from toolkit.testing.scoring import record_of

    try:
        case, truths = build(trial)
    except PostmortemError as error:  # a base of one number has no two columns to exchange
        return {"name": trial.name, "unmade": error.what}
    truth = truths[0]
    row: dict[str, Any] = {
        "group": trial.group, "mask": trial.mask, "half": trial.half, "name": trial.name, "rows": truth.rows,
        "cause": truth.cause, "mechanism": truth.mechanism, "variant": truth.variant, "base": truth.base,
        "model": truth.model, "task": truth.task, "shape": truth.shape, "labels": truth.labels,
        "severity": truth.severity, "harm": truth.harm, "null95": truth.null95, "harmless": truth.harmless,
        "identifiable": truth.identifiable, "metric": truth.metric, "error": None,
        "args": trial.args, "kind": trial.kind,
    }  # fmt: skip
    start = time.perf_counter()
    try:
        said = _SYSTEM["diagnose"](case.log, reference=case.reference, roles=case.roles, events=case.events, seed=0)
        verdict = record_of(said)
        got = score(said, truth)
    except Exception as error:  # noqa: BLE001  a crash is a result: it is counted and named
        last = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        return {**row, "error": message, "seconds": time.perf_counter() - start}
    row["seconds"] = time.perf_counter() - start
    top = max(verdict.probabilities, key=lambda c: verdict.probabilities[c]) if verdict.probabilities else ""
    return {
        **row,
        **got.__dict__,
        "verdict": verdict.verdict,
        "said_mechanism": verdict.mechanism,
        "top_probability": float(verdict.probabilities.get(top, 0.0)),
        "top_right": any(top in t.accepted_causes for t in truths),
        "probabilities": {k: round(float(v), 4) for k, v in verdict.probabilities.items()},
        "features": list(verdict.features or ()),
    }


def play_all(plan: list[Trial], name: str, workers: int, file: Path | None, *, resume: bool) -> list[dict[str, Any]]:
    """Play all trials over some processes; each answer goes to ``file`` at once, so that a stopped run can go on."""
    rows = _kept(file, name) if resume else []
    done = {r["name"] for r in rows}
    plan = [t for t in plan if t.name not in done]
    if file is not None and not resume:
        file.write_text("", encoding="utf-8")
    began = time.perf_counter()
    # alike trials run one after the other in one process, so that fitted models are found in its cache; a hundred at a
    # time, so that what a stopped run has played is a fair sample
    order = [
        t for i in range(0, len(plan), 100)
        for t in sorted(plan[i : i + 100], key=lambda t: (str(t.args.get("base")), str(t.args.get("model")), t.name))
    ]  # fmt: skip
    with multiprocessing.get_context("spawn").Pool(workers, initializer=_start, initargs=(name,)) as pool:
        for i, row in enumerate(pool.imap_unordered(play, order, chunksize=4), 1):
            if "unmade" in row:
                print(f"left out, for there is no such log: {row['name']}: {row['unmade']}", flush=True)
                continue
            rows.append(row)
            if file is not None:
                with file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps({"system": name, **row}, default=str) + "\n")
            if i % 50 == 0:
                print(f"{i}/{len(plan)} trials, {time.perf_counter() - began:.0f} s", flush=True)
    return sorted(rows, key=lambda r: (r["group"], r["mask"], r["name"]))


def _kept(file: Path | None, name: str) -> list[dict[str, Any]]:
    """Read the answers of a system that an earlier run wrote."""
    if file is None or not file.exists():
        return []
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
    return [r for r in rows if r["system"] == name]


def chosen(options: argparse.Namespace) -> list[Trial]:
    """Give the trials that the command asks for."""
    of_fresh = options.half == "fresh"
    plan = fresh(options.draw) if of_fresh else trials(quick=options.quick)
    if not of_fresh and (options.ablations or not options.only):
        plan = plan + ablations(quick=options.quick)
    if options.only:
        plan = [t for t in plan if t.group in options.only or (t.group == "ablation" and options.ablations)]
    if options.half in ("tune", "held_out"):
        plan = [t for t in plan if t.half == options.half]
    plan = plan[options.skip :][: options.limit or None]
    return [*plan, *ablations(among=plan)] if of_fresh and options.ablations else plan


def main(arguments: list[str] | None = None) -> int:
    """Read the command, play, print and write the results."""
    from benchmarks.verdict.report import text, write

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a tenth of the plan")
    parser.add_argument("--only", action="append", choices=GROUPS, help="only this group of trials; may be repeated")
    parser.add_argument("--half", choices=(*HALVES, "both"), default="both")
    parser.add_argument("--draw", type=int, default=1, help="with --half fresh: which draw of it; 2 is another")
    parser.add_argument("--system", default="toolkit", help="toolkit, baseline, or a module of peers/")
    parser.add_argument("--compare", action="append", default=[], help="also play these systems on the same trials")
    parser.add_argument("--ablations", action="store_true", help="with --only or --half fresh: play the ablations too")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="stop after so many trials")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many trials, which were played before")
    parser.add_argument("--json", type=Path, help="write every trial's answer to this file, one a line")
    parser.add_argument("--resume", action="store_true", help="with --json: keep what the file has, play the rest")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and the plot; a whole run does")
    options = parser.parse_args(arguments)
    whole = not (options.only or options.quick or options.limit) and options.half == "both"
    if whole and options.system == "toolkit" and not options.compare:
        options.compare = ["baseline"]
    plan = chosen(options)
    print(f"{len(plan)} trials of {options.half}, system {options.system}")
    names = [options.system, *options.compare]
    results: dict[str, list[dict[str, Any]]] = {}
    for i, name in enumerate(names):
        keep = options.resume or i > 0
        wanted = {t.name for t in plan}
        rows = play_all(plan, name, options.workers, options.json, resume=keep)
        results[name] = [r for r in rows if r["name"] in wanted]
    print(text(results, options))
    if options.write or whole:
        write(HERE, results, options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
