"""Small models fitted on a base, with their training and validation rows (testing, floor 6).

A *flavour* says how the fit went wrong, if it did: which rows it saw, what their labels said, what extra column it was
given. ``plain`` is the healthy one. Fits are cached, because a benchmark asks for the same model many times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.detectors.threads import one_thread
from toolkit.errors import PostmortemError
from toolkit.testing.bases import Base, load_base
from toolkit.testing.flavours import Flavour
from toolkit.testing.flavours import flavour as find_flavour

MODELS: Final = ("logistic", "forest", "boosting")
VALID_ROWS: Final = 1500
Array = NDArray[Any]


@dataclass(frozen=True)
class Encoder:
    """Turns a frame into a matrix as it was learned on training rows: medians for gaps, z-scores, one-hot columns."""

    numeric: tuple[str, ...]
    centre: Array
    spread: Array
    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def learn(cls, frame: pd.DataFrame, numeric: tuple[str, ...], categorical: tuple[str, ...]) -> Encoder:
        """Learn medians, spreads and values from training rows."""
        table = _numbers(frame, numeric)
        spread = np.nanstd(table, axis=0)
        values = {c: tuple(sorted({str(v) for v in frame[c].dropna()})) for c in categorical}
        return cls(numeric, np.nanmedian(table, axis=0), np.where(spread > 0, spread, 1.0), values)

    def matrix(self, frame: pd.DataFrame) -> Array:
        """Give the matrix of a frame; unknown values of a category are all zeros, what is no number is a gap."""
        table = _numbers(frame, self.numeric)
        table = np.where(np.isnan(table), self.centre, table)
        parts = [np.clip((table - self.centre) / self.spread, -1e6, 1e6)]
        for name, known in self.values.items():
            codes = pd.Index(known, dtype=object).get_indexer(pd.Index(frame[name].to_numpy(object)))
            parts.append((codes[:, None] == np.arange(len(known))).astype(float))
        return np.hstack(parts)


def _numbers(frame: pd.DataFrame, names: tuple[str, ...]) -> Array:
    columns = [
        frame[c].to_numpy(float)
        if frame[c].dtype.kind in "fiu"
        else pd.to_numeric(frame[c], errors="coerce").to_numpy(float)
        for c in names
    ]
    return np.column_stack(columns) if columns else np.zeros((len(frame), 0))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model with what it was fitted on and validated on, and how."""

    base: Base
    flavour: str
    encoder: Encoder
    estimator: Any
    train: pd.DataFrame
    train_label: Array
    valid: pd.DataFrame
    valid_label: Array
    how: Flavour
    importance: Mapping[str, float] = field(default_factory=dict)

    def raw(self, frame: pd.DataFrame) -> Array:
        """Give class probabilities (n, K), or predicted values (n,) of a regression."""
        matrix = self.encoder.matrix(frame)
        if self.base.task == "regression":
            return np.asarray(self.estimator.predict(matrix), dtype=float)
        proba = np.zeros((len(frame), len(self.base.classes)))
        proba[:, self.estimator.classes_.astype(int)] = self.estimator.predict_proba(matrix)
        return self._bent(frame, proba)

    def _bent(self, frame: pd.DataFrame, proba: Array) -> Array:
        """Sharpen all scores, or lift and bend those of women, as the flavour says."""
        how = self.how
        if how.sharpen == 1.0 and how.lift == 0.0 and how.power == 1.0:
            return proba
        woman = (frame["sex"] == "F").to_numpy()
        logs = np.log(np.clip(proba, 1e-9, 1.0)) * (how.sharpen * np.where(woman, how.power, 1.0))[:, None]
        logs[:, -1] += np.where(woman, how.lift, 0.0)
        powered = np.exp(logs)
        bent: Array = powered / powered.sum(axis=1, keepdims=True)
        return bent

    def bars(self, frame: pd.DataFrame, threshold: float) -> Array:
        """Give the threshold of every row; women may have their own."""
        own = threshold if self.how.bar is None else self.how.bar
        return np.where((frame["sex"] == "F").to_numpy(), own, threshold).astype(float)

    def by_importance(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Order features by how much worse the model gets on held-out rows when they are shuffled, worst first."""
        return tuple(sorted(names, key=lambda c: -self.importance.get(c, 0.0)))


def losses(base: Base, raw: Array, label: Array) -> Array:
    """Give the loss of every row: 0 or 1 for a class, the absolute error for a number."""
    if base.task == "regression":
        return np.asarray(np.abs(raw - label))
    return np.asarray(raw.argmax(axis=1) != label, dtype=float)


def jittered(base: Base, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Smooth rows that were drawn with replacement from a small real set; discrete columns stay as they are.

    Groups are drawn anew for every row: repeated rows of one group would otherwise make a gap of pure chance look sure.
    """
    if not base.jitter:
        return frame
    frame = frame.copy()
    for name in base.groups:
        values, shares = np.unique(base.frame[name].to_numpy(str), return_counts=True)
        frame[name] = rng.choice(values, len(frame), p=shares / shares.sum()).astype(object)
    for name in base.numeric:
        pool = base.frame[name].to_numpy(float)
        if len(np.unique(pool)) > 20:
            noise = base.jitter * pool.std() * rng.standard_normal(len(frame))
            digits = 3 if pool.std() > 0.05 else 5
            frame[name] = np.round(np.clip(frame[name].to_numpy(float) + noise, pool.min(), pool.max()), digits)
    return frame


def _estimator(task: str, model: str, seed: int, rows: int) -> Any:
    """Give an unfitted estimator by family, held back more where rows are few; the last ones exist to overfit."""
    from sklearn import ensemble, linear_model, neighbors, tree

    regression = task == "regression"
    if model == "logistic":
        return linear_model.Ridge(alpha=1.0) if regression else linear_model.LogisticRegression(max_iter=300)
    if model == "forest":
        kind = ensemble.RandomForestRegressor if regression else ensemble.RandomForestClassifier
        return kind(n_estimators=30, min_samples_leaf=8, random_state=seed)
    if model == "boosting":
        kind = ensemble.HistGradientBoostingRegressor if regression else ensemble.HistGradientBoostingClassifier
        steps, leaves = (60, 8) if rows >= 2000 else (25, 4)
        return kind(max_iter=steps, max_leaf_nodes=leaves, learning_rate=0.12, min_samples_leaf=15, random_state=seed)
    if model == "tree":
        return (tree.DecisionTreeRegressor if regression else tree.DecisionTreeClassifier)(random_state=seed)
    if model == "neighbour":
        return (neighbors.KNeighborsRegressor if regression else neighbors.KNeighborsClassifier)(n_neighbors=1)
    if model == "long_boosting":
        kind = ensemble.GradientBoostingRegressor if regression else ensemble.GradientBoostingClassifier
        return kind(n_estimators=120, max_depth=6, learning_rate=0.4, random_state=seed)
    raise PostmortemError(f"there is no model {model!r}", fix=f"the models are: {', '.join(MODELS)}")


@lru_cache(maxsize=96)
def fitted(base_name: str, model: str = "logistic", seed: int = 0, flavour: str = "plain") -> Fitted:
    """Fit a model on the training part of a base, in a flavour, and keep its training and validation rows.

    Raises:
        PostmortemError: no such base, model or flavour.
    """
    with one_thread():
        return _fit(base_name, model, seed, flavour)


def _fit(base_name: str, model: str, seed: int, flavour: str) -> Fitted:
    base, how = load_base(base_name, seed), find_flavour(flavour)
    rng = np.random.default_rng([seed, 11, sum(map(ord, flavour))])
    rows = how.rows(base, base.train, rng)
    frame, label = base.frame.iloc[rows].reset_index(drop=True), base.label[rows]
    frame, shown = how.extend(base, frame, label, "train", rng)
    numeric, categorical = how.columns(base)
    encoder = Encoder.learn(frame, numeric, categorical)
    estimator = _estimator(base.task, how.estimator or model, seed, len(frame))
    estimator.fit(encoder.matrix(frame), shown)
    held = how.rows(base, base.held, rng)
    picked = rng.choice(held, VALID_ROWS) if base.jitter else rng.permutation(held)[:VALID_ROWS]
    if how.valid_is_train:
        again = rng.choice(len(frame), min(VALID_ROWS, len(frame)), replace=False)
        valid, valid_label = frame.iloc[again].reset_index(drop=True), shown[again]
    else:
        valid = jittered(base, base.frame.iloc[picked].reset_index(drop=True), rng)
        valid, valid_label = how.extend(base, valid, base.label[picked], "valid", rng)
    made = Fitted(base, flavour, encoder, estimator, frame, shown, valid, valid_label, how)
    return Fitted(**{**made.__dict__, "importance": _importance(made, rng)})


def _importance(made: Fitted, rng: np.random.Generator) -> dict[str, float]:
    """Shuffle one feature at a time on validation rows and note the extra loss."""
    frame, label = made.valid.iloc[:600].reset_index(drop=True), made.valid_label[:600]
    before = losses(made.base, made.raw(frame), label).mean()
    extra: dict[str, float] = {}
    for name in (*made.encoder.numeric, *made.encoder.values):
        shuffled = frame.assign(**{name: frame[name].to_numpy()[rng.permutation(len(frame))]})
        extra[name] = float(losses(made.base, made.raw(shuffled), label).mean() - before)
    return extra


@lru_cache(maxsize=64)
def held_losses(base_name: str, model: str, seed: int, flavour: str = "plain") -> Array:
    """Give the loss of a model on every held-out row of its base, in the order of ``base.held``."""
    base, made = load_base(base_name, seed), fitted(base_name, model, seed, flavour)
    with one_thread():
        return losses(base, made.raw(base.frame.iloc[base.held]), base.label[base.held])
