"""Features that are earlier labels, and since some row those of another time (floor 4; integration).

A forecast is fed with what came an hour, a day or a week before. Such a column says itself which: nearly each of its
values is the label of k rows before, of its own series. When it is the label of another k, the feed is late, or its
window was cut off elsewhere, whatever its distribution looks like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, some
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Floats, Ints
from toolkit.timeline.change import find_change

NAME: Final = "lags"
#: Rows back that are tried: the last ones, and days, weeks and years of hours, days, weeks and months.
_BACK: Final = (*range(1, 32), 36, 48, 52, 72, 96, 104, 144, 168, 336, 364, 365, 672)
#: The share of rows that must be the label of so many rows back, how many are looked at first, and how near it is (as
#: a part of the labels' deviation: a file rounds).
_NEARLY, _LOOK, _NEAR = 0.9, 300, 5e-3
_LEAST, _MOST_SERIES = 20, 500


class _Series:
    """Labels series by series, in time order within each: each row's own, and that of k rows before."""

    def __init__(self, label: Floats, codes: Ints) -> None:
        order = np.argsort(codes, kind="stable")
        self.label, self.at, self.place = label[order], np.empty_like(order), np.empty_like(order)
        self.at[order] = np.arange(len(order))
        first = np.searchsorted(codes[order], codes[order], side="left")
        self.place[order] = np.arange(len(order)) - first

    def back(self, k: int, rows: Ints) -> Floats:
        """Give the label of k rows before some rows, in the same series; NaN where there is none."""
        return np.where(self.place[rows] >= k, self.label[np.maximum(self.at[rows] - k, 0)], np.nan)


def detect(study: Study) -> list[Evidence]:
    """Look at every number of a regression that was an earlier label for the one it is now."""
    label, log = study.log.label, study.log
    # between the rows of a sample others are left out, and what came before is not known
    if not study.regression or not np.all(log.weight == 1.0) or not several(label[~np.isnan(label)], 12):
        return []
    found: list[Evidence] = []
    numbers = {n: c for n, c in log.features.items() if not isinstance(c, Codes)}
    for codes in _ways(study):
        series, named = _Series(label, codes), {f for e in found for f in e.finding.features}
        found += [e for n, c in numbers.items() if n not in named and (e := _of(study, series, n, c)) is not None]
    return found


def _ways(study: Study) -> list[Ints]:
    """Give the ways in which rows may be several series: one alone, or one for each value of a text."""
    texts = [study.log.entity, *study.log.segments.values()]
    texts += [c for c in study.log.features.values() if isinstance(c, Codes)]
    some = [c.codes for c in texts if 2 <= len(c.names) <= _MOST_SERIES and len(c.names) <= len(c.codes) / _LEAST]
    return [np.zeros(len(study.log), dtype=np.int64), *some]


def _of(study: Study, series: _Series, name: str, column: Floats) -> Evidence | None:
    near, n = _NEAR * float(np.nanstd(study.log.label)), len(column)

    def same(k: int, rows: Ints) -> Floats:
        """1 where the column is the label of k rows before, 0 where it is not, NaN where nobody knows."""
        gap = np.abs(column[rows] - series.back(k, rows))
        return np.where(np.isnan(gap), np.nan, gap <= near).astype(float)

    was = _lag(same, np.arange(max(n // 10, min(n, _LOOK))))
    if was is None:
        return None
    flags = same(was, np.arange(n))
    change = find_change(flags)
    rows = inside(change, n)
    if not change.found or change.z > -6 or rows.sum() < _LEAST or change.after > 0.5:
        return None
    now = _lag(same, np.flatnonzero(rows))
    if now is None or now == was:
        return None
    text = (
        f"{name} was the label of {_rows(was)} before in {percent(change.before)} of the rows, and since the change it "
        f"is that of {_rows(now)} before: {'its feed is late' if now > was else 'it is taken at another time'}."
    )
    return make(
        study, NAME, "stale_feature", text, strength=1.0, z=abs(change.z), change=change, rows=rows,
        effect=float(now - was), unit="rows", n=int(rows.sum()), features=[name],
        supports=("stale_feature", "training_serving_skew"),
        refutes=("covariate_shift", "concept_drift", "label_shift"), details={"was": was, "now": now},
    )  # fmt: skip


def _lag(same: Callable[[int, Ints], Floats], rows: Ints) -> int | None:
    """Give the k that holds for nearly all of some rows, by up to ``_LOOK`` of them; ``None`` where none does."""
    rows = some(rows, _LOOK)

    def holds(k: int) -> bool:
        flags = same(k, rows)
        known = flags[~np.isnan(flags)]
        return len(known) >= _LEAST and bool(known.mean() >= _NEARLY)

    return next((k for k in _BACK if holds(k)), None)


def _rows(k: int) -> str:
    return f"{k} row{'s' if k > 1 else ''}"
