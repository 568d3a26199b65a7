"""One column that told the label in the reference and does not when served (floor 4; overfitting or integration).

Either it knew then what is not known yet at serving time (a leak), or what is served under its name belongs to other
rows (a join that was lost). A leak tells the label all but perfectly, and has that from knowing it; an honest column
that tells much of it, comes as it always did and tells nothing any more was joined to other rows. Between the two lies
a stretch where both get their say.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from toolkit.detectors.curve import auc
from toolkit.detectors.drift import Moved
from toolkit.detectors.evidence import Evidence, difference, from_start, logistic, make
from toolkit.detectors.joined import all_joined, part_joined
from toolkit.detectors.promise import doubted
from toolkit.detectors.study import Study, first_known, known, predicted
from toolkit.detectors.support import off_support
from toolkit.detectors.values import distinct, mean_of
from toolkit.profile.model import Codes, Floats, Mask

#: What a story refutes that tells of one column which lost what it told from the first row.
_REFUTED: Final = (
    "memorised_training_data",
    "stale_feature",
    "missing_values",
    "default_filled",
    "schema_change",
    "concept_drift",
    "swapped_columns",
)
#: From this strength on the finding speaks against others.
_HEARD: Final = 0.3
#: Up to this AUC a column hardly tells anything.
_HARDLY: Final = 0.6
#: Served rows that must be there to ask whether the model read a column, the share of one value up to which it
#: varies, and how far from 0.5 the AUC of the answers by it is that of a column that was read.
_ASKED, _CONSTANT, _FOLLOWS = 100, 0.9, 0.02
#: From this on a column tells the label so well that it must have known it; half of the doubt lies below.
_KNEW: Final = 0.93
#: From here on it is the label but for a little, and that it comes otherwise now says nothing of whom it comes from.
_ALL_BUT_THE_LABEL: Final = 0.97
#: What is left of it where the reference's labels are rather the model's answers, which are told better than outcomes.
_DOUBTED: Final = 0.2
#: How sure (z) the drop must be to say of a model that its rows, learned by heart, are not why it errs.
_SURE: Final = 6.0


@dataclass(frozen=True)
class _Lost:
    """The feature that lost most: its AUC in the reference and served, the next largest drop, and the target."""

    name: str
    was: float
    is_: float
    next: float
    target: Floats
    now: Floats

    @property
    def drop(self) -> float:
        return self.was - self.is_

    @property
    def error(self) -> float:
        """Give the standard error of the served AUC at 0.5."""
        return _error(self.now)

    @property
    def nothing(self) -> bool:
        """Whether what it tells when served is chance."""
        return self.is_ < 0.5 + 3.0 * self.error

    @property
    def z(self) -> float:
        """Give the drop in standard errors of both AUCs."""
        return self.drop / float(np.hypot(self.error, _error(self.target)))


def detect(study: Study, moves: Mapping[str, Moved]) -> list[Evidence]:
    """Look for the feature that told most of the label and does not when served."""
    lost = None if study.own_reference or not study.has_labels else _worst(study)
    if lost is None or lost.drop < 0.08 or lost.z < 3 or lost.was < 0.7:
        return []
    if not _early(study, lost) or _of_strangers(study, lost):
        return []
    size = logistic(14 * (lost.drop - 0.14)) * (1.0 if lost.drop > 2 * lost.next else 0.7)
    missed = difference(study.ref_loss.model, first_known(study.log_loss.model))[3]
    if np.isfinite(missed):
        size *= logistic(2 * (missed - 1.5))  # what does no harm from the first row on was never read
    size *= _DOUBTED if doubted(study) else 1.0
    told = (
        f"{lost.name} alone told the label in the reference (AUC {lost.was:.2f}; 1 tells all, 0.5 nothing) and "
        f"{'hardly does' if lost.is_ < _HARDLY else 'tells less'} when served (AUC {lost.is_:.2f}), from the first row"
    )
    joined = _joined(study, lost, moves) * size
    leaked = size * logistic(30 * (lost.was - 0.88)) * (1.0 - 0.5 * joined)
    found = []
    if leaked > 0.05:
        text = f"{told}: it knew what is not known at serving time."
        crowd = ("unrepresentative_data", "covariate_shift") if lost.was > _ALL_BUT_THE_LABEL else ()
        found.append(_evidence(study, lost, "leakage", text, leaked, ("training_serving_skew", *crowd)))
    if joined > 0.05:
        text = f"{told}, though its values come as they did and the others tell what they told: joined to other rows."
        noise = ("label_noise",) if _others_too(study, lost, lost.drop / (lost.was - 0.5)) < 0 else ()
        found.append(_evidence(study, lost, "training_serving_skew", text, joined, noise))
    if max(leaked, joined) <= _HEARD and lost.z > _SURE and lost.drop > 2 * lost.next:
        text = f"{told}, whatever a model made of it."
        found.append(_evidence(study, lost, "", text, 0.0, ("memorised_training_data",)))
    return found


def _error(flags: Floats) -> float:
    """Give the standard error of an AUC of 0.5 on these flags, by the rarer of the two."""
    return float(0.5 / np.sqrt(max(float(min((flags == 1).sum(), (flags == 0).sum())), 1.0)))


def _worst(study: Study) -> _Lost | None:
    worst: _Lost | None = None
    for target, later, said in _targets(study):
        if (~np.isnan(target)).sum() < 40 or (~np.isnan(later)).sum() < 40:
            continue
        # what is dear to ask of a column is asked of those that may be the first two alone
        mine = list(islice((d for d in _drops(study, target, later) if not _unread(study, d[1], target, said)), 2))
        if mine and (worst is None or mine[0][0] > worst.drop):
            _, name, was, is_ = mine[0]
            worst = _Lost(name, was, is_, mine[1][0] if len(mine) > 1 else 0.0, target, later)
    return worst


def _early(study: Study, lost: _Lost) -> bool:
    """Whether the feature told as little in the first third of the log: what it lost later is no leak."""
    n = len(lost.now) // 3
    early = lost.now.copy()
    early[n:] = np.nan
    if known(study.log.features[lost.name])[:n].mean() < 0.1 or (~np.isnan(early)).sum() <= 40:
        return True
    _, x_now = _coded(study.ref.features[lost.name], study.log.features[lost.name], lost.target)
    return lost.was - auc(x_now, early) >= 0.6 * lost.drop


def _of_strangers(study: Study, lost: _Lost) -> bool:
    """Whether it tells the old all the same of rows like the baseline's: what it lost, it lost on another crowd."""
    strange = off_support(study, but=lost.name)
    alike = np.where(strange, np.nan, lost.now)
    if strange.mean() < 0.1 or (~np.isnan(alike)).sum() <= 40:
        return False
    _, x_now = _coded(study.ref.features[lost.name], study.log.features[lost.name], lost.target)
    return lost.was - auc(x_now, alike) < 0.5 * lost.drop


