"""Is it the old value that hurts (floor 4)? What a feed that stands still can explain of the loss, at most.

Values also stand still by habit: a weekly poll, a rate of the month. Two questions tell such a column from what did
the damage. Do rows on which the value is old err more than rows of the same time on which it is fresh? Does the misfit
stand as well where the label is fitted anew without the column, and the others tell as much?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from toolkit.detectors import clock, dial
from toolkit.detectors.evidence import Evidence, difference, percent
from toolkit.detectors.scoring import linear, linear_names
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask

#: One-sided 95 %.
_SIDE: Final = 1.64
_BLOCKS: Final = 12
_LEAST: Final = 15
#: The loss must have risen by so much (as z) before there is anything to explain, and by this without the column.
_ROSE: Final = 4.0
#: How much worse than the model a refit may be on the baseline, in parts of the excess, to be asked in its stead.
_WORSE: Final = 0.25
_FITTED: Final = 8_000
_SURE: Final = frozenset({clock.NAME, dial.NAME})


@dataclass(frozen=True)
class Link:
    """The most (95 %) of the rows' excess loss that a feature can explain, 0 to 1, and why."""

    most: float
    why: str


def of_age(study: Study, old: Floats, rows: Mask) -> Link | None:
    """Compare rows of the same time whose value is ``old`` (1) with those whose value is fresh (0; NaN: unknown).

    Returns:
        The bound; ``None`` where the loss did not rise on ``rows``, or rows of both kinds are too few to tell.
    """
    loss = study.log_loss.model
    rise = _rise(study, rows)
    if rise is None:
        return None
    good = np.flatnonzero(rows & ~np.isnan(loss) & ~np.isnan(old))
    weights, gaps, errors = [], [], []
    for block in np.array_split(good, _BLOCKS):
        a, b = loss[block[old[block] == 0]], loss[block[old[block] == 1]]
        if min(len(a), len(b)) >= 2:
            weights.append(len(a) * len(b) / (len(a) + len(b)))
            gaps.append(float(b.mean() - a.mean()))
            errors.append(float(np.var(loss[block])) * (1 / len(a) + 1 / len(b)))
    fresh = int((old[good] == 0).sum())
    if len(gaps) < 4 or min(fresh, len(good) - fresh) < _LEAST:
        return None
    w = np.array(weights) / sum(weights)
    gap, error = float(w @ np.array(gaps)), float(np.sqrt(w**2 @ np.array(errors)))
    most = float(np.clip((gap + _SIDE * error) * float(old[good].mean()) / rise, 0.0, 1.0))
    return Link(most, "rows of the same time on which it is fresh err as well")


def without(study: Study, names: Sequence[str], rows: Mask) -> Link | None:
    """Fit the label anew, without some features, on baseline and log before; see whether that misses ``rows`` as well.

    Returns:
        The bound; ``None`` where the loss did not rise, the labels are of many classes, or the other features do not
        tell nearly as much as the model knew.
    """
    fitted = _refitted(study, names, rows)
    if fitted is None:
        return None
    rise, usual, base, now = fitted
    again, _, (low, _), z = difference(base, now)
    if not np.isfinite(again) or float(np.nanmean(base)) - usual > _WORSE * rise or z < _ROSE:
        return None
    most = float(np.clip(1.0 - max(low, 0.0) / rise, 0.0, 1.0))
    return Link(most, "a fit without it, as good on the baseline, misses these rows all the same")


def missed_without(study: Study, names: Sequence[str], rows: Mask) -> float | None:
    """Give the most (95 %) of the rise of the loss on ``rows`` that a fit without some features shows too, 0 to 1.

    Returns:
        The part; ``None`` where the loss did not rise, labels are of many classes, or the other features tell little.
    """
    fitted = _refitted(study, names, rows)
    if fitted is None:
        return None
    rise, _, base, now = fitted
    again, _, (_, high), _ = difference(base, now)
    return float(np.clip(high / rise, 0.0, 1.0)) if np.isfinite(again) else None


