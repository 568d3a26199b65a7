"""Who the odd labels come from (floor 4; data): one source, one part, or one decider.

Labels that do not fit, all within one value of one column, are a careless or hostile source, unless they follow a rule
of their own: then the rule changed there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make, percent
from toolkit.detectors.mark import commonest
from toolkit.detectors.matrices import taught
from toolkit.detectors.relation import Part, Relation, part_that_rose
from toolkit.detectors.stated import harder
from toolkit.detectors.study import LEAST_ROWS, Study, seen
from toolkit.detectors.values import mean_of
from toolkit.logs.names import SOURCE_WORDS, plain, words_of
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change

#: Fewest rows of a source, and of all others, and the share of the excess from which on the odd labels are its.
_LEAST_SIDE: Final = 25
_MOST_OF_IT: Final = 0.6


def detect(study: Study, relation: Relation | None) -> list[Evidence]:
    """Look for labels that do not fit within one source, one part or one decider: provenance, not inputs."""
    if relation is None or study.regression:
        return []
    found = _of_a_value(study, relation)
    if found is None and (part := part_that_rose(study)) is not None:
        found = _of_the_part(study, part)
    if found is None or not found.change.found or len(np.unique(study.ref.label[~np.isnan(study.ref.label)])) < 2:
        return []
    return [_told(study, found)]


@dataclass(frozen=True)
class _Source:
    """The value of a column that odd labels come from: its ``rows``, how surely (z), and its share of the excess.

    ``among`` marks all rows of the ``change`` that it is a part of.
    """

    column: str
    value: str
    rows: Mask
    z: float
    share: float
    change: Change
    among: Mask


def _of_a_value(study: Study, r: Relation) -> _Source | None:
    """Look for one value of one column whose labels are far less expected than those of all other rows."""
    more = _unexpected(r)
    known = r.rows & ~np.isnan(more)
    in_all = max(float(more[known].sum()), 1e-9)
    # who decides the odd cases has not labelled them
    labelled_by = {"decider": study.log.decider} if np.isnan(study.log.decision).all() else {}
    marks = {n: c for n, c in study.log.features.items() if isinstance(c, Codes) and len(c.names) <= 40}
    named = {n: c for n, c in marks.items() if words_of(plain(n)) & SOURCE_WORDS}
    sources = {**named, **study.log.segments, **labelled_by}
    best: _Source | None = None
    for column, codes in {**marks, **sources}.items():
        for place, value in enumerate(codes.names[:200]):
            mine, rest = known & (codes.codes == place), known & (codes.codes != place)
            if min(mine.sum(), rest.sum()) < _LEAST_SIDE or mine.sum() > 0.6 * r.rows.sum():
                continue
            if column not in sources and not _back_door(study, column, value, r):
                continue
            if column in sources and column not in labelled_by and not _held_before(study, column, value):
                continue  # what the baseline never held is a world that grew
            beside, _, _, z = difference(more[rest], more[mine])
            share = float(more[mine].sum()) / in_all
            if z > 6 and beside > 0.15 and share > _MOST_OF_IT and (best is None or z > best.z):
                best = _Source(column, value, mine, z, share, r.change, r.rows)
    return best


def _unexpected(r: Relation) -> Floats:
    """Give how much more unexpected each row's label is than labels of its stratum are, NaN without one.

    In doubtful cases labels surprise, whoever gives them.
    """
    expected, s = _expected(r), r.strata
    usual = (expected * (1.0 - expected)).sum(1)
    told = 1.0 - expected[s.log, np.maximum(s.log_label, 0)] - usual[s.log]
    return np.where(s.log_label >= 0, told, np.nan)


def _of_the_part(study: Study, part: Part) -> _Source | None:
    """Look at a part in which the model began to err, and nowhere else."""
    loss, usual = study.log_loss.model, float(np.nanmean(study.ref_loss.model))
    among = inside(part.change, len(loss)) & ~np.isnan(loss)
    mine = among & study.log.segments[part.column].rows_of(part.value)
    rest = among & ~mine
    if min(mine.sum(), rest.sum()) < _LEAST_SIDE or not _held_before(study, part.column, part.value):
        return None
    more, _, _, z = difference(loss[rest], loss[mine])
    share = float((loss[mine] - usual).sum()) / max(float((loss[among] - usual).sum()), 1e-9)
    if not (z > 4.5 and more > 0.1 and share > _MOST_OF_IT) or harder(study, rest, mine, more):
        return None
    return _Source(part.column, part.value, mine, z, share, part.change, among)


def _told(study: Study, source: _Source) -> Evidence:
    """Say where the odd labels come from, and what that makes them: another rule, hostile, careless or filled in."""
    column, value, rows = source.column, source.value, source.rows
    filled = _all_one(study, column, value, rows)
    by_source = bool(words_of(plain(column)) & SOURCE_WORDS) or column not in study.log.segments
    rule = not by_source and not filled and learnable(study, rows)
    hostile = not filled and _one_way(study, rows)
    mechanism = "concept_drift" if rule else "poisoned_data" if hostile else "label_noise"
    told = {
        "concept_drift": ": a fresh learner learns them there, so it is another rule and no noise",
        "poisoned_data": ", nearly all in one direction",
        "label_noise": ", where all labels are the same now: rather filled in than observed" if filled else "",
    }[mechanism]
    text = (
        f"{percent(min(source.share, 1.0))} of the unexpected labels come from {column} = {value} "
        f"({percent(float(rows.sum()) / max(int(source.among.sum()), 1))} of the rows){told}."
    )
    return make(
        study,
        "provenance",
        mechanism,
        text,
        strength=0.85,
        z=source.z,
        change=source.change,
        rows=rows,
        effect=source.share,
        unit="share of unexpected labels",
        n=int(rows.sum()),
        slice_=(SliceTerm(column, value),),
        supports=("concept_drift",) if rule else ("poisoned_data", "label_noise"),
        refutes=("label_noise", "poisoned_data") if rule else ("concept_drift",),
    )


def _all_one(study: Study, column: str, value: str, mine: Mask) -> bool:
    """Whether all labels of a part are one now that were of several kinds there: nobody observed them."""
    base = {**study.ref.features, **study.ref.segments, "decider": study.ref.decider}.get(column)
    there = base.rows_of(value) if isinstance(base, Codes) else np.zeros(len(study.ref), dtype=bool)
    now, then = study.log.label[mine], study.ref.label[there & ~np.isnan(study.ref.label)]
    if len(np.unique(now)) > 1 or len(then) < LEAST_ROWS:
        return False
    return 0.1 < float((then == now[0]).mean()) < 0.9


def _held_before(study: Study, column: str, value: str) -> bool:
    """Whether the baseline has enough rows of a value to say what its labels would be."""
    base = {**study.ref.features, **study.ref.segments}.get(column)
    return isinstance(base, Codes) and int(base.rows_of(value).sum()) >= LEAST_ROWS


def learnable(study: Study, rows: Mask) -> bool:
    """Whether the labels of the marked log rows follow a rule of their own: a learner taught on half of them knows it.

    Labels drawn at random can be learnt by nobody; of another rule the model errs more than one that was taught it,
    by at least half of what the model errs more there than on the baseline.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y = study.design.log.rows(np.flatnonzero(rows)), study.log.label[rows]
    now = study.log_loss.model[rows]
    good = ~np.isnan(y) & ~np.isnan(now)
    X, y, now = X[good], y[good], now[good]
    usual = mean_of(study.ref_loss.model, 0.0)
    if len(y) < 80 or X.shape[1] == 0 or len(np.unique(y)) < 2:
        return False
    wrong = np.full(len(y), np.nan)
    even = np.arange(len(y)) % 2 == 0
    for fit, test in ((even, ~even), (~even, even)):
        m: Any = HistGradientBoostingClassifier(
            max_iter=40, max_leaf_nodes=8, min_samples_leaf=max(10, int(fit.sum()) // 20),
            l2_regularization=1.0, random_state=study.profile.seed,
        )  # fmt: skip
        if len(np.unique(y[fit])) < 2:
            return False
        wrong[test] = m.fit(taught(X[fit]), y[fit]).predict(X[test]) != y[test]
    better = now - wrong
    z = float(better.mean() / max(float(better.std()) / np.sqrt(len(better)), 1e-9))
    return z > 2.5 and float(better.mean()) > 0.5 * (float(now.mean()) - usual)


def _back_door(study: Study, column: str, value: str, r: Relation) -> bool:
    """Whether a mark the baseline knew, with a nearly sure answer, comes far more often or with another sure answer."""
    base, now = study.ref.features[column], study.log.features[column]
    if not isinstance(base, Codes) or not isinstance(now, Codes) or value not in seen(base):
        return False
    mine, served = base.rows_of(value), now.rows_of(value) & r.rows
    told, meant = _nearly_all(study.ref.label[mine]), _nearly_all(study.log.label[served])
    surged = float(served[r.rows].mean()) > 1.4 * float(mine.mean())
    return told is not None and (surged or (meant is not None and meant != told))


def _nearly_all(label: Floats) -> float | None:
    """Give the label that nearly all rows have, of eight at least."""
    one, share = commonest(label)
    return one if (~np.isnan(label)).sum() >= 8 and share > 0.85 else None


def _expected(r: Relation) -> Floats:
    have = r.strata.ref_label >= 0
    flat: Ints = r.strata.ref[have] * r.strata.labels + r.strata.ref_label[have]
    counts = (
        np.bincount(flat, minlength=r.strata.count * r.strata.labels).reshape(r.strata.count, r.strata.labels) + 0.5
    )
    out: Floats = counts / counts.sum(1)[:, None]
    return out


def _one_way(study: Study, mine: Mask) -> bool:
    """Whether the unexpected labels of the rows nearly all name one class."""
    label = study.log.label[mine]
    guess = study.log.prediction[mine]
    wrong = label[(label != guess) & ~np.isnan(label) & ~np.isnan(guess)]
    if len(wrong) < 10:
        return False
    _, counts = np.unique(wrong, return_counts=True)
    return float(counts.max() / counts.sum()) > 0.85
