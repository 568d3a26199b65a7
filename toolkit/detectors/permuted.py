"""The same values with other meanings (floor 4; integration): a list of codes that was sorted anew.

Each value has a share of the rows, a rate of labels and the company of other columns. Where every value since the
change has those of another value before, the codes were exchanged. The exchange is the assignment that costs least
(Kuhn 1955), each cost a squared distance in standard errors, so that a sum over the degrees of freedom is near 1 where
it fits.
"""

from __future__ import annotations

import numpy as np

from toolkit.detectors.drift import Moved, exact_cells
from toolkit.detectors.evidence import Evidence, make, since
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints

#: Values that can be told apart at most, those of a number, and rows of one that say something of it.
_MOST, _MOST_NUMBERS, _LEAST = 30, 12, 5
#: What the costs a degree of freedom must be: of the exchange at most, and of no exchange at least.
_FITS, _UNLIKE = 2.5, 5.0


def permuted(study: Study, name: str, move: Moved) -> Evidence | None:
    """Look whether the values of a feature that moved exchanged what they mean."""
    a, b, k = exact_cells(study.ref.features[name], study.log.features[name])
    rows = move.rows
    if not 3 <= k <= (_MOST_NUMBERS if move.numeric else _MOST):
        return None
    was, now = np.bincount(a[a >= 0], minlength=k), np.bincount(b[rows & (b >= 0)], minlength=k)
    if now.sum() < 50 or (now[was == 0]).sum() > 0.02 * now.sum():
        return None
    from scipy.optimize import linear_sum_assignment

    shares, company = _shares(was.astype(float), now.astype(float)), _company(study, name, a, np.where(rows, b, -1), k)
    cost = shares + sum(company, np.zeros((k, k)))
    one, two = linear_sum_assignment(cost)
    straight, best, freedom = float(np.trace(cost)), float(cost[one, two].sum()), k * (1 + len(company))
    moved = float(was[one != two].sum() / max(was.sum(), 1))
    if best > _FITS * freedom or straight < _UNLIKE * max(best, freedom) or moved < 0.1:
        return None
    # shares alone may be another crowd's: what goes with each value says whether it is
    told = sum(float(np.trace(c)) for c in company) > 3.0 * max(sum(float(c[one, two].sum()) for c in company), k)
    text = (
        f"The values of {name} mean others {since(move.change)}: each has the share, the labels and the company that "
        f"another had before (misfit {best / freedom:.1f} after exchanging them back, {straight / freedom:.1f} before "
        "it; 1 is chance)."
    )
    return make(
        study, "category_recoded", "category_recoded", text,
        strength=1.0 if told else 0.75, z=move.z, change=move.change, rows=rows & np.isin(b, two[one != two]),
        effect=moved, unit="share of rows", n=int(rows.sum()), features=[name],
        refutes=("covariate_shift", "concept_drift") if told else ("covariate_shift",),
    )  # fmt: skip


def _shares(was: Floats, now: Floats) -> Floats:
    """Give the cost of taking each old value's share for each new one's."""
    n, m = was.sum(), now.sum()
    p, q = (was + 0.5) / (n + 1), (now + 0.5) / (m + 1)
    error = (p * (1 - p) / n)[:, None] + (q * (1 - q) / m)[None, :]
    out: Floats = (p[:, None] - q[None, :]) ** 2 / error
    return out


def _company(study: Study, name: str, a: Ints, b: Ints, k: int) -> list[Floats]:
    """Give the same for the means of the label and of each number beside the feature, where values differ by it."""
    pairs = [pair for other, pair in study.numbers.items() if other != name]
    if study.binary or study.regression:
        pairs.append((study.ref.label, np.where(study.mature, study.log.label, np.nan)))
    made = (_means(a, b, x, y, k) for x, y in pairs)
    return [cost for cost in made if cost is not None]


def _means(a: Ints, b: Ints, base: Floats, column: Floats, k: int) -> Floats | None:
    (p, n), (q, m) = _mean(a, base, k), _mean(b, column, k)
    good = ~np.isnan(base)
    spread = float(np.var(base[good])) if good.any() else 0.0
    if spread <= 0 or np.isnan(p).any():
        return None
    # values that differ by it no more than by chance have nothing to tell
    apart = float((n * (p - np.average(p, weights=n)) ** 2).sum() / spread)
    if apart < 4.0 * (k - 1):
        return None
    gap = (p[:, None] - q[None, :]) ** 2 / (spread * (1 / n[:, None] + 1 / np.maximum(m, 1)[None, :]))
    return np.where(np.isnan(gap), 1.0, gap)


def _mean(codes: Ints, x: Floats, k: int) -> tuple[Floats, Floats]:
    good = (codes >= 0) & ~np.isnan(x)
    n = np.bincount(codes[good], minlength=k).astype(float)
    return np.where(n >= _LEAST, np.bincount(codes[good], weights=x[good], minlength=k) / np.maximum(n, 1), np.nan), n
