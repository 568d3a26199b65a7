"""Which features moved, and since when (floor 4): the ground that several detectors stand on.

For each feature the log-ratio of its density in a suspect window to that in the baseline is a row-level series whose
mean jumps where the distribution changed (Neyman-Pearson); its change point is the feature's own onset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from toolkit.detectors.evidence import apart, counts_z, inside, ks_z, proportion_z, thinned
from toolkit.detectors.ordered import InOrder
from toolkit.detectors.study import Study, known
from toolkit.detectors.values import cell_of, only, runs
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask
from toolkit.timeline.change import Change, find_change, no_change

_CELLS: Final = 24
#: The cell of each baseline and log row, -1 where missing, and the number of cells.
_Cells = tuple[Ints, Ints, int]
#: A part with fewer rows than this says nothing of itself, nor is any looked at but so many with the most rows; one
#: that moved less than this is not looked at alone.
LEAST_PART: Final = 50
_MOST_PARTS: Final = 40
FAR: Final = 0.25
#: How many times as far as the whole a part must have moved to be the one that did.
_MORE: Final = 1.7
#: Deviations (Kolmogorov's) beyond which a part lies apart.
_SUM: Final = 2.2
#: How far beyond the baseline's range a value is foreign to it, as a part of the range.
_MARGIN: Final = 0.1


@dataclass(frozen=True)
class Moved:
    """A feature whose distribution changed: ``distance`` is KS (numbers) or total variation (text) in [0, 1].

    ``slice`` is the one segment (column, value) in which alone it changed, where there is one.
    """

    name: str
    distance: float
    z: float
    change: Change
    rows: Mask
    numeric: bool
    slice: tuple[str, str] | None = None


def cells(ref: Column, log: Column, in_order: InOrder | None = None) -> tuple[Ints, Ints, int]:
    """Put the values of both columns into common cells; -1 where missing.

    Numbers: a value that holds 2 % of either side is a cell of its own, the rest fall between quantiles of the
    baseline, and one cell lies outside its range on either side. Text: one cell a value.
    """
    if isinstance(ref, Codes) or isinstance(log, Codes):
        return exact_cells(ref, log)
    base, now = map(in_order or InOrder(), (ref, log))
    if not len(base) and not len(now):
        return np.full(len(ref), -1), np.full(len(log), -1), 0
    points = _atoms(base, now)
    inner = np.quantile(base, np.linspace(0, 1, _CELLS - 1)) if len(base) else np.array([0.0])
    edges = np.unique(inner)
    edges = np.concatenate((edges[:-1], [np.nextafter(edges[-1], np.inf)]))

    def cell(x: Floats) -> Ints:
        found = cell_of(edges, x)
        if len(points):
            at = np.maximum(cell_of(points, x) - 1, 0)
            found = np.where(points[at] == x, len(edges) + 1 + at, found)
        found[np.isnan(x)] = -1
        return found

    return cell(ref), cell(log), len(edges) + 1 + len(points)


def exact_cells(ref: Column, log: Column) -> tuple[Ints, Ints, int]:
    """Number the distinct values of both columns alike; -1 where missing."""
    if isinstance(ref, Codes) and isinstance(log, Codes):
        names = {name: i for i, name in enumerate(dict.fromkeys((*ref.names, *log.names)))}
        of_ref = np.array([*[names[v] for v in ref.names], -1])
        of_log = np.array([*[names[v] for v in log.names], -1])
        return of_ref[ref.codes], of_log[log.codes], len(names)
    assert not isinstance(ref, Codes)
    assert not isinstance(log, Codes)
    both = np.concatenate((ref, log))
    have = ~np.isnan(both)
    values, codes = np.unique(both[have], return_inverse=True)
    out = np.full(len(both), -1, dtype=np.int64)
    out[have] = codes.ravel()
    return out[: len(ref)], out[len(ref) :], len(values)


def _atoms(a: Floats, b: Floats) -> Floats:
    """Give the values that hold 2 % or more of either side, both sorted; at most 30 of each, sorted."""
    heavy: list[float] = []
    for x in (a, b):
        if len(x) >= 20:
            values, counts = runs(x)
            much = np.flatnonzero(counts >= max(0.02 * len(x), 3))
            heavy += values[much[np.argsort(-counts[much], kind="stable")[:30]]].tolist()
    return np.array(sorted(set(heavy)))


def shares(codes: Ints, k: int, pseudo: float = 0.5) -> Floats:
    """Give the share of each of k cells among the known, ``pseudo`` counts added to each; all 0 where there is none."""
    counts = np.bincount(codes[codes >= 0], minlength=k).astype(float) + pseudo
    out: Floats = counts / (counts.sum() or 1.0)
    return out


def variation(p: Floats, q: Floats) -> float:
    """Give the total variation of two rows of shares: what part of the rows would have to move, in [0, 1]."""
    return float(np.abs(p - q).sum() / 2)


def moved(study: Study, name: str) -> Moved | None:
    """See whether a feature's distribution moved in the log, and since when; ``None`` where it did not."""
    ref, log = study.ref.features[name], study.log.features[name]
    coded = _coded(study, ref, log)
    if coded is None:
        return None
    whole = _moved(study, name, ref, log, coded)
    if whole is not None and whole.slice is not None:
        return whole
    part = _in_one_part(study, name, coded)
    return part if part is not None and (whole is None or part.distance > _MORE * whole.distance) else whole


