"""A value that fills in for others, and a value that no longer moves (floor 4; integration).

Default: one value's share jumps while the other values keep their proportions. Frozen: in time order a row repeats
the value of the row before it far more often than chance, or entities that used to change no longer do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.calendar import counts_up, of_the_day
from toolkit.detectors.drift import LEAST_PART, cells, exact_cells, shares, variation
from toolkit.detectors.evidence import Evidence, beforehand, inside, ks_distance, make, percent, proportion_z, since
from toolkit.detectors.linked import of_age, weighed
from toolkit.detectors.ordered import InOrder
from toolkit.detectors.periods import by_chance, period_repeats
from toolkit.detectors.repeats import Before, entity_repeats, few_repeats, row_repeats, rows_before, segment_repeats
from toolkit.detectors.study import Study, known, seen
from toolkit.detectors.values import again, distinct, only, runs, several
from toolkit.detectors.witness import new_parts
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask
from toolkit.timeline.change import Change, Series, find_change, no_change

#: Of more values than this three may rise by chance of the crowd; alike is at least this part of the first.
_FEW: Final = 6
_ALIKE: Final = 0.5
LEAST_RISE: Final = 0.03
#: Seconds that what holds for whole days may stand still: Christmas and the New Year, a campaign.
_HOLIDAYS: Final = 20 * 86400.0
#: Rows that a value stays on average where rows come in lots, and how many times the longest of them is no lot.
_STAYS, _LOTS = 5, 3
#: How rare a value was (of its share now), among how many others, and how sure it then is filled in.
_RARE, _MANY, _SUDDEN = 0.125, 30, 0.8
#: How far the other values may lie from the baseline's to have kept their proportions.
_KEPT: Final = 0.15
#: Shares of the baseline beyond which an end may not grow where a value was only filled in: how many times as common it
#: then is, of how many more of the rows, and how sure (z) that is; and what is left of the strength.
_ENDS: Final = (0.1, 0.05, 0.02)
_TIMES, _MORE, _GREW, _LEFT = 1.5, 0.03, 6.0, 0.4
#: Standard errors that a mean filled in may lie from the baseline's: it is that of the rows that taught the model.
_NEAR: Final = 3.0
#: How sure (z, were the rows independent) a value must be that comes and goes in bunches.
_BUNCHED: Final = 12.0
#: What a row repeats of the thing that it is about, and whose number is one of very few that are left.
LAST_OF: Final = "the last value of"
A_DOZEN: Final = "one of the dozen rows before it"
#: What a row repeats whose part stands still: not all parts of a segment need to.
A_PART: Final = "the row before it of its segment"
A_PERIOD: Final = "values of the period before"
PLACEHOLDERS: Final = frozenset(
    {
        "",
        "unknown",
        "none",
        "null",
        "nan",
        "n/a",
        "na",
        "missing",
        "default",
        "other",
        "unk",
        "-",
        "?",
        "0",
        "-1",
        "undefined",
    }
)


def detect(study: Study) -> list[Evidence]:
    """Look at every feature for a filled-in or frozen value."""
    found: list[Evidence] = []
    before = rows_before(study)
    for name, column in study.log.features.items():
        if name in study.clocked:
            continue
        still = frozen(study, name, study.ref.features[name], column, before)
        if still is not None:
            found.append(still)
            continue
        found += _filled(study, name, column)
    return found


def _texts(column: Column) -> Ints:
    """Give equal numbers to equal values, -1 to missing ones."""
    if isinstance(column, Codes):
        return column.codes
    _, codes = np.unique(np.where(np.isnan(column), 0.0, column), return_inverse=True)
    out = codes.astype(np.int64).ravel()
    out[np.isnan(column)] = -1
    return out


def _filled(study: Study, name: str, column: Column) -> Iterator[Evidence]:
    base = study.ref.features[name]
    top = risen(base, column, study.in_order)
    if top is None:
        return
    flags, base_share, label = top
    reference = None if study.own_reference else (base_share, base_share * (1 - base_share), float(len(study.ref)))
    change = find_change(np.where(known(column), flags, np.nan), reference=reference)
    if not change.found or change.z < 0:
        change = _comes_and_goes(base, flags, base_share, label)
    if not change.found:
        return
    rows = inside(change, len(flags))
    if of_the_day(study.log.time, column) and np.ptp(study.log.time[rows]) < _HOLIDAYS:
        return
    if rows.sum() <= _LOTS * _longest_run(base):
        return
    share = float(flags[rows].mean())
    z = proportion_z(base_share * len(study.ref), len(study.ref), flags[rows].sum(), rows.sum())
    rise = share - base_share
    if rise < LEAST_RISE or z < 6 or _of_new_parts(study, flags, rows, base_share):
        return
    if _several(base, column, rows) or counts_up(column) or _elsewhere(base, column, ~rows):
        return
    rest = _rest_moved(base, column, flags > 0, rows, label)
    # a whole feature at one value leaves no rest to look at
    strength = 0.9 if share > 0.97 else float(np.clip(1.1 - 5 * rest, 0.0, 1.0))
    if base_share < _RARE * share and _round(label) and _inner(base, column, flags > 0):
        strength = max(strength, _SUDDEN)  # what is filled in for some kind of rows alone moves the rest too
    beside = change.shape == "from_start" and _grew_beside(base, column, flags > 0, rows)
    strength *= _LEFT if beside else 1.0
    new_name = isinstance(column, Codes) and isinstance(base, Codes) and label not in seen(base)
    if new_name and label.strip().lower() not in PLACEHOLDERS:
        return
    named = label.strip().lower() in PLACEHOLDERS
    have = (base.codes if isinstance(base, Codes) else base)[known(base)]
    few = not several(have, 4)  # no proportions of others that could be kept
    two = not several(have, 3)
    common = base_share > 0.1
    sentinel = base_share == 0 and set(label.lstrip("-")) == {"9"} and _far_off(base, column, flags > 0)
    strength = max(strength, _SUDDEN * sentinel)  # -999 of what is -1, 0 or 1
    sure = sentinel or (base_share == 0 and _imputed(base, column, flags > 0))
    doubtful = (few or common or (isinstance(column, Codes) and not named)) and not sure
    if doubtful and share < (0.97 if two or common else 0.9):
        # a usual value that became more usual is rather a change of the crowd; of two values the rest is always one
        strength *= 0.3
    if strength < 0.2:
        return
    kept = rest < _KEPT and not beside
    others = "while its other values keep their proportions" if kept else "and its other values moved too"
    text = (
        f"{name} is {label} in {percent(share)} of the rows {since(change)} "
        f"({percent(base_share)} {beforehand(change)}), {others} (distance {rest:.2f})."
    )
    yield make(
        study,
        "default_filled",
        "default_filled",
        text,
        strength=strength,
        z=z,
        change=change,
        rows=rows & (flags > 0),
        effect=rise,
        unit="share of rows",
        n=int(rows.sum()),
        features=[name],
        threshold=LEAST_RISE,
        refutes=("covariate_shift",) if strength > 0.7 else (),
    )


def _of_new_parts(study: Study, flags: Floats, rows: Mask, usual: float) -> bool:
    """Whether a value is more usual only in parts of the traffic that the baseline never had, and may be at home."""
    beside = rows & ~new_parts(study)
    return bool(beside.sum() >= LEAST_PART) and float(flags[beside].mean()) - usual < LEAST_RISE


def _longest_run(base: Column) -> int:
    """Give how long one value stays in the baseline where it stays for long, as a lot's certificate does; else 0."""
    x = _texts(base)
    ends = np.flatnonzero(np.diff(x, prepend=x[:1] - 1, append=x[-1:] - 1))
    runs = np.diff(ends)
    return int(runs.max()) if len(x) and len(x) >= _STAYS * len(runs) else 0


