"""A value that fills in for others (floor 4; integration): its share jumps, and they keep their proportions.

A feature that stands still is told as that, and its value is not taken for a filler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.calendar import counts_up, of_the_day
from toolkit.detectors.drift import LEAST_PART, cells, exact_cells, shares, variation
from toolkit.detectors.evidence import Evidence, beforehand, inside, ks_distance, make, percent, proportion_z, since
from toolkit.detectors.frozen import frozen
from toolkit.detectors.ordered import InOrder
from toolkit.detectors.repeats import rows_before
from toolkit.detectors.stuck import stuck
from toolkit.detectors.study import Study, known, seen
from toolkit.detectors.values import codes_of, distinct, runs, several
from toolkit.detectors.witness import new_parts
from toolkit.profile.model import Codes, Column, Floats, Mask
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
#: The share of one part's rows by which a value must have risen that was filled in there, and parts at most.
_MOSTLY, _MOST_PARTS = 0.4, 20
#: The share from which on a value is usual.
_USUAL: Final = 0.05
#: How sure (z, were the rows independent) a value must be that comes and goes in bunches.
_BUNCHED: Final = 12.0
#: Words for no value.
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
    """Look at every feature for a frozen value, or else for a filled-in one."""
    found: list[Evidence | None] = []
    before = rows_before(study)
    for name, column in study.log.features.items():
        if name not in study.clocked:
            still = frozen(study, name, study.ref.features[name], column, before)
            found.append(still or stuck(study, name, column) or _filled(study, name, column))
    return [e for e in found if e is not None]


@dataclass(frozen=True)
class _Filler:
    """A value that came to be common: how it is written, its ``usual`` share, and where it is (1) or is not (0).

    It came to be so in ``rows`` of the log, since a change, as surely as ``z`` says.
    """

    label: str
    usual: float
    flags: Floats
    change: Change
    rows: Mask
    z: float

    @property
    def filled(self) -> Mask:
        return self.flags > 0

    @property
    def share(self) -> float:
        return float(self.flags[self.rows].mean())

    @property
    def placeholder(self) -> bool:
        """Whether it is a word for no value."""
        return self.label.strip().lower() in PLACEHOLDERS


@dataclass(frozen=True)
class _Rest:
    """How far the other values lie from the baseline's, and whether some of them came to be more: ``grew``."""

    far: float
    grew: bool

    @property
    def kept(self) -> bool:
        """Whether they kept their proportions."""
        return self.far < _KEPT and not self.grew


def _filled(study: Study, name: str, column: Column) -> Evidence | None:
    """Find the value that came to be common, and say how far the others look as if it had taken their place."""
    base = study.ref.features[name]
    filler = _common(study, base, column)
    if filler is None or _at_home(study, base, column, filler):
        return None
    rest = _rest(base, column, filler)
    strength = _strength(base, column, filler, rest, certain=_of_one_part(study, filler))
    if strength < 0.2:
        return None
    others = "while its other values keep their proportions" if rest.kept else "and its other values moved too"
    text = (
        f"{name} is {filler.label} in {percent(filler.share)} of the rows {since(filler.change)} "
        f"({percent(filler.usual)} {beforehand(filler.change)}), {others} (distance {rest.far:.2f})."
    )
    return make(
        study,
        "default_filled",
        "default_filled",
        text,
        strength=strength,
        z=filler.z,
        change=filler.change,
        rows=filler.rows & filler.filled,
        effect=filler.share - filler.usual,
        unit="share of rows",
        n=int(filler.rows.sum()),
        features=[name],
        threshold=LEAST_RISE,
        refutes=("covariate_shift",) if strength > 0.7 else (),
    )


def _common(study: Study, base: Column, column: Column) -> _Filler | None:
    """Give the value that rose most, where it surely and plainly did since some row, for good or in bunches."""
    top = risen(base, column, study.in_order)
    if top is None:
        return None
    flags, usual, label = top
    reference = None if study.own_reference else (usual, usual * (1 - usual), float(len(study.ref)))
    change = find_change(np.where(known(column), flags, np.nan), reference=reference)
    if not change.found or change.z < 0:
        change = _comes_and_goes(base, flags, usual, label)
    if not change.found:
        return None
    rows = inside(change, len(flags))
    z = proportion_z(usual * len(study.ref), len(study.ref), flags[rows].sum(), rows.sum())
    found = _Filler(label, usual, flags, change, rows, z)
    return None if found.share - usual < LEAST_RISE or z < 6 else found


def _at_home(study: Study, base: Column, column: Column, filler: _Filler) -> bool:
    """Whether a value may be common by itself: a holiday, a lot, a new part, a new name, a column on its way."""
    rows = filler.rows
    if of_the_day(study.log.time, column) and np.ptp(study.log.time[rows]) < _HOLIDAYS:
        return True
    if rows.sum() <= _LOTS * _longest_run(base) or _of_new_parts(study, filler):
        return True
    new = isinstance(column, Codes) and isinstance(base, Codes) and filler.label not in seen(base)
    if new and not filler.placeholder:
        return True
    return _several(base, column, rows) or counts_up(column) or _elsewhere(base, column, ~rows)


