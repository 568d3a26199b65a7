"""Who the odd labels and rows come from (floor 4; data): one source, one part, or a flood of new senders.

Labels that do not fit, all within one value of one column, are a careless or hostile source, unless they follow a rule
of their own: then the rule changed there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, inside, make, percent, proportion_z, since
from toolkit.detectors.mark import commonest
from toolkit.detectors.matrices import taught
from toolkit.detectors.relation import Part, Relation, part_that_rose
from toolkit.detectors.study import LEAST_ROWS, Study, seen
from toolkit.logs.names import SOURCE_WORDS, plain, words_of
from toolkit.profile.model import Codes, Floats, Ints, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import find_change


def detect(study: Study, relation: Relation | None) -> list[Evidence]:
    """Look for labels that do not fit within one source, one part or one decider, and for a flood of new senders."""
    return [*(_poison(study, relation) if relation is not None else ()), *flood(study)]


def _poison(study: Study, r: Relation) -> list[Evidence]:
    """Wrong labels that sit in one source, one decider or one burst: provenance, not inputs."""
    label = r.strata.log_label
    if study.regression:
        return []
    expected = _expected(r)
    gap = np.where(label >= 0, 1.0 - expected[r.strata.log, np.maximum(label, 0)], np.nan)
    usual = float(
        np.nanmean(
            np.where(r.strata.ref_label >= 0, 1 - expected[r.strata.ref, np.maximum(r.strata.ref_label, 0)], np.nan)
        )
    )
    best: tuple[float, str, str, Mask, float] | None = None
    # who decides the odd cases has not labelled them
    labelled_by = {"decider": study.log.decider} if np.isnan(study.log.decision).all() else {}
    sources = {**study.log.segments, **labelled_by}
    marks = {n: c for n, c in study.log.features.items() if isinstance(c, Codes) and len(c.names) <= 40}
    for column, codes in {**marks, **sources}.items():
        for place, value in enumerate(codes.names[:200]):
            mine = r.rows & (codes.codes == place) & ~np.isnan(gap)
            rest = r.rows & (codes.codes != place) & ~np.isnan(gap)
            if mine.sum() < 25 or rest.sum() < 25 or mine.sum() > 0.6 * r.rows.sum():
                continue
            a, b = float(gap[mine].mean()), float(gap[rest].mean())
            z = proportion_z(b * rest.sum(), float(rest.sum()), a * mine.sum(), float(mine.sum()))
            extra = float((gap[mine] - usual).sum()) / max(float((gap[r.rows & ~np.isnan(gap)] - usual).sum()), 1e-9)
            if column not in sources and not _back_door(study, column, value, r):
                continue
            if column in study.log.segments and not _held_before(study, column, value):
                continue  # what the baseline never held is a world that grew
            if z > 6 and a - b > 0.15 and extra > 0.6 and (best is None or z > best[0]):
                best = (z, column, value, mine, extra)
    change, among = r.change, r.rows
    part = None if best is not None else part_that_rose(study)
    if part is not None:
        best, change = _of_the_part(study, part), part.change
        among = inside(change, len(gap)) & ~np.isnan(study.log_loss.model)
    if best is None or not change.found:
        return []
    z, column, value, mine, extra = best
    if len(np.unique(study.ref.label[~np.isnan(study.ref.label)])) < 2:
        return []
    by_source = bool(words_of(plain(column)) & SOURCE_WORDS) or column not in study.log.segments
    one_way = _one_way(study, mine)
    filled = _all_one(study, column, value, mine)
    rule = not by_source and not filled and learnable(study, mine)
    mechanism = "concept_drift" if rule else "poisoned_data" if one_way and not filled else "label_noise"
    told = {
        "concept_drift": ": a fresh learner learns them there, so it is another rule and no noise",
        "poisoned_data": ", nearly all in one direction",
        "label_noise": ", where all labels are the same now: rather filled in than observed" if filled else "",
    }[mechanism]
    text = (
        f"{percent(min(extra, 1.0))} of the unexpected labels come from {column} = {value} "
        f"({percent(float(mine.sum()) / max(int(among.sum()), 1))} of the rows){told}."
    )
    also = ("concept_drift",) if rule else ("poisoned_data", "label_noise")
    return [
        make(
            study,
            "provenance",
            mechanism,
            text,
            strength=0.85,
            z=z,
            change=change,
            rows=mine,
            effect=extra,
            unit="share of unexpected labels",
            n=int(mine.sum()),
            slice_=(SliceTerm(column, value),),
            supports=also,
            refutes=("label_noise", "poisoned_data") if rule else ("concept_drift",),
        )
    ]


def _of_the_part(study: Study, part: Part) -> tuple[float, str, str, Mask, float] | None:
    """Give z, place, rows and share of the excess of a part in which the model began to err, and nowhere else."""
    loss, usual = study.log_loss.model, float(np.nanmean(study.ref_loss.model))
    inside_ = inside(part.change, len(loss)) & ~np.isnan(loss)
    mine = inside_ & study.log.segments[part.column].rows_of(part.value)
    rest = inside_ & ~mine
    if min(mine.sum(), rest.sum()) < 25 or not _held_before(study, part.column, part.value):
        return None
    more, _, _, z = difference(loss[rest], loss[mine])
    extra = float((loss[mine] - usual).sum()) / max(float((loss[inside_] - usual).sum()), 1e-9)
    return (z, part.column, part.value, mine, extra) if z > 4.5 and more > 0.1 and extra > 0.6 else None


def _all_one(study: Study, column: str, value: str, mine: Mask) -> bool:
    """Whether all labels of a part are one now that were of several kinds there: nobody observed them."""
    base = {**study.ref.features, **study.ref.segments, "decider": study.ref.decider}.get(column)
    there = base.rows_of(value) if isinstance(base, Codes) else np.zeros(len(study.ref), dtype=bool)
    now, then = study.log.label[mine], study.ref.label[there & ~np.isnan(study.ref.label)]
    if len(np.unique(now)) > 1 or len(then) < LEAST_ROWS:
        return False
    return 0.1 < float((then == now[0]).mean()) < 0.9


def _held_before(study: Study, column: str, value: str) -> bool:
    """Whether the baseline has enough rows of a segment value to say what its labels would be."""
    base = study.ref.segments.get(column)
    return base is not None and int(base.rows_of(value).sum()) >= LEAST_ROWS


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
    usual = float(np.nanmean(study.ref_loss.model)) if (~np.isnan(study.ref_loss.model)).any() else 0.0
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


def flood(study: Study) -> list[Evidence]:
    """A few new entities that send a great part of the rows from some row on: somebody feeds the system."""
    codes = study.log.entity.codes
    n = len(codes)
    if (codes >= 0).sum() < 100:
        return []
    count = np.bincount(codes[codes >= 0], minlength=len(study.log.entity.names))
    first = np.full(len(count), n)
    np.minimum.at(first, codes[codes >= 0], np.flatnonzero(codes >= 0))
    rate = count / np.maximum(n - first, 1)
    usual = float(np.quantile(rate[(count > 0) & (first < n / 2)], 0.98)) if (first < n / 2).any() else 1.0
    loud = (rate > 3 * usual) & (count >= 12) & (first > 0.03 * n)
    if not loud.any() or loud.sum() > 0.1 * (count > 0).sum():
        return []
    flags = np.isin(codes, np.flatnonzero(loud)).astype(float)
    change = find_change(flags)
    if not change.found or change.z < 6:
        return []
    rows = inside(change, n) & (flags > 0)
    share = float(rows.sum()) / max(change.end - change.start, 1)
    if share < 0.04:
        return []
    text = f"{int(loud.sum())} ids never seen before send {percent(share)} of the rows {since(change)}."
    return [
        make(
            study,
            "provenance",
            "poisoned_data",
            text,
            strength=0.95,
            z=change.z,
            change=change,
            rows=rows,
            effect=share,
            unit="share of rows",
            n=int(rows.sum()),
            refutes=("covariate_shift", "concept_drift", "default_filled", "bad_rollout", "label_noise"),
        )
    ]


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