def _comes_and_goes(base: Column, flags: Floats, usual: float, label: str) -> Change:
    """Find since when a round value that was rare is common, on some days or nights alone: in bunches, not at random.

    The onset is where the likelihood of the new share over the old is greatest (Page 1954), row by row.
    """
    n = len(flags)
    if isinstance(base, Codes) or not _round(label) or not several(base, _MANY):
        return no_change(n)
    often, least = float(flags.mean()), max(usual, 0.5 / len(base))
    if least >= _RARE * often:
        return no_change(n)
    gain = np.where(flags > 0, np.log(often / least), np.log((1 - often) / (1 - least)))
    after = np.cumsum(gain[::-1])[::-1]
    start = int(np.argmax(after))
    z = float(np.sqrt(2 * max(after[start], 0.0)))
    share = float(flags[start:].mean())
    if z < _BUNCHED or flags[:start].mean() > 2 * least + 0.002:
        return no_change(n)
    return Change("step", start, n, least, share, z, start, start, Series(flags, start, n))


def _round(label: str) -> bool:
    """Whether a value is one that somebody wrote down: of one digit and zeros, or of nines."""
    digits = label.lstrip("-").replace(".", "").strip("0")
    return len(digits) <= 1 or set(digits) == {"9"}


def _far_off(base: Column, column: Column, filled: Mask) -> bool:
    """Whether a number lies farther beyond the baseline's range than that is wide."""
    if isinstance(base, Codes) or isinstance(column, Codes) or not (~np.isnan(base)).any():
        return False
    low, high, value = float(np.nanmin(base)), float(np.nanmax(base)), float(column[filled][0])
    return value < low - (high - low) or value > high + (high - low)


