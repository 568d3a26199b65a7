"""What changed between inputs and labels (floor 4; data): the mix, the relation, the prior, or the labels themselves.

Rows are put into a few strata (leaves of a shallow tree of the label on features and score, fitted on the baseline).
The joint counts n[stratum, label] before and after then tell four stories apart, each a likelihood-ratio test of how
far the incident's counts are from it (G = 2 sum n log(n / expected)):

    covariate shift   P(stratum) is free,  P(label | stratum) is the baseline's
    label shift       P(label) is free,    P(stratum | label) is the baseline's
    label noise       P(stratum) is kept,  P(label | stratum) = p + rate (1/K - p), one rate for all strata
    concept drift     P(stratum) is kept,  P(label | stratum) is free
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import some
from toolkit.detectors.matrices import Matrix, taught
from toolkit.detectors.scoring import answer
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints, Mask
from toolkit.timeline.change import Change, find_change, no_change

LEAST: Final = 40
#: Values of a segment that are asked for a rise of their own, labels that each must have, and how sure (z) it must be.
_MOST_PARTS, _LEAST_PART, _OF_A_PART = 40, 60, 4.5
_MOST_ROWS: Final = 8_000
#: How sure (z) it must be that labels moved by themselves.
_OF_LABELS: Final = 6.0


@dataclass(frozen=True)
class Strata:
    """Stratum of each baseline and log row, and the label cell of each (-1 where unlabelled)."""

    ref: Ints
    log: Ints
    count: int
    ref_label: Ints
    log_label: Ints
    labels: int
    split: tuple[str, ...] = ()

    @property
    def freedom(self) -> int:
        """How many shares of labels within strata are free."""
        return self.count * (self.labels - 1)


@dataclass(frozen=True)
class Relation:
    """How the joint counts changed: each ``*_misfit`` is G per degree of freedom, about 1 where the story fits.

    ``mix`` and ``given`` are the changes of mean loss by the mix of strata and by the relation within them, in loss
    per row, over the labelled incident rows; ``rate`` is the fitted share of relabelled rows. ``taught_*`` are the same
    noise the other way round: the baseline's labels against the log's. ``expected`` is the loss that the baseline would
    expect of every log row by its inputs, ``expected_before`` that of the baseline, with its error; NaN where untold.
    """

    n: int
    change: Change
    covariate_misfit: float
    label_misfit: float
    noise_misfit: float
    still_misfit: float
    mix_misfit: float
    rate: float
    taught_rate: float
    taught_misfit: float
    taught_still: float
    prior_before: Floats
    prior_after: Floats
    mix: float
    given: float
    total: float
    given_error: float
    expected: Floats
    expected_before: float
    expected_error: float
    strata: Strata
    rows: Mask

    @property
    def features(self) -> tuple[str, ...]:
        """The feature that tells best where label and score part."""
        return self.strata.split


def stratify(study: Study, rows: Mask) -> Strata | None:
    """Put baseline and log rows into strata; ``None`` where there are too few labelled baseline rows.

    Strata are bands of the score crossed with the leaves of a tree that looks for where label and score part; rows
    that taught the tree are not counted (an honest tree: Athey & Imbens 2016), so that its overfitting is no change.
    """
    answers = _band(study)
    cells_ref, cells_log, k = _label_cells(study)
    counted = rows & (cells_log >= 0)
    n, m = int((cells_ref >= 0).sum()), int(counted.sum())
    if n < LEAST:
        return None
    ref_leaf, log_leaf = np.zeros(len(study.ref), dtype=np.int64), np.zeros(len(study.log), dtype=np.int64)
    cells_ref, cells_log = cells_ref.copy(), cells_log.copy()
    split: tuple[str, ...] = ()
    if min(n, m) >= 400:
        *taught, split = _leaves(study, rows, ref_leaf, log_leaf)
        cells_ref[taught[0]] = -1
        cells_log[taught[1]] = -1
    bands = int(np.clip(min(n, m) // 60, 2, 5))
    ref_band, log_band = (_cut(x, _edges(answers[0], bands)) for x in answers)
    flat_ref, flat_log = ref_leaf * (bands + 1) + ref_band + 1, log_leaf * (bands + 1) + log_band + 1
    live = np.unique(flat_ref[cells_ref >= 0])
    place = np.searchsorted(live, np.arange(max(flat_ref.max(), flat_log.max()) + 2)).clip(0, len(live) - 1)
    return Strata(place[flat_ref], place[flat_log], len(live), cells_ref, cells_log, k, split)


def _band(study: Study) -> tuple[Floats, Floats]:
    """Give what the bands are cut from: the score, else the prediction."""
    if not np.isnan(study.ref.score).all() and not np.isnan(study.log.score).all():
        return study.ref.score, study.log.score
    return study.ref.prediction, study.log.prediction


def _edges(x: Floats, bands: int) -> Floats:
    have = x[~np.isnan(x)]
    if not len(have):
        return np.zeros(1)
    values = np.unique(have)
    if len(values) <= bands:
        return (values[1:] + values[:-1]) / 2
    return np.unique(np.quantile(have, np.linspace(0, 1, bands + 1)[1:-1]))


def _leaves(study: Study, rows: Mask, ref_leaf: Ints, log_leaf: Ints) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Fill in the leaves of the tree; give the rows that taught it, and the feature that it splits by most."""
    from sklearn.tree import DecisionTreeRegressor

    design = study.design
    filled = _filled(design.ref)
    ref_y, log_y = _surprise(study)
    ref_good, log_good = np.flatnonzero(~np.isnan(ref_y))[::2], some(np.flatnonzero(rows & ~np.isnan(log_y))[::2])
    if not design.names or len(ref_good) < 100 or len(log_good) < 100:
        return ref_good[:0], log_good[:0], ()
    leaves = int(np.clip(len(log_good) // 100, 2, 6))
    tree: Any = DecisionTreeRegressor(
        max_leaf_nodes=leaves, min_samples_leaf=max(30, len(log_good) // 20), random_state=study.profile.seed
    )
    taught_by = filled(design.log.rows(log_good))
    tree.fit(taught_by, log_y[log_good])
    leaf = np.unique(tree.apply(taught_by))
    ref_leaf[:] = np.searchsorted(leaf, design.ref.over(lambda X: tree.apply(filled(X))))
    log_leaf[:] = np.searchsorted(leaf, design.log.over(lambda X: tree.apply(filled(X))))
    weight = tree.feature_importances_
    top = int(np.argmax(weight))
    return ref_good[:0], log_good, (design.names[top],) if weight[top] > 0.5 else ()


def _surprise(study: Study) -> tuple[Floats, Floats]:
    """Give label less score (or less prediction; or wrong or not): what the model did not expect."""
    now = study.mature_label
    if study.regression:
        return study.residual(study.ref), np.where(study.mature, study.residual(study.log), np.nan)
    if study.binary and not np.isnan(study.ref.score).all() and not np.isnan(study.log.score).all():
        return study.ref.label - study.ref.score, now - study.log.score
    return study.ref_loss.model, study.log_loss.model


def _filled(base: Matrix) -> Callable[[Floats], Floats]:
    """Give what puts missing values far below all of the baseline: a stratum of their own if that tells anything."""
    known = (c[1][c[0]] if isinstance(c, tuple) else c for c in base.columns)
    least = np.array([np.min(c, where=~np.isnan(c), initial=np.inf) for c in known])
    low = np.where(np.isfinite(least), least - 1 - np.abs(least), 0.0)
    return lambda X: np.where(np.isnan(X), low, X)


def _label_cells(study: Study) -> tuple[Ints, Ints, int]:
    """Number the labels; a number is cut at the baseline's quartiles of its residual from the prediction."""
    if not study.regression:
        k = max(len(study.profile.classes), 2)
        return _ints(study.ref.label), _ints(study.mature_label), k
    residual = study.ref.label - study.ref.prediction
    now = np.where(study.mature, study.log.label - study.log.prediction, np.nan)
    have = residual[~np.isnan(residual)]
    edges = np.quantile(have, [0.2, 0.4, 0.6, 0.8]) if len(have) else np.zeros(4)
    return _cut(residual, edges), _cut(now, edges), 5


def _ints(x: Floats) -> Ints:
    return np.where(np.isnan(x), -1, np.nan_to_num(x)).astype(np.int64)


def _cut(x: Floats, edges: Floats) -> Ints:
    return np.where(np.isnan(x), -1, np.searchsorted(edges, x)).astype(np.int64)


def relate(study: Study, *, exclude: Mask | None = None) -> Relation | None:
    """Tell the four stories apart over the incident window; ``exclude`` marks rows that another line explains."""
    if not study.has_labels:
        return None
    rows = incident_rows(study)
    if exclude is not None and (rows & ~exclude).sum() >= LEAST:
        rows = rows & ~exclude
    strata = stratify(study, rows)
    if strata is None:
        return None
    before = _counts(strata.ref, strata.ref_label, strata)
    keep = rows & (strata.log_label >= 0)
    if keep.sum() < 20:
        return None
    after = _counts(strata.log[keep], strata.log_label[keep], strata)
    change = _joint_change(study, strata, before, after)
    p, q = before + 0.5 / strata.labels, after
    n, m = float(before.sum()), float(after.sum())
    stratum_p, label_p = p.sum(1), p.sum(0)
    given = p / stratum_p[:, None]
    within = p / label_p[None, :]
    # the baseline is a sample too, and what hangs together counts as fewer rows
    own, served = study.hang(_surprise(study)[0])
    shrink = 1.0 / (served + own * m / n)
    rate, noise = _noise_fit(given, q)
    later = (q + 0.5 / strata.labels) / (q + 0.5 / strata.labels).sum(1)[:, None]
    taught_rate, taught = _noise_fit(later, before)
    freedom, back = strata.freedom, 1.0 / (own + served * n / m)
    return Relation(
        n=int(m),
        change=change,
        covariate_misfit=_misfit(q, q.sum(1)[:, None] * given, freedom, shrink),
        label_misfit=_misfit(q, q.sum(0)[None, :] * within, strata.labels * (strata.count - 1), shrink),
        noise_misfit=_misfit(q, q.sum(1)[:, None] * noise, freedom - 1, shrink),
        still_misfit=_misfit(q, m * p / p.sum(), strata.count * strata.labels - 1, shrink),
        mix_misfit=_misfit(q.sum(1), m * stratum_p / p.sum(), strata.count - 1, shrink),
        rate=rate,
        taught_rate=taught_rate,
        taught_misfit=_misfit(before, before.sum(1)[:, None] * taught, freedom - 1, back),
        taught_still=_misfit(before, before.sum(1)[:, None] * later, freedom, back),
        prior_before=label_p / label_p.sum(),
        prior_after=q.sum(0) / m,
        **_split_loss(study, strata, keep),
        strata=strata,
        rows=keep,
    )


def incident_rows(study: Study) -> Mask:
    """Give the log rows under investigation: inside the change of the loss, else of the labels, else all."""
    n = len(study.log)
    rows = np.zeros(n, dtype=bool)
    for change in (study.final_change, study.model_change, study.brier_change):
        if change.found and change.z > 0:
            rows[change.start : change.end] = True
            return rows
    part = part_that_rose(study)
    change = _of_labels(study) if part is None else part.change
    rows[change.start : change.end] = True
    return rows if change.found else ~rows


def _of_labels(study: Study) -> Change:
    """Find since when labels come otherwise: errors that more hard cases make are lost among those of all rows."""
    if "labels moved" not in study.memo:
        change = no_change(len(study.log))
        if study.binary:  # a number that is foretold goes through seasons of its own
            change = find_change(study.mature_label, level=_OF_LABELS)
        study.memo["labels moved"] = change
    got: Change = study.memo["labels moved"]
    return got


@dataclass(frozen=True)
class Part:
    """A segment value within which alone the loss rose."""

    column: str
    value: str
    change: Change


def part_that_rose(study: Study) -> Part | None:
    """Give the surest rise of the loss within one segment value, which all others may hide; once a study."""
    if "part that rose" not in study.memo:
        loss, found = study.log_loss.final, []
        for column, codes in study.log.segments.items():
            many = np.bincount(codes.codes[(codes.codes >= 0) & ~np.isnan(loss)], minlength=len(codes.names))
            often = np.argsort(-many, kind="stable")[:_MOST_PARTS]
            for place in often[many[often] >= _LEAST_PART]:
                change = find_change(np.where(codes.codes == place, loss, np.nan))
                if change.found and change.z > _OF_A_PART and change.shape != "from_start":
                    found.append(Part(column, codes.names[place], change))
        study.memo["part that rose"] = max(found, key=lambda p: p.change.z, default=None)
    got: Part | None = study.memo["part that rose"]
    return got


def _counts(stratum: Ints, label: Ints, strata: Strata) -> Floats:
    good = label >= 0
    flat = np.bincount(stratum[good] * strata.labels + label[good], minlength=strata.count * strata.labels)
    return flat.reshape(strata.count, strata.labels).astype(float)


def _misfit(seen: Floats, expected: Floats, freedom: int, shrink: float) -> float:
    """Give G of the counts against the expected ones, a degree of freedom, less for the baseline's own noise."""
    live = seen > 0
    g = 2 * float((seen[live] * np.log(seen[live] / np.maximum(expected[live], 1e-9))).sum()) - 2 * float(
        seen.sum() - expected.sum()
    )
    return max(g, 0.0) * shrink / max(freedom, 1)


def _noise_fit(given: Floats, q: Floats) -> tuple[float, Floats]:
    """Fit the one rate at which labels were drawn at random, by likelihood on a grid."""
    k = given.shape[1]
    # swapping classes at rate r is drawing at random at rate r k / (k - 1)
    best, fit, top = 0.0, given, -np.inf
    for rate in np.linspace(0.0, 1.2 if k == 2 else 1.0, 61):
        trial = np.clip(given + rate * (1.0 / k - given), 1e-4, 1.0)
        likelihood = float((q * np.log(trial)).sum())
        if likelihood > top:
            best, fit, top = float(rate), trial, likelihood
    return best, fit


def _joint_change(study: Study, strata: Strata, before: Floats, after: Floats) -> Change:
    """When did P(label | stratum) change? The log-ratio of the two fits is a series over the rows."""
    a = (after + 1.0) / (after + 1.0).sum(1)[:, None]
    b = (before + 1.0) / (before + 1.0).sum(1)[:, None]
    ratio = np.log(a / b)
    series = np.where(strata.log_label >= 0, ratio[strata.log, strata.log_label], np.nan)
    base = np.where(strata.ref_label >= 0, ratio[strata.ref, strata.ref_label], np.nan)
    return study.changed(series, base)


def _split_loss(study: Study, strata: Strata, keep: Mask) -> dict[str, Any]:
    """Split the change of the model's mean loss into the mix of strata and the relation within them."""
    ref_loss, log_loss = study.ref_loss.model, study.log_loss.model
    if np.isnan(log_loss[keep]).all():
        ref_loss, log_loss = study.ref_loss.final, study.log_loss.final
    good = ~np.isnan(ref_loss)
    now = keep & ~np.isnan(log_loss)
    blank = {"expected": np.full(len(log_loss), np.nan), "expected_before": float("nan"), "expected_error": 1.0}
    if not good.any() or not now.any():
        return {"mix": 0.0, "given": 0.0, "total": 0.0, "given_error": 1.0, **blank}
    p = np.bincount(strata.ref[good], minlength=strata.count).astype(float)
    q = np.bincount(strata.log[now], minlength=strata.count).astype(float)
    base = np.bincount(strata.ref[good], weights=ref_loss[good], minlength=strata.count) / np.maximum(p, 1)
    total = float(log_loss[now].mean() - ref_loss[good].mean())
    mix = float(((q / q.sum() - p / p.sum()) * base).sum())
    finer = _expected(study, ref_loss)
    if finer is not None and (~np.isnan(finer["expected"][now])).any():
        mix = float(np.nanmean(finer["expected"][now])) - float(finer["expected_before"])
    own, served = study.hang(ref_loss)
    error = float(np.sqrt(served * np.var(log_loss[now]) / now.sum() + own * np.var(ref_loss[good]) / good.sum()))
    return {"mix": mix, "given": total - mix, "total": total, "given_error": error, **(finer or blank)}


def _expected(study: Study, ref_loss: Floats) -> dict[str, Any] | None:
    """Give the loss to expect of log rows (NaN beyond a sample of many), the baseline's mean, and its standard error.

    The baseline's loss given inputs and score is fitted on halves, so that no row is asked of what it taught (outcome
    regression; Kennedy 2022, section 3); ``None`` below 300 baseline rows or without inputs.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    known = np.flatnonzero(~np.isnan(ref_loss))
    if len(known) < 300 or float(np.var(ref_loss[known])) <= 0:
        return None
    known = np.random.default_rng(study.profile.seed).permutation(known)[:_MOST_ROWS]
    served = some(np.arange(len(study.log)))
    R, L = study.design.ref.rows(known), study.design.log.rows(served)
    r_score, l_score = answer(study.ref, study), answer(study.log, study)
    if not np.isnan(r_score).all() and not np.isnan(l_score).all():
        r, s = r_score[known], l_score[served]
        R, L = np.column_stack((R, r, np.abs(r))), np.column_stack((L, s, np.abs(s)))
    if R.shape[1] == 0:
        return None
    hang = study.hang(ref_loss)[0]
    half, after, ref_loss = len(known) // 2, np.full(len(study.log), np.nan), ref_loss[known]
    leaf = int(min(20 * hang, half // 4))  # it must hold as many losses that know nothing of each other
    after[served], before = 0.0, []
    for fit, test in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
        m: Any = HistGradientBoostingRegressor(
            max_iter=40, learning_rate=0.15, max_leaf_nodes=12, min_samples_leaf=leaf, random_state=study.profile.seed
        )
        m.fit(taught(R[fit]), ref_loss[fit])
        told = m.predict(R[test])
        after[served] += m.predict(L) / 2
        before.append(told)
    # a half's own luck is in its fit and in its mean alike: their scatter is the error of both
    means, spread = [float(told.mean()) for told in before], [float(told.std()) / np.sqrt(len(told)) for told in before]
    error = np.hypot(np.mean(spread) * np.sqrt(hang / 2), abs(means[0] - means[1]) / 2)
    # a wave or two may be all that taught the loss to expect of such rows
    alike = max(int((np.concatenate(before) >= np.nanmean(after)).sum()), 1)
    error = float(np.hypot(error, np.sqrt((hang - 1.0) * float(np.var(ref_loss)) / alike)))
    return {"expected": after, "expected_before": float(np.mean(means)), "expected_error": error}
