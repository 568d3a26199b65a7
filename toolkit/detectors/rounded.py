"""Numbers that come rounded (floor 4; integration): cast to whole ones, or written with fewer digits than before.

The source still knows the digits and the model no longer does. The distribution is the baseline's, put on a grid that
few of the baseline's values lie on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, some
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.timeline.change import find_change

NAME: Final = "rounded"
#: Grids that numbers are rounded to, the coarsest first.
_GRIDS: Final = tuple(10.0**k for k in range(4, -5, -1))
#: The share of the baseline on the grid at most, how alike the baseline rounded must be (KS), the least rows, and how
#: many values are looked at first.
_RARE, _ALIKE, _LEAST, _LOOK = 0.35, 0.12, 15, 2000
#: Digits below this part of the deviation are how a file was written, and tell a model nothing.
_FINE: Final = 0.05
_WAYS: Final[tuple[Callable[[Floats], Floats], ...]] = (np.rint, np.floor, np.ceil, np.trunc)


def detect(study: Study) -> list[Evidence]:
    """Look at every number for rows that lie on a coarser grid than the baseline."""
    found = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if not isinstance(column, Codes) and not isinstance(base, Codes):
            got = _of(study, name, base[~np.isnan(base)], column)
            if got is not None:
                found.append(got)
    return found


def _of(study: Study, name: str, base: Floats, column: Floats) -> Evidence | None:
    known = np.flatnonzero(~np.isnan(column))
    if min(len(base) // 2, len(known)) < _LEAST or not several(base, 12):
        return None
    best, spread = None, float(base.std())
    few, part = base[some(np.arange(len(base)), _LOOK)], column[some(known, _LOOK)]
    for step in _GRIDS:
        # cheap first: a grid that the log is on hardly more often than the baseline is none
        if step < _FINE * spread:
            break
        share = float(on_grid(few, step).mean())
        if share > _RARE or float(on_grid(part, step).mean()) < share + 0.02:
            continue
        got = _on(study, name, base, column, step)
        # every tenth whole number is a multiple of ten as well: the grid that tells the rows apart best
        if got is not None and (best is None or got.z > best.z):
            best = got
    return best


def _on(study: Study, name: str, base: Floats, column: Floats, step: float) -> Evidence | None:
    share = float(on_grid(base, step).mean())
    flags = np.where(np.isnan(column), np.nan, on_grid(column, step))
    reference = None if study.own_reference else (share, share * (1 - share), float(len(base)))
    change = find_change(flags, reference=reference)
    touched = inside(change, len(flags))
    rows = touched & (flags == 1)
    if not change.found or change.z < 6 or rows.sum() < _LEAST or not several(column[rows], 3):
        return None
    far = min(ks_distance(way(base / step) * step, column[rows]) for way in _WAYS)
    if far > max(_ALIKE, 1.9 / float(np.sqrt(min(len(base), int(rows.sum()))))):
        return None
    within = float(np.nanmean(flags[touched]))
    text = (
        f"{name} comes rounded to steps of {step:g} in {percent(within)} of the rows since the change (of the "
        f"baseline's values {percent(share)} lie on that grid); the baseline rounded so is distributed alike (KS "
        f"{far:.2f})."
    )
    return make(
        study, NAME, "schema_change", text,
        strength=1.0, z=change.z, change=change, rows=rows, effect=within - share, unit="share of rows",
        n=int(rows.sum()), features=[name], supports=("schema_change", "training_serving_skew"),
        refutes=("covariate_shift", "concept_drift", "unit_change"), details={"step": step},
    )  # fmt: skip


def on_grid(x: Floats, step: float) -> Mask:
    """Tell which values are multiples of a step, as far as a float can tell; NaN is none."""
    at = x / step
    return np.abs(at - np.rint(at)) < 1e-7 * np.maximum(np.abs(at), 1.0)