def _imputed(base: Column, column: Column, filled: Mask) -> bool:
    """Whether a number of few values, none of which this is, has their mean filled in: 0.63 of what is 0, 0.5 or 1."""
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    have, value = base[~np.isnan(base)], float(column[filled][0])
    return not several(have, 4) and abs(value - float(have.mean())) <= _NEAR * float(have.std()) / np.sqrt(len(have))


def _inner(base: Column, column: Column, filled: Mask) -> bool:
    """Whether a number of many values has one filled in that is no natural end of its: dry days and full marks are."""
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    have, value = base[~np.isnan(base)], float(column[filled][0])
    return several(have, _MANY) and not (value in have and value in (have.min(), have.max()))


def _several(base: Column, column: Column, rows: Mask) -> bool:
    """Whether several values came up: of a few, two that the baseline never had; of many, three that rose alike."""
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    values, counts = distinct(column[rows & ~np.isnan(column)])
    fresh = ~np.isin(values, base) & (counts > 0.9 * LEAST_RISE * counts.sum())
    if len(values) <= 40 and fresh.sum() >= 2:
        return True
    old, before = distinct(base[~np.isnan(base)])
    rise = counts / max(counts.sum(), 1)
    if len(old):
        at = np.minimum(np.searchsorted(old, values), len(old) - 1)
        rise = rise - np.where(old[at] == values, before[at] / before.sum(), 0.0)
    top = np.sort(rise)[::-1]
    return bool(len(top) > _FEW and top[2] > _ALIKE * top[0])


def _elsewhere(base: Column, column: Column, others: Mask) -> bool:
    """Whether the rows beside the change are not the baseline's either: the column is on its way through values."""
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    rest, have = column[others & ~np.isnan(column)], base[~np.isnan(base)]
    return len(rest) >= 30 and len(have) >= 30 and ks_distance(have, rest) > 0.5


