"""What was so before is no harm, and nor is what inputs let expect where labels show that it did not come true."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

import toolkit as tk
from toolkit.causes.candidates import hurt
from toolkit.detectors import clipped, stuck
from toolkit.testing import make_healthy

N, SINCE = 4000, 2000


@pytest.mark.parametrize("spoilt", [False, True])
def test_rows_at_a_bound_are_held_to_those_that_lay_beyond_it(*, spoilt: bool) -> None:
    """Large loans always were the hard ones: a limit to them hurts nobody, wrong answers to them do."""
    rng = np.random.default_rng(11)
    log, reference = healthy(rng, N), healthy(rng, N)
    late = np.arange(N) >= SINCE
    for frame in (log, reference):
        frame["w"] = rng.gamma(9, 25, N).round(1)
        hard = (frame["w"] >= 255) & (rng.random(N) < 0.25)
        frame["truth"] = np.where(hard, 1 - frame["truth"], frame["truth"])
    if spoilt:
        log["answer"] = np.where(late & (log["w"] >= 255) & (rng.random(N) < 0.5), 1 - log["answer"], log["answer"])
    log["w"] = np.where(late, np.minimum(log["w"], 255), log["w"])
    study = study_of(log, reference)
    (got,) = clipped.detect(study, {})
    assert (hurt(study, got, None)[0] > 3) == spoilt


def test_a_part_is_held_to_itself() -> None:
    """A count stands at a site that always was a hard one: that site errs as it did."""
    rng = np.random.default_rng(12)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["site"], frame["staff"] = rng.choice(["a", "b", "c"], N), rng.poisson(6, N).astype(float)
        hard = (frame["site"] == "a") & (rng.random(N) < 0.25)
        frame["truth"] = np.where(hard, 1 - frame["truth"], frame["truth"])
    log["staff"] = np.where((log["site"] == "a") & (np.arange(N) >= SINCE), 6.0, log["staff"])
    study = study_of(log, reference, segment=["site"], feature=["x", "w", "staff"])
    got = stuck.stuck(study, "staff", study.log.features["staff"])
    assert got is not None
    assert hurt(study, got, None)[0] < 2


def test_a_crowd_that_wandered_to_harder_cases_and_was_served_as_well() -> None:
    """The baseline errs more on such inputs; of these rows as many were answered rightly as ever."""
    made = make_healthy("autocorrelated", base="claims", model="logistic", rows=3000, seed=401001024)
    d = tk.diagnose(tk.read_log(made.log, made.roles, reference=made.reference), events=made.events)
    assert d.verdict == "none"
    assert any("features moved" in f.statement for f in d.findings)
