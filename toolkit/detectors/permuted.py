"""The same values with other meanings (floor 4; integration): a list of codes that was sorted anew.

Each value has a share of the rows, a rate of labels and the company of other columns. Where every value since the
change has those of another value before, the codes were exchanged. The exchange is the assignment that costs least
(Kuhn 1955), each cost a squared distance in standard errors, so that a sum over the degrees of freedom is near 1 where
it fits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from toolkit.detectors.drift import Moved, exact_cells
from toolkit.detectors.evidence import Evidence, inside, make, since
from toolkit.detectors.relation import Relation, part_that_rose
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask, Sample
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change

#: Values that can be told apart at most, those of a number, and rows of one that say something of it.
_MOST, _MOST_NUMBERS, _LEAST = 30, 12, 5
#: What the costs a degree of freedom must be: of the exchange at most, and of no exchange at least.
_FITS, _UNLIKE = 2.5, 5.0
#: How many crowds of another mix there are for one list of codes that was sorted anew.
_CROWDS: Final = 10
#: The company that is no feature: the label, and each of a few classes.
_LABEL: Final = None
_CLASS, _MOST_CLASSES = "\0class ", 8


def detect(study: Study, relation: Relation | None, moves: Mapping[str, Moved]) -> list[Evidence]:
    """Ask whether a code whose values are as common as ever means others, where labels and inputs part by it."""
    found, places = [], [*_places(study, relation)]
    for name in dict.fromkeys((*study.log.features, *study.log.segments)):
        if name not in moves and (name in study.log.features or name in study.ref.segments):
            numeric = not isinstance(_column(study.log, name), Codes)
            for change, rows, part in places:
                if part is None or part[0] != name:
                    found.append(permuted(study, name, Moved(name, 0.0, abs(change.z), change, rows, numeric, part)))
    return [e for e in found if e is not None]


def _places(study: Study, relation: Relation | None) -> Iterator[tuple[Change, Mask, tuple[str, str] | None]]:
    """Give where labels and inputs parted: in all rows since a change, and in the one part that errs since one."""
    if relation is not None and relation.change.found:
        yield relation.change, relation.rows, None
    if (part := part_that_rose(study)) is not None:
        mine = study.log.segments[part.column].rows_of(part.value)
        yield part.change, mine & inside(part.change, len(study.log)), (part.column, part.value)


def permuted(study: Study, name: str, move: Moved) -> Evidence | None:
    """Look whether the values of a feature that moved exchanged what they mean."""
    base, column = _column(study.ref, name), _column(study.log, name)
    if move.numeric and not isinstance(column, Codes):
        served = column[move.rows]
        if several(served[~np.isnan(served)], _MOST_NUMBERS + 1):
            return None
    a, b, k = exact_cells(base, column)
    a, b = np.where(study.ref_slice(move.slice), a, -1), np.where(move.rows, b, -1)
    was, now = _counts(a, k), _counts(b, k)
    here = was + now > 0  # a column's names may be those of other rows too
    place = np.append(np.where(here, np.cumsum(here) - 1, -1), -1)
    a, b, was, now, k = place[a], place[b], was[here], now[here], int(here.sum())
    if not 3 <= k <= (_MOST_NUMBERS if move.numeric else _MOST):
        return None
    if now.sum() < 50 or (now[was == 0]).sum() > 0.02 * now.sum():
        return None
    from scipy.optimize import linear_sum_assignment

    company = _company(study, name, a, b, k)
    beside = sum(company.values(), np.zeros((k, k)))
    alike, error = _shares(was, now)
    cost = alike + beside
    one, two = linear_sum_assignment(cost)
    straight, best, freedom = float(np.trace(cost)), float(cost[one, two].sum()), k * (1 + len(company))
    moved = float(was[one != two].sum() / max(was.sum(), 1))
    if best > _FITS * freedom or straight < _UNLIKE * max(best, freedom) or moved < 0.1:
        return None
    # shares alone may be another crowd's: what goes with each value says whether it is
    stayed, went = float(np.trace(beside)), float(beside[one, two].sum())
    if stayed < went:
        return None
    told = stayed > 3.0 * max(went, k)
    strength = 1.0 if told else 0.75 / (1 + _CROWDS * _by_chance(error[one, two]))
    then = "in the baseline" if move.change.shape == "from_start" else "before"
    where = f" where {move.slice[0]} = {move.slice[1]}" if move.slice is not None else ""
    text = (
        f"The values of {name} mean others{where} {since(move.change)}: each has {_things(company if told else ())} "
        f"that another had {then} (misfit {best / freedom:.1f} after exchanging them back, {straight / freedom:.1f} as "
        "they are; 1 is chance)."
    )
    return make(
        study, "category_recoded", "category_recoded", text,
        strength=strength, z=move.z, change=move.change, rows=np.isin(b, two[one != two]),
        effect=moved, unit="share of rows", n=int(move.rows.sum()), features=[name],
        slice_=() if move.slice is None else (SliceTerm(*move.slice),),
        refutes=("covariate_shift", "concept_drift") if told else ("covariate_shift",) if strength > 0.5 else (),
    )  # fmt: skip


def _column(sample: Sample, name: str) -> Column:
    """Give a feature, or a segment that is none: a model may read where something lies all the same."""
    return sample.features[name] if name in sample.features else sample.segments[name]


def _counts(codes: Ints, k: int) -> Floats:
    return np.bincount(codes[codes >= 0], minlength=k).astype(float)


def _things(company: Iterable[str | None]) -> str:
    """Name what goes with each value."""
    beside = {"the labels" if c is _LABEL or c.startswith(_CLASS) else "the company" for c in company}
    *others, last = ("the share", *sorted(beside, reverse=True))
    return f"{', '.join(others)} and {last}" if others else last


def _shares(was: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Give the cost of taking each old value's share for each new one's, and the variances that it is held to."""
    n, m = was.sum(), now.sum()
    p, q = (was + 0.5) / (n + 1), (now + 0.5) / (m + 1)
    error = (p * (1 - p) / n)[:, None] + (q * (1 - q) / m)[None, :]
    return (p[:, None] - q[None, :]) ** 2 / error, error


