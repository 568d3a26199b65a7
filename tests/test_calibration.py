"""Scores that say more than they know, groups to whom they promise something else, labels that taught noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import chance, healthy, study_of

from toolkit.detectors import calibration, stories, traffic, unheeded, units
from toolkit.detectors.evidence import from_start
from toolkit.detectors.relation import relate
from toolkit.profile.model import Codes

N = 3000


def parts(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw a healthy log and a reference."""
    rng = np.random.default_rng([seed, 9])
    return healthy(rng, N), healthy(rng, N)


def sharpen(frame: pd.DataFrame, power: float, rows: pd.Series | None = None) -> pd.DataFrame:
    """Raise the odds of the scores to a power, in all rows or some."""
    odds = np.log(frame["score"] / (1 - frame["score"]))
    new = chance((odds * power).to_numpy())
    return frame.assign(score=new if rows is None else np.where(rows, new, frame["score"]))


@pytest.mark.parametrize("seed", range(4))
def test_calibrated_scores_are_left_alone(seed: int) -> None:
    """Scores that come true raise nothing."""
    assert calibration.detect(study_of(*parts(seed))) == []


def test_a_line_gives_the_power_back() -> None:
    """Odds raised to the third power come true as odds to the power of a third."""
    log, _ = parts(1)
    got = calibration.line(
        np.log(sharpen(log, 3.0)["score"] / (1 - sharpen(log, 3.0)["score"])).to_numpy(),
        log["truth"].to_numpy(dtype=float),
    )
    assert got is not None
    assert got.slope == pytest.approx(1 / 3, abs=0.05)


def test_overconfidence_is_found_where_accuracy_held() -> None:
    """Sharpened scores give the same answers: the accuracy is as promised, the probabilities are not."""
    log, ref = (sharpen(p, 2.5) for p in parts(2))
    (got,) = calibration.detect(study_of(log, ref))
    assert got.mechanism == "overconfidence"
    assert got.strength > 0.7
    assert got.finding.effect == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize(("power", "strong"), [(2.2, True), (1.3, False)])
def test_a_model_that_seldom_errs_is_too_sure_by_few_points(power: float, *, strong: bool) -> None:
    """Of one right in nineteen of twenty: to err twice as often as it says is a fault, a little more is none."""
    rng = np.random.default_rng(8)
    frames = []
    for frame in parts(8):
        odds = rng.normal(0, 7, N)
        score, truth = chance(odds * power), (rng.random(N) < chance(odds)).astype(int)
        frames.append(frame.assign(score=score, answer=(score >= 0.5).astype(int), truth=truth))
    got = [e for e in calibration.detect(study_of(*frames)) if e.mechanism == "overconfidence"]
    assert all("surer of its answers" in e.finding.statement for e in got)
    assert [e.mechanism for e in got if e.strength > 0.5] == (["overconfidence"] if strong else [])


@pytest.mark.parametrize(("power", "strong"), [(4.0, True), (1.3, False)])
def test_without_a_reference_only_gross_overconfidence_is_a_fault(power: float, *, strong: bool) -> None:
    """Nothing says what was promised: far surer than right is a fault of itself, a little surer is a habit."""
    got = calibration.detect(study_of(sharpen(parts(2)[0], power), None))
    assert [e.mechanism for e in got if e.strength > 0.5] == (["overconfidence"] if strong else [])


@pytest.mark.parametrize("power", [3.0, 0.35])
def test_a_group_with_scores_of_its_own_is_named(power: float) -> None:
    """Scores too sure of one group, or too unsure, are a calibration gap of that group."""
    log, ref = (sharpen(p, power, p["sex"] == "F") for p in parts(3))
    best = max(calibration.detect(study_of(log, ref)), key=lambda e: e.strength)
    assert best.mechanism == "calibration_gap"
    assert [(t.column, t.value) for t in best.finding.slice] == [("sex", "F")]
    assert best.strength > 0.6


def test_labels_bent_against_a_group_are_told_from_the_log() -> None:
    """Half of the women's positives are written down as negatives in the reference alone: its labels were bent."""
    log, ref = parts(4)
    hit = (ref["sex"] == "F") & (ref["truth"] == 1) & (np.random.default_rng(4).random(N) < 0.5)
    got = [e for e in calibration.detect(study_of(log, ref.assign(truth=np.where(hit, 0, ref["truth"])))) if e.strength]
    assert [e.mechanism for e in got] == ["biased_labels"]
    assert got[0].finding.slice[0].value == "F"


