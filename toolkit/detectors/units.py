"""A feature in another unit (floor 4; integration).

The quantiles of the changed rows against those of the baseline lie on a line through the origin (or, for degrees, on
9/5 x + 32) when only the unit changed. Where some of the rows changed, each known factor is tried as a mixture
w f(x) + (1 - w) f(x / k) / k, w fitted by expectation-maximisation, and judged by its likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.density import Density
from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import (
    Evidence,
    apart,
    in_order,
    inside,
    ks_distance,
    ks_z,
    make,
    percent,
    some,
    thinned,
)
from toolkit.detectors.mix import of_the_mix
from toolkit.detectors.ordered import InOrder
from toolkit.detectors.study import Study
from toolkit.detectors.unit_maps import FACTORS, MAPS, written
from toolkit.detectors.values import runs, several
from toolkit.detectors.witness import STRANGE, UTTERLY, Word, ask, of_a_new_part, on_top, strangers
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.timeline.change import Change, find_change
from toolkit.timeline.waves import waves

NAME = "unit_change"
#: Up to this factor a crowd may well be larger by itself.
NEAR: Final = 7.0
#: Up to this factor one part of the traffic may become another crowd from one day to the next.
_CROWD: Final = 1.9
#: How much farther from the baseline a known factor may lie where its values come rounded.
_COARSE: Final = 0.06
#: The most that values of one part which hang together in time may be let lie farther apart.
_MOST_SLACK: Final = 2.0
#: Rows that must be there to say what the values were.
_LEAST: Final = 30
#: How far (KS) a column must lie from the baseline to have been standardised.
_FAR: Final = 0.5
_QUANTILES: Final = np.linspace(0.05, 0.95, 19)


@dataclass(frozen=True)
class Unit:
    """x became ``slope`` x + ``offset`` in the rows marked; ``blurred``: which rows these are is not sure of many."""

    slope: float
    offset: float
    known: bool
    fit: float
    rows: Mask
    blurred: bool = False


def detect(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Look at each numeric feature that moved for an exact change of unit."""
    found = []
    for name, move in moves.items():
        base, column = study.ref.features[name], study.log.features[name]
        if isinstance(base, Codes) or isinstance(column, Codes):
            continue
        if move.change.shape == "from_start" and of_the_mix(study, name):
            continue
        base = _usual(study, move, base, column)
        got = of_column(
            study, name, base, column, move.rows, move.change, move.z, move.distance,
            alone=move.slice is not None, past=_past(study, move, column),
        )  # fmt: skip
        if got is not None:
            found.append(got)
    return found


def _usual(study: Study, move: Moved, base: Floats, column: Floats) -> Floats:
    """Give what the values were: the baseline's, of the part that moved, or the log's own from before they moved.

    In a small log harm shows some rows after its reason, and a beginning that ends with the harm holds both units.
    """
    if move.slice is not None:
        return np.where(study.ref_slice(move.slice), base, np.nan)
    start = move.change.start
    early = study.own_reference and move.change.shape != "from_start" and _LEAST <= start < len(base)
    return column[:start] if early else base


def _past(study: Study, move: Moved, column: Floats) -> Floats:
    """Give what one part of the traffic was like in the log before it alone changed.

    What goes with the weather wanders: a week's baseline holds less of it than the weeks up to the change do. That it
    wandered on its own the other parts tell, which did not change.
    """
    if move.slice is None or move.change.shape == "from_start":
        return np.empty(0)
    mine = study.log.segments[move.slice[0]].rows_of(move.slice[1])
    start = max(move.change.start, 0)
    return column[:start][mine[:start]]


