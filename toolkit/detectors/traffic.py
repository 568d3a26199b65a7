"""Requests that did not come (floor 4; integration; needs no labels)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent
from toolkit.detectors.study import Study
from toolkit.detectors.values import stretches
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change
from toolkit.timeline.onset import onset


def detect(study: Study) -> list[Evidence]:
    """Look for time without requests where there always were some: hours of the week against their own median."""
    sure = _silent(study) or _capped(study) or _hours(study)
    if sure is not None:
        return [sure]
    found = [_gap(study, np.ones(len(study.log), dtype=bool), None)]
    for column, codes in study.log.segments.items():
        for place, value in enumerate(codes.names[:40]):
            mine = codes.codes == place
            if 0.03 < mine.mean() < 0.97:
                gap = _gap(study, mine, SliceTerm(column, value))
                found.append(gap if gap is not None and _lost(study, codes, place, gap) else None)
    kept = sorted((e for e in found if e is not None), key=lambda e: -e.z)
    # where one part fell silent the whole fell too: named is the part that lost far more than the whole did
    whole = next((e for e in kept if not e.finding.slice), None)
    parts = [e for e in kept if e.finding.slice]
    if whole is not None and parts:
        deepest = min(parts, key=lambda e: e.finding.effect or 0.0)
        return [deepest if (deepest.finding.effect or 0.0) < 1.5 * (whole.finding.effect or 0.0) else whole]
    return kept[:1]


def _silent(study: Study) -> Evidence | None:
    """A part of which nothing came for a while: so long a run of other rows that chance does not make it.

    Among rows in any order, a part with share p stays away for k rows with chance (1 - p)^k.
    """
    n, time = len(study.log), study.log.time
    best: tuple[float, SliceTerm, int, int, float] | None = None
    for column, codes in study.log.segments.items():
        for place, value in enumerate(codes.names[:40]):
            at = np.flatnonzero(codes.codes == place)
            if len(at) < 30 or len(at) > 0.9 * n:
                continue
            gaps = np.diff(np.concatenate((at, [n]))) - 1
            longest = int(np.argmax(gaps))
            first, many = int(at[longest]) + 1, int(gaps[longest])
            others = np.delete(gaps, longest)
            share = len(at) / max(n - many, 1)
            surprise = -many * np.log1p(-min(share, 0.999)) - np.log(n)
            if surprise < 25 or many < 4 * int(others.max(initial=0)) or not _missed(time, first, many, share):
                continue
            if _visited(study, column, value, at, first):
                continue
            if best is None or surprise > best[0]:
                best = (surprise, SliceTerm(column, value), first, many, share)
    if best is None:
        return None
    surprise, term, first, many, share = best
    z = float(min(np.sqrt(2 * surprise), 40.0))
    end = min(first + many, n)
    text = f"Nothing came of {term.column} = {term.value} in {many} rows on end, where every other part went on."
    # rows on end without one are chance up to here, where it takes such a share of them
    latest = min(first + int(np.log(0.05) / np.log1p(-share)), end - 1) if share < 1 else first
    change = Change("step" if end >= n else "pulse", first, end, 1.0, 0.0, -z, first, latest)
    return make(
        study, "traffic", "dropped_traffic", text, strength=0.95, z=z, change=change, effect=-1.0,
        unit="share of usual traffic", n=many, slice_=(term,), refutes=("covariate_shift", "label_shift"),
    )  # fmt: skip


#: The part of the time before a silence, and of the baseline's, in which what fell silent must have come.
_AT_HOME: Final = 0.2


def _visited(study: Study, column: str, value: str, at: Ints, first: int) -> bool:
    """Whether a part comes for a short while alone and goes again, as floods and campaigns do: it has no usual traffic.

    Where the baseline has it, it must have come and gone there too.
    """
    base, time = study.ref.segments.get(column), study.log.time
    held = None if study.own_reference or base is None else base.rows_of(value)
    if held is not None and held.any() and not _brief(study.ref.time[held], study.ref.time):
        return False
    return _brief(time[at[at < first]], time[: first + 1])


def _brief(mine: Floats, every: Floats) -> bool:
    """Whether some rows came within a small part of the time of all."""
    return bool(len(mine)) and bool(np.ptp(mine) < _AT_HOME * (np.ptp(every) + 1.0))


#: Fewer requests a day than this lie close together by themselves.
_LEAST_CAPPED: Final = 15


def _capped(study: Study) -> Evidence | None:
    """Day after day the same number of requests, and fewer than on other days: a limit cuts the rest off.

    Counts of free traffic scatter at least as a Poisson's do; days within a twentieth of each other, seven on end, do
    not come about by chance.
    """
    time = study.log.time
    if len(time) < 300 or np.isnan(time).any() or time[-1] - time[0] < 14 * 86400:
        return None
    day = np.floor((time - time[0]) / 86400).astype(np.int64)
    count = np.bincount(day).astype(float)[:-1]
    first, last = _evenest(count)
    level = float(count[first:last].mean()) if last > first else 0.0
    # a job that started small and grew was not cut off: what a limit cuts was there before it
    before = count[:first]
    if last - first < 7 or level < _LEAST_CAPPED or len(before) < 5 or level > 0.8 * float(np.median(before)):
        return None
    eve, start, after, end = (int(row) for row in np.searchsorted(day, [first - 1, first, first + 1, last]))
    end = len(time) if last >= len(count) else end
    share = level / float(np.median(np.delete(count, np.arange(first, last))))
    text = (
        f"On {last - first} days on end nearly the same number of requests came ({level:.0f}), {percent(share)} of the "
        "usual."
    )
    change = Change("step" if end >= len(time) else "pulse", start, end, 1.0, share, -15.0, eve + 1, after)
    return make(
        study, "traffic", "dropped_traffic", text, strength=0.95, z=15.0, change=change, effect=share - 1,
        unit="share of usual traffic", n=end - start,
    )  # fmt: skip


def _evenest(count: Floats) -> tuple[int, int]:
    """Give the longest run of days within a twentieth of their first, as the first of them and the one after."""
    best = (0, 0)
    for begin, end in stretches(count >= _LEAST_CAPPED - 1):  # years without requests cost nothing
        for first in range(begin, end):
            if end - first <= best[1] - best[0]:
                break
            rest = count[first:end]
            apart = np.maximum.accumulate(rest) - np.minimum.accumulate(rest) > max(1.0, 0.05 * rest[0])
            last = first + (int(np.argmax(apart)) if apart[-1] else len(rest))
            if last - first > best[1] - best[0]:
                best = (first, last)
    return best


#: Days on end without a request in an hour, and the requests expected in them, that are no chance.
_DAYS, _EXPECTED = 5, 25.0


def _hours(study: Study) -> Evidence | None:
    """Hours of the day in which nothing came any more, day after day, and nothing more at other hours.

    Of a Poisson count with mean m nothing comes with chance exp(-m). Opening hours that moved, or a clock that was
    changed, bring at other hours what they take.
    """
    time = study.log.time
    if len(time) < 300 or np.isnan(time).any() or not 14 * 86400 < time[-1] - time[0] < 2000 * 86400:
        return None
    day = np.floor(time / 86400).astype(np.int64) - int(time[0] // 86400)
    hour = np.floor(time / 3600).astype(np.int64) % 24
    table = np.bincount(day * 24 + hour, minlength=(day[-1] + 1) * 24).reshape(-1, 24)[1:-1].astype(float)
    quiet = [(h, *max(stretches(table[:, h] == 0), key=lambda s: s[1] - s[0], default=(0, 0))) for h in range(24)]
    apart = [(q, np.delete(table[:, q[0]], np.s_[q[1] : q[2]])) for q in quiet]
    quiet = [q for q, others in apart if q[2] - q[1] >= _DAYS <= len(others) and others.min() > 0]
    quiet = [q for q in quiet if not _faded(table[:, q[0]], *q[1:])]
    if not quiet:
        return None
    _, first, last = max(quiet, key=lambda q: q[2] - q[1])
    hours = sorted(h for h, a, b in quiet if abs(a - first) <= 1 and abs(b - last) <= 1)
    others = np.delete(table, np.s_[first:last], axis=0)
    if _daylight(others.sum(0) > 0, hours):
        return None
    lost, usual = float(others[:, hours].sum(1).mean()), float(others.sum(1).mean())
    fell = 1.0 - float(table[first:last].sum(1).mean()) / usual
    if lost * (last - first) < _EXPECTED or fell < 0.6 * lost / usual:
        return None
    # the first of the days without may have been quiet by chance
    sure = int(np.ceil(3.0 / lost))
    start, end, after = (int(row) for row in np.searchsorted(day, [first + 1, last + 1, first + 1 + sure]))
    earliest = int(np.flatnonzero((day <= first) & np.isin(hour, hours))[-1]) + 1
    end = len(time) if last >= len(table) else end
    text = (
        f"On {last - first} days on end nothing came in the hours {', '.join(f'{h:02d}' for h in hours)} UTC, in which "
        f"{percent(lost / usual)} of the requests used to come, and no more came at others."
    )
    z = float(min(np.sqrt(2 * lost * (last - first)), 40.0))
    change = Change("step" if end >= len(time) else "pulse", start, end, 1.0, 1.0 - fell, -z, earliest, after)
    return make(
        study, "traffic", "dropped_traffic", text, strength=0.95, z=z, change=change, effect=-fell,
        unit="share of usual traffic", n=end - start, refutes=("covariate_shift", "label_shift"),
    )  # fmt: skip


def _daylight(active: Mask, hours: Sequence[int]) -> bool:
    """Whether both ends of a day that has a night are what is lost: the sun rises later and sets earlier."""
    ends = np.flatnonzero(active & ~(np.roll(active, 1) & np.roll(active, -1)))
    return bool(len(ends) and set(ends.tolist()) <= set(hours))


def _faded(count: Floats, first: int, last: int) -> bool:
    """Whether on the last days before nothing came hardly anything did: an hour into which the night grows."""
    before = count[max(first - _DAYS, 0) : first]
    return bool(len(before) and before.mean() < 0.5 * np.delete(count, np.s_[first:last]).mean())


def _missed(time: Floats, first: int, many: int, share: float) -> bool:
    """Whether all traffic ran slower while the part was away: what came by another way is not lost."""
    end = min(first + many, len(time)) - 1
    if np.isnan(time[[0, first, end, -1]]).any() or time[end] <= time[first]:
        return True
    away = time[end] - time[first]
    rest = len(time) - many
    usual = rest / max(time[-1] - time[0] - away, 1.0)
    return bool(many / away < (1 - 0.4 * share) * usual)


def _lost(study: Study, codes: Codes, place: int, gap: Evidence) -> bool:
    """Whether what a part lost is missing from the whole: requests that came by another way are not lost.

    Nor is it where the other parts shrank as much, for whatever new part took the place of all.
    """
    time = study.log.time
    if gap.change is None or not 0 < gap.change.start < len(time) - 1:
        return True
    start, end = gap.change.start, min(gap.change.end, len(time) - 1)
    mine, known = codes.codes == place, np.unique(codes.codes[:start])
    others = np.isin(codes.codes, known[known != place])
    early, late = max(time[start] - time[0], 1.0), max(time[end] - time[start], 1.0)
    before, after = start / early, (end - start) / late
    left = (others[start:end].sum() / late) / max(others[:start].sum() / early, 1e-12)
    share, fell = float(mine[:start].mean()), -(gap.finding.effect or 0.0)
    return bool(1 - after / before > 0.4 * share * fell and 1 - fell < 0.8 * left)


#: Days of a log in which a season may show, those within which what is lost goes away, and the part of its fall.
_MONTHS, _WEEKS, _STEEP = 180.0, 21.0, 0.6


#: Rows of the reference at least, years that it may be earlier, the part of the span that it may lack at either end,
#: and how many times as much of the traffic may have been left then.
_FEW, _YEARS, _ABOUT, _AS_LOW = 100, 3, 0.1, 1.5
#: The part of what came back that is left when it is as low again.
_HALFWAY: Final = 0.6


@dataclass(frozen=True)
class _Counts:
    """Requests of each day (hour, of a short log) that is whole, where each begins and ends, and what is usual then."""

    count: Floats
    usual: Floats
    edges: Floats
    days: float

    @property
    def scatter(self) -> float:
        """What days scatter beyond a Poisson's chance: few requests a day always differ."""
        own = (1.4826 * float(np.median(np.abs(np.diff(self.count / self.usual))))) ** 2 / 2
        return float(np.sqrt(max(own - 1.0 / max(float(np.median(self.count)), 1.0), 0.0)))


