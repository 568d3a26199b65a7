"""Four stories of a changed world told apart on simulated rows: the crowd, the classes, the labels, the relation."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import stories
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.relation import Relation, relate
from toolkit.detectors.study import Study

SEEDS = (0, 1, 2)


def changed(rng: np.random.Generator, n: int, story: str) -> pd.DataFrame:
    """Draw n requests of a world in which one thing is not as it was."""
    rows = healthy(rng, n, shift=1.2 if story == "covariate" else 0.0)
    if story == "label":  # three of four negatives stay away; within each class the inputs are as before
        rows = healthy(rng, 8 * n)
        kept = rows[(rows["truth"] == 1) | (rng.random(len(rows)) < 0.25)]
        rows = kept.sample(n, random_state=int(rng.integers(1 << 30))).reset_index(drop=True)
    if story == "concept":  # above the middle the relation turns round
        turned = (rng.random(n) < chance(-1.5 * rows["x"].to_numpy())).astype(int)
        rows["truth"] = np.where(rows["x"] > 0, turned, rows["truth"])
    if story == "noise":  # one label in four is swapped, whatever the inputs
        rows["truth"] = np.where(rng.random(n) < 0.25, 1 - rows["truth"], rows["truth"])
    return rows


@functools.cache
def told(story: str, seed: int) -> tuple[Study, Relation]:
    """Study a log of 3,000 rows whose second half tells the story."""
    rng = np.random.default_rng([seed, 1])
    log = pd.concat([healthy(rng, 1500), changed(rng, 1500, story)], ignore_index=True)
    study = study_of(log, healthy(rng, 3000))
    relation = relate(study)
    assert relation is not None
    return study, relation


def log_stories(study: Study, r: Relation) -> list[Evidence]:
    """Give what is told of the log; what is told of the labels that taught the model is left out."""
    return [e for e in stories.detect(study, r) if e.finding.detector == stories.NAME]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_changed(seed: int) -> None:
    """Without a change every story fits by chance, and none is told."""
    study, r = told("none", seed)
    assert max(r.covariate_misfit, r.label_misfit, r.noise_misfit, r.still_misfit, r.mix_misfit) < 2.0
    got = log_stories(study, r)
    assert [e.mechanism for e in got if e.mechanism] == []
    assert {m for e in got for m in e.finding.refutes} == {"concept_drift", "label_noise", "label_shift"}


@pytest.mark.xfail(reason="the series is a ratio fitted on the rows that it is then held against: it is high by itself")
def test_no_onset_where_nothing_changed() -> None:
    """A healthy log has no onset of a changed relation, in any of four draws."""
    assert [told("none", seed)[1].change.shape for seed in range(4)] == ["none"] * 4


@pytest.mark.parametrize("seed", SEEDS)
def test_the_crowd_changed(seed: int) -> None:
    """Other inputs, the same relation: the mix moved, the labels within a stratum did not, and no story is told."""
    study, r = told("covariate", seed)
    assert r.mix_misfit > 5
    assert r.covariate_misfit < 2.2
    assert r.covariate_misfit < 0.5 * min(r.label_misfit, r.still_misfit)
    assert [e.mechanism for e in log_stories(study, r) if e.mechanism] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_classes_shares_changed(seed: int) -> None:
    """Other shares of the classes, the same inputs within each: label shift fits best and is told loudest."""
    study, r = told("label", seed)
    assert r.label_misfit < 2.0
    assert r.label_misfit < 0.6 * min(r.covariate_misfit, r.still_misfit)
    assert r.prior_after[1] > r.prior_before[1] + 0.05
    assert loudest(study, r) == "label_shift"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_labels_are_noisy(seed: int) -> None:
    """One rate of swapped labels in all strata: noise fits, the relation as it was does not, and the rate is found."""
    study, r = told("noise", seed)
    assert r.noise_misfit < 1.6
    assert r.noise_misfit < 0.5 * r.covariate_misfit
    assert r.rate == pytest.approx(0.5, abs=0.15)  # swapping one in four is drawing one in two at random
    assert loudest(study, r) == "label_noise"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_relation_changed(seed: int) -> None:
    """The relation turned in a part of the inputs: nothing but concept drift fits, and its onset is found."""
    study, r = told("concept", seed)
    assert min(r.covariate_misfit, r.label_misfit, r.noise_misfit, r.still_misfit) > 5
    assert r.mix_misfit < 2.0
    assert abs(r.change.start - 1500) <= 30
    assert loudest(study, r) == "concept_drift"


@pytest.mark.parametrize("story", ["covariate", "concept"])
def test_the_parts_of_the_loss_sum_to_the_whole(story: str) -> None:
    """What the mix and what the relation added is all that was added; for a new relation nearly all is the latter."""
    for seed in SEEDS:
        _, r = told(story, seed)
        assert r.mix + r.given == pytest.approx(r.total)
        if story == "concept":
            assert r.given > 0.9 * r.total


def loudest(study: Study, r: Relation) -> str:
    """Name the story with the most strength."""
    return max(log_stories(study, r), key=lambda e: e.strength).mechanism


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_that_moved_for_a_while_are_looked_at_then(seed: int) -> None:
    """One class surges for a fifth of the log. Among all rows its few more errors drown; the labels say when it was."""
    rng = np.random.default_rng([seed, 2])
    parts = (healthy(rng, 1500), changed(rng, 600, "label"), healthy(rng, 900))
    study = study_of(pd.concat(parts, ignore_index=True), healthy(rng, 3000))
    assert not study.final_change.found
    r = relate(study)
    assert r is not None
    inside = np.flatnonzero(r.rows)
    assert (abs(inside[0] - 1500), abs(inside[-1] - 2100)) < (60, 60)
    assert loudest(study, r) == "label_shift"
