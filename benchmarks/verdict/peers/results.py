"""Decide on what ``play.py`` kept, tune the mappings on the half ``tune``, and write RESULTS.md from another part.

python -m benchmarks.verdict.peers.results --from OUT --tune     # writes tuned.json from the half tune
python -m benchmarks.verdict.peers.results --from OUT --draw 3   # writes RESULTS.md from that draw of the fresh part
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.verdict.metrics import alarms, summary
from benchmarks.verdict.peers import answer
from benchmarks.verdict.peers.play import WHOLE, made
from benchmarks.verdict.plan import Trial, fresh, trials
from benchmarks.verdict.report import _f, _table, real
from toolkit.records import Verdict
from toolkit.testing import score
from toolkit.vocabulary import CAUSE_OF

HERE: Final = Path(__file__).resolve().parent
#: baro and nsigma decide on one and the same measurement.
MEASURED: Final = {"nsigma": "nsigma", "baro": "nsigma", "evidently": "evidently", "nannyml": "nannyml",
                   "dowhy": "dowhy"}  # fmt: skip
#: What each constant of a mapping may become; the defaults are always among the choices.
CHOICES: Final[dict[str, tuple[float, ...]]] = {
    "drop": (0.02, 0.03, 0.05, 0.08), "gap": (0.08, 0.1, 0.15, 0.2), "missing": (0.02, 0.05, 0.1),
    "fresh": (0.02, 0.05, 0.1), "constant": (0.1, 0.2, 0.3), "failed": (0.01, 0.03, 0.05), "overfit": (0.05, 0.1, 0.15),
    "alerts": (1, 2, 3), "range": (0.05, 0.1, 0.3), "people": (0.03, 0.05, 0.1), "explains": (0.3, 0.5, 0.7),
    "harm": (2.0, 3.0, 4.0, 6.0), "sigma": (2.0, 3.0, 4.0, 6.0),
    "switch": (0.2, 0.4, 0.6), "part": (0.15, 0.25, 0.4, 0.6), "single": (0.5, 0.7, 0.9), "mixed": (0.0, 0.2, 0.3, 0.5),
    "apart": (0.4, 0.55, 0.7, 0.9),
}  # fmt: skip

#: A system that was asked about fewer trials gets no figures.
FEW: Final = 20

Kept = list[tuple[Trial, dict[str, Any], Any]]


def kept(folder: Path, name: str, half: str, draw: int = 1) -> Kept:
    """Give the trials of a half that a system was asked about: trial, its answer, the truths."""
    all_of = fresh(draw) if half == "fresh" else [t for quick in (True, False) for t in trials(quick=quick)]
    plan = {t.name: t for t in all_of}
    file = folder / f"{MEASURED.get(name, name)}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    ours = [(plan[r["name"]], r) for r in rows if r["name"] in plan and plan[r["name"]].half == half]
    return [(trial, row, made(trial, folder)[1]) for trial, row in ours]


def said(name: str, row: Mapping[str, Any], constants: Mapping[str, float] | None = None) -> Verdict:
    """Give the verdict of a system from what was kept of it."""
    if name in WHOLE:
        return Verdict.from_dict(row["verdict"])
    module = importlib.import_module(f"benchmarks.verdict.peers.{name}")
    k = constants or answer.constants(name, module.DEFAULTS)
    out = row["outputs"]
    if hasattr(module, "onset_of"):
        onset = module.onset_of(out, k)
    else:
        onset = datetime.fromisoformat(out["onset"]) if out["onset"] else None
    return answer.verdict_of(name, module.decide(out, k), onset)


def scored(name: str, trial: Trial, row: Mapping[str, Any], truths: Any) -> dict[str, Any]:
    """Give the row that the benchmark's own metrics read."""
    truth = truths[0]
    base: dict[str, Any] = {
        "group": trial.group, "mask": trial.mask, "name": trial.name, "mechanism": truth.mechanism,
        "variant": truth.variant, "harmless": truth.harmless, "identifiable": truth.identifiable,
        "accepted": list(truth.accepted), "error": row.get("error"), "seconds": row["seconds"],
    }  # fmt: skip
    if base["error"]:
        return base
    verdict = said(name, row)
    top = max(verdict.probabilities, key=lambda c: verdict.probabilities[c])
    return {
        **base, **score(verdict, truth).__dict__, "verdict": verdict.verdict, "said_mechanism": verdict.mechanism,
        "top_probability": verdict.probabilities[top], "top_right": any(top in t.accepted_causes for t in truths),
    }  # fmt: skip


def gain(name: str, rows: Kept, k: Mapping[str, float]) -> float:
    """Give what tuning maximises: right causes of real incidents (half a point for the mechanism), none on healthy."""
    total = 0.0
    for trial, row, truths in rows:
        truth = truths[0]
        if row.get("error") or trial.group == "twins" or not truth.identifiable:
            continue
        if truth.harmless == (truth.mechanism == "none"):
            got = score(said(name, row, k), truth)
            total += got.cause_right + 0.5 * got.mechanism_right
    return total


