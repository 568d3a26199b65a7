"""The interval of an onset holds it, whether it came at once, by and by, in few of the rows or at some hours alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy
from numpy.typing import NDArray

from toolkit.detectors.evidence import onset_of
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile
from toolkit.timeline.change import Change, find_change, first_of
from toolkit.timeline.onset import Onset, onset

Floats = NDArray[np.float64]
#: Makes a series of its onset from a seed.
Draw = Callable[[np.random.Generator, int, int], Floats]

SEEDS = 40


def noise(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(size=n)


def risen(n: int, start: int, length: int) -> Floats:
    """Give 0 until the onset, 1 from ``length`` rows after it on, and what lies between."""
    return np.clip((np.arange(n) - start) / length, 0.0, 1.0)


def at_once(rng: np.random.Generator, n: int, start: int) -> Floats:
    return noise(rng, n) + 2.0 * (np.arange(n) >= start)


def by_and_by(rng: np.random.Generator, n: int, start: int) -> Floats:
    return noise(rng, n) + 2.0 * risen(n, start, n // 7)


def weakly(rng: np.random.Generator, n: int, start: int) -> Floats:
    return noise(rng, n) + 0.7 * risen(n, start, n // 4)


def more_flags(rng: np.random.Generator, n: int, start: int) -> Floats:
    return (rng.random(n) < 0.01 + 0.5 * risen(n, start, n // 7)).astype(float)


def a_while(rng: np.random.Generator, n: int, start: int) -> Floats:
    rows = np.arange(n)
    return noise(rng, n) + 1.5 * ((rows >= start) & (rows < start + n // 5))


def at_peak(rng: np.random.Generator, n: int, start: int) -> Floats:
    """Give flags of half the rows in the last fifth of every hundred rows, of a day, alone."""
    rows = np.arange(n)
    return ((rng.random(n) < 0.5) & (rows >= start) & ((rows - start) % 100 >= 80)).astype(float)


def dated(draw: Draw, n: int = 2000, start: int = 1130) -> list[tuple[Change, Onset]]:
    found = [find_change(draw(np.random.default_rng([seed, n]), n, start)) for seed in range(SEEDS)]
    return [(c, onset(c)) for c in found if c.found]


@pytest.mark.parametrize("draw", [at_once, by_and_by, weakly, more_flags, a_while, at_peak])
def test_the_interval_holds_the_onset(draw: Draw) -> None:
    """Of 40 draws of every course the interval holds the onset in 9 of 10 or more."""
    got = dated(draw)
    assert len(got) >= 0.9 * SEEDS
    assert np.mean([o.low <= 1130 <= o.high for _, o in got]) >= 0.9


@pytest.mark.parametrize("draw", [by_and_by, weakly, more_flags])
def test_a_change_point_alone_does_not(draw: Draw) -> None:
    """The rows at which two levels may part hold the onset of these courses in less than half of the draws."""
    assert np.mean([c.low <= 1130 <= c.high for c, _ in dated(draw)]) < 0.5


def test_what_came_at_once_is_dated_to_some_rows() -> None:
    """A step of two deviations is dated to 1 in 100 rows at the median: a rise fits it no better."""
    assert np.median([o.high - o.low for _, o in dated(at_once, 4000, 2130)]) <= 40


def test_a_sure_rise_is_dated_where_it_begins() -> None:
    """A rise over a seventh of the log is dated nearer to its begin than the row that parts two levels is."""
    got = dated(by_and_by)
    assert np.median([abs(c.start - 1130) for c, _ in got]) > 80
    assert np.median([abs(o.row - 1130) for _, o in got]) < 50
    assert all(o.low <= o.row <= o.high for _, o in got)


def test_the_first_of_few_rows_came_by_chance() -> None:
    """A version that takes one row in ten is there some rows before its first: held in 9 of 10 draws."""
    held, late = [], []
    for seed in range(100):
        rows = (np.random.default_rng(seed).random(1000) < 0.1) & (np.arange(1000) >= 400)
        first = int(np.argmax(rows))
        got = onset(Change("step", first, 1000, 0.0, 1.0, 30.0, first, first, first_of(rows)))
        held.append(got.low <= 400 <= got.high)
        late.append(first - got.low)
    assert np.mean(held) >= 0.9
    assert 15 <= np.median(late) <= 60


def test_what_starts_small_is_dated_by_its_first_rows() -> None:
    """A trial of one row in ten that later takes every row waited as long as its first rows say, not as the last."""
    rng = np.random.default_rng(3)
    rows = (np.arange(3000) >= 1000) & (rng.random(3000) < np.where(np.arange(3000) < 1500, 0.1, 1.0))
    first = int(np.argmax(rows))
    got = onset(Change("step", first, 3000, 0.0, 1.0, 30.0, first, first, first_of(rows)))
    assert first - 60 <= got.low <= 1000
    assert got.high == first


def test_rows_between_those_of_a_series_may_be_the_onset() -> None:
    """What every tenth row alone tells may have begun right after the last row that told it was not there yet."""
    rows = np.arange(0, 1000, 10)
    change = find_change((rows >= 600).astype(float))
    got = onset(change.of(rows, 1000))
    assert got.low <= 591
    assert got.row == got.high == 600
    assert onset(change).high == 60


def test_the_onset_lies_between_two_rows() -> None:
    """A fault of the first row of a day began in the night before: the interval is open to the row before."""
    log = healthy(np.random.default_rng(1), 400)
    log["when"] = pd.date_range("2025-01-01", periods=400, freq="h", tz="UTC")
    with read_log(log, ROLES) as opened:
        study = make_study(build_profile(opened))
    at, between = onset_of(study, Change("step", 240, 400, 0.0, 1.0, 30.0, 240, 240))
    assert (at, between) == (log["when"][240], (log["when"][239], log["when"][240]))
