"""Two columns that took each other's place though each looks as ever (floor 4; integration; needs labels).

Where two numbers are spread alike, no distribution shows that they were exchanged; the labels do. A learner taught on
the baseline errs on the changed rows as they came, and no longer once the two are put back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import Evidence, apart, difference, make, percent, since, some, thinned
from toolkit.detectors.relation import Relation
from toolkit.detectors.study import Study
from toolkit.detectors.values import several
from toolkit.profile.model import Codes, Floats, Ints, Mask

NAME: Final = "crossed"
#: How alike two columns must be spread, and how many columns that the model uses most are tried with each other.
_ALIKE, _COLUMNS = 0.25, 9
#: Rows taught and asked at most; values of a text whose parts are asked, of at least so many rows.
_TAUGHT, _ASKED, _VALUES, _LEAST = 8000, 2000, 8, 100
#: Parts, those that surest err more, in which all pairs are tried.
_MOST_PARTS: Final = 6
#: How sure (z) putting two columns back must help, and the part of the rise that it may leave.
_SURE, _LEAVES = 8.0, 0.4
#: The same where hardly anything of the rise is left, and the strength of the sign then; few rows can say no more.
_SURE_OF_ALL, _LEAVES_NOTHING, _LESS = 4.5, 0.15, 0.85
#: With fewer rows taught a learner must be a smooth one.
_FEW: Final = 2000
#: Of so many rows one is asked first: what helps as surely as that helps some of them too, by four standard errors.
_HINT: Final = 4


def detect(study: Study, relation: Relation | None, used: Mapping[str, float]) -> list[Evidence]:
    """Exchange each two columns that are spread alike, where labels and inputs parted since a row."""
    if relation is None or not relation.change.found or relation.change.shape == "from_start" or relation.change.z < 4:
        return []
    pairs = list(_alike(study, used))
    have = some(np.flatnonzero(~np.isnan(study.ref.label)), _TAUGHT)
    if not pairs or len(have) < 2 * _LEAST or len(np.unique(study.ref.label[have])) < 2:
        return []
    learner = _taught(study, have)
    usual = _losses(study, learner, some(np.flatnonzero(~relation.rows & ~np.isnan(study.mature_label)), _ASKED))
    asked = []
    for words, part in _parts(study, relation.rows):
        rows = some(np.flatnonzero(part), _ASKED)
        came = _losses(study, learner, rows)
        rise, _, _, z = difference(usual, came)
        if rise > 0:
            asked.append((z, words, part, rows, came, rise))
    best: tuple[float, str, str, str, Mask, float] | None = None
    for _, words, part, rows, came, rise in sorted(asked, key=lambda a: -a[0])[:_MOST_PARTS]:
        served = study.design.log.rows(rows)
        for one, two in pairs:
            x = _exchanged(study, served, one, two)
            if _losses(study, learner, rows[::_HINT], x[::_HINT]).mean() >= came[::_HINT].mean():
                continue
            back = _losses(study, learner, rows, x)
            gain, _, _, z = difference(back - came, np.zeros(len(came)))
            if _helps(z, gain / rise) and (best is None or z > best[0]):
                best = (z, one, two, words, part, gain / rise)
    if best is None:
        return []
    z, one, two, words, part, share = best
    text = (
        f"{one} and {two} hold each other's values{words} {since(relation.change)}: put back, what a learner of the "
        f"baseline errs more there falls by {percent(min(share, 1.0))}, though both are spread as they were."
    )
    return [
        make(
            study, NAME, "swapped_columns", text, strength=0.95 if z > _SURE else _LESS, z=z, change=relation.change,
            rows=part, effect=share, unit="part of the rise", n=int(part.sum()), features=[one, two],
            refutes=("concept_drift", "label_noise", "label_shift", "poisoned_data"),
        )
    ]  # fmt: skip


def _helps(z: float, part: float) -> bool:
    """Whether putting two columns back takes enough of the rise, surely enough."""
    return (z > _SURE and part > 1 - _LEAVES) or (z > _SURE_OF_ALL and part > 1 - _LEAVES_NOTHING)


def _alike(study: Study, used: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Give the pairs of numbers that are spread alike in the baseline, of those that the model uses most."""
    known = {n: study.in_order(base) for n, (base, _) in study.numbers.items() if n in study.design.names}
    known = {n: thinned(x) for n, x in known.items() if len(x) >= _LEAST and several(x, 3)}
    most = sorted(known, key=lambda n: -used.get(n, 0.0))[:_COLUMNS]
    for one, two in combinations(most, 2):
        if apart(known[one], known[two]) < _ALIKE:
            yield one, two


def _parts(study: Study, rows: Mask) -> Iterator[tuple[str, Mask]]:
    """Give the changed rows with labels, and those of each value of a text of few."""
    there = rows & ~np.isnan(study.mature_label)
    if there.sum() >= _LEAST:
        yield "", there
    for name, codes in {**study.log.segments, **study.log.features}.items():
        if isinstance(codes, Codes) and 2 <= len(codes.names) <= _VALUES:
            for value in codes.names:
                part = there & codes.rows_of(value)
                if part.sum() >= _LEAST:
                    yield f" where {name} = {value}", part


def _taught(study: Study, have: Ints) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind: Any = HistGradientBoostingRegressor if study.regression else HistGradientBoostingClassifier
    smooth: dict[str, Any] = {"min_samples_leaf": 40, "max_leaf_nodes": 8, "learning_rate": 0.06}
    learner = kind(max_iter=60, random_state=study.profile.seed, **(smooth if len(have) < _FEW else {}))
    return learner.fit(study.design.ref.rows(have), study.ref.label[have])


def _exchanged(study: Study, x: Floats, one: str, two: str) -> Floats:
    """Give inputs with two columns in each other's place."""
    order = np.arange(x.shape[1])
    a, b = study.design.names.index(one), study.design.names.index(two)
    order[[a, b]] = b, a
    return x[:, order]


def _losses(study: Study, learner: Any, rows: Ints, x: Floats | None = None) -> Floats:
    """Give what the learner errs on log rows, with other inputs if they are given: |error|, or -log p."""
    x, label = study.design.log.rows(rows) if x is None else x, study.log.label[rows]
    if study.regression:
        out: Floats = np.abs(learner.predict(x) - label)
        return out
    place = np.minimum(np.searchsorted(learner.classes_, label), len(learner.classes_) - 1)
    p = learner.predict_proba(x)[np.arange(len(label)), place]
    taught = learner.classes_[place] == label
    return np.asarray(-np.log(np.clip(np.where(taught, p, 0.0), 0.01, 1.0)))
