"""A few rows in another unit, of a column that as a whole hardly moved (floor 4; integration).

One till of many sends cents. What betrays it lies beyond all that the baseline had, and is distributed as a known
factor times those values of the baseline that the factor takes there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, ks_distance, ks_z, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.unit_maps import FACTORS
from toolkit.detectors.units import NAME
from toolkit.detectors.witness import ask
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import find_change

#: Rows that lie out there at the least, and those of the baseline that a factor takes there.
_LEAST, _TAKEN = 15, 30
#: How far the rows may lie from the baseline's (KS): this, or as far as chance takes so few of them, nine times in ten.
_FIT, _CHANCE = 0.08, 1.22
#: How far the rows' other features may lie from the baseline's (KS).
_OTHER: Final = 0.3
#: Factors that a slip makes: another one that nothing else speaks for may as well be a crowd of its own.
_TENS: Final = frozenset((10.0, 100.0, 1000.0, 1e6))


def detect(study: Study, named: Collection[str]) -> list[Evidence]:
    """Look at every number for rows of another unit, but for the features ``named`` already."""
    found = (_of(study, name, base, column) for name, (base, column) in study.numbers.items() if name not in named)
    return [e for e in found if e is not None]


def _of(study: Study, name: str, base: Floats, column: Floats) -> Evidence | None:
    have = base[~np.isnan(base)]
    if len(have) < 100 or have.min() == have.max():
        return None
    far = _out(column, have)
    if far.sum() < _LEAST:
        return None
    reference = None if study.own_reference else (0.0, 1e-4, float(len(have)))
    change = find_change(np.where(np.isnan(column), np.nan, far.astype(float)), reference=reference)
    rows = far & inside(change, len(column))
    if not change.found or change.z < 5 or rows.sum() < _LEAST:
        return None
    factor, fit = _factor(have, column[rows])
    if not factor:
        return None
    word = ask(study, name, base, column, np.where(rows, column / factor, column), rows)
    if word == "crowd" or (word == "silent" and _strangers(study, name, rows)):
        return None
    share = float(rows[inside(change, len(rows))].mean())
    text = (
        f"{name} lies beyond all that the baseline had in {percent(share)} of the rows {since(change)}, which are "
        f"distributed as {factor:.4g} times its values that reach there (KS {fit:.3f})."
    )
    strength = 0.97 if word == "unit" else 0.85 if factor in _TENS else 0.5
    return make(
        study, NAME, "unit_change", text, strength=strength, z=change.z, change=change, rows=rows, effect=factor,
        unit="factor", n=int(rows.sum()), features=[name], refutes=("covariate_shift",) if strength > 0.5 else (),
        details={"witness": word},
    )  # fmt: skip


def _strangers(study: Study, name: str, rows: Mask) -> bool:
    """Whether the rows are another crowd in another feature too: a slip of a unit picks no rows by what they are."""
    for other, (base, column) in study.numbers.items():
        have, there = (x[~np.isnan(x)] for x in (base, column[rows]))
        if other == name or min(len(have), len(there)) < _LEAST or _out(there, have).mean() > 0.5:
            continue  # several columns of one sender may slip together
        away = ks_distance(have, there)
        if away > _OTHER and ks_z(away, len(have), len(there)) > 6:
            return True
    return False


def _out(x: Floats, base: Floats) -> Mask:
    """Mark what lies beyond the range of the baseline by half of it or more."""
    low, high = float(base.min()), float(base.max())
    out: Mask = (x > high + (high - low) / 2) | (x < low - (high - low) / 2)
    return out


def _factor(base: Floats, now: Floats) -> tuple[float, float]:
    """Give the known factor that takes values of the baseline to those out there, with the KS distance; 0 for none."""
    fits = []
    for k in (k for k in FACTORS if k > 2):
        taken = base[_out(base * k, base)]
        if len(taken) >= _TAKEN:
            fits.append((ks_distance(taken, now / k), k))
    fit = min((away for away, _ in fits), default=1.0)
    alike = [k for away, k in fits if away <= fit + 0.02]
    # factors stand in the order of how common they are; where many do as well, none is told
    return (0.0, fit) if fit > max(_FIT, _CHANCE / np.sqrt(len(now))) or len(alike) > 2 else (alike[0], fit)
