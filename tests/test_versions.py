"""A version that errs more is named; that none does is said only where each has been judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import versions
from toolkit.detectors.evidence import Evidence

N, SINCE = 900, 600


def look(*, labelled: int = N, worse: bool = False) -> list[Evidence]:
    """Serve a second version from a row on, which may be wrong every second time; labels came for the first rows."""
    log = healthy(np.random.default_rng(1), N).assign(v=["1"] * SINCE + ["2"] * (N - SINCE))
    wrong = worse & (log.index >= SINCE) & (log.index % 2 == 0)
    log["truth"] = np.where(wrong, 1 - log.answer, log.truth)
    log["truth"] = log.truth.where(log.index < labelled)
    reference = healthy(np.random.default_rng(99), 600).assign(v="1")
    return versions.detect(study_of(log, pd.DataFrame(reference), model_version="v"))


def test_versions_that_err_alike_are_no_rollout() -> None:
    """Both have labels enough, and neither errs more: that speaks against a bad rollout."""
    (got,) = look()
    assert "No version errs more" in got.finding.statement
    assert set(got.finding.refutes) == {"bad_rollout", "wrong_model_version"}


@pytest.mark.parametrize("labelled", [SINCE, SINCE + 49])
def test_of_a_version_whose_labels_are_still_to_come_nothing_is_said(labelled: int) -> None:
    """Of a version without labels, or with hardly any, nobody knows how it errs."""
    assert look(labelled=labelled) == []


def test_a_version_that_errs_more_is_named() -> None:
    """Every second answer of it is wrong: a bad rollout of that version."""
    (got,) = look(worse=True)
    assert got.mechanism == "bad_rollout"
    assert got.finding.model_versions == ("2",)
    assert "Version 2 errs" in got.finding.statement


@pytest.mark.parametrize(
    ("name", "mechanism"),
    [("canary", "bad_rollout"), ("3", "bad_rollout"), ("1", "wrong_model_version")],
    ids=["a word is no older than a number", "newer", "older"],
)
def test_which_version_is_older_is_asked_of_names_that_can_tell(name: str, mechanism: str) -> None:
    """A few requests go to another version beside version 2, from the beginning, and it errs more."""
    log = healthy(np.random.default_rng(1), N).assign(v="2")
    aside = (log.index % 5 == 4) & (log.index > 3)
    log["v"] = np.where(aside, name, "2")
    log["truth"] = np.where(aside, 1 - log.answer, log.truth)
    (got,) = versions.detect(study_of(log, healthy(np.random.default_rng(99), 600).assign(v="2"), model_version="v"))
    assert got.mechanism == mechanism
