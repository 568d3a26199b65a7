"""What a detector hands on (floor 4), and the few statistics that all of them use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints, Mask, at
from toolkit.records import Finding, Slice, Stance
from toolkit.timeline.change import Change
from toolkit.timeline.onset import onset

#: Of more values than this the distribution is told by as many quantiles, which are off by at most one in so many.
MOST_POINTS: Final = 20_000


@dataclass(frozen=True)
class Evidence:
    """A finding with what the ledger needs of it.

    ``strength`` in [0, 1] says how far the pattern is the one that the mechanism leaves (1: nothing else leaves it);
    ``z`` how surely it is no accident; ``rows`` marks the log rows that it touches; ``share_hint`` is the share of the
    damage where the detector measured it itself (a replay); ``harmful`` says that what it saw is harm by itself,
    whether or not the loss of the log moved; ``like`` marks the baseline rows that would have been touched too, where
    it is their values that marked the rows.
    """

    finding: Finding
    mechanism: str = ""
    strength: float = 0.0
    z: float = 0.0
    change: Change | None = None
    rows: Mask | None = field(default=None, compare=False)
    share_hint: float | None = None
    harmful: bool = False
    like: Mask | None = field(default=None, compare=False)


def from_start(study: Study) -> Change:
    """Give the change that was there from the first row."""
    return Change("from_start", 0, len(study.log), 0.0, 1.0, 10.0, 0, 0)


def onset_of(study: Study, change: Change | None) -> tuple[datetime | None, tuple[datetime, datetime] | None]:
    """Turn the rows of a change into times: ``None`` for one from the first row, or a log without times.

    It came between the last row that was surely before it and the first that was surely after.
    """
    if change is None or change.shape in ("none", "from_start"):
        return None, None
    time = study.log.time
    found = onset(change)
    rows = np.clip([found.row, found.low - 1, found.high], 0, len(time) - 1)
    moments = time[rows]
    if np.isnan(moments).any():
        return None, None
    return at(moments[0]), (at(moments[1]), at(moments[2]))


def make(
    study: Study,
    detector: str,
    mechanism: str,
    statement: str,
    *,
    strength: float,
    z: float,
    change: Change | None = None,
    rows: Mask | None = None,
    share_hint: float | None = None,
    harmful: bool = False,
    like: Mask | None = None,
    supports: Sequence[str] | None = None,
    refutes: Sequence[str] = (),
    effect: float | None = None,
    unit: str = "",
    interval: tuple[float, float] | None = None,
    n: int | None = None,
    features: Sequence[str] = (),
    slice_: Slice = (),
    versions: Sequence[str] = (),
    threshold: float | None = None,
    details: dict[str, Any] | None = None,
) -> Evidence:
    """Put a finding together; the stance follows from what it supports and refutes."""
    since, between = onset_of(study, change)
    backs = tuple(dict.fromkeys(supports)) if supports is not None else ((mechanism,) if mechanism else ())
    if strength <= 0.05:
        backs = ()
    stance: Stance = "supports" if backs else "refutes" if refutes else "silent"
    finding = Finding(
        detector=detector,
        statement=statement,
        stance=stance,
        supports=backs,
        refutes=tuple(refutes),
        statistic=_finite(z),
        effect=_finite(effect),
        unit=unit,
        interval=interval,
        n=len(study.log) if n is None else n,
        p_value=p_of_z(z),
        threshold=threshold,
        onset=since,
        onset_interval=between,
        features=tuple(features),
        slice=slice_,
        model_versions=tuple(versions),
        details=details or {},
    )
    sure = float(np.clip(strength, 0.0, 1.0))
    return Evidence(finding, mechanism, sure, abs(z), change, rows, share_hint, harmful, like)


def not_testable(detector: str, mechanisms: Sequence[str], why: str) -> Evidence:
    """Say that nothing can be said, and why."""
    names = ", ".join(m.replace("_", " ") for m in mechanisms)
    finding = Finding(
        detector=detector,
        statement=f"Not testable: {names}. {why}",
        stance="not_testable",
        not_testable=why,
        details={"mechanisms": list(mechanisms)},
    )
    return Evidence(finding)


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def p_of_z(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    from math import erfc, sqrt

    return float(erfc(abs(z) / sqrt(2.0)))


def z_of_misfit(misfit: float, freedom: int) -> float:
    """Wilson-Hilferty: z of a chi-square of ``freedom`` degrees given per degree."""
    freedom = max(freedom, 1)
    return float((max(misfit, 1e-9) ** (1 / 3) - (1 - 2 / (9 * freedom))) / np.sqrt(2 / (9 * freedom)))


def counts_z(a: Floats | Ints, b: Floats | Ints) -> float:
    """Give z of the chi-square of two rows of counts over the same cells."""
    live = a + b > 0
    p, q = a[live] / a.sum(), b[live] / b.sum()
    pooled = (a + b)[live] / (a.sum() + b.sum())
    freedom = max(int(live.sum()) - 1, 1)
    chi = float(((p - q) ** 2 / pooled).sum()) * a.sum() * b.sum() / (a.sum() + b.sum())
    return z_of_misfit(chi / freedom, freedom)


def proportion_z(k1: float, n1: float, k2: float, n2: float) -> float:
    """Give z of the difference k2/n2 - k1/n1 of two shares, pooled variance, half a count added to each cell."""
    p = (k1 + k2 + 1.0) / (n1 + n2 + 2.0)
    error = np.sqrt(p * (1 - p) * (1 / max(n1, 1.0) + 1 / max(n2, 1.0)))
    return float((k2 / max(n2, 1.0) - k1 / max(n1, 1.0)) / error) if error > 0 else 0.0


def difference(a: Floats, b: Floats) -> tuple[float, float, tuple[float, float], float]:
    """Give mean(b) - mean(a) of the known values with its standard error, 95 % interval and z (Welch)."""
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if len(a) < 2 or len(b) < 2:
        return float("nan"), float("inf"), (float("nan"), float("nan")), 0.0
    d = float(b.mean() - a.mean())
    # one pseudo-row at the pooled variance keeps a group without a single error from looking certain
    pooled = float(np.var(np.concatenate((a, b))))
    error = float(
        np.sqrt(
            (a.var() * len(a) + pooled) / (len(a) + 1) / len(a) + (b.var() * len(b) + pooled) / (len(b) + 1) / len(b)
        )
    )
    error = max(error, 1e-12)
    return d, error, (d - 1.96 * error, d + 1.96 * error), d / error


def in_order(x: Floats) -> Floats:
    """Sort values without NaN; of more than ``MOST_POINTS`` give as many evenly spaced quantiles."""
    return thinned(np.sort(x))


def thinned(x: Floats) -> Floats:
    """Give the same of values that are sorted."""
    return x if len(x) <= MOST_POINTS else x[((np.arange(MOST_POINTS) + 0.5) * len(x) / MOST_POINTS).astype(np.int64)]


def some(rows: Ints, most: int = MOST_POINTS) -> Ints:
    """Give evenly spaced ones of more than ``most`` row numbers; a mean of theirs is that of all but for chance."""
    return rows if len(rows) <= most else rows[np.arange(most) * len(rows) // most]


def ks_distance(a: Floats, b: Floats) -> float:
    """Give the Kolmogorov-Smirnov distance of two samples without NaN, in [0, 1], to 1 in ``MOST_POINTS``."""
    return apart(in_order(a), in_order(b))


def apart(a: Floats, b: Floats) -> float:
    """Give the same of two that are ``in_order``."""
    if not len(a) or not len(b):
        return 0.0
    return max(_farthest(a, b), _farthest(b, a))


def _farthest(a: Floats, b: Floats) -> float:
    """Give how far the shares of two sorted samples up to a value lie apart at most, at the values of the first."""
    upto = np.append(np.flatnonzero(a[1:] != a[:-1]) + 1, len(a))
    return float(np.abs(upto / len(a) - np.searchsorted(b, a[upto - 1], side="right") / len(b)).max())


def ks_z(distance: float, n: int, m: int) -> float:
    """Turn a KS distance into a z of the same p-value (asymptotic, Smirnov 1939)."""
    lam = distance * np.sqrt(n * m / max(n + m, 1))
    # p ~ 2 exp(-2 lam^2); the z of that p, by the Mills ratio good enough beyond 2
    log_p = min(np.log(2.0) - 2 * lam**2, 0.0)
    return float(np.sqrt(max(-2 * log_p - np.log(2 * np.pi) - np.log(max(-2 * log_p, 1.0)), 0.0)))


def inside(change: Change, n: int) -> Mask:
    """Mark the rows of a change among n."""
    rows = np.zeros(n, dtype=bool)
    rows[change.start : change.end] = True
    return rows


def first_half(known: Mask) -> Mask:
    """Mark the rows up to the middle of those that are known: late labels make no second half of rows a second half."""
    count = np.cumsum(known)
    out: Mask = count <= count[-1] / 2 if len(count) else np.zeros(0, dtype=bool)
    return out


def percent(share: float) -> str:
    """Write a share as a percentage a person reads at a glance."""
    value = 100.0 * share
    return f"{value:.0f} %" if abs(value) >= 10 or value == 0 else f"{value:.1f} %"


def points(share: float) -> str:
    """Write a difference of two shares, which is no percentage of either."""
    value = 100.0 * share
    return f"{value:.2g} points" if 0.001 < abs(value) < 0.1 else f"{value:.1f} points"


def more(loss: float, *, regression: bool) -> str:
    """Write by how much a mean loss is greater: in the label's unit, or how much more often answers are wrong."""
    return f"{loss:.4g} more" if regression else f"{points(loss)} more often"


def since(change: Change) -> str:
    """Say from when on something is so: from the first row there is no change to point at, and what ended is past."""
    return {"from_start": "from the first row on", "pulse": "for a while"}.get(change.shape, "since the change")


def beforehand(change: Change) -> str:
    """Say what it is held to: before the first row lies the baseline alone."""
    return "in the baseline" if change.shape == "from_start" else "before"


def probability(odds: Floats) -> Floats:
    """Give the probabilities of log odds: 1 / (1 + exp(-x)), clipped."""
    out: Floats = 1.0 / (1.0 + np.exp(-np.clip(odds, -35, 35)))
    return out


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), clipped."""
    return float(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))))
