"""A value that fills in for others, and a value that no longer moves (floor 4; integration).

Default: one value's share jumps while the other values keep their proportions. Frozen: in time order a row repeats
the value of the row before it far more often than chance, or entities that used to change no longer do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.drift import cells, exact_cells, shares
from toolkit.detectors.evidence import Evidence, inside, ks_distance, make, percent, proportion_z
from toolkit.detectors.study import Study, known, seen
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask
from toolkit.timeline.change import Change, find_change

LEAST_RISE: Final = 0.03
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
    for name, column in study.log.features.items():
        still = frozen(study, name, study.ref.features[name], column)
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
    top = _risen(base, column)
    if top is None:
        return
    flags, base_share, label = top
    reference = None if study.own_reference else (base_share, base_share * (1 - base_share), float(len(study.ref)))
    change = find_change(np.where(known(column), flags, np.nan), reference=reference)
    if not change.found or change.z < 0:
        return
    rows = inside(change, len(flags))
    share = float(flags[rows].mean())
    z = proportion_z(base_share * len(study.ref), len(study.ref), flags[rows].sum(), rows.sum())
    rise = share - base_share
    if rise < LEAST_RISE or z < 6:
        return
    rest = _rest_moved(base, column, flags > 0, rows, label)
    # a whole feature at one value leaves no rest to look at
    strength = 0.9 if share > 0.97 else float(np.clip(1.1 - 5 * rest, 0.0, 1.0))
    new_name = isinstance(column, Codes) and isinstance(base, Codes) and label not in seen(base)
    if new_name and label.strip().lower() not in PLACEHOLDERS:
        return
    named = label.strip().lower() in PLACEHOLDERS
    few = len(np.unique(_texts(base)[_texts(base) >= 0])) < 4  # no proportions of others that could be kept
    if share < 0.9 and (few or base_share > 0.1 or (isinstance(column, Codes) and not named)):
        # a usual value that became more usual is rather a change of the crowd
        strength *= 0.3
    if strength < 0.2:
        return
    text = (
        f"{name} is {label} in {percent(share)} of the rows since the change ({percent(base_share)} before), while its "
        f"other values keep their proportions (distance {rest:.2f})."
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


def _risen(base: Column, column: Column) -> tuple[Floats, float, str] | None:
    """Find the value whose share rose most from the baseline to any quarter of the log."""
    ref, log, k = exact_cells(base, column)
    if k < 1:
        return None
    have = max(int((ref >= 0).sum()), 1)
    share_ref = np.bincount(ref[ref >= 0], minlength=k) / have
    rise = np.full(k, -1.0)
    for part in (log, *np.array_split(log, 4)):
        m = int((part >= 0).sum())
        if m >= 15:
            rise = np.maximum(rise, np.bincount(part[part >= 0], minlength=k) / m - share_ref)
    value = int(np.argmax(rise))
    if rise[value] < LEAST_RISE:
        return None
    flags = (log == value).astype(float)
    first = int(np.argmax(flags))
    label = column.names[column.codes[first]] if isinstance(column, Codes) else f"{column[first]:.6g}"
    return flags, float(share_ref[value]), label


def _rest_moved(base: Column, column: Column, filled: Mask, rows: Mask, label: str) -> float:
    """Give the distance between the other values of the changed rows and of the baseline."""
    if isinstance(base, Codes) and isinstance(column, Codes):
        a, b, k = cells(base, column)
        of = base.names.index(label) if label in base.names else -2
        p, q = a[(a >= 0) & (base.codes != of)], b[rows & ~filled & (b >= 0)]
        return float(np.abs(shares(p, k, 0.0) - shares(q, k, 0.0)).sum() / 2) if len(p) and len(q) > 10 else 0.0
    assert not isinstance(base, Codes)
    assert not isinstance(column, Codes)
    value = column[filled][0]
    rest = column[rows & ~filled & ~np.isnan(column)]
    if len(rest) < 12:
        return 0.0
    p = base[~np.isnan(base) & (base != value)]
    return float(max(ks_distance(p, rest) - 0.8 / np.sqrt(len(rest)), 0.0))


def frozen(study: Study, name: str, base: Column, column: Column) -> Evidence | None:
    """Look for values that repeat their entity's last value, or the row before them (of their segment)."""
    for repeats, kind in (
        (_entity_repeats(study, base, column), "its entity's last value"),
        (_segment_repeats(study, base, column), "the row before it of its segment"),
        (_row_repeats(base, column), "the row before it"),
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
    if not change.found or change.z < 6 or change.after - change.before < 0.25:
        return None
    rows = inside(change, len(log))
    if _is_default(base, column, change) or _by_chance(column, rows, change.after):
        return None
    text = (
        f"{name} repeats {kind} in {percent(change.after)} of the rows since the change, {percent(change.before)} "
        "before."
    )
    return make(
        study,
        "stale_feature",
        "stale_feature",
        text,
        strength=min(1.0, 0.6 + change.after / 2),
        z=change.z,
        change=change,
        rows=rows,
        effect=change.after - change.before,
        unit="share of rows",
        n=int(rows.sum()),
        features=[name],
        refutes=("covariate_shift", "bad_rollout", "concept_drift"),
    )


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
    foreign = len(np.unique(have)) <= 30 and value not in have
    return value in typical or middle or foreign or not carried


def _by_chance(column: Column, rows: Mask, repeats: float) -> bool:
    """Whether rows repeat each other only because a few values fill the changed rows, in any order."""
    codes = _texts(column)[rows]
    codes = codes[codes >= 0]
    if not len(codes):
        return True
    chance = float((shares(codes, int(codes.max()) + 1, 0.0) ** 2).sum())
    return 0.02 < chance < 0.95 and (repeats - chance) / (1 - chance) < 0.6


def _row_repeats(base: Column, column: Column) -> tuple[Floats, Floats] | None:
    """Mark rows equal to the one before, for features that hardly ever repeat by chance."""
    out = []
    for part in (base, column):
        codes = _texts(part)
        have = codes[codes >= 0]
        if len(have) < 15:
            return None
        same = np.full(len(codes), np.nan)
        both = (codes[1:] >= 0) & (codes[:-1] >= 0)
        same[1:][both] = (codes[1:] == codes[:-1])[both]
        out.append(same)
    codes = _texts(base)
    chance = float((shares(codes, int(codes.max()) + 1, 0.0) ** 2).sum())
    return (out[0], out[1]) if chance < 0.2 else None


def _segment_repeats(study: Study, base: Column, column: Column) -> tuple[Floats, Floats] | None:
    """Mark rows equal to the row before of the same segment value, for the segment where that became commonest."""
    plain = _row_repeats(base, column)
    if plain is None:
        return None
    best, most = None, max(0.5, 1.5 * float(np.nanmean(plain[1])))
    for name, codes in study.log.segments.items():
        log = _same_as_last(codes.codes, _texts(column))
        parts = [p for p in np.array_split(log, 8) if (~np.isnan(p)).sum() >= 15]
        often = max((float(np.nanmean(p)) for p in parts), default=0.0)
        if often > most:
            ref = study.ref.segments.get(name)
            before = plain[0] if ref is None else _same_as_last(ref.codes, _texts(base))
            best, most = (before, log), often
    return best


def _entity_repeats(study: Study, base: Column, column: Column) -> tuple[Floats, Floats] | None:
    """Mark rows equal to their entity's earlier row, where entities come back and used to change."""
    ref = _same_as_last(study.ref.entity.codes, _texts(base))
    log = _same_as_last(study.log.entity.codes, _texts(column))
    if (~np.isnan(log)).sum() < 30:
        return None
    early = log[: len(log) // 5] if (~np.isnan(ref)).sum() < 15 else ref
    usual = float(np.nanmean(early)) if (~np.isnan(early)).any() else 1.0
    return (ref, log) if usual < 0.7 else None


def _same_as_last(entity: Ints, codes: Ints) -> Floats:
    out = np.full(len(entity), np.nan)
    order = np.argsort(entity, kind="stable")
    e, c = entity[order], codes[order]
    again = (e[1:] == e[:-1]) & (e[1:] >= 0) & (c[1:] >= 0) & (c[:-1] >= 0)
    out[order[1:][again]] = (c[1:] == c[:-1])[again]
    return out
