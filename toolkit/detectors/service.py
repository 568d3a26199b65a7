"""Requests that failed, were late or came twice (floor 4; integration; needs no labels)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, beforehand, difference, inside, make, percent, proportion_z, since
from toolkit.detectors.study import Study
from toolkit.detectors.values import mean_of
from toolkit.detectors.where import confined, part_of
from toolkit.profile.model import Codes, Floats, Ints, Mask, Sample
from toolkit.timeline.change import Change, find_change, no_change

#: The share of requests without an answer from which on that is harm by itself.
_MANY: Final = 0.08
#: Fewer requests than this are few, and how sure (z) a rise of their failures must be.
_FEW: Final = 100
_SURE_OF_FEW: Final = 3.4
_LATE_WORDS: Final = ("timeout", "timed", "deadline", "504", "408", "late", "expired")


def detect(study: Study) -> list[Evidence]:
    """Look at statuses, latencies and duplicates."""
    return [*_statuses(study), *_no_answer(study), *_latency(study), *_duplicates(study)]


def _statuses(study: Study) -> list[Evidence]:
    failed = 1.0 - study.log.ok
    if np.isnan(failed).all():
        return []
    base = 1.0 - study.ref.ok
    share_ref = mean_of(base, 0.0)
    change, before = _risen(failed, share_ref)
    if not change.found or change.z < 0:
        return []
    rows = inside(change, len(failed))
    share = float(np.nanmean(failed[rows]))
    z = proportion_z(before * len(failed), len(failed), np.nansum(failed[rows]), rows.sum())
    if share - before < 0.015 or z < min(4.0, _level(failed) or 4.0):
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
        f"{percent(share)} of the requests {since(change)} were not answered "
        f"({', '.join(names[:3]) or 'failed'}), {percent(share_ref)} {beforehand(change)}."
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
            harmful=share - share_ref - least > _MANY,  # whoever got no answer was harmed, whatever labels say
            supports=(mechanism, "latency") if late else (mechanism,),
        )
    ]


def _level(failed: Floats) -> float | None:
    """Give how sure (z) a rise must be in a log of a shift or two, which has few stretches to try; else the usual."""
    return _SURE_OF_FEW if (~np.isnan(failed)).sum() < _FEW else None


def _risen(failed: Floats, share_ref: float) -> tuple[Change, float]:
    """Find a rise within the log, else the distance of the whole log to the baseline; and what was usual before."""
    change = find_change(failed, level=_level(failed))
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
    told = f"{percent(share_ref)} {beforehand(change)}"
    text = f"{percent(change.after)} of the rows {since(change)} have no answer, {told}."
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
#: How many times as long as expected people wait before they are frustrated (Sevcik 2005, the Apdex standard).
_FRUSTRATED: Final = 4.0


def _slower(latency: Floats, rows: Mask, others: Mask) -> float:
    a, b = latency[rows], latency[others]
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    return float(np.median(a) / max(np.median(b), 1e-9)) if len(a) >= 5 and len(b) >= 5 else 0.0


@dataclass(frozen=True)
class _Slowed:
    """Since when answers take longer, in which rows; ``usual`` are latencies as they were, in logs of milliseconds.

    ``far`` are the rows beyond 99 % of these (1), and those that are not (0); NaN without a latency.
    """

    change: Change
    rows: Mask
    usual: Floats
    far: Floats
    factor: float

    @property
    def over(self) -> float:
        """The share of the rows beyond 99 % of the usual ones."""
        return float(np.nanmean(self.far[self.rows]))


def _latency(study: Study) -> list[Evidence]:
    """Say how much slower answers are, and whether anybody was kept waiting."""
    slowed = _slowed(study)
    if slowed is None:
        return []
    raw, change, rows = study.log.latency_ms, slowed.change, slowed.rows
    quick, slow = float(np.exp(np.nanmedian(slowed.usual))), float(np.nanmedian(raw[rows]))
    # what nineteen of twenty keep stands for the time that people expect
    frustrated = float((raw[rows] > _FRUSTRATED * np.exp(np.nanquantile(slowed.usual, 0.95))).mean())
    harmless = _soon_enough(study, slowed)
    waited = not harmless and frustrated > _MANY
    text = (
        f"Answers take {slow:.0f} ms {since(change)}, {quick:.0f} ms {beforehand(change)} (medians); "
        f"{percent(slowed.over)} are slower than 99 % of the usual ones."
    )
    if waited:
        text += f" {percent(frustrated)} take more than {_FRUSTRATED:.0f} times what 95 % of the usual ones keep."
    strength = float(np.clip(0.4 + 0.3 * np.log(max(slowed.factor, 1.0)) + slowed.over, 0, 0.9))
    return [
        make(
            study,
            "latency",
            "latency",
            text,
            strength=strength * (0.4 if harmless else 1.0),
            z=change.z,
            change=change,
            rows=rows & (slowed.far > 0),
            effect=slowed.factor,
            unit="ratio of mean latency",
            n=int(rows.sum()),
            harmful=waited,
            supports=("latency", "timeouts"),
        )
    ]


def _slowed(study: Study) -> _Slowed | None:
    """Find since when answers take longer than the baseline's, or than those of the log's first fifth."""
    if (~np.isnan(study.log.latency_ms)).sum() < 20:
        return None
    log, base = (np.log(np.maximum(x.latency_ms, 1e-3)) for x in (study.log, study.ref))
    reference = study.stats(base)
    usual = base if reference is not None else log[: max(len(log) // 5, 10)]
    spread = float(np.nanstd(usual)) or 0.1
    # the tail matters more than the mean: what share is beyond the usual 99th percentile
    far = np.where(np.isnan(log), np.nan, (log > np.nanquantile(usual, 0.99)).astype(float))
    tail = find_change(far, reference=None if reference is None else (0.01, 0.0099, float(len(usual))))
    middle = find_change(log, reference=reference)
    change = max((tail, middle), key=lambda c: c.z if c.found else 0.0)
    if not change.found or change.z < 6:
        return None
    rows = inside(change, len(log))
    slowed = _Slowed(change, rows, usual, far, float(np.exp(np.nanmean(log[rows]) - np.nanmean(usual))))
    return None if slowed.factor < 1.0 + spread / 2 and slowed.over < 0.06 else slowed


def _soon_enough(study: Study, slowed: _Slowed) -> bool:
    """Whether no answer more was lost, and none came later than people wait for one: slower, and no harm."""
    ok, rows = study.log.ok, slowed.rows
    lost = np.where(np.isnan(ok), np.nan, ok == 0)
    more = difference(lost[~rows], lost[rows])[3] > 2
    return not more and slowed.factor < 3 and float(np.nanquantile(study.log.latency_ms[rows], 0.99)) < _WAITED


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
        f"{percent(change.after)} of the rows {since(change)} repeat an earlier request, {percent(usual)} "
        f"{beforehand(change)}."
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
            slice_=part_of(study, rows & log, rows),
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
