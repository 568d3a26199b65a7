"""Inputs whose day comes at another hour than it did (floor 4; integration).

A feed that is read by the wrong clock (UTC for local time, a join on the hour before) keeps every distribution: only
the course over the day is late, or early. Where a number has a clear daily course in the baseline and the same course
some hours later in the log, it is stale by so many hours. One hour is left alone: people's clocks change by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints, Mask
from toolkit.timeline.change import Change, find_change

NAME: Final = "daily_course"
HOURS: Final = 24
#: The least rows of baseline and log, hours of the day they fall on, share of the variance that the hour explains.
_ROWS, _HOURS_SEEN, _EXPLAINED = 200, 18, 0.08
#: How alike the courses must be once the shift is undone, and how much less alike they are before.
_ALIKE, _GAIN = 0.9, 0.12
_LEAST_SHIFT: Final = 2


@dataclass(frozen=True)
class Late:
    """A feature whose daily course comes ``hours`` later than it did (negative: earlier), since ``change``."""

    feature: str
    hours: int
    alike: float
    change: Change
    z: float


def detect(study: Study) -> list[Evidence]:
    """Name the features that are late by the same number of hours; silent where the labels' own day moved with them."""
    time, base_time = study.log.time, study.ref.time
    if not (_spread(time) and _spread(base_time)):
        return []
    found = (_late(study, n, (base_time, base), (time, column)) for n, (base, column) in study.numbers.items())
    late = [one for one in found if one is not None]
    if not late:
        return []
    first = max(late, key=lambda one: one.z)
    same = [one for one in late if one.hours == first.hours]
    label = _late(study, "", (base_time, study.ref.label), (time, study.log.label))
    if label is not None and label.hours == first.hours:
        return []  # the log's own clock moved, not the feed
    names = sorted(one.feature for one in same)
    way = "later" if first.hours > 0 else "earlier"
    text = (
        f"The course of {', '.join(names)} over the day comes {abs(first.hours)} hours {way} than in the baseline; "
        f"with that undone the two courses agree to {first.alike:.2f}."
    )
    strength = float(np.clip(0.5 + 5 * (first.alike - _ALIKE), 0.5, 0.95))
    return [
        make(
            study, NAME, "stale_feature" if first.hours > 0 else "training_serving_skew", text,
            strength=max(strength, 0.9 if len(same) > 1 else 0.0), z=first.z, change=first.change,
            rows=inside(first.change, len(time)), effect=float(first.hours), unit="hours", features=names,
            supports=("stale_feature", "training_serving_skew"), refutes=("covariate_shift", "concept_drift"),
        )
    ]  # fmt: skip


def _spread(time: Floats) -> bool:
    """Whether there are rows enough, at most hours of the day."""
    known = time[~np.isnan(time)]
    hours = len(np.unique(known // 3600 % HOURS))
    return len(known) >= _ROWS and hours >= _HOURS_SEEN and float(np.ptp(known)) > 7 * 86400


def _late(study: Study, name: str, base: tuple[Floats, Floats], now: tuple[Floats, Floats]) -> Late | None:
    """Hold a column's daily course against the baseline's."""
    x0, x = _level_off(*base), _level_off(*now)
    usual = _course(base[0], x0)
    if usual is None:
        return None
    spread, explained = float(np.nanvar(x0)), float((usual[_hour(base[0])[~np.isnan(x0)]] ** 2).mean())
    if spread <= 0 or explained < _EXPLAINED * spread:
        return None
    # what is a quarter of a day ahead of the course sums to nothing while the course keeps its hour
    ahead = np.roll(usual, -HOURS // 4) - np.roll(usual, HOURS // 4)
    then, series = x0 * ahead[_hour(base[0])], x * ahead[_hour(now[0])]
    change = find_change(series, reference=study.stats(then))
    if not change.found or abs(change.z) < 6:
        return None
    rows = inside(change, len(x))
    course = _course(now[0], x, rows)
    if course is None:
        return None
    alike = [float(np.corrcoef(course, np.roll(usual, k))[0, 1]) for k in range(HOURS)]
    best = int(np.argmax(alike))
    hours = best if best <= HOURS // 2 else best - HOURS
    if abs(hours) < _LEAST_SHIFT or alike[best] < _ALIKE or alike[best] - alike[0] < _GAIN:
        return None
    return Late(name, hours, alike[best], change, abs(change.z))


def _hour(time: Floats) -> Ints:
    return np.nan_to_num(time // 3600 % HOURS).astype(np.int64)


def _level_off(time: Floats, x: Floats) -> Floats:
    """Take each day's own mean off, so that a season does not pass for a course."""
    day = np.nan_to_num(time // 86400).astype(np.int64)
    _, day = np.unique(day, return_inverse=True)
    known = ~np.isnan(x) & ~np.isnan(time)
    total = np.bincount(day, weights=np.where(known, x, 0.0))
    out: Floats = np.where(known, x - (total / np.maximum(np.bincount(day, weights=known), 1))[day], np.nan)
    return out


def _course(time: Floats, x: Floats, rows: Mask | None = None) -> Floats | None:
    """Give the mean of each hour of the day, around 0; ``None`` where hours are missing."""
    known = ~np.isnan(x) if rows is None else rows & ~np.isnan(x)
    hour = _hour(time)[known]
    count = np.bincount(hour, minlength=HOURS)
    if (count >= 4).sum() < _HOURS_SEEN:
        return None
    mean = np.bincount(hour, weights=x[known], minlength=HOURS) / np.maximum(count, 1)
    out: Floats = np.where(count >= 4, mean, np.interp(np.arange(HOURS), np.flatnonzero(count >= 4), mean[count >= 4]))
    level: Floats = out - out.mean()
    return level