def _gap(study: Study, mine: Mask, term: SliceTerm | None) -> Evidence | None:
    """Look for a fall of the traffic of some rows, day by day (hour by hour in a short log)."""
    time = study.log.time[mine]
    time = time[~np.isnan(time)]
    counts = _counted(time)
    change = None if counts is None else _fall(counts)
    if counts is None or change is None or _every_year(study, term, counts, change):
        return None
    share = change.after / change.before
    where = f" of {term.column} = {term.value}" if term is not None else ""
    text = f"The traffic{where} fell to {percent(share)} of what is usual at that time."
    return make(
        study,
        "traffic",
        "dropped_traffic",
        text,
        strength=0.9 if share < 0.6 else 0.7,
        z=abs(change.z),
        change=_in_rows(study, counts.edges, change),
        effect=share - 1,
        unit="share of usual traffic",
        n=len(time),
        slice_=(term,) if term is not None else (),
    )


def _every_year(study: Study, term: SliceTerm | None, counts: _Counts, change: Change) -> bool:
    """Whether the traffic fell as much at that time of an earlier year, which the reference is of."""
    held = study.ref.time if term is None else study.ref.time[study.ref_slice((term.column, term.value))]
    held = held[~np.isnan(held)]
    if len(held) < _FEW:
        return False
    start, end = counts.edges[change.start], counts.edges[min(change.end, len(counts.edges) - 1)]
    for years in range(1, _YEARS + 1):
        at = [t - years * 365.25 * 86400 for t in (counts.edges[0], start, end)]
        if held[0] <= at[0] + _ABOUT * (at[2] - at[0]) and held[-1] >= at[2] - _ABOUT * (at[2] - at[0]):
            before, since = (float(((held >= a) & (held < b)).sum()) / max(b - a, 1.0) for a, b in pairwise(at))
            return bool(since < _AS_LOW * change.after / change.before * before)
    return False


