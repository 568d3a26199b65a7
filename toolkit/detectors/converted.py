"""A number in another unit, told by the numbers that it goes with (floor 4; integration).

Where the season moves a column as well, undoing the unit does not bring its distribution back. What the other numbers
make of it does: by least squares on the baseline a supply's heat says how cold it is outside, in any month.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, since, some
from toolkit.detectors.study import Study
from toolkit.detectors.unit_maps import MAPS, written
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.timeline.change import Change

NAME: Final = "converted"
#: Rows that teach at most, and that must have changed at least; the part of the variance the others must tell.
_TAUGHT, _LEAST, _TOLD = 5000, 40, 0.5
#: Usual distances (median absolute residuals) that a column must be off, and may be off once undone.
_OFF, _BACK, _LEFT = 4.0, 2.5, 0.25
#: How many times as steep as the map the changed values may be, against what the others say of them.
_LIKE: Final = 1.5


def converted(study: Study, name: str, change: Change) -> Evidence | None:
    """Find the known map that, undone, brings a column back to what the others say of it; ``None`` where none does."""
    base, column = study.ref.features[name], study.log.features[name]
    if isinstance(base, Codes) or isinstance(column, Codes):
        return None
    rows = inside(change, len(column)) & ~np.isnan(column)
    told = _told(study, name, base)
    if told is None or rows.sum() < _LEAST:
        return None
    expected, usual, by = told
    off = float(np.median(np.abs(column - expected)[rows]))
    fits = [(float(np.median(np.abs((column - b) / a - expected)[rows])), a, b) for a, b in MAPS]
    left, slope, offset = min(fits)
    if off < _OFF * usual or left > min(_BACK * usual, _LEFT * off):
        return None
    seen = float(np.polyfit(expected[rows], column[rows], 1)[0])
    if not 1 / _LIKE < seen / slope < _LIKE:
        return None  # near nought a number divided by many is near all of them: it must go up and down as much
    text = (
        f"{name} became {written(slope, offset)} {since(change)}: undone, it is what {by} says of it (off by "
        f"{left:.3g} in the median, {usual:.3g} in the baseline, {off:.3g} before undoing)."
    )
    return make(
        study, NAME, "unit_change", text, strength=0.97, z=change.z, change=change, rows=rows, effect=slope,
        unit="factor", n=int(rows.sum()), features=[name],
        refutes=("covariate_shift", "concept_drift", "label_shift", "stale_feature"),
    )  # fmt: skip


def _told(study: Study, name: str, base: Floats) -> tuple[Floats, float, str] | None:
    """Give what the other numbers say of a column in each log row, by how much they are off, and who says most."""
    others = {n: pair for n, pair in study.numbers.items() if n != name and not np.isnan(pair[0]).all()}
    known = some(np.flatnonzero(~np.isnan(base)), _TAUGHT)
    if not others or len(known) < 10 * (len(others) + 1):
        return None
    held, served = (np.column_stack([_filled(pair, side) for pair in others.values()]) for side in (0, 1))
    middle, spread = held[known].mean(axis=0), np.maximum(held[known].std(axis=0), 1e-9)
    held, served = (np.column_stack([(x - middle) / spread, np.ones(len(x))]) for x in (held[known], served))
    beta = np.linalg.lstsq(held, base[known], rcond=None)[0]
    rest = base[known] - held @ beta
    if rest.var() > (1 - _TOLD) * base[known].var():
        return None
    first = [*others][int(np.argmax(np.abs(beta[:-1])))]
    return served @ beta, max(float(np.median(np.abs(rest))), 1e-9), first


def _filled(pair: tuple[Floats, Floats], side: int) -> Floats:
    """Give one side of a column, with the baseline's median where a value is missing."""
    held: Mask = np.isnan(pair[side])
    return np.where(held, np.nanmedian(pair[0]), pair[side])
