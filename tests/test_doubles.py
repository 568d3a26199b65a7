"""What a log cannot tell apart is not told apart: twins end undetermined, with what would settle it."""

from __future__ import annotations

import pytest

import toolkit
from toolkit.testing import make_incident, make_twin

TWINS = (
    ("leak_or_skew_without_features", "computed again"),
    ("big_bang_rollout_or_drift_on_the_same_day", "old version's answers"),
    ("group_gap_or_noisy_labels_of_a_group", "labelled again"),
    ("retired_version_or_drift", "answered each request"),
)


@pytest.mark.parametrize(("name", "settle"), TWINS)
def test_a_twin_is_undetermined_and_says_what_would_settle_it(name: str, settle: str) -> None:
    """One visible log that two causes explain alike names neither, and asks for the measurement that would tell."""
    pair = make_twin(name, seed=11, rows=2000, base="churn")
    case = pair.case
    d = toolkit.diagnose(case.log, reference=case.reference, roles=case.roles, events=case.events)
    assert d.verdict == "undetermined"
    assert any(settle in text for text in d.would_settle_it), d.would_settle_it


def test_with_inputs_and_overlap_the_same_fault_is_named() -> None:
    """The rollout that a bare log cannot tell from drift is named where inputs and both versions are logged."""
    case = make_incident("bad_rollout", variant="canary_then_full", base="churn", rows=2000, seed=11)
    d = toolkit.diagnose(case.log, reference=case.reference, roles=case.roles, events=case.events)
    assert (d.verdict, d.mechanism) == ("integration", "bad_rollout")