def of_column(
    study: Study,
    name: str,
    base: Floats,
    column: Floats,
    rows: Mask,
    own: Change,
    z: float,
    distance: float,
    *,
    alone: bool = False,
    past: Floats | None = None,
) -> Evidence | None:
    """Look at one column whose distribution moved by ``distance`` in the marked rows, ``alone`` among its segments.

    ``past`` are earlier values of the same part, to which it is held beside a baseline that tells nothing.
    """
    unit = find_unit(base, column, rows, blurred=True, in_order=study.in_order)
    if unit is None and past is not None and len(past):
        slack = min(float(np.sqrt(waves(past))), _MOST_SLACK)
        unit = find_unit(np.concatenate([base, past]), column, rows, slack=slack)
    if unit is None:
        return transform_of(study, name, base, column, rows, own, z)
    word = ask(study, name, base, column, np.where(unit.rows, (column - unit.offset) / unit.slope, column), unit.rows)
    if (
        word != "crowd"
        and not alone
        and strangers(study, name, unit.rows, rows, STRANGE if word == "silent" else UTTERLY)
    ):
        word = "crowd"
    doubtful = unit.blurred or not unit.known
    if (doubtful or word == "silent") and of_a_new_part(study, unit.rows):
        word = "crowd"
    if doubtful and word != "crowd" and on_top(study, unit.rows, rows):
        word = "crowd"
    flags = unit.rows.astype(float)
    change = find_change(flags, reference=(0.0, 0.01, float(len(study.ref))))
    sudden = alone and change.found and change.shape == "step" and change.high - change.low < 0.05 * len(flags)
    if word == "crowd" or (unit.blurred and word != "unit" and not (sudden and unit.known)):
        return None
    touched = unit.rows & inside(change, len(flags)) if change.found else unit.rows
    text = (
        f"{name} became {written(unit.slope, unit.offset)} in {percent(float(flags[rows].mean()))} of the changed "
        f"rows; undone, its distribution is that of the baseline (KS {unit.fit:.3f} after, {distance:.2f} before "
        "undoing)."
    )
    strength, told = _certainty(unit, word, int(unit.rows.sum()), sudden=sudden)
    return make(
        study,
        NAME,
        "unit_change",
        text + told,
        strength=strength,
        z=z,
        change=change if change.found else own,
        rows=touched,
        effect=unit.slope,
        unit="factor",
        n=int(rows.sum()),
        features=[name],
        refutes=("covariate_shift", "concept_drift", "label_shift") if strength > 0.5 else (),
        details={"witness": word},
    )


def _certainty(unit: Unit, word: Word, n: int, *, sudden: bool) -> tuple[float, str]:
    """Give how surely it is a unit and not a crowd larger by as much, and a sentence about it.

    Without a witness a factor is judged by how likely a crowd is to hit it: between 1 and 7 known factors lie close.
    """
    if word == "unit":
        about = " The factor is a rough one, for the rows overlap." if unit.blurred else ""
        return (1.0 if unit.known else 0.9), f" Undone, it goes with what else is known of the rows as it did.{about}"
    near = 1 / NEAR < abs(unit.slope) < NEAR and not unit.offset and unit.slope > 0
    if not near and unit.known:
        return 0.97, ""
    if sudden and not 1 / _CROWD < abs(unit.slope) < _CROWD:
        return 0.9, " It came from one row to the next, and all other parts of the traffic are as they were."
    told = " No other column goes with it and it lies on no grid, so a crowd larger by as much would look alike."
    if not unit.known:
        return 0.35, told
    hit = 2 * (0.01 + 1 / np.sqrt(n)) * sum(1 < f < NEAR for f in FACTORS) / np.log(NEAR)
    return float(np.clip(1.0 - 1.5 * hit, 0.35, 0.85)), told


_SCALES: Final[tuple[tuple[str, Callable[[Floats], Floats]], ...]] = (
    ("log(1 + x)", lambda y: np.expm1(np.clip(y, -300, 300))),
    ("log(x)", lambda y: np.exp(np.clip(y, -300, 300))),
    ("log10(x)", lambda y: np.power(10.0, np.clip(y, -300, 300))),
    ("the square root of x", np.square),
)


def transform_of(
    study: Study, name: str, base: Floats, column: Floats, rows: Mask, own: Change, z: float
) -> Evidence | None:
    """Look for a column that arrives on another scale: undone, its distribution is the baseline's again."""
    have, current = base[~np.isnan(base)], column[rows & ~np.isnan(column)]
    if len(have) < 30 or len(current) < 30 or not several(have, 12):
        return None
    was = thinned(study.in_order(base))
    before, bar = apart(was, in_order(current)), max(0.05, min(1.6 / np.sqrt(min(len(have), len(current))), 0.15))
    if before < 0.2:
        return None
    spread, (low, high) = float(have.std()) or 1.0, np.quantile(have, [0.002, 0.998])
    scales = _SCALES
    if before > _FAR:  # what is about standard already wanders to nought and one by itself
        scales = (*_SCALES, ("(x - mean) / deviation", lambda y: y * spread + float(have.mean())))
    # all rows, or those alone that lie where the baseline has none
    odd = (current < low) | (current > high)
    fits = []
    for text, back in scales:
        whole = back(current)
        fits += [(apart(was, in_order(x)), text) for x in (whole, np.where(odd, whole, current))]
    fit, text = min(fits)
    if fit > bar or fit > 0.25 * before:
        return None
    statement = (
        f"{name} arrives as {text}: undone, its distribution is that of the baseline (KS {fit:.3f} after, "
        f"{before:.2f} before undoing)."
    )
    mechanism = "training_serving_skew" if own.shape == "from_start" else "unit_change"
    return make(
        study, "scale", mechanism, statement,
        strength=0.97, z=z, change=own, rows=rows & ~np.isnan(column), effect=before, unit="KS distance",
        n=int(rows.sum()), features=[name], supports=("training_serving_skew", "unit_change"),
        refutes=("covariate_shift", "concept_drift", "unrepresentative_data", "leakage"),
    )  # fmt: skip


