"""A number of few values that came to be written with others (floor 4; integration): 1, 2, 3 instead of 0, 0.5, 1.

As many values as before, in the same order as common as the old ones, and not the old ones: the codes changed and the
rows did not. A crowd that moved keeps the values and changes how common they are; prices that were raised, and years
and months that went by, are no codes.
"""

from __future__ import annotations

import numpy as np

from toolkit.detectors.drift import Moved, variation
from toolkit.detectors.evidence import Evidence, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import distinct
from toolkit.profile.model import Codes, Floats

#: Values that a code has at most; the rows that say something, and the share of them that is written with new values.
_MOST, _ROWS, _NEW = 12, 40, 0.2
#: How far the shares may lie from the old ones (total variation): this, or as far as chance takes so few rows.
_FIT, _CHANCE = 0.08, 1.2


def recoded(study: Study, name: str, move: Moved) -> Evidence | None:
    """Look whether the values of a number that moved are the old ones by other names."""
    base, column = study.ref.features[name], study.log.features[name]
    if isinstance(base, Codes) or isinstance(column, Codes):
        return None
    (old, was, n), (new, now, m) = _shares(base[study.ref_slice(move.slice)]), _shares(column[move.rows])
    if not 2 <= len(old) == len(new) <= _MOST or min(n, m) < _ROWS or (old == new).all():
        return None
    if _went_on(old, new, column[move.rows]):
        return None
    fresh = float(now[~np.isin(new, old)].sum())
    away = variation(was, now)
    if fresh < _NEW or away > max(_FIT, _CHANCE * np.sqrt(len(old) * (1 / n + 1 / m)) / 2):
        return None
    told = ", ".join(f"{a:.6g} for {b:.6g}" for a, b in zip(new[:4], old[:4], strict=True))
    text = (
        f"{name} is written with other values {since(move.change)}, each as common as an old one ({told}"
        f"{', ...' if len(old) > 4 else ''}; {percent(away)} apart)."
    )
    return make(
        study, "category_recoded", "category_recoded", text, strength=0.95 if len(old) > 2 else 0.75, z=move.z,
        change=move.change, rows=move.rows, effect=fresh, unit="share of rows", n=m, features=[name],
        supports=("category_recoded", "unit_change", "schema_change"), refutes=("covariate_shift", "concept_drift"),
    )  # fmt: skip


def _went_on(old: Floats, new: Floats, column: Floats) -> bool:
    """Whether they are amounts, dates or hours: none moved half-way to the next, years, only rising, all alike."""
    years = bool((old == old.round()).all() and old.min() >= 1900 and old.max() <= 2100)
    steps = np.diff(column[~np.isnan(column)])
    along = len(old) > 4 and np.ptp(new - old) == 0  # by a clock or a zero point, of which others know more
    return years or along or bool((np.abs(new - old) < np.diff(old).min() / 2).all() or (steps >= 0).mean() > 0.99)


def _shares(column: Floats) -> tuple[Floats, Floats, int]:
    """Give the values of a column, in order, the share of each, and of how many rows."""
    known = column[~np.isnan(column)]
    values, counts = distinct(known)
    return values, counts / max(len(known), 1), len(known)
