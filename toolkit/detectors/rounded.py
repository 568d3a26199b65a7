"""Numbers that come rounded (floor 4; integration): cast to whole ones, or written with fewer digits than before.

The source still knows the digits and the model no longer does. The distribution is the baseline's, put on a grid that
few of the baseline's values lie on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, since, some
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import find_change

NAME: Final = "rounded"
#: The share of the baseline on the grid at most, how alike the baseline rounded must be (KS), the least rows, and how
#: many values are looked at first.
_RARE, _ALIKE, _LEAST, _LOOK = 0.35, 0.12, 15, 2000
#: Digits below this part of the deviation are how a file was written, and tell a model nothing; so many powers of ten
#: from there on are tried.
_FINE, _POWERS = 0.05, 4
#: From this share of the rows on it is all of them that lie on the grid.
_ALL: Final = 0.9
_WAYS: Final[tuple[Callable[[Floats], Floats], ...]] = (np.rint, np.floor, np.ceil, np.trunc)


def detect(study: Study) -> list[Evidence]:
    """Look at every number for rows that lie on a coarser grid than the baseline."""
    found = (_of(study, name, base[~np.isnan(base)], column) for name, (base, column) in study.numbers.items())
    return [e for e in found if e is not None]


def _of(study: Study, name: str, base: Floats, column: Floats) -> Evidence | None:
    known = np.flatnonzero(~np.isnan(column))
    if min(len(base) // 2, len(known)) < _LEAST or not several(base, 12):
        return None
    best = None
    few, part = base[some(np.arange(len(base)), _LOOK)], column[some(known, _LOOK)]
    for step in _grids(few):
        # cheap first: a grid that the log is on hardly more often than the baseline is none
        share = float(on_grid(few, step).mean())
        if share > _RARE or float(on_grid(part, step).mean()) < share + 0.02:
            continue
        got = _on(study, name, base, column, step)
        # every tenth whole number is a multiple of ten as well: the grid that tells the rows apart best
        if got is not None and (best is None or got.z > best.z):
            best = got
    return best


def _grids(x: Floats) -> Iterator[float]:
    """Give the grids that digits may be lost to, the coarsest first: powers of ten of about the size of the spread."""
    # of a long tail the deviation tells nothing, of a column that is mostly one value the quantiles do
    with np.errstate(over="ignore"):
        spread = float(np.subtract(*np.quantile(x, [0.9, 0.1]))) / 2.56 or float(x.std())
    if 0.0 < _FINE * spread < np.inf:
        least = int(np.ceil(np.log10(_FINE * spread)))
        yield from (10.0**k for k in range(least + _POWERS - 1, least - 1, -1))


def _some_cast(base: Floats, now: Floats, step: float) -> bool:
    """Whether a part of the rows was cast to a grid: they are a kind of their own there, and the baseline had no such.

    Goods by the piece among goods by weight are such a kind: where more rows are whole, more pieces may have been sold.
    And of what is cast to tens of grams some are whole kilograms, by chance.
    """

    def of_their_own(x: Floats) -> bool:
        x = x[some(np.flatnonzero(~np.isnan(x)), _LOOK)]
        usual = np.median([on_grid(x + step * tenth / 10, step).mean() for tenth in range(1, 10)])
        return float(on_grid(x, step).mean()) > 2 * float(usual) + 0.02

    return of_their_own(now) and not of_their_own(base)


def _on(study: Study, name: str, base: Floats, column: Floats, step: float) -> Evidence | None:
    share = float(on_grid(base, step).mean())
    flags = np.where(np.isnan(column), np.nan, on_grid(column, step))
    likely = (share * len(base) + 0.5) / (len(base) + 1)  # that none was there before does not make it impossible
    reference = None if study.own_reference else (share, likely * (1 - likely), float(len(base)))
    change = find_change(flags, reference=reference)
    touched = inside(change, len(flags))
    rows = touched & (flags == 1)
    if not change.found or change.z < 6 or rows.sum() < _LEAST or not several(column[rows], 3):
        return None
    far = min(ks_distance(way(base / step) * step, column[rows]) for way in _WAYS)
    if far > max(_ALIKE, 1.9 / float(np.sqrt(min(len(base), int(rows.sum()))))):
        return None
    within = float(np.nanmean(flags[touched]))
    if within < _ALL and not _some_cast(base, column[touched], step):
        return None
    text = (
        f"{name} comes rounded to steps of {np.format_float_positional(step, trim='-')} in {percent(within)} of the "
        f"rows {since(change)} (of the baseline's values {percent(share)} lie on that grid); the baseline rounded so "
        f"is distributed alike (KS {far:.2f})."
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