def tune(name: str, rows: Kept) -> dict[str, Any]:
    """Choose the constants one after the other, twice round, and count how often each answer was then right."""
    module = importlib.import_module(f"benchmarks.verdict.peers.{name}")
    k = dict(module.DEFAULTS)
    for _, key in itertools.product(range(2), list(k)):
        best = max((k[key], *CHOICES[key]), key=lambda v: gain(name, rows, {**k, key: v}))
        k[key] = best
    right: dict[str, list[bool]] = defaultdict(list)
    for trial, row, truths in rows:
        if not row.get("error") and trial.group != "twins":
            verdict = said(name, row, k)
            right[verdict.mechanism or "none"].append(verdict.verdict in truths[0].accepted_causes)
    shares = {m: round((sum(v) + 1.2) / (len(v) + 2), 3) for m, v in sorted(right.items())}
    return {"trials": len(rows), "constants": k, "right": shares}


def expressible(name: str, row: Mapping[str, Any]) -> bool:
    """Say whether a system's mapping can name what happened: an accepted mechanism is among those it knows."""
    if name in WHOLE:
        return True
    known = importlib.import_module(f"benchmarks.verdict.peers.{name}").EXPRESSIBLE
    return bool(known & set(row["accepted"]))


def figures(name: str, rows: list[dict[str, Any]]) -> list[str]:
    """Give a system's line of the table."""
    hurt = [r for g in ("strong", "hard", "regression", "multi", "n500", "small", "no_labels") for r in real(rows, g)]
    hurt = [r for r in hurt if r["mechanism"] != "none"]
    quiet = [r for r in rows if r["mechanism"] == "none" and r["harmless"]]
    s, e, a = summary(hurt), summary([r for r in hurt if expressible(name, r)]), alarms(quiet)
    low, high = s["cause_interval"]
    known = sum(r["identifiable"] and CAUSE_OF.get(r["mechanism"]) is not None for r in hurt if expressible(name, r))
    return [
        name, str(s["n"] - s["blind"]), _f(s["cause"]), f"{_f(low)} to {_f(high)}", _f(s["mechanism"]), _f(s["ece"]),
        _f(s["onset_median"], 1), _f(s["place"]), f"{_f(e['cause'])} / {_f(e['mechanism'])} ({known})",
        f"{a['alarms']} of {a['n']} ({_f(a['interval'][0])} to {_f(a['interval'][1])})",
        str(s["crashes"] + a["crashes"]), _f(s["seconds"], 1),
    ]  # fmt: skip


HEAD: Final = ["system", "can tell", "cause", "95 % by mechanism", "mechanism", "ECE", "onset, buckets", "place",
               "cause / mechanism where expressible (n)", "false alarms", "crashes", "s"]  # fmt: skip


def write(folder: Path, names: list[str], draw: int) -> str:
    """Give RESULTS.md: all systems on the trials that they share, then each on all it was asked."""
    rows = {n: [scored(n, *k) for k in kept(folder, n, "fresh", draw)] for n in names}
    few = [f"{n} ({len(r)})" for n, r in rows.items() if len(r) < FEW]
    rows = {n: r for n, r in rows.items() if len(r) >= FEW}
    shared = set.intersection(*({r["name"] for r in v} for v in rows.values())) if rows else set()
    parts = [
        "# Peers, measured",
        f"Made by `python -m benchmarks.verdict.peers.results --from OUT --draw {draw}` from what `play` kept of the "
        f"half `fresh`, draw {draw}; README.md says what each peer is given. Times include what else the machine did.",
        f"Asked about fewer than {FEW} trials, and therefore without figures: {', '.join(few) or 'none'}.",
        f"## On the {len(shared)} trials that all of them were asked about",
        _table(HEAD, [figures(n, [r for r in v if r["name"] in shared]) for n, v in rows.items()]),
        "## On all that each was asked about",
        _table(HEAD, [figures(n, v) for n, v in rows.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Read the command, tune or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="what play.py wrote")
    parser.add_argument("--tune", action="store_true", help="choose the constants and write tuned.json")
    parser.add_argument("--draw", type=int, default=1, help="which draw of the fresh part to write about")
    options = parser.parse_args(arguments)
    if options.tune:
        found = json.loads(answer.TUNED.read_text(encoding="utf-8")) if answer.TUNED.exists() else {}
        for name in MEASURED:
            rows = kept(options.folder, name, "tune")
            found |= {name: tune(name, rows)} if len(rows) >= 20 else {}
        answer.TUNED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    text = write(options.folder, [*MEASURED, *WHOLE], options.draw)
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
