"""A daily limit cuts off what was there before; a job that started small and grew was cut off by nobody."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy

from toolkit.detectors import traffic
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


def look(days: list[int]) -> list[Evidence]:
    """Read a log of so many requests a day, each day's first at midnight."""
    rng = np.random.default_rng(14)
    times = [pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=float(d + t))
             for d, n in enumerate(days) for t in (0.0, *np.sort(rng.random(n - 1)))]  # fmt: skip
    log = healthy(rng, len(times)).assign(when=times)
    with read_log(log, ROLES) as opened:
        return traffic.detect(make_study(build_profile(opened)))


def busy(n: int) -> list[int]:
    return np.random.default_rng(15).poisson(60, n).tolist()


def test_a_limit_after_free_traffic_is_named() -> None:
    """Thirty days of some sixty requests, then thirty of exactly forty: cut off."""
    (got,) = look([*busy(30), *([40] * 30)])
    assert got.change is not None
    assert abs(got.change.start - sum(busy(30))) < 100


def test_a_job_that_grew_is_not() -> None:
    """An even forty a day at first and some sixty later: nothing was lost."""
    assert look([*([40] * 30), *busy(30)]) == []


def nights(kept: Callable[[pd.DatetimeIndex], np.ndarray]) -> list[Evidence]:
    """Read forty days of two hundred requests each, of which only those that are kept came in."""
    rng = np.random.default_rng(17)
    when = pd.DatetimeIndex(
        pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.sort(rng.random(8000)) * 40, unit="D")
    )
    log = healthy(rng, 8000).assign(when=when)[kept(when)]
    with read_log(log, ROLES) as opened:
        return traffic.detect(make_study(build_profile(opened)))


def test_hours_in_which_nothing_came_any_more_are_lost() -> None:
    """From day 20 on the log is empty between two and four: lost, those hours, since that day."""
    (got,) = nights(lambda t: ~((t.day_of_year > 20) & (t.hour.isin([2, 3]))))
    assert got.mechanism == "dropped_traffic"
    assert "the hours 02, 03 UTC" in got.finding.statement
    assert got.change is not None
    assert abs(got.change.start - 4000) < 3 * 4000**0.5


def test_opening_hours_that_moved_lost_nothing() -> None:
    """A shop from 8 to 18 that opens at 9 and closes at 19 from day 20 on serves as many."""
    rng = np.random.default_rng(18)
    day, hour = rng.integers(0, 40, 8000), rng.integers(8, 18, 8000)
    at = np.sort(day * 24.0 + hour + (day >= 20) + rng.random(8000))
    log = healthy(rng, 8000).assign(when=pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(at, unit="h"))
    with read_log(log, ROLES) as opened:
        assert traffic.detect(make_study(build_profile(opened))) == []


def test_hours_into_which_the_night_grows_are_not_lost() -> None:
    """Requests come by daylight alone, and the days grow shorter: no hour fell silent overnight, nothing was lost."""
    rng = np.random.default_rng(2)
    day, share = rng.integers(0, 60, 9000), rng.random(9000)
    rise = 6 + day / 20
    kept = rng.random(9000) < (24 - 2 * rise) / 12
    at = np.sort((day * 24 + rise + (24 - 2 * rise) * share)[kept])
    log = healthy(rng, len(at)).assign(when=pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(at, unit="h"))
    with read_log(log, ROLES) as opened:
        assert traffic.detect(make_study(build_profile(opened))) == []


@pytest.mark.parametrize(("lost", "found"), [([6, 17], []), ([6, 7], ["dropped_traffic"])])
def test_both_ends_of_the_daylight_are_no_lost_hours(lost: list[int], found: list[str]) -> None:
    """A plant that runs from sunrise to sunset loses its first and its last hour in autumn; two mornings are lost."""
    got = nights(lambda t: (t.hour >= 6) & (t.hour < 18) & ~((t.day_of_year > 20) & t.hour.isin(lost)))
    assert [e.mechanism for e in got] == found


@pytest.mark.parametrize(("resident", "found"), [(False, []), (True, ["dropped_traffic"])])
def test_a_flood_that_ended_was_no_usual_traffic(*, resident: bool, found: list[str]) -> None:
    """A country that came for two days alone and went again lost nothing; one that had always come did."""
    rng = np.random.default_rng(20)
    hour = np.sort(rng.random(6000)) * 960
    land = np.where(rng.random(6000) < 0.2, "VN", "US") if resident else np.full(6000, "US")
    if not resident:
        land = np.where((hour > 400) & (hour < 448) & (rng.random(6000) < 0.8), "VN", land)
    land = np.where((hour > 480) & (land == "VN"), "", land)
    log = healthy(rng, 6000).assign(
        when=pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(hour, unit="h"), land=land
    )
    told = {**ROLES, "roles": {**ROLES["roles"], "segment": ["land"]}}
    with read_log(log[land != ""], told, reference=healthy(rng, 500).assign(when=None, land="US")) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in got if e.finding.slice] == found


