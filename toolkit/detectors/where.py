"""Where a fault sits (floor 4): the one segment, group, version or number range that its rows share."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.detectors.evidence import difference
from toolkit.detectors.study import Study
from toolkit.profile.model import Codes, Floats, Mask
from toolkit.records import Slice, SliceTerm

LEAST: Final = 12
#: The share of the touched rows that a place must hold, while it holds far fewer of the others.
HELD: Final = 0.9


def confined(study: Study, hit: Mask, rows: Mask) -> tuple[Slice, tuple[str, ...]]:
    """Give the segment or group value that holds nearly all touched rows, else the number that tells them apart.

    ``hit`` marks the touched rows, ``rows`` those of the incident; both of the log's length. Nothing where the fault
    is spread over all.
    """
    place = part_of(study, hit, rows)
    hit, rest = hit & rows, rows & ~hit
    return place, () if place or min(hit.sum(), rest.sum()) < LEAST else _number(study, hit, rest)


def part_of(study: Study, hit: Mask, rows: Mask) -> Slice:
    """Give the segment or group value alone."""
    hit, rest = hit & rows, rows & ~hit
    if hit.sum() < LEAST or rest.sum() < LEAST:
        return ()
    best: tuple[float, SliceTerm] | None = None
    for column, codes in {**study.log.segments, **study.log.groups}.items():
        counts = np.bincount(codes.codes[hit & (codes.codes >= 0)], minlength=len(codes.names))
        if not counts.sum():
            continue
        top = int(np.argmax(counts))
        held = counts[top] / hit.sum()
        others = float((codes.codes[rest] == top).mean())
        if held >= HELD and others < 0.5 * held and (best is None or held - others > best[0]):
            best = (held - others, SliceTerm(column, codes.names[top]))
    return () if best is None else (best[1],)


def _number(study: Study, hit: Mask, rest: Mask) -> tuple[str, ...]:
    """Name the numeric feature above or below which nearly all touched rows lie."""
    from toolkit.detectors.curve import auc

    flags = np.where(hit, 1.0, np.where(rest, 0.0, np.nan))
    told = {n: auc(c, flags) for n, c in study.log.features.items() if not isinstance(c, Codes)}
    top = max(told, key=lambda n: told[n], default=None)
    return (top,) if top is not None and told[top] > 0.9 else ()


def of_one_group(study: Study, x: Floats) -> bool:
    """Whether nearly all of a row-level excess (NaN where unknown) lies on one group, and next to none on the rest."""
    known = ~np.isnan(x)
    for codes in study.log.groups.values():
        for place in range(len(codes.names)):
            mine, rest = x[known & (codes.codes == place)], x[known & (codes.codes != place)]
            if min(len(mine), len(rest)) < 2 * LEAST or difference(rest, mine)[3] < 4:
                continue
            if rest.mean() < 0.2 * mine.mean() and mine.sum() > 0.75 * x[known].sum():
                return True
    return False


def version_since(study: Study, rows: Mask) -> tuple[str, ...]:
    """Name the version that answers most of the marked rows and hardly any of the others."""
    codes = study.log.version
    if len(codes.names) < 2 or not rows.any() or rows.all():
        return ()
    now = np.bincount(codes.codes[rows & (codes.codes >= 0)], minlength=len(codes.names)) / rows.sum()
    then = np.bincount(codes.codes[~rows & (codes.codes >= 0)], minlength=len(codes.names)) / (~rows).sum()
    top = int(np.argmax(now - then))
    return (codes.names[top],) if now[top] > 0.6 and then[top] < 0.3 else ()
