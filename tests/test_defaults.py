"""A value that fills in for others and a value that stands still are told apart, and from chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import defaults
from toolkit.detectors.evidence import Evidence


def found(column: str, change: pd.Series, n: int = 2000) -> list[Evidence]:
    """Look at a log of n rows whose ``column`` is ``change`` from row 1,200 on."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, n), healthy(rng, 2000)
    log.loc[1200:, column] = change[1200:]
    return [e for e in defaults.detect(study_of(log, reference)) if column in e.finding.features]


ROWS = np.arange(2000)
RNG = np.random.default_rng(9)


@pytest.mark.parametrize("value", [0.0, -1.0, 0.35])
def test_a_number_that_fills_in_for_a_third(value: float) -> None:
    """A value on a third of the rows, the rest as before: filled, on those rows, since then."""
    filled = RNG.random(2000) < 0.33
    column = pd.Series(np.where(filled, value, RNG.normal(size=2000)))
    (got,) = found("x", column)
    assert got.mechanism == "default_filled"
    assert got.change is not None
    assert abs(got.change.start - 1200) <= 15
    assert got.rows is not None
    assert (got.rows[1220:] == filled[1220:]).mean() > 0.99
    assert not got.rows[:1180].any()
    assert got.finding.effect == pytest.approx(0.33, abs=0.05)


def test_a_constant_is_a_default() -> None:
    """All rows at nought, which is no row's last value: a default, not a value that stood still."""
    (got,) = found("x", pd.Series(np.zeros(2000)))
    assert got.mechanism == "default_filled"


def test_a_feed_that_stopped() -> None:
    """All rows at the last value before the change: it stands still."""
    rng = np.random.default_rng(5)
    last = float(healthy(rng, 2000)["x"].iloc[1199])
    (got,) = found("x", pd.Series(np.full(2000, last)))
    assert got.mechanism == "stale_feature"
    assert got.change is not None
    assert abs(got.change.start - 1200) <= 2


def test_a_feed_in_steps() -> None:
    """A value that changes only every twentieth row stands still most of the time."""
    column = pd.Series(np.repeat(RNG.normal(size=100), 20))
    (got,) = found("x", column)
    assert got.mechanism == "stale_feature"


def test_an_unknown_town() -> None:
    """A placeholder is a default; a town that became more usual is at most a faint one."""
    unknown = np.where(RNG.random(2000) < 0.3, "unknown", "Bonn")
    crowd = RNG.choice(["Bonn", "Hof", "Ulm"], 2000, p=[0.75, 0.15, 0.1])
    assert all(e.strength <= 0.3 for e in found("town", pd.Series(crowd)))
    assert all(e.mechanism == "default_filled" for e in found("town", pd.Series(unknown)))


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(RNG.normal(size=2000)),
        pd.Series(RNG.normal(0.8, 1.0, 2000)),
        pd.Series(RNG.normal(0.0, 2.0, 2000)),
        pd.Series(RNG.normal(size=2000)).where(RNG.random(2000) > 0.3),
    ],
    ids=["as before", "shifted", "wider", "holes"],
)
def test_what_is_no_default(column: pd.Series) -> None:
    """Numbers that moved, spread or went missing are neither filled in nor frozen."""
    assert found("x", column) == []


def test_towns_in_any_order_are_not_frozen() -> None:
    """A column of few values repeats itself by chance: that is no value that stands still."""
    got = found("town", pd.Series(RNG.choice(["Bonn", "Hof"], 2000)))
    assert [e for e in got if e.mechanism == "stale_feature"] == []


