"""Did other rows come than the baseline has (floor 4; data)? Features moved together, none of them by a defect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.detectors.calendar import counts_up
from toolkit.detectors.drift import Moved, exact_cells, shares, variation
from toolkit.detectors.evidence import Evidence, difference, ks_distance, ks_z, make, percent
from toolkit.detectors.mix import hardly_held, of_the_mix
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study, seen
from toolkit.detectors.support import off_support
from toolkit.detectors.values import distinct, of_things
from toolkit.profile.model import Codes, Column, Mask
from toolkit.timeline.change import Change

#: What is said of features that were otherwise from the first row on: the baseline lacked such rows.
_LACKED = ("unrepresentative_data", "covariate_shift")
#: Things that a column numbers at least, rows of each on average, and the share of rows whose thing was there before.
_THINGS, _AGAIN, _KNOWN = 10, 3, 0.02
#: How sure (z) it must be that foreign rows err more, and how strong a sign it is that they carry all of the harm.
_SURE, _CARRIES = 6.0, 0.9
#: The part of its move that a column may have wandered in the baseline by itself.
_WANDERED = 1 / 3
#: How far the labels lie from the baseline's (KS, total variation) where they moved with a feature.
_ALONG = 0.1
#: The share of the rows from which on one value that the baseline never had was written by a step of a pipeline.
_WRITTEN = 0.03


def detect(study: Study, moves: dict[str, Moved], relation: Relation | None, explained: set[str]) -> list[Evidence]:
    """Look for features that moved by no defect; ``explained`` are those that an integration fault moved."""
    plain = [m for n, m in moves.items() if n not in explained and m.distance > 0.03]
    if not plain:
        return []
    crowd = _together(study, plain)
    reading, tested = _read(study, crowd), max(len(study.log.features), 1)
    names = [m.name for m in crowd.moved[:5]]
    outside = float(crowd.outside[crowd.rows].mean()) if crowd.rows.any() else 0.0
    text = (
        f"{len(plain)} of {tested} features moved ({', '.join(names)}), by up to {crowd.farthest.distance:.2f}; "
        f"{percent(outside)} of the rows lie where the baseline has none.{reading.told}"
    )
    mix = float(np.clip(relation.mix / relation.total, 0.0, 1.0)) if relation and relation.total > 1e-9 else None
    return [
        make(
            study,
            "population",
            reading.mechanism,
            text,
            strength=reading.strength,
            z=max(m.z for m in plain) - np.sqrt(2 * np.log(tested)),
            change=crowd.change,
            rows=crowd.rows,
            effect=crowd.farthest.distance,
            unit="KS distance or total variation",
            n=int(crowd.rows.sum()),
            features=names,
            supports=reading.supports,
            details={"off_support": outside, "mix_share": mix},
        )
    ]


@dataclass(frozen=True)
class _Crowd:
    """Features that moved, the farthest first, since when and in which rows; ``outside`` the baseline has no rows."""

    moved: Sequence[Moved]
    change: Change
    rows: Mask
    outside: Mask

    @property
    def farthest(self) -> Moved:
        return self.moved[0]

    @property
    def size(self) -> float:
        """How far they moved, of what is far enough."""
        return float(np.clip(self.farthest.distance / 0.15, 0.15, 1.0))

    @property
    def coherent(self) -> float:
        """How far several moved, as another crowd moves them."""
        return min(1.0, 0.45 + 0.55 * min(len(self.moved), 3) / 3)


def _together(study: Study, plain: Sequence[Moved]) -> _Crowd:
    """Put the moves together: the onset is that of the surest of them, the rows are those of the farthest."""
    moved = sorted(plain, key=lambda m: -m.distance)
    rows = np.zeros(len(study.log), dtype=bool)
    for m in moved[:3]:
        rows |= m.rows
    return _Crowd(moved, max(moved, key=lambda m: abs(m.change.z)).change, rows, off_support(study))


@dataclass(frozen=True)
class _Reading:
    """What the moves are taken for, and the sentence that says why it is not what it looks like."""

    mechanism: str
    strength: float
    supports: tuple[str, ...]
    told: str = ""


def _read(study: Study, crowd: _Crowd) -> _Reading:
    """Take what moved since a row for a shift, and what always was otherwise for rows that the baseline lacked.

    One feature alone that was otherwise from the first row on may be a step of the pipeline instead.
    """
    name, size = crowd.farthest.name, crowd.size
    strength = max(crowd.coherent * size, _CARRIES * _carried(study, crowd.rows, crowd.outside))
    if crowd.change.shape != "from_start":
        return _Reading("covariate_shift", strength, ("covariate_shift",))
    if len(crowd.moved) > 1 or len(study.log.features) < 3 or not _steady(study, crowd.farthest):
        return _Reading("unrepresentative_data", strength, _LACKED)
    if of_the_mix(study, name) or hardly_held(study, crowd.farthest.slice):
        told = " Other parts of the traffic are served than the baseline had: no step of a pipeline need have failed."
        return _Reading("unrepresentative_data", size, _LACKED, told)
    if labels_went_along(study):
        told = " The labels moved too, as they do in another world and not behind a step of a pipeline that failed."
        return _Reading("unrepresentative_data", strength, _LACKED, told)
    told = " The others are as they were, and the feature differs within the baseline's range too."
    if _numbers_things(study.ref.features[name], study.log.features[name]):
        told += " It numbers things, and none of these was there: what the model knows of each is of no use."
        return _Reading("memorised_training_data", 0.85 * size, ("memorised_training_data", "leakage"), told)
    return _Reading("training_serving_skew", 0.85 * size, ("training_serving_skew", "unrepresentative_data"), told)


def _carried(study: Study, rows: Mask, outside: Mask) -> float:
    """Give the share of the rows' excess loss that falls on those where the baseline has none; 0 where that is chance.

    Of few such rows a distance of distributions says little, and all of the harm may be theirs.
    """
    loss, usual = study.log_loss.model, study.ref_loss.model
    there = rows & outside & ~np.isnan(loss)
    more, _, _, z = difference(usual, loss[there])
    excess = float(np.nansum(loss[rows] - np.nanmean(usual))) if rows.any() and not np.isnan(usual).all() else 0.0
    if not z > _SURE or not excess > 0:
        return 0.0
    share = float(np.clip(more * there.sum() / excess, 0.0, 1.0))
    return share if share > 0.5 else 0.0


def _numbers_things(base: Column, column: Column) -> bool:
    """Whether whole numbers stand for things that come again and again, hardly one of them in both."""
    if isinstance(base, Codes) or isinstance(column, Codes):
        return False
    have, now = (np.sort(x[~np.isnan(x)]) for x in (base, column))
    if not all(of_things(x, _THINGS, _AGAIN) for x in (have, now)) or counts_up(column):
        return False
    return bool(np.isin(now, have).mean() <= _KNOWN)


def _steady(study: Study, moved: Moved) -> bool:
    """Whether the baseline is all of one kind and its range is all that is served: else it is the crowd that differs.

    A column that wandered nearly as far between training and validation, as prices do, is no step of a pipeline.
    """
    name = moved.name
    base = study.ref.features[name]
    taught = study.train.features.get(name) if study.train is not None and study.baseline == "validation" else None
    if taught is not None and not isinstance(taught, Codes) and not isinstance(base, Codes):
        a, b = taught[~np.isnan(taught)], base[~np.isnan(base)]
        away = ks_distance(a, b) if min(len(a), len(b)) >= 30 else 0.0
        if away > _WANDERED * moved.distance and ks_z(away, len(a), len(b)) > 3:
            return False
    return not _restricted(study, name)


def labels_went_along(study: Study) -> bool:
    """Whether labels are distributed otherwise than in the baseline too, which a column's pipeline does not touch."""
    have, now = (x[~np.isnan(x)] for x in (study.ref.label, study.mature_label))
    if min(len(have), len(now)) < 30:
        return False
    if study.profile.task == "multiclass":
        a, b, k = exact_cells(have, now)
        away = variation(shares(a, k, 0.0), shares(b, k, 0.0))
    else:
        away = ks_distance(have, now)
    return away > _ALONG and ks_z(away, len(have), len(now)) > _SURE


def _restricted(study: Study, name: str) -> bool:
    """Whether the baseline is a part of what is served: cut to the baseline's range, the log looks like it."""
    base, now = study.ref.features[name], study.log.features[name]
    if isinstance(base, Codes) or isinstance(now, Codes):
        if not (isinstance(base, Codes) and isinstance(now, Codes)):
            return False
        kept = np.isin(now.codes, [now.names.index(v) for v in seen(base) if v in now.names])
        a, b, k = exact_cells(base, now.take(kept))
        return bool(kept.mean() < 0.97 and len(b) > 30 and variation(shares(a, k, 0.0), shares(b, k, 0.0)) < 0.1)
    have, served = base[~np.isnan(base)], now[~np.isnan(now)]
    values, counts = distinct(served)
    # one value of many rows that the baseline never had is no crowd: somebody wrote it
    written = values[(counts > _WRITTEN * len(served)) & ~np.isin(values, have)]
    served = served[~np.isin(served, written)]
    low, high = np.quantile(have, [0.002, 0.998])
    inner = served[(served >= low) & (served <= high)]
    return bool(len(inner) < 0.93 * len(served) and len(inner) > 30 and ks_distance(have, inner) < 0.12)
