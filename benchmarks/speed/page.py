"""RESULTS.md from results.json: medians, ratios, growth; nothing here is typed in by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

#: What a job does, as the table says it.
NAMED = {
    "scan": "scan: every column decoded once",
    "floor": "floor: the statistics by hand in SQL",
    "imports": "the libraries of a verdict imported, nothing else",
    "by_pandas": "the floor by hand in pandas",
    "profile": "ours, log to profile",
    "ours": "ours, log to verdict",
    "whole": "ours, log to verdict, notebooks and page",
    "again": "ours, a second time on an unchanged log",
    "day": "ours, log to profile, one new day of thirty",
    "evidently": "Evidently: drift and classification, HTML",
    "nannyml": "NannyML: drift, CBPE, performance by day",
    "whylogs": "whylogs: two profiles, drift, HTML",
    "fairlearn": "Fairlearn: measures by group and day",
    "polars": "the floor by hand in polars, streamed",
}
_PLAIN = {"features": 26, "values": 4}


def page(results: Mapping[str, Any]) -> str:
    """Write the results as Markdown."""
    shapes = sorted((r for r in results.values() if isinstance(r, dict)), key=lambda r: (r["rows"], r["features"]))
    plain = [r for r in shapes if all(r[k] == v for k, v in _PLAIN.items())]
    lines = [
        "# Speed, measured",
        "",
        "Written by `python -m benchmarks.speed.run` from `results.json`, which has every run. Medians of the runs.",
        "CPU seconds are of a process and its children, imports included; wall means little where the load is above",
        "the number of cores. Memory is the peak of all its processes together. What a job does is in `jobs/` and",
        "`peers/`, what the log is in `data.py`, how to run it in `README.md`.",
        "",
        f"{results.get('with', '')}.",
    ]
    for shape in plain:
        lines += ["", f"## {_title(shape)}", "", *_table(shape["runs"])]
        for job in ("profile", "ours"):
            lines += _steps(job, [r for r in shape["runs"] if r["job"] == job])
        lines += _days([r for r in shape["runs"] if r["job"] == "day"])
    lines += _growth(plain)
    lines += _shapes(shapes)
    return "\n".join(lines) + "\n"


def _title(shape: Mapping[str, Any]) -> str:
    size = f"{shape['rows']:,} rows x {shape['features']} features"
    return f"{size}, a reference of a fifth; {shape['mb']:,.0f} MB of Parquet"


def _of(runs: Sequence[Mapping[str, Any]], job: str, what: str) -> float | None:
    found = [r[what] for r in runs if r["job"] == job]
    return median(found) if found else None


def _table(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    cpu, wall = _of(runs, "floor", "cpu"), _of(runs, "floor", "wall")
    lines = [
        "| job | runs | CPU s | of the floor | wall s | of the floor | peak MB | load |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for job in [j for j in NAMED if any(r["job"] == j for r in runs)]:
        n = sum(r["job"] == job for r in runs)
        got = {k: _of(runs, job, k) or 0.0 for k in ("cpu", "wall", "mb", "load")}
        ratios = [f"{got[k] / least:.1f} x" if least else "" for k, least in (("cpu", cpu), ("wall", wall))]
        cells = [NAMED[job], f"{n}", f"{got['cpu']:.2f}", ratios[0], f"{got['wall']:.1f}", ratios[1]]
        cells += [f"{got['mb']:.0f}", f"{got['load']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _steps(job: str, runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say where the time of our own job goes, and what it found."""
    if not runs or "steps" not in runs[0]:
        return []
    names = [k for k in runs[0]["steps"] if not k.endswith("MB")]
    middle = {k: median(r["steps"][k] for r in runs) for k in runs[0]["steps"]}
    parts = ", ".join(f"{k} {middle[k]:.2f} CPU s (peak so far {middle[k + ' peak MB']:.0f} MB)" for k in names)
    found = sorted({f"{r['verdict']} ({r['mechanism']}) since {r['onset'][:10]}" for r in runs if "verdict" in r})
    return ["", f"{NAMED[job]}, by step: {parts}." + (f" It said: {', '.join(found)}." if found else "")]


def _days(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what a day more costs where the days before are kept, against reading all of them anew."""
    if not runs:
        return []

    def cost(reading: str, what: str) -> float:
        return median(r["readings"][reading][what] for r in runs)

    beside = {"that window anew": "that window anew", "another window": "that window anew"}
    lines = [
        "",
        f"A day more, each from log to profile in one process, {len(runs)} runs; "
        f"what is kept are {median(r['kept mb'] for r in runs):,.0f} MB:",
        "",
        "| reading | CPU s | of the same read anew | wall s | of the same |",
        "| --- | --- | --- | --- | --- |",
    ]
    for reading in runs[0]["readings"]:
        whole = beside.get(reading, "30 days anew")
        cells = [f"{cost(reading, k):.2f} | {cost(reading, k) / cost(whole, k):.2f} x" for k in ("cpu", "wall")]
        lines.append(f"| {reading} | {cells[0]} | {cells[1]} |")
    return lines


def _growth(plain: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how ten times the rows cost, against how they cost the pure scan."""
    lines = [
        "",
        "## Growth with rows",
        "",
        "| from | to | job | growth of CPU | of the scan's | peak MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    before = len(lines)
    for small, large in pairwise(plain):
        scan = [_of(s["runs"], "scan", "cpu") for s in (small, large)]
        for job in ("floor", "profile", "ours", "whole"):
            pair = [_of(s["runs"], job, "cpu") for s in (small, large)]
            mb = [_of(s["runs"], job, "mb") or 0.0 for s in (small, large)]
            if None in pair or None in scan:
                continue
            grown, pure = pair[1] / pair[0], scan[1] / scan[0]  # type: ignore[operator]
            lines.append(
                f"| {small['rows']:,} | {large['rows']:,} | {NAMED[job]} | {grown:.1f} x | {grown / pure:.2f} "
                f"| {mb[0]:.0f} to {mb[1]:.0f} |"
            )
    return lines if len(lines) > before else []


def _shapes(shapes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what more features, and more values of group and segment, cost."""
    odd = [s for s in shapes if any(o["rows"] == s["rows"] and o is not s for o in shapes)]
    if not odd:
        return []
    lines = [
        "",
        "## Features, groups and segments",
        "",
        "| rows | features | values of group and segment | job | runs | CPU s | wall s | peak MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for shape in odd:
        for job in ("scan", "floor", "profile", "ours"):
            n = sum(r["job"] == job for r in shape["runs"])
            if n:
                cpu, wall, mb = (_of(shape["runs"], job, k) or 0.0 for k in ("cpu", "wall", "mb"))
                lines.append(
                    f"| {shape['rows']:,} | {shape['features']} | {shape['values']:,} | {NAMED[job]} | {n} | {cpu:.2f} "
                    f"| {wall:.1f} | {mb:.0f} |"
                )
    return lines
