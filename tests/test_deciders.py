"""Those who decide, crossed with time: some begin to decide worse, and nobody else does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from toolkit.detectors import deciders
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.records import SliceTerm

N, SINCE = 2000, 1100


def record(kind: str, seed: int = 3) -> pd.DataFrame:
    """Draw exams marked by eight people and, later, by all of them together; ``kind`` is what happens to two."""
    rng = np.random.default_rng(seed)
    able, who = rng.normal(size=N), rng.integers(0, 8, N)
    two = np.isin(who, (2, 5))
    late = (np.arange(N) >= SINCE) & two
    if kind == "weaker candidates":
        able = np.where(late, able - 1.2, able)
    lenient = 1.2 * two if kind == "always lenient" else 0.0
    passed = (able + 0.5 * rng.normal(size=N) + lenient > 0).astype(int)
    if kind == "pass nearly all":
        passed = np.where(late & (rng.random(N) < 0.9), 1, passed)
    return pd.DataFrame(
        {
            "day": pd.date_range("2025-03-01", periods=N, freq="h", tz="UTC"),
            "points": (60 + 10 * able + 2 * rng.normal(size=N)).round(),
            "school": rng.choice(["north", "south", "west"], N),
            "passed": passed,
            "again": (able + 0.3 * rng.normal(size=N) > 0).astype(int),
            "marker": [f"m{i}" for i in who],
        }
    )


def found(log: pd.DataFrame, **roles: Any) -> list[Evidence]:
    """Give what the detector says of a log."""
    named = {"timestamp": "day", "label": "again", "feature": ["points"], "segment": ["school"], **roles}
    with read_log(log, {"task": "binary", "roles": named, "values": {"positive": 1}}) as opened:
        return deciders.detect(make_study(build_profile(opened)))


def test_two_who_begin_to_pass_nearly_all_are_named_since_when() -> None:
    """Two of eight change on one row: both are named, with the row, and what it cost on their cases."""
    (e,) = found(record("pass nearly all"), decision="passed", decider="marker")
    assert (e.mechanism, e.finding.slice) == (
        "harmful_overrides",
        (SliceTerm("decider", "m2"), SliceTerm("decider", "m5")),
    )
    assert e.change is not None
    assert e.change.low - 8 <= SINCE <= e.change.high + 8
    assert e.strength > 0.8
    assert (e.finding.effect or 0) > 0.15
    assert "concept_drift" in e.finding.refutes


def test_roles_declared_otherwise_say_the_same() -> None:
    """The markers as a segment, or what they decided as the prediction: the same two."""
    log = record("pass nearly all")
    as_segment = found(log, decision="passed", segment=["school", "marker"])
    as_answer = found(log, prediction="passed", decider="marker")
    assert [[t.value for t in e.finding.slice] for e in as_segment + as_answer] == [["m2", "m5"]] * 2


def test_who_always_was_lenient_changed_nothing() -> None:
    """Two who pass more than the others from the first row on are no change."""
    assert found(record("always lenient"), decision="passed", decider="marker") == []


def test_other_cases_are_not_the_deciders_doing() -> None:
    """Two to whom weaker candidates come pass fewer, as anybody would."""
    assert found(record("weaker candidates"), decision="passed", decider="marker") == []
