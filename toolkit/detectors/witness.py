"""What tells a column in another unit from a crowd that is larger by as much (floor 4).

By themselves the two look alike: both lie on a line through the origin. Two witnesses know better. The other columns
and the labels went with the column in the baseline: of a changed unit they go with the values undone, of another crowd
with the values as they are. And values that were rounded lie on a grid, which a conversion leaves and a crowd does
not. A witness is heard that still goes with the column in the other rows of the log, where nothing is in question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np

from toolkit.detectors.evidence import ks_distance, ks_z, some
from toolkit.detectors.study import Study, new_to, seen
from toolkit.detectors.where import part_of
from toolkit.profile.model import Codes, Floats, Ints, Mask

Word = Literal["unit", "crowd", "silent"]
#: From this z on a witness is heard, after the number of columns asked.
HEARD: Final = 3.0
_MOST_COLUMNS: Final = 40
#: How far another column of the marked rows lies from that of the rest (KS), and how surely (z), of another crowd;
#: and how far it lies whatever other witnesses say.
STRANGE: Final = 0.25
UTTERLY: Final = 0.6
_SURE: Final = 6.0
#: Rows that must be known to say how two columns go together.
_KNOWN: Final = 60
#: Which part of the rows must be of one kind, and by how many standard errors that kind must have become commoner.
_HELD: Final = 0.6
_GROWN: Final = 4.0
_STEPS: Final = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001, 1e-4)


def ask(study: Study, name: str, base: Floats, column: Floats, undone: Floats, rows: Mask) -> Word:
    """Say what the marked rows of a column are, by its company and its grid.

    Args:
        study: baseline and log.
        name: the column's name; it is not asked about itself.
        base: its values in all baseline rows.
        column: its values in all log rows, as they came.
        undone: the same with the suspected unit undone in the marked rows.
        rows: the log rows in question.
    """
    z = company(study, name, base, column, undone, rows)
    if z <= -HEARD:
        return "crowd"
    return "unit" if z >= HEARD or left_grid(base, column[rows], undone[rows]) else "silent"


def strangers(study: Study, name: str, rows: Mask, among: Mask, bar: float = STRANGE) -> bool:
    """Say whether the marked rows differ from those ``among`` them in other numbers too, and no segment says why.

    They do where another number lies farther apart (KS) than ``bar``.

    A unit that changed for some rows leaves all else of them as it was; of another crowd several columns are its own.
    """
    rest = among & ~rows
    if min(rows.sum(), rest.sum()) < 30 or part_of(study, rows, among):
        return False
    for other, (_, now) in study.numbers.items():
        if other != name:
            mine, others = (now[side & ~np.isnan(now)] for side in (rows, rest))
            apart = ks_distance(mine, others)
            if apart > bar and ks_z(apart, len(mine), len(others)) > _SURE:
                return True
    return False


def of_a_new_part(study: Study, rows: Mask) -> bool:
    """Say whether the marked rows are those of a segment value that the baseline never had, where all may be other."""
    return any(
        (before := study.ref.segments.get(term.column)) is not None and not before.rows_of(term.value).any()
        for term in part_of(study, rows, np.ones(len(rows), dtype=bool))
    )


def on_top(study: Study, rows: Mask, among: Mask) -> bool:
    """Say whether the marked rows came on top of the others: most are of one kind, of which there are more by as many.

    A unit that changes makes no kind of row commoner.
    """
    share, held_by = rows.sum() / max(among.sum(), 1), {**study.ref.features, **study.ref.segments, **study.ref.groups}
    for name, codes in {**study.log.features, **study.log.segments, **study.log.groups}.items():
        if not isinstance(codes, Codes) or not (mine := codes.codes[rows & (codes.codes >= 0)]).size:
            continue
        top = int(np.bincount(mine).argmax())
        before = held_by.get(name)
        held = float((mine == top).sum() / rows.sum())
        if held < _HELD or not isinstance(before, Codes):
            continue
        was, now = (float(x.mean()) for x in (before.rows_of(codes.names[top]), codes.codes[among] == top))
        chance = np.sqrt(now * (1 - now) / among.sum() + was * (1 - was) / len(study.ref))
        if now - was > max(held * share / 2, _GROWN * chance):
            return True
    return False


def new_parts(study: Study) -> Mask:
    """Mark the rows of segment values that the baseline never had: what they are like is news, and no step's doing."""
    if "new parts" not in study.memo:
        fresh = np.zeros(len(study.log), dtype=bool)
        for column, codes in study.log.segments.items():
            before = study.ref.segments.get(column)
            if before is not None and (before.codes >= 0).any():
                fresh |= new_to(codes, seen(before))
        study.memo["new parts"] = fresh
    found: Mask = study.memo["new parts"]
    return found


