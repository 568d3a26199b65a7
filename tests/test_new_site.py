"""A place that the baseline never held is one where the model errs from its first row, and not since some later one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import new_site

N = 1500


@pytest.mark.parametrize(("since", "found"), [(0, ["pilot_did_not_generalise"]), (900, [])])
def test_all_names_new_are_a_new_place_only_where_it_errs_at_once(since: int, found: list[str]) -> None:
    """Every device goes by a new name: labels that part from the answers from row 0 on are of the place, later not."""
    rng = np.random.default_rng(9)
    log, reference = healthy(rng, N), healthy(rng, N)
    log["device"], reference["device"] = rng.choice(["iOS", "Android"], N), rng.choice(["ios", "android"], N)
    log["truth"] = np.where((np.arange(N) >= since) & (rng.random(N) < 0.5), 1 - log["truth"], log["truth"])
    got = new_site.detect(study_of(log, reference, segment=["device"]))
    assert [e.mechanism for e in got] == found


@pytest.mark.parametrize(("column", "found"), [("annotator", "label_noise"), ("device", "new_category")])
def test_labels_of_a_new_hand_are_its_own(column: str, found: str) -> None:
    """Labels that part from the answers with a new annotator are noise; with a new device, a world that grew, and none.

    Noise would have struck the other devices too.
    """
    rng = np.random.default_rng(9)
    log, reference = healthy(rng, N), healthy(rng, N)
    new = (np.arange(N) >= 700) & (rng.random(N) < 0.6)
    log[column], reference[column] = np.where(new, "c", rng.choice(["a", "b"], N)), rng.choice(["a", "b"], N)
    log["truth"] = np.where(new & (rng.random(N) < 0.4), 1 - log["truth"], log["truth"])
    (got,) = new_site.detect(study_of(log, reference, segment=[column]))
    assert got.mechanism == found
    assert ("label_noise" in got.finding.refutes) == (found != "label_noise")


@pytest.mark.parametrize("picked", [True, False])
def test_cases_picked_for_being_hard_are_no_new_kind(*, picked: bool) -> None:
    """Since a row unsure cases go by a name of their own: it errs there as often as it says."""
    rng = np.random.default_rng(10)
    log, reference = healthy(rng, 3 * N), healthy(rng, N)
    unsure = ((log["score"] - 0.5).abs() < 0.15) if picked else pd.Series(rng.random(3 * N) < 0.2)
    new = (np.arange(3 * N) >= N) & unsure
    log["queue"], reference["queue"] = np.where(new, "unsure", "random"), "random"
    if not picked:
        log["truth"] = np.where(new & (rng.random(3 * N) < 0.3), 1 - log["truth"], log["truth"])
    got = new_site.detect(study_of(log, reference, segment=["queue"]))
    assert [e.mechanism for e in got] == ([] if picked else ["new_category"])
