"""Gaps between groups: found where they are, dated nowhere, and corrected for the number of groups looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, chance, healthy, study_of

import toolkit as tk
from toolkit.detectors import groups
from toolkit.detectors.gaps import Gap, measures
from toolkit.detectors.groups import _corrected, _steady
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


def gap(z: float) -> Gap:
    """Give a gap of which only z matters."""
    return Gap("sex", "F", "error", 0.2, 0.1, 0.1, (0.0, 0.2), z, 0.1, 0.1, 0.1, 100, np.ones(1, dtype=bool))


def test_many_gaps_are_corrected_together() -> None:
    """Benjamini and Hochberg at 1 %: a z of 3 stands alone and falls among a hundred; a z of 6 stands in both."""
    assert [g.z for g in _corrected([gap(3.0)])] == [3.0]
    noise = [gap(z) for z in np.linspace(-1.5, 1.5, 98)]
    assert [g.z for g in _corrected([gap(3.0), gap(6.0), *noise])] == [6.0]


def log(seed: int, *, unfair: float = 0.0, since: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw a log and a reference in which one label in ``1 / unfair`` of the women's is swapped, from a row on."""
    rng = np.random.default_rng([seed, 2])
    parts = healthy(rng, 3000), healthy(rng, 3000)
    for i, part in enumerate(parts):
        hit = (part["sex"] == "F") & (rng.random(3000) < unfair) & (part.index >= (since if i == 0 else 0))
        if since and i == 1:
            continue
        part["truth"] = np.where(hit, 1 - part["truth"], part["truth"])
    return parts


@pytest.mark.parametrize("seed", range(5))
def test_equal_groups_are_left_alone(seed: int) -> None:
    """Where groups are treated alike no gap is claimed, and the finding speaks against one."""
    (got,) = groups.detect(study_of(*log(seed)))
    assert got.mechanism == ""
    assert {"performance_gap", "selection_gap", "under_represented_group", "proxy_feature"} == set(got.finding.refutes)


def test_late_labels_leave_two_halves_of_those_that_came() -> None:
    """The last 60 % of the rows have no label yet: the gap is judged, and its halves are, by the others."""
    rows, reference = log(0, unfair=0.3)
    rows.loc[1200:, "truth"] = np.nan
    best = next(e for e in groups.detect(study_of(rows, reference)) if e.finding.details.get("measure") == "error")
    assert np.isfinite([best.finding.details["early"], best.finding.details["late"]]).all()
    assert best.strength > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_a_standing_gap_is_found(seed: int) -> None:
    """A group that errs more in every part of the log and in the reference is named, from the first row."""
    best = groups.detect(study_of(*log(seed, unfair=0.3)))[0]
    assert [(t.column, t.value) for t in best.finding.slice] == [("sex", "F")]
    assert best.finding.onset is None
    assert best.strength > 0.5
    assert best.rows is not None
    assert 0.4 < best.rows.mean() < 0.6


def test_a_gap_that_began_is_no_bias() -> None:
    """A gap that opened within the log is weak: something else hit a slice."""
    got = groups.detect(study_of(*log(0, unfair=0.3, since=1800)))
    assert all(e.strength < 0.2 for e in got)


def test_a_log_without_groups_says_so() -> None:
    """Without a group nothing can be said of bias, and that is the finding."""
    study = study_of(*log(0))
    bare = study.log.__class__(**{**study.log.__dict__, "groups": {}})
    (got,) = groups.detect(study.__class__(**{**study.__dict__, "log": bare}))
    assert got.finding.stance == "not_testable"
    assert got.finding.not_testable


def streets(real: float) -> tk.Diagnosis:
    """Diagnose arrears that a model expects by one logit more in a street where one group lives; ``real`` is how many.

    With 1.0 the model is right, and the groups' base rates differ; with 0.0 they are equal, and it is not.
    """
    rng = np.random.default_rng(4)
    n = 4000
    few = rng.random(n) < 0.35
    north = np.where(rng.random(n) < 0.85, few, rng.random(n) < 0.5)
    x = rng.normal(size=n)
    rows = pd.DataFrame(
        {
            "when": pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC"),
            "x": x,
            "street": np.where(north, "north", "south"),
            "score": chance(1.3 * x - 1.2 + north).round(4),
            "arrears": (rng.random(n) < chance(1.3 * x - 1.2 + real * north)).astype(int),
            "origin": np.where(few, "few", "many"),
        }
    )
    roles = {"timestamp": "when", "score": "score", "label": "arrears", "group": ["origin"], "feature": ["x", "street"]}
    return tk.diagnose(tk.read_log(rows, {"task": "binary", "roles": roles}))


