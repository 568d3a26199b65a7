"""One input that moved alone and took the labels' relation with it is spoilt; one that moved with the world is not."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import lone_input
from toolkit.detectors.drift import moved
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.relation import relate

N, SINCE = 4000, 2000
LATE = np.arange(N) >= SINCE


def look(how: str) -> list[Evidence]:
    """Give what is said of a column that was garbled, of a crowd that moved, or of an effect that changed."""
    rng = np.random.default_rng(12)
    log, reference = healthy(rng, N), healthy(rng, N)
    for rows in (log, reference):
        rows["v"] = rng.normal(size=N)
    if how == "crowd":
        log["x"] = np.where(LATE, log["x"] + 0.8, log["x"])
        log["truth"] = (rng.random(N) < chance(1.5 * log["x"] + 0.5 * log["w"])).astype(int)
    elif how == "effect":
        log["truth"] = np.where(LATE, (rng.random(N) < chance(-1.5 * log["x"] + 0.5 * log["w"])), log["truth"])
    elif how == "garbled":
        log["x"] = np.where(LATE, np.abs(log["x"]) ** 0.5, log["x"])
    log["score"] = chance(1.5 * log["x"] + 0.5 * log["w"])
    log["answer"] = (log["score"] >= 0.5).astype(int)
    study = study_of(log, reference, feature=["x", "w", "v", "town"])
    moves = {name: m for name in study.log.features if (m := moved(study, name)) is not None}
    return lone_input.detect(study, moves, relate(study), set())


def test_what_is_written_into_one_column_changed() -> None:
    """It is named with its column and its onset, and speaks against a changed world."""
    (got,) = look("garbled")
    assert got.finding.features == ("x",)
    assert {"concept_drift", "covariate_shift"} <= set(got.finding.refutes)
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 60


@pytest.mark.parametrize("how", ["nothing", "crowd", "effect"])
def test_a_world_that_changed_is_no_spoilt_column(how: str) -> None:
    """Another crowd keeps the relation, another effect keeps the column: neither is named."""
    assert look(how) == []