@pytest.mark.parametrize(("first", "end"), [(700, 2000), (900, 1700)], ids=["to the end", "a while"])
def test_a_feed_that_stopped_in_a_log_held_to_itself(first: int, end: int) -> None:
    """Most of a log at one value, and no reference: its common value is no habit, for it hardly came twice before."""
    log = healthy(np.random.default_rng(6), 2000)
    log.loc[first : end - 1, "x"] = log["x"][first - 1]
    (got,) = [e for e in defaults.detect(study_of(log, None)) if "x" in e.finding.features]
    assert got.mechanism == "stale_feature"
    assert got.rows is not None
    assert abs(int(got.rows.argmax()) - first) <= 2
    assert abs(int(got.rows.sum()) - (end - first)) <= 20


def test_numbers_that_are_left_with_a_few_values() -> None:
    """A number of which each row was another goes through the same four values over and over: nobody writes it."""
    log = healthy(np.random.default_rng(6), 2000)
    log.loc[1400:, "x"] = np.resize(log["x"][1396:1400].to_numpy(), 600)
    (got,) = [e for e in defaults.detect(study_of(log, healthy(RNG, 2000))) if "x" in e.finding.features]
    assert got.mechanism == "stale_feature"
    assert got.change is not None
    assert abs(got.change.start - 1400) <= 15


def usual(kind: str) -> pd.Series:
    """Draw columns that stand still for a while, as they always did, or come in few values for a reason."""
    rng, rows = np.random.default_rng(8), np.arange(2000)
    if kind == "nights that grow longer":
        dark = (rows % 48) < 12 + 24 * rows / 2000
        return pd.Series(np.where(dark, 0.0, rng.gamma(3, 100, 2000)))
    if kind == "a rate of the month":
        return pd.Series(np.repeat(rng.normal(size=5), 400))
    if kind == "a crowd of few ages":
        return pd.Series(np.where(rows < 1200, rng.integers(18, 80, 2000), rng.integers(18, 22, 2000)).astype(float))
    return pd.Series(np.where(rng.random(2000) < 0.6, 1.5, rng.normal(size=2000)))


@pytest.mark.parametrize(
    "kind", ["nights that grow longer", "a rate of the month", "a crowd of few ages", "a common value"]
)
@pytest.mark.parametrize("own", [True, False])
def test_columns_that_always_stood_still_are_no_stopped_feed(kind: str, *, own: bool) -> None:
    """Nights, monthly rates, young crowds and common values are not stale."""
    log, reference = (healthy(np.random.default_rng(k), 2000).assign(x=usual(kind)) for k in (6, 7))
    if kind == "a crowd of few ages":
        reference["x"] = np.random.default_rng(9).integers(18, 80, 2000).astype(float)
    got = defaults.detect(study_of(log, None if own else reference))
    assert [e for e in got if e.mechanism == "stale_feature"] == []


@pytest.mark.parametrize(("dry", "found"), [(True, []), (False, [0.8])])
def test_more_of_a_natural_nought_is_no_default(dry: bool, found: list[float]) -> None:
    """Rain that stays away in most rows, and is lighter, is weather; 999 for what was high is filled in."""
    rng = np.random.default_rng(32)
    log, reference = healthy(rng, 2000), healthy(rng, 2000)
    for frame in (log, reference):
        frame["w"] = np.where(rng.random(2000) < 0.05, 0.0, rng.gamma(2, 5, 2000).round(1))
    late, w = np.arange(2000) >= 1200, log["w"].to_numpy()
    now = np.where(rng.random(2000) < 0.6, 0.0, (w / 5).round(1)) if dry else np.where(w > 10, 999.0, w)
    got = defaults.detect(study_of(log.assign(w=np.where(late, now, w)), reference))
    assert [round(e.strength, 2) for e in got] == found
    assert all("its other values moved too" in e.finding.statement for e in got)


