"""A bound beyond which no number was taken as it came: while it is there, and when it is gone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import toolkit as tk

N, SINCE = 1_500, 800
ROLES = {
    "task": "regression",
    "roles": {"timestamp": "at", "prediction": "estimate", "decision": "offer", "label": "price", "feature": ["size"]},
}


def offers(seed: int, *, gone: bool) -> pd.DataFrame:
    """Draw offers: one house in thirty is a farm, which a line through houses values far too high."""
    rng = np.random.default_rng(seed)
    farm = rng.random(N) < 1 / 30
    size = np.where(farm, rng.uniform(40, 80, N), rng.uniform(1, 5, N))
    price = np.where(farm, 300 + 2 * size, 100 + 40 * size) * np.exp(rng.normal(0, 0.08, N))
    estimate = 100 + 40 * size
    open_ = (np.arange(N) >= SINCE) & gone
    offer = np.where((estimate > 700) & ~open_, price, estimate).round()
    at = pd.date_range("2026-01-01", periods=N, freq="h", tz="UTC")
    return pd.DataFrame({"at": at, "size": size, "estimate": estimate, "offer": offer, "price": price})


def test_a_bound_that_is_gone_is_a_missing_guardrail() -> None:
    """Fifty offers in fifteen hundred, each far too high since a day: whoever looked at such ones no longer does."""
    d = tk.diagnose(offers(1, gone=True), roles=ROLES, reference=offers(2, gone=False))
    assert (d.verdict, d.mechanism) == ("human", "missing_guardrail")
    assert d.onset is not None
    assert abs((d.onset - pd.Timestamp("2026-02-03 08:00", tz="UTC")).total_seconds()) < 4 * 86400


@pytest.mark.parametrize("seed", range(3))
def test_a_bound_that_is_there_is_none(seed: int) -> None:
    """While somebody looks at them the absurd numbers hurt nobody."""
    d = tk.diagnose(offers(seed, gone=False), roles=ROLES, reference=offers(9, gone=False))
    assert d.verdict == "none"
