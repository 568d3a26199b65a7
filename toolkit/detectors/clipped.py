"""Numbers that are cut off at a bound since some row (floor 4; integration): all above 255 is 255.

A smaller type, a display's range or a careless ``min`` keeps what lies within and puts the rest at the bound. The
distribution is the baseline's, cut off there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Column, Floats, Mask
from toolkit.timeline.change import find_change

NAME: Final = "clipped"
#: Rows at the bound, the share of the baseline that lies beyond it, and how alike the baseline cut off must be (KS).
_LEAST, _BEYOND, _ALIKE = 15, 0.03, 0.08
#: However few the rows are: a poll that is carried on stands at its last value in more rows than lay beyond it.
_AT_MOST: Final = 0.15
#: How much less another column must have moved in the rows that were not cut off than in those that were (KS).
_STILL: Final = 0.3


def detect(study: Study, moves: Mapping[str, Moved]) -> list[Evidence]:
    """Look at every number for rows that stop at a bound beyond which the baseline went on."""
    found = []
    for name, (base, column) in study.numbers.items():
        have = base[~np.isnan(base)]
        if len(have) >= 100 and several(have, 12) and name not in study.clocked:
            found += [_first(study, name, have, column, upper=upper) for upper in (True, False)]
    return [_with_company(study, moves, e) for e in found if e is not None]


def _with_company(study: Study, moves: Mapping[str, Moved], e: Evidence) -> Evidence:
    """Name what else moved in the rows that were cut off, and in none of the rest: what was cut off made it too.

    The words that a text is asked for are not found beyond its end.
    """
    (name,) = e.finding.features
    base, column = study.numbers[name]
    bound, upper, cut = e.finding.details["bound"], e.finding.details["upper"], e.rows
    if cut is None or e.change is None:
        return e
    inner = base < bound if upper else base > bound
    rest = inside(e.change, len(column)) & ~cut
    along = []
    for other, move in moves.items():
        was, now = study.ref.features[other], study.log.features[other]
        if other == name or isinstance(was, Codes) or isinstance(now, Codes):
            continue
        as_ever, all_, kept = (x[~np.isnan(x)] for x in (was[inner], now[cut], now[rest]))
        if min(len(as_ever), len(all_), len(kept)) < _LEAST:
            continue
        if ks_distance(as_ever, kept) < _STILL * ks_distance(was[~inner & ~np.isnan(was)], all_):
            along.append(move)
    if not along:
        return e
    names = [m.name for m in sorted(along, key=lambda m: -m.distance)]
    text = f"{e.finding.statement} In these rows alone moved {', '.join(names[:5])} too."
    return replace(e, finding=replace(e.finding, features=(name, *names), statement=text))


def _first(study: Study, name: str, base: Floats, column: Floats, *, upper: bool) -> Evidence | None:
    """Look at the end of the log, and at the parts before it: a bound may be gone again."""
    n, width = len(column), max(len(column) // 16, 2 * _LEAST)
    spans = [(n - max(n // 4, 2 * _LEAST), n), *((i, i + width) for i in range(n - width, -1, -width // 2))]
    for start, end in spans:
        part = column[max(start, 0) : end]
        got = _cut(study, name, base, column, part[~np.isnan(part)], upper=upper)
        if got is not None:
            return got
    return None


def _cut(study: Study, name: str, base: Floats, column: Floats, late: Floats, *, upper: bool) -> Evidence | None:
    if len(late) < 2 * _LEAST:
        return None
    bound = float(late.max() if upper else late.min())
    at = late == bound
    if at.sum() < _LEAST or at.all():  # one value alone is no end of anything
        return None
    beyond, usual = float((base > bound if upper else base < bound).mean()), float((base == bound).mean())
    if beyond < _BEYOND or at.mean() - usual < 0.5 * beyond:
        return None
    flags = np.where(np.isnan(column), np.nan, (column == bound).astype(float))
    reference = None if study.own_reference else (usual, usual * (1 - usual) + 1e-4, float(len(base)))
    change = find_change(flags, reference=reference)
    rows = inside(change, len(column))
    if not change.found or change.z < 6:
        return None
    far_out = rows & (column > bound if upper else column < bound)
    if far_out[change.high :].any():
        return None
    if far_out.any() and change.shape != "from_start":  # it is later, as its interval allows
        start = int(np.flatnonzero(far_out)[-1]) + 1
        change = replace(change, start=start, low=start, series=None)
        rows = inside(change, len(column))
    now = column[rows & ~np.isnan(column)]
    if (now == bound).all():  # nor is a lot's one value, however near the end of the baseline
        return None
    low, high = float(late.min()), float(late.max())  # it may be cut off at the other end as well
    far = ks_distance(np.clip(base, low, high), np.clip(now, low, high))
    if far > max(_ALIKE, min(1.6 / float(np.sqrt(min(len(base), len(now)))), _AT_MOST)):
        return None
    share, side = float(np.nanmean(flags[rows])), "above" if upper else "below"
    text = (
        f"{name} stops at {bound:.6g} {since(change)}, which {percent(share)} of the rows are ({percent(usual)} "
        f"in the baseline); of the baseline {percent(beyond)} lie {side} it, and the rest is distributed as before (KS "
        f"{far:.2f}): cut off."
    )
    mechanism = "training_serving_skew" if change.shape == "from_start" else "schema_change"
    return make(
        study, NAME, mechanism, text, strength=0.97, z=change.z, change=change, rows=rows & (flags > 0),
        effect=share - usual, unit="share of rows", n=int(rows.sum()), features=[name],
        supports=("schema_change", "training_serving_skew"),
        refutes=("covariate_shift", "concept_drift", "default_filled", "leakage"),
        details={"bound": bound, "upper": upper}, like=_reaches(study.ref.features[name], bound, upper=upper),
    )  # fmt: skip


def _reaches(base: Column, bound: float, *, upper: bool) -> Mask | None:
    """Mark the baseline rows that would be cut off too: however large numbers are answered, so they always were."""
    return None if isinstance(base, Codes) else base >= bound if upper else base <= bound
