"""Labels of one source that begin to lean, where the other sources say that nothing else did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import leaning
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

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


@pytest.mark.parametrize(("who", "named"), [("agency", ["label_noise"]), ("everyone", [])])
def test_numbers_given_at_random_scatter_to_either_side(who: str, named: list[str]) -> None:
    """Half of one panel's numbers are drawn at random since a row: their mean stands, how far they lie off does not."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=N)
    panel = rng.choice(["house", "agency", "guild"], N)
    hers = ((panel == who) | (who == "everyone")) & (np.arange(N) >= SINCE) & (rng.random(N) < 0.5)
    log = pd.DataFrame(
        {
            "at": pd.date_range("2026-03-01", periods=N, freq="15min", tz="UTC"),
            "said": 2.0 * x,
            "rated": np.where(hers, rng.normal(0.0, 2.2, N), 2.0 * x + rng.normal(0.0, 0.5, N)),
            "x": x,
            "panel": panel,
        }
    )
    roles = {"timestamp": "at", "prediction": "said", "label": "rated", "feature": ["x"], "segment": ["panel"]}
    with read_log(log, {"task": "regression", "roles": roles}) as opened:
        found = leaning.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in found] == named


@pytest.mark.parametrize(("column", "named"), [("lab", "poisoned_data"), ("tenant", "concept_drift")])
def test_numbers_of_a_customer_may_lie_higher_by_themselves(column: str, named: str) -> None:
    """What one laboratory measures too high the next would not; one tenant's building may draw more than it did."""
    rng = np.random.default_rng(9)
    x, part = rng.normal(size=N), rng.choice(["a", "b", "c"], N)
    came = 2.0 * x + rng.normal(0.0, 0.5, N) + 0.6 * ((part == "b") & (np.arange(N) >= SINCE))
    at = pd.date_range("2026-03-01", periods=N, freq="15min", tz="UTC")
    log = pd.DataFrame({"at": at, "said": 2.0 * x, "came": came, "x": x, column: part})
    roles = {"timestamp": "at", "prediction": "said", "label": "came", "feature": ["x"], "segment": [column]}
    with read_log(log, {"task": "regression", "roles": roles}) as opened:
        (got,) = leaning.detect(make_study(build_profile(opened)))
    assert got.mechanism == named
    assert ("concept_drift" in got.finding.refutes) == (column == "lab")
