"""Does the harm fall on a group, before and beyond any change over time (floor 4; bias)?

Every protected attribute is tried, each value against the rest: errors, misses (false negatives), false alarms,
selection; of numbers how far the answers are off, and how far above the label. A gap counts as bias when it is there in
every part of the log (and in the reference, where it can be seen there); one with an onset is another cause that hits a
slice. P-values are corrected over all tries (Benjamini-Hochberg). What scores promise to a group is looked at in
``calibration``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from toolkit.detectors.base_rates import earned, harder
from toolkit.detectors.curve import auc
from toolkit.detectors.equal import EQUAL
from toolkit.detectors.evidence import (
    Evidence,
    difference,
    from_start,
    logistic,
    make,
    not_testable,
    p_of_z,
    percent,
    points,
)
from toolkit.detectors.gaps import LEAST, SELECTION, SIGNED, Gap, corners, gaps, measured, measures
from toolkit.detectors.study import Study, predicted
from toolkit.profile.model import Codes
from toolkit.records import SliceTerm

NAME = "groups"
#: What is not confined to a group is not the cause of what is.
_STANDING: Final = ("memorised_training_data", "concept_drift", "unrepresentative_data", "label_noise")
#: What is none where groups differ by no more than chance, or their base rates, make them.
_GROUP: Final = ("performance_gap", "selection_gap", "under_represented_group", "proxy_feature")
#: Below this no group by itself fares much worse: then corners where two meet are looked at.
_WEAK: Final = 0.9
#: How sure (z) it must be that a part of a group fares worse than all others of it.
_ALONE: Final = 5.0
#: How far base rates must explain a gap that is told as theirs.
_EARNED: Final = 0.9
#: How many deviations each half's gap may lie off by chance.
_CHANCE: Final = 0.7
#: The part of a gap that may be left in equal cases, where people choose alike.
_ALIKE: Final = 0.3
#: The gap, in points (of numbers in deviations of the label), that matters by half; 9 points of anything else.
_MATTERS: Final = {"error": 0.06, "misses": 0.1, "false alarms": 0.08, SIGNED: 0.2, EQUAL: 0.06}
#: How strong a gap must be by itself to be held to the reference too, and the part of it that must be there.
_HALF, _AGAIN = 0.4, 0.6
#: What is said of a gap that counts against nobody.
_TEXT_RATES: Final = (
    " The outcome itself is rarer or commoner in the group, and equal scores come true alike: base rates make the gap, "
    "whoever scores this well. Whether it may be is for policy and law to say."
)
_TEXT_EQUAL: Final = (
    " In equal cases people chose alike: what is known of the cases makes the gap. Whether it may be is for policy and "
    "law to say."
)
_FOLLOW: Final = frozenset({"performance_gap", "selection_gap"})


def detect(study: Study) -> list[Evidence]:
    """Look at every group for a persistent gap."""
    if not study.log.groups:
        return [not_testable(NAME, ("performance_gap", "selection_gap", "calibration_gap"), "The log names no group.")]
    all_gaps = [g for column, codes in study.log.groups.items() for g in gaps(study, column, codes)]
    if not all_gaps:
        return []
    found, even = _weighed(study, all_gaps)
    if not found or found[0].strength < _WEAK:
        found, even = _weighed(study, [*all_gaps, *corners(study)])
    if found:
        return [*(_narrowed(study, e) for e in found), *even]
    if even:  # what base rates make of one group says nothing of another that fares worse
        return [replace(e, finding=replace(e.finding, refutes=_GROUP)) for e in even]
    worst = max(all_gaps, key=lambda g: abs(g.z))
    text = (
        f"No group is treated otherwise beyond chance; the largest gap is {_apart(study, abs(worst.gap))} "
        f"({worst.measure}, {worst.column} = {worst.value})."
    )
    return [make(study, NAME, "", text, strength=0.0, z=worst.z, effect=worst.gap, refutes=_GROUP)]


def _weighed(study: Study, all_gaps: list[Gap]) -> tuple[list[Evidence], list[Evidence]]:
    """Give the gaps that count against somebody, the strongest first, and those that base rates alone make."""
    kept = _corrected(all_gaps)
    judged = [e for e in (_judge(study, g, kept) for g in kept) if e is not None]
    found = _by_labels([e for e in judged if e.mechanism])
    found.sort(key=lambda e: -e.strength * min(e.z, 12))
    return found[:4], sorted((e for e in judged if not e.mechanism), key=lambda e: -e.z)[:2]


def _narrowed(study: Study, e: Evidence) -> Evidence:
    """Name the part of a group on which its gap falls, where all others of the group fare about as those outside."""
    measure = str(e.finding.details["measure"])
    if len(e.finding.slice) != 1:
        return e
    (term,) = e.finding.slice
    x = measured(study)[measure]
    mine = study.log.groups[term.column].rows_of(term.value)
    found = []
    for column, codes in study.log.groups.items():
        for value in codes.names if column != term.column and len(codes.names) > 1 else ():
            part = mine & codes.rows_of(value)
            rest, others = mine & ~part & (codes.codes >= 0), ~mine
            if min((~np.isnan(x[r])).sum() for r in (part, rest, others)) < LEAST:
                continue
            gap, _, _, z = difference(x[rest], x[part])
            if (
                gap * float(e.finding.effect or 0.0) > 0
                and abs(z) > _ALONE
                and abs(gap) > 2 * abs(difference(x[others], x[rest])[0])
            ):
                found.append((abs(z), column, value, float(np.nanmean(x[part])), float(np.nanmean(x[rest])), part))
    if not found:
        return e
    _, column, value, rate, others_rate, part = max(found, key=lambda f: f[0])
    text = (
        f"{e.finding.statement} It falls on those with {column} = {value}: {percent(rate)}, the others of the group "
        f"{percent(others_rate)}."
    )
    slice_ = (term, SliceTerm(column, value))
    return replace(e, finding=replace(e.finding, slice=slice_, statement=text), rows=part)


def _by_labels(found: list[Evidence]) -> list[Evidence]:
    """Where the labels that taught the model were bent against a group, its other gaps follow from that."""
    bent = {e.finding.slice for e in found if e.mechanism == "biased_labels" and e.strength > 0.6}
    return [
        replace(e, strength=0.5 * e.strength) if e.finding.slice in bent and e.mechanism in _FOLLOW else e
        for e in found
    ]


def _apart(study: Study, gap: float) -> str:
    """Write a gap: of shares in points, of numbers as a part of the deviation of the labels."""
    return f"{percent(gap)} of the labels' deviation" if study.regression else points(gap)


def _corrected(gaps: list[Gap]) -> list[Gap]:
    from scipy.stats import false_discovery_control

    q = false_discovery_control([p_of_z(g.z) for g in gaps])
    return [g for g, value in zip(gaps, q, strict=True) if value < 0.01]


def _judge(study: Study, g: Gap, all_gaps: list[Gap]) -> Evidence | None:
    """Weigh one gap: how large, how steady, and what it is called."""
    worse = _worse_by(g)
    if worse <= 0:
        return None
    # a reference without decisions says nothing of what people do
    steady = _steady(replace(g, before=float("nan")) if _by_people(study, g) else g)
    size = _size(g, worse)
    mine = [o for o in all_gaps if o.column == g.column]
    mechanism, explained = _name(study, g, mine)
    whole = size * steady * logistic(1.5 * (abs(g.z) - 3.3))
    if whole > _HALF and g.before / g.gap > _AGAIN:
        whole = 1.0 - _HALF * (1.0 - whole)  # the reference, whose rows are others, has it too
    strength = (1 - explained) * whole
    even = explained >= _EARNED and whole > 0.5
    if strength < 0.03 and not even:
        return None
    who = " and ".join(f"{t.column} = {t.value}" for t in g.slice)
    what, sign = ("underestimate", -1.0) if g.measure == SIGNED and g.rate < 0 else (g.measure, 1.0)
    text = (
        f"{what.capitalize()} for {who}: {percent(sign * g.rate)}, for the others {percent(sign * g.rest)} "
        f"({g.n} rows); first half {_apart(study, sign * g.early)}, second half {_apart(study, sign * g.late)} apart."
    )
    if np.isfinite(g.before):
        text += f" In the reference: {_apart(study, sign * g.before)}."
    if even:
        text += _TEXT_EQUAL if EQUAL in measured(study) else _TEXT_RATES
        return make(
            study, NAME, "", text, strength=0.0, z=abs(g.z), effect=g.gap, unit=g.measure, interval=g.interval, n=g.n,
            slice_=g.slice, details={"measure": g.measure, "base_rates": True},
        )  # fmt: skip
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
        slice_=g.slice,
        refutes=_STANDING if strength > 0.7 and g.rows.mean() < 0.6 and g.measure == "error" else (),
        features=[p for p in (proxy_of(study, g),) if p is not None] if mechanism == "proxy_feature" else (),
        details={"measure": g.measure, "steady": steady, "early": g.early, "late": g.late, "before": g.before},
    )


def _worse_by(g: Gap) -> float:
    """By how much the group fares worse: too much and too little are as bad, of all else more or less is."""
    if g.measure == SIGNED:
        return abs(g.gap) if abs(g.rate) > abs(g.rest) else 0.0
    return -g.gap if g.measure in SELECTION else g.gap


def _size(g: Gap, worse: float) -> float:
    """How much the gap matters, 0 to 1: in points, or as a ratio of rates.

    Of selection by the four-fifths rule (29 CFR 1607.4 D); errors that are rare for all others are judged by how many
    times as many a group has, as differentials of recognisers are (NIST IR 8280).
    """
    points = logistic(45 * (worse - _MATTERS.get(g.measure, 0.09)))
    low, high = sorted((g.rate, g.rest))
    if g.measure in SELECTION:
        ratio = low / high if high > 0 else 1.0
        return max(points, logistic(16 * (0.74 - ratio)) * logistic(200 * (worse - 0.02)))
    if g.measure in ("error", "misses", "false alarms") and high <= 1:
        return max(points, logistic(2.5 * (high / max(low, 0.5 / g.n) - 2.5)) * logistic(150 * (worse - 0.035)))
    return points


def _steady(g: Gap) -> float:
    """1 where the gap is the same in both halves and in the reference, near 0 where it began within the log."""
    weaker, stronger = sorted((abs(g.early), abs(g.late)))
    if g.early * g.late <= 0:
        return 0.05
    # of half the rows each: as near to each other as their chance lets them be
    chance = _CHANCE * float(np.sqrt(2) * abs(g.gap / g.z)) if g.z else 0.0
    ratio = (weaker + chance) / max(stronger - chance, weaker + chance, 1e-9)
    steady = logistic(9 * (ratio - 0.4))
    if np.isfinite(g.before):
        # a reference without the gap, a log with it: the group was hit by something else, at deployment
        kept = g.before / g.gap if g.gap else 0.0
        steady *= 0.45 + 0.55 * logistic(8 * (kept - 0.3))
    return float(steady)


def _name(study: Study, g: Gap, mine: list[Gap]) -> tuple[str, float]:
    """Give the mechanism's name and how far the gap is explained by something fair (0 to 1)."""
    if g.measure in SELECTION:
        return _selection(study, g, mine)
    if g.measure == SIGNED:  # who is served worse is also taken for too much, or too little
        return "calibration_gap", 0.3 if any(o.measure == "error" and o.value == g.value for o in mine) else 0.0
    codes = study.ref.groups.get(g.column)
    source = study.train.groups.get(g.column) if study.train is not None else codes
    if source is not None and g.value in source.names and (source.codes >= 0).any():
        share = float(source.rows_of(g.value).mean())
        now = float(g.rows.mean())
        if share < 0.12 and share < 0.6 * max(now, 0.12):
            return "under_represented_group", _by_base_rates(study, g)
    elif source is not None and (source.codes >= 0).any():
        return "under_represented_group", _by_base_rates(study, g)
    if _by_people(study, g):
        return "selection_gap", 0.0
    if g.measure in ("misses", "false alarms"):
        explained = _by_base_rates(study, g)
        if proxy_of(study, g) is not None:
            return "proxy_feature", explained
        return "performance_gap", max(explained, _base_rates(study, g))
    return "performance_gap", _by_base_rates(study, g)


