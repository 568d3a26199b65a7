"""A unit that changed from one row to the next while the season moved (floor 4; integration).

Where inputs go with the season the whole baseline is a poor measure: what is now is held to the rows just before. There
the quantile line is looked for as ever, and a factor counts where these rows and the ones before them were alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, since
from toolkit.detectors.study import Study
from toolkit.detectors.unit_maps import MAPS, written
from toolkit.detectors.units import NEAR, Unit, find_unit
from toolkit.detectors.witness import strangers
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.timeline.change import Change, find_change

#: Rows before and after, at most and at least.
_MOST, _LEAST = 400, 100
#: How much less the rows before must have moved among themselves than they did at the step.
_STILL: Final = 0.5
#: The share of rows that is all of them, and rows on either side of a change where its step is looked for.
_ALL, _AROUND = 0.99, 5
#: A step that is none of the usual ones: so many of their deviations, and about twofold.
_OUT, _TWICE = 8.0, 0.64
#: How many times as far apart as before rows may lie once a map is undone.
_AS_FAR: Final = 1.5
#: How near in rows two columns change together, as a part of the log, and how many at least make a crowd.
_TOGETHER: Final = 0.02
_CROWD: Final = 4


@dataclass(frozen=True)
class _Step:
    name: str
    unit: Unit
    change: Change


def detect(study: Study, moves: Mapping[str, Moved], explained: set[str]) -> list[Evidence]:
    """Look at the numbers that moved and that no whole baseline explains; ``explained`` are named already."""
    found = [_step(study, name) for name, move in moves.items() if move.numeric and name not in explained]
    steps = [s for s in found if s is not None]
    return [e for e in (_evidence(study, one, steps, moves) for one in steps) if e is not None]


def _step(study: Study, name: str) -> _Step | None:
    column = study.log.features[name]
    assert not isinstance(column, Codes)
    good = ~np.isnan(column)
    if not good.any() or float(column[good].min()) < 0:
        return None
    logs = np.where(good & (column > 0), np.log(np.maximum(column, 1e-300)), np.nan)
    change = find_change(logs)
    if not change.found or change.shape == "from_start" or change.start < 2 * _LEAST:
        return None
    unit = _jumped(column, logs, change) or _held_to_the_rows_before(column, change)
    return None if unit is None else _Step(name, unit, change)


def _span(n: int, start: int, end: int) -> Mask:
    out = np.zeros(n, dtype=bool)
    out[start:end] = True
    return out


def _jumped(column: Floats, logs: Floats, change: Change) -> Unit | None:
    """Give the map of one single step, where values otherwise go from row to row by little, as the weather does."""
    steps = np.diff(logs)
    usual = 1.4826 * float(np.nanmedian(np.abs(steps)))
    first = max(change.low - _AROUND, 0)
    near = steps[first : change.high + _AROUND]
    if np.isnan(near).all() or usual == 0:  # what stands still most of the time says nothing of a usual step
        return None
    at = first + int(np.nanargmax(np.abs(near)))
    jump, last = float(steps[at]), float(column[at])
    size, stayed = abs(jump), (change.after - change.before) * np.sign(jump)
    if size < max(_OUT * usual, _TWICE) or stayed < 0.5 * size:
        return None
    # one step is a rough measure, and at 20 degrees 1.8 x + 32 is nearly 3.4 x: how far rows then lie apart tells which
    before, now = _apart(column[max(at + 1 - _MOST, 0) : at + 1]), _apart(column[at + 1 : change.end][:_MOST])
    maps = [(abs(np.log(a + b / last) - jump), a, b) for a, b in MAPS if a + b / last > 0]
    off, slope, offset = min(
        (m for m in maps if 1 / _AS_FAR < now / m[1] / before < _AS_FAR), default=(np.inf, 1.0, 0.0)
    )
    if off > max(0.05, 2 * usual):
        return None
    return Unit(slope, offset, True, 0.0, _span(len(logs), change.start, change.end))


def _apart(column: Floats) -> float:
    """Give how far rows usually lie from the one before."""
    steps = np.abs(np.diff(column[~np.isnan(column)]))
    return max(float(np.median(steps)), 1e-12) if len(steps) else 1e-12


def _held_to_the_rows_before(column: Floats, change: Change) -> Unit | None:
    """Give the unit in which the rows since are like those just before, which were like the ones before them."""
    at, n = change.start, len(column)
    half = min(_MOST, at // 2, change.end - at)
    before, now, earlier = (_known(column[a : a + half]) for a in (at - half, at, at - 2 * half))
    if min(len(before), len(now), len(earlier)) < _LEAST:
        return None
    if ks_distance(earlier, before) > _STILL * ks_distance(before, now):
        return None
    unit = find_unit(before, column, _span(n, at, at + half))
    if unit is None or not unit.known or unit.offset:
        return None
    every = _span(n, at, change.end)
    if unit.rows[at : at + half].mean() > _ALL:
        return replace(unit, rows=every)
    whole = find_unit(before, column, every)
    return unit if whole is None or whole.slope != unit.slope else whole


def _known(x: Floats) -> Floats:
    return x[~np.isnan(x)]


def _evidence(study: Study, one: _Step, steps: list[_Step], moves: Mapping[str, Moved]) -> Evidence | None:
    """Weigh a step: a larger crowd may hit a small factor; not in a single step, nor two columns the same at once.

    Where most columns moved at once it is a crowd that did, and two factors of it are alike by chance.
    """
    unit, change = one.unit, one.change
    together = _TOGETHER * len(study.log)
    alone = sum(s.unit.slope == unit.slope and abs(s.change.start - change.start) <= together for s in steps) == 1
    at_once = sum(abs(m.change.start - change.start) <= together for m in moves.values())
    crowd = at_once >= max(_CROWD, len(study.log.features) / 2)
    doubtful = (alone or crowd) and 1 / NEAR < unit.slope < NEAR
    if unit.fit and (doubtful or strangers(study, one.name, unit.rows, inside(change, len(study.log)))):
        return None
    part = percent(float(unit.rows[change.start : change.end].mean()))
    how = f"undone, they are like those just before (KS {unit.fit:.3f})" if unit.fit else "in a single step"
    text = f"{one.name} became {written(unit.slope, unit.offset)} in {part} of the rows {since(change)}: {how}."
    return make(
        study, "abrupt", "unit_change", text, strength=0.9 if doubtful else 0.95, z=abs(change.z), change=change,
        rows=unit.rows, effect=unit.slope, unit="factor", n=int(unit.rows.sum()), features=[one.name],
        refutes=("covariate_shift", "concept_drift", "label_shift"),
    )  # fmt: skip
