"""Numbers that are cut off at a bound in a part of the rows (floor 4; integration): one server of three keeps a byte.

Where some rows are cut off and others are not, nothing stops at the bound: it only grew heavy. What came to it is what
went from beyond it, of every size alike, and nothing from within: with F the baseline and s the part of the rows that
are cut off at b, the served are F below b and 1 - (1 - s)(1 - F) above (Tobin 1958, of a part). A value that is filled
in takes its rows from everywhere, and a crowd that went elsewhere comes to no one value.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.defaults import risen
from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Floats
from toolkit.timeline.change import find_change

NAME: Final = "cut_in_part"
#: Rows of a side that are compared at least, the least share that came to the bound, how sure (z), and the share of
#: what came there that the bound may have held before.
_LEAST, _RISE, _SURE, _USUAL = 30, 0.05, 8.0, 0.1
#: Deviations (Kolmogorov's) up to which a part is as it was.
_ALIKE: Final = 1.5


def detect(study: Study) -> list[Evidence]:
    """Look at every number for a bound that grew heavy by what lay beyond it."""
    found = []
    for name, (base, column) in study.numbers.items():
        have = base[~np.isnan(base)]
        if len(have) >= 100 and several(have, 12) and name not in study.clocked:
            got = _cut(study, name, have, column)
            found += [got] if got is not None else []
    return found


def _cut(study: Study, name: str, base: Floats, column: Floats) -> Evidence | None:
    top = None if isinstance(study.ref.features[name], Codes) else risen(base, column, study.in_order)
    if top is None:
        return None
    at, usual, label = top
    reference = None if study.own_reference else (usual, usual * (1 - usual) + 1e-4, float(len(base)))
    change = find_change(np.where(np.isnan(column), np.nan, at), reference=reference)
    if not change.found or change.z < _SURE:
        return None
    rows, bound = inside(change, len(column)), float(column[at > 0][0])
    if study.own_reference:  # its first rows are few: all that came before is as good
        base = column[~rows & ~np.isnan(column)]
    now = column[rows & ~np.isnan(column)]
    rise = float((now == bound).mean()) - usual
    if rise < _RISE or usual > _USUAL * rise:
        return None
    sign = next((sign for sign in (1, -1) if _fits(sign * base, sign * now, sign * bound)), 0)
    if not sign:
        return None
    side = "above" if sign > 0 else "below"
    beyond, left = (float((sign * x > sign * bound).mean()) for x in (base, now))
    text = (
        f"{name} is {label} {since(change)} in {percent(rise + usual)} of the rows ({percent(usual)} in the baseline), "
        f"and {percent(left)} lie {side} it where {percent(beyond)} did; what lies there is distributed as before, and "
        f"so is all the rest: cut off in {percent(1 - left / beyond)} of the rows."
    )
    return make(
        study, NAME, "schema_change", text, strength=0.95, z=change.z, change=change, rows=rows & (at > 0),
        effect=rise, unit="share of rows", n=int(rows.sum()), features=[name],
        supports=("schema_change", "training_serving_skew"),
        refutes=("covariate_shift", "concept_drift", "default_filled", "leakage"),
        details={"bound": bound, "upper": sign > 0},
    )  # fmt: skip


def _fits(base: Floats, now: Floats, bound: float) -> bool:
    """Whether what came to the bound was above it, of every size alike, and could not have come from everywhere."""
    far = [x[x > bound] for x in (base, now)]
    if min(map(len, far)) < _LEAST:
        return False
    chance = float(np.sqrt(1 / len(base) + 1 / len(now)))
    rise = float((now == bound).mean() - (base == bound).mean())
    # a value that is filled in takes that share of the rows below it
    if rise * float((base < bound).mean()) < 2 * _ALIKE * chance:
        return False
    if ks_distance(np.minimum(base, bound), np.minimum(now, bound)) > _ALIKE * chance:
        return False
    return ks_distance(*far) <= _ALIKE * float(np.sqrt(1 / len(far[0]) + 1 / len(far[1])))