def company(study: Study, name: str, base: Floats, column: Floats, undone: Floats, rows: Mask) -> float:
    """Give z of how much better the other columns and the label go with the undone values (negative: worse)."""
    have = some(np.flatnonzero(~np.isnan(base)))
    place = some(np.flatnonzero(rows & ~np.isnan(column)))
    if len(have) < _KNOWN or len(place) < 15:
        return 0.0
    edges = np.unique(np.quantile(base[have], np.linspace(0, 1, min(12, len(have) // 20) + 1)))[1:-1]
    if not len(edges):
        return 0.0
    rest = some(np.flatnonzero(~rows & ~np.isnan(column)))
    of_base, of_rest = (np.searchsorted(edges, x, side="right") for x in (base[have], column[rest]))
    raw, back = (np.searchsorted(edges, x[place], side="right") for x in (column, undone))
    words = [
        z
        for before, now in _others(study, name)
        if (means := _told(of_base, before[have], len(edges) + 1)) is not None
        and _still(means, of_rest, now[rest])
        and (z := _one(means, before[have], raw, back, now[place])) is not None
    ]
    if not words:
        return 0.0
    loudest = max(words, key=abs)
    return float(np.sign(loudest) * max(abs(loudest) - np.sqrt(2 * np.log(len(words))), 0.0))


def _others(study: Study, name: str) -> Iterator[tuple[Floats, Floats]]:
    """Give (baseline, log) of the label and of every other feature as numbers; the commonest two of a text's values."""
    label = study.mature_label
    if study.profile.task == "multiclass":
        yield from _flags(study.ref.label, label, 3)
    else:
        yield study.ref.label, label
    for other, now in list(study.log.features.items())[:_MOST_COLUMNS]:
        before = study.ref.features[other]
        if other == name:
            continue
        if isinstance(before, Codes) and isinstance(now, Codes):
            top = np.argsort(-np.bincount(before.codes[before.codes >= 0], minlength=1))[:2]
            for value in (before.names[i] for i in top if i < len(before.names)):
                yield _is(before, value), _is(now, value)
        elif not isinstance(before, Codes) and not isinstance(now, Codes):
            yield before, now


def _flags(before: Floats, now: Floats, most: int) -> Iterator[tuple[Floats, Floats]]:
    values, counts = np.unique(before[~np.isnan(before)], return_counts=True)
    for v in values[np.argsort(-counts)[:most]]:
        yield tuple(np.where(np.isnan(x), np.nan, (x == v).astype(float)) for x in (before, now))  # type: ignore[misc]


def _is(column: Codes, value: str) -> Floats:
    code = column.names.index(value) if value in column.names else -2
    return np.where(column.codes < 0, np.nan, (column.codes == code).astype(float))


def _told(of_base: Ints, before: Floats, cells: int) -> Floats | None:
    """Give what the column tells of one other in each cell; ``None`` where the baseline shows no relation of theirs."""
    good = ~np.isnan(before)
    if good.sum() < _KNOWN:
        return None
    low, high = _ends(before)
    y, cell = np.clip(before[good], low, high), of_base[good]
    even = np.arange(len(y)) % 2 == 0
    # a relation is one that holds on rows which did not teach it
    gain = (y[~even] - y[even].mean()) ** 2 - (y[~even] - _means(cell[even], y[even], cells)[cell[~even]]) ** 2
    return None if _z(gain) < HEARD else _means(cell, y, cells)


def _still(means: Floats, of_rest: Ints, rest: Floats) -> bool:
    """Whether the other column goes with this one in the rows that nobody suspects: one that left is no witness."""
    known = ~np.isnan(rest)
    if known.sum() < _KNOWN:
        return True
    told, y = means[of_rest[known]], np.clip(rest[known], *_ends(rest))
    return _z((told - told.mean()) * (y - y.mean())) >= HEARD


def _one(means: Floats, before: Floats, raw: Ints, back: Ints, now: Floats) -> float | None:
    """Give z for one other column; ``None`` where too few rows are known."""
    known = ~np.isnan(now)
    if known.sum() < 15:
        return None
    now = np.clip(now[known], *_ends(before))
    return _z((now - means[raw[known]]) ** 2 - (now - means[back[known]]) ** 2)


def _ends(x: Floats) -> tuple[float, float]:
    """Give the values that all but the outermost lie between."""
    x = x[~np.isnan(x)]
    low, high = np.quantile(x, [0.01, 0.99])
    return (float(low), float(high)) if high > low else (float(x.min()), float(x.max()))


def _means(cell: Ints, y: Floats, cells: int) -> Floats:
    """Give the mean of each cell, two rows of the overall mean added."""
    count, total = np.bincount(cell, minlength=cells), np.bincount(cell, weights=y, minlength=cells)
    out: Floats = (total + 2 * y.mean()) / (count + 2)
    return out


def _z(x: Floats) -> float:
    error = float(x.std()) / np.sqrt(max(len(x), 1))
    return float(x.mean() / error) if error > 0 else 0.0


def left_grid(base: Floats, now: Floats, undone: Floats) -> bool:
    """Say whether the baseline and the undone values lie on one grid by which the values as they came do not lie."""
    base, now, undone = (x[np.isfinite(x)] for x in (base, now, undone))
    # a grid that the values fill too densely, or too coarsely to miss, tells nothing
    spread = float(np.subtract(*np.quantile(base, [0.9, 0.1]))) if len(base) else 0.0
    if len(now) < 15 or spread <= 0:
        return False
    step = next((s for s in _STEPS if _on(base, s) > 0.99), 0.0)
    if not step or spread / step < 8:
        return False
    if _on(undone, step) < 0.98:
        return False
    # a whole multiple stays on the grid; then the coarser one that it came to lie on is what a crowd would not keep
    scale = float(np.median(now[undone != 0] / undone[undone != 0])) if (undone != 0).any() else 1.0
    return _on(now, step) < 0.7 or scale > 1.5


def _on(x: Floats, step: float) -> float:
    """Give the share of values that lie on the grid of a step, to 2 in 100 of it."""
    part = np.abs(x[some(np.arange(len(x)))]) / step
    return float((np.abs(part - np.round(part)) < 0.02).mean()) if len(part) else 0.0