def _counted(time: Floats) -> _Counts | None:
    """Count the requests of each day or hour; ``None`` of too few requests or days."""
    if len(time) < 150 or time[-1] <= time[0]:
        return None
    days = (time[-1] - time[0]) / 86400
    width, season = (86400.0, 7) if days >= 14 else (3600.0, 24)
    if days / (width / 86400) > 2000 or len(time) / (days * 86400 / width) < 5:
        width, season = max(np.ceil(days / 60), 1) * 86400.0, 1
    edges = np.arange(np.floor(time[0] / width) * width, time[-1] + width, width)
    count = np.histogram(time, edges)[0].astype(float)[1:-1]
    if len(count) < 12:
        return None
    return _Counts(count, np.maximum(_usual(count, season), 1e-9), edges[1:-1], days)


def _fall(counts: _Counts) -> Change | None:
    """Find since which day far less than usual came, in days; before and after are parts of what is usual."""
    count, usual = counts.count, counts.usual
    # a quiet day is a small part of the whole, whatever part of itself came
    beside = (count - usual) / np.sqrt(np.maximum(usual, 1.0))
    change = find_change(beside, level=5.5)
    if change.shape == "step" and change.z < 0:  # what came back some days before the end
        back = find_change(beside[change.start :], level=4.0)
        if back.shape == "step" and back.z > 0:
            end = change.start + back.start
            change = replace(change, end=end, series=change.series and replace(change.series, end=end))
    late = inside(change, len(count))
    if not change.found or change.z > 0 or late.all():
        return None
    before, after = (float(count[side].sum() / usual[side].sum()) for side in (~late, late))
    if before - after < max(0.3 * before, 2.0 * counts.scatter) or after > 0.7 * before:
        return None
    level = count / usual
    if _season(level, change, before - after, counts.days) or _swings(level, change, after, counts.days):
        return None
    return replace(change, before=before, after=after)