def _joined(study: Study, lost: _Lost, moves: Mapping[str, Moved]) -> float:
    """How much it looks as if the values belong to other rows: they come as they did, and tell nothing, or in part."""
    if (
        lost.name in moves
        or known(study.log.features[lost.name]).mean() < 0.9 * known(study.ref.features[lost.name]).mean()
    ):
        return 0.0
    nothing = all_joined(lost.is_, lost.error) * logistic(60 * (_KNEW - lost.was))
    alone = 1.0 if lost.next < max(0.25 * lost.drop, 3.0 * lost.error) else 0.3
    x_was, x_now = _coded(study.ref.features[lost.name], study.log.features[lost.name], lost.target)
    share = lost.drop / (lost.was - 0.5)
    part = 0.0 if lost.nothing else part_joined(x_was, lost.target, x_now, lost.now, share)
    part *= not (part > _HEARD and _others_too(study, lost, share) > 0)
    return float(max(nothing, part) * alone)


def _others_too(study: Study, lost: _Lost, share: float) -> float:
    """Say whether the others rather lost the same share of what they told: above 0 labels are noisy, below 0 not.

    By least squares: the drops d of AUCs that were u over one half lie nearer to share * u than to 0. Where no other
    column told anything it is 0.
    """
    nearer = 0.0
    for drop, name, was, _ in _drops(study, lost.target, lost.now):
        if name != lost.name and was - 0.5 > 3.0 * _error(lost.target):
            nearer += (was - 0.5) * (2.0 * drop - share * (was - 0.5))
    return nearer


def _evidence(
    study: Study, lost: _Lost, mechanism: str, text: str, strength: float, refutes: tuple[str, ...]
) -> Evidence:
    return make(
        study,
        "leakage",
        mechanism,
        text,
        strength=strength,
        z=lost.z,
        change=from_start(study),
        effect=-lost.drop,
        unit="AUC",
        n=int((~np.isnan(lost.now)).sum()),
        features=[lost.name],
        rows=np.ones(len(study.log), dtype=bool) if mechanism != "leakage" else None,
        refutes=(*_REFUTED, *refutes) if strength > _HEARD else () if mechanism else refutes,
    )


