"""Costs that rose with the errors are the errors' doing; those that rose at errors of one size are the goal's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import toolkit

N, SINCE = 2400, 1400
ROLES = {
    "task": "regression",
    "roles": {"timestamp": "when", "prediction": "said", "label": "came", "cost": "lost", "feature": ["x"]},
}


def served(rng: np.random.Generator, what: str) -> pd.DataFrame:
    """Draw forecasts, each with what its error cost; since a row the errors are larger, or each is dearer."""
    x, late = rng.uniform(2, 9, N), np.arange(N) >= SINCE
    spread = np.where(late & (what == "errors grow"), 2.2, 1.0)
    frame = pd.DataFrame({"when": pd.date_range("2026-01-01", periods=N, freq="h", tz="UTC"), "x": x, "said": 10 * x})
    frame["came"] = frame["said"] + spread * rng.normal(0, 4, N)
    dear = np.where(late & (what == "errors cost more"), 2.2, 1.0)
    frame["lost"] = 3 * dear * (frame["came"] - frame["said"]).abs() + rng.uniform(0, 1, N)
    return frame


@pytest.mark.parametrize(("what", "named"), [("errors grow", False), ("errors cost more", True), ("nothing", False)])
def test_a_goal_is_wrong_where_errors_of_one_size_cost_more(what: str, *, named: bool) -> None:
    """What an error of a size costs is held to what it did: by direct standardisation."""
    rng = np.random.default_rng(8)
    held = served(rng, "nothing").assign(when=lambda f: f["when"] - pd.Timedelta(days=365))
    found = toolkit.diagnose(served(rng, what), reference=held, roles=ROLES)
    supported = {m for f in found.findings for m in f.supports}
    assert ("goal_misaligned" in supported) == named
