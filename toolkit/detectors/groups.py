"""Does the harm fall on a group, before and beyond any change over time (floor 4; bias)?

Every protected attribute is tried, each value against the rest: errors, misses (false negatives), false alarms,
selection; of numbers how far the answers are off, and how far above the label. A gap counts as bias when it is there in
every part of the log (and in the reference, where it can be seen there); one with an onset is another cause that hits a
slice. P-values are corrected over all tries (Benjamini-Hochberg). What scores promise to a group is looked at in
``calibration``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toolkit.detectors.curve import auc
from toolkit.detectors.evidence import (
    Evidence,
    difference,
    first_half,
    from_start,
    logistic,
    make,
    not_testable,
    p_of_z,
    percent,
)
from toolkit.detectors.study import Study, is_probability, predicted
from toolkit.profile.model import Codes, Floats, Mask, Sample
from toolkit.records import SliceTerm

NAME = "groups"
LEAST: Final = 20
MOST_VALUES: Final = 30
#: What is not confined to a group is not the cause of what is.
_STANDING: Final = ("memorised_training_data", "concept_drift", "unrepresentative_data", "label_noise")
_FOLLOW: Final = frozenset({"performance_gap", "selection_gap"})


@dataclass(frozen=True)
class Gap:
    """A measure of one group less that of all others; ``early`` and ``late`` the same in both halves of the log."""

    column: str
    value: str
    measure: str
    rate: float
    rest: float
    gap: float
    interval: tuple[float, float]
    z: float
    early: float
    late: float
    before: float
    n: int
    rows: Mask


def detect(study: Study) -> list[Evidence]:
    """Look at every group for a persistent gap."""
    if not study.log.groups:
        return [not_testable(NAME, ("performance_gap", "selection_gap", "calibration_gap"), "The log names no group.")]
    gaps = [g for column, codes in study.log.groups.items() for g in _gaps(study, column, codes)]
    if not gaps:
        return []
    kept = _corrected(gaps)
    found = [e for e in (_judge(study, g, kept) for g in kept) if e is not None]
    found = _by_labels(found)
    found.sort(key=lambda e: -e.strength * min(e.z, 12))
    if not found:
        worst = max(gaps, key=lambda g: abs(g.z))
        text = (
            f"No group is treated otherwise beyond chance; the largest gap is {percent(abs(worst.gap))} "
            f"({worst.measure}, {worst.column} = {worst.value})."
        )
        return [
            make(
                study,
                NAME,
                "",
                text,
                strength=0.0,
                z=worst.z,
                effect=worst.gap,
                refutes=("performance_gap", "selection_gap", "under_represented_group", "proxy_feature"),
            )
        ]
    return found[:4]


def _by_labels(found: list[Evidence]) -> list[Evidence]:
    """Where the labels that taught the model were bent against a group, its other gaps follow from that."""
    bent = {e.finding.slice for e in found if e.mechanism == "biased_labels" and e.strength > 0.6}
    return [
        replace(e, strength=0.5 * e.strength) if e.finding.slice in bent and e.mechanism in _FOLLOW else e
        for e in found
    ]


def _corrected(gaps: list[Gap]) -> list[Gap]:
    from scipy.stats import false_discovery_control

    q = false_discovery_control([p_of_z(g.z) for g in gaps])
    return [g for g, value in zip(gaps, q, strict=True) if value < 0.01]


def measures(study: Study, sample: Sample, mature: Mask | None) -> dict[str, Floats]:
    """Give the row-level series whose mean is each measure: NaN where a row does not count for it."""
    guess = predicted(sample, study.threshold, study.profile.task)
    final = np.where(np.isnan(sample.decision), guess, sample.decision)
    label = sample.label if mature is None else np.where(mature, sample.label, np.nan)
    out: dict[str, Floats] = {}
    if study.regression:
        scale = float(np.nanstd(study.ref.label)) or 1.0
        out["error"] = np.abs(final - label) / scale
        out["overestimate"] = (final - label) / scale
        return out
    out["error"] = np.where(np.isnan(label) | np.isnan(final), np.nan, (final != label).astype(float))
    if study.binary:
        out["misses"] = np.where(label == 1, out["error"], np.nan)
        out["false alarms"] = np.where(label == 0, out["error"], np.nan)
        out["selection"] = final
    return out


def _gaps(study: Study, column: str, codes: Codes) -> Iterator[Gap]:
    if len(codes.names) < 2 or len(codes.names) > MOST_VALUES:
        return
    now = measures(study, study.log, study.mature)
    base = measures(study, study.ref, None) if not study.own_reference else {}
    base_codes = study.ref.groups.get(column)
    halves = {measure: first_half(~np.isnan(x)) for measure, x in now.items()}
    for place, value in enumerate(codes.names):
        mine, rest = codes.codes == place, (codes.codes != place) & (codes.codes >= 0)
        if len(codes.names) == 2 and place == 1:
            return
        for measure, x in now.items():
            if (~np.isnan(x[mine])).sum() < LEAST or (~np.isnan(x[rest])).sum() < LEAST:
                continue
            gap, _, interval, z = difference(x[rest], x[mine])
            before = float("nan")
            if base_codes is not None and value in base_codes.names and measure in base:
                there = base_codes.rows_of(value)
                before = difference(base[measure][~there], base[measure][there])[0]
            side, rows, low = value, mine, gap
            other = _other(codes, place)
            if ((measure == "selection" and gap > 0) or (measure != "selection" and gap < 0)) and other is not None:
                # named is the side that fares worse
                side, rows, low = other, rest, -gap
                interval, z, before = (-interval[1], -interval[0]), -z, -before
            sign = low / gap if gap else 1.0
            parts = [sign * difference(x[rest & h], x[mine & h])[0] for h in (halves[measure], ~halves[measure])]
            rate, others = float(np.nanmean(x[rows])), float(np.nanmean(x[~rows & (codes.codes >= 0)]))
            yield Gap(
                column,
                side,
                measure,
                rate,
                others,
                low,
                interval,
                z,
                parts[0],
                parts[1],
                before,
                int(rows.sum()),
                rows,
            )


def _other(codes: Codes, place: int) -> str | None:
    return codes.names[1 - place] if len(codes.names) == 2 else None


def _judge(study: Study, g: Gap, all_gaps: list[Gap]) -> Evidence | None:
    """Weigh one gap: how large, how steady, and what it is called."""
    worse = -g.gap if g.measure == "selection" else g.gap
    if worse <= 0:
        return None
    # a reference without decisions says nothing of what people do
    steady = _steady(replace(g, before=float("nan")) if _by_people(study, g) else g)
    size = _size(g, worse)
    mine = [o for o in all_gaps if o.column == g.column]
    mechanism, explained = _name(study, g, mine)
    strength = size * steady * (1 - explained) * logistic(1.5 * (abs(g.z) - 3.3))
    if strength < 0.03:
        return None
    text = (
        f"{g.measure.capitalize()} for {g.column} = {g.value}: {percent(g.rate)}, for the others {percent(g.rest)} "
        f"({g.n} rows); first half {percent(g.early)}, second half {percent(g.late)} apart."
    )
    if np.isfinite(g.before):
        text += f" In the reference: {percent(g.before)}."
    return make(
        study,
        NAME,
        mechanism,
        text,
        strength=strength,
        z=abs(g.z),
        change=from_start(study),
        rows=g.rows,
        effect=g.gap,
        unit=g.measure,
        interval=g.interval,
        n=g.n,
        slice_=(SliceTerm(g.column, g.value),),
        refutes=_STANDING if strength > 0.7 and g.rows.mean() < 0.6 and g.measure == "error" else (),
        features=[p for p in (proxy_of(study, g),) if p is not None] if mechanism == "proxy_feature" else (),
        details={"measure": g.measure, "steady": steady, "early": g.early, "late": g.late, "before": g.before},
    )


def _size(g: Gap, worse: float) -> float:
    """How much the gap matters, 0 to 1: in points, or as a ratio of rates (the four-fifths rule, 29 CFR 1607.4 D)."""
    points = logistic(
        45 * (worse - {"error": 0.06, "misses": 0.1, "false alarms": 0.08, "overestimate": 0.2}.get(g.measure, 0.09))
    )
    if g.measure != "selection":
        return points
    low, high = sorted((g.rate, g.rest))
    ratio = low / high if high > 0 else 1.0
    return max(points, logistic(16 * (0.74 - ratio)) * logistic(200 * (worse - 0.02)))


def _steady(g: Gap) -> float:
    """1 where the gap is the same in both halves and in the reference, near 0 where it began within the log."""
    weaker, stronger = sorted((abs(g.early), abs(g.late)))
    if g.early * g.late <= 0:
        return 0.05
    ratio = weaker / max(stronger, 1e-9)
    steady = logistic(9 * (ratio - 0.4))
    if np.isfinite(g.before):
        # a reference without the gap, a log with it: the group was hit by something else, at deployment
        kept = g.before / g.gap if g.gap else 0.0
        steady *= 0.45 + 0.55 * logistic(8 * (kept - 0.3))
    return float(steady)


def _name(study: Study, g: Gap, mine: list[Gap]) -> tuple[str, float]:
    """Give the mechanism's name and how far the gap is explained by something fair (0 to 1)."""
    if g.measure == "selection":
        return _selection(study, g, mine)
    if g.measure == "overestimate":  # who is served worse is also taken for too much, or too little
        return "calibration_gap", 0.3 if any(o.measure == "error" and o.value == g.value for o in mine) else 0.0
    codes = study.ref.groups.get(g.column)
    source = study.train.groups.get(g.column) if study.train is not None else codes
    if source is not None and g.value in source.names and (source.codes >= 0).any():
        share = float(source.rows_of(g.value).mean())
        now = float(g.rows.mean())
        if share < 0.12 and share < 0.6 * max(now, 0.12):
            return "under_represented_group", 0.0
    elif source is not None and (source.codes >= 0).any():
        return "under_represented_group", 0.0
    if _by_people(study, g):
        return "selection_gap", 0.0
    if g.measure in ("misses", "false alarms"):
        explained = 0.9 if _earned(study, g) else 0.0
        if proxy_of(study, g) is not None:
            return "proxy_feature", explained
        return "performance_gap", max(explained, _base_rates(study, g))
    return "performance_gap", 0.0