def _by_base_rates(study: Study, g: Gap) -> float:
    """How far base rates alone make a gap in misses, false alarms or errors: all but for a doubt, or not at all."""
    alone = earned(study, g) if g.measure in ("misses", "false alarms") else harder(study, g)
    return _EARNED if alone else 0.0


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


def _selection(study: Study, g: Gap, mine: list[Gap]) -> tuple[str, float]:
    """A selection gap: fair where labels or inputs differ as much, biased labels where only the reference's do."""
    equal = measured(study).get(EQUAL) if g.measure != EQUAL else None
    left = np.nan if equal is None else difference(equal[~g.rows], equal[g.rows])[0]
    if abs(left) < _ALIKE * abs(g.gap) and proxy_of(study, g) is None:
        return "selection_gap", _EARNED  # in equal cases people chose alike
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
        explained = _EARNED if earned(study, g) else explained * (0.9 if not errors else 0.5)
        return ("proxy_feature" if proxy else "selection_gap"), explained
    return ("proxy_feature" if proxy else "selection_gap"), 0.0


def proxy_of(study: Study, g: Gap) -> str | None:
    """Name a feature that stands for the group: it tells the group and, held equal, leaves no gap."""
    final = measures(study, study.log, None).get("selection")
    if final is None or len(g.slice) > 1:  # what stands for one side of a corner is no word for it
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