def _drops(study: Study, y: Floats, now: Floats) -> Iterator[tuple[float, str, float, float]]:
    """Give how much less features tell of the target than they did, the most first: (drop, name, AUC before, AUC now).

    No feature can lose more than it told, so that what it tells now is asked only where that may be more than the next.
    """
    may_lose = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        never = known(column).mean() < 0.1  # what never comes when serving tells nothing
        if not (isinstance(base, Codes) and len(base.names) > 40) and (never or type(base) is type(column)):
            was = auc(_coded(base, base, y)[0], y)
            may_lose.append((was - 0.5, name, was, 0.5 if never else None))
    may_lose.sort(key=lambda d: d[:2])
    while may_lose:
        drop, name, was, is_ = may_lose.pop()
        if is_ is None:
            is_ = auc(_coded(study.ref.features[name], study.log.features[name], y)[1], now)
            insort(may_lose, (was - is_, name, was, is_), key=lambda d: d[:2])
        else:
            yield drop, name, was, is_


def unread(study: Study, name: str) -> bool:
    """Whether the served answers do not follow a column, though its values vary: whatever came in it did no harm."""
    return all(_unread(study, name, target, said) for target, _, said in _targets(study))


def _unread(study: Study, name: str, target: Floats, said: Floats) -> bool:
    """Whether the served answers do not follow a column, though its values vary: the model never read it."""
    column = study.log.features[name]
    _, x = _coded(study.ref.features[name], column, target)
    use = ~np.isnan(x) & ~np.isnan(said)
    if use.sum() < _ASKED or not 0 < said[use].mean() < 1:
        return False
    if abs(auc(x[use], said[use]) - 0.5) >= max(_FOLLOWS, 2.5 * _error(said[use])):
        return False
    # a column that came empty or filled in is none that answers could follow
    return bool(distinct(x[use])[1].max() <= _CONSTANT * use.sum())


def _targets(study: Study) -> list[tuple[Floats, Floats, Floats]]:
    """Give binary targets: of baseline, log, and the served answers.

    They are the label, each common class, or above the baseline's median.
    """
    base, now, said = study.ref.label, study.mature_label, predicted(study.log, study.threshold, study.profile.task)
    if study.binary:
        return [(base, now, said)]
    known_base = base[~np.isnan(base)]
    if study.regression:
        cut = np.median(known_base) if len(known_base) else 0.0
        return [(_flags(base, base > cut), _flags(now, now > cut), _flags(said, said > cut))]
    values, counts = np.unique(known_base, return_counts=True)
    return [
        (_flags(base, base == v), _flags(now, now == v), _flags(said, said == v))
        for v in values[np.argsort(-counts)[:6]]
    ]


def _flags(label: Floats, yes: Mask) -> Floats:
    return np.where(np.isnan(label), np.nan, yes.astype(float))


def _coded(base: Floats | Codes, column: Floats | Codes, y: Floats) -> tuple[Floats, Floats]:
    """Give both columns as numbers; text by the label's mean on the baseline (with a few pseudo-rows).

    A half of the baseline is told by the labels of the other: of many values with few rows each, a row's own label
    would tell itself.
    """
    if isinstance(base, Codes) and isinstance(column, Codes):
        even = np.arange(len(y)) % 2 == 0
        halves = [_means(base, np.where(mine, np.nan, y))[base.codes] for mine in (even, ~even)]
        names = {value: place for place, value in enumerate(base.names)}
        here = np.array([*[names.get(v, len(names)) for v in column.names], -1])
        means = _means(base, y)
        return np.where(even, *halves), np.insert(means, len(names), mean_of(y, 0.0))[here[column.codes]]
    assert not isinstance(base, Codes)
    assert not isinstance(column, Codes)
    return base, column


def _means(base: Codes, y: Floats) -> Floats:
    """Give the mean label of each value, drawn to that of all by twenty rows of it; NaN last, for what is missing."""
    good = (base.codes >= 0) & ~np.isnan(y)
    n = np.bincount(base.codes[good], minlength=len(base.names))
    total = np.bincount(base.codes[good], weights=y[good], minlength=len(base.names))
    return np.array([*(total + 20 * mean_of(y, 0.0)) / (n + 20), np.nan])
