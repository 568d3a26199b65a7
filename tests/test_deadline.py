"""Answers that came too late to be used, with no status that says so."""

from __future__ import annotations

import numpy as np
import pandas as pd

import toolkit as tk

N = 3_000
ROLES = {
    "task": "binary",
    "roles": {"timestamp": "at", "score": "score", "prediction": "want", "decision": "done", "latency_ms": "took",
              "feature": ["x"]},
    "values": {"positive": "bid"},
}  # fmt: skip


def bids(seed: int, *, slow: float, heeded: bool = True) -> pd.DataFrame:
    """Draw bids that an exchange drops after 120 ms; answers take ``slow`` times as long in the second half."""
    rng = np.random.default_rng(seed)
    x, late = rng.normal(size=N), np.arange(N) >= N // 2
    took = np.exp(rng.normal(3.9, 0.3, N)) * np.where(late, slow, 1.0)
    score = 1 / (1 + np.exp(-x))
    want = np.where(score > 0.5, "bid", "pass")
    dropped = took > 120 if heeded else (rng.random(N) < 0.15) & late
    return pd.DataFrame({
        "at": pd.date_range("2026-01-01", periods=N, freq="min", tz="UTC"), "x": x, "score": score, "took": took,
        "want": want, "done": np.where(dropped, "pass", want),
    })  # fmt: skip


def test_answers_that_nobody_waited_for_are_time_outs() -> None:
    """Every status would be fine; what took longer than 120 ms was not done, and that became one bid in four."""
    d = tk.diagnose(bids(1, slow=2.0), roles=ROLES, reference=bids(2, slow=1.0))
    assert (d.verdict, d.mechanism) == ("integration", "timeouts")
    assert any("longer than 1" in f.statement and "ms were" in f.statement for f in d.findings)


def test_slower_answers_within_the_deadline_are_none() -> None:
    """A tenth slower and nothing dropped more: no verdict of a fault."""
    assert tk.diagnose(bids(1, slow=1.1), roles=ROLES, reference=bids(2, slow=1.0)).verdict in ("none", "undetermined")


def test_people_who_set_answers_aside_wait_for_no_clock() -> None:
    """Answers set aside whatever time they took are no late ones."""
    d = tk.diagnose(bids(1, slow=1.0, heeded=False), roles=ROLES, reference=bids(2, slow=1.0))
    assert d.mechanism != "timeouts"


def test_answers_are_slow_that_somebody_corrects() -> None:
    """Since the middle people look at two in five and right the wrong ones, which takes a minute: no time-outs."""
    rng = np.random.default_rng(5)
    rows = bids(1, slow=1.0).assign(label="pass")
    rows["label"] = np.where(rng.random(N) < rows["score"], "bid", "pass")
    looked = (np.arange(N) >= N // 2) & (rng.random(N) < 0.4) & (rows["want"] != rows["label"])
    rows["done"], rows["took"] = np.where(looked, rows["label"], rows["want"]), rows["took"] + 60_000.0 * looked
    roles = {**ROLES, "roles": {**ROLES["roles"], "label": "label"}}
    d = tk.diagnose(rows, roles=roles)
    assert not any(f.detector == "deadline" for f in d.findings)