def _by_people(study: Study, g: Gap) -> bool:
    """Whether the gap is in the decisions alone: the model's own answers treat the groups alike."""
    if np.isnan(study.log.decision).all():
        return False
    if np.isnan(predicted(study.log, study.threshold, study.profile.task)).all():
        return study.binary  # nobody but people decided
    own = measures(study, replace(study.log, decision=np.full(len(study.log), np.nan)), study.mature).get(g.measure)
    if own is None or (~np.isnan(own[g.rows])).sum() < LEAST:
        return False
    return abs(difference(own[~g.rows], own[g.rows])[0]) < 0.4 * abs(g.gap)


def _base_rates(study: Study, g: Gap) -> float:
    """A gap in misses or false alarms at equal calibration may come in part from base rates."""
    label = study.mature_label
    d, _, _, z = difference(label[~g.rows], label[g.rows])
    return 0.1 if abs(z) > 4 and abs(d) > 0.05 else 0.0


def _earned(study: Study, g: Gap) -> bool:
    """Whether base rates alone make the gap: they differ, and scores come true alike for both sides.

    Then the side of the higher rate must be chosen more often, with more false alarms and fewer misses, whoever scores
    (Kleinberg, Mullainathan and Raghavan 2016; Chouldechova 2017). One that fares worse in both is served worse.
    """
    score, label = study.log.score, study.mature_label
    if not is_probability(score):
        return False
    need, _, _, sure = difference(label[~g.rows], label[g.rows])
    left, _, _, z = difference((label - score)[~g.rows], (label - score)[g.rows])
    if abs(sure) < 3 or (need > 0) != (g.measure == "false alarms") or (abs(left) > 0.3 * abs(need) and abs(z) > 2):
        return False
    both = measures(study, study.log, study.mature)
    worse = [difference(both[m][~g.rows], both[m][g.rows])[3] for m in ("misses", "false alarms")]
    return min(worse) < 2


