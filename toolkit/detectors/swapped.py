"""Columns that hold what other columns held (floor 4; integration): two that were exchanged, a list that slipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from toolkit.detectors.density import Density
from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, ks_distance, make, some
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Column, Floats, Mask

NAME: Final = "association"
#: Fewer rows than this say nothing of where a column's values came from; more columns than this did not slip together.
LEAST_ROWS, MOST_COLUMNS = 15, 60
#: Other columns that moved as far as those exchanged, which make a crowd, and how strong the sign is then.
_CROWD, _ALIKE = 4, 0.3
#: Rows of which it is asked whether any look exchanged, how much likelier they then are, and the share that must be.
_ASKED, _FAR_LIKELIER, _SOME = 1000, 20.0, 0.02


def detect(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Look for two columns that took each other's values, in all rows or some, and for lists that slipped."""
    names = [n for n, m in moves.items() if m.numeric]
    found: list[Evidence] = []
    used: set[str] = set()
    for one, two in _pairs(study, names):
        if used & {one, two}:
            continue
        both = [moves[n].rows for n in (one, two) if n in moves]  # where few rows are exchanged one may not show it
        rows, part = np.logical_and.reduce(both), ""
        fit = _cross_fit(study, one, two, rows, moves[one].slice) if len(both) == 2 else None
        if fit is None:
            mixed = _cross_some(study, one, two, np.logical_or.reduce(both), asked=len(both) == 1)
            if mixed is None:
                continue
            fit, rows = mixed
            part = f" in {int(rows.sum())} rows"
        used |= {one, two}
        text = (
            f"{one} holds what {two} held, and {two} what {one} held{part} (KS {fit:.3f} after exchanging them back)."
        )
        found.append(_exchanged(study, moves, (one, two), text, rows, fit))
    rest = [n for n in names if n not in used]
    return [*found, *_slipped(study, moves, rest), *_swapped_text(study, moves)]