def _by_chance(error: Floats) -> float:
    """Give the chance that another crowd's shares, any being as likely, fit the old ones in one order or another."""
    k = len(error)
    width = 2 * np.sqrt(_FITS * np.sort(error)[:-1])  # the last share is what the others leave
    return float(min(1.0, math.factorial(k) * math.factorial(k - 1) * np.prod(width)))


def _company(study: Study, name: str, a: Ints, b: Ints, k: int) -> dict[str | None, Floats]:
    """Give the same for the means of the label and of each number beside the feature, where values differ by it."""
    pairs: dict[str | None, tuple[Floats, Floats]] = {n: pair for n, pair in study.numbers.items() if n != name}
    if study.binary or study.regression:
        pairs[_LABEL] = (study.ref.label, study.mature_label)
    else:
        for place in range(min(len(study.profile.classes), _MOST_CLASSES)):
            pairs[f"{_CLASS}{place}"] = (_is(study.ref.label, place), _is(study.mature_label, place))
    made = {n: _means(a, b, x, y, k) for n, (x, y) in pairs.items()}
    return {n: cost for n, cost in made.items() if cost is not None}


def _is(label: Floats, place: int) -> Floats:
    """Say of each label whether it is of a class; NaN where it is not known."""
    return np.where(np.isnan(label), np.nan, label == place)


def _means(a: Ints, b: Ints, base: Floats, column: Floats, k: int) -> Floats | None:
    (p, n), (q, m) = _mean(a, base, k), _mean(b, column, k)
    good = ~np.isnan(base)
    spread = float(np.var(base[good])) if good.any() else 0.0
    many = ~np.isnan(p)
    if spread <= 0 or many.sum() < 2:
        return None
    # values that differ by it no more than by chance have nothing to tell
    apart = float((n * (p - np.average(p[many], weights=n[many])) ** 2)[many].sum() / spread)
    if apart < 4.0 * (many.sum() - 1):
        return None
    gap = (p[:, None] - q[None, :]) ** 2 / (spread * (1 / np.maximum(n, 1)[:, None] + 1 / np.maximum(m, 1)[None, :]))
    return np.where(np.isnan(gap), 1.0, gap)  # what has few rows could be either


def _mean(codes: Ints, x: Floats, k: int) -> tuple[Floats, Floats]:
    good = (codes >= 0) & ~np.isnan(x)
    n = np.bincount(codes[good], minlength=k).astype(float)
    return np.where(n >= _LEAST, np.bincount(codes[good], weights=x[good], minlength=k) / np.maximum(n, 1), np.nan), n
