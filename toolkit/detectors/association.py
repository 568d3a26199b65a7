"""A feature that no longer goes with the others, though it may look the same by itself (floor 4; integration).

In standardised ranks the residual of feature j given all others is one row of the precision matrix; its square is a
row-level series whose mean jumps where j was exchanged, lagged or joined wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from toolkit.detectors.converted import converted
from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, inside, logistic, make, some, thinned
from toolkit.detectors.lags import earlier_labels
from toolkit.detectors.leakage import unread
from toolkit.detectors.study import Study, new_to, seen
from toolkit.detectors.values import runs
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.timeline.change import Change, find_change

NAME = "association"
#: The share of a feature's variance that the others must explain before its loss can be noticed.
LEAST_R2: Final = 0.08
MOST_FEATURES: Final = 60
#: So many of the columns that lost their company most surely are asked whether their unit changed.
_TRIED: Final = 3


@dataclass(frozen=True)
class Broken:
    """A feature whose relation to the others broke.

    ``rise`` is that of its residual's mean square, ``offset`` the part of it that a mean of the residual makes: a
    gauge that drifts, or a crowd that does, takes its residual along and scatters it no more than before.
    """

    name: str
    r2: float
    rise: float
    offset: float
    change: Change

    @property
    def drifted(self) -> bool:
        """Whether its value is off by something that lasts: no row has another's value."""
        return self.offset > 0.5


def detect(study: Study, moves: dict[str, Moved], explained: set[str]) -> list[Evidence]:
    """Name the feature that lost its company, where its own distribution hardly moved.

    ``explained`` are features whose change another detector named already.
    """
    hits = broken(study)
    told = earlier_labels(study) if hits else set()
    hits = [h for h in hits if h.name not in told]
    for hit in hits[:_TRIED]:
        if hit.name not in explained and (unit := converted(study, hit.name, hit.change)) is not None:
            return [unit]
    if not hits or hits[0].name in explained or hits[0].drifted:
        return []
    top = hits[0]
    if top.change.shape == "from_start" and not study.own_reference and unread(study, top.name):
        return []
    move = moves.get(top.name)
    own = 0.0 if move is None else move.distance
    # when many features moved by themselves the population changed, and their relations with it
    others = [m for n, m in moves.items() if n != top.name and m.distance > 0.1 and n not in explained]
    strength = float(np.clip(0.9 - 2.0 * own - 0.25 * len(others), 0.0, 0.9))
    rival = [h for h in hits[1:] if h.change.z > 0.9 * top.change.z]
    strength *= 0.8 if rival else 1.0
    if strength <= 0.1:
        return []
    start = top.change.shape == "from_start"
    if start and (top.rise < 1.35 or top.change.z < 9):
        return []
    lost = (top.rise - 1) * (1 - top.r2) / max(top.r2, 1e-6)
    text = (
        f"{top.name} no longer goes with the other features (residual variance x {top.rise:.1f}), though its own "
        f"distribution {'hardly moved' if own < 0.1 else f'moved by KS {own:.2f}'}: joined to the wrong rows, or late."
    )
    return [
        make(
            study,
            NAME,
            "training_serving_skew" if start else "stale_feature",
            text,
            strength=strength * logistic(1.2 * (top.change.z - 6.5)),  # of many columns and spans one parts by chance
            z=top.change.z,
            change=top.change,
            rows=inside(top.change, len(study.log)),
            effect=top.rise,
            unit="residual variance ratio",
            n=len(study.log),
            features=[top.name],
            supports=("stale_feature", "swapped_columns", "training_serving_skew"),
            refutes=("concept_drift", "label_noise") if lost > 0.4 else (),
            details={"r2": top.r2},
        )
    ]


def ranks(base: Floats) -> Callable[[Floats], Floats]:
    """Give what maps a column to normal scores of the distribution of ``base`` (``in_order``); missing: 0."""
    from scipy.special import ndtri

    n = max(len(base), 1)
    values, times = runs(base)
    first = np.cumsum(times) - times
    # of what lies beyond the last value, and of what is no value of the baseline, there is none
    values, first, times = np.append(values, np.nan), np.append(first, len(base)), np.append(times, 0)

    def score(x: Floats) -> Floats:
        at = np.searchsorted(values[:-1], x)
        low = first[at]
        high = low + np.where(values[at] == x, times[at], 0)
        place = np.clip((low + high + 1) / 2 / (n + 1), 0.5 / (n + 1), 1 - 0.5 / (n + 1))
        return np.where(np.isnan(x), 0.0, ndtri(place))

    return score


