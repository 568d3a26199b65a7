"""A list of columns that slipped is told from a crowd that is elsewhere in each of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import swapped
from toolkit.detectors.drift import moved

N, SINCE = 1200, 500
COLUMNS = ["x", "w", "u"]
PLACES = {"x": 0.0, "w": 4.0, "u": -5.0}


@pytest.mark.parametrize(("order", "found"), [([1, 2, 0], ["swapped_columns"]), (None, [])])
def test_columns_that_slipped_by_one(order: list[int] | None, found: list[str]) -> None:
    """Each took the next one's values: named with all three; a crowd that moved in all three is none."""
    rng = np.random.default_rng(3)
    log, reference = healthy(rng, N), healthy(rng, N)
    for frame in (log, reference):
        frame["u"] = rng.normal(size=N)
        for column, place in PLACES.items():
            frame[column] += place
    late = log.index >= SINCE
    held = log.loc[late, COLUMNS].to_numpy()
    log.loc[late, COLUMNS] = held + 2.5 if order is None else held[:, order]
    study = study_of(log, pd.DataFrame(reference), feature=COLUMNS)
    moves = {name: move for name in COLUMNS if (move := moved(study, name)) is not None}
    got = swapped.detect(study, moves)
    assert [e.mechanism for e in got] == found
    assert all(set(e.finding.features) == set(COLUMNS) for e in got)


@pytest.mark.parametrize("crowd", [False, True])
def test_two_columns_alike_in_another_crowd_are_hardly_exchanged(*, crowd: bool) -> None:
    """Two that took each other's place are; where six columns moved as far, two of them fit each other by chance."""
    rng = np.random.default_rng(7)
    names = [f"c{i}" for i in range(8)]
    log, reference = healthy(rng, 2000), healthy(rng, 2000)
    for rows in (log, reference):
        for i, name in enumerate(names):
            rows[name] = rng.normal(3 * (i % 2), 1.0, 2000)
    late = np.arange(2000) >= 1000
    moved_ones = names if crowd else names[:2]
    for i, name in enumerate(moved_ones):
        log[name] = np.where(late, rng.normal(3 * ((i + 1) % 2), 1.0, 2000), log[name])
    study = study_of(log, reference, feature=["x", "w", *names])
    moves = {name: move for name in names if (move := moved(study, name)) is not None}
    got = [e for e in swapped.detect(study, moves) if e.mechanism == "swapped_columns"]
    assert got
    assert all((e.strength < 0.5) == crowd for e in got)


@pytest.mark.parametrize("exchanged", [True, False])
def test_some_rows_exchanged_are_told_though_one_column_hardly_shows_it(*, exchanged: bool) -> None:
    """Three cars in ten send minutes as kilometres and the other way round: only the minutes moved, both are named.

    Where three trips in ten are so short by themselves, nothing was exchanged.
    """
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, N), healthy(rng, 2000)
    for frame in (log, reference):
        frame["km"] = rng.lognormal(1.6, 0.9, len(frame))
        frame["minutes"] = 4 + 2.2 * frame["km"] + rng.normal(0, 2, len(frame))
    hit = (log.index >= SINCE) & (rng.random(N) < 0.3)
    other = log.loc[hit, "minutes"].to_numpy()
    log.loc[hit, "minutes"] = log.loc[hit, "km"].to_numpy()
    if exchanged:
        log.loc[hit, "km"] = other
    study = study_of(log, reference, feature=["x", "w", "km", "minutes"])
    move = moved(study, "minutes")
    assert move is not None
    got = [e for e in swapped.detect(study, {"minutes": move}) if e.mechanism == "swapped_columns"]
    assert [set(e.finding.features) for e in got] == ([{"km", "minutes"}] if exchanged else [])