def test_extra_false_alarms_at_equal_base_rates_are_harm() -> None:
    """As many of either group are in arrears, and one is suspected twice as often: bias, though accuracy is alike."""
    got = streets(0.0)
    assert got.verdict == "bias"
    assert got.probabilities["none"] < 0.3


def test_unequal_base_rates_told_truly_are_no_fault() -> None:
    """Where the group that is suspected more often is in arrears more often, as the score says, nothing is wrong."""
    got = streets(1.0)
    assert got.verdict == "none"
    assert got.probabilities["bias"] < 0.2


@pytest.mark.parametrize(("more", "named"), [(60.0, ["calibration_gap"]), (0.0, [])])
def test_premiums_above_what_a_group_costs_are_a_gap(more: float, named: list[str]) -> None:
    """Numbers that are as far off for both, but too high for one: found by their sign; even ones are not."""
    rng = np.random.default_rng(9)
    sex = rng.choice(["F", "M"], 3000)
    cost = rng.gamma(4.0, 50.0, 3000)
    told = cost + rng.normal(0, 60, 3000) + more * np.where(sex == "F", 1, -1)
    rows = pd.DataFrame({"when": pd.date_range("2025-01-01", periods=3000, freq="h", tz="UTC"), "sex": sex,
                         "told": told, "cost": cost, "x": rng.normal(size=3000)})  # fmt: skip
    single = {"timestamp": "when", "prediction": "told", "label": "cost"}
    with tk.read_log(rows, {"task": "regression", "roles": {**single, "group": ["sex"], "feature": ["x"]}}) as opened:
        found = groups.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in found if e.mechanism] == named


def incomes(*, blurred: bool) -> tk.Diagnosis:
    """Diagnose a calibrated score of high incomes, three times as common among men, of whom it may know less."""
    rng = np.random.default_rng(8)
    men = rng.random(6000) < 0.6
    known = rng.normal(size=6000)
    part = np.where(men & blurred, 0.3, 1.6)  # what of the reasons a score knows; the rest is chance to it
    z = np.where(men, -1.2, -2.9) + part * known
    label = (rng.random(6000) < 1 / (1 + np.exp(-z))).astype(int)
    score = 1 / (1 + np.exp(-z))
    rows = pd.DataFrame({"skill": known, "score": score, "prediction": (score >= 0.5).astype(int), "label": label,
                         "sex": np.where(men, "M", "F")})  # fmt: skip
    told = {"task": "binary", "roles": {"score": "score", "prediction": "prediction", "label": "label",
                                        "group": ["sex"], "feature": ["skill"]}, "values": {"positive": 1}}  # fmt: skip
    return tk.diagnose(rows, roles=told)


def test_a_rarer_outcome_is_no_better_service() -> None:
    """Fewer errors where there is less to guess are no harm to the others: no fault, and what differs is told."""
    d = incomes(blurred=False)
    assert d.verdict == "none"
    assert any("base rates make the gap" in note for note in d.record.notes)


def test_a_score_that_knows_less_of_a_group_harms_it() -> None:
    """With the same base rates apart, a group that is ranked worse is served worse, however well calibrated."""
    d = incomes(blurred=True)
    assert d.verdict == "bias"
    assert [(t.column, t.value) for t in d.slice] == [("sex", "M")]


def matcher(hard: float) -> tk.Diagnosis:
    """Diagnose a matcher that turns away one in a hundred, and ``hard`` of the women of one skin tone."""
    rng = np.random.default_rng(21)
    n = 6000
    sex, tone = rng.choice(["F", "M"], n), rng.choice(["I-II", "III-IV", "V-VI"], n, p=[0.5, 0.3, 0.2])
    missed = rng.random(n) < np.where((sex == "F") & (tone == "V-VI"), hard, 0.01)
    truth = rng.random(n) < 0.9
    rows = pd.DataFrame({"answer": np.where(missed, ~truth, truth).astype(int), "label": truth.astype(int),
                         "sex": sex, "tone": tone, "glare": rng.normal(size=n)})  # fmt: skip
    roles = {"prediction": "answer", "label": "label", "group": ["sex", "tone"], "feature": ["glare"]}
    return tk.diagnose(rows, roles={"task": "binary", "roles": roles, "values": {"positive": 1}})