def test_values_of_the_visit_before_make_labels_look_drawn_at_random() -> None:
    """Of people who come twice, all numbers are those of the visit before: stale, and no label is to blame."""
    rng = np.random.default_rng(31)
    log, reference = healthy(rng, 4000), healthy(rng, 2000)
    who = rng.permutation(np.repeat(np.arange(2000), 2))
    before = log.groupby(who)[["x", "w"]].shift()
    late = (np.arange(4000) >= 2000) & before["x"].notna().to_numpy()
    log["request"], reference["request"] = [f"p{i}" for i in who], [f"q{i}" for i in range(2000)]
    log[["x", "w"]] = np.where(late[:, None], before, log[["x", "w"]])
    got = defaults.detect(study_of(log, reference, id="request"))
    assert [e.finding.features for e in got] == [("x",), ("w",)]
    for e in got:
        assert e.strength > 0.9
        assert "label_noise" in e.finding.refutes
        assert "at most" not in e.finding.statement


@pytest.mark.parametrize("value", [-999.0, 600.0])
def test_a_value_that_fills_in_on_some_days_alone(value: float) -> None:
    """Every seventh day since a row a round number stands for most: since that row, and on those rows."""
    rng = np.random.default_rng(32)
    log, reference = healthy(rng, 4200), healthy(rng, 2000)
    for frame in (log, reference):
        frame["w"] = (655 + 60 * frame["w"]).round()
    day = np.arange(4200) // 60
    hit = (day >= 35) & (day % 7 == 0) & (rng.random(4200) < 0.8)
    (got,) = defaults.detect(study_of(log.assign(w=np.where(hit, value, log["w"])), reference))
    assert got.mechanism == "default_filled"
    assert got.change is not None
    assert abs(got.change.start - 35 * 60) <= 60
    assert got.rows is not None
    assert abs(int(got.rows.sum()) - int(hit.sum())) < 30
    assert defaults.detect(study_of(log, reference)) == []


def test_small_numbers_of_a_new_crowd_are_no_default() -> None:
    """One in four has been there for months and not for years: 3, 4 and 5 came up alike, and none was filled in."""
    rng = np.random.default_rng(12)
    log, reference = healthy(rng, 3000), healthy(rng, 3000)
    for rows, new in ((reference, 0.01), (log, 0.01)):
        thin = rng.random(3000) < np.where(np.arange(3000) > 1500, new + (0.25 if rows is log else 0.0), new)
        rows["x"] = np.where(thin, rng.gamma(2, 3, 3000), 20 + rng.gamma(3, 22, 3000)).round()
    got = [e for e in defaults.detect(study_of(log, reference)) if e.mechanism == "default_filled"]
    assert max((e.strength for e in got), default=0.0) < 0.1


def test_a_sentinel_of_a_feature_of_three_values_is_a_default() -> None:
    """-999 in two rows of three, of what was -1, 0 or 1: filled in, though little else is there to compare."""
    rng = np.random.default_rng(13)
    log, reference = healthy(rng, 2000), healthy(rng, 2000)
    for frame in (log, reference):
        frame["x"] = rng.integers(-1, 2, 2000).astype(float)
    log.loc[(np.arange(2000) >= 1200) & (rng.random(2000) < 0.7), "x"] = -999.0
    (got,) = [e for e in defaults.detect(study_of(log, reference)) if "x" in e.finding.features]
    assert got.mechanism == "default_filled"
    assert got.strength >= 0.8


@pytest.mark.parametrize(("value", "sure"), [(0.63, True), (0.8, False), (0.5, False)])
def test_the_mean_of_a_feature_of_three_values_is_a_default(value: float, *, sure: bool) -> None:
    """0.63, their mean, in half the rows of what was 0, 0.5 or 1: filled in. Another may be a kind of its own."""
    rng = np.random.default_rng(14)
    log, reference = healthy(rng, 2000), healthy(rng, 2000)
    for frame in (log, reference):
        frame["x"] = rng.choice([0.0, 0.5, 1.0], 2000, p=[0.27, 0.2, 0.53])
    log.loc[(np.arange(2000) >= 1200) & (rng.random(2000) < 0.5), "x"] = value
    got = [e.strength for e in defaults.detect(study_of(log, reference)) if "x" in e.finding.features]
    assert (max(got, default=0.0) >= 0.8) == sure


