"""An outcome that no answer is: named since it came, and left alone where the model knows it or it was always there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.detectors import unknown_class
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE = 2000, 1300


def look(*, came: bool = True, answered: bool = False, before: bool = False) -> list[Evidence]:
    """Sort rubbish into three bins, where a fourth kind of it comes since a row (or came all along)."""
    rng = np.random.default_rng(6)
    kind = rng.choice(["glass", "metal", "paper"], N).astype(object)
    said = np.where(rng.random(N) < 0.1, "paper", kind).astype(object)
    new = (rng.random(N) < 0.06) & came & (before | (np.arange(N) >= SINCE))
    kind[new] = "vape"
    said[new & answered & (rng.random(N) < 0.5)] = "vape"
    log = pd.DataFrame({"when": pd.date_range("2025-05-01", periods=N, freq="h", tz="UTC"), "said": said,
                        "kind": kind, "kg": rng.normal(size=N)})  # fmt: skip
    roles = {"task": "multiclass", "roles": {"timestamp": "when", "prediction": "said", "label": "kind",
             "feature": ["kg"]}}  # fmt: skip
    with read_log(log, roles) as opened:
        return unknown_class.detect(make_study(build_profile(opened)))


def test_an_outcome_the_model_was_never_taught() -> None:
    """It is named by its name, since it came, on the very rows of it."""
    (got,) = look()
    assert "vape" in got.finding.statement
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 80
    assert got.finding.n is not None
    assert 25 < got.finding.n < 60


@pytest.mark.parametrize(
    "world", [{"came": False}, {"answered": True}, {"before": True}], ids=["none came", "it is known", "of old"]
)
def test_a_known_outcome_is_none(world: dict[str, bool]) -> None:
    """Nothing new, a class that the model answers, or one that the baseline has: nothing is said."""
    assert look(**world) == []


def test_labels_that_are_all_different_are_no_classes() -> None:
    """Where no label of the baseline comes twice, one that is new is none that the model was never taught."""
    rng = np.random.default_rng(6)
    kinds = [f"{x:.9f}" for x in rng.normal(size=600)]
    held = pd.DataFrame({"said": kinds[0], "kind": kinds, "kg": rng.normal(size=600)})
    log = held.assign(when=pd.date_range("2025-05-01", periods=600, freq="h", tz="UTC"), kind=held.kind + "1")
    roles = {"task": "multiclass", "roles": {"timestamp": "when", "prediction": "said", "label": "kind",
             "feature": ["kg"]}}  # fmt: skip
    with read_log(log, roles, reference=held.assign(when="2024-05-01")) as opened:
        assert unknown_class.detect(make_study(build_profile(opened))) == []
