"""Which rows the onset of a change may be, whether it came at once or by and by (floor 4).

A change point is the row that parts two levels best. What grows slowly has passed half its height by then, and began
long before; what hits one row in ten shows itself some rows late. The onset's interval is a likelihood set over both
courses: at once at every row, and rising from every bin over every length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from toolkit.profile.model import Floats, Ints
from toolkit.timeline.change import AT_ONCE, BINS, Change, Series

#: The lengths of a rise in bins.
_LENGTHS: Final = (2, 3, 4, 5, 6, 7, 9, 11, 13, 16, 19, 23, 28, 34, 41, 49, 59, 71, 85, 102, 120)
#: What ``AT_ONCE`` is for a change point, which is no regular parameter, for the knee of a rise, which is one.
_BY_AND_BY: Final = 3.84
#: So much better must a rise fit than a change at once for the onset to be dated at its knee.
_SURELY: Final = 12.0
#: So many times the scatter of the rows themselves may bins have around a rise that is the whole course.
_FITS: Final = 2.0
#: However surely a fault hits, of its first rows some may look as before.
_MOST: Final = 0.95


@dataclass(frozen=True)
class Onset:
    """The row that the onset most likely is, and the first and the last that it may be (95 % set)."""

    row: int
    low: int
    high: int


@dataclass(frozen=True)
class _Rise(Onset):
    """The same of a rise; ``sure`` where nothing that came at once fits as well."""

    sure: bool


def onset(change: Change) -> Onset:
    """Date the onset of a change, in rows of the log."""
    series = change.series
    if series is None or change.shape in ("none", "from_start"):
        return Onset(change.start, change.low, change.high)
    found = _among(series)
    if series.rows is None:
        return found
    at, last = series.rows, len(series.rows) - 1
    low = int(at[found.low - 1]) + 1 if found.low > 0 else 0  # no row of the series says anything of those between
    return Onset(*(max(row, 0) for row in (int(at[min(found.row, last)]), low, int(at[min(found.high, last)]))))


def _among(series: Series) -> Onset:
    """Date the onset of a change in rows of its series."""
    x, start = series.values[: series.end], series.start
    flags = bool(np.isin(x[~np.isnan(x)], (0.0, 1.0)).all())
    once = _at_once(x, start, series.waves, flags=flags)
    if series.sudden:
        return Onset(start, once.low, start)
    rise = _by_and_by(x, start, flags=flags)
    if rise is None:
        return once
    if rise.sure:
        return Onset(rise.row, rise.low, rise.high)
    return Onset(start, min(once.low, rise.low), max(once.high, rise.high))


def _at_once(x: Floats, start: int, waves: float, *, flags: bool) -> Onset:
    """Give the rows at which two levels may meet."""
    sides = [side[~np.isnan(side)] for side in (x[:start], x[start:])]
    if min(map(len, sides)) < 1 or len(x) < 4:
        return Onset(start, start, start)
    if flags:  # with half a count added: of what was never seen it is not known that it never is
        before, since = (min((float(s.sum()) + 0.5) / (len(s) + 1.0), _MOST) for s in sides)
        row = x * np.log(since / before) + (1 - x) * np.log((1 - since) / (1 - before))
    else:
        before, since = (float(s.mean()) for s in sides)
        off = np.concatenate([s - s.mean() for s in sides])
        row = (since - before) / max(float(off.var()), 1e-12) * (x - (before + since) / 2)
    gain = np.concatenate((np.cumsum(np.nan_to_num(row)[::-1])[::-1], [0.0]))
    close = np.flatnonzero(2 * (gain[start] - gain) <= AT_ONCE * waves)
    return Onset(start, int(close.min()), min(int(close.max()), len(x) - 1))


def _by_and_by(x: Floats, start: int, *, flags: bool) -> _Rise | None:
    """Give the knees that a rise to a new level may have, where one fits about as well as a change at once."""
    bins = min(BINS, len(x) // 5)
    if bins < 10:
        return None
    edges = np.linspace(0, len(x), bins + 1).astype(int)
    known = ~np.isnan(x)
    sums = np.add.reduceat(np.where(known, x, 0.0), edges[:-1])
    counts = np.add.reduceat(known.astype(np.float64), edges[:-1])
    means = sums / np.maximum(counts, 1.0)
    within = float(np.nansum((x - np.repeat(means, np.diff(edges))) ** 2)) / max(counts.sum() - bins, 1.0)
    knees, courses = _courses(bins)
    at_once = np.clip((edges[1:] - start) / np.diff(edges), 0.0, 1.0)[None, :]
    weights = counts / max(within, 1e-12)
    fits = _misfits(courses, means, weights)
    if flags:  # rare ones scatter less than common ones
        fitted = (_fitted(courses[int(np.argmin(fits))], means, weights) * counts + 0.5) / (counts + 1.0)
        weights = counts / (fitted * (1.0 - fitted))
        fits = _misfits(courses, means, weights)
    step, best = float(_misfits(at_once, means, weights)[0]), int(np.argmin(fits))
    least = min(step, float(fits[best]))
    scatter = max(least / max(bins - 4, 1), 1.0)
    mine = knees[fits <= least + _BY_AND_BY * scatter]
    if not len(mine):
        return None
    sure = scatter < _FITS and step > least + _SURELY * scatter
    low, high = (max(mine.min() - 1, 0), min(mine.max() + 2, bins)) if sure else (mine.min(), mine.max() + 1)
    return _Rise(int(edges[knees[best]]), int(edges[low]), int(edges[high]) - 1, sure)


@lru_cache(maxsize=4)
def _courses(bins: int) -> tuple[Ints, Floats]:
    """Give the knee of every rise and its course over the bins, 0 before and 1 after it; not to be written to."""
    middle = np.arange(bins) + 0.5
    every = [(knee, length) for length in _LENGTHS if length <= bins for knee in range(bins - 2)]
    knees, lengths = (np.array(part) for part in zip(*every, strict=True))
    courses = np.clip((middle - knees[:, None]) / lengths[:, None], 0.0, 1.0)
    knees.flags.writeable = courses.flags.writeable = False
    return knees, courses


def _misfits(courses: Floats, y: Floats, weights: Floats) -> Floats:
    """Give for each course the weighted squares that a level and so much of the course leave."""
    total = weights.sum()
    off = y - (y @ weights) / total
    own = np.einsum("ij,ij,j->i", courses, courses, weights) - (courses @ weights) ** 2 / total
    along = courses @ (weights * off)
    left: Floats = (off * off) @ weights - np.divide(along**2, own, out=np.zeros(len(own)), where=own > 1e-9 * total)
    return left


def _fitted(course: Floats, y: Floats, weights: Floats) -> Floats:
    """Give the fit of a level and so much of a course to shares."""
    level, off = y @ weights / weights.sum(), course - course @ weights / weights.sum()
    slope = (weights * off) @ (y - level) / max(float((weights * off) @ off), 1e-12)
    out: Floats = np.clip(level + slope * off, 0.0, 1.0)
    return out
