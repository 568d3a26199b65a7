"""A time axis that reads: few ticks on round moments, the year or day once (floor 6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

_HOUR: Final = 3_600
_DAY: Final = 86_400
_STEPS: Final = (60, 300, 900, 1_800, *(h * _HOUR for h in (1, 2, 3, 6, 12)), *(d * _DAY for d in (1, 2, 7, 14)))
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
#: 1970 began on a Thursday; weeks here begin on a Monday.
_MONDAY: Final = 4 * _DAY


def seconds(moment: datetime) -> float:
    """Give a moment as the plots place it: seconds since 1970, UTC."""
    return moment.timestamp()


def time_ticks(axes: Any, most: int) -> None:
    """Set the ticks of a finished plot over time: at most ``most`` of them, on round moments in UTC."""
    low, high = axes.get_xlim()
    places, labels = ticks(low, high, most)
    axes.set_xticks(places, labels)
    axes.set_xlim(low, high)


def ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Give the places and labels of ticks between two moments in seconds since 1970."""
    step = next((s for s in _STEPS if (high - low) / s <= most), None)
    if step is None:
        return _months(low, high, most)
    shift = _MONDAY if step >= 7 * _DAY else 0
    first = -int(-(low - shift) // step) * step + shift
    places = [float(first + i * step) for i in range(int((high - first) // step) + 1)] if first <= high else []
    moments = [datetime.fromtimestamp(p, UTC) for p in places]
    labels: list[str] = []
    said = ""
    for moment in moments:
        if step < _DAY:
            once = f"{moment.day} {moment:%b %Y}" if not labels else f"{moment.day} {moment:%b}"
            below = once if once.split()[:2] != said.split()[:2] else ""
            labels.append(f"{moment:%H:%M}" + (f"\n{below}" if below else ""))
            said = once
        else:
            once = f"{moment:%Y}"
            labels.append(f"{moment.day} {moment:%b}" + (f"\n{once}" if once != said else ""))
            said = once
    return places, labels


def _months(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Give ticks on the first of months, the year under the first and under each January."""
    start, end = (datetime.fromtimestamp(t, UTC) for t in (low, high))
    count = (end.year - start.year) * 12 + end.month - start.month + 1
    step = next((m for m in _MONTHS if count / m <= most), 1_200)
    places, labels, said = [], [], 0
    for month in range(start.year * 12, end.year * 12 + 12, step):
        moment = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        if not low <= moment.timestamp() <= high:
            continue
        places.append(moment.timestamp())
        if step >= 12:
            labels.append(f"{moment:%Y}")
        else:
            labels.append(f"{moment:%b}" + (f"\n{moment:%Y}" if moment.year != said else ""))
        said = moment.year
    return places, labels