def risen(base: Column, column: Column, in_order: InOrder) -> tuple[Floats, float, str] | None:
    """Find the value whose share rose most from the baseline to any quarter of the log."""
    if isinstance(base, Codes) != isinstance(column, Codes):
        return None
    if isinstance(base, Codes) and isinstance(column, Codes):
        place, now, _ = exact_cells(base, column)
        ref, log = place[place >= 0].astype(float), np.where(now >= 0, now, np.nan)
    else:
        assert not isinstance(base, Codes)
        assert not isinstance(column, Codes)
        ref, log = base[~np.isnan(base)], column
    rise: dict[float, float] = {}
    was: dict[float, float] = {}
    most = 0
    for part in (log, *np.array_split(log, 4)):
        m = int((~np.isnan(part)).sum())
        # a share below the least rise cannot have risen by it, and no value is more often in a part than in the whole
        if m < 15 or (most and most <= 0.9 * LEAST_RISE * m):
            continue
        values, counts = runs(in_order(part))
        most = most or int(counts.max())
        often = counts > 0.9 * LEAST_RISE * m
        for value, n in zip(values[often].tolist(), counts[often].tolist(), strict=True):
            if value not in was:
                was[value] = float((ref == value).sum()) / max(len(ref), 1)
            rise[value] = max(rise.get(value, -1.0), n / m - was[value])
    value = max(sorted(rise), key=lambda v: rise[v], default=np.nan)
    if rise.get(value, -1.0) < LEAST_RISE:
        return None
    flags = (log == value).astype(float)
    first = int(np.argmax(flags))
    label = column.names[column.codes[first]] if isinstance(column, Codes) else f"{column[first]:.6g}"
    return flags, was[value], label


def _rest_moved(base: Column, column: Column, filled: Mask, rows: Mask, label: str) -> float:
    """Give the distance between the other values of the changed rows and of the baseline."""
    if isinstance(base, Codes) and isinstance(column, Codes):
        a, b, k = cells(base, column)
        of = base.names.index(label) if label in base.names else -2
        p, q = a[(a >= 0) & (base.codes != of)], b[rows & ~filled & (b >= 0)]
        return variation(shares(p, k, 0.0), shares(q, k, 0.0)) if len(p) and len(q) > 10 else 0.0
    assert not isinstance(base, Codes)
    assert not isinstance(column, Codes)
    value = column[filled][0]
    rest = column[rows & ~filled & ~np.isnan(column)]
    if len(rest) < 12:
        return 0.0
    p = base[~np.isnan(base) & (base != value)]
    return float(max(ks_distance(p, rest) - 0.8 / np.sqrt(len(rest)), 0.0))


def _grew_beside(base: Column, column: Column, filled: Mask, rows: Mask) -> bool:
    """Whether an end of the feature has surely more of the rows than it had, the filled in ones not counted.

    Filling in takes away from the other values; where some of them came to be more, the feature is served otherwise.
    """
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    have, now, n = base[~np.isnan(base)], column[rows & ~filled], int(rows.sum())
    for share in _ENDS if len(have) else ():
        low, high = np.quantile(have, [share, 1 - share])
        for k, grown in ((have < low).sum(), (now < low).sum()), ((have > high).sum(), (now > high).sum()):
            far = grown / n > max(_TIMES * k / len(have), k / len(have) + _MORE)
            if far and proportion_z(float(k), len(have), float(grown), n) > _GREW:
                return True
    return False


def frozen(study: Study, name: str, base: Column, column: Column, before: Before | None = None) -> Evidence | None:
    """Look for values that repeat the last value of what they are about, or the row before them (of their segment)."""
    if not isinstance(column, Codes) and not again(study.in_order(column)):
        return None  # each value is there but once
    before = before or rows_before(study)
    plain = row_repeats(base, column, study.in_order)
    thing, of_thing = entity_repeats(before, base, column)
    for repeats, kind in (
        (of_thing, f"{LAST_OF} {f'the same {thing}' if thing else 'its entity'}"),
        (segment_repeats(before, base, column, plain), A_PART),
        (plain, "the row before it"),
        (few_repeats(base, column, plain), A_DOZEN),
        (period_repeats(before.periods, base, column, study.in_order), A_PERIOD),
    ):
        found = None if repeats is None else _frozen(study, name, base, column, *repeats, kind)
        if found is not None:
            return found
    return None


