"""A value that no longer moves (floor 4; integration).

In time order a row repeats the value of the row before it far more often than chance, or entities that used to change
no longer do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toolkit.detectors.drift import shares
from toolkit.detectors.evidence import Evidence, beforehand, inside, make, percent, since
from toolkit.detectors.linked import of_age, weighed
from toolkit.detectors.periods import by_chance, period_repeats
from toolkit.detectors.repeats import (
    NEVER,
    Before,
    entity_repeats,
    few_repeats,
    row_repeats,
    rows_before,
    segment_repeats,
)
from toolkit.detectors.study import Study
from toolkit.detectors.values import FILLERS, again, codes_of, only, several
from toolkit.profile.model import Codes, Column, Floats, Mask
from toolkit.timeline.change import Change, find_change

#: Times as often as chance makes it that rows must repeat each other.
_TIMES: Final = 8
#: What a row repeats of the thing that it is about, and whose number is one of very few that are left.
LAST_OF: Final = "the last value of"
A_DOZEN: Final = "one of the dozen rows before it"
#: What a row repeats whose part stands still: not all parts of a segment need to.
A_PART: Final = "the row before it of its segment"
A_PERIOD: Final = "values of the period before"


def frozen(study: Study, name: str, base: Column, column: Column, before: Before | None = None) -> Evidence | None:
    """Look for values that repeat the last value of what they are about, or the row before them (of their segment)."""
    if not isinstance(column, Codes) and not again(study.in_order(column)):
        return None  # each value is there but once
    before = before or rows_before(study)
    plain = row_repeats(base, column, study.in_order)
    thing, of_thing = entity_repeats(before, base, column)
    for repeats, of in (
        (of_thing, f"{LAST_OF} {f'the same {thing}' if thing else 'its entity'}"),
        (segment_repeats(before, base, column, plain), A_PART),
        (plain, "the row before it"),
        (few_repeats(base, column, plain), A_DOZEN),
        (period_repeats(before.periods, base, column, study.in_order), A_PERIOD),
    ):
        found = None if repeats is None else _stands(study, name, _Repeats(of, base, column, *repeats))
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class _Repeats:
    """Which rows of baseline and log repeat (1) or do not repeat (0) what they are held to, NaN where there is nothing.

    ``base`` and ``column`` are the values themselves.
    """

    of: str
    base: Column
    column: Column
    ref: Floats
    log: Floats


def _stands(study: Study, name: str, repeats: _Repeats) -> Evidence | None:
    """Look at one series of repeats for the row from which on they are many."""
    usual = study.stats(repeats.ref)
    change = find_change(repeats.log, reference=usual)
    rise = change.after - change.before
    # numbers that never came twice do so by no chance: some rows of an entity carry those of the visit before, or the
    # feed of one part stands still now and then
    never = change.before < NEVER and (usual is None or usual[0] < NEVER)
    lagged = never and repeats.of.startswith(LAST_OF)
    now_and_then = never and repeats.of == A_PART
    least = 0.05 if lagged or now_and_then else 0.25
    if not change.found or change.z < (4.0 if now_and_then else 6.0) or rise < least:
        return None
    rows = inside(change, len(repeats.log))
    if repeats.of == A_PART:  # all that is asked is asked of the parts that stand still
        rows = rows & ~np.isnan(repeats.log)
        repeats = replace(repeats, column=only(repeats.column, ~np.isnan(repeats.log)))
    if _otherwise_explained(study, repeats, change, rows):
        return None
    which = "the rows" if rows.sum() == inside(change, len(rows)).sum() else f"{int(rows.sum()):,} rows of some parts"
    text = (
        f"{name} repeats {repeats.of} in {percent(change.after)} of {which} {since(change)}, {percent(change.before)} "
        f"{beforehand(change)}."
    )
    # labels seem drawn at random where the inputs are those of another visit
    also = ("label_noise", "label_shift") if lagged else ()
    found = make(
        study,
        "stale_feature",
        "stale_feature",
        text,
        strength=0.95 if lagged else min(1.0, 0.6 + change.after / 2),
        z=change.z,
        change=change,
        rows=rows,
        effect=rise,
        unit="share of rows",
        n=int(rows.sum()),
        features=[name],
        refutes=("covariate_shift", "bad_rollout", "concept_drift", *also),
    )
    # a value that is that of the visit before is equal to it once alone: which later ones are fresh nobody can see
    return found if lagged else weighed(found, of_age(study, repeats.log, rows))


def _otherwise_explained(study: Study, repeats: _Repeats, change: Change, rows: Mask) -> bool:
    """Whether rows repeat each other though nothing stands still: by chance, or since one value was filled in."""
    of, base, column = repeats.of, repeats.base, repeats.column
    if of == A_DOZEN and not _few_left(column, change):
        return True
    if of == A_PERIOD and (change.after < 0.95 or by_chance(study.log.time, column, rows, change.after)):
        return True
    if study.own_reference:  # the early rows may be of the change themselves
        base = column.take(~rows) if isinstance(column, Codes) else column[~rows]
    return _is_default(base, column, change) or (of != A_PERIOD and _by_chance(column, rows, change.after))


def _few_left(column: Column, change: Change) -> bool:
    """Whether numbers that hardly ever came again were left with a few, which are those of the rows before."""
    assert not isinstance(column, Codes)
    now = column[change.start : change.end]
    values, before = np.unique(now[~np.isnan(now)]), column[max(change.start - 60, 0) : change.start]
    known_before = bool(len(values)) and float(np.isin(values, before).mean()) >= 0.5
    return bool(change.before < 0.1 and change.after > 0.95 and len(now) >= 50 and len(values) <= 8 and known_before)


def _is_default(base: Column, column: Column, change: Change) -> bool:
    """Whether one single value, which is not the last one before the change, fills the changed rows: a default."""
    codes = codes_of(column)[change.start : change.end]
    codes = codes[codes >= 0]
    if len(codes) < 5 or float(np.bincount(codes).max()) < 0.97 * len(codes):
        return False
    codes = np.full(1, np.argmax(np.bincount(codes)))
    if change.start < 3:
        return True
    before = codes_of(column)[max(change.start - 60, 0) : change.start]
    last = before[before >= 0]
    carried = len(last) > 0 and bool((last[-3:] == codes[0]).any())
    if isinstance(column, Codes):
        return not carried
    value = float(np.nanmedian(column[change.start : change.end]))
    assert not isinstance(base, Codes)
    have = base[~np.isnan(base)]
    spread = float(have.std()) or 1.0
    # a filled-in mean is that of the training rows: near the baseline's, not the same
    middle = abs(value - float(have.mean())) < 0.05 * spread or abs(value - float(np.median(have))) < 0.01 * spread
    foreign = not several(have, 31) and value not in have
    return value in FILLERS or middle or foreign or not carried


def _by_chance(column: Column, rows: Mask, repeats: float) -> bool:
    """Whether rows repeat each other only because a few values fill the changed rows, in any order."""
    codes = codes_of(column)[rows]
    codes = codes[codes >= 0]
    if not len(codes):
        return True
    chance = float((shares(codes, int(codes.max()) + 1, 0.0) ** 2).sum())
    few = 0.02 < chance < 0.95 and (repeats - chance) / (1 - chance) < 0.6
    return few or repeats < _TIMES * chance < 1  # a bound that many values lie at makes some repeat each other