@pytest.mark.parametrize(("usual", "found"), [(False, []), (True, ["dropped_traffic"])])
def test_a_campaign_that_ends_each_time_lost_nothing(*, usual: bool, found: list[str]) -> None:
    """A channel of two days in the reference too ends as it did; one that always came fell silent."""
    rng = np.random.default_rng(21)

    def drawn(n: int, start: str, until: float) -> pd.DataFrame:
        campaign = np.zeros(0) if usual else 400 + 48 * rng.random(n // 6)
        hour = np.sort(np.concatenate([960 * rng.random(n), campaign]))
        among = rng.random(len(hour))
        on = among < 0.1 if usual else (hour > 400) & (hour < 448) & (among < 0.8)
        when = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(hour, unit="h")
        frame = healthy(rng, len(hour)).assign(when=when, channel=np.where(on, "promo", "web"))
        return frame[~on | (hour < until)]

    reference = drawn(3000, "2024-10-01", 960)
    told = {**ROLES, "roles": {**ROLES["roles"], "segment": ["channel"]}}
    with read_log(drawn(6000, "2025-01-01", 448), told, reference=reference) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in got if e.finding.slice] == found


def test_years_of_even_days_are_looked_at_at_once() -> None:
    """Three thousand days of as many requests each, and as many of a few more: no pair of days is asked by itself."""
    at = np.concatenate([np.linspace(d, d + 1, n, endpoint=False) for d, n in enumerate([15] * 3000 + [17] * 3000)])
    log = healthy(np.random.default_rng(3), len(at)).assign(
        when=np.datetime64("1990-01-01") + (at * 86400e6).astype("m8[us]")
    )
    with read_log(log, ROLES) as opened:
        study = make_study(build_profile(opened))
    began = time.process_time()
    assert traffic._capped(study) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize("kept", [0.2, 1.0])
def test_two_weeks_of_one_town_are_missed_beside_its_quiet_weekends(kept: float) -> None:
    """A firewall lets one request in five of a town through for two weeks; its weekends are quiet anyway."""
    rng = np.random.default_rng(16)
    days = np.repeat(np.arange(84), rng.poisson(np.where(np.arange(84) % 7 < 5, 90, 12)))
    town = rng.choice(["Bonn", "Hof", "Ulm"], len(days), p=[0.4, 0.35, 0.25])
    stays = (town != "Hof") | (days < 58) | (days >= 74) | (rng.random(len(days)) < kept)
    when = pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(np.sort(days + rng.random(len(days))), unit="D")
    log = healthy(rng, len(days)).assign(when=when, town=town)[stays]
    with read_log(log, {**ROLES, "roles": {**ROLES["roles"], "feature": ["x", "w"], "segment": ["town"]}}) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [t.value for e in got for t in e.finding.slice] == (["Hof"] if kept < 1 else [])


@pytest.mark.parametrize("kept", [0.4, 1.0])
def test_a_dozen_readings_a_day_of_which_most_are_lost(kept: float) -> None:
    """So few a day differ from day to day by chance; most of them missing for weeks does not come about so."""
    rng = np.random.default_rng(19)
    days = np.repeat(np.arange(45), rng.poisson(66, 45))
    town = rng.choice(["A", "B", "C", "D", "E"], len(days))
    stays = (town != "D") | (days < 28) | (rng.random(len(days)) < kept)
    when = pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(np.sort(days + rng.random(len(days))), unit="D")
    log = healthy(rng, len(days)).assign(when=when, town=town)[stays]
    with read_log(log, {**ROLES, "roles": {**ROLES["roles"], "feature": ["x", "w"], "segment": ["town"]}}) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [t.value for e in got for t in e.finding.slice] == (["D"] if kept < 1 else [])


@pytest.mark.parametrize(("seasonal", "found"), [(True, []), (False, ["dropped_traffic"])])
def test_a_summer_is_no_loss(found: list[str], *, seasonal: bool) -> None:
    """Half as many come in summer, little by little; half as many from one day on are lost."""
    rng = np.random.default_rng(23)
    day = np.arange(365)
    level = 7 + 5 * np.cos(2 * np.pi * day / 365) if seasonal else np.where(day < 200, 12.0, 4.0)
    days = np.repeat(day, rng.poisson(level))
    when = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.sort(days + rng.random(len(days))), unit="D")
    with read_log(healthy(rng, len(days)).assign(when=when), ROLES) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in got] == found


