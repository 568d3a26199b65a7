"""What an investigation derives: intervals, buckets, events and times; against values known beforehand."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from shell import a_log

from toolkit.api import diagnose
from toolkit.errors import LogError
from toolkit.investigation.derived import events_of, times_of
from toolkit.investigation.diagnosing import counted
from toolkit.investigation.measures import groups_of, normal, series_of, wilson
from toolkit.investigation.opening import absolute, open_incident
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.records import Event, Finding, Harm, Incident, LedgerLine, Verdict
from toolkit.store import Store

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def a_verdict(
    verdict: str = "integration", mechanism: str | None = "unit_change", onset: datetime | None = NOON
) -> Verdict:
    """A verdict with one finding and two lines of the ledger."""
    found = Finding("units", "x is 100 times larger", id="F01", onset=NOON, onset_interval=(NOON, NOON), statistic=9.0)
    later = LedgerLine("data", "covariate_shift", 0.2, onset=NOON + timedelta(days=2))
    small = LedgerLine("human", "ignored_alerts", 0.01, onset=NOON + timedelta(days=3))
    lines = (LedgerLine("integration", "unit_change", 0.79, onset=NOON, supporting=("F01",)), later, small)
    odds = dict.fromkeys(("data", "overfitting", "integration", "bias", "human", "none"), 1 / 6)
    harm = Harm("accuracy", 0.9, 0.8, 10.0, (1.0, 20.0), 100)
    interval = (NOON, NOON) if onset else None
    return Verdict(verdict, mechanism, 0.9, odds, onset, interval, (), (), (), harm, lines, (), (), (found,))


def test_wilson_is_the_textbook_interval() -> None:
    """8 of 10 gives 0.490 to 0.943; 0 of 20 gives 0 to 0.161; nothing of nothing is unknown."""
    share, low, high = wilson(np.array([8.0, 0.0, 0.0]), np.array([10.0, 20.0, 0.0]))
    assert share[:2] == pytest.approx([0.8, 0.0])
    assert low[:2] == pytest.approx([0.4902, 0.0], abs=1e-4)
    assert high[:2] == pytest.approx([0.9433, 0.1611], abs=1e-4)
    assert np.isnan([share[2], low[2], high[2]]).all()


def test_a_mean_has_the_interval_of_a_mean() -> None:
    """1, 2, 3, 4 have the mean 2.5 with 1.96 standard errors of 0.6455 on either side; one row has no interval."""
    x = np.array([1.0, 2.0, 3.0, 4.0])
    mean, low, high = normal(np.array([x.sum(), 7.0]), np.array([(x**2).sum(), 49.0]), np.array([4.0, 1.0]))
    assert mean == pytest.approx([2.5, 7.0])
    assert (low[0], high[0]) == pytest.approx((2.5 - 1.96 * 0.6455, 2.5 + 1.96 * 0.6455), abs=1e-3)
    assert np.isnan([low[1], high[1]]).all()


def test_a_gap_in_the_log_is_a_gap_in_the_series() -> None:
    """Hours without a request are buckets with no value and no rows; late labels make their buckets immature."""
    log = a_log(400)
    label = log["label"].astype(float).where(log.index < 340)
    log = log.assign(label=label).drop(index=range(100, 180))
    with read_log(log) as opened:
        profile = build_profile(opened)
        verdict = diagnose(opened).record
    series = series_of(profile, verdict)
    counts = series.metric("predictions")
    accuracy = series.metric("accuracy")
    assert counts is not None
    assert accuracy is not None
    assert sum(counts.n) == 320
    assert 0 in counts.n
    assert [v is None for v in accuracy.value] == [n == 0 for n in accuracy.n]
    steps = {b - a for a, b in zip(series.starts, series.starts[1:], strict=False)}
    assert len(steps) == 1
    assert series.ends[:-1] == series.starts[1:]
    assert series.immature[-1]
    assert not series.immature[0]


def test_a_log_without_times_has_no_series_but_groups() -> None:
    """Without a timestamp there is one window and nothing to draw over time; groups are counted all the same."""
    log = a_log(200).drop(columns="timestamp").assign(sex=["F", "M"] * 100)
    with read_log(log, {"score": "score", "prediction": "prediction", "label": "label", "group": ["sex"]}) as opened:
        profile = build_profile(opened)
        verdict = diagnose(opened).record
    assert series_of(profile, verdict).starts == ()
    accuracy = {g.value: (g.estimate, g.n) for g in groups_of(profile) if g.metric == "accuracy"}
    right = (log.prediction == log.label).groupby(log.sex).mean()
    assert accuracy == {"F": (pytest.approx(right["F"]), 100), "M": (pytest.approx(right["M"]), 100)}


def test_events_follow_from_findings() -> None:
    """The onset and each line of the ledger with a share of 5 % give one event each, in order, with a source."""
    made = events_of(a_verdict())
    assert [e.occurred_at for e in made] == [NOON, NOON + timedelta(days=2)]
    assert "UTC), F01: x is 100 times larger" in made[0].text
    assert {e.source for e in made} == {"finding"}
    assert events_of(a_verdict("none", None, None)) == ()


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [(-3600.000001, 61.5, "2026-03-14 10:59 to 2026-03-14 12:02 UTC"),
     (-2.25, 200.000001, "2026-03-14 11:59:57 to 2026-03-14 12:03:21 UTC")],
)  # fmt: skip
def test_an_interval_is_told_as_finely_as_it_is_known(first: float, last: float, said: str) -> None:
    """Hours to the minute, minutes to the second, rounded outwards; nobody knows the microsecond of a change."""
    interval = (NOON + timedelta(seconds=first), NOON + timedelta(seconds=last))
    (made, *_) = events_of(replace(a_verdict(), onset_interval=interval))
    assert f"(95 % interval {said})" in made.text


def test_times_follow_from_the_verdict_and_the_alerts() -> None:
    """Began is the onset, or the first row of a fault that was always there; detected is the first alert since."""
    alerts = [Event(NOON + timedelta(hours=h), "alert", "x") for h in (-5, 7, 9)]
    incident = Incident("INC-0001", "x")
    known = times_of(incident, a_verdict(), alerts, None, None)
    assert known == {"occurred_at": NOON, "detected_at": NOON + timedelta(hours=7)}
    first = NOON - timedelta(days=9)
    assert times_of(incident, a_verdict(onset=None), [], first, None) == {"occurred_at": first}
    assert times_of(incident, a_verdict("undetermined", None), alerts, first, None) == {}


def test_a_time_that_a_person_gave_is_kept() -> None:
    """The diagnosis fills what is unknown and moves what an earlier diagnosis gave, never what a person said."""
    earlier = NOON - timedelta(days=1)
    said = Incident("INC-0001", "x", occurred_at=earlier, detected_at=NOON)
    assert times_of(said, a_verdict(), [], None, None) == {}
    assert times_of(said, a_verdict(), [], None, a_verdict(onset=earlier)) == {"occurred_at": NOON}


def test_a_marked_detection_goes_before_an_alert() -> None:
    """An event marked as the detection is the detection, whatever alerts there were."""
    marked = Event(NOON + timedelta(hours=8), "note", "a customer called", marker="detection")
    alert = Event(NOON + timedelta(hours=2), "alert", "x")
    known = times_of(Incident("INC-0001", "x"), a_verdict(), [alert, marked], None, None)
    assert known["detected_at"] == marked.occurred_at


def test_what_cannot_be_read_again_is_no_log(tmp_path: Path) -> None:
    """A DataFrame, a wrong path or roles without a log are refused, and no incident is recorded."""
    store = Store(tmp_path)
    for given in ({"log": a_log()}, {"log": tmp_path / "none.csv"}, {"roles": {"score": "x"}}):
        with pytest.raises(LogError):
            open_incident(store, "x", **given)
    assert store.incidents() == ()


def test_a_path_means_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, globs and tables of a database are kept as absolute ones."""
    monkeypatch.chdir(tmp_path)
    assert absolute("log.csv", "log") == str(tmp_path / "log.csv")
    assert absolute("served/*.parquet", "log") == str(tmp_path / "served" / "*.parquet")
    assert absolute("a.duckdb::served", "log") == f"{tmp_path / 'a.duckdb'}::served"


