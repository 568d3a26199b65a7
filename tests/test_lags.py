"""A column that is an earlier label, and then that of another time, is late; one that only looks alike is not named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from toolkit.detectors import lags
from toolkit.detectors.evidence import Evidence
from toolkit.detectors.study import make_study
from toolkit.logs import read_log
from toolkit.profile.build import build_profile

N, SINCE = 1200, 700


ROLES = {"task": "regression", "roles": {"timestamp": "timestamp", "prediction": "prediction", "label": "label",
         "segment": ["shop"], "feature": ["sold_before"]}}  # fmt: skip


def said(log: pd.DataFrame) -> list[Evidence]:
    with read_log(log, ROLES) as opened:
        return lags.detect(make_study(build_profile(opened)))


def of_the_day_before(sold: NDArray[np.float64], back: int) -> pd.DataFrame:
    """Give hourly rows of one shop whose feature is the label of so many rows before."""
    when = pd.date_range("2025-01-01", periods=len(sold), freq="h", tz="UTC")
    before = pd.Series(sold).shift(back)
    return pd.DataFrame({"timestamp": when, "shop": "s", "sold_before": before, "prediction": sold + 1, "label": sold})


def look(was: int, now: int, *, shops: int = 1, noise: float = 0.0) -> list[Evidence]:
    """Read hourly sales of some shops whose feature is the label of ``was`` hours before, and since then of ``now``."""
    rng = np.random.default_rng(8)
    rows = []
    for shop in range(shops):
        sold = 50 + 10 * shop + np.cumsum(rng.normal(0, 1, N)) + rng.normal(0, 3, N)
        back = np.where(np.arange(N) < SINCE, was, now)
        before = sold[np.maximum(np.arange(N) - back, 0)] + rng.normal(0, noise, N)
        when = pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC")
        rows.append(pd.DataFrame({"timestamp": when, "shop": f"s{shop}", "sold_before": before.round(1),
                                  "prediction": before + 1, "label": sold.round(2)}))  # fmt: skip
    log = pd.concat(rows).sort_values("timestamp", kind="stable")
    return said(log)


@pytest.mark.parametrize(("was", "now", "shops"), [(1, 2, 1), (24, 25, 1), (1, 7, 3), (24, 1, 2), (336, 337, 1)])
def test_a_feed_of_another_hour_is_named_since_its_row(was: int, now: int, shops: int) -> None:
    """One series or several: the feature, both lags and the row are named, as a stale feature."""
    (got,) = look(was, now, shops=shops)
    assert got.mechanism == "stale_feature"
    assert (got.finding.details["was"], got.finding.details["now"]) == (was, now)
    assert got.change is not None
    assert abs(got.change.start - SINCE * shops) <= 3 * shops


@pytest.mark.parametrize(("was", "now", "noise"), [(1, 1, 0.0), (1, 2, 3.0)])
def test_a_feed_on_time_and_a_mere_likeness_are_left_alone(was: int, now: int, noise: float) -> None:
    """The label of the hour before all along, or a number that only goes with it: nothing is said."""
    assert look(was, now, noise=noise) == []


def test_a_day_is_another_number_of_rows_where_fewer_come() -> None:
    """From a row on every second hour alone is served, and the feature is still that of a day before: nothing."""
    log = of_the_day_before(np.random.default_rng(3).normal(50, 10, 2 * N).round(1), 24)
    assert said(log[(np.arange(2 * N) < SINCE) | (np.arange(2 * N) % 2 == 0)]) == []


def test_labels_that_stood_still_tell_no_lag() -> None:
    """Thirty rows of one label, then livelier ones, and the feature is that of a week before all along: nothing."""
    rng = np.random.default_rng(3)
    slow = np.repeat(rng.normal(50, 10, N // 30), 30)
    assert said(of_the_day_before(np.where(np.arange(N) < SINCE, slow, rng.normal(50, 10, N)).round(1), 7)) == []


def test_a_column_that_is_an_earlier_label_all_along_is_one() -> None:
    """The label of the day before stays it, whatever the labels do; one that came to be another's is none."""
    sold = np.where(np.arange(N) < SINCE, 50.0, 80.0) + np.random.default_rng(3).normal(0, 3, N)
    for back, named in ((24, {"sold_before"}), (np.where(np.arange(N) < SINCE, 24, 31), set())):
        log = of_the_day_before(sold, 24)
        log["sold_before"] = sold[np.maximum(np.arange(N) - back, 0)]
        with read_log(log, ROLES) as opened:
            assert lags.earlier_labels(make_study(build_profile(opened))) == named