def test_noise_that_taught_the_model_is_seen_in_the_reference() -> None:
    """A third of the reference's labels is drawn at random, the log's are not: what taught the model was noisy."""
    log, ref = parts(5)
    noisy = np.random.default_rng(5).random(N) < 0.33
    ref = ref.assign(truth=np.where(noisy, np.random.default_rng(6).integers(0, 2, N), ref["truth"]))
    study = study_of(log, ref)
    relation = relate(study)
    assert relation is not None
    (got,) = (e for e in stories.detect(study, relation) if e.mechanism == "label_noise")
    assert got.harmful
    assert got.finding.effect == pytest.approx(0.33, abs=0.1)
    healthy_study = study_of(*parts(5))
    quiet = relate(healthy_study)
    assert quiet is not None
    assert not [e for e in stories.detect(healthy_study, quiet) if e.mechanism]


def test_alarms_that_nobody_heeds_any_more() -> None:
    """From row 1500 on half of the alarms are left aside, whatever their score; quiet rows are as before."""
    log, ref = parts(6)
    aside = (log["answer"] == 1) & (log.index >= 1500) & (np.random.default_rng(7).random(N) < 0.5)
    study = study_of(log.assign(decision=np.where(aside, 0, log["answer"])), ref, decision="decision")
    (got,) = unheeded.detect(study)
    assert got.mechanism == "ignored_alerts"
    assert got.change is not None
    assert abs(got.change.start - 1500) < 60
    assert unheeded.detect(study_of(log.assign(decision=log["answer"]), ref, decision="decision")) == []


@pytest.mark.parametrize("ended", [True, False])
def test_a_night_shift_that_nobody_staffs_any_more(*, ended: bool) -> None:
    """From row 1500 on three in ten alarms between 20 and 4 h are left aside: named are those hours, not the day."""
    log, ref = parts(6)
    night = np.isin(log.index % 24, [*range(4), *range(20, 24)]) & ((log.index >= 1500) | (not ended))
    aside = (log["answer"] == 1) & night & (np.random.default_rng(7).random(N) < 0.3)
    found = unheeded.detect(study_of(log.assign(decision=np.where(aside, 0, log["answer"])), ref, decision="decision"))
    assert [e.mechanism for e in found] == (["ignored_alerts"] if ended else [])
    assert all("alarms between 20 and 04 h UTC are acted on" in e.finding.statement for e in found)


def test_a_part_that_fell_silent_is_named() -> None:
    """No row of one region from row 1000 to 2000, and less traffic for it: a pulse of lost traffic."""
    log, ref = parts(8)
    region = np.random.default_rng(8).choice(["north", "south", "west"], N, p=[0.3, 0.4, 0.3])
    late = (log.index >= 1000) & (log.index < 2000) & (region == "north")
    study = study_of(log, ref)
    codes = Codes(("north", "south", "west"), np.unique(region, return_inverse=True)[1])
    keep = ~np.asarray(late)
    heard = study.log.__class__(**{**study.log.__dict__, "segments": {"region": codes}})
    got = traffic._silent(study.__class__(**{**study.__dict__, "log": heard.take(keep)}))
    assert got is not None
    assert got.finding.slice[0].value == "north"
    assert got.change is not None
    assert got.change.shape == "pulse"
    assert traffic._silent(study.__class__(**{**study.__dict__, "log": heard})) is None


def test_a_logarithm_is_undone() -> None:
    """A column that arrives as log(1 + x) from the first row is skew, told by its exact undoing."""
    log, ref = parts(9)
    study = study_of(log, ref)
    base = np.random.default_rng(1).lognormal(3.0, 1.0, N)
    now = np.log1p(np.random.default_rng(2).lognormal(3.0, 1.0, N))
    every = np.ones(N, dtype=bool)
    got = units.transform_of(study, "x", base, now, every, from_start(study), 20.0)
    assert got is not None
    assert got.mechanism == "training_serving_skew"
    assert units.transform_of(study, "x", base, base * 1.1, every, from_start(study), 20.0) is None
