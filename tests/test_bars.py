"""One bar for all, or a higher one for some: equal cases answered unequally, to the row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import toolkit as tk

ROLES = {
    "task": "binary",
    "roles": {"timestamp": "at", "score": "score", "prediction": "answer", "label": "truth", "group": ["sex"],
              "feature": ["x"]},
    "values": {"positive": 1},
}  # fmt: skip


def answered(bar: float, *, misses_more: bool = True, n: int = 4_000) -> tk.Diagnosis:
    """Diagnose a true score with a bar of 0.5, but for women; these may be scored too high, so that it evens out."""
    rng = np.random.default_rng(4)
    x, women = rng.normal(size=n), rng.random(n) < 0.4
    chance = 1 / (1 + np.exp(-2 * x))
    score = chance if misses_more else np.where(women, 1 / (1 + np.exp(-2 * x - np.log(bar / (1 - bar)))), chance)
    rows = pd.DataFrame({
        "at": pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC"), "x": x, "score": score,
        "answer": (score >= np.where(women, bar, 0.5)).astype(int), "sex": np.where(women, "F", "M"),
        "truth": (rng.random(n) < chance).astype(int),
    })  # fmt: skip
    return tk.diagnose(rows, roles=ROLES)


def test_a_higher_bar_for_some_is_a_selection_gap() -> None:
    """Women need .65 where .5 is enough for men: bias, with the number of equal cases that were answered otherwise."""
    d = answered(0.65)
    assert d.verdict == "bias"
    assert [(t.column, t.value) for t in d.slice] == [("sex", "F")]
    assert any("equal cases were answered otherwise" in f.statement for f in d.findings)


def test_a_bar_that_rose_for_some_is_told_with_the_day() -> None:
    """Older applicants need .75 instead of .55 from day 120 on: bias since that day, though few rows are touched."""
    rng, n = np.random.default_rng(3), 4_800
    x, old = rng.normal(size=n), rng.random(n) < 0.2
    score = 1 / (1 + np.exp(-1.4 * x))
    days = np.arange(n) / 24
    bar = np.where(old & (days >= 120), 0.75, 0.55)
    rows = pd.DataFrame({
        "at": pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC"), "x": x, "score": score,
        "answer": (score >= bar).astype(int), "sex": np.where(old, "60 and more", "younger"),
        "truth": np.where(rng.random(n) < 0.7, rng.random(n) < score, np.nan),
    })  # fmt: skip
    d = tk.diagnose(rows, roles=ROLES)
    assert (d.verdict, d.mechanism) == ("bias", "selection_gap")
    assert [(t.column, t.value) for t in d.slice] == [("sex", "60 and more")]
    assert d.onset is not None
    assert abs(d.onset - pd.Timestamp("2025-05-01", tz="UTC")) < pd.Timedelta(days=3)
    assert not any("No group is treated otherwise" in f.statement for f in d.findings)


@pytest.mark.parametrize(("bar", "misses_more"), [(0.5, True), (0.65, False)])
def test_one_bar_or_one_that_evens_out_is_none(bar: float, *, misses_more: bool) -> None:
    """The same bar for all; and another that takes back what the score adds: nobody is held to more."""
    d = answered(bar, misses_more=misses_more)
    assert not any("equal cases were answered otherwise" in f.statement for f in d.findings)
