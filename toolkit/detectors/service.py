"""Requests that failed, were late, came twice or did not come (floor 4; integration; needs no labels)."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, inside, make, percent, proportion_z
from toolkit.detectors.study import Study
from toolkit.detectors.where import confined
from toolkit.profile.model import Codes, Floats, Ints, Mask, Sample
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change, no_change

_LATE_WORDS: Final = ("timeout", "timed", "deadline", "504", "408", "late", "expired")


def detect(study: Study) -> list[Evidence]:
    """Look at statuses, latencies, duplicates and gaps in the traffic."""
    return [*_statuses(study), *_no_answer(study), *_latency(study), *_duplicates(study), *_traffic(study)]


def _statuses(study: Study) -> list[Evidence]:
    failed = 1.0 - study.log.ok
    if np.isnan(failed).all():
        return []
    base = 1.0 - study.ref.ok
    share_ref = float(np.nanmean(base)) if (~np.isnan(base)).any() else 0.0
    change, before = _risen(failed, share_ref)
    if not change.found or change.z < 0:
        return []
    rows = inside(change, len(failed))
    share = float(np.nanmean(failed[rows]))
    z = proportion_z(before * len(failed), len(failed), np.nansum(failed[rows]), rows.sum())
    if share - before < 0.015 or z < 4:
        return []
    # serving has its share of failures that no validation set ever had: from the first row only many are a fault
    least = 0.08 if change.shape == "from_start" else 0.0
    strength = float(np.clip(0.35 + 4 * (share - before - least), 0.0, 1.0))
    share_ref = before
    hit = rows & (failed > 0)
    names = _top(study.log.status, hit)
    slow = _slower(study.log.latency_ms, hit, rows & ~hit)
    place, features = confined(study, hit, rows)
    # the commonest failure names the fault: a few time-outs are in any week
    late = any(w in n.lower() for n in names[:1] for w in _LATE_WORDS) or (slow > 3.0 and not names)
    mechanism = "timeouts" if late else "errors"
    text = (
        f"{percent(share)} of the requests since the change were not answered "
        f"({', '.join(names[:3]) or 'failed'}), {percent(share_ref)} before."
    )
    if slow > 1.5:
        text += f" They took {slow:.1f} times as long as the answered ones."
    return [
        make(
            study,
            "status",
            mechanism,
            text,
            strength=strength,
            z=z,
            change=change,
            rows=hit,
            effect=share - share_ref,
            unit="share of requests",
            n=int(rows.sum()),
            slice_=place,
            features=features,
            supports=(mechanism, "latency") if late else (mechanism,),
        )
    ]


def _risen(failed: Floats, share_ref: float) -> tuple[Change, float]:
    """Find a rise within the log, else the distance of the whole log to the baseline; and what was usual before."""
    change = find_change(failed)
    if change.found and change.z > 0 and change.after > 1.5 * change.before:
        return change, max(change.before, 0.0)
    known = failed[~np.isnan(failed)]
    if not len(known) or float(known.mean()) < share_ref + 0.08:
        return no_change(len(failed)), share_ref
    return Change("from_start", 0, len(failed), share_ref, float(known.mean()), 10.0, 0, 0), share_ref


def _no_answer(study: Study) -> list[Evidence]:
    """Rows without any answer where the baseline always had one and no status tells."""
    if not np.isnan(study.log.ok).all():
        return []
    score, prediction = study.log.score, study.log.prediction
    empty = np.isnan(score) & np.isnan(prediction)
    if empty.all() or not empty.any():
        return []
    base = np.isnan(study.ref.score) & np.isnan(study.ref.prediction)
    share_ref = float(base.mean()) if len(base) else 0.0
    flags = empty.astype(float)
    change = find_change(flags, reference=(share_ref, share_ref * (1 - share_ref) + 1e-4, float(len(base))))
    if not change.found or change.z < 0 or change.after - share_ref < 0.01:
        return []
    rows = inside(change, len(flags))
    text = f"{percent(change.after)} of the rows since the change have no answer, {percent(share_ref)} before."
    return [
        make(
            study,
            "status",
            "errors",
            text,
            strength=0.8,
            z=change.z,
            change=change,
            rows=rows & empty,
            effect=change.after - share_ref,
            unit="share of rows",
            n=int(rows.sum()),
        )
    ]


def _top(status: Codes, rows: Mask) -> list[str]:
    codes = status.codes[rows]
    counts = np.bincount(codes[codes >= 0], minlength=len(status.names))
    return [status.names[i] for i in np.argsort(-counts)[:3] if counts[i] > 0]


#: Milliseconds after which people lose their train of thought (Nielsen 1993, section 5.5).
_WAITED: Final = 1000.0


def _slower(latency: Floats, rows: Mask, others: Mask) -> float:
    a, b = latency[rows], latency[others]
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    return float(np.median(a) / max(np.median(b), 1e-9)) if len(a) >= 5 and len(b) >= 5 else 0.0


def _latency(study: Study) -> list[Evidence]:
    raw = study.log.latency_ms
    if (~np.isnan(raw)).sum() < 20:
        return []
    log = np.log(np.maximum(raw, 1e-3))
    base = np.log(np.maximum(study.ref.latency_ms, 1e-3))
    reference = None if study.own_reference or (~np.isnan(base)).sum() < 15 else study.stats(base)
    usual = base if reference is not None else log[: max(len(log) // 5, 10)]
    spread = float(np.nanstd(usual)) or 0.1
    # the tail matters more than the mean: what share is beyond the usual 99th percentile
    far = np.where(np.isnan(log), np.nan, (log > np.nanquantile(usual, 0.99)).astype(float))
    tail = find_change(far, reference=None if reference is None else (0.01, 0.0099, float(len(usual))))
    middle = find_change(log, reference=reference)
    change = max((tail, middle), key=lambda c: c.z if c.found else 0.0)
    if not change.found or change.z < 6:
        return []
    rows = inside(change, len(raw))
    factor = float(np.exp(np.nanmean(log[rows]) - np.nanmean(usual)))
    over = float(np.nanmean(far[rows]))
    if factor < 1.0 + spread / 2 and over < 0.06:
        return []
    before, after = float(np.exp(np.nanmedian(usual))), float(np.nanmedian(raw[rows]))
    # every answer came, none later than people wait for one: slower, and nobody was kept waiting
    harmless = bool((study.log.ok == 1).all()) and factor < 3 and float(np.nanquantile(raw[rows], 0.99)) < _WAITED
    text = (
        f"Answers take {after:.0f} ms since the change, {before:.0f} ms before (medians); {percent(over)} are "
        "slower than "
        "99 % of the usual ones."
    )
    return [
        make(
            study,
            "latency",
            "latency",
            text,
            strength=float(np.clip(0.4 + 0.3 * np.log(max(factor, 1.0)) + over, 0, 0.9)) * (0.4 if harmless else 1.0),
            z=change.z,
            change=change,
            rows=rows & (far > 0),
            effect=factor,
            unit="ratio of mean latency",
            n=int(rows.sum()),
            supports=("latency", "timeouts"),
        )
    ]


def _duplicates(study: Study) -> list[Evidence]:
    """Rows that repeat an earlier one: the same id with the same inputs and the same answer."""
    log, base = again(study.log), again(study.ref)
    if log is None:
        return []
    usual = float(base.mean()) if base is not None else 0.0
    flags = log.astype(float)
    silent = study.own_reference or base is None
    change = find_change(
        flags, reference=None if silent else (usual, usual * (1 - usual) + 1e-4, float(len(study.ref)))
    )
    if not change.found or change.z < 6 or change.after - max(usual, change.before if silent else 0.0) < 0.02:
        return []
    rows = inside(change, len(flags))
    text = (
        f"{percent(change.after)} of the rows since the change repeat an earlier request, {percent(usual)} before it."
    )
    return [
        make(
            study,
            "duplicates",
            "duplicated_requests",
            text,
            strength=0.95,
            z=change.z,
            change=change,
            rows=rows & log,
            effect=change.after - usual,
            unit="share of rows",
            n=int(rows.sum()),
            slice_=confined(study, rows & log, rows)[0],
        )
    ]


def again(sample: Sample) -> Mask | None:
    """Mark each row whose id, inputs and answer were all seen shortly before; ``None`` where rows have no ids."""
    if not (sample.entity.codes >= 0).any():
        return None
    near = _previous(sample.entity.codes, max(int(0.01 * len(sample)), 20))
    pairs = near >= 0
    again = np.zeros(len(sample), dtype=bool)
    again[pairs] = _alike(sample, pairs.nonzero()[0], near[pairs])
    again[sample.entity.codes < 0] = False
    return again if _more_than_usual(sample, again, pairs) else np.zeros(len(sample), dtype=bool)


def _alike(sample: Sample, rows: Ints, others: Ints) -> Mask:
    """Tell of pairs of rows of one entity whether inputs and answer are the same; what is missing in both is."""
    same = np.ones(len(rows), dtype=bool)
    for column in (sample.score, *sample.features.values()):
        if isinstance(column, Codes):
            same &= column.codes[rows] == column.codes[others]
        else:
            same &= np.nan_to_num(column[rows], nan=-7.0) == np.nan_to_num(column[others], nan=-7.0)
    return same


def _previous(entity: Ints, most: int) -> Ints:
    """Give for each row the place of its entity's last row, -1 where that lies more than ``most`` rows back."""
    order = np.lexsort((np.arange(len(entity)), entity))
    last = np.full(len(entity), -1, dtype=np.int64)
    again = entity[order][1:] == entity[order][:-1]
    last[order[1:][again]] = order[:-1][again]
    far = np.arange(len(entity)) - last > most
    last[far] = -1
    return last


