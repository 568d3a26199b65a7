"""The worst slices, and whether any region got worse at all (floor 5).

One half of the rows is searched, what the search proposes is judged on the other half, which it did not see: only
that gives an honest size, interval and p-value for something picked out of thousands. Errors are those of the final
decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, make, p_of_z
from toolkit.detectors.study import Study
from toolkit.impact.halves import Halves, Judged, inside, judge, part
from toolkit.impact.harm import Damage
from toolkit.impact.regions import Condition, Region, Rows, conditions, scan
from toolkit.profile.model import Mask
from toolkit.records import Interval, SliceTerm
from toolkit.timeline.change import Change, no_change

NAME: Final = "slices"
#: What the search proposes to the other half.
PROPOSED: Final = 5
#: A slice is confirmed below this corrected p-value.
LEVEL: Final = 0.01


@dataclass(frozen=True)
class WorstSlice:
    """Rows that got worse than they were, and worse than the rest.

    ``loss_before`` and ``loss_after`` are mean losses of the final decision in the baseline's same slice and in the
    log's, on rows that the search did not see; ``excess`` is their difference over all ``n`` rows of the log that the
    slice has (weighted), with its 95 % ``interval``; ``q`` is the p-value, corrected over all proposals
    (Benjamini-Hochberg), of being both worse than such rows were and worse than the rest; ``share`` is the part of
    the log's total excess, ``None`` where there is none. Slices may overlap, so shares need not sum to 1.
    """

    conditions: tuple[SliceTerm, ...]
    rows: Mask = field(compare=False)
    n: int
    loss_before: float
    loss_after: float
    excess: float
    interval: Interval
    z: float
    q: float
    share: float | None
    confirmed: bool
    change: Change

    @property
    def text(self) -> str:
        """The conditions as a reader meets them."""
        return say(self.conditions)


@dataclass(frozen=True)
class RegionalHarm:
    """Whether any region got worse: ``p`` counts every try, ``z`` is the normal value of that p.

    ``effect`` is the rise of the region's mean loss on rows that did not propose it, ``rows`` its log rows in the
    span where it is worse, ``change`` the change of its own series.
    """

    z: float
    p: float
    conditions: tuple[SliceTerm, ...]
    rows: Mask = field(compare=False)
    effect: float
    change: Change

    @property
    def text(self) -> str:
        """The conditions as a reader meets them."""
        return say(self.conditions)


def say(terms: Sequence[SliceTerm]) -> str:
    """Write conditions as words: ``sex = F and income > 3.2``."""
    return " and ".join(
        f"{t.column} {t.value}" if t.value.startswith(("< ", "<= ", "> ")) else f"{t.column} = {t.value}" for t in terms
    )


def worst_slices(
    study: Study, damage: Damage, *, most: int = 3, least: int = 50, seed: int = 0
) -> tuple[WorstSlice, ...]:
    """Find the worst slices of the log, the confirmed ones first, the surest of them first.

    Args:
        study: the log and its baseline.
        damage: the harm; where it has an onset, slices are sought after it, else in every span of the log.
        most: how many slices at most.
        least: fewest labelled rows of a slice, in the log and in its baseline.
        seed: parts the baseline's rows into halves.

    Returns:
        Up to ``most`` slices; none without labels, or with too few rows to search and judge.
    """
    after = damage.rows if damage.change.found and not damage.rows.all() else None
    halves, tried = part(study, after, least=least, seed=seed), conditions(study)
    if halves is None or not tried:
        return ()
    proposals = _apart(halves.one, scan(halves.one, tried, halves.spans, least=least // 2, stand_out=True), PROPOSED)
    if not proposals:
        return ()
    from scipy.stats import false_discovery_control

    judged = [judge(halves.two, r) for r in proposals]
    z = [0.0 if j.traded else min(j.z, j.beyond) for j in judged]
    q = false_discovery_control([_p(v) for v in z])
    total = float(np.nansum(np.where(damage.rows, damage.excess * study.log.weight, 0.0)))
    share_of = total if damage.kind == "labels" and total > 0 else None
    made = [
        _slice(study, _mark(study, halves, r, after), r, j, v, float(p), share_of)
        for r, j, v, p in zip(proposals, judged, z, q, strict=True)
    ]
    return tuple(sorted(made, key=lambda s: (not s.confirmed, -s.z))[:most])


def regional_harm(study: Study, *, least: int = 50, seed: int = 0) -> RegionalHarm:
    """Test whether any region got worse than its baseline, over some span of the log.

    Each half proposes one region that is judged on the other; ``p`` is twice the smaller p-value (Bonferroni), so it
    keeps its level whatever the two have in common.

    Returns:
        The answer; z 0 and p 1 where there are no labels, no columns to form regions of, or too few rows.
    """
    n = len(study.log)
    halves, tried = part(study, None, least=least, seed=seed), conditions(study)
    found: list[tuple[float, Region, Judged]] = []
    if halves is not None and tried:
        for seen, unseen in ((halves.one, halves.two), (halves.two, halves.one)):
            for r in scan(seen, tried, halves.spans, least=least // 2, stand_out=False)[:1]:
                j = judge(unseen, r)
                found.append((0.0 if j.traded else j.z, r, j))
    if halves is None or not found:
        return RegionalHarm(0.0, 1.0, (), np.zeros(n, dtype=bool), 0.0, no_change(n))
    z, region, judged = max(found, key=lambda f: f[0])
    p = min(1.0, len(found) * _p(z))
    terms = tuple(c.term for c in region.conditions)
    return RegionalHarm(
        _z(p), p, terms, _mark(study, halves, region, None), judged.effect, _onset(study, region.conditions)
    )


def findings(study: Study, slices: Sequence[WorstSlice]) -> list[Evidence]:
    """Give a finding for each confirmed slice, or one that says that none stands out; none where none was tried."""
    confirmed = [s for s in slices if s.confirmed]
    if not confirmed:
        text = "No slice got worse than the rest beyond chance, of all conjunctions of up to three conditions."
        z = max((s.z for s in slices), default=0.0)
        return [make(study, NAME, "", text, strength=0.0, z=max(z, 0.0))] if slices else []
    made = []
    for s in confirmed:
        share = "" if s.share is None else f", {min(s.share, 1.0):.0%} of the whole excess"
        unit = "excess loss" if study.regression else "excess errors"
        text = (
            f"Worst slice: {s.text}: mean loss {s.loss_before:.3g} before, {s.loss_after:.3g} now "
            f"({s.excess:,.0f} {unit} in {s.n:,} rows{share}), confirmed on rows that the search did not see."
        )
        made.append(
            make(
                study, NAME, "", text, strength=0.0, z=s.z, change=s.change, rows=s.rows, refutes=("none",),
                effect=s.excess, unit=unit, interval=s.interval, n=s.n, slice_=s.conditions, threshold=LEVEL,
                details={"before": s.loss_before, "after": s.loss_after, "share": s.share, "q": s.q},
            )
        )  # fmt: skip
    return made


def _apart(rows: Rows, regions: Sequence[Region], most: int) -> list[Region]:
    """Keep the best regions that are not nearly the same rows."""
    kept: list[tuple[Region, Mask]] = []
    for region in regions[:60]:
        span, log, _ = inside(rows, region)
        mine = span & log
        if all((mine & other).sum() < 0.5 * (mine | other).sum() for _, other in kept):
            kept.append((region, mine))
        if len(kept) == most:
            break
    return [region for region, _ in kept]


def _slice(
    study: Study, rows: Mask, region: Region, judged: Judged, z: float, q: float, total: float | None
) -> WorstSlice:
    many = float(study.log.weight[rows].sum())
    excess, spread = judged.effect * many, 1.96 * judged.error * many
    return WorstSlice(
        conditions=tuple(c.term for c in region.conditions),
        rows=rows,
        n=round(many),
        loss_before=judged.before,
        loss_after=judged.after,
        excess=excess,
        interval=(excess - spread, excess + spread),
        z=z,
        q=q,
        share=None if total is None else excess / total,
        confirmed=q < LEVEL,
        change=_onset(study, region.conditions),
    )


def _mark(study: Study, halves: Halves, region: Region, after: Mask | None) -> Mask:
    """Mark the log rows of a region within its span, those without a label too."""
    mine = np.logical_and.reduce([c.holds(study.log) for c in region.conditions])
    if after is not None:
        return np.asarray(mine & after)
    places = np.flatnonzero((halves.block >= region.first) & (halves.block < region.last))
    within = np.zeros(len(study.log), dtype=bool)
    within[places.min() : places.max() + 1] = True
    return np.asarray(mine & within)


def _onset(study: Study, of: tuple[Condition, ...]) -> Change:
    """When did the slice get worse? The change of its own series."""
    log, ref = (np.logical_and.reduce([c.holds(s) for c in of]) for s in (study.log, study.ref))
    return study.changed(np.where(log, study.log_loss.final, np.nan), np.where(ref, study.ref_final, np.nan))


def _p(z: float) -> float:
    """One-sided p-value."""
    return p_of_z(z) / 2 if z > 0 else 1.0 - p_of_z(z) / 2


def _z(p: float) -> float:
    from scipy.stats import norm

    return float(max(norm.isf(max(p, 1e-300)), 0.0))