def test_rare_errors_that_fall_on_one_corner_are_named_with_it() -> None:
    """Nine points of error count where all others have one; the slice is the corner, not a whole group."""
    d = matcher(0.1)
    assert d.verdict == "bias"
    assert {(t.column, t.value) for t in d.slice} == {("sex", "F"), ("tone", "V-VI")}


def test_rare_errors_of_all_alike_are_none() -> None:
    """Without a corner there is no gap."""
    assert matcher(0.01).verdict == "none"


@pytest.mark.parametrize("known", [True, False])
def test_errors_of_numbers_are_measured_where_the_reference_has_no_labels(*, known: bool) -> None:
    """The spread of the log's own labels is the scale then; without any there is nothing to measure, and no warning."""
    frame, held = log(1)
    frame, held = (f.assign(answer=f["x"] * 3.0, truth=f["x"] * 3.0 + 1.0) for f in (frame, held))
    held["truth"] = np.nan
    if not known:
        frame["truth"] = np.nan
    roles = {"prediction": "answer", "label": "truth", "feature": ["w"], "group": ["sex"]}
    with read_log(frame, {"task": "regression", "roles": roles}, reference=held) as opened:
        study = make_study(build_profile(opened))
    error = measures(study, study.log, None)["error"]
    assert np.isnan(error).all() if not known else np.allclose(error, 1.0 / np.std(frame["truth"]))


def test_a_score_that_came_true_a_little_otherwise_by_chance_is_still_true() -> None:
    """One in forty draws of a calibrated score for groups of unlike base rates misses by 2 to 3 deviations: no gap."""
    rng = np.random.default_rng(34)
    parts = healthy(rng, 1500), healthy(rng, 1500)
    for part in parts:
        z = (1.5 * part["x"] + 0.5 * part["w"] - 1.0 * (part["sex"] == "F")).to_numpy()
        part["score"] = chance(z)
        part["answer"], part["truth"] = (z >= 0).astype(int), (rng.random(1500) < part["score"]).astype(int)
    assert [e.mechanism for e in groups.detect(study_of(*parts)) if e.mechanism] == []


@pytest.mark.parametrize("unequal", [True, False])
def test_people_are_held_to_equal_cases(*, unequal: bool) -> None:
    """A group in greater need is granted as often as others: refused in equal cases, or granted for its need."""
    rng = np.random.default_rng(3)
    mine = rng.random(2500) < 0.3
    need = rng.normal(np.where(mine, 0.9, 0.0) if unequal else 0.0, 1.0, 2500)
    granted = rng.random(2500) < chance(1.5 * need - np.where(mine & unequal, 1.4, 0.0))
    rows = pd.DataFrame({"need": need, "outcome": np.where(granted, "yes", "no"), "origin": np.where(mine, "B", "A"),
                         "day": pd.date_range("2025-01-01", periods=2500, freq="3h", tz="UTC")})  # fmt: skip
    told = {"task": "binary", "roles": {"timestamp": "day", "decision": "outcome", "group": ["origin"],
                                        "feature": ["need"]}, "values": {"positive": "yes"}}  # fmt: skip
    d = tk.diagnose(rows, roles=told)
    assert (d.verdict == "bias") is unequal
    if unequal:
        assert any("in equal cases for origin = B" in f.statement for f in d.findings)