def _rest(base: Column, column: Column, filler: _Filler) -> _Rest:
    far = _rest_moved(base, column, filler)
    return _Rest(far, filler.change.shape == "from_start" and _grew_beside(base, column, filler))


def _strength(base: Column, column: Column, filler: _Filler, rest: _Rest, *, certain: bool) -> float:
    """Say how far it looks filled in: the others kept their proportions, or the value itself is one that fills in."""
    share, fresh = filler.share, filler.usual == 0
    # a whole feature at one value leaves no rest to look at
    strength = 0.9 if share > 0.97 else float(np.clip(1.1 - 5 * rest.far, 0.0, 1.0))
    if filler.usual < _RARE * share and _round(filler.label) and _inner(base, column, filler.filled):
        strength = max(strength, _SUDDEN)  # what is filled in for some kind of rows alone moves the rest too
    strength *= _LEFT if rest.grew else 1.0
    sentinel = fresh and set(filler.label.lstrip("-")) == {"9"} and _far_off(base, column, filler.filled)
    strength = max(strength, _SUDDEN * sentinel)  # -999 of what is -1, 0 or 1
    sure = certain or sentinel or (fresh and _imputed(base, column, filler.filled))
    return strength * (0.3 if not sure and _rather_the_crowd(base, column, filler) else 1.0)


def _rather_the_crowd(base: Column, column: Column, filler: _Filler) -> bool:
    """Whether a usual value that became more usual is rather a change of the crowd; nearly all rows are none."""
    have = (base.codes if isinstance(base, Codes) else base)[known(base)]
    few = not several(have, 4)  # no proportions of others that could be kept
    two = not several(have, 3)  # of two values the rest is always one
    common = filler.usual > 0.1
    doubtful = few or common or (isinstance(column, Codes) and not filler.placeholder)
    return doubtful and filler.share < (0.97 if two or common else 0.9)


def _of_one_part(study: Study, filler: _Filler) -> bool:
    """Whether a usual value came to be that of most rows of one part, and in all others is as usual as it was."""
    rows, flags = filler.rows, filler.flags
    if filler.usual < _USUAL:
        return False  # what hardly was there may be new there
    texts = {n: c for n, c in study.log.features.items() if isinstance(c, Codes)}
    for codes in {**study.log.segments, **texts}.values():
        rises = {}
        for place in range(len(codes.names) if len(codes.names) <= _MOST_PARTS else 0):
            now, was = (flags[(codes.codes == place) & side] for side in (rows, ~rows))
            if len(now) >= LEAST_PART:
                rises[place] = float(now.mean()) - (float(was.mean()) if len(was) else filler.usual)
        top = max(rises, key=lambda place: rises[place], default=-1)
        if len(rises) < 2 or rises[top] <= _MOSTLY:
            continue
        # what comes in bunches, as counts of a day do, wanders in every part
        if sorted(rises.values())[-2] < LEAST_RISE or not find_change(flags[codes.codes != top]).found:
            return True
    return False


def _of_new_parts(study: Study, filler: _Filler) -> bool:
    """Whether a value is more usual only in parts of the traffic that the baseline never had, and may be at home."""
    beside = filler.rows & ~new_parts(study)
    return bool(beside.sum() >= LEAST_PART) and float(filler.flags[beside].mean()) - filler.usual < LEAST_RISE


def _longest_run(base: Column) -> int:
    """Give how long one value stays in the baseline where it stays for long, as a lot's certificate does; else 0."""
    x = codes_of(base)
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


def _rest_moved(base: Column, column: Column, filler: _Filler) -> float:
    """Give the distance between the other values of the changed rows and of the baseline."""
    others = filler.rows & ~filler.filled
    if isinstance(base, Codes) and isinstance(column, Codes):
        a, b, k = cells(base, column)
        of = base.names.index(filler.label) if filler.label in base.names else -2
        p, q = a[(a >= 0) & (base.codes != of)], b[others & (b >= 0)]
        return variation(shares(p, k, 0.0), shares(q, k, 0.0)) if len(p) and len(q) > 10 else 0.0
    assert not isinstance(base, Codes)
    assert not isinstance(column, Codes)
    value = column[filler.filled][0]
    rest = column[others & ~np.isnan(column)]
    if len(rest) < 12:
        return 0.0
    p = base[~np.isnan(base) & (base != value)]
    return float(max(ks_distance(p, rest) - 0.8 / np.sqrt(len(rest)), 0.0))


def _grew_beside(base: Column, column: Column, filler: _Filler) -> bool:
    """Whether an end of the feature has surely more of the rows than it had, the filled in ones not counted.

    Filling in takes away from the other values; where some of them came to be more, the feature is served otherwise.
    """
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    have, now, n = base[~np.isnan(base)], column[filler.rows & ~filler.filled], int(filler.rows.sum())
    for share in _ENDS if len(have) else ():
        low, high = np.quantile(have, [share, 1 - share])
        for k, grown in ((have < low).sum(), (now < low).sum()), ((have > high).sum(), (now > high).sum()):
            far = grown / n > max(_TIMES * k / len(have), k / len(have) + _MORE)
            if far and proportion_z(float(k), len(have), float(grown), n) > _GREW:
                return True
    return False
