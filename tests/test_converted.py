"""A thermometer that writes Fahrenheit is told by what goes with the cold, in whatever season it is exchanged."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import association
from toolkit.detectors.evidence import Evidence

N, SINCE = 3000, 1800


def look(change: str) -> list[Evidence]:
    """Serve a winter, against its first weeks: a supply's heat goes with the cold outside."""
    rng = np.random.default_rng(3)
    log = healthy(rng, N)
    log["outside"] = 12 - 20 * np.arange(N) / N + rng.normal(0, 3, N)
    log["supply"] = 100 - 1.3 * log["outside"] + rng.normal(0, 1.2, N)
    late = np.arange(N) >= SINCE
    if change == "fahrenheit":
        log["outside"] = np.where(late, 1.8 * log["outside"] + 32, log["outside"])
    if change == "other rows":
        log["outside"] = np.where(late, rng.permutation(log["outside"]), log["outside"])
    if change == "a hotter supply":
        log["supply"] = np.where(late, log["supply"] + 12, log["supply"])
    return association.detect(study_of(log, None, feature=["x", "w", "outside", "supply"]), {}, set())


def test_what_goes_with_a_column_tells_its_unit() -> None:
    """The map, and the row, though the winter moved the column by itself."""
    (got,) = look("fahrenheit")
    assert (got.mechanism, got.finding.features, got.finding.effect) == (
        "unit_change",
        ("outside",),
        pytest.approx(1.8),
    )
    assert got.rows is not None
    assert abs(int(np.flatnonzero(got.rows)[0]) - SINCE) < 30


@pytest.mark.parametrize("change", ["nothing", "other rows", "a hotter supply"])
def test_what_no_map_undoes_is_no_unit(change: str) -> None:
    """A season, values of other rows, and a supply that is hotter by as much everywhere."""
    assert "unit_change" not in [e.mechanism for e in look(change)]
