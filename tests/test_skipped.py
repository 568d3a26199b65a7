"""Requests that were numbered and are not in the log were lost; a count that others share says nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_study import ROLES, healthy

import toolkit as tk
from toolkit.detectors import skipped
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE = 3000, 1200
NUMBERED = {**ROLES, "roles": {**ROLES["roles"], "id": "number"}}


def requests(lost: float, *, others: float = 0.0, shuffled: bool = False) -> pd.DataFrame:
    """Number requests one by one; since one of them a share is lost, or the numbers of ``others`` come between."""
    rng = np.random.default_rng(8)
    late = np.arange(N) >= SINCE
    number = np.arange(N) + np.cumsum(late & (rng.random(N) < others))
    log = healthy(rng, N).assign(
        when=pd.date_range("2025-01-01", periods=N, freq="20min", tz="UTC"),
        number=[f"REQ-{k:06d}" for k in (rng.permutation(number) if shuffled else number)],
    )
    return log[~(late & (rng.random(N) < lost))]


def look(log: pd.DataFrame, rows: int = 100_000) -> list[Evidence]:
    """Read a log as the detector does."""
    with read_log(log, NUMBERED) as opened:
        return skipped.detect(make_study(build_profile(opened, sample_rows=rows)))


def test_one_request_in_eight_lost_is_named_with_how_many() -> None:
    """The days' own scatter hides so small a fall; the numbers tell it to the request."""
    log = requests(0.12)
    d = tk.diagnose(log, roles=NUMBERED)
    assert (d.verdict, d.mechanism) == ("integration", "dropped_traffic")
    assert any(f"{N - len(log)} numbers of requests (1" in f.statement for f in d.findings)
    (got,) = look(log)
    assert got.change is not None
    assert abs(got.change.start - SINCE) < 60


def test_numbers_that_another_log_takes_are_not_lost() -> None:
    """As many requests came as before, and every fourth number went to somebody else."""
    assert look(requests(0.0, others=0.3)) == []


def test_a_fall_that_may_be_the_seasons_is_no_proof_of_a_loss() -> None:
    """One in fifteen numbers went to another log as a quieter season began: either would look so, and that is said."""
    rng = np.random.default_rng(3)
    gaps = rng.exponential(np.where(np.arange(N) < SINCE, 20.0, 20.9))
    when = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.cumsum(gaps), unit="min")
    log = requests(0.0, others=0.07).assign(when=when)
    (got,) = look(log)
    assert got.strength < 0.5
    assert "went to another log, which the traffic does not rule out" in got.finding.statement
    assert tk.diagnose(log, roles=NUMBERED).verdict in ("none", "undetermined")


def test_ids_that_count_nothing_are_left_alone() -> None:
    """Numbers in no order, and those of a log of which a sample alone is read, skip by themselves."""
    assert look(requests(0.2, shuffled=True)) == []
    assert look(requests(0.2), rows=1000) == []