@pytest.mark.parametrize("sampled", [2000, 100])
def test_infinities_are_counted_of_features_that_lack_values(tmp_path: Path, sampled: int) -> None:
    """Of a log as large as its sample all are counted; of a larger one those of a feature that lacks a value in it."""
    y, z = np.tile([1.0, np.nan], 1000), np.ones(2000)
    y[:40], z[:1] = np.inf, np.inf
    file = tmp_path / "log.parquet"
    a_log(2000, y=y, z=z).to_parquet(file)
    with read_log(file) as log:
        report = counted(log, build_profile(log, sample_rows=sampled).sample).validation
        everything = dict(log.validation.not_finite)
    assert everything["y"] >= 40
    assert report.not_finite == (everything if sampled == 2000 else {"y": everything["y"]})


def test_the_fits_take_one_thread() -> None:
    """Every pool of threads is held to one, those of scikit-learn too, which nothing loaded before.

    Garbage is looked for again when it is loaded.
    """
    code = (
        "import gc\nfrom toolkit.causes.diagnose import one_thread\nimport threadpoolctl as t\n"
        "with one_thread(): print(sorted({(p['user_api'], p['num_threads']) for p in t.threadpool_info()}))\n"
        "print(gc.isenabled())"
    )
    env = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[('blas', 1), ('openmp', 1)]", "True"]