@pytest.mark.parametrize("seed", [4, 7, 8])
def test_base_rates_of_three_groups_are_asked_together(seed: int) -> None:
    """One group's rate is far off, another's a little: what follows for the second is base rates as well."""
    rng = np.random.default_rng(seed)
    band = rng.choice(["18-24", "25-49", "50+"], 2600, p=[0.24, 0.5, 0.26])
    z = rng.normal(pd.Series(band).map({"18-24": -0.5, "25-49": -1.1, "50+": -1.3}), np.where(band == "18-24", 1, 0.9))
    score = chance(z)
    rows = pd.DataFrame({"z": z, "score": score, "answer": (score > 0.5).astype(int), "age": band,
                         "truth": (rng.random(2600) < score).astype(int)})  # fmt: skip
    told = {"task": "binary", "roles": {"score": "score", "prediction": "answer", "label": "truth", "group": ["age"],
                                        "feature": ["z"]}, "values": {"positive": 1}}  # fmt: skip
    assert tk.diagnose(rows, roles=told).verdict == "none"


@pytest.mark.parametrize("rule", ["line", "both"])
def test_one_rule_of_people_for_all_is_no_gap(rule: str) -> None:
    """People decide by the same rule for everybody, and the groups' inputs differ: what follows is no selection gap."""
    rng = np.random.default_rng(6)
    women = rng.random(3000) < 0.4
    a, b = rng.normal(np.where(women, -0.6, 0.2)), rng.normal(size=3000)
    yes = a + b > 0.5 if rule == "line" else (a > 0.0) & (b > -0.5)
    rows = pd.DataFrame({"a": a, "b": b, "outcome": np.where(yes, "yes", "no"), "sex": np.where(women, "F", "M"),
                         "day": pd.date_range("2025-01-01", periods=3000, freq="3h", tz="UTC")})  # fmt: skip
    told = {"task": "binary", "roles": {"timestamp": "day", "decision": "outcome", "group": ["sex"],
                                        "feature": ["a", "b"]}, "values": {"positive": "yes"}}  # fmt: skip
    assert tk.diagnose(rows, roles=told).verdict != "bias"


@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_of_six_groups_follows_its_base_rate_too(seed: int) -> None:
    """A true score, and outcomes commoner from group to group: the rarest group is rare, and no worse off."""
    rng = np.random.default_rng(seed)
    place = rng.choice(6, 5000, p=np.arange(6, 0, -1) / 21)
    x = rng.normal(size=5000)
    score = chance(np.linspace(-1.2, 1.2, 6)[place] + 1.4 * x)
    rows = pd.DataFrame({"x": x, "score": score, "answer": (score >= 0.5).astype(int),
                         "origin": np.array(list("ABCDEF"))[place],
                         "truth": (rng.random(5000) < score).astype(int)})  # fmt: skip
    told = {"task": "binary", "roles": {"score": "score", "prediction": "answer", "label": "truth",
                                        "group": ["origin"], "feature": ["x"]}, "values": {"positive": 1}}  # fmt: skip
    assert tk.diagnose(rows, roles=told).verdict == "none"


def test_a_gap_that_the_reference_has_too_weighs_more() -> None:
    """Two samples that say the same are more than one: the same gap counts for less where the reference lacks it."""
    mine, held = log(3, unfair=0.18)
    fair = log(4)[1]
    both, one = (
        max((e.strength for e in groups.detect(study_of(mine, r)) if e.finding.slice), default=0.0)
        for r in (held, fair)
    )
    assert both > one + 0.2


def test_a_corner_follows_the_base_rate_of_the_values_that_meet_in_it() -> None:
    """The young default more often; the few young foreigners are too few to show it by themselves."""
    rng = np.random.default_rng(3)
    n = 4000
    young, abroad = rng.random(n) < 0.2, rng.random(n) < 0.1
    score = chance(-1.6 + 1.1 * young + 1.2 * rng.normal(size=n))
    rows = pd.DataFrame({"score": score, "answer": (score >= 0.4).astype(int), "x": rng.normal(size=n),
                         "truth": (rng.random(n) < score).astype(int), "age": np.where(young, "18-25", "26-60"),
                         "passport": np.where(abroad, "other", "local")})  # fmt: skip
    told = {"task": "binary", "roles": {"score": "score", "prediction": "answer", "label": "truth",
                                        "group": ["age", "passport"], "feature": ["x"]},
            "values": {"positive": 1}}  # fmt: skip
    with read_log(rows, told) as opened:
        study = make_study(build_profile(opened))
    assert not [e for e in groups.detect(study) if e.strength > 0.3]
    assert tk.diagnose(rows, roles=told).verdict == "none"