def _selection(study: Study, g: Gap, mine: list[Gap]) -> tuple[str, float]:
    """A selection gap: fair where labels differ as much, biased labels where only the reference's do, else a gap."""
    label = study.mature_label
    has = (~np.isnan(label)).sum() > 100
    d = difference(label[~g.rows], label[g.rows])[0] if has else float("nan")
    base = study.ref.groups.get(g.column)
    if base is not None and g.value in base.names and has and not study.own_reference:
        there = base.rows_of(g.value)
        was, _, _, z = difference(study.ref.label[~there], study.ref.label[there])
        if z < -4 and was < -0.05 and d > 0.45 * was:
            return "biased_labels", 0.0
    proxy = proxy_of(study, g)
    if has and np.isfinite(d):
        explained = float(np.clip(d / g.gap, 0.0, 1.0)) if g.gap else 0.0
        errors = [o for o in mine if o.measure in ("misses", "false alarms") and o.value == g.value]
        explained = 0.9 if _earned(study, g) else explained * (0.9 if not errors else 0.5)
        return ("proxy_feature" if proxy else "selection_gap"), explained
    return ("proxy_feature" if proxy else "selection_gap"), 0.0


def proxy_of(study: Study, g: Gap) -> str | None:
    """Name a feature that stands for the group: it tells the group and, held equal, leaves no gap."""
    final = measures(study, study.log, None).get("selection")
    if final is None:
        return None
    group = g.rows.astype(float)
    best: tuple[float, str] | None = None
    for name, column in study.log.features.items():
        if name == g.column:
            continue
        if isinstance(column, Codes):
            if len(column.names) > 60:
                continue
            n = np.bincount(column.codes[column.codes >= 0], minlength=len(column.names))
            share = np.bincount(
                column.codes[column.codes >= 0], weights=group[column.codes >= 0], minlength=len(column.names)
            )
            x = np.array([*(share / np.maximum(n, 1)), np.nan])[column.codes]
        else:
            x = column
        told = auc(x, group)
        if told > 0.8 and (best is None or told > best[0]):
            cuts = np.unique(np.nanquantile(x, np.linspace(0, 1, 9)[1:-1]))
            cell = np.where(np.isnan(x), 0, np.searchsorted(cuts, x, side="right") + 1)
            within = [
                (
                    int((cell == c).sum()),
                    difference(final[(cell == c) & ~g.rows], final[(cell == c) & g.rows])[0],
                )
                for c in np.unique(cell)
            ]
            good = [(n, d) for n, d in within if np.isfinite(d)]
            left = sum(n * d for n, d in good) / max(sum(n for n, _ in good), 1) if good else g.gap
            if abs(left) < 0.5 * abs(g.gap):
                best = (told, name)
    return None if best is None else best[1]