def find_unit(
    ref: Floats,
    log: Floats,
    rows: Mask,
    *,
    blurred: bool = False,
    in_order: InOrder | None = None,
    slack: float = 1.0,
) -> Unit | None:
    """Find the unit change of the marked rows of ``log``, or ``None``; one whose rows are unsure only if asked for.

    ``slack`` is how many times as far apart as independent values those may lie that hang together in time.
    """
    base = (in_order or InOrder())(ref)
    place = np.flatnonzero(rows & ~np.isnan(log))
    current = log[place]
    if len(base) < _LEAST or len(current) < 15 or not several(base, 2):
        return None
    if not several(base, 6):
        return _few(base, current, place, len(log))
    whole = _whole(base, current, slack)
    if whole is not None:
        mark = np.zeros(len(log), dtype=bool)
        mark[place] = _changed(base, current, *whole[:2])
        return Unit(*whole, mark)
    return _partial(base, current, place, len(log), blurred=blurred)


def _whole(base: Floats, current: Floats, slack: float) -> tuple[float, float, bool, float] | None:
    """All rows changed: the quantile line."""
    bar = max(0.06, min(1.8 * slack / np.sqrt(min(len(base), len(current))), 0.2))
    n, base, current = len(current), thinned(base), in_order(current)
    before = apart(base, current)
    if before < max(0.15, 1.3 * bar):
        return None
    tries = [(k, off, True) for k, off in (*MAPS, (-1.0, 0.0))]
    tries += [(1.0, 273.15, True), (1.0, -273.15, True)]
    slope = _free_slope(base, current)
    if slope is not None and abs(np.log(slope)) > np.log(1.25):
        tries.append((slope, 0.0, False))
    fits = [_undoing(base, current, *t[:2]) + (0.02 if not t[2] else 0.0) for t in tries]
    # factors stand in the order of how common they are: the first that is as good as the best
    near = [f <= min(fits) + 0.015 and _agrees(t, slope, n) for f, t in zip(fits, tries, strict=True)]
    best = tries[near.index(True)] if any(near) else tries[int(np.argmin(fits))]
    fit = _undoing(base, current, *best[:2])
    if best[2]:  # whole inches of whole centimetres: steps alone lie so far from what they stand for
        bar += min(0.5 * float(runs(current)[1].max()) / n, _COARSE)
    # an additive shift that fits as well is no unit: the population moved
    moved = _undoing(base, current, 1.0, float(np.median(current) - np.median(base)))
    if fit > bar or fit > 0.35 * before or (not best[2] and moved < 2.0 * fit + 0.02):
        return None
    return best[0], best[1], best[2], fit


def _changed(base: Floats, current: Floats, slope: float, offset: float) -> Mask:
    """Mark the rows that changed where each tells by itself: what is called changed began at the edge of a bin."""
    grid = Density(base)
    odds = grid((current - offset) / slope) / abs(slope) / grid(current)
    chance = odds / (1 + odds)
    if not _sure(current, slope, chance):
        return np.ones(len(current), dtype=bool)
    return chance > 0.5


def _back(x: Floats, slope: float, offset: float) -> Floats:
    """Undo a line, and what division adds in the last digits: 16 degrees were no 15.999999999999996."""
    out: Floats = (x - offset) / slope
    size = float(np.nanmax(np.abs(out), initial=0.0))
    return np.round(out, 12 - int(np.ceil(np.log10(size)))) if 0 < size < np.inf else out


def _undoing(base: Floats, current: Floats, slope: float, offset: float) -> float:
    """Give the KS distance of two that are in order once a line is undone, which keeps the order or turns it round."""
    undone = _back(current, slope, offset)
    return apart(base, undone if slope > 0 else undone[::-1])


def _agrees(tried: tuple[float, float, bool], slope: float | None, n: int) -> bool:
    """Whether a known factor is the one that the quantiles say, to their precision."""
    if slope is None or not tried[2] or tried[1]:
        return True
    return bool(abs(np.log(abs(tried[0]) / slope)) < 0.01 + 1.0 / np.sqrt(n))


def _few(base: Floats, current: Floats, place: Ints, n: int) -> Unit | None:
    """A feature of a few values: every value of the changed rows is a known multiple of an old one, or its degrees."""
    old = np.unique(base)
    if np.isin(current, old).all() or not (old != 0).any():
        return None
    for k, off in MAPS:
        changed = ~np.isin(current, old)
        back = (current[changed] - off) / k
        if off and len(np.unique(back)) < 2:  # of one new value some old one is always the right number of degrees
            continue
        near = np.abs(back[:, None] - (old if off else old[old != 0])[None, :]).min(1) <= 1e-4 * np.abs(old).max()
        if near.all() and changed.sum() >= 8:
            rows = np.zeros(n, dtype=bool)
            rows[place[changed | ((current == 0) & (off == 0))]] = True
            undone = np.where(changed, (current - off) / k, current)
            return Unit(k, off, True, ks_distance(base, np.asarray(np.round(undone, 9), dtype=np.float64)), rows)
    return None


