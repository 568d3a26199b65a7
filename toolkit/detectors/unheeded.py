"""Alarms as before, and fewer of them acted on: all of them, or those of some hours or one part (floor 4; human).

Whoever decides, and at whatever score. Of a shift that nobody staffs the whole shows little: so the alarms of every
shift and of every part are asked by themselves, at a level corrected for so many tries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.curve import auc
from toolkit.detectors.decisions import LEAST, answers
from toolkit.detectors.evidence import Evidence, inside, make, percent, since
from toolkit.detectors.like_cases import of_other_cases
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask
from toolkit.records import Event, Slice, SliceTerm
from toolkit.timeline.change import Change, find_change

NAME: Final = "alarms"
#: The least |z| and the least fall of the share of alarms acted on.
_LEVEL, _FELL = 4.4, 0.08
#: How many hours a shift has, how many hours apart one begins, and how many values of a segment are tried.
_SHIFTS, _APART, _MOST = (6, 8, 12), 2, 20


@dataclass(frozen=True)
class _Part:
    """Some of the rows: in words that follow ``the model's alarms``, and as a slice where they are one."""

    rows: Mask
    where: str = ""
    slice_: Slice = ()


def detect(study: Study, events: Sequence[Event] = ()) -> list[Evidence]:
    """Look for alarms that people stopped to act on."""
    if not study.binary or study.by_cut or np.isnan(study.log.decision).all():
        return []
    guess, decision, known = answers(study)
    alarms = (known > 0) & (guess == 1)
    whole = _Part(np.ones(len(guess), dtype=bool))
    parts = [p for p in _parts(study) if LEAST <= (alarms & p.rows).sum() < 0.9 * alarms.sum()]
    level = float(np.sqrt(_LEVEL**2 + 2 * np.log(max(len(parts), 1))))
    tried = [(_fewer(alarms, decision), whole), *((_fewer(alarms & p.rows, decision, level), p) for p in parts)]
    moved = [(change, part) for change, part in tried if change is not None]
    # what all of them went through is plainest in all of them
    return _say(study, events, *min(moved, key=lambda m: m[0].z)) if moved else []


def _parts(study: Study) -> Iterator[_Part]:
    """Give the shifts of a day, the weekend and the values of the segments."""
    time = study.log.time
    if not np.isnan(time).any() and (time % 86400).any():
        hour = np.floor(time / 3600) % 24
        for long in _SHIFTS:
            for first in range(0, 24, _APART):
                yield _Part((hour - first) % 24 < long, f" between {first:02d} and {(first + long) % 24:02d} h UTC")
        yield _Part((np.floor(time / 86400) + 3) % 7 >= 5, " at the weekend")  # 1970 began on a Thursday
    for column, codes in study.log.segments.items():
        for value in codes.names[:_MOST]:
            yield _Part(codes.rows_of(value), f" of {column} = {value}", (SliceTerm(column, value),))


def _fewer(alarms: Mask, decision: Floats, level: float | None = None) -> Change | None:
    """Give since when fewer of the alarms are acted on, in rows of the log."""
    at = np.flatnonzero(alarms)
    if len(at) < LEAST:
        return None
    c = find_change((decision[at] == 1).astype(float), level=level)
    if not c.found or c.z > -_LEVEL or c.before - c.after < _FELL:
        return None
    return c.of(at, len(alarms) if c.end >= len(at) else int(at[c.end - 1]) + 1)


def _say(study: Study, events: Sequence[Event], change: Change, part: _Part) -> list[Evidence]:
    guess, decision, known = answers(study)
    now = inside(change, len(guess)) & (known > 0) & part.rows
    quiet, raised = now & (guess == 0), now & (guess == 1)
    ignored = raised & (decision == 0)
    added = float((decision[quiet] == 1).mean()) if quiet.sum() >= 10 else 0.0
    score = study.log.score[raised]
    by_score = auc(score, (decision[raised] == 1).astype(float)) if not np.isnan(score).all() else 0.5
    paired = (study.log_loss.final - study.log_loss.model)[ignored]
    paired = paired[~np.isnan(paired)]
    cost = float(paired.mean()) if len(paired) >= 10 else 0.0
    # a cut on the score is a policy; alarms that were mostly wrong were rightly left aside, and late ones had to be
    if added > 0.06 or by_score > 0.9 or cost < -0.3 or _slow(study, ignored, change):
        return []
    before = (known > 0) & (guess == 1) & part.rows & ~inside(change, len(guess))
    if of_other_cases(study, (decision == 1).astype(float), before, raised):
        return []
    unanswered = any(e.kind == "alert" for e in events)
    text = (
        f"{percent(change.after)} of the model's alarms{part.where} are acted on {since(change)}, "
        f"{percent(change.before)} before it; where it raises none, {percent(added)} are acted on."
    )
    return [
        make(
            study, NAME, "ignored_alerts", text,
            strength=min(0.97, 0.65 + 0.6 * (change.before - change.after)) * (1.0 if unanswered else 0.9),
            z=change.z, change=change, rows=ignored, effect=change.after - change.before,
            unit="share of alarms acted on", n=int(((known > 0) & (guess == 1) & part.rows).sum()),
            slice_=part.slice_, harmful=cost > 0.05, supports=("ignored_alerts", "harmful_overrides"),
            refutes=("concept_drift", "not_adopted"),
        )
    ]  # fmt: skip


def _slow(study: Study, rows: Mask, change: Change) -> bool:
    """Whether nearly all of some rows were answered more slowly than hardly any before the change."""
    latency = study.log.latency_ms
    before, now = latency[: change.start], latency[rows]
    before, now = before[~np.isnan(before)], now[~np.isnan(now)]
    return min(len(before), len(now)) >= LEAST and float((now > np.quantile(before, 0.99)).mean()) > 0.7
