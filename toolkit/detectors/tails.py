"""The end of a feature that grew, where the model always erred more (floor 4; data; needs labels).

A few rows among a hundred, old cars or heavy parcels, hardly move a distribution and may carry all of the harm, while
the model errs as ever wherever it is asked. The rise of the mean loss falls into what comes of rows that went from the
rest to the end, at what either loses, and what was lost more in each (Kitagawa 1955): where it is the first, the crowd
is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, logistic, make, more, percent, proportion_z, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import distinct, several
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import Change
from toolkit.vocabulary import CAUSE_OF

NAME: Final = "tails"
#: The baseline's share of an end, and how many of its labelled rows it must have.
_SHARES: Final = (0.1, 0.05, 0.02, 0.01)
_LEAST: Final = 10
#: How many times as common an end must have become, and how sure (z) that is; at a glance, and when it is measured.
_TIMES, _GLANCE, _GREW = 2.0, 3.0, 5.0
#: The share of the rows beyond which it is no end that grew: the feature as a whole is elsewhere.
_MOST: Final = 1 / 3
#: How sure (z) it must be that the growth hurt, and that the mean loss rose at all; the part that growth must explain.
_HURT, _ROSE, _EXPLAINS = 3.0, 2.5, 0.6
#: From this strength on a finding names what spoilt a feature.
_TOLD: Final = 0.4


@dataclass(frozen=True)
class End:
    """An end of a feature: which rows of baseline and log lie beyond the cut, and since when they are more."""

    name: str
    cut: float
    above: bool
    ref: Mask
    log: Mask
    change: Change
    z: float


@dataclass(frozen=True)
class Growth:
    """What the growth of an end cost a row since then, of all that the mean loss rose by."""

    before: float
    after: float
    more: float
    cost: float
    z: float
    rise: float
    rose: float


def detect(study: Study, found: Sequence[Evidence]) -> list[Evidence]:
    """Look for an end that grew and did the harm, in features that no pipeline spoilt by what was ``found``."""
    spoilt = {
        f
        for e in found
        if CAUSE_OF.get(e.mechanism) == "integration" and e.strength > _TOLD
        for f in e.finding.features
    }
    hurt: list[tuple[End, Growth]] = []
    ends = [end for name in study.numbers if name not in study.clocked | spoilt and (end := _grown(study, name))]
    for end in ends:
        growth = _growth(study, end)
        if growth is not None and _did_it(growth, len(ends)):
            hurt.append((end, growth))
    return [_told(study, *max(hurt, key=lambda x: x[1].z))] if hurt else []


def _grown(study: Study, name: str) -> End | None:
    """Give the end of a feature that grew most surely."""
    base, now = study.numbers[name]
    have, n = base[~np.isnan(base)], len(now)
    if len(have) < _LEAST / _SHARES[0] or not several(have, 4):
        return None
    best: End | None = None
    for cut, above in _cuts(have):
        ref, log = (x > cut if above else x < cut for x in (base, now))
        k, glance = float(ref.sum()), [slice(0, n), slice(n // 2, n), slice(3 * n // 4, n), slice(n // 4, 3 * n // 4)]
        if k < _LEAST or max(proportion_z(k, len(have), log[s].sum(), log[s].size) for s in glance) < _GLANCE:
            continue
        change = study.changed(np.where(np.isnan(now), np.nan, log), np.where(np.isnan(base), np.nan, ref))
        if not change.found or change.z < 0:
            continue
        rows = inside(change, n) & ~np.isnan(now)
        z = proportion_z(k, len(have), log[rows].sum(), rows.sum())
        grew = _TIMES * k / len(have) < log[rows].mean() <= _MOST
        if grew and z > _GREW and not _one_value(now[rows & log]) and (best is None or z > best.z):
            best = End(name, cut, above, ref, log, change, z)
    return best


def _one_value(x: Floats) -> bool:
    """Whether half of the values are one and the same: that was filled in, and is no crowd."""
    return bool(distinct(x)[1].max() >= len(x) / 2)


def _cuts(have: Floats) -> Iterator[tuple[float, bool]]:
    """Give the cuts of the upper and lower ends, the large ends first."""
    for share in _SHARES:
        yield float(np.quantile(have, 1 - share)), True
        yield float(np.quantile(have, share)), False


def _growth(study: Study, end: End) -> Growth | None:
    """Measure what the growth cost: the rows that it brought, at what they lose more than the rest (delta method)."""
    now, base = study.log_loss.model, study.ref_loss.model
    if np.isnan(now).all():
        now, base = study.log_loss.final, study.ref_loss.final
    rows = inside(end.change, len(now)) & ~np.isnan(now)
    here, rest = now[rows & end.log], now[rows & ~end.log]
    there, usual = (base[side & ~np.isnan(base)] for side in (end.ref, ~end.ref))
    n, m = len(there) + len(usual), len(here) + len(rest)
    if min(len(here), len(there)) < _LEAST or min(len(rest), len(usual)) < _LEAST:
        return None
    p, q = len(there) / n, len(here) / m
    own, served = study.hang(base)
    dearer, error, _, _ = difference(rest, here)
    grew = q * (1 - q) / m * served + p * (1 - p) / n * own
    cost = (q - p) * dearer
    spread = float(np.sqrt((q - p) ** 2 * error**2 * served + dearer**2 * grew))
    rise, off, _, _ = difference(base, now[rows])
    erred = float(there.mean() - usual.mean())
    return Growth(p, q, erred, cost, cost / spread, rise, rise / (off * np.sqrt(max(own, served))))


def _did_it(g: Growth, tried: int) -> bool:
    """Whether the growth surely hurt, explains most of the rise, and the model erred more there before it grew."""
    return g.more > 0 and g.z > _HURT + np.log(max(tried, 1)) / _HURT and g.rose > _ROSE and g.cost > _EXPLAINS * g.rise


def _told(study: Study, end: End, g: Growth) -> Evidence:
    rows = inside(end.change, len(study.log)) & end.log
    side = ">" if end.above else "<"
    text = (
        f"{end.name} {side} {end.cut:.4g} is {percent(g.after)} of the rows {since(end.change)} ({percent(g.before)} "
        f"before), where the model erred {more(g.more, regression=study.regression)} already: that there are more of "
        f"them explains {percent(min(g.cost / g.rise, 1.0))} of the rise of the loss."
    )
    start = end.change.shape == "from_start"
    # what was so from the first row may as well be how the feature is served
    strength = (0.6 if start else 0.9) * logistic(1.5 * (g.z - _HURT + 1.0))
    return make(
        study, NAME, "unrepresentative_data" if start else "covariate_shift", text,
        strength=strength, z=end.z, change=end.change, rows=rows,
        share_hint=g.cost / g.rise, effect=g.after - g.before, unit="share of rows", n=int(rows.sum()),
        features=[end.name], supports=("unrepresentative_data", "covariate_shift") if start else ("covariate_shift",),
    )  # fmt: skip
