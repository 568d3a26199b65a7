"""A site where alone the model began to err is found; not where an input moved there, nor where all sites err."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.causes.evidence import gather
from toolkit.detectors import one_part

N, SINCE = 4800, 2700


@pytest.mark.parametrize(("sites", "moved", "found"), [(1, False, True), (1, True, False), (4, False, False)])
def test_labels_that_fall_otherwise_at_one_site(*, sites: int, moved: bool, found: bool) -> None:
    """At one plant of four a fifth of the labels turn round since a row: its labels, and its rows alone."""
    rng = np.random.default_rng(23)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["plant"], frame["w"] = rng.choice(list("abcd"), N), rng.normal(size=N)
    theirs = (np.arange(N) >= SINCE) & log["plant"].isin(list("abcd")[:sites])
    turned = theirs & (rng.random(N) < 0.2)
    log["truth"] = np.where(turned, 1 - log["truth"], log["truth"])
    log["w"] += np.where(theirs & moved, 1.5, 0.0)
    got = one_part.detect(study_of(log, reference, feature=["x", "w"], segment=["plant"]), [])
    assert [e.mechanism for e in got] == ["concept_drift"] * found
    if found:
        assert [(t.column, t.value) for t in got[0].finding.slice] == [("plant", "a")]
        assert abs((got[0].rows & theirs).sum() / theirs.sum() - 1) < 0.25


def at_one_plant(seed: int, elsewhere: float, *, held: bool = True) -> list[str]:
    """Give what is said where labels turn round at one plant of four, and some at the others too."""
    rng = np.random.default_rng(seed)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["plant"] = rng.choice(list("abcd"), N)
    turned = (np.arange(N) >= SINCE) & (rng.random(N) < np.where(log["plant"] == "a", 0.35, elsewhere))
    log["truth"] = np.where(turned, 1 - log["truth"], log["truth"])
    reference = reference if held else reference.drop(columns="plant")
    found = one_part.detect(study_of(log, reference, feature=["x", "w"], segment=["plant"]), [])
    return [e.finding.statement for e in found]


def test_elsewhere_is_as_ever_only_where_it_is() -> None:
    """A few labels turn round at the other plants too: how much more these err is said beside it."""
    (alone,), (beside,) = at_one_plant(1, 0.0), at_one_plant(1, 0.1)
    assert "elsewhere as ever" in alone
    assert "elsewhere 0.03" in beside
    assert "more, and none" in beside


def test_inputs_that_are_held_to_nothing_are_not_said_to_stand_still() -> None:
    """The reference does not know the plants: whether an input moved at one of them cannot be told."""
    assert at_one_plant(1, 0.0, held=False) == []


def test_what_another_finding_tells_is_not_told_again() -> None:
    """Where a plant's input was filled in, the plant's errors are of that."""
    rng = np.random.default_rng(29)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["plant"] = rng.choice(list("abcd"), N)
    theirs = (np.arange(N) >= SINCE) & (log["plant"] == "a")
    log["x"] = np.where(theirs, -999.0, log["x"])
    log["answer"] = np.where(theirs, 0, log["answer"])
    found = gather(study_of(log, reference, feature=["x"], segment=["plant"])).evidence
    assert "default_filled" in [e.mechanism for e in found]
    assert "one_part" not in [e.finding.detector for e in found]
