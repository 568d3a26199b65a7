"""Did the model answer the same inputs the same way (floor 4; integration; needs no labels)?

A surrogate g of the score is fitted on the baseline's features; the residual of the log's scores is a row-level
series. It moves when another model answers, when the model saw other inputs than were logged, or when a constant was
served; it does not move when only the population or the world did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import Evidence, beforehand, inside, make, percent, probability, proportion_z, since
from toolkit.detectors.matrices import taught
from toolkit.detectors.promise import faultless
from toolkit.detectors.study import Study, is_probability, predicted
from toolkit.detectors.support import off_support
from toolkit.detectors.values import distinct, several
from toolkit.detectors.where import version_since
from toolkit.profile.model import Codes, Floats, Ints, Mask, Sample
from toolkit.timeline.change import Change, find_change

NAME = "score_function"
#: What the surrogate must explain of the score's variance before its residual says anything.
LEAST_R2: Final = 0.5
#: The least that the answers must have moved, in probability or in deviations of the answer.
LEAST_POINTS: Final = 0.015
_MOST_ROWS: Final = 8_000
#: Rows that must be free of defects, and by how many of their deviations residuals must lie elsewhere.
_LEAST_CLEAN, _CLEARLY = 40, 0.35
#: By how much of all rows one score must have become more frequent.
_ROSE: Final = 0.04
#: From here on it is said no more how many times its usual error a surrogate is off: of a line that is none at all.
_FAR: Final = 100


@dataclass(frozen=True)
class Surrogate:
    """The residuals of the score (logit where it is a probability) and how well the surrogate fits out of fold."""

    r2: float
    ref: Floats
    log: Floats


def answer(sample: Sample, study: Study) -> Floats:
    """Give what the surrogate imitates: the score, on the logit scale if a probability, else the prediction."""
    score = sample.score
    if np.isnan(score).all():
        return predicted(sample, study.threshold, study.profile.task)
    if is_probability(study.ref.score):
        clipped = np.clip(score, 0.005, 0.995)
        return np.log(clipped / (1 - clipped))
    return score


def surrogate(study: Study) -> Surrogate | None:
    """Fit the surrogate on the baseline, out of fold; ``None`` where there is nothing to fit."""
    X = study.design
    if study.ref.score.size == 0 or (np.isnan(study.ref.score).all() and study.profile.task == "multiclass"):
        return None
    y, now = answer(study.ref, study), answer(study.log, study)
    good = np.flatnonzero(~np.isnan(y))
    if not X.names or len(good) < 80 or float(np.var(y[good])) <= 0:
        return None
    rng = np.random.default_rng(study.profile.seed)
    good = rng.permutation(good)[:_MOST_ROWS]
    line = _fit(good, linear(study, study.ref, good), y, _ridge)
    # the score of a linear model is a line to the last digit, far beyond the baseline too: no tree knows better
    best, guess = line, _by_line
    if line.r2 <= 0.97:
        boosted = _fit(good, X.ref.rows(good), y, lambda: _boosting(study))
        best, guess = max(((line, _by_line), (boosted, _by_trees)), key=lambda f: f[0].r2)
    return Surrogate(best.r2, best.ref, now - guess(study, best.models))


@dataclass(frozen=True)
class _Fitted:
    """How well a kind of model fits out of fold, its residuals on the baseline, and the models of both halves."""

    r2: float
    ref: Floats
    models: tuple[Any, Any]


def _fit(good: Ints, X: Floats, y: Floats, make_model: Callable[[], Any]) -> _Fitted:
    """Fit twice on halves of the rows ``good``, whose inputs ``X`` has in their order."""
    half = len(good) // 2
    residual, models = np.full(len(y), np.nan), []
    for fit, test in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
        model = make_model()
        model.fit(taught(X[fit]), y[good[fit]])
        residual[good[test]] = y[good[test]] - model.predict(X[test])
        models.append(model)
    r2 = 1 - float(np.nanvar(residual)) / float(np.var(y[good]))
    return _Fitted(r2, residual, (models[0], models[1]))


def _by_trees(study: Study, models: tuple[Any, Any]) -> Floats:
    """Give the mean answer of two models on the log's rows."""
    return study.design.log.over(lambda L: models[0].predict(L) / 2 + models[1].predict(L) / 2)


def _by_line(study: Study, models: tuple[Any, Any]) -> Floats:
    """Give the same of two lines, a column at a time: all columns side by side take much room."""
    out = np.full(len(study.log), (models[0].intercept_ + models[1].intercept_) / 2)
    weights = (models[0].coef_ + models[1].coef_) / 2
    for weight, column in zip(weights, _columns(study, study.log, slice(None)), strict=True):
        out += weight * column
    return out


def _ridge() -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1e-3)


def _boosting(study: Study) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=50, learning_rate=0.2, max_leaf_nodes=15, min_samples_leaf=8, random_state=study.profile.seed
    )