def _free_slope(base: Floats, current: Floats) -> float | None:
    """Median ratio of the quantiles, where they have one sign and lie on a line through the origin."""
    p, q = np.quantile(base, _QUANTILES), np.quantile(current, _QUANTILES)
    use = np.abs(p) > 1e-9 * max(np.abs(p).max(), 1e-300)
    if use.sum() < 8:
        return None
    ratio = q[use] / p[use]
    middle = float(np.median(ratio))
    if middle <= 0:
        return None
    # quantiles of few rows that are spread wide lie off the line by chance
    spread = float(np.subtract(*np.log(np.maximum(np.abs(p[use][[-5, 4]]), 1e-300))))
    chance = 1.5 * abs(spread) / float(np.sqrt(min(len(base), len(current))))
    if float(np.quantile(np.abs(ratio / middle - 1), 0.8)) > float(np.clip(chance, 0.1, 0.25)):
        return None
    return middle


def _partial(base: Floats, current: Floats, place: Ints, n: int, *, blurred: bool) -> Unit | None:
    """Some rows changed: the known factor of the best mixture likelihood that also gives the baseline back."""
    grid = Density(base)
    part = current[some(np.arange(len(current)))]
    plain = grid(part)
    tried = []
    for k, off in ((k, off) for k, off in MAPS if off or not 0.55 < k < 1.7):
        scaled = grid((part - off) / k) / k
        w, ratio = 0.5, scaled / plain
        for _ in range(25):
            last = w
            odds = w * ratio
            w = min(max(float((odds / (odds + (1 - w))).mean()), 1e-4), 1 - 1e-4)
            if w == last:
                break
        tried.append((float(np.log((w * scaled + (1 - w) * plain) / plain).sum()), k, off, last, w))
    plain, best = grid(current), []
    # of many rows a part proposed, all of them decide
    for _, k, off, last, w in sorted(tried, key=lambda t: -t[0])[:4]:
        scaled = grid((current - off) / k) / k
        gain = float(np.log((w * scaled + (1 - w) * plain) / plain).sum())
        best.append((gain, k, off, last * scaled / (last * scaled + (1 - last) * plain)))
    for gain, k, off, chance in sorted(best, key=lambda t: -t[0]):
        if gain < 25 + 4 * np.log(len(current)):
            return None
        sure = _sure(current, k, chance)
        fit, known = _undone(base, current, k, off, chance) if sure or blurred else None, True
        if fit is None and blurred and not sure:
            fit, known = _mixed(base, current, k, off, float(chance.mean())), False
        if fit is not None:
            rows = np.zeros(n, dtype=bool)
            rows[place[chance > 0.5]] = True
            return Unit(k, off, known, fit, rows, not sure)
    return None


def _sure(current: Floats, k: float, chance: Floats) -> bool:
    """Whether nearly every row is surely the one or the other; of a wider crowd no row is. A zero never is."""
    sure = np.maximum(chance, 1 - chance)[current != 0]
    return bool(len(sure) and float(sure.mean()) >= (0.97 if 1 / 90 <= k <= 90 else 0.85))


def _undone(base: Floats, current: Floats, k: float, off: float, chance: Floats) -> float | None:
    """Give the KS distance after undoing factor ``k`` where it is likelier than not; ``None`` where that is no fit."""
    changed = chance > 0.5
    if changed.sum() < 8 or not (current != 0).any():
        return None
    was, back = thinned(base), _back(current, k, off)
    fit, before = (apart(was, in_order(x)) for x in (np.where(changed, back, current), current))
    if fit > max(0.08, 1.8 / np.sqrt(min(len(base), len(current)))) or fit > 0.6 * before:
        return None
    if fit <= 0.05:
        return fit
    if ks_z(apart(was, in_order(back[changed])), len(base), int(changed.sum())) > 6:
        return None
    return fit


def _mixed(base: Floats, current: Floats, k: float, off: float, share: float) -> float | None:
    """Give the KS distance from (1 - share) F(x) + share F((x - off) / k), where nobody can tell row by row."""
    was, now = thinned(base), in_order(current)
    as_was, back = (np.searchsorted(was, x, side="right") / len(was) for x in (now, _back(now, k, off)))
    here = np.searchsorted(now, now, side="right") / len(now)
    fit, before = (float(np.abs(here - x).max()) for x in ((1 - share) * as_was + share * back, as_was))
    return fit if fit <= max(0.05, 1.5 / np.sqrt(min(len(base), len(now)))) and fit <= 0.35 * before else None
