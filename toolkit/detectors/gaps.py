"""A group against all others, measure by measure (floor 4; bias): how far apart, how surely, in both halves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from toolkit.detectors.equal import EQUAL, in_equal_cases
from toolkit.detectors.evidence import difference, first_half
from toolkit.detectors.study import Study, predicted
from toolkit.profile.model import Codes, Floats, Mask, Sample
from toolkit.records import Slice, SliceTerm

LEAST: Final = 20
#: Measures of which more is better.
SELECTION: Final = frozenset({"selection", EQUAL})
#: The measure of which nought is best, on either side.
SIGNED: Final = "overestimate"
#: Values of two attributes that are crossed.
_FEW: Final = 8


@dataclass(frozen=True)
class Gap:
    """A measure of one group less that of all others; ``early`` and ``late`` the same in both halves of the log.

    ``slice`` are the terms that make the group, two of a corner where two attributes meet.
    """

    column: str
    value: str
    measure: str
    rate: float
    rest: float
    gap: float
    interval: tuple[float, float]
    z: float
    early: float
    late: float
    before: float
    n: int
    rows: Mask
    slice: Slice = ()


def measures(study: Study, sample: Sample, mature: Mask | None) -> dict[str, Floats]:
    """Give the row-level series whose mean is each measure: NaN where a row does not count for it."""
    guess = predicted(sample, study.threshold, study.profile.task)
    final = np.where(np.isnan(sample.decision), guess, sample.decision)
    label = sample.label if mature is None else np.where(mature, sample.label, np.nan)
    out: dict[str, Floats] = {}
    if study.regression:
        known = study.ref.label if not np.isnan(study.ref.label).all() else label
        scale = 1.0 if np.isnan(known).all() else float(np.nanstd(known)) or 1.0
        # whose numbers are larger is told with a larger error, where errors grow with the numbers
        off = (final - label) * study.weight(sample) / scale
        out |= {"error": np.abs(off), SIGNED: off}
        return out
    out["error"] = np.where(np.isnan(label) | np.isnan(final), np.nan, (final != label).astype(float))
    if study.binary:
        out["misses"] = np.where(label == 1, out["error"], np.nan)
        out["false alarms"] = np.where(label == 0, out["error"], np.nan)
        out["selection"] = final
        if (equal := in_equal_cases(study, sample, final)) is not None:
            out[EQUAL] = equal
    return out


def measured(study: Study) -> dict[str, Floats]:
    """Give the same of the log's rows whose labels are mature; once a study."""
    if "measures" not in study.memo:
        study.memo["measures"] = measures(study, study.log, study.mature)
    found: dict[str, Floats] = study.memo["measures"]
    return found


def _held(study: Study) -> dict[str, Floats]:
    """Give the same of the baseline; nothing where it is a part of the log."""
    if "measures held" not in study.memo:
        study.memo["measures held"] = {} if study.own_reference else measures(study, study.ref, None)
    found: dict[str, Floats] = study.memo["measures held"]
    return found


def gaps(study: Study, column: str, codes: Codes) -> Iterator[Gap]:
    """Compare each value of a group with all others by each measure; of two values once, and the side worse off."""
    if len(codes.names) < 2:
        return
    now = measured(study)
    base = _held(study)
    base_codes = study.ref.groups.get(column)
    halves = {measure: first_half(~np.isnan(x)) for measure, x in now.items()}
    for place, value in enumerate(codes.names):
        mine, rest = codes.codes == place, (codes.codes != place) & (codes.codes >= 0)
        if len(codes.names) == 2 and place == 1:
            return
        for measure, x in now.items():
            here, there = x[mine], x[rest]
            if min((~np.isnan(here)).sum(), (~np.isnan(there)).sum()) < LEAST:
                continue
            gap, _, interval, z = difference(there, here)
            before = float("nan")
            if base_codes is not None and value in base_codes.names and measure in base:
                held = base_codes.rows_of(value)
                before = difference(base[measure][~held], base[measure][held])[0]
            side, rows, low = value, mine, gap
            other = _other(codes, place)
            if not _worse(measure, here, there) and gap and other is not None:
                # named is the side that fares worse
                side, rows, low = other, rest, -gap
                interval, z, before = (-interval[1], -interval[0]), -z, -before
            sign = low / gap if gap else 1.0
            early, earlier = halves[measure][mine], halves[measure][rest]
            parts = [sign * difference(there[b], here[a])[0] for a, b in ((early, earlier), (~early, ~earlier))]
            rate, others = float(np.nanmean(here)), float(np.nanmean(there))
            if rows is rest:
                rate, others = others, rate
            yield Gap(
                column,
                side,
                measure,
                rate,
                others,
                low,
                interval,
                z,
                parts[0],
                parts[1],
                before,
                int(rows.sum()),
                rows,
                (SliceTerm(column, side),),
            )


def _worse(measure: str, here: Floats, there: Floats) -> bool:
    """Whether the first fares worse: chosen less, erring more, or taken for too much or too little, whichever it is."""
    mine, others = float(np.nanmean(here)), float(np.nanmean(there))
    if measure == SIGNED:
        return abs(mine) > abs(others)
    return mine < others if measure in SELECTION else mine > others


def _other(codes: Codes, place: int) -> str | None:
    return codes.names[1 - place] if len(codes.names) == 2 else None


def corners(study: Study) -> Iterator[Gap]:
    """Compare each corner where two attributes meet with all others, by errors (Buolamwini and Gebru 2018)."""
    few = [(n, c) for n, c in study.log.groups.items() if 2 <= len(c.names) <= _FEW]
    for i, (one, a) in enumerate(few):
        for two, b in few[i + 1 :]:
            codes = np.where((a.codes >= 0) & (b.codes >= 0), a.codes * len(b.names) + b.codes, -1)
            pairs = {str(place): pair for place, pair in enumerate(product(a.names, b.names))}
            for g in gaps(study, f"{one} and {two}", Codes(tuple(pairs), codes)):
                if g.measure not in SELECTION:
                    x, y = pairs[g.value]
                    yield replace(g, value=f"{x} and {y}", slice=(SliceTerm(one, x), SliceTerm(two, y)))