def _more_than_usual(sample: Sample, again: Mask, pairs: Mask) -> bool:
    """Entities whose rows are always alike do not repeat requests: what counts is being alike only when close."""
    if not again.any():
        return True
    any_last = _previous(sample.entity.codes, len(sample))
    far = np.flatnonzero((any_last >= 0) & ~pairs)
    alike = float(_alike(sample, far, any_last[far]).mean()) if len(far) >= 20 else 0.0
    return float(again[pairs].mean()) > 3 * alike + 0.05


def _traffic(study: Study) -> list[Evidence]:
    """Time without requests where there always were some: hours of the week against their own median."""
    sure = _silent(study) or _capped(study)
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
    best: tuple[float, SliceTerm, int, int] | None = None
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
            if best is None or surprise > best[0]:
                best = (surprise, SliceTerm(column, value), first, many)
    if best is None:
        return None
    surprise, term, first, many = best
    z = float(min(np.sqrt(2 * surprise), 40.0))
    end = min(first + many, n)
    text = f"Nothing came of {term.column} = {term.value} in {many} rows on end, where every other part went on."
    change = Change("step" if end >= n else "pulse", first, end, 1.0, 0.0, -z, first, first)
    return make(
        study, "traffic", "dropped_traffic", text, strength=0.95, z=z, change=change, effect=-1.0,
        unit="share of usual traffic", n=many, slice_=(term,), refutes=("covariate_shift", "label_shift"),
    )  # fmt: skip


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
    best = (0, 0)
    for begin in np.flatnonzero(count[: max(len(count) - 6, 0)] >= _LEAST_CAPPED):
        first = int(begin)
        last, low, high = first + 1, count[first], count[first]
        while last < len(count):
            low, high = min(low, count[last]), max(high, count[last])
            if high - low > max(1.0, 0.05 * count[first]):
                break
            last += 1
        if last - first > best[1] - best[0]:
            best = (first, last)
    first, last = best
    level = float(count[first:last].mean()) if last > first else 0.0
    # a job that started small and grew was not cut off: what a limit cuts was there before it
    before = count[:first]
    if last - first < 7 or level < _LEAST_CAPPED or len(before) < 5 or level > 0.8 * float(np.median(before)):
        return None
    start, end = int(np.searchsorted(day, first)), int(np.searchsorted(day, last))
    end = len(time) if last >= len(count) else end
    share = level / float(np.median(np.delete(count, np.arange(first, last))))
    text = (
        f"On {last - first} days on end nearly the same number of requests came ({level:.0f}), {percent(share)} of the "
        "usual."
    )
    change = Change("step" if end >= len(time) else "pulse", start, end, 1.0, share, -15.0, start, start)
    return make(
        study, "traffic", "dropped_traffic", text, strength=0.95, z=15.0, change=change, effect=share - 1,
        unit="share of usual traffic", n=end - start,
    )  # fmt: skip


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


