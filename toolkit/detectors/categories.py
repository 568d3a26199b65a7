"""Categories that are new, and categories under other names (floor 4; data and integration)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.defaults import PLACEHOLDERS
from toolkit.detectors.drift import Moved, exact_cells, shares
from toolkit.detectors.evidence import Evidence, inside, make, percent, proportion_z
from toolkit.detectors.study import Study, seen
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.timeline.change import find_change

#: More distinct values than this are no category but an id or free text.
MOST_VALUES: Final = 60


def detect(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Look at every feature with few values for new and for recoded categories."""
    found: list[Evidence] = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if isinstance(column, Codes) and isinstance(base, Codes):
            found += _new(study, name, base, column)
        if name in moves:
            found += _permuted(study, name, moves[name])
    return found


def _normal(text: str) -> str:
    """The spelling without case, blanks and a trailing .0."""
    short = text.strip().lower().replace(" ", "").replace("_", "").replace("-", "")
    return short[:-2] if short.endswith(".0") else short


def _new(study: Study, name: str, base: Codes, column: Codes) -> Iterator[Evidence]:
    old_names = seen(base)
    fresh = np.array([n not in old_names for n in column.names] + [False])
    flags = fresh[column.codes].astype(float)
    if not flags.any() or len(old_names) > 10 * MOST_VALUES:
        return
    n_ref = int((base.codes >= 0).sum())
    change = find_change(flags, reference=(0.5 / max(n_ref, 1), 1.0 / max(n_ref, 1), float(n_ref)))
    if not change.found or change.z < 0:
        return
    rows = inside(change, len(flags))
    share = float(flags[rows].mean())
    z = proportion_z(0, n_ref, flags[rows].sum(), rows.sum())
    if share < 0.01 or z < 4.5:
        return
    values = [v for v, is_new in zip(column.names, fresh, strict=False) if is_new and v in seen(column)]
    old = {_normal(v) for v in old_names}
    respelt = float(np.mean([_normal(v) in old for v in values]))
    matched = _same_shares(base, column, rows)
    shown = ", ".join(values[:5])
    if len(values) > MOST_VALUES:
        return
    if respelt > 0.5 or matched:
        text = (
            f"{name} has other names since the change: {shown} fill {percent(share)} of the rows and take the "
            "shares of "
            "names that vanished."
        )
        yield make(
            study,
            "category_recoded",
            "category_recoded",
            text,
            strength=1.0,
            z=z,
            change=change,
            rows=rows & (flags > 0),
            effect=share,
            unit="share of rows",
            n=int(rows.sum()),
            features=[name],
            refutes=("new_category", "covariate_shift"),
        )
        return
    placeholder = all(v.strip().lower() in PLACEHOLDERS for v in values)
    text = f"{name} has values that the baseline never had ({shown}) in {percent(share)} of the rows since the change."
    # values that were served from the first row are none that came up later: the baseline was not like the world
    new = "unrepresentative_data" if change.shape == "from_start" else "new_category"
    yield make(
        study,
        "new_category",
        "default_filled" if placeholder else new,
        text,
        strength=0.9,
        z=z,
        change=change,
        rows=rows & (flags > 0),
        effect=share,
        unit="share of rows",
        n=int(rows.sum()),
        features=[name],
        refutes=() if placeholder else ("bad_rollout", "concept_drift", "covariate_shift", "default_filled"),
    )


def _same_shares(base: Codes, column: Codes, rows: Mask) -> bool:
    """Whether vanished names of the baseline hand their shares to new names."""
    a, b, k = exact_cells(base, column)
    p, q = shares(a, k, 0.0), shares(b[rows], k, 0.0)
    gone, came = p[(p > 0.01) & (q < 0.1 * p)], q[(q > 0.01) & (p == 0)]
    if not len(gone) or not len(came):
        return False
    if len(gone) != len(came):
        return bool(gone.sum() > 0.7 and came.sum() > 0.7)
    tolerance = 3 * np.sqrt(0.25 / max(int(rows.sum()), 1)) + 0.03
    return bool(np.abs(np.sort(gone) - np.sort(came)).max() < tolerance)


def _permuted(study: Study, name: str, move: Moved) -> Iterator[Evidence]:
    """The same values with their shares and their company exchanged."""
    a, b, k = exact_cells(study.ref.features[name], study.log.features[name])
    if not 3 <= k <= 30 or (k > 12 and move.numeric):
        return
    p, q = shares(a, k, 0.0), shares(b[move.rows], k, 0.0)
    if move.numeric and ((p == 0) & (q > 0.02)).any():
        return
    order_p, order_q = np.argsort(-p, kind="stable"), np.argsort(-q, kind="stable")
    straight = float(np.abs(p - q).sum() / 2)
    matched = float(np.abs(p[order_p] - q[order_q]).sum() / 2)
    noise = np.sqrt(k / max(int(move.rows.sum()), 1)) * 0.4 + np.sqrt(k / max(len(a), 1)) * 0.4
    if straight < 0.08 or matched > max(0.25 * straight, noise) or (order_p == order_q).all():
        return
    company = _company(study, a, b, k, move.rows, order_p, order_q)
    if company < 0.5:
        return
    exchanged = [i for i, j in zip(order_p, order_q, strict=True) if i != j]
    rows = move.rows & np.isin(b, exchanged)
    text = (
        f"The values of {name} exchanged their shares: sorted, they are those of the baseline (distance {matched:.3f}, "
        f"unsorted {straight:.2f}), and each new name keeps the company of an old one."
    )
    yield make(
        study,
        "category_recoded",
        "category_recoded",
        text,
        strength=0.6 + 0.4 * company,
        z=move.z,
        change=move.change,
        rows=rows,
        effect=straight,
        unit="total variation",
        n=int(move.rows.sum()),
        features=[name],
        refutes=("covariate_shift",),
    )


def _company(study: Study, a: Ints, b: Ints, k: int, rows: Mask, order_p: Ints, order_q: Ints) -> float:
    """How much better the exchanged names fit the means of the other numeric features, 0 to 1; .6 if none can tell."""
    better, tried = 0.0, 0.0
    for other, column in study.log.features.items():
        base = study.ref.features[other]
        if isinstance(column, Codes) or isinstance(base, Codes):
            continue
        was, now = _means(a, base, k), _means(b[rows], column[rows], k)
        spread = float(np.nanstd(base)) or 1.0
        both = ~np.isnan(was[order_p]) & ~np.isnan(now[order_q]) & ~np.isnan(now[order_p])
        if both.sum() < 2 or float(np.nanstd(was)) < 0.05 * spread:
            continue
        kept = float(np.abs(was[order_p] - now[order_p])[both].sum())
        exchanged = float(np.abs(was[order_p] - now[order_q])[both].sum())
        weight = kept + exchanged
        better += weight * (exchanged < 0.7 * kept)
        tried += weight * (max(exchanged, kept) > 0.1 * spread)
    return better / tried if tried > 0 else 0.6


def _means(codes: Ints, x: Floats, k: int) -> Floats:
    good = (codes >= 0) & ~np.isnan(x)
    n = np.bincount(codes[good], minlength=k).astype(float)
    total = np.bincount(codes[good], weights=x[good], minlength=k)
    return np.where(n >= 5, total / np.maximum(n, 1), np.nan)
