"""Keep what the choice sees of every trial, so that weights are fitted in seconds and not by playing again.

    python -m benchmarks.verdict.gather --half tune --out tune.jsonl

One line a trial: its truth, the damage's features, and every candidate with its features. Nothing here scores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
import warnings
from pathlib import Path
from typing import Any

from benchmarks.verdict.plan import GROUPS, Trial, build, trials


def gather(trial: Trial) -> dict[str, Any]:
    """Make one log and write down what the choice would see."""
    from toolkit.api import as_events
    from toolkit.causes.candidates import candidates
    from toolkit.causes.choose import features, harmed, none_features, unexplained_features
    from toolkit.causes.doubles import double_of
    from toolkit.causes.evidence import gather as look
    from toolkit.detectors.study import make_study
    from toolkit.impact.harm import measure
    from toolkit.logs import read_log
    from toolkit.profile.build import build_profile

    case, truths = build(trial)
    truth = truths[0]
    start = time.process_time()
    with read_log(case.log, case.roles, reference=case.reference) as log:
        study = make_study(build_profile(log, seed=0))
    damage = measure(study)
    got = look(study, as_events(case.events))
    found = candidates(study, got.evidence, damage, got.relation, got.used)
    return {
        "name": trial.name, "group": trial.group, "half": trial.half, "mechanism": truth.mechanism,
        "variant": truth.variant, "base": truth.base, "task": truth.task, "identifiable": truth.identifiable,
        "harmless": truth.harmless, "harm": truth.harm, "null95": truth.null95, "shape": truth.shape,
        "accepted": sorted({m for t in truths for m in t.accepted}),
        "causes": sorted({c for t in truths for c in t.accepted_causes}),
        "rows": len(study.log), "own": study.own_reference, "kind": damage.kind, "z": damage.z,
        "effect": damage.effect, "change": damage.change.shape, "none": none_features(damage),
        "unexplained": unexplained_features(damage),
        "seconds": time.process_time() - start,
        "candidates": [
            {"mechanism": c.mechanism, "cause": c.cause, "x": features(c, damage),
             "harmed": harmed(c, damage),
             "double": getattr(double_of(study, c), "cause", None), "share": c.share, "z": c.z,
             "statement": c.best.finding.statement, "features": list(c.best.finding.features)}
            for c in found
        ],
    }  # fmt: skip


def _safe(trial: Trial) -> dict[str, Any]:
    try:
        return gather(trial)
    except Exception as error:  # noqa: BLE001  one broken trial must not end the run; it is named
        return {"name": trial.name, "group": trial.group, "error": f"{type(error).__name__}: {error}"}


def _start() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)


def main() -> int:
    """Read the command and play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("tune", "held_out", "both"), default="tune")
    parser.add_argument("--only", action="append", choices=GROUPS)
    parser.add_argument("--every", type=int, default=1, help="take every n-th trial of a group")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    done = set()
    if options.out.exists():
        done = {json.loads(line)["name"] for line in options.out.read_text(encoding="utf-8").splitlines()}
    plan = [t for t in trials() if options.half in ("both", t.half) and (not options.only or t.group in options.only)]
    plan = [t for i, t in enumerate(plan) if i % options.every == 0 and t.name not in done]
    order = sorted(plan, key=lambda t: (str(t.args.get("base")), str(t.args.get("model")), t.name))
    with multiprocessing.get_context("spawn").Pool(options.workers, initializer=_start) as pool:
        for i, row in enumerate(pool.imap_unordered(_safe, order, chunksize=2), 1):
            with options.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row, default=float) + "\n")
            if i % 50 == 0:
                print(f"{i}/{len(order)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
