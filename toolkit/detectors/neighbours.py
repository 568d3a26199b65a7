"""One part's numbers beside those that the other parts had at the same time (floor 4; integration).

Weather and seasons move all sites at once, and by more than a unit may: by itself a site's past tells little then. What
a site has beyond the others at the same time is as before, whatever the season (differences in differences), until its
own instrument writes another unit. Undone, the site is beside the others again where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, ks_distance, ks_z, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.unit_maps import MAPS, written
from toolkit.detectors.units import NEAR
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change

NAME: Final = "neighbours"
#: Rows of a part before and since at least, the most parts that are compared, and rows of the others around a row.
_LEAST, _MOST, _AROUND = 40, 20, 31
#: Stretches of the log, values in one at least, and usual distances by which a part's median must have wandered.
_BLOCKS, _FEW, _WANDERS = 12, 5, 1.5
#: About so many rows are glanced at.
_GLANCED: Final = 12_000
#: How far (KS) a part must have moved beside the others and how surely (z), and which part of that undoing may leave.
_FAR, _SURE, _LEFT = 0.5, 6.0, 0.3
#: Maps that no crowd makes by itself.
_MAPS: Final = tuple((slope, offset) for slope, offset in MAPS if offset or not 1 / NEAR < slope < NEAR)


def detect(study: Study) -> list[Evidence]:
    """Look at each number in each part of the traffic that has others beside it."""
    return [e for column in study.log.segments for e in _of_parts(study, column)]


def _of_parts(study: Study, column: str) -> Iterator[Evidence]:
    codes = study.log.segments[column]
    if not 1 < len(codes.names) <= _MOST:
        return
    for name, x in study.log.features.items():
        if isinstance(x, Codes):
            continue
        for code in _wandering(x, codes):
            value = codes.names[code]
            found = _of(study, name, x, SliceTerm(column, value), codes.rows_of(value))
            if found is not None:
                yield found


def _wandering(x: Floats, codes: Codes) -> Iterator[int]:
    """Give the parts whose median wandered beside that of all; a glance, for most never do, and the rest takes long."""
    every = np.arange(0, len(x), max(len(x) // _GLANCED, 1))
    blocks = [b for b in np.array_split(every, _BLOCKS) if (~np.isnan(x[b])).sum() >= _FEW]
    whole = [np.nanmedian(x[b]) for b in blocks]
    for code in range(len(codes.names)):
        mine = [x[b][(codes.codes[b] == code) & ~np.isnan(x[b])] for b in blocks]
        beside = [(np.median(v) - level, v) for v, level in zip(mine, whole, strict=True) if len(v) >= _FEW]
        if len(beside) < 2:
            continue
        usual = np.median([np.median(np.abs(v - np.median(v))) for _, v in beside])
        gaps = [gap for gap, _ in beside]
        if max(gaps) - min(gaps) > _WANDERS * usual:
            yield code


def _of(study: Study, name: str, x: Floats, term: SliceTerm, mine: Mask) -> Evidence | None:
    """Look for the map that undone puts the part's number beside the others where it was."""
    known = ~np.isnan(x)
    if min((mine & known).sum() - _LEAST, (~mine & known).sum()) < _LEAST:
        return None
    level = _level(x, ~mine & known)
    change = find_change(np.where(mine, _tamed(x - level, mine & known), np.nan))
    now = inside(change, len(x))
    before, since_then = mine & known & ~now, mine & known & now
    if not change.found or min(before.sum(), since_then.sum()) < _LEAST:
        return None
    was, raw = (x - level)[before], (x - level)[since_then]
    moved = ks_distance(was, raw)
    z = ks_z(moved, len(was), len(raw))
    if moved < _FAR or z < _SURE:
        return None
    fits = [(ks_distance(was, (x[since_then] - b) / a - level[since_then]), a, b) for a, b in _MAPS]
    fit, slope, offset = min(fits)
    if fit > max(_LEFT * moved, 1.4 / np.sqrt(since_then.sum())):
        return None
    return _say(study, name, term, change, since_then, (slope, offset), (moved, fit, z))


def _say(
    study: Study, name: str, term: SliceTerm, change: Change, rows: Mask,
    by: tuple[float, float], told: tuple[float, float, float],
) -> Evidence:  # fmt: skip
    (slope, offset), (moved, fit, z) = by, told
    others = 1 - float(study.log.segments[term.column].rows_of(term.value).mean())
    text = (
        f"{name} became {written(slope, offset)} where {term.column} = {term.value}, {since(change)}: undone, it lies "
        f"beside what the others had at the same time as it did before (KS {fit:.2f} after, {moved:.2f} before "
        f"undoing); the others, {percent(others)} of the rows, say what the season did."
    )
    return make(
        study, NAME, "unit_change", text, strength=0.97, z=z, change=change, rows=rows, effect=slope, unit="factor",
        n=int(rows.sum()), features=[name], slice_=(term,), refutes=("covariate_shift", "concept_drift", "label_shift"),
    )  # fmt: skip


def _level(x: Floats, others: Mask) -> Floats:
    """Give the median of the others' nearest rows in time, for every row."""
    import pandas as pd

    place = np.flatnonzero(others)
    middle = pd.Series(x[place]).rolling(_AROUND, center=True, min_periods=5).median().to_numpy()
    level: Floats = np.interp(np.arange(len(x)), place, middle)
    return level


def _tamed(gap: Floats, known: Mask) -> Floats:
    """Hold what lies far out at ten usual distances, so that a few rows make no change."""
    middle = float(np.median(gap[known]))
    usual = float(np.median(np.abs(gap[known] - middle))) or 1.0
    held: Floats = np.clip(gap, middle - 10 * usual, middle + 10 * usual)
    return held
