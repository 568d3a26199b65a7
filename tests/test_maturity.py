"""Labels that came early count where quick ones are like slow ones, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import toolkit as tk

ROWS = 4_000
ROLES = {
    "task": "binary",
    "roles": {
        "timestamp": "at",
        "score": "p",
        "prediction": "said",
        "label": "came",
        "label_time": "came_at",
        "feature": ["x"],
    },
}


def logs(seed: int, *, broken: float, quick_if_positive: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give reference and log: 40 days, labels 5 to 20 days late; ``broken`` answers in the last third are turned."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=2 * ROWS)
    came = (x + rng.normal(size=2 * ROWS) * 0.8 > 0.9).astype(int)
    p = 1 / (1 + np.exp(-3 * (x - 0.9)))
    day = np.concatenate([np.linspace(-60, -20, ROWS), np.linspace(0, 40, ROWS)])
    turned = (day > 27) & (rng.random(2 * ROWS) < broken)
    p = np.where(turned, 1 - p, p)
    wait = (
        np.where(came == 1, 1.0, 15.0) * rng.uniform(0.6, 1.4, 2 * ROWS)
        if quick_if_positive
        else rng.uniform(2, 20, 2 * ROWS)
    )
    at = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(day, unit="D")
    arrived = at + pd.to_timedelta(wait, unit="D")
    there = arrived <= at[-1]
    table = pd.DataFrame(
        {
            "at": at,
            "p": p,
            "said": (p > 0.5).astype(int),
            "came": pd.Series(came).where(there).astype("Int64"),
            "came_at": pd.Series(arrived).where(there),
            "x": x,
        }
    )
    return table.iloc[:ROWS], table.iloc[ROWS:]


def diagnosed(reference: pd.DataFrame, log: pd.DataFrame) -> tk.Diagnosis:
    """Diagnose the log."""
    return tk.diagnose(tk.read_log(log, ROLES, reference=reference))


def test_a_fault_of_the_last_days_is_seen_by_the_labels_that_came_early() -> None:
    """Of the rows since the fault a third have a label; they show the harm, and the note says that they count."""
    d = diagnosed(*logs(1, broken=0.4, quick_if_positive=False))
    assert (d.harm.excess_errors or 0) > 200
    assert any("quick labels are like slow ones" in note for note in d.record.notes)


def test_the_same_rows_without_a_fault_are_healthy() -> None:
    """What counts now makes no harm where there is none."""
    d = diagnosed(*logs(2, broken=0.0, quick_if_positive=False))
    assert d.verdict == "none"


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_quick_labels_of_one_kind_are_not_taken_for_all(seed: int) -> None:
    """Where positives are reported at once and negatives weeks later, the youngest labels say nothing."""
    reference, log = logs(seed, broken=0.0, quick_if_positive=True)
    young = log[log["came"].notna()].tail(300)
    assert young["came"].mean() > 2 * reference["came"].mean()  # taken as they are, they would look like a shift
    d = diagnosed(reference, log)
    assert d.verdict == "none"
    assert any("too young for their labels" in note for note in d.record.notes)