@pytest.mark.parametrize(("known", "named"), [(False, []), (True, ["default_filled"])])
def test_a_zero_of_a_part_that_the_baseline_never_had(named: list[str], *, known: bool) -> None:
    """Who learns from afar visits no library: nothing was filled in, unless such students came before with visits."""
    rng = np.random.default_rng(13)
    log, reference = healthy(rng, 3000), healthy(rng, 2000)
    for frame in (log, reference):
        frame["w"] = rng.poisson(2.5, len(frame))
        frame["mode"] = np.where(rng.random(len(frame)) < 0.25, "far", "near")
    if not known:
        reference["mode"] = "near"
    log.loc[log["mode"] == "far", "w"] = 0
    study = study_of(log, reference, feature=["x", "w"], segment=["mode"])
    assert [e.mechanism for e in defaults.detect(study)] == named


@pytest.mark.parametrize("raw", [True, False])
def test_noughts_of_a_rate_that_is_served_raw_are_not_all_of_it(*, raw: bool) -> None:
    """A rate that was smoothed and is raw has noughts, and more high values too; where a nought fills in it has not."""
    rng = np.random.default_rng(15)
    log, reference = healthy(rng, 4000), healthy(rng, 2000)
    for frame in (log, reference):
        frame["x"] = rng.beta(4, 10, len(frame))
    spread = np.clip(log["x"] + (0.12 if raw else 0.0) * rng.normal(size=4000), 0.001, 1.0)
    log["x"] = np.where(rng.random(4000) < 0.1, 0.0, spread)
    (got,) = [e for e in defaults.detect(study_of(log, reference)) if "x" in e.finding.features]
    assert got.mechanism == "default_filled"
    assert (got.strength < 0.4) == raw
    assert ("keep their proportions" in got.finding.statement) != raw


@pytest.mark.parametrize("where", ["one part", "everywhere"])
def test_a_usual_value_that_fills_one_part_alone_is_filled_in(where: str) -> None:
    """Most phone claims have one person in the house since a form came; if all had more of them, so would the crowd."""
    rng = np.random.default_rng(16)
    log, reference = healthy(rng, 4000), healthy(rng, 2000)
    for frame in (log, reference):
        frame["w"] = rng.choice([1, 2, 3, 4, 5], len(frame), p=[0.15, 0.3, 0.25, 0.2, 0.1])
        frame["way"] = rng.choice(["web", "phone", "post"], len(frame), p=[0.5, 0.3, 0.2])
    late = np.arange(4000) >= 2200
    hit = (log["way"] == "phone") & (rng.random(4000) < 0.75) if where == "one part" else rng.random(4000) < 0.22
    log.loc[late & hit, "w"] = 1
    got = [e for e in defaults.detect(study_of(log, reference, segment=["way"])) if e.finding.features == ("w",)]
    assert (max((e.strength for e in got), default=0.0) > 0.7) == (where == "one part")


def test_noughts_of_one_site_are_filled_in_though_counts_of_a_day_wander() -> None:
    """Complaints a day and site come in bunches: how many days have none differs by chance at the other sites too."""
    rng = np.random.default_rng(17)
    log, reference = healthy(rng, 4000), healthy(rng, 3000)
    for frame in (log, reference):
        frame["way"] = rng.choice(["north", "south", "east"], len(frame), p=[0.4, 0.4, 0.2])
        counts = {way: rng.poisson(2, len(frame) // 80 + 1) for way in ("north", "south", "east")}
        frame["w"] = [float(counts[way][i // 80]) for i, way in enumerate(frame["way"])]
    log.loc[(np.arange(4000) >= 2200) & (log["way"] == "north"), "w"] = 0.0
    got = [e for e in defaults.detect(study_of(log, reference, segment=["way"])) if e.finding.features == ("w",)]
    assert max((e.strength for e in got), default=0.0) > 0.5
