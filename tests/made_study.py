"""Studies of small simulated logs, for tests of single detectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.detectors.study import Study, make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

Floats = NDArray[np.float64]


#: The roles of ``healthy`` rows that have a time, ``when``.
ROLES: dict[str, Any] = {
    "task": "binary",
    "roles": {"timestamp": "when", "score": "score", "prediction": "answer", "label": "truth",
              "feature": ["x", "w", "town"], "group": ["sex"]},
    "values": {"positive": 1},
}  # fmt: skip


def chance(z: Floats) -> Floats:
    """Give 1 / (1 + exp(-z))."""
    return np.asarray(1.0 / (1.0 + np.exp(-z)))


def healthy(rng: np.random.Generator, n: int, *, shift: float = 0.0) -> pd.DataFrame:
    """Draw n requests to a well specified model of two numbers and a town; ``shift`` moves the crowd."""
    x, w = rng.normal(shift, 1.0, n), rng.normal(size=n)
    town = rng.choice(["Bonn", "Hof", "Ulm"], n, p=[0.5, 0.3, 0.2])
    score = chance(1.5 * x + 0.5 * w)
    return pd.DataFrame(
        {
            "x": x,
            "w": w,
            "town": town,
            "score": score,
            "answer": (score >= 0.5).astype(int),
            "truth": (rng.random(n) < score).astype(int),
            "sex": rng.choice(["F", "M"], n),
        }
    )


def study_of(log: pd.DataFrame, reference: pd.DataFrame | None, **more: Any) -> Study:
    """Read, profile and study a log of ``healthy`` rows, one request an hour."""
    roles = {**ROLES, "roles": {**ROLES["roles"], **more}}
    timed = log.assign(when=pd.date_range("2025-01-01", periods=len(log), freq="h", tz="UTC"))
    held = None if reference is None else reference.assign(when=pd.Timestamp("2024-06-01", tz="UTC"))
    with read_log(timed, roles, reference=held) as opened:
        return make_study(build_profile(opened))
