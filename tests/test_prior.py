"""An outcome that became commoner by itself is told from a relation that changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import chance, study_of

from toolkit.detectors import prior


def claims(rng: np.random.Generator, n: int, rate: float, *, clever: float = 0.0) -> pd.DataFrame:
    """Draw claims of which some are fraud; ``clever`` of the fraud looks like none."""
    fraud = rng.random(n) < rate
    seen = fraud & (rng.random(n) >= clever)
    x, w = rng.normal(1.2 * seen), rng.normal(0.8 * seen)
    score = chance(1.2 * x + 0.8 * w - 3.3)
    return pd.DataFrame({"x": x, "w": w, "town": "Bonn", "sex": "F", "score": score,
                         "answer": (score >= 0.5).astype(int), "truth": fraud.astype(int)})  # fmt: skip


@pytest.mark.parametrize(("rate", "clever", "named"), [(0.16, 0.0, ["label_shift"]), (0.16, 0.6, []), (0.09, 0.0, [])])
def test_a_wave_of_more_of_the_same(rate: float, clever: float, named: list[str]) -> None:
    """Half as many frauds again that look as frauds did are missed as often; a trick that is new is another matter."""
    rng = np.random.default_rng(6)
    log = pd.concat([claims(rng, 3500, 0.09), claims(rng, 2000, rate, clever=clever)], ignore_index=True)
    found = prior.detect(study_of(log, claims(rng, 2500, 0.09)))
    assert [e.mechanism for e in found] == named
    for e in found:
        assert e.change is not None
        assert abs(e.change.start - 3500) < 300
        assert e.strength > 0.6
        assert "of the rise of the loss" in e.finding.statement  # whether that is harm the verdict says
