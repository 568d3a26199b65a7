"""Features that are earlier labels, and since some row those of another time (floor 4; integration).

A forecast is fed with what came an hour, a day or a week before. Such a column says itself which: nearly each of its
values is the label of k rows before, of its own series. When it is the label of another k, the feed is late, or its
window was cut off elsewhere, whatever its distribution looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, since, some
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.timeline.change import find_change

NAME: Final = "lags"
#: Rows back that are tried: the last ones, and days, weeks and years of hours, days, weeks and months.
_BACK: Final = (*range(1, 32), 36, 48, 52, 72, 96, 104, 144, 168, 336, 364, 365, 672)
#: The share of rows that must be the label of so many rows back, how many are looked at (and of the first tenth at
#: least), and how near it is (as a part of the labels' deviation: a file rounds).
_NEARLY, _LOOK, _FIRST, _NEAR = 0.9, 300, 60, 5e-3
#: By so many rows more or fewer a feed may come from then on.
_OFF: Final = (1, 2, 3, 6, 7, 12, 24, 48)
_LEAST, _MOST_SERIES = 20, 500


class _Series:
    """Rows series by series, in time order within each: which row is the one of k rows before."""

    def __init__(self, codes: Ints) -> None:
        self.order = np.argsort(codes, kind="stable")
        self.at, self.place = np.empty_like(self.order), np.empty_like(self.order)
        self.at[self.order] = np.arange(len(codes))
        first = np.searchsorted(codes[self.order], codes[self.order], side="left")
        self.place[self.order] = np.arange(len(codes)) - first
        self._first: dict[int, Ints] = {}

    def back(self, x: Floats, k: int, rows: Ints) -> Floats:
        """Give a column's value of k rows before some rows, in the same series; NaN where there is none."""
        return np.where(self.place[rows] >= k, x[self.order[np.maximum(self.at[rows] - k, 0)]], np.nan)

    def first(self, k: int) -> Ints:
        """Give the first tenth of the rows that have one of k rows before, in time order."""
        if k not in self._first:
            have = np.flatnonzero(self.place >= k)
            self._first[k] = some(have[: max(len(have) // 10, _FIRST)], _LOOK)
        return self._first[k]


def detect(study: Study) -> list[Evidence]:
    """Look at every number of a regression that was an earlier label for the one it is now."""
    label, log = study.log.label, study.log
    if not _asked(study):
        return []
    found: list[Evidence] = []
    near = _NEAR * float(np.nanstd(label))
    numbers = {n: c for n, c in log.features.items() if not isinstance(c, Codes)}
    for codes in _ways(study):
        series, named = _Series(codes), {f for e in found for f in e.finding.features}
        found += [e for n, c in numbers.items() if n not in named and (e := _of(study, series, n, c, near)) is not None]
    return found


def _asked(study: Study) -> bool:
    """Whether labels are numbers, and every row is there: between those of a sample others are left out."""
    label = study.log.label
    return study.regression and bool(np.all(study.log.weight == 1.0)) and several(label[~np.isnan(label)], 12)


def earlier_labels(study: Study) -> set[str]:
    """Name the numbers of a regression that are the label of so many rows before, from the first row to the last.

    What such a column no longer goes with, the label itself no longer goes with: no feed is at fault.
    """
    label, log = study.log.label, study.log
    if not _asked(study):
        return set()
    near, every, found = _NEAR * float(np.nanstd(label)), np.arange(len(log)), set()
    for codes in _ways(study):
        series = _Series(codes)
        for name, column in log.features.items():
            if isinstance(column, Codes):
                continue
            same = partial(_same, series, label, column, near)
            was = _lag(same, _BACK, series.first)
            if was is not None and _share(same(was, every)) >= _NEARLY:
                found.add(name)
    return found


def _same(series: _Series, label: Floats, column: Floats, near: float, k: int, rows: Ints) -> Floats:
    """1 where a column is the label of k rows before, 0 where it is not, NaN where nobody knows."""
    gap = np.abs(column[rows] - series.back(label, k, rows))
    return np.where(np.isnan(gap), np.nan, gap <= near).astype(float)


def _ways(study: Study) -> list[Ints]:
    """Give the ways in which rows may be several series: one alone, or one for each value of a text."""
    texts = [study.log.entity, *study.log.segments.values()]
    texts += [c for c in study.log.features.values() if isinstance(c, Codes)]
    many = [c.codes for c in texts if 2 <= len(c.names) <= _MOST_SERIES and len(c.names) <= len(c.codes) / _LEAST]
    return [np.zeros(len(study.log), dtype=np.int64), *many]


def _of(study: Study, series: _Series, name: str, column: Floats, near: float) -> Evidence | None:
    label, n = study.log.label, len(column)
    same = partial(_same, series, label, column, near)
    was = _lag(same, _BACK, series.first)
    if was is None:
        return None
    flags = same(was, np.arange(n))
    change = find_change(flags)
    rows = inside(change, n)
    if not change.found or change.z > -6 or rows.sum() < _LEAST or change.after > 0.5:
        return None
    near_by = {k for d in _OFF for k in (was - d, was + d) if k > 0}
    late = some(np.flatnonzero(rows), _LOOK)
    now = _lag(same, sorted({*_BACK, *near_by}), lambda _: late)
    # labels that hardly moved were those of both
    if (
        now is None
        or now == was
        or _share(same(now, series.first(now))) > 0.5
        or _same_age(study, series, was, now, rows)
    ):
        return None
    text = (
        f"{name} was the label of {_rows(was)} before in {percent(change.before)} of the rows, and {since(change)} it "
        f"is that of {_rows(now)} before: {'its feed is late' if now > was else 'it is taken at another time'}."
    )
    return make(
        study, NAME, "stale_feature", text, strength=1.0, z=abs(change.z), change=change, rows=rows,
        effect=float(now - was), unit="rows", n=int(rows.sum()), features=[name],
        supports=("stale_feature", "training_serving_skew"),
        refutes=("covariate_shift", "concept_drift", "label_shift"), details={"was": was, "now": now},
    )  # fmt: skip


def _lag(same: Callable[[int, Ints], Floats], tried: Sequence[int], rows: Callable[[int], Ints]) -> int | None:
    """Give the k tried that holds best, and for nearly all of the rows to ask for it; ``None`` where none does."""
    shares = {k: _share(same(k, rows(k))) for k in tried}
    best = max(shares, key=lambda k: shares[k])
    return best if shares[best] >= _NEARLY else None


def _share(flags: Floats) -> float:
    """Give the share of the known flags that are set; 0 of few."""
    known = flags[~np.isnan(flags)]
    return float(known.mean()) if len(known) >= _LEAST else 0.0


def _same_age(study: Study, series: _Series, was: int, now: int, rows: Mask) -> bool:
    """Whether the labels are as old as they were: where rows come more or less often, a day is another number of them.

    As old is what differs by less than half of the time from row to row.
    """

    def age(k: int, of: Mask) -> float:
        at = some(np.flatnonzero(of & (series.place >= k)), _LOOK)
        return float(np.median(study.log.time[at] - series.back(study.log.time, k, at))) if len(at) else np.nan

    return abs(age(now, rows) - age(was, ~rows)) < age(now, rows) / now / 2


def _rows(k: int) -> str:
    return f"{k} row{'s' if k > 1 else ''}"
