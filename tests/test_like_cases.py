"""What is done less often since other cases come, and as often as ever in each kind of them, nobody stopped to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import reliance, uncorrected, unheeded

N, SINCE = 6000, 3000


def alarms(*, weaker: bool) -> pd.DataFrame:
    """Draw alarms that people act on by how sure they are; since a row they are weaker, or all acted on half as often.

    What they are of comes true as often as the model says.
    """
    rng = np.random.default_rng(3)
    late = np.arange(N) >= SINCE
    log = healthy(rng, N)
    if weaker:
        log["x"] = np.where(late, 0.4, 1.2) * log["x"]
        log["score"] = chance(1.5 * log["x"].to_numpy() + 0.5 * log["w"].to_numpy())
        log["answer"] = (log["score"] >= 0.5).astype(int)
        log["truth"] = (rng.random(N) < log["score"]).astype(int)
    acted = np.clip(1.6 * log["score"] - 0.7, 0, 1) * (1.0 if weaker else np.where(late, 0.5, 1.0))
    return log.assign(done=(log["answer"] == 1) & (rng.random(N) < acted))


@pytest.mark.parametrize("weaker", [True, False])
def test_alarms_that_are_weaker_are_not_ignored(*, weaker: bool) -> None:
    """Fewer of them are acted on either way; only where it is so at every score did people stop to."""
    log = alarms(weaker=weaker)
    acted = log.loc[log["answer"] == 1, "done"]
    assert acted[acted.index >= SINCE].mean() < acted[acted.index < SINCE].mean() - 0.15
    found = unheeded.detect(study_of(log.assign(done=log["done"].astype(int)), None, decision="done"))
    assert [e.mechanism for e in found] == ([] if weaker else ["ignored_alerts"])


def reviewed(*, closes: bool) -> pd.DataFrame:
    """Let one of three sites right four in five errors until a row: then it closes, or is open and rights none."""
    rng = np.random.default_rng(4)
    late = np.arange(N) >= SINCE
    log = healthy(rng, N)
    elsewhere = rng.choice(["east", "west"], N)
    site = np.where((rng.random(N) < 0.4) & ~(late & closes), "pilot", elsewhere)
    righted = (site == "pilot") & ~late & (rng.random(N) < 0.8)
    return log.assign(site=site, done=np.where(righted, log["truth"], log["answer"]))


@pytest.mark.parametrize("closes", [True, False])
def test_a_site_that_closes_took_its_reviewers_with_it(*, closes: bool) -> None:
    """Nobody at the other sites ever corrected: that is said, and only the site that stopped speaks plainly."""
    study = study_of(reviewed(closes=closes), None, decision="done", segment=["site"])
    assert [e.mechanism for e in uncorrected.detect(study)] == ([] if closes else ["over_reliance"])
    (got,) = reliance.detect(study)
    assert ("in each kind of case as many as ever" in got.finding.statement) is closes
    assert (got.strength < 0.4) is closes