def _frozen(
    study: Study, name: str, base: Column, column: Column, ref: Floats, log: Floats, kind: str
) -> Evidence | None:
    """Look at one series of repeats for the row from which on they are many."""
    reference = None
    if not study.own_reference and (~np.isnan(ref)).sum() >= 15:
        part = ref[~np.isnan(ref)]
        reference = (float(part.mean()), float(part.var()), float(len(part)))
    change = find_change(log, reference=reference)
    rise = change.after - change.before
    # numbers that never came twice for an entity do so by no chance: some of its rows carry those of the visit before
    lagged = kind.startswith(LAST_OF) and change.before < 0.02 and (reference is None or reference[0] < 0.02)
    if not change.found or change.z < 6 or rise < (0.05 if lagged else 0.25):
        return None
    rows = inside(change, len(log))
    if kind == A_PART:  # all that is asked is asked of the parts that stand still
        rows, column = rows & ~np.isnan(log), only(column, ~np.isnan(log))
    if kind == A_DOZEN and not _few_left(column, change):
        return None
    if kind == A_PERIOD and (change.after < 0.95 or by_chance(study.log.time, column, rows, change.after)):
        return None
    if study.own_reference:  # the early rows may be of the change themselves
        base = column.take(~rows) if isinstance(column, Codes) else column[~rows]
    if _is_default(base, column, change) or (kind != A_PERIOD and _by_chance(column, rows, change.after)):
        return None
    which = "the rows" if rows.sum() == inside(change, len(log)).sum() else f"{int(rows.sum()):,} rows of some parts"
    text = (
        f"{name} repeats {kind} in {percent(change.after)} of {which} {since(change)}, {percent(change.before)} "
        f"{beforehand(change)}."
    )
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
        # labels seem drawn at random where the inputs are those of another visit
        refutes=(
            "covariate_shift",
            "bad_rollout",
            "concept_drift",
            *(("label_noise", "label_shift") if lagged else ()),
        ),
    )
    # a value that is that of the visit before is equal to it once alone: which later ones are fresh nobody can see
    return found if lagged else weighed(found, of_age(study, log, rows))


def _few_left(column: Column, change: Change) -> bool:
    """Whether numbers that hardly ever came again were left with a few, which are those of the rows before."""
    assert not isinstance(column, Codes)
    now = column[change.start : change.end]
    values, before = np.unique(now[~np.isnan(now)]), column[max(change.start - 60, 0) : change.start]
    known_before = bool(len(values)) and float(np.isin(values, before).mean()) >= 0.5
    return bool(change.before < 0.1 and change.after > 0.95 and len(now) >= 50 and len(values) <= 8 and known_before)


def _is_default(base: Column, column: Column, change: Change) -> bool:
    """Whether one single value, which is not the last one before the change, fills the changed rows: a default."""
    codes = _texts(column)[change.start : change.end]
    codes = codes[codes >= 0]
    if len(codes) < 5 or float(np.bincount(codes).max()) < 0.97 * len(codes):
        return False
    codes = np.full(1, np.argmax(np.bincount(codes)))
    if change.start < 3:
        return True
    before = _texts(column)[max(change.start - 60, 0) : change.start]
    last = before[before >= 0]
    carried = len(last) > 0 and bool((last[-3:] == codes[0]).any())
    if isinstance(column, Codes):
        return not carried
    value = float(np.nanmedian(column[change.start : change.end]))
    assert not isinstance(base, Codes)
    typical = {0.0, -1.0, 999.0, -999.0, 9999.0}
    have = base[~np.isnan(base)]
    spread = float(have.std()) or 1.0
    # a filled-in mean is that of the training rows: near the baseline's, not the same
    middle = abs(value - float(have.mean())) < 0.05 * spread or abs(value - float(np.median(have))) < 0.01 * spread
    foreign = not several(have, 31) and value not in have
    return value in typical or middle or foreign or not carried


def _by_chance(column: Column, rows: Mask, repeats: float) -> bool:
    """Whether rows repeat each other only because a few values fill the changed rows, in any order."""
    codes = _texts(column)[rows]
    codes = codes[codes >= 0]
    if not len(codes):
        return True
    chance = float((shares(codes, int(codes.max()) + 1, 0.0) ** 2).sum())
    return 0.02 < chance < 0.95 and (repeats - chance) / (1 - chance) < 0.6
