"""A slot of the day that tells another hour than its row's is written by another clock; an hour off is summer time."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import told_time

N, SINCE = 1600, 900


@pytest.mark.parametrize(("hours", "found"), [(-3, [-3.0]), (5, [5.0]), (1, []), (0, [])])
def test_an_hour_of_the_day_that_is_off(hours: int, found: list[float]) -> None:
    """Since a row the hour of the day is that of some hours before or after: named with their number."""
    rng = np.random.default_rng(1)
    log, reference = healthy(rng, N), healthy(rng, N)
    hour = np.arange(N) % 24
    log["w"] = (hour + np.where(np.arange(N) >= SINCE, hours, 0)) % 24.0
    reference["w"] = hour * 1.0
    got = told_time.detect(study_of(log, None))
    assert [e.finding.effect for e in got] == found
    assert {e.mechanism for e in got} <= {"training_serving_skew"}
