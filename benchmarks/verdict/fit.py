"""Fit the weights of the choice on what ``gather`` kept of the two halves, and say how well they carry over.

    python -m benchmarks.verdict.gather --half both --every 2 --out seen.jsonl
    python -m benchmarks.verdict.fit seen.jsonl              # what it would be, mechanisms or bases left out
    python -m benchmarks.verdict.fit seen.jsonl --write      # into toolkit/causes/weights.json

A conditional logit: the accepted mechanisms of a trial share the right answer; ``unexplained`` is right where a fault
did harm and no detector named it; ``none`` where nothing is wrong. Trials of one mechanism weigh as much as those of
another, whatever their number. The penalty is L2 towards a person's guess. All weights are then multiplied by the
one factor that fits the probabilities of leave-mechanism-out best, so that what is stated holds for mechanisms that
were not seen (temperature scaling: Guo et al. 2017). Leave-dataset-out is reported beside it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from toolkit.causes.choose import FEATURES, NONE_FEATURES, UNEXPLAINED_FEATURES
from toolkit.vocabulary import CAUSES

Array = NDArray[np.float64]
NAMES = (*FEATURES, *NONE_FEATURES, *UNEXPLAINED_FEATURES)
WEIGHTS = Path(__file__).resolve().parents[2] / "toolkit" / "causes" / "weights.json"
FOLDS = 5
#: What a person would guess: where every fit starts, and what its penalty pulls towards.
START = {
    "strength": 5.0,
    "surety": 1.5,
    "share": 1.5,
    "timing": 1.0,
    "refuted": -2.0,
    "unused": -2.5,
    "soft": -0.5,
    "standing_but_onset": -1.5,
    "no_harm": -3.0,
    "unfair": 0.5,
    "service": 0.0,
    "soft_from_start": -0.5,
    "little": -0.5,
    "hurt": 0.5,
    "signature": 0.5,
    "doubt": 2.0,
    "none": 5.0,
    "none_harm": -1.5,
    "none_unlabelled": -0.5,
    "none_blind": -2.5,
    "unexplained": 1.0,
    "unexplained_harm": 1.5,
    "unexplained_blind": 0.5,
}
#: What all healthy logs weigh together, in parts of what all incidents do.
HEALTHY = 0.3


def options_of(row: dict[str, Any]) -> Array:
    """Give one line of features for each candidate, then ``none`` and ``unexplained``."""
    a, b = len(FEATURES), len(NONE_FEATURES)
    out = np.zeros((len(row["candidates"]) + 2, len(NAMES)))
    for i, c in enumerate(row["candidates"]):
        out[i, :a] = c["x"]
    out[-2, a : a + b] = row["none"]
    out[-1, a + b :] = row["unexplained"]
    return out


def right(row: dict[str, Any]) -> Array:
    """Mark the options that are right."""
    marks = np.array([c["mechanism"] in row["accepted"] for c in row["candidates"]] + [False, False], dtype=float)
    if row["mechanism"] == "none":
        marks[-2] = 1.0
    elif not marks.any():
        marks[-1] = 1.0
    return marks


def usable(row: dict[str, Any]) -> bool:
    """Leave out what has no one right answer: twins, blind logs, incidents that hurt nobody, healthy logs that did."""
    return "error" not in row and row["identifiable"] and (row["mechanism"] == "none") == bool(row["harmless"])


def mass(rows: Sequence[dict[str, Any]]) -> Array:
    """Give the weight of every trial: mechanisms alike, healthy logs ``HEALTHY`` of all incidents together."""
    count = Counter(r["mechanism"] for r in rows)
    faults = [m for m in count if m != "none"]
    out = np.array([1.0 / count[r["mechanism"]] for r in rows])
    healthy = np.array([r["mechanism"] == "none" for r in rows])
    out[healthy] *= HEALTHY * len(faults)
    return np.asarray(out / out.sum() * len(rows))


def fit(rows: Sequence[dict[str, Any]], start: Array, penalty: float) -> Array:
    """Fit the weights by penalised maximum likelihood."""
    X, marks, w = [options_of(r) for r in rows], [right(r) for r in rows], mass(rows)

    def loss(v: Array) -> tuple[float, Array]:
        total, slope = 0.0, np.zeros_like(v)
        for x, m, k in zip(X, marks, w, strict=True):
            u = x @ v
            p = np.exp(u - u.max())
            p /= p.sum()
            good = max(float(p @ m), 1e-9)
            total -= k * np.log(good)
            slope -= k * ((p * m / good) @ x - p @ x)
        off = v - start
        return total + penalty * float(off @ off), slope + 2 * penalty * off

    got = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return np.asarray(got.x)


def probabilities(row: dict[str, Any], v: Array) -> dict[str, float]:
    """Give the probability of each cause and of ``none``."""
    u = options_of(row) @ v
    p = np.exp(u - u.max())
    p /= p.sum()
    by = dict.fromkeys(CAUSES, float(p[-1]) / len(CAUSES))
    by["none"] = float(p[-2])
    for c, q in zip(row["candidates"], p, strict=False):
        double, harmed = c.get("double"), float(c.get("harmed", 1.0))
        by["none"] += float(q) * (1 - harmed)
        q *= harmed
        by[c["cause"]] += float(q) / (2 if double else 1)
        if double:
            by[double] += float(q) / 2
    return by


def judge(rows: Sequence[dict[str, Any]], given: Sequence[dict[str, float]]) -> dict[str, float]:
    """Score stated probabilities: right cause, committed, ECE (ten bins), false alarms."""
    top = [max(p, key=lambda k: p[k]) for p in given]
    sure = np.array([p[t] for p, t in zip(given, top, strict=True)])
    hit = np.array([t in r["causes"] for t, r in zip(top, rows, strict=True)], dtype=float)
    place = np.minimum((sure * 10).astype(int), 9)
    ece = sum(abs(hit[place == b].mean() - sure[place == b].mean()) * (place == b).mean() for b in np.unique(place))
    fault = np.array([r["mechanism"] != "none" for r in rows])
    named = sure >= 0.5
    wrong = [t != "none" and s >= 0.5 for t, s in zip(top, sure, strict=True)]
    return {
        "n": len(rows),
        "cause": float((hit * named)[fault].mean()) if fault.any() else float("nan"),
        "ECE": float(ece),
        "healthy named": float(np.array(wrong)[~fault].mean()) if (~fault).any() else float("nan"),
        "log loss": float(-np.mean([np.log(max(sum(p[c] for c in r["causes"]), 1e-6))
                                    for p, r in zip(given, rows, strict=True)])),
    }  # fmt: skip


def cross(rows: Sequence[dict[str, Any]], start: Array, penalty: float, by: str = "mechanism") -> list[Array]:
    """Give for every trial the weights of a fit that never saw its mechanism (healthy logs: its base), or its base."""
    alone = ["none/" + r["base"] if by == "mechanism" and r["mechanism"] == "none" else "" for r in rows]
    keys = [a or str(r[by]) for a, r in zip(alone, rows, strict=True)]
    names = sorted(set(keys))
    fold = {k: i % FOLDS for i, k in enumerate(np.random.default_rng(0).permutation(names))}
    fits = [fit([r for r, k in zip(rows, keys, strict=True) if fold[k] != f], start, penalty) for f in range(FOLDS)]
    return [fits[fold[k]] for k in keys]


def stated(rows: Sequence[dict[str, Any]], weights: Sequence[Array], sharpness: float) -> list[dict[str, float]]:
    """Give the probabilities of every trial by its own weights, all of them multiplied alike."""
    return [probabilities(r, sharpness * v) for r, v in zip(rows, weights, strict=True)]


def sharpness_of(rows: Sequence[dict[str, Any]], weights: Sequence[Array]) -> float:
    """Give the factor that makes the stated probabilities of unseen mechanisms likeliest (one over a temperature)."""
    grid = np.linspace(0.6, 2.4, 37)
    return float(min(grid, key=lambda t: judge(rows, stated(rows, weights, t))["log loss"]))


def main() -> int:
    """Read the command, fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--penalty", type=float, default=0.5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = [r for r in map(json.loads, options.file.read_text(encoding="utf-8").splitlines()) if usable(r)]
    old = json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    start = np.array([START[n] for n in NAMES])
    unseen = cross(rows, start, options.penalty)
    factor = sharpness_of(rows, unseen)
    held = stated(rows, unseen, factor)
    print(f"leave-mechanism-out, weights times {factor:.2f}", judge(rows, held))
    for group in sorted({r["group"] for r in rows}):
        mine = [i for i, r in enumerate(rows) if r["group"] == group]
        print(f"  {group:12s}", judge([rows[i] for i in mine], [held[i] for i in mine]))
    elsewhere = stated(rows, cross(rows, start, options.penalty, "base"), factor)
    print("leave-dataset-out", judge(rows, elsewhere))
    v = factor * fit(rows, start, options.penalty)
    print("in sample", judge(rows, [probabilities(r, v) for r in rows]))
    for n, after in zip(NAMES, v, strict=True):
        print(f"  {n:20s} {old.get(n, 0.0):8.3f} {after:8.3f}")
    if options.write:
        text = (
            "conditional logit by benchmarks/verdict/fit.py on both halves of benchmarks/verdict/plan.py, "
            f"{len(rows)} trials, L2 penalty {options.penalty}, times {factor:.2f} by leave-mechanism-out"
        )
        weights = {n: round(float(x), 3) for n, x in zip(NAMES, v, strict=True)}
        WEIGHTS.write_text(json.dumps({"fitted": text, "weights": weights}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