def _refitted(study: Study, names: Sequence[str], rows: Mask) -> tuple[float, float, Floats, Floats] | None:
    """Give the rise of the loss on rows, and what ``_refit`` gives without some features; ``None`` where it cannot."""
    rise = _rise(study, rows)
    others = np.array([n not in names for n in linear_names(study)], dtype=bool)
    if rise is None or not others.any() or study.profile.task == "multiclass":
        return None
    return rise, *_refit(study, others, rows)


def weighed(e: Evidence, link: Link | None) -> Evidence:
    """Give evidence of a feed with what it can explain at most; below a half it is no signature of anything."""
    if link is None or link.most >= 0.5 or (e.share_hint is not None and e.share_hint <= link.most):
        return e
    text = f"{e.finding.statement} But {link.why}: it explains {percent(link.most)} of the loss at most."
    finding = replace(e.finding, statement=text, refutes=(), details={**e.finding.details, "most": link.most})
    return replace(e, finding=finding, strength=e.strength * max(2 * link.most, 0.2), share_hint=link.most)


def judge(study: Study, inputs: Sequence[Evidence]) -> list[Evidence]:
    """Ask of every feed that stands still, or is filled in, whether the misfit stands without it, and the others.

    Of one that comes by another clock it is not asked: nothing comes so by habit.
    """
    feeds = [
        e for e in inputs
        if e.mechanism in ("stale_feature", "default_filled") and e.rows is not None and e.finding.detector not in _SURE
    ]  # fmt: skip
    names = sorted({f for e in feeds for f in e.finding.features})
    if not names or not study.has_labels:
        return list(inputs)
    return [weighed(e, without(study, names, e.rows)) if e in feeds and e.rows is not None else e for e in inputs]


def _rise(study: Study, rows: Mask) -> float | None:
    """Give the excess loss of rows over the baseline, where it is sure."""
    rise, _, _, z = difference(study.ref_loss.model, study.log_loss.model[rows])
    return rise if np.isfinite(rise) and rise > 0 and z >= _ROSE else None


def _refit(study: Study, others: Mask, rows: Mask) -> tuple[float, Floats, Floats]:
    """Fit a line through some columns to the baseline and to the log before the first of some rows.

    Returns:
        The model's mean loss there, those of the line out of fold, and those of its two halves on the rows.
    """
    earlier = np.arange(len(rows)) < int(np.argmax(rows))  # the world may have wandered away from the baseline by then
    label = np.concatenate((study.ref.label, np.where(earlier, study.mature_label, np.nan)))
    loss = np.concatenate((study.ref_loss.model, study.log_loss.model))
    good = np.random.default_rng(study.profile.seed).permutation(np.flatnonzero(~np.isnan(label)))[:_FITTED]
    asked = np.flatnonzero(rows & ~np.isnan(study.log_loss.model))
    if len(good) < 4 * _LEAST or len(asked) < _LEAST:
        return np.nan, np.zeros(0), np.zeros(0)
    there, here = good[good < len(study.ref)], good[good >= len(study.ref)] - len(study.ref)
    good = np.concatenate((there, here + len(study.ref)))
    A = np.concatenate((linear(study, study.ref, there), linear(study, study.log, here)))[:, others]
    B, fold = linear(study, study.log, asked)[:, others], np.arange(len(good)) % 2
    base, now = np.full(len(good), np.nan), np.zeros(len(asked))
    for k in (0, 1):
        y = label[good[fold == k]]
        if len(np.unique(y)) < 2:
            return np.nan, np.zeros(0), np.zeros(0)
        model = _line(study).fit(A[fold == k], y)
        base[fold != k] = _missed(study, model.predict(A[fold != k]), label[good[fold != k]])
        now += _missed(study, model.predict(B), study.log.label[asked]) / 2
    return float(np.nanmean(loss[good])), base, now


def _line(study: Study) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    return Ridge(alpha=1e-3) if study.regression else LogisticRegression(max_iter=200)


def _missed(study: Study, said: Floats, label: Floats) -> Floats:
    out: Floats = np.abs(said - label) if study.regression else (said != label).astype(float)
    return out
