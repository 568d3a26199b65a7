"""A group against all others, measure by measure (floor 4; bias): how far apart, how surely, in both halves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import difference, first_half
from toolkit.detectors.study import Study, predicted
from toolkit.profile.model import Codes, Floats, Mask, Sample

LEAST: Final = 20
MOST_VALUES: Final = 30


@dataclass(frozen=True)
class Gap:
    """A measure of one group less that of all others; ``early`` and ``late`` the same in both halves of the log."""

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


def measures(study: Study, sample: Sample, mature: Mask | None) -> dict[str, Floats]:
    """Give the row-level series whose mean is each measure: NaN where a row does not count for it."""
    guess = predicted(sample, study.threshold, study.profile.task)
    final = np.where(np.isnan(sample.decision), guess, sample.decision)
    label = sample.label if mature is None else np.where(mature, sample.label, np.nan)
    out: dict[str, Floats] = {}
    if study.regression:
        scale = float(np.nanstd(study.ref.label)) or 1.0
        out["error"] = np.abs(final - label) / scale
        out["overestimate"] = (final - label) / scale
        return out
    out["error"] = np.where(np.isnan(label) | np.isnan(final), np.nan, (final != label).astype(float))
    if study.binary:
        out["misses"] = np.where(label == 1, out["error"], np.nan)
        out["false alarms"] = np.where(label == 0, out["error"], np.nan)
        out["selection"] = final
    return out


def gaps(study: Study, column: str, codes: Codes) -> Iterator[Gap]:
    """Compare each value of a group with all others by each measure; of two values once, and the side worse off."""
    if len(codes.names) < 2 or len(codes.names) > MOST_VALUES:
        return
    now = measures(study, study.log, study.mature)
    base = measures(study, study.ref, None) if not study.own_reference else {}
    base_codes = study.ref.groups.get(column)
    halves = {measure: first_half(~np.isnan(x)) for measure, x in now.items()}
    for place, value in enumerate(codes.names):
        mine, rest = codes.codes == place, (codes.codes != place) & (codes.codes >= 0)
        if len(codes.names) == 2 and place == 1:
            return
        for measure, x in now.items():
            if (~np.isnan(x[mine])).sum() < LEAST or (~np.isnan(x[rest])).sum() < LEAST:
                continue
            gap, _, interval, z = difference(x[rest], x[mine])
            before = float("nan")
            if base_codes is not None and value in base_codes.names and measure in base:
                there = base_codes.rows_of(value)
                before = difference(base[measure][~there], base[measure][there])[0]
            side, rows, low = value, mine, gap
            other = _other(codes, place)
            if ((measure == "selection" and gap > 0) or (measure != "selection" and gap < 0)) and other is not None:
                # named is the side that fares worse
                side, rows, low = other, rest, -gap
                interval, z, before = (-interval[1], -interval[0]), -z, -before
            sign = low / gap if gap else 1.0
            parts = [sign * difference(x[rest & h], x[mine & h])[0] for h in (halves[measure], ~halves[measure])]
            rate, others = float(np.nanmean(x[rows])), float(np.nanmean(x[~rows & (codes.codes >= 0)]))
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
            )


def _other(codes: Codes, place: int) -> str | None:
    return codes.names[1 - place] if len(codes.names) == 2 else None