def matrix(study: Study) -> tuple[list[str], Floats, Callable[[], Floats]]:
    """Give the features as normal scores (numbers) and frequency-ordered indicators (text).

    Returns:
        The feature of each column, the baseline (of more than ``MOST_POINTS`` rows as many of them), and what gives
        the log, which is the dearer of the two.
    """
    rows = some(np.arange(len(study.ref)))
    names: list[str] = []
    ref_columns: list[Floats] = []
    log_columns: list[Callable[[], Floats]] = []
    for name, column in list(study.log.features.items())[:MOST_FEATURES]:
        base = study.ref.features[name]
        if not isinstance(column, Codes) and not isinstance(base, Codes):
            score = ranks(thinned(study.in_order(base)))
            names.append(name)
            ref_columns.append(score(base[rows]))
            log_columns.append(partial(score, column))
        elif isinstance(column, Codes) and isinstance(base, Codes):
            counts = np.bincount(base.codes[base.codes >= 0], minlength=len(base.names))
            for place in np.argsort(-counts)[:6]:
                value = base.names[place]
                there = column.names.index(value) if value in column.names else -2
                names.append(name)
                ref_columns.append((base.codes[rows] == place).astype(float))
                log_columns.append(partial(np.equal, column.codes, there))
    R = np.column_stack(ref_columns) if names else np.zeros((len(rows), 0))
    middle, spread = R.mean(0), np.maximum(R.std(0), 1e-6)

    def standard(X: Floats) -> Floats:
        X -= middle  # in place: these are the largest arrays there are
        X /= spread
        return X

    return names, standard(R), lambda: standard(np.column_stack([made().astype(np.float64) for made in log_columns]))


def broken(study: Study) -> list[Broken]:
    """Give the features whose relation to the others broke, the strongest first."""
    names, R, served = matrix(study)
    distinct = set(names)
    if len(distinct) < 2 or len(R) < 5 * len(names):
        return []
    found, L, unlike = [], None, _never_had(study)
    products = [R[half::2].T @ R[half::2] for half in (0, 1)]
    for name in distinct:
        own = np.array([n == name for n in names])
        if own.sum() > 1:
            continue
        j = int(np.argmax(own))
        beta, rest = _regress(R, j, products)
        r2 = 1 - float((rest**2).sum() / max((R[:, j] ** 2).sum(), 1e-9))
        if r2 < LEAST_R2:
            continue
        L = served() if L is None else L
        # capped, so that a few far rows do not decide
        cap = float(np.quantile(rest**2, 0.98)) * 4 + 1e-9
        left = np.where(unlike, np.nan, L[:, j] - L @ beta)
        base, now = np.minimum(rest**2, cap), np.minimum(left**2, cap)
        change, usual = find_change(now, reference=study.stats(base)), base.mean()
        if change.found and change.z > 5 and change.after > max(1.15 * usual, usual + 0.05):
            usual = max(float(usual), 1e-9)
            offset = float(np.nanmean(left[change.start : change.end]) ** 2) / max(change.after - usual, 1e-9)
            found.append(Broken(name, r2, change.after / usual, offset, change))
    return sorted(found, key=lambda b: -b.change.z)


def _never_had(study: Study) -> Mask:
    """Mark log rows with a text of a few-valued feature that the baseline never had: nothing says what goes with it."""
    rows = np.zeros(len(study.log), dtype=bool)
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if isinstance(column, Codes) and isinstance(base, Codes) and len(old := seen(base)) <= MOST_FEATURES:
            rows |= new_to(column, old)
    return rows


def _regress(R: Floats, j: int, products: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Ridge regression of one column on all others: coefficients of all rows (0 for its own), and residuals.

    The residuals are out of fold, so that overfitting is no break. ``products`` are those of the columns over the even
    and over the odd rows: every regression is solved from them, and no row is read again.
    """
    n, rest = np.array([len(R[0::2]), len(R[1::2])]), np.empty(len(R))
    others = np.arange(R.shape[1]) != j

    def solve(product: Floats, rows: int) -> Floats:
        beta = np.zeros(R.shape[1])
        ridge = 0.02 * rows * np.eye(R.shape[1] - 1)
        beta[others] = np.linalg.solve(product[np.ix_(others, others)] + ridge, product[others, j])
        return beta

    for half in (0, 1):
        rest[half::2] = R[half::2, j] - R[half::2] @ solve(products[1 - half], n[1 - half])
    return solve(products[0] + products[1], len(R)), rest
