"""A unit that changed in a step is found though the season moved; a season, a storm and a sale are no units."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import Floats, healthy, study_of

from toolkit.detectors import abrupt
from toolkit.detectors.drift import moved
from toolkit.profile.model import Mask

N, SINCE = 2400, 1300


def look(column: Floats, reference: Floats, others: Mask | None = None) -> list[tuple[str, float]]:
    """Give what is named of a column ``w`` that moved, with its factor; ``others`` differ in a column beside it too."""
    rng = np.random.default_rng(2)
    log, ref = (healthy(rng, N).assign(w=w, beside=rng.normal(size=N)) for w in (column, reference))
    if others is not None:
        log["beside"] += np.where(others, 2.0, 0.0)
    study = study_of(log, ref, feature=["x", "w", "beside"])
    move = moved(study, "w")
    moves = {} if move is None else {"w": move}
    return [(e.mechanism, round(float(e.finding.effect or 0.0), 3)) for e in abrupt.detect(study, moves, set())]


def dust(rng: np.random.Generator, season: Floats) -> Floats:
    return np.exp(season + rng.normal(0, 0.4, len(season)))


@pytest.mark.parametrize(
    ("part", "crowd", "found"), [(0.4, False, [("unit_change", 10.0)]), (0.4, True, []), (0.0, False, [])]
)
def test_a_part_in_tenths_while_the_season_rises(*, part: float, crowd: bool, found: list[tuple[str, float]]) -> None:
    """Four stations in ten write ten times as much since a row; not the season, nor those who are others altogether."""
    rng = np.random.default_rng(5)
    column = dust(rng, np.linspace(1.0, 1.25, N))
    more = (np.arange(N) >= SINCE) & (rng.random(N) < part)
    assert look(np.where(more, 10 * column, column), dust(rng, np.full(N, 2.6)), more if crowd else None) == found


@pytest.mark.parametrize(("hours", "found"), [(1, True), (48, False)])
def test_a_single_step_of_a_wind_that_goes_by_little(*, hours: int, found: bool) -> None:
    """Wind that is 3.6 times as strong from one hour to the next is in km/h; one that rises in two days is a storm."""
    rng = np.random.default_rng(6)
    logs = np.zeros(2 * N)
    for i in range(1, 2 * N):
        logs[i] = 0.99 * logs[i - 1] + rng.normal(0, 0.04)
    wind = np.exp(2 + logs)
    rise = np.clip((np.arange(N) - SINCE) / hours + (hours == 1), 0, 1)
    got = look(wind[N:] * np.exp(np.log(3.6) * rise), wind[:N] * 1.2)
    assert (("unit_change", 3.6) in got) == found


def test_a_single_step_to_fahrenheit_is_no_factor() -> None:
    """At 20 degrees 1.8 x + 32 is as good as 3.4 x: the rows on either side tell that it is Fahrenheit."""
    rng = np.random.default_rng(7)
    season = 12 + 10 * np.sin(np.arange(N) / N * 2 * np.pi * 120 / 365)
    celsius = season + rng.normal(0, 0.8, N)
    got = look(np.where(np.arange(N) >= SINCE, 1.8 * celsius + 32, celsius), rng.normal(12, 7, N))
    assert got == [("unit_change", 1.8)]
