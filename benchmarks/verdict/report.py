"""RESULTS.md and the reliability plot."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.verdict.metrics import alarms, confusion, mean, summary
from benchmarks.verdict.plan import MASKS

Results = dict[str, list[dict[str, Any]]]
_INCIDENTS = ("strong", "hard", "regression", "multi", "n500", "small", "no_labels")


def _f(value: Any, digits: int = 2) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.{digits}f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows])


def real(rows: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    """Give the trials of a group whose harm is real (of an incident), or is not (of a healthy log)."""
    ours = [r for r in rows if r["group"] == group and not r["mask"]]
    if group == "twins":
        return ours
    return [r for r in ours if r["harmless"] == (r["mechanism"] == "none")]


def incidents(rows: list[dict[str, Any]]) -> str:
    """Give the table of all groups of incidents."""
    head = ["group", "n", "cause", "95 % by mechanism", "mechanism", "top 3", "undetermined", "right if named",
            "ECE (of chance)", "not ruled out", "onset, buckets", "held", "place", "ledger, points",
            "blind: undetermined", "crashes", "s"]  # fmt: skip
    lines = []
    for group in _INCIDENTS:
        ours = real(rows, group)
        if group == "small":
            ours = [r for r in ours if r["mechanism"] != "none"]
        if not ours:
            continue
        s = summary(ours)
        low, high = s["cause_interval"]
        lines.append([
            group, str(s["n"]), _f(s["cause"]), f"{_f(low)} to {_f(high)}", _f(s["mechanism"]), _f(s["top3"]),
            _f(s["undetermined"]), _f(s["right_if_committed"]), f"{_f(s['ece'])} ({_f(s['ece_chance'])})",
            f"{_f(s['held'])} in {_f(s['plausible'], 1)}", _f(s["onset_median"]), _f(s["onset_held"]), _f(s["place"]),
            _f(s["ledger"], 1), f"{_f(s['blind_undetermined'])} of {s['blind']}", str(s["crashes"]), _f(s["seconds"]),
        ])  # fmt: skip
    return _table(head, lines)


def quiet(rows: list[dict[str, Any]]) -> str:
    """Give the table of logs with which nothing is wrong, and of the twins."""
    lines = []
    small = [r for r in rows if r["group"] == "small" and r["mechanism"] == "none"]
    named = {"healthy": real(rows, "healthy"), "harmless": real(rows, "harmless"), "small": small}
    named["twins"] = real(rows, "twins")
    for group, ours in named.items():
        if ours:
            a = alarms(ours, frozenset({"undetermined"})) if group == "twins" else alarms(ours)
            low, high = a["interval"]
            which = ", ".join(f"{k} {v}" for k, v in sorted(a["as"].items(), key=lambda kv: -kv[1])[:4])
            lines.append([group, str(a["n"]), f"{a['alarms']}", f"{_f(a['rate'], 3)}", f"{_f(low, 3)} to {_f(high, 3)}",
                          _f(a["undetermined"]), which or "-", str(a["crashes"])])  # fmt: skip
    return _table(
        ["logs", "n", "named one all the same", "rate", "95 % exact", "undetermined", "named as", "crashes"], lines
    )


def mechanisms(rows: list[dict[str, Any]], groups: tuple[str, ...]) -> str:
    """Give, mechanism by mechanism, how often it was found and what was said instead."""
    ours = [r for g in groups for r in real(rows, g)]
    lines = []
    for mechanism, said in sorted(confusion(ours).items()):
        mine = [r for r in ours if r["mechanism"] == mechanism and r["error"] is None and r["identifiable"]]
        other = ", ".join(f"{k} {v}" for k, v in said.most_common(6) if k != mechanism)
        lines.append([mechanism, str(len(mine)), _f(mean([r["cause_right"] for r in mine])),
                      _f(mean([r["mechanism_right"] for r in mine])), other or "-"])  # fmt: skip
    return _table(["mechanism", "n", "cause", "mechanism", "said instead"], lines)


def splits(rows: list[dict[str, Any]], key: str, groups: tuple[str, ...]) -> str:
    """Give cause and mechanism by some property of the trials."""
    ours = [r for g in groups for r in real(rows, g) if r["error"] is None and r["identifiable"]]
    lines = []
    for value in sorted({str(r[key]) for r in ours}):
        mine = [r for r in ours if str(r[key]) == value]
        figures = [mean([r[k] for r in mine]) for k in ("cause_right", "mechanism_right", "undetermined")]
        lines.append([value, str(len(mine)), *(_f(v) for v in figures)])
    return _table([key, "n", "cause", "mechanism", "undetermined"], lines)


def masks(rows: list[dict[str, Any]]) -> str:
    """Give the ablations: the same strong faults without one kind of column."""
    lines = []
    for mask in MASKS:
        ours = [r for r in rows if r["group"] == "ablation" and r["mask"] == mask and not r["harmless"]]
        if ours:
            s = summary(ours)
            lines.append([mask, str(s["n"] - s["blind"]), _f(s["cause"]), _f(s["mechanism"]), _f(s["undetermined"]),
                          str(s["blind"]), _f(s["blind_undetermined"])])  # fmt: skip
    head = ["without", "can tell", "cause", "mechanism", "undetermined", "cannot tell", "undetermined there"]
    return _table(head, lines)


def text(results: Results, options: argparse.Namespace) -> str:
    """Give the results as Markdown."""
    parts = []
    for name, rows in results.items():
        dropped = sum(r["harmless"] != (r["mechanism"] == "none") and r["group"] != "twins" for r in rows)
        parts += [f"## System: {name}", f"{len(rows)} trials; {dropped} left out because the harm against the clean "
                  "twin was not what the group promises (an incident that hurt nobody, a healthy log that did).",
                  "### Incidents", incidents(rows), "### Logs with which nothing is wrong, and logs that cannot tell",
                  quiet(rows)]  # fmt: skip
        for half in ("tune", "held_out"):
            part = [r for r in rows if r["half"] == half]
            if part and options.half == "both":
                parts += [f"### Half `{half}`", incidents(part), quiet(part)]
        if name == options.system:
            both = ("strong", "hard")
            parts += ["### By mechanism (strong and hard)", mechanisms(rows, both)]
            for key in ("base", "model", "shape", "labels"):
                parts += [f"### By {key} (strong and hard)", splits(rows, key, both)]
            parts += ["### Ablations", masks(rows)]
        crashes = Counter(str(r["error"])[:160] for r in rows if r["error"])
        if crashes:
            parts += ["### Crashes", "\n".join(f"- {n}: `{what}`" for what, n in crashes.most_common(20))]
    return "\n\n".join(parts)


def write(folder: Path, results: Results, options: argparse.Namespace) -> None:
    """Write RESULTS.md and the plots beside it."""
    words = ["python -m benchmarks.verdict.run", "--quick" if options.quick else "", f"--half {options.half}",
             "--ablations" if options.ablations else "", f"--draw {options.draw}" if options.draw != 1 else "",
             f"--skip {options.skip}" if options.skip else "",
             f"--limit {options.limit}" if options.limit else "",
             *(f"--only {g}" for g in options.only or ()), f"--system {options.system}",
             *(f"--compare {c}" for c in options.compare), "--write"]  # fmt: skip
    command = " ".join(w for w in words if w)
    head = (
        "# The verdict, measured\n\n"
        f"Made by `{command}`; every trial is seeded, so the same command gives the same figures. README.md says what "
        "the groups and columns mean.\n\n![Stated probability against how often it was right](reliability.svg)\n\n"
    )
    (folder / "RESULTS.md").write_text(head + text(results, options) + "\n", encoding="utf-8")
    reliability(results[options.system], folder / "reliability.svg")


def reliability(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw stated probability against how often it was right."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    mpl.rcParams["svg.hashsalt"] = "verdict"
    figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
    axis.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="perfect")
    for group, marker in (("strong", "o"), ("hard", "s"), ("n500", "^"), ("small", "D"), ("healthy", "v")):
        ours = [r for r in real(rows, group) if r["error"] is None and r["identifiable"]]
        p = np.array([r["top_probability"] for r in ours])
        y = np.array([r["top_right"] for r in ours], dtype=float)
        if len(p) < 10:
            continue
        place = np.minimum((p * 8).astype(int), 7)
        bins = [b for b in np.unique(place) if (place == b).sum() >= 5]
        axis.plot([p[place == b].mean() for b in bins], [y[place == b].mean() for b in bins], marker=marker,
                  label=f"{group} (n={len(p)})")  # fmt: skip
    axis.set(xlabel="stated probability of the cause", ylabel="share that was right", xlim=(0, 1.02), ylim=(0, 1.02))
    axis.legend(loc="upper left", fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
