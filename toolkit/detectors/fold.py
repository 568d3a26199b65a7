"""The hour that happened twice (floor 4; integration; regressions of counts).

Where counts are kept in local time, the night on which clocks go back adds two hours up in one. Such an hour stands
about twice as high as the same hour of the weeks around it while the hours beside it are as usual; no crowd keeps to
the minute of a law. Times that carry no zone are taken as written, so the local hour is the log's own.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from toolkit.detectors.evidence import Evidence, make
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask
from toolkit.timeline.change import Change

#: One zone for each rule by which clocks go back.
ZONES: Final = ("America/New_York", "Europe/London", "Europe/Berlin", "Europe/Athens", "Australia/Sydney",
                "Pacific/Auckland", "America/Santiago")  # fmt: skip
#: The ratio of a doubled hour to a usual one, what the hours beside it may be, and how far it must stand out.
_TWICE, _BESIDE, _OUT = (1.4, 2.6), (0.75, 1.3), 8.0
_HOUR: Final = 3600.0
_WEEK: Final = 168
#: Seconds beyond which hours are not laid out one by one.
_LONGEST: Final = 12 * 366 * 86400


def detect(study: Study) -> list[Evidence]:
    """Hold each hour that a clock repeated against the same hour of other weeks."""
    time, label = study.log.time, study.log.label
    known = ~np.isnan(time) & ~np.isnan(label)
    if (
        not study.regression
        or known.sum() < 100
        or np.nanmin(label) < 0
        or not 10 * 86400 < np.ptp(time[known]) < _LONGEST
    ):
        return []
    first = np.floor(time[known].min() / _HOUR)
    place = np.where(known, np.floor(time / _HOUR) - first, -1).astype(np.int64)
    total = np.bincount(place[known], weights=label[known]).astype(np.float64)
    usual = _usual(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((usual > 0) & (total > 0), total / usual, np.nan)
    if np.isnan(ratio).all():
        return []
    spread = 1.4826 * float(np.nanmedian(np.abs(np.log(ratio[~np.isnan(ratio)])))) or 0.05
    for hour, night in _twice(first, len(total)):
        beside = ratio[[max(hour - 1, 0), min(hour + 1, len(ratio) - 1)]]
        z = float(np.log(ratio[hour]) / max(spread, 0.02))
        near = bool(np.all((beside > _BESIDE[0]) & (beside < _BESIDE[1])))
        if _TWICE[0] < ratio[hour] < _TWICE[1] and z > _OUT and near:
            return [_found(study, place == hour, night, float(ratio[hour]), z)]
    return []


def _found(study: Study, rows: Mask, night: date, ratio: float, z: float) -> Evidence:
    where = np.flatnonzero(rows)
    change = Change("pulse", int(where[0]), int(where[-1]) + 1, 1.0, ratio, z, int(where[0]), int(where[0]))
    text = (
        f"The hour that clocks repeat on {night} holds {ratio:.2f} times what it holds in the weeks around it, and the "
        "hours beside it hold the usual: two hours were added up in one."
    )
    return make(
        study, "repeated_hour", "duplicated_requests", text, strength=0.9, z=z, change=change, rows=rows,
        effect=ratio, unit="times the usual", n=int(rows.sum()), refutes=("concept_drift", "label_shift"),
    )  # fmt: skip


def _usual(total: Floats) -> Floats:
    """Give the median of the same hour in the two weeks before and the two after."""
    hours = np.arange(len(total))
    weeks = np.array([hours + k * _WEEK for k in (-2, -1, 1, 2)])
    there = (weeks >= 0) & (weeks < len(total))
    around = np.where(there, total[np.clip(weeks, 0, len(total) - 1)], np.nan)
    out = np.full(len(total), np.nan)
    some = there.any(axis=0)
    out[some] = np.nanmedian(around[:, some], axis=0)
    return out


def _twice(first: float, hours: int) -> list[tuple[int, date]]:
    """Give the hours of the log, by their number, that some clock repeated, with their dates."""
    start = datetime.fromtimestamp(first * _HOUR, UTC)
    years = range(start.year, (start + timedelta(hours=hours)).year + 1)
    folds = {fold for zone in ZONES for year in years for fold in _folds(zone, year)}
    places = {int((f.replace(tzinfo=UTC) - start).total_seconds() // _HOUR): f.date() for f in folds}
    return sorted((place, night) for place, night in places.items() if 0 <= place < hours)


@lru_cache(maxsize=256)
def _folds(zone: str, year: int) -> tuple[datetime, ...]:
    """Give the local hours of a year that a zone's clocks showed twice, without a zone; none where it is unknown."""
    try:
        here = ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return ()
    found = []
    for day in range(366):
        noon = datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        a, b = noon.astimezone(here).utcoffset(), (noon + timedelta(days=1)).astimezone(here).utcoffset()
        if a is not None and b is not None and b < a:
            found += [
                local for k in range(24)
                if (local := ((noon + timedelta(hours=k)).astimezone(here)).replace(tzinfo=None)) and
                (noon + timedelta(hours=k + 1)).astimezone(here).replace(tzinfo=None) == local
            ]  # fmt: skip
    return tuple(found)
