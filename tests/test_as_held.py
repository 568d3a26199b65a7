"""How people have always worked is no incident: what they change and let through is held to the reference too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import decisions, reliance

N = 3000


def worked(rng: np.random.Generator, share: float, n: int = N) -> pd.DataFrame:
    """Draw requests of which people change a share, right answers as often as wrong ones."""
    rows = healthy(rng, n).assign(who=rng.choice(["ada", "bo", "cy"], n))
    return rows.assign(done=np.where(rng.random(n) < share, 1 - rows["answer"], rows["answer"]))


def strength(now: float, before: float | None, *, known: bool = True) -> dict[str, float]:
    """Give how strongly each human mechanism is told of decisions, with those of the reference or without."""
    rng = np.random.default_rng(9)
    log = worked(rng, now)
    held = None if before is None else worked(rng, before, 2000)
    if held is not None and not known:
        held["done"] = np.nan
    study = study_of(log, held, decision="done", decider="who")
    found = [*decisions.detect(study, ()), *reliance.detect(study)]
    return {e.mechanism: e.strength for e in found if e.mechanism and e.strength > 0.05}


@pytest.mark.parametrize(("before", "told"), [(0.15, False), (0.0, True)])
def test_changes_that_cost_what_they_did_are_nobodys_doing(before: float, *, told: bool) -> None:
    """One answer in seven is changed, and mostly wrongly: news only where fewer were on the reference."""
    assert (strength(0.15, before).get("harmful_overrides", 0.0) > 0.6) == told


@pytest.mark.parametrize(("share", "told"), [(0.06, False), (0.25, True)])
def test_few_changes_at_random_are_slips(share: float, *, told: bool) -> None:
    """Wherever people work a few answers in a hundred are changed by mistake; a quarter of them are not."""
    assert (strength(share, None).get("harmful_overrides", 0.0) > 0.6) == told


@pytest.mark.parametrize(("known", "told"), [(True, False), (False, True)])
def test_who_never_changed_an_answer_relies_on_the_model_no_more_than_before(*, known: bool, told: bool) -> None:
    """Labels are printed as the model says, on the reference as in the log."""
    assert ("over_reliance" in strength(0.0, 0.0, known=known)) == told
