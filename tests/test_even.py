"""What is even between groups, people and sources is said; what is not, or may not be, clears nobody."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import even
from toolkit.detectors.study import Study

N = 6000
SUSPECTS = {"missing_guardrail", "over_reliance", "ignored_alerts", "goal_misaligned", "poisoned_data",
            "calibration_gap", "biased_labels"}  # fmt: skip


def studied(odd: str = "", n: int = N) -> Study:
    """Study decisions that follow the model but for a tenth, with costs and a source; one thing is ``odd`` late on."""
    rng = np.random.default_rng(6)
    frames = []
    for late in (np.arange(n) >= n // 2, np.zeros(n, bool)):
        one: pd.DataFrame = healthy(rng, n).assign(source=rng.choice(["app", "web"], n), cost=rng.gamma(4, 1, n))
        flip = rng.random(n) < 0.1
        one["done"] = np.where(flip & ~(late & (odd == "reliance")), 1 - one["answer"], one["answer"])
        hit = {
            "alarms": ("done", late & (rng.random(n) < 0.5), 0),
            "source": ("truth", late & (one["source"] == "app") & (rng.random(n) < 0.4), 1 - one["answer"]),
            "group": ("truth", (one["sex"] == "F") & (rng.random(n) < 0.3), 0),
        }.get(odd)
        if hit is not None:
            one.loc[hit[1], hit[0]] = hit[2] if isinstance(hit[2], int) else hit[2][hit[1]]
        one["cost"] *= np.where(late & (odd == "cost"), 1.5, 1.0)
        frames.append(one)
    return study_of(frames[0], frames[1], decision="done", cost="cost", segment=["source"])


def cleared(study: Study) -> set[str]:
    return {m for e in even.detect(study) for m in e.finding.refutes}


def test_an_even_log_clears_them_all() -> None:
    """People, costs, sources and groups are as before: each suspect is spoken against, with a number."""
    assert cleared(studied()) == SUSPECTS


@pytest.mark.parametrize(
    ("odd", "suspects"),
    [
        ("reliance", {"missing_guardrail", "over_reliance"}),
        ("alarms", {"ignored_alerts"}),
        ("cost", {"goal_misaligned"}),
        ("source", {"poisoned_data"}),
        ("group", {"calibration_gap", "biased_labels"}),
    ],
)
def test_what_is_odd_is_not_cleared(odd: str, suspects: set[str]) -> None:
    """The suspects of what is no longer even are not spoken against."""
    assert not cleared(studied(odd)) & suspects


def test_too_few_rows_clear_nobody() -> None:
    """Sixty rows rule nothing out."""
    assert cleared(studied(n=60)) == set()


@pytest.mark.parametrize("sources", [[f"s{i}" for i in range(40)], ["a"] * 30 + ["b"] * 30 + ["rare"]])
def test_a_source_too_small_or_among_too_many_clears_none(sources: list[str]) -> None:
    """One of forty sources, or one of a few dozen rows, may feed labels of its own: poison is not spoken against."""
    rng = np.random.default_rng(6)
    frames = [healthy(rng, N).assign(source=rng.choice(sources, N), shop=rng.choice(["x", "y"], N)) for _ in range(2)]
    odd = frames[0]["source"] == sources[-1]
    frames[0].loc[odd, "truth"] = 1 - frames[0]["answer"][odd]
    assert "poisoned_data" not in cleared(study_of(*frames, segment=["source", "shop"]))


def test_what_was_bad_all_along_is_not_as_before_without_a_reference() -> None:
    """Each wrong answer accepted and each alarm set aside from the first row on, and nothing to hold it to."""
    log = healthy(np.random.default_rng(6), 3000)
    heeded, ignored = (cleared(study_of(log.assign(done=d), None, decision="done")) for d in (log["answer"], 0))
    assert "ignored_alerts" in heeded - ignored
    assert "over_reliance" not in heeded
