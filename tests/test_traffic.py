"""A daily limit cuts off what was there before; a job that started small and grew was cut off by nobody."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_study import ROLES, healthy

from toolkit.detectors import service
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile


def look(days: list[int]) -> list[Evidence]:
    """Read a log of so many requests a day, each day's first at midnight."""
    rng = np.random.default_rng(14)
    times = [pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=float(d + t))
             for d, n in enumerate(days) for t in (0.0, *np.sort(rng.random(n - 1)))]  # fmt: skip
    log = healthy(rng, len(times)).assign(when=times)
    with read_log(log, ROLES) as opened:
        return [e for e in service.detect(make_study(build_profile(opened))) if e.mechanism == "dropped_traffic"]


def busy(n: int) -> list[int]:
    return np.random.default_rng(15).poisson(60, n).tolist()


def test_a_limit_after_free_traffic_is_named() -> None:
    """Thirty days of some sixty requests, then thirty of exactly forty: cut off."""
    (got,) = look([*busy(30), *([40] * 30)])
    assert got.change is not None
    assert abs(got.change.start - sum(busy(30))) < 100


def test_a_job_that_grew_is_not() -> None:
    """An even forty a day at first and some sixty later: nothing was lost."""
    assert look([*([40] * 30), *busy(30)]) == []