def linear(study: Study, sample: Sample, rows: Ints) -> Floats:
    """Give some rows of baseline or log as a linear model sees them: a matrix with a row for each of ``rows``.

    Numbers are standardised by the baseline (missing: the mean), text has one column for each value of the baseline.
    """
    columns = list(_columns(study, sample, rows))
    return np.column_stack(columns) if columns else np.zeros((len(rows), 1))


def _columns(study: Study, sample: Sample, rows: Ints | slice) -> Iterator[Floats]:
    for name, now in study.log.features.items():
        base, column = study.ref.features[name], sample.features[name]
        if isinstance(now, Codes) and isinstance(base, Codes) and isinstance(column, Codes):
            codes, place = column.codes[rows], {value: i for i, value in enumerate(column.names)}
            yield from ((codes == place.get(value, -2)).astype(float) for value in base.names[:40])
        elif not isinstance(now, Codes) and not isinstance(base, Codes) and not isinstance(column, Codes):
            if name not in study.scales:
                continue
            middle, spread = study.scales[name]
            yield np.nan_to_num((column[rows] - middle) / spread)


def linear_names(study: Study) -> list[str]:
    """Name the feature of each column of ``linear``, in its order."""
    names = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if isinstance(column, Codes) and isinstance(base, Codes):
            names += [name] * len(base.names[:40])
        elif not isinstance(column, Codes) and name in study.scales:
            names.append(name)
    return names


def detect(study: Study, found_rows: Floats) -> tuple[list[Evidence], Surrogate | None]:
    """Look for a changed score function.

    ``found_rows`` marks (1) the log rows whose inputs another detector found defective: the surrogate was never
    taught such rows, so they are left out.
    """
    fitted = surrogate(study)
    if fitted is None or fitted.r2 < LEAST_R2:
        return _constant(study, None, found_rows), fitted
    found = _constant(study, fitted, found_rows)
    for e in found:
        if e.rows is not None:
            found_rows = np.maximum(found_rows, e.rows)
    clean = ~((found_rows > 0) | np.isnan(answer(study.log, study)) | beyond(study))
    if clean.sum() < _LEAST_CLEAN:
        return found, fitted
    change = _moved(study, fitted, clean)
    if change is not None:
        found += _otherwise(study, fitted, clean, change)
    elif not found and study.log.version.names:
        found.append(_unchanged(study, fitted))
    return found, fitted


def _moved(study: Study, fitted: Surrogate, clean: Mask) -> Change | None:
    """Find since when the residuals lie elsewhere, or farther away; the surer of the two."""
    cap = float(np.nanquantile(np.abs(fitted.ref), 0.99)) * 4 + 1e-6
    base, now = np.clip(fitted.ref, -cap, cap), np.where(clean, np.clip(fitted.log, -cap, cap), np.nan)
    spread = float(np.nanstd(base)) or 1e-9
    best: Change | None = None
    for x, then in ((now, base), (np.abs(now), np.abs(base))):
        # the surrogate is a little worse on new rows; only a clear fall counts
        change = find_change(x, reference=study.stats(then), level=6.0)
        size = abs(change.after - float(np.nanmean(then))) / spread
        if change.found and size > _CLEARLY and (best is None or abs(change.z) > abs(best.z)):
            best = change
    return best


def _otherwise(study: Study, fitted: Surrogate, clean: Mask, change: Change) -> list[Evidence]:
    """Say that the same inputs are scored otherwise: by another model, or by one that is given something else."""
    rows = inside(change, len(study.log))
    if _points(study, fitted, rows & clean) < LEAST_POINTS:
        return []  # on a scale without end a sure answer that became surer is far, and no other answer
    size = float(np.abs(fitted.log[rows & clean]).mean()) / max(float(np.nanmean(np.abs(fitted.ref))), 1e-9)
    # a version that is written down and never changed was not rolled out: rather the model was given something else
    same = len({*study.log.version.names, *study.ref.version.names}) == 1
    skew = change.shape == "from_start" or same
    text = (
        f"The same inputs are scored otherwise {since(change)}: the surrogate of the score (R2 {fitted.r2:.2f} on the "
        f"baseline) is off by {f'{size:.1f}' if size < _FAR else f'more than {_FAR}'} times its usual error."
        f"{' The version is the same throughout.' if same else ''}"
    )
    strength = float(np.clip(0.35 + 0.2 * (size - 1), 0.0, 0.9)) * (0.7 if same else 1)
    held = 1.0 - float(off_support(study)[rows].mean())  # elsewhere a surrogate guesses
    strength *= min(1.0, 0.3 + min(float(clean.mean()), held))
    # what a model knows by heart of its own rows no surrogate finds in new ones
    strength *= 0.2 if change.shape == "from_start" and faultless(study) else 1
    mechanism = "training_serving_skew" if skew else "bad_rollout"
    return [
        make(
            study, NAME, mechanism, text, strength=strength, z=abs(change.z), change=change, rows=rows, effect=size,
            unit="ratio of residuals", n=int(rows.sum()), supports=(mechanism, "wrong_model_version"),
            versions=version_since(study, rows), refutes=("concept_drift", "label_shift", "label_noise"),
            details={"r2": fitted.r2},
        )
    ]  # fmt: skip


