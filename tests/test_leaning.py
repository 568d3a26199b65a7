"""Labels of one source that begin to lean, where the other sources say that nothing else did."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import leaning
from toolkit.detectors.evidence import Evidence

N, SINCE = 4000, 2400


def look(turned: str, *, column: str = "label_source") -> list[Evidence]:
    """Read labels of three sources; since a row one, or each, calls two in five positive cases negative."""
    rng = np.random.default_rng(6)
    log = healthy(rng, N)
    log[column] = rng.choice(["desk", "audit", "partner"], N, p=[0.5, 0.2, 0.3])
    hers = (log[column] == turned) | (turned == "all")
    hit = hers & (np.arange(N) >= SINCE) & (rng.random(N) < 0.4)
    log["truth"] = np.where(hit, 0, log["truth"])
    return leaning.detect(study_of(log, None, segment=[column]))


def test_a_source_that_turns_labels_of_one_kind_is_named() -> None:
    """Named is who and since when, and that its labels went to one side."""
    (got,) = look("partner")
    assert got.mechanism == "poisoned_data"
    assert [(t.column, t.value) for t in got.finding.slice] == [("label_source", "partner")]
    assert got.change is not None
    assert got.change.low - 60 <= SINCE <= got.change.high + 60


@pytest.mark.parametrize(
    ("turned", "column"), [("all", "label_source"), ("nobody", "label_source"), ("partner", "shop")]
)
def test_what_all_went_through_or_no_source_did_is_not(turned: str, column: str) -> None:
    """Where all lean it is the model or the world, and a shop labels nobody's cases."""
    assert look(turned, column=column) == []


@pytest.mark.parametrize(("moves", "named"), [("odds", []), ("labels", ["poisoned_data"])])
def test_a_source_whose_cases_moved_turned_no_labels(moves: str, named: list[str]) -> None:
    """Its cases come true less often either way; where the sure ones do as ever, the odds moved and no hand did it."""
    rng = np.random.default_rng(7)
    log = healthy(rng, N)
    log["source"] = rng.choice(["app", "branch", "web"], N)
    hers = (log["source"] == "branch") & (np.arange(N) >= SINCE)
    odds = 1.5 * log["x"] + 0.5 * log["w"] - 1.6 * hers
    moved = rng.random(N) < chance(odds.to_numpy())
    turned = (log["truth"] == 1) & ~(hers & (rng.random(N) < 0.45))
    log["truth"] = (moved if moves == "odds" else turned).astype(int)
    found = leaning.detect(study_of(log, None, segment=["source"]))
    assert [e.mechanism for e in found] == named
