"""A release on the day on which the world changed is no bad one: the version before would have erred as much."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import toolkit as tk

N, SINCE = 1800, 900


@pytest.mark.parametrize(("law", "off"), [(True, False), (False, True)])
def test_a_release_on_the_day_of_a_law(*, law: bool, off: bool) -> None:
    """Rents fall by law as a new version comes: not its fault. A version that is off by as much is."""
    rng = np.random.default_rng(4)

    def flats(n: int) -> tuple[pd.DataFrame, np.ndarray]:
        size, rooms = rng.normal(65, 20, n).clip(20), rng.integers(1, 6, n)
        return pd.DataFrame({"size": size.round(1), "rooms": rooms}), 200 + 9 * size + 30 * rooms

    (log, worth), (reference, held) = flats(N), flats(900)
    late = np.arange(N) >= SINCE
    log["rent"] = worth - 160 * (late & law) + rng.normal(0, 40, N)
    log["estimate"] = worth - 160 * (late & off)
    log["release"] = np.where(late, "5.0", "4.2")
    log["when"] = pd.date_range("2025-11-01", periods=N, freq="h")
    reference = reference.assign(rent=held + rng.normal(0, 40, 900), estimate=held, release="4.2")
    roles = {"timestamp": "when", "prediction": "estimate", "label": "rent", "model_version": "release",
             "feature": ["size", "rooms"]}  # fmt: skip
    d = tk.diagnose(log, roles={"task": "regression", "roles": roles}, reference=reference)
    assert (d.probabilities["integration"] > 0.5) == off
    assert any("The version before, replayed" in f.statement for f in d.findings) == law
