"""Which rows repeat the value of a row before them (floor 4): of their entity, of their segment, or just before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.ordered import InOrder
from toolkit.detectors.periods import periods
from toolkit.detectors.study import Study, known
from toolkit.detectors.values import mean_of, of_things, runs
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask

#: Values of a text, and whole numbers, that may name things, rows of each on average, and such columns at most.
_THINGS, _NUMBERED, _AGAIN, _MOST_THINGS = 50, 20, 4, 3
#: A run of so many equal values is none of chance: of a value on six rows in ten, one in a hundred thousand.
LONG: Final = 24
#: Parts of the log in which repeats are counted, rows of one at least, and the share of repeats that is standing still.
_EIGHTHS, _ENOUGH, _STILL = 8, 15, 0.9
#: Below this share of repeats values hardly ever come twice in a row; above the other they stand still now and then.
NEVER, _OFTEN = 0.02, 0.1


@dataclass(frozen=True)
class Before:
    """For each row of baseline and log the row before it of the same thing and of its segment values; -1: none.

    ``things`` holds one pair for each column that may name what a row is about, by its name: the entity's, where there
    is one, by none.

    A segment holds the code of each row's value too.

    ``periods`` numbers the period of each row, ``None`` where they are too few.
    """

    things: Mapping[str, tuple[Ints, Ints]]
    segments: Mapping[str, tuple[Ints | None, Ints, Ints]]
    periods: tuple[Ints | None, Ints | None]


def rows_before(study: Study) -> Before:
    """Find for each row the one before it; the same for all features."""

    def of(codes: Ints) -> Ints:
        order = np.argsort(codes, kind="stable")
        again = (codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0)
        out = np.full(len(codes), -1, dtype=np.int64)
        out[order[1:][again]] = order[:-1][again]
        return out

    there = study.ref.segments
    segments = {
        name: (of(there[name].codes) if name in there else None, of(codes.codes), codes.codes)
        for name, codes in study.log.segments.items()
    }
    things = {name: (of(base.codes), of(log.codes)) for name, base, log in _things(study)}
    return Before(things, segments, (periods(study.ref.time), periods(study.log.time)))


def _things(study: Study) -> list[tuple[str, Codes, Codes]]:
    """Give what each row is about: its entity, or the columns, by name, whose many values come again and again."""
    if (study.log.entity.codes >= 0).any():
        return [("", study.ref.entity, study.log.entity)]
    found = []
    for name, column in study.log.features.items():
        base, least = study.ref.features[name], _THINGS
        if not isinstance(column, Codes) and not isinstance(base, Codes):
            now = study.in_order(column)
            if not of_things(now, _NUMBERED, _AGAIN) or now[0] < 0:
                continue
            base, column, least = *(_numbered(x, runs(now)[0]) for x in (base, column)), _NUMBERED
        if isinstance(column, Codes) and isinstance(base, Codes):
            many = int((np.bincount(column.codes[column.codes >= 0], minlength=1) > 0).sum())
            if many >= least and len(column.codes) >= _AGAIN * many:
                found.append((many, name, base, column))
    return [(name, base, column) for _, name, base, column in sorted(found, key=lambda f: f[:2])[-_MOST_THINGS:]]


def _numbered(column: Floats, values: Floats) -> Codes:
    """Write whole numbers as codes of these values, which are sorted; -1 where they are none of them."""
    at = np.minimum(np.searchsorted(values, column), len(values) - 1)
    return Codes(tuple(f"{v:.0f}" for v in values), np.where(values[at] == column, at, -1))


def row_repeats(base: Column, column: Column, in_order: InOrder) -> tuple[Floats, Floats] | None:
    """Mark rows equal to the one before, for features that hardly ever repeat by chance."""
    have = known(base)
    if min(int(have.sum()), int(known(column).sum())) < 15:
        return None
    x = (base.codes if isinstance(base, Codes) else base)[have]
    still = _stood_still(x)  # a value that stood still for hundreds of rows is no common value
    share = runs(np.sort(x[~still]) if isinstance(base, Codes) or still.any() else in_order(base))[1]
    share = share / max(share.sum(), 1)
    if float((share**2).sum()) >= 0.2:
        return None
    return (
        _repeats(base, np.arange(len(have), dtype=np.int64) - 1),
        _repeats(column, np.arange(len(known(column)), dtype=np.int64) - 1),
    )


def _stood_still(x: Floats | Ints) -> Mask:
    """Mark all but the first row of the longest run of one value, where it is longer than chance makes of any."""
    first = np.concatenate(([True], x[1:] != x[:-1]))[: len(x)]
    run = np.cumsum(first) - 1
    length = np.bincount(run) if len(x) else np.zeros(1)
    return np.asarray((run == int(np.argmax(length))) & ~first & (length.max() >= LONG))


def segment_repeats(
    before: Before, base: Column, column: Column, plain: tuple[Floats, Floats] | None
) -> tuple[Floats, Floats] | None:
    """Mark rows equal to the row before of the same segment value, for the segment where that became commonest."""
    if plain is None:
        return None
    best, most = None, max(0.5, 1.5 * float(np.nanmean(plain[1])))
    for there, here, codes in before.segments.values():
        log = _still_parts(_repeats(column, here), codes)
        often = _commonest(log)
        if often > most:
            best, most = (plain[0] if there is None else _repeats(base, there), log), often
    return best or _now_and_then(before, base, column)


def _now_and_then(before: Before, base: Column, column: Column) -> tuple[Floats, Floats] | None:
    """Mark the repeats of the one part whose numbers stand still now and then, where no other part's ever do."""
    for there, here, codes in before.segments.values():
        log = _repeats(column, here)
        count, again = _by_eighth(log, codes)
        often = np.max(np.where(count >= _ENOUGH, again / np.maximum(count, 1), 0.0), axis=1, initial=0.0)
        if len(often) < 2:
            continue
        part = int(np.argmax(often))
        rest = float(np.delete(often, part).max())
        if often[part] <= _OFTEN or rest >= NEVER:
            continue
        ref = np.full(len(known(base)), np.nan) if there is None else _repeats(base, there)
        usual = float(np.nanmean(ref)) if (~np.isnan(ref)).any() else rest
        if usual < NEVER:
            return ref, np.where(codes == part, log, np.nan)
    return None


