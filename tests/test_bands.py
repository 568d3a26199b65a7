"""Groups of many values: an age in years is compared in bands, of many names the commonest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit.causes.diagnose import diagnose_profile
from toolkit.detectors.bands import MOST_VALUES, together
from toolkit.investigation.measures import groups_of
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N = 4_000


def _log(group: str, worse: bool) -> tk.Log:
    rng = np.random.default_rng(5)
    age, town = rng.integers(18, 85, N), rng.integers(0, 50, N) // rng.integers(1, 4, N)
    score = rng.uniform(size=N)
    far = (age >= 62 if group == "age" else town == 3) & worse
    label = rng.random(N) < np.where(far, 0.5, np.clip(1.4 * score - 0.2, 0.02, 0.98))
    rows = pd.DataFrame({
        "at": pd.date_range("2026-01-01", periods=N, freq="h", tz="UTC"), "score": score,
        "prediction": (score > 0.5).astype(int), "label": label.astype(int), "age": age,
        "town": [f"town {t}" for t in town],
    })  # fmt: skip
    roles = {"timestamp": "at", "score": "score", "prediction": "prediction", "label": "label", "group": [group]}
    return read_log(rows, {"task": "binary", "roles": {**roles, "feature": []}, "values": {"positive": 1}})


@pytest.mark.parametrize("group", ["age", "town"])
def test_a_group_of_many_values_is_compared(group: str) -> None:
    """Who is old, or from one town among fifty, is answered worse: it is said of a band, or of the town."""
    d = tk.diagnose(_log(group, worse=True))
    assert d.verdict == "bias"
    (term,) = d.slice
    if group == "age":
        low, _, high = term.value.partition(" to ")
        assert int(low) >= 50
        assert int(high) >= 62
    else:
        assert term.value == "town 3"
    assert "values of" in str(d)
    assert tk.diagnose(_log(group, worse=False)).verdict == "none"


def test_all_values_are_counted_not_those_of_a_sample() -> None:
    """Of a log that is looked at by a sample the note counts the values of every row."""
    rng = np.random.default_rng(8)
    n, score = 9_000, rng.uniform(size=9_000)
    made = pd.DataFrame({
        "at": pd.date_range("2026-01-01", periods=n, freq="min", tz="UTC"), "score": score,
        "prediction": (score > 0.5).astype(int), "label": (rng.uniform(size=n) < score).astype(int),
        "town": [f"town {i % 4_321}" for i in range(n)],
    })  # fmt: skip
    roles = {"timestamp": "at", "score": "score", "prediction": "prediction", "label": "label", "group": ["town"]}
    with read_log(made, {"task": "binary", "roles": {**roles, "feature": []}, "values": {"positive": 1}}) as log:
        notes = diagnose_profile(build_profile(log, sample_rows=1_000)).notes
    assert "The 4,321 values of town are compared as the 29 commonest." in notes


def test_a_page_shows_the_groups_that_were_compared() -> None:
    """No row of the log is left out of the bands that a page shows."""
    shown = [g for g in groups_of(build_profile(_log("age", worse=True))) if g.metric == "accuracy"]
    assert 3 <= len(shown) <= 8
    assert sum(g.n for g in shown) == N


ODD = {
    "whole": [str(i) for i in range(40)],
    "broken": [f"{i / 7:.3f}" for i in range(40)],
    "words": [f"v{i}" for i in range(40)],
    "no number": ["nan", *map(str, range(39))],
    "a name of ours": ["(12 rarer values)", *(f"v{i}" for i in range(40))],
}


@pytest.mark.parametrize("values", ODD.values(), ids=ODD)
def test_every_value_has_a_place(values: list[str]) -> None:
    """Each value goes into one of a few, whatever it is, and whatever rows it has."""
    names, place = together(values, np.ones(len(values)))
    assert len(names) <= MOST_VALUES
    assert set(place) == set(range(len(names)))


def test_one_value_with_nearly_all_rows_makes_no_empty_band() -> None:
    """Bands follow the rows: where one age has most of them there are fewer bands, and none is without a value."""
    rows = np.ones(60)
    rows[20] = 10_000
    names, place = together([str(i) for i in range(60)], rows)
    assert set(place) == set(range(len(names)))
    assert names[place[20]] == "20"


def test_a_word_among_ages_stays_beside_the_bands() -> None:
    """90+ is no number, and no reason to compare seventy single years."""
    names, place = together([*map(str, range(18, 90)), "90+"], np.ones(73))
    assert names[place[-1]] == "90+"
    assert len(names) == 7
