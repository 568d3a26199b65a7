"""Counts too small to be shown (floor 6): a cell of few people can tell who they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from toolkit.notebooks.bundle import Bundle, GroupValue, Metric
from toolkit.records import Finding

RULE: Final = "cell of few rows"
WITHHELD: Final = "This finding is about so few rows that it is not shown here."


def suppressed(bundle: Bundle, smallest: int, counts: Counter[tuple[str, str]]) -> Bundle:
    """Take out what rests on fewer than ``smallest`` rows: groups, points of a plot, findings of a slice."""
    if smallest <= 1:
        return bundle
    groups = _groups(bundle.groups, smallest)
    counts[RULE, "groups"] += len(bundle.groups) - len(groups)
    metrics = tuple(_metric(m, smallest, counts) for m in bundle.series.metrics)
    verdict = bundle.verdict
    if verdict is not None:
        verdict = replace(verdict, findings=tuple(_finding(f, smallest, counts) for f in verdict.findings))
    kept = replace(bundle, groups=groups, series=replace(bundle.series, metrics=metrics), verdict=verdict)
    for key in [k for k, times in counts.items() if not times]:
        del counts[key]
    return kept


def _groups(groups: Sequence[GroupValue], smallest: int) -> tuple[GroupValue, ...]:
    """Leave out small groups; where one alone is small, the next too, for a total would tell it by subtraction."""
    small: set[tuple[str, str, str]] = set()
    for column, metric in dict.fromkeys((g.column, g.metric) for g in groups):
        ranked = sorted((g for g in groups if (g.column, g.metric) == (column, metric)), key=lambda g: g.n)
        few = [g for g in ranked if g.n < smallest]
        if len(few) == 1:
            few = ranked[:2]
        small |= {(column, metric, g.value) for g in few}
    return tuple(g for g in groups if (g.column, g.metric, g.value) not in small)


def _metric(metric: Metric, smallest: int, counts: Counter[tuple[str, str]]) -> Metric:
    few = [0 < n < smallest for n in metric.n]
    counts[RULE, "points of plots over time"] += sum(few)
    if not any(few):
        return metric

    def gone(values: Sequence[float | None]) -> tuple[float | None, ...]:
        return tuple(None if hide else v for hide, v in zip(few, values, strict=True))

    return replace(
        metric,
        value=gone(metric.value),
        low=gone(metric.low),
        high=gone(metric.high),
        n=tuple(0 if hide else n for hide, n in zip(few, metric.n, strict=True)),
    )


def _finding(finding: Finding, smallest: int, counts: Counter[tuple[str, str]]) -> Finding:
    if not finding.slice or not 0 < finding.n < smallest:
        return finding
    counts[RULE, "findings"] += 1
    return bare(finding, WITHHELD)


def bare(finding: Finding, said: str) -> Finding:
    """Give a finding of which only is left that there is one, and what it speaks for."""
    return Finding(
        finding.detector, said, id=finding.id, stance=finding.stance, supports=finding.supports, refutes=finding.refutes
    )