def _gap(study: Study, mine: Mask, term: SliceTerm | None) -> Evidence | None:
    """Look for a fall of the traffic of some rows, day by day (hour by hour in a short log)."""
    time = study.log.time[mine]
    time = time[~np.isnan(time)]
    if len(time) < 150 or time[-1] <= time[0]:
        return None
    days = (time[-1] - time[0]) / 86400
    width = 86400.0 if days >= 14 else 3600.0
    season = 7 if days >= 14 else 24
    if days / (width / 86400) > 2000 or len(time) / (days * 86400 / width) < 5:
        width, season = max(np.ceil(days / 60), 1) * 86400.0, 1
    start = np.floor(time[0] / width) * width
    edges = np.arange(start, time[-1] + width, width)
    counts = np.histogram(time, edges)[0].astype(float)[1:-1]
    edges = edges[1:-1]
    if len(counts) < 12:
        return None
    ratio = counts / np.maximum(_usual(counts, season), 1e-9)
    change = find_change(ratio, level=5.5)
    drop = change.before - change.after
    scatter = 1.4826 * float(np.median(np.abs(np.diff(ratio)))) / np.sqrt(2)
    if not change.found or drop < max(0.3 * change.before, 2.0 * scatter) or change.after > 0.7 * change.before:
        return None
    share = change.after / change.before
    first = int(np.searchsorted(study.log.time, edges[change.start]))
    last = int(np.searchsorted(study.log.time, edges[min(change.end, len(edges) - 1)]))
    rows = Change("step", first, max(last, first + 1), 1.0, share, -abs(change.z), first, first)
    where = f" of {term.column} = {term.value}" if term is not None else ""
    text = f"The traffic{where} fell to {percent(share)} of what is usual at that time."
    return make(
        study,
        "traffic",
        "dropped_traffic",
        text,
        strength=0.9 if share < 0.6 else 0.7,
        z=abs(change.z),
        change=rows,
        effect=share - 1,
        unit="share of usual traffic",
        n=len(time),
        slice_=(term,) if term is not None else (),
    )


def _usual(counts: Floats, season: int) -> Floats:
    """Give the season's own shape: the median of each hour or weekday, scaled to 1 on average."""
    if season == 1 or len(counts) < 2 * season:
        return np.full(len(counts), max(float(np.median(counts)), 1e-9))
    shape = np.array([np.median(counts[i::season]) for i in range(season)])
    out: Floats = np.maximum(shape[np.arange(len(counts)) % season], 0.05 * float(shape.mean()))
    return out