def _pairs(study: Study, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the pairs of numbers that moved, then each that moved with each that did not."""
    yield from combinations(names, 2)
    others = [n for n in study.numbers if n not in names and n in study.ref.features]
    if len(names) * len(others) <= MOST_COLUMNS:
        yield from ((one, two) for one in names for two in others)


def _slipped(study: Study, moves: dict[str, Moved], names: Sequence[str]) -> list[Evidence]:
    """Three numbers or more that each took the next one's values: a list of columns that slipped.

    The order is the assignment of columns to what they held whose KS distances add up to least (Kuhn 1955).
    """
    if not 3 <= len(names) <= MOST_COLUMNS:
        return []
    from scipy.optimize import linear_sum_assignment

    rows = np.logical_and.reduce([moves[n].rows for n in names])
    was = [_numbers(study.ref.features[n], study.ref_slice(moves[n].slice)) for n in names]
    now = [_numbers(study.log.features[n], rows) for n in names]
    if min(len(x) for x in (*was, *now)) < LEAST_ROWS:
        return []
    apart = np.array([[ks_distance(a, x) for x in now] for a in was])
    _, to = linear_sum_assignment(apart)
    bar = max(0.08, 1.9 / np.sqrt(min(len(x) for x in (*was, *now))))
    found = []
    for cycle in _cycles(to.tolist()):
        fit = max(float(apart[i, to[i]]) for i in cycle)
        if len(cycle) < 3 or fit > bar or fit > 0.4 * min(float(apart[i, i]) for i in cycle):
            continue
        each = [names[i] for i in cycle]
        holds = "; ".join(f"{names[to[i]]} holds what {names[i]} held" for i in cycle)
        text = f"Columns slipped: {holds} (KS {fit:.3f} at most after putting them back)."
        found.append(_exchanged(study, moves, each, text, rows, fit, ("schema_change",)))
    return found


def _exchanged(
    study: Study, moves: dict[str, Moved], names: Sequence[str], text: str, rows: Mask, fit: float,
    also: Sequence[str] = (),
) -> Evidence:  # fmt: skip
    """Name numbers that hold each other's values, as surely as the least of them moved.

    Where many others moved as far the crowd is another one, and of many columns two are alike by chance.
    """
    moved = [moves[n] for n in names if n in moves]
    least = min(m.distance for m in moved)
    crowd = sum(m.distance > 0.5 * least for n, m in moves.items() if n not in names) >= _CROWD
    return make(
        study, NAME, "swapped_columns", text, strength=_ALIKE if crowd else 1.0, z=min(m.z for m in moved),
        change=moved[0].change, rows=rows, effect=fit, unit="KS distance", n=int(rows.sum()), features=names,
        supports=("swapped_columns", *also),
        refutes=() if crowd else ("covariate_shift", "concept_drift", "unit_change"),
    )  # fmt: skip


def _cycles(to: Sequence[int]) -> list[list[int]]:
    """Split a permutation into its cycles."""
    left, out = set(range(len(to))), []
    while left:
        at, cycle = min(left), []
        while at in left:
            left.remove(at)
            cycle.append(at)
            at = to[at]
        out.append(cycle)
    return out


def _cross_fit(study: Study, one: str, two: str, rows: Mask, where: tuple[str, str] | None) -> float | None:
    like = study.ref_slice(where)
    a, b = _numbers(study.ref.features[one], like), _numbers(study.ref.features[two], like)
    x, y = _numbers(study.log.features[one], rows), _numbers(study.log.features[two], rows)
    if min(len(a), len(b), len(x), len(y)) < LEAST_ROWS:
        return None
    crossed = max(ks_distance(a, y), ks_distance(b, x))
    straight = min(ks_distance(a, x), ks_distance(b, y))
    bar = max(0.08, 1.9 / np.sqrt(min(len(a), len(x))))
    return crossed if crossed < bar and crossed < 0.4 * straight else None


def _look_exchanged(a: Floats, b: Floats, x: Floats, y: Floats) -> bool:
    """Whether some of the rows are far likelier the other way round: asked of a few before all of them are."""
    a, b, x, y = (values[some(np.arange(len(values)), _ASKED)] for values in (a, b, x, y))
    p, q = Density(a), Density(b)
    return float(np.mean(p(y) * q(x) > _FAR_LIKELIER * p(x) * q(y))) >= _SOME


def _cross_some(study: Study, one: str, two: str, rows: Mask, *, asked: bool = False) -> tuple[float, Mask] | None:
    """Exchange back the rows that look exchanged: the mixture of both orders, its share fitted by EM.

    Give the larger KS distance after it and the exchanged rows; ``None`` where it does not explain both columns, or,
    if that is ``asked`` first, where too few rows look like it.
    """
    a, b = _numbers(study.ref.features[one]), _numbers(study.ref.features[two])
    x, y = study.log.features[one], study.log.features[two]
    assert not isinstance(x, Codes)
    assert not isinstance(y, Codes)
    place = np.flatnonzero(rows & ~np.isnan(x) & ~np.isnan(y))
    if min(len(a), len(b), len(place)) < 30 or not (several(a, 6) and several(b, 6)):
        return None
    if asked and not _look_exchanged(a, b, x[place], y[place]):
        return None
    p, q = Density(a), Density(b)
    part = some(place)
    turned, straight = p(y[part]) * q(x[part]), p(x[part]) * q(y[part])
    share = 0.5
    for _ in range(30):
        last = share
        odds = share * turned
        share = min(max(float((odds / np.maximum(odds + (1 - share) * straight, 1e-300)).mean()), 1e-4), 1 - 1e-4)
        if share == last:
            break
    gain = float(
        np.log(np.maximum(share * turned + (1 - share) * straight, 1e-300) / np.maximum(straight, 1e-300)).sum()
    )
    if gain < 25 + 4 * np.log(len(part)):
        return None
    x, y = x[place], y[place]
    turned, straight = p(y) * q(x), p(x) * q(y)
    hit = last * turned / np.maximum(last * turned + (1 - last) * straight, 1e-300) > 0.5
    if hit.sum() < 8:
        return None
    fits = [(ks_distance(base, np.where(hit, other, own)), ks_distance(base, own)) for base, own, other in
            ((a, x, y), (b, y, x))]  # fmt: skip
    bar = max(0.08, 1.9 / np.sqrt(min(len(a), len(b), len(place))))
    if any(after > bar or after > 0.6 * before for after, before in fits):
        return None
    mark = np.zeros(len(rows), dtype=bool)
    mark[place[hit]] = True
    return max(f[0] for f in fits), mark


def _numbers(column: Column, rows: Mask | None = None) -> Floats:
    """Give the known values of a numeric column, of some rows."""
    assert not isinstance(column, Codes)
    return column[~np.isnan(column) & (True if rows is None else rows)]


def _swapped_text(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Two text columns that took each other's values."""
    found: list[Evidence] = []
    names = [n for n, m in moves.items() if not m.numeric]
    for one, two in combinations(names, 2):
        a, b = study.ref.features[one], study.ref.features[two]
        x, y = study.log.features[one], study.log.features[two]
        if not all(isinstance(c, Codes) for c in (a, b, x, y)):
            continue
        rows = moves[one].rows & moves[two].rows
        if _taken(x, b, a, rows) > 0.9 and _taken(y, a, b, rows) > 0.9:  # type: ignore[arg-type]
            text = f"{one} holds the values that {two} held, and {two} those of {one}."
            made = make(
                study, NAME, "swapped_columns", text, strength=1.0, z=moves[one].z, change=moves[one].change, rows=rows,
                n=int(rows.sum()), features=[one, two], refutes=("new_category", "category_recoded"),
            )  # fmt: skip
            found.append(made)
    return found


def _taken(column: Codes, other: Codes, own: Codes, rows: Mask) -> float:
    """Share of the rows whose value was the other column's in the baseline and not its own."""
    foreign = set(other.names) - set(own.names)
    flags = np.array([v in foreign for v in column.names] + [False])[column.codes]
    return float(flags[rows].mean()) if rows.any() else 0.0