def held(got: Evidence, onset: pd.Timestamp) -> bool:
    """Say whether the onset's interval holds an instant, and is not longer than four days."""
    assert got.finding.onset_interval is not None
    low, high = got.finding.onset_interval
    return low <= onset <= high and high - low <= pd.Timedelta(days=4)


def thinned(hour: float) -> tuple[list[Evidence], pd.Timestamp]:
    """Read forty days of requests, two thirds of which are lost from an hour of day 25 on."""
    rng = np.random.default_rng(17)
    first, onset = pd.Timestamp("2025-01-01", tz="UTC"), pd.Timestamp("2025-01-26", tz="UTC") + pd.Timedelta(hours=hour)
    when = pd.DatetimeIndex(first + pd.to_timedelta(np.sort(rng.random(8000)) * 40, unit="D"))
    kept = (when < onset) | (rng.random(8000) < 1 / 3)
    with read_log(healthy(rng, 8000).assign(when=when)[kept], ROLES) as opened:
        return traffic.detect(make_study(build_profile(opened))), onset


@pytest.mark.parametrize("hour", [1.0, 9.5, 14.0, 23.0])
def test_what_is_counted_by_the_day_began_at_some_hour_of_it(hour: float) -> None:
    """Traffic that fell at any hour of a day: the interval holds the hour, though only days are counted."""
    (got,), onset = thinned(hour)
    assert held(got, onset)


def test_a_limit_or_a_quiet_night_began_within_a_day() -> None:
    """The interval of a daily limit holds the midnight at which it began to be kept, that of lost hours the first."""
    (got,) = look([*busy(30), *([40] * 30)])
    assert held(got, pd.Timestamp("2025-01-31", tz="UTC"))
    (got,) = nights(lambda t: ~((t.day_of_year > 20) & (t.hour.isin([2, 3]))))
    assert held(got, pd.Timestamp("2025-01-21T02:00", tz="UTC"))


def test_a_silence_is_dated_by_how_often_its_own_part_came() -> None:
    """Of Ulm, one row in ten, nothing came: that shows after some thirty rows, whatever part is looked at last."""
    rng = np.random.default_rng(21)
    town = rng.choice(["Bonn", "Hof", "Ulm", "Zell"], 3000, p=[0.5, 0.35, 0.1, 0.05])
    when = pd.date_range("2026-01-01", periods=3000, freq="5min", tz="UTC")
    log = healthy(rng, 3000).assign(when=when, town=town)[(np.arange(3000) < 1500) | (town != "Ulm")]
    with read_log(log, {**ROLES, "roles": {**ROLES["roles"], "segment": ["town"]}}) as opened:
        got = [e for e in traffic.detect(make_study(build_profile(opened))) if e.mechanism == "dropped_traffic"]
    (one,) = [e for e in got if "Nothing came of town = Ulm" in e.finding.statement]
    assert one.change is not None
    assert 20 <= one.change.high - one.change.start <= 35


@pytest.mark.parametrize(("before", "found"), [(True, []), (False, ["dropped_traffic"])])
def test_what_was_as_low_and_came_back_is_no_loss(found: list[str], *, before: bool) -> None:
    """Terms and holidays swing; a fall to a third within days, the first of its kind, is one."""
    rng = np.random.default_rng(24)
    day = np.arange(420)
    low = ((day > 330) & (day < 400)) | (before & (day > 90) & (day < 160))
    days = np.repeat(day, rng.poisson(np.where(low, 4.0, 12.0)))
    when = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.sort(days + rng.random(len(days))), unit="D")
    with read_log(healthy(rng, len(days)).assign(when=when), ROLES) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in got] == found


@pytest.mark.parametrize(("fell", "found"), [(True, []), (False, ["dropped_traffic"])])
def test_what_fell_in_the_year_of_the_reference_too_is_no_loss(found: list[str], *, fell: bool) -> None:
    """The reference is of the year before, in which as few came at that time, or as many as ever."""
    rng = np.random.default_rng(25)
    day = np.arange(120)

    def of(year: str, low: bool) -> pd.DataFrame:
        days = np.repeat(day, rng.poisson(np.where(low & (day > 70), 5.0, 15.0)))
        when = pd.Timestamp(year, tz="UTC") + pd.to_timedelta(np.sort(days + rng.random(len(days))), unit="D")
        return healthy(rng, len(days)).assign(when=when)

    with read_log(of("2025-01-01", True), ROLES, reference=of("2024-01-01", fell)) as opened:
        got = traffic.detect(make_study(build_profile(opened)))
    assert [e.mechanism for e in got] == found
