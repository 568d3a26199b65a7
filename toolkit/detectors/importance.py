"""Which features the model's answers depend on (floor 4): permutation of one feature at a time, on the surrogate."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from toolkit.detectors.scoring import answer, design, designed
from toolkit.detectors.study import Study

_ROWS: Final = 800


def importance(study: Study) -> dict[str, float]:
    """Give for each feature the mean squared change of the surrogate's answer when the feature is shuffled.

    In parts of the answer's variance; empty where there is no score and no prediction to imitate. Boosted trees fit
    what is left over, so that a feature that only goes with the ones in use hardly gets a split.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    R, _ = design(study)
    y = answer(study.ref, study)
    if study.profile.task == "multiclass":
        y = study.ref.prediction
    good = np.flatnonzero(~np.isnan(y))
    if R.shape[1] < 2 or len(good) < 60 or float(np.var(y[good])) <= 0:
        return {}
    rng = np.random.default_rng(study.profile.seed)
    good = rng.permutation(good)[: 2 * _ROWS]
    X = R[good]
    model: Any = HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.15, max_leaf_nodes=12, min_samples_leaf=max(5, len(good) // 100),
        random_state=study.profile.seed,
    )  # fmt: skip
    model.fit(X, y[good])
    test = X[:_ROWS]
    usual = model.predict(test)
    scale = float(np.var(usual)) or 1.0
    out = {}
    for j, name in enumerate(designed(study)):
        shuffled = test.copy()
        shuffled[:, j] = rng.permutation(shuffled[:, j])
        out[name] = float(np.mean((model.predict(shuffled) - usual) ** 2) / scale)
    return out