@pytest.mark.parametrize(("late", "steady"), [(0.06, True), (0.0, False)])
def test_halves_of_a_gap_are_as_far_apart_as_chance_lets_them_be(late: float, *, steady: bool) -> None:
    """.14 and .06 are halves of one gap of .1 with an error of .02; .2 and nothing are none."""
    g = Gap(
        "sex", "F", "misses", 0.3, 0.2, 0.1, (0.06, 0.14), 5.0, 0.2 - late, late, float("nan"), 800, np.ones(1, bool)
    )
    assert (_steady(g) > 0.9) == steady


def test_what_one_group_alone_suffers_was_not_learned_by_heart() -> None:
    """Labels of women lie higher than any answer from the first row on: men are served as ever, so no model guesses."""
    rng = np.random.default_rng(4)
    log, held = healthy(rng, 2000), healthy(rng, 2000)
    for frame, off in ((log, 3.0), (held, 0.0)):
        frame["answer"] = 20 + 5 * frame.x + frame.w
        frame["truth"] = frame.answer + rng.normal(size=2000) + off * (frame.sex == "F")
    roles = {"task": "regression", "roles": {k: v for k, v in ROLES["roles"].items() if k != "score"}}
    timed = log.assign(when=pd.date_range("2025-01-01", periods=2000, freq="h", tz="UTC"))
    said = tk.diagnose(timed, reference=held.assign(when="2024-06-01"), roles=roles)
    assert said.mechanism != "memorised_training_data"
    assert said.probabilities["overfitting"] < 0.5


def test_an_age_stands_for_no_young_women(tmp_path: Path) -> None:
    """Of COMPAS the false alarms of African-Americans lead; that age tells the young is no proxy for a corner."""
    case = tk.case("compas")
    d = tk.diagnose(tk.read_log(case.log_path(tmp_path), case.roles_path), events=case.events_path)
    assert (d.mechanism, [t.value for t in d.slice]) == ("performance_gap", ["African-American"])


@pytest.mark.parametrize(("noisier", "found"), [(1.0, False), (2.0, True)])
def test_larger_numbers_are_no_gap(noisier: float, found: bool) -> None:
    """The young cost thrice as much and are told so, errors grow with the sums: only noise of their own is a gap."""
    rng = np.random.default_rng(4)
    rows = 4000
    young = rng.random(rows) < 0.25
    said = np.where(young, 900.0, 300.0) * np.exp(rng.normal(0, 0.3, rows))
    off = rng.normal(0, 0.25, rows) * np.where(young, noisier, 1.0)
    table = pd.DataFrame(
        {
            "at": pd.date_range("2026-01-01", periods=rows, freq="h", tz="UTC"),
            "premium": said,
            "cost": said * (1 + off),
            "age": np.where(young, "18-25", "26+"),
            "x": rng.normal(size=rows),
        }
    )
    told = {"timestamp": "at", "prediction": "premium", "label": "cost", "group": ["age"], "feature": ["x"]}
    with read_log(table, {"task": "regression", "roles": told}) as opened:
        got = groups.detect(make_study(build_profile(opened)))
    assert any(e.mechanism == "performance_gap" and e.strength > 0.5 for e in got) == found


def test_who_is_taken_for_too_little_is_named() -> None:
    """Women come to more than was said and men to what was said: the women are underestimated, and nobody is over."""
    rng = np.random.default_rng(8)
    told = {"task": "regression",
            "roles": {"timestamp": "when", "prediction": "said", "label": "came", "group": ["sex"]}}  # fmt: skip
    logs = []
    for start in ("2025-01-01", "2024-01-01"):
        sex, said = rng.choice(["F", "M"], 2000), rng.normal(50, 8, 2000)
        when = pd.date_range(start, periods=2000, freq="h", tz="UTC")
        came = said + rng.normal(0, 6, 2000) + np.where(sex == "F", 5.0, -0.3)
        logs.append(pd.DataFrame({"when": when, "said": said, "came": came, "sex": sex}))
    with read_log(logs[0], told, reference=logs[1]) as opened:
        found = groups.detect(make_study(build_profile(opened)))
    (bent,) = [e for e in found if e.mechanism == "calibration_gap"]
    assert [t.value for t in bent.finding.slice] == ["F"]
    assert bent.finding.statement.startswith("Underestimate for sex = F: ")
