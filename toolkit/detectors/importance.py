"""Which features the model's answers depend on (floor 4): permutation of one feature at a time, on the surrogate."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from toolkit.detectors.evidence import some
from toolkit.detectors.matrices import taught
from toolkit.detectors.scoring import answer, linear, linear_names
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Ints

_ROWS: Final = 800


def importance(study: Study) -> dict[str, float]:
    """Give for each feature the mean squared change of the surrogate's answer when the feature is shuffled.

    In parts of the answer's variance; empty where there is no score and no prediction to imitate. Boosted trees fit
    what is left over, so that a feature that only goes with the ones in use hardly gets a split.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    design = study.design
    y = answer(study.ref, study)
    if study.profile.task == "multiclass":
        y = study.ref.prediction
    good = np.flatnonzero(~np.isnan(y))
    if len(design.names) < 2 or len(good) < 60 or float(np.var(y[good])) <= 0:
        return {}
    exact = _of_a_line(study, y, good) if study.profile.task != "multiclass" else None
    if exact is not None:
        return exact
    rng = np.random.default_rng(study.profile.seed)
    good = rng.permutation(good)[: 2 * _ROWS]
    X = design.ref.rows(good)
    model: Any = HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.15, max_leaf_nodes=12, min_samples_leaf=max(5, len(good) // 100),
        random_state=study.profile.seed,
    )  # fmt: skip
    model.fit(taught(X), y[good])
    test = X[:_ROWS]
    usual = model.predict(test)
    scale = float(np.var(usual)) or 1.0
    out = {}
    for j, name in enumerate(design.names):
        shuffled = test.copy()
        shuffled[:, j] = rng.permutation(shuffled[:, j])
        out[name] = float(np.mean((model.predict(shuffled) - usual) ** 2) / scale)
    return out


def _of_a_line(study: Study, y: Floats, good: Ints) -> dict[str, float] | None:
    """Give the importances of a score that is a line in its inputs, where a column that is not read has none at all."""
    from sklearn.linear_model import Ridge

    good = some(good)
    A = linear(study, study.ref, good)
    if A.shape[1] * 3 > len(good):
        return None
    y = y[good]
    model: Any = Ridge(alpha=1e-3).fit(A, y)
    total = float(np.var(y))
    if float(np.var(y - model.predict(A))) > 0.03 * total:
        return None
    names = linear_names(study)
    out = dict.fromkeys(study.design.names, 0.0)
    for name in out:
        mine = np.array([n == name for n in names])
        out[name] = 2 * float(np.var(A[:, mine] @ model.coef_[mine])) / total
    return out
