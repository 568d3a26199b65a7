"""The change point of a series: found where there is one, within stated rows, and hardly ever where there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from toolkit.timeline.change import Change, find_change

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

SEEDS = 30


def walk(rng: np.random.Generator, n: int, memory: float) -> Floats:
    """Give an autocorrelated series: each value keeps ``memory`` of the one before it."""
    x = rng.normal(size=n)
    for i in range(1, n):
        x[i] += memory * x[i - 1]
    return x


def stepped(seed: int, n: int, start: int, height: float, end: int | None = None) -> Floats:
    """Give unit noise, ``height`` higher from ``start`` to ``end``."""
    x = np.random.default_rng([seed, n, start]).normal(size=n)
    x[start:end] += height
    return x


def sloped(seed: int, n: int, start: int, height: float) -> Floats:
    """Give unit noise that rises from ``start`` on, to ``height`` at the end."""
    x = np.random.default_rng([seed, n, start]).normal(size=n)
    x[start:] += height * np.arange(n - start) / (n - start)
    return x


@pytest.mark.parametrize(
    ("n", "start", "height", "typical", "worst"),
    [
        (2000, 1200, 1.0, 3, 40),
        (2000, 777, 3.0, 1, 6),
        (2000, 60, 1.5, 3, 30),
        (2000, 1960, 2.0, 3, 20),
        (400, 137, 1.5, 4, 40),
        (40, 25, 3.0, 1, 3),
    ],
)
def test_a_step_is_found_to_the_row(n: int, start: int, height: float, typical: int, worst: int) -> None:
    """A step lasts to the end; its onset is right within ``typical`` rows at the median, ``worst`` in every draw."""
    got = [find_change(stepped(seed, n, start, height)) for seed in range(SEEDS)]
    off = [abs(c.start - start) for c in got]
    assert {c.shape for c in got} == {"step"}
    assert {c.end for c in got} == {n}
    assert np.median(off) <= typical
    assert max(off) <= worst
    assert all(c.z > 4.5 for c in got)


@pytest.mark.parametrize(("n", "start", "height"), [(2000, 1200, 0.5), (2000, 1200, 1.0), (400, 137, 1.5)])
def test_the_interval_of_the_onset_holds_it(n: int, start: int, height: float) -> None:
    """The 95 % set of onsets holds the true one in at least 90 of 100 draws, and the estimate always."""
    got = [find_change(stepped(seed, n, start, height)) for seed in range(60)]
    assert np.mean([c.low <= start <= c.high for c in got]) >= 0.9
    assert all(c.low <= c.start <= c.high for c in got)


@pytest.mark.parametrize(
    ("n", "start", "end", "height"), [(2000, 1000, 1200, 1.5), (2000, 300, 900, 1.0), (400, 200, 240, 3.0)]
)
def test_a_pulse_begins_and_ends(n: int, start: int, end: int, height: float) -> None:
    """A change that ends is a pulse; its onset is right within 30 rows, its end within three bins."""
    got = [find_change(stepped(seed, n, start, height, end)) for seed in range(SEEDS)]
    assert {c.shape for c in got} == {"pulse"}
    assert max(abs(c.start - start) for c in got) <= 30
    assert max(abs(c.end - end) for c in got) <= 3 * n // 120 + 1


@pytest.mark.parametrize(("n", "start", "height"), [(2000, 1000, 3.0), (2000, 600, 6.0), (400, 200, 6.0)])
def test_a_ramp_is_dated_at_its_knee(n: int, start: int, height: float) -> None:
    """A slow rise is a ramp, dated where it begins (within a twentieth of the series), not where it is half way up."""
    got = [find_change(sloped(seed, n, start, height)) for seed in range(SEEDS)]
    assert {c.shape for c in got} == {"ramp"}
    assert max(abs(c.start - start) for c in got) <= n / 20


def test_a_fall_has_a_negative_sign() -> None:
    """The sign of z is that of the change; before and after are the means on either side."""
    x = -stepped(3, 1000, 400, 2.0)
    got = find_change(x)
    assert got.z < -4.5
    assert got.before == pytest.approx(0.0, abs=0.2)
    assert got.after == pytest.approx(-2.0, abs=0.2)


def test_a_step_without_noise() -> None:
    """A flag that is 0 and then always 1 is dated to the very row, whatever the length."""
    for n, start in ((10, 5), (16, 8), (30, 15), (1000, 777)):
        got = find_change((np.arange(n) >= start).astype(float))
        assert (got.shape, got.start) == ("step", start)


@pytest.mark.xfail(reason="the means are those of the bins, before the onset was moved to the row or to the knee")
def test_before_and_after_are_the_means_outside_and_inside() -> None:
    """``before`` is the mean of the rows outside [start, end), ``after`` of those inside, as the class promises."""
    for x in ((np.arange(1000) >= 777).astype(float), sloped(0, 2000, 1000, 6.0)):
        got = find_change(x)
        outside = np.concatenate((x[: got.start], x[got.end :]))
        assert got.after == pytest.approx(x[got.start : got.end].mean(), abs=1e-9)
        assert got.before == pytest.approx(outside.mean(), abs=1e-9)


NOISE: dict[str, tuple[Draw, float]] = {
    "gaussian": (lambda rng, n: rng.normal(size=n), 0.01),
    "errors of 10 %": (lambda rng, n: (rng.random(n) < 0.1).astype(float), 0.02),
    "seasonal": (lambda rng, n: rng.normal(size=n) + 0.7 * np.sin(np.arange(n) * 28 * np.pi / n), 0.01),
    "memory of .5": (lambda rng, n: walk(rng, n, 0.5), 0.03),
    "constant": (lambda _, n: np.full(n, 0.25), 0.0),
}


@pytest.mark.parametrize("n", [100, 2000])
@pytest.mark.parametrize("kind", NOISE)
def test_noise_is_no_change(kind: str, n: int) -> None:
    """False alarms stay below the stated share of 150 draws."""
    draw, bound = NOISE[kind]
    alarms = [find_change(draw(np.random.default_rng([seed, n]), n)).found for seed in range(150)]
    assert np.mean(alarms) <= bound


def test_slow_drift_of_a_long_series_is_no_change() -> None:
    """At 2,000 rows even a memory of .8 raises hardly an alarm: the scatter of bins tells."""
    alarms = [find_change(walk(np.random.default_rng([seed, 5]), 2000, 0.8)).found for seed in range(100)]
    assert np.mean(alarms) <= 0.03


def test_rare_flags_are_no_change() -> None:
    """A flag on 1 % of the rows (a null, a failed request, a new name) raises a false alarm in at most 2 of 100."""
    draws = [(np.random.default_rng([seed, 9]).random(2000) < 0.01).astype(float) for seed in range(150)]
    assert np.mean([find_change(x).found for x in draws]) <= 0.02


def test_heavy_tails_are_no_change() -> None:
    """Rows with a heavy tail raise a false alarm in at most 2 of 100."""
    draws = [np.random.default_rng([seed, 4]).lognormal(0, 1, size=2000) for seed in range(150)]
    assert np.mean([find_change(x).found for x in draws]) <= 0.02


def test_unknown_rows_keep_their_place() -> None:
    """NaN rows are skipped, not closed up: the onset is a row number of the whole series."""
    x = stepped(1, 2000, 1200, 2.0)
    rng = np.random.default_rng(0)
    for share, within in ((0.5, 20), (0.95, 120)):
        thin = np.where(rng.random(2000) < share, np.nan, x)
        got = find_change(thin)
        assert got.shape == "step"
        assert abs(got.start - 1200) <= within
        assert got.low <= 1200 <= got.high


def test_a_gap_at_the_onset_widens_the_interval() -> None:
    """Where the rows around the onset are unknown, the interval spans them."""
    x = stepped(1, 2000, 1200, 2.0)
    x[1100:1300] = np.nan
    got = find_change(x)
    assert got.shape == "step"
    assert got.low <= 1100
    assert got.high >= 1290


def test_unknown_rows_do_not_matter_to_a_series_that_is_long_enough() -> None:
    """A first half without labels leaves the step in the second half where it is."""
    x = stepped(1, 2000, 1600, 2.0)
    x[:1000] = np.nan
    assert abs(find_change(x).start - 1600) <= 5


@pytest.mark.parametrize("n", range(12))
def test_a_short_series_has_an_answer(n: int) -> None:
    """Under 8 known rows nothing can be said, and that is the answer; no length is an error."""
    for x in (np.zeros(n), np.full(n, np.nan), np.where(np.arange(n) % 2, np.nan, 1.0)):
        got = find_change(x)
        assert got.shape == "none"
        assert (got.start, got.end, got.z) == (n, n, 0.0)


def test_off_from_the_first_row() -> None:
    """Held to a reference, a series that is off all along is off from the start, however short."""
    rng = np.random.default_rng(2)
    for n, shift in ((3, 9.0), (50, 2.0), (500, 1.0)):
        got = find_change(rng.normal(size=n) + shift, reference=(0.0, 1.0, 500.0))
        assert (got.shape, got.start, got.end, got.before) == ("from_start", 0, n, 0.0)
        assert got.z > 4.5


def test_like_the_reference() -> None:
    """Held to its own distribution a series raises a false alarm in at most 2 of 100 draws."""
    draws = [np.random.default_rng([seed, 8]).normal(size=500) for seed in range(100)]
    assert np.mean([find_change(x, reference=(0.0, 1.0, 500.0)).found for x in draws]) <= 0.02


def test_a_step_is_a_step_though_a_reference_is_there() -> None:
    """Rows before the onset that are as the reference says leave a step a step."""
    got = find_change(stepped(4, 2000, 1200, 2.0), reference=(0.0, 1.0, 500.0))
    assert got.shape == "step"
    assert abs(got.start - 1200) <= 5


def test_worse_and_then_worse_again_was_there_from_the_start() -> None:
    """Rows that were off by most of the way before their step were off from the first row."""
    x = stepped(4, 2000, 1200, 1.0) + 3.0
    assert find_change(x, reference=(0.0, 1.0, 500.0)).shape == "from_start"


def test_what_is_found_reaches_the_level() -> None:
    """A change that is found has |z| of at least the level, also where the series was off first and then healed."""
    found: list[Change] = []
    for seed in range(10):
        x = stepped(seed, 2000, 0, 2.0, 900)
        found.append(find_change(x, reference=(0.0, 1.0, 2000.0)))
    assert all(c.found for c in found)
    assert min(abs(c.z) for c in found) >= 4.5


def test_the_scale_of_the_series_does_not_matter() -> None:
    """Shifted and stretched, a series changes at the same row with the same z."""
    x = stepped(6, 1500, 700, 1.0)
    one = find_change(x)
    for scale, shift in ((1e-3, 0.0), (1e6, 0.0), (10.0, 250.0)):
        two = find_change(x * scale + shift)
        assert (two.shape, two.start, two.end) == (one.shape, one.start, one.end)
        assert two.z == pytest.approx(one.z, rel=1e-3)


def test_a_higher_level_asks_for_more() -> None:
    """A change whose z is below the level is not found."""
    x = stepped(6, 1500, 700, 0.5)
    z = find_change(x).z
    assert z > 4.5
    assert find_change(x, level=z - 0.1).found
    assert not find_change(x, level=z + 0.1).found