def _still_parts(repeats: Floats, codes: Ints) -> Floats:
    """Keep the parts alone that came to stand still in some eighth of the log, where these are some of several."""
    count, again = _by_eighth(repeats, codes)
    still: Mask = np.any((count >= _ENOUGH) & (again > _STILL * count), axis=1)
    return np.where((codes >= 0) & still[codes], repeats, np.nan) if still.any() and not still.all() else repeats


def _by_eighth(repeats: Floats, codes: Ints) -> tuple[Floats, Floats]:
    """Count the known rows of each part in each eighth of the log, and the repeats among them: k x 8 each."""
    known, k = ~np.isnan(repeats) & (codes >= 0), int(codes.max(initial=-1)) + 1
    cell = (codes * _EIGHTHS + np.arange(len(codes)) * _EIGHTHS // max(len(codes), 1))[known]
    count = np.bincount(cell, minlength=k * _EIGHTHS).reshape(k, _EIGHTHS)
    again = np.bincount(cell, weights=repeats[known], minlength=k * _EIGHTHS).reshape(k, _EIGHTHS)
    return count.astype(float), again.astype(float)


def few_repeats(
    base: Column, column: Column, plain: tuple[Floats, Floats] | None, dozen: int = 12
) -> tuple[Floats, Floats] | None:
    """Mark rows equal to one of the ``dozen`` before, of numbers that hardly ever come again so soon."""
    if plain is None or isinstance(base, Codes) or isinstance(column, Codes):
        return None

    def again(x: Floats) -> Floats:
        out = np.zeros(len(x), dtype=bool)
        for back in range(1, dozen + 1):
            out[back:] |= x[back:] == x[:-back]
        asked = np.arange(len(x)) >= dozen  # of those before them too few are known
        return np.where(np.isnan(x) | ~asked, np.nan, out)

    return again(base), again(column)


def entity_repeats(before: Before, base: Column, column: Column) -> tuple[str, tuple[Floats, Floats] | None]:
    """Mark rows equal to the earlier row of their thing, where things come back and used to change; the likeliest.

    Returns:
        What names the things, and the marks of baseline and log; of none nothing.
    """
    named, best, most = "", None, -1.0
    for name, (there, here) in before.things.items():
        ref, log = _repeats(base, there), _repeats(column, here)
        if (~np.isnan(log)).sum() < 30:
            continue
        early = log[: len(log) // 5] if (~np.isnan(ref)).sum() < 15 else ref
        usual = mean_of(early, 1.0)
        often = _commonest(log)
        if usual < 0.7 and often > most:
            named, best, most = name, (ref, log), often
    return named, best


def _commonest(repeats: Floats) -> float:
    """Give the greatest share of repeats in any eighth of the rows that has enough of them."""
    parts = [p for p in np.array_split(repeats, _EIGHTHS) if (~np.isnan(p)).sum() >= _ENOUGH]
    return max((float(np.nanmean(p)) for p in parts), default=0.0)


def _repeats(column: Column, before: Ints) -> Floats:
    """Say of each row whether it has the value of the row ``before`` it: 1, 0, or NaN where either is missing."""
    have = known(column)
    x = column.codes if isinstance(column, Codes) else column
    return np.where((before >= 0) & have & have[before], x == x[before], np.nan)
