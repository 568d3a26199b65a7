"""What is bounded in a large log stays what it is in the whole of it, to the digits that are promised."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from toolkit.causes.diagnose import diagnose_profile
from toolkit.detectors.evidence import MOST_POINTS, in_order, ks_distance, some
from toolkit.detectors.units import find_unit
from toolkit.engines.duck import DuckRows
from toolkit.logs import read_log
from toolkit.logs.stats import column_stats
from toolkit.profile.build import build_profile


@pytest.mark.parametrize("values", ["continuous", "few"])
def test_a_distance_of_many_values_is_that_of_all_to_one_in_twenty_thousand(values: str) -> None:
    """Of 150,000 values the quantiles are compared; SciPy compares them all."""
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 150_000), rng.normal(0.1, 1.1, 60_000)
    if values == "few":
        a, b = np.round(a), np.round(b)
    exact = float(ks_2samp(a, b, method="asymp").statistic)
    assert exact > 0.03
    assert ks_distance(a, b) == pytest.approx(exact, abs=2 / MOST_POINTS)


def test_few_values_are_all_kept_and_many_evenly() -> None:
    """Up to the bound nothing is left out; beyond it rows and quantiles lie evenly spaced over the whole."""
    x = np.arange(MOST_POINTS, dtype=float)[::-1]
    assert in_order(x).tolist() == list(range(MOST_POINTS))
    assert some(np.arange(MOST_POINTS)).tolist() == list(range(MOST_POINTS))
    many = some(np.arange(5 * MOST_POINTS))
    assert len(many) == MOST_POINTS
    assert set(np.diff(many).tolist()) == {5}


def test_a_unit_that_changed_in_some_of_many_rows_is_found_row_by_row() -> None:
    """The mixture is fitted on a part of the rows, and asked of all: every changed row is marked, hardly another."""
    rng = np.random.default_rng(2)
    base, now = rng.lognormal(3, 0.4, 40_000), rng.lognormal(3, 0.4, 50_000)
    changed = rng.random(50_000) < 0.3
    got = find_unit(base, np.where(changed, now * 1000, now), np.ones(50_000, dtype=bool))
    assert got is not None
    assert got.slope == pytest.approx(1000)
    assert (got.rows == changed).mean() > 0.999


def test_a_text_of_few_values_has_the_figures_of_one_of_many() -> None:
    """A column counted value by value has the figures that reading it row by row gives."""
    n, words = 20_000, ["12", " 7.5", "x", "", "nan", "true", None, "1e3"]
    few = [words[i % len(words)] for i in range(n)]
    many = [*few]
    many[:600] = [f"w{i}" for i in range(600)]  # too many to be counted one by one
    with DuckRows.open(pa.table({"few": few, "many": many})) as rows:
        got = column_stats(rows, ["few", "many"])
    one = got["few"]
    known = [w for w in few if w is not None]
    numbers = {"12": 12.0, " 7.5": 7.5, "true": 1.0, "1e3": 1000.0}
    nothing = sum(w in ("", "nan") for w in known)
    assert one.n == n
    assert one.filled == len(known) - nothing
    assert one.distinct == 7
    assert (one.low, one.high, one.integral) == (1.0, 1000.0, False)
    assert one.number_share == pytest.approx(sum(w in numbers for w in known) / (len(known) - nothing))
    assert one.mean_length == pytest.approx(sum(len(w) for w in known) / len(known))
    other = got["many"]
    assert other.distinct > 500
    assert (other.low, other.high, other.integral) == (one.low, one.high, one.integral)


def test_what_was_sampled_or_left_out_is_said() -> None:
    """A verdict on a sample says of how many rows it is, counts in rows of the log, and how shops were compared."""
    rng = np.random.default_rng(3)
    n = 4_000
    table = pa.table(
        {
            "when": pa.array(np.datetime64("2025-01-01", "s") + np.arange(n) * 600),
            "who": [f"r{i}" for i in range(n)],
            "score": rng.random(n),
            "answer": rng.integers(0, 2, n),
            "truth": pa.array(rng.integers(0, 2, n), mask=np.arange(n) >= n - 800),
            "shop": [f"s{i % 40}" for i in range(n)],
            "x": rng.normal(size=n),
        }
    )
    roles = {
        "timestamp": "when", "id": "who", "score": "score", "prediction": "answer", "label": "truth",
        "group": ["shop"], "feature": ["x"],
    }  # fmt: skip
    with read_log(table, {"task": "binary", "roles": roles, "values": {"positive": 1}}) as log:
        profile = build_profile(log, sample_rows=1_000)
    sampled = len(profile.sample)
    assert 850 < sampled < 1_150
    said = diagnose_profile(profile)
    notes = said.notes
    assert said.harm.n == 4_000, "excess errors are of all rows, and the rows are told beside them"
    first = next(int(one.split("first ")[1].split()[0].replace(",", "")) for one in notes if "own first" in one)
    assert first == pytest.approx(4_000 / 3, rel=0.1)
    assert any("all 4,000 rows" in one and f"sample of {sampled:,}" in one for one in notes)
    assert any("40 values of shop are compared as the 29 commonest" in one for one in notes)
    young = next(int(one.split()[2].replace(",", "")) for one in notes if "too young" in one)
    assert young == pytest.approx(800, rel=0.2)