def _in_rows(study: Study, edges: Floats, change: Change) -> Change:
    """Give a change of days in rows of the log."""
    row, end = np.searchsorted(study.log.time, edges), len(edges) - 1  # with which row each day begins
    first, last = int(row[change.start]), int(row[min(change.end, end)])
    # the first day with less may be the one of which the traffic of some hours was lost, or none but by chance
    since = onset(change)
    low, high = row[np.clip([since.low - 1, since.high + 1], 0, end)].tolist()
    low, high = min(low + 1, first), max(min(high, len(study.log) - 1), first)
    share = change.after / change.before
    return Change("step", first, max(last, first + 1), 1.0, share, -abs(change.z), low, high)


def _season(level: Floats, change: Change, fell: float, days: float) -> bool:
    """Whether a fall of months came about as a season's does: little by little, not within some weeks."""
    if days < _MONTHS:
        return False
    near = max(round(_WEEKS / days * len(level)), 1)
    at = change.start
    before, after = level[max(at - near, 0) : at], level[at : at + near]
    return bool(len(before)) and float(before.mean() - after.mean()) < _STEEP * fell


def _swings(level: Floats, change: Change, after: float, days: float) -> bool:
    """Whether it had been as low before, for weeks, and came back: traffic that swings through the year."""
    wide = max(round(_WEEKS / days * len(level)), 1)
    if days < _MONTHS or change.start < 3 * wide:
        return False
    means = np.convolve(level[: change.start], np.ones(wide) / wide, mode="valid")
    lowest = int(np.argmin(means))
    back = means[lowest + wide :]
    return bool(means[lowest] < _AS_LOW * after and len(back) and back.max() > after / _HALFWAY)


def _usual(counts: Floats, season: int) -> Floats:
    """Give the season's own shape: the median of each hour or weekday, scaled to 1 on average."""
    if season == 1 or len(counts) < 2 * season:
        return np.full(len(counts), max(float(np.median(counts)), 1e-9))
    shape = np.array([np.median(counts[i::season]) for i in range(season)])
    out: Floats = np.maximum(shape[np.arange(len(counts)) % season], 0.05 * float(shape.mean()))
    return out