def _points(study: Study, fitted: Surrogate, rows: Mask) -> float:
    """Give how much farther from the surrogate the answers lie: in probability, or deviations of the answer."""
    then, now = answer(study.ref, study), answer(study.log, study)
    if is_probability(study.ref.score):
        before = np.abs(probability(then) - probability(then - fitted.ref))
        after = np.abs(probability(now) - probability(now - fitted.log))
    else:
        before, after = (np.abs(r) / (float(np.nanstd(then)) or 1.0) for r in (fitted.ref, fitted.log))
    return float(np.nanmean(after[rows]) - np.nanmean(before))


def _unchanged(study: Study, fitted: Surrogate) -> Evidence:
    text = (
        f"The same inputs are scored as before (surrogate R2 {fitted.r2:.2f}): the model that answers did not change."
    )
    return make(
        study,
        NAME,
        "",
        text,
        strength=0.0,
        z=0.0,
        refutes=("bad_rollout", "wrong_model_version"),
        effect=fitted.r2,
        unit="R2",
    )


def beyond(study: Study) -> Mask:
    """Mark log rows with a number outside the baseline's inner 99 %: there no surrogate knows what the model says."""
    out = np.zeros(len(study.log), dtype=bool)
    for base, column in study.numbers.values():
        have = study.in_order(base)
        if len(have) < 50:
            continue
        low, high = np.quantile(have, [0.005, 0.995])
        out |= (column < low) | (column > high) | (np.isnan(column) & (float(np.isnan(base).mean()) < 0.002))
    return out


def _constant(study: Study, fitted: Surrogate | None, defects: Floats) -> list[Evidence]:
    """Look for one score that is served again and again where the baseline's scores varied: a fallback."""
    base = study.ref.score[~np.isnan(study.ref.score)]
    repeated = _repeated(study, base)
    if repeated is None:
        return []
    top, flags, change = repeated
    rows, was = inside(change, len(flags)), float((base == top).mean())
    mine = rows & (flags > 0)
    share = float(np.nanmean(flags[rows]))
    z = proportion_z(was * len(base), len(base), np.nansum(flags[rows]), rows.sum())
    if z < 6 or not several(base, 20) or _deserved(study, fitted, defects, mine):
        return []
    text = (
        f"The score {top:.6g} answers {percent(share)} of the requests {since(change)} ({percent(was)} "
        f"{beforehand(change)}): a fallback."
    )
    mechanism = _of_fallback(study, mine, rows & (flags == 0))
    return [
        make(
            study, NAME, mechanism, text, strength=0.8 if mechanism == "default_filled" else 0.95, z=z, change=change,
            rows=mine, effect=share - was, unit="share of rows", n=int(rows.sum()),
            refutes=("concept_drift", "covariate_shift", "bad_rollout"), details={"score": top},
        )
    ]  # fmt: skip


def _repeated(study: Study, base: Floats) -> tuple[float, Floats, Change] | None:
    """Give the commonest score, the rows that have it (NaN of no score), and since when they are more."""
    now = study.log.score
    if np.isnan(now).all() or not len(base):
        return None
    values, counts = distinct(now[~np.isnan(now)])
    top = float(values[np.argmax(counts)])
    if study.profile.task != "regression" and not 0.002 < top < 0.998:
        return None  # a sure answer rounded, not a fallback
    was = float((base == top).mean())
    flags = np.where(np.isnan(now), np.nan, (now == top).astype(float))
    change = find_change(flags, reference=None if study.own_reference else (was, was * (1 - was), float(len(base))))
    rose = change.found and change.z >= 0 and change.after - was >= _ROSE
    return (top, flags, change) if rose else None


def _deserved(study: Study, fitted: Surrogate | None, defects: Floats, mine: Mask) -> bool:
    """Whether inputs that broke alike are answered alike, or inputs deserve this score, however many they are."""
    if float(((defects > 0) | beyond(study))[mine].mean()) > 0.5:
        return True
    if fitted is None:
        return False
    off = float(np.nanmedian(np.abs(fitted.log[mine])))
    return off < 3 * float(np.nanmedian(np.abs(fitted.ref))) or off < 0.1


def _of_fallback(study: Study, mine: Mask, others: Mask) -> str:
    """Name what makes a service fall back: it waited too long, it failed, or it was made to."""
    slow, rest = study.log.latency_ms[mine], study.log.latency_ms[others]
    if len(slow) > 5 and len(rest) > 5 and float(np.nanmedian(slow)) > 1.5 * float(np.nanmedian(rest)):
        return "timeouts"
    return "errors" if (study.log.ok == 0).any() else "default_filled"
