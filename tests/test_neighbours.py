"""A site whose thermometer writes Fahrenheit is told from the season by the other sites."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import neighbours
from toolkit.detectors.evidence import Evidence

N, SINCE = 3000, 1700


def look(change: str) -> list[Evidence]:
    """Serve three sites through a season of 30 degrees, against a reference of one week of it."""
    rng = np.random.default_rng(2)
    log, held = healthy(rng, N), healthy(rng, 400)
    log["site"], held["site"] = rng.choice(["Lund", "Falun", "Umea"], N), rng.choice(["Lund", "Falun", "Umea"], 400)
    log["w"] = 10 - 20 * np.arange(N) / N + rng.normal(0, 3, N) + np.where(log["site"] == "Umea", -5, 0)
    held["w"] = 10 + rng.normal(0, 3, 400)
    late = np.arange(N) >= SINCE
    there = late & (log["site"] == "Falun").to_numpy()
    if change == "fahrenheit":
        log["w"] = np.where(there, 1.8 * log["w"] + 32, log["w"])
    if change == "all fahrenheit":
        log["w"] = np.where(late, 1.8 * log["w"] + 32, log["w"])
    if change == "a warm site":
        log["w"] = np.where(there, log["w"] + 12 + rng.normal(0, 6, N), log["w"])
    return neighbours.detect(study_of(log, held, segment=["site"]))


def test_one_site_in_another_unit_is_told_from_the_season() -> None:
    """The feature, the site, the map and the first row."""
    (got,) = look("fahrenheit")
    assert (got.mechanism, got.finding.features) == ("unit_change", ("w",))
    assert [(t.column, t.value) for t in got.finding.slice] == [("site", "Falun")]
    assert got.finding.effect == pytest.approx(1.8)
    assert got.rows is not None
    assert abs(int(np.flatnonzero(got.rows)[0]) - SINCE) < 15


@pytest.mark.parametrize("change", ["nothing", "all fahrenheit", "a warm site"])
def test_what_moved_for_all_or_is_no_unit_is_not(change: str) -> None:
    """A season, a unit of every site's, which others look for, and a heated site that no map undoes."""
    assert look(change) == []