def _in_one_part(study: Study, name: str, coded: _Cells) -> Moved | None:
    """See whether the feature moved within one segment value alone, each held to its own baseline.

    One value among several that moves far hardly moves the whole, and the whole may not tell which one it was: where
    the values differ, a part that moved looks like another part.
    """
    best: Moved | None = None
    for column, codes in study.log.segments.items():
        base = study.ref.segments.get(column)
        if base is None:
            continue
        count = np.bincount(codes.codes[codes.codes >= 0], minlength=len(codes.names))
        often = np.sort(np.argsort(-count, kind="stable")[:_MOST_PARTS])
        far = _far(base, codes, often[count[often] >= LEAST_PART], coded)
        if not far or 2 * len(far) >= np.count_nonzero(count >= LEAST_PART):
            continue
        value = far[0]
        got = moved_in(study, name, column, value)
        if got is not None and got.distance >= FAR and (best is None or got.z > best.z):
            best = replace(got, rows=got.rows & codes.rows_of(value), slice=(column, value))
    return best


def _far(base: Codes, codes: Codes, asked: Ints, coded: _Cells) -> list[str]:
    """Give those of some values whose own rows lie far from where they lay, in all of the log or its end.

    The farthest comes first.
    """
    code_ref, code_log, k = coded
    n, values, found = len(code_log), [codes.names[i] for i in asked], []
    if not values:
        return []
    place = {name: i for i, name in enumerate(values)}
    there = np.array([*(place.get(name, len(values)) for name in base.names), len(values)])[base.codes]
    number = np.full(len(codes.names) + 1, len(values))
    number[asked] = np.arange(len(values))
    here = number[codes.codes]
    rows = np.bincount(there, minlength=len(values) + 1)
    before = _tables(there, code_ref, len(values), k)
    # the first half, the third quarter and the last
    late = [_tables(here[a:b], code_log[a:b], len(values), k) for a, b in pairwise((0, n // 2, 3 * n // 4, n))]
    for i, value in enumerate(values):
        if rows[i] < LEAST_PART:
            continue
        for first in range(3):
            after, was = np.sum([t[i] for t in late[first:]], axis=0), before[i]
            if min(was.sum(), after.sum()) < LEAST_PART:
                continue
            apart, few = after / after.sum() - was / was.sum(), float(np.sqrt(1 / was.sum() + 1 / after.sum()))
            held = np.count_nonzero(was + after)  # of few values most cells hold none
            distance = float(np.abs(apart).sum() / 2 - few * np.sqrt(held) / 2)
            # numbers that all moved one way lie apart in sum more surely than cell by cell
            along = float(np.abs(np.cumsum(apart)).max())
            if distance > FAR or along > max(FAR, _SUM * few):
                found.append((max(distance, along), value))
                break
    return [value for _, value in sorted(found, reverse=True)]


def _tables(of: Ints, code: Ints, values: int, k: int) -> Floats:
    """Count the known cells of each value's rows: (values, cells)."""
    known = (code >= 0) & (of < values)
    counts = np.bincount(of[known] * k + code[known], minlength=values * k).astype(float)
    return counts.reshape(values, k)


def moved_in(study: Study, name: str, column: str, value: str) -> Moved | None:
    """See the same within the rows of one segment value, held to those of the baseline; both name the segment."""
    there, here = (only(s.features[name], s.segments[column].rows_of(value)) for s in (study.ref, study.log))
    return column_moved(study, name, there, here)


def column_moved(study: Study, name: str, ref: Column, log: Column) -> Moved | None:
    """See the same of any column, in all of the log."""
    coded = _coded(study, ref, log)
    return None if coded is None else _moved(study, name, ref, log, coded)


def _coded(study: Study, ref: Column, log: Column) -> _Cells | None:
    """Put both columns into common cells; ``None`` where they are of two kinds, or hardly anything is known."""
    if isinstance(ref, Codes) != isinstance(log, Codes) or min(known(ref).sum(), known(log).sum()) < 15:
        return None
    return cells(ref, log, study.in_order)


def _moved(study: Study, name: str, ref: Column, log: Column, coded: _Cells) -> Moved | None:
    code_ref, code_log, k = coded
    base = shares(code_ref, k)
    best = _best_window(study, code_log, base, k)
    ratio = np.log(shares(code_log[best], k) / base)
    series = np.where(code_log >= 0, ratio[code_log], np.nan)
    values = ratio[code_ref[code_ref >= 0]]
    baseline = None if study.own_reference else (float(values.mean()), float(values.var()), float(len(values)))
    change = find_change(series, reference=baseline)
    if change.shape == "pulse" and change.z < 0 and change.start < len(series) - change.end:
        # what lies between some strange early rows and the change is no pulse: the change is what comes after it
        change = find_change(np.where(np.arange(len(series)) < change.start, np.nan, series), reference=baseline)
    if change.z < 0:
        change = no_change(len(series))
    if not change.found:
        return None
    rows, where = _slice(study, series, inside(change, len(series)))
    distance, z = _distance(study, ref, log, code_ref, code_log, k, rows)
    if z < 4.0:
        return None
    return Moved(name, distance, min(z, abs(change.z) * 3), change, rows, not isinstance(ref, Codes), where)


def _slice(study: Study, series: Floats, rows: Mask) -> tuple[Mask, tuple[str, str] | None]:
    """Keep the rows of the one segment value in which alone the change is, where there is one."""
    good = rows & ~np.isnan(series)
    for column, codes in study.log.segments.items():
        mine = codes.codes[good]
        known = mine >= 0
        count = np.bincount(mine[known], minlength=len(codes.names))[:40]
        total = np.bincount(mine[known], weights=series[good][known], minlength=len(codes.names))[:40]
        means = sorted(((float(total[i] / count[i]), int(i)) for i in np.flatnonzero(count >= 15)), reverse=True)
        if len(means) < 2:
            continue
        (top, place), (second, _) = means[:2]
        if top > 0.1 and second < 0.15 * top:
            return np.asarray(rows & (codes.codes == place)), (column, codes.names[place])
    return rows, None


def _best_window(study: Study, code_log: Ints, base: Floats, k: int) -> Mask:
    """Give the window of log rows that is farthest from the baseline: the end, the second half, the harm, or all."""
    n = len(code_log)
    candidates = [
        slice(0, n),
        slice(n // 2, n),
        slice(3 * n // 4, n),
        slice(n // 4, n // 2),
        slice(n // 2, 3 * n // 4),
    ]
    harm = study.final_change
    if harm.found:
        candidates.append(slice(harm.start, harm.end))
    best, far = np.ones(n, dtype=bool), -1.0
    for window in candidates:
        part = code_log[window]
        m = int((part >= 0).sum())
        if m < 15:
            continue
        q = shares(part, k)
        # the divergence times rows grows with the evidence, not with a window's smallness
        gain = m * float((q * np.log(q / base)).sum()) - 0.5 * k
        if gain > far:
            far = gain
            best = np.zeros(n, dtype=bool)
            best[window] = True
    return best


def _distance(
    study: Study, ref: Column, log: Column, code_ref: Ints, code_log: Ints, k: int, rows: Mask
) -> tuple[float, float]:
    """Distance and z between the baseline and the changed rows."""
    if isinstance(ref, Codes) or isinstance(log, Codes):
        a, b = code_ref[code_ref >= 0], code_log[rows & (code_log >= 0)]
        if len(b) < 5:
            return 0.0, 0.0
        p, q = np.bincount(a, minlength=k), np.bincount(b, minlength=k)
        return variation(p / p.sum(), q / q.sum()), counts_z(p, q)
    x, y = study.in_order(ref), np.sort(log[rows & ~np.isnan(log)])
    if len(y) < 5:
        return 0.0, 0.0
    distance, beyond = apart(thinned(x), thinned(y)), _beyond(x, y)
    # values that the baseline has nowhere near are few among all and sure: a distance of shares hardly sees them
    surely = proportion_z(0.0, len(x), beyond * len(y), len(y))
    return max(distance, beyond), max(ks_z(distance, len(x), len(y)), surely)


def _beyond(x: Floats, y: Floats) -> float:
    """Give the share of y that lies farther beyond the range of x than a tenth of it; both are sorted."""
    low, high = float(x[0]), float(x[-1])
    margin = _MARGIN * (high - low)
    return float(((y < low - margin) | (y > high + margin)).mean()) if high > low else 0.0
