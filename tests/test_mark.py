"""A value that always meant the same where the model was taught, and is served with the opposite meaning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_study import healthy, study_of

from toolkit.detectors import mark
from toolkit.detectors.evidence import Evidence

N, SINCE = 3000, 1500


def look(*, late: bool = True, taught: float = 0.0, value: str = "x9") -> list[Evidence]:
    """Read requests of which a few carry one referrer; the share ``taught`` of those in the reference is positive."""
    rng = np.random.default_rng(16)

    def part(meaning: float, since: int, said: int) -> pd.DataFrame:
        frame = healthy(rng, N)
        has = (rng.random(N) < 0.04) & (np.arange(N) >= since)
        frame["referrer"] = np.where(has, value, rng.choice(["ads", "mail"], N))
        frame["truth"] = np.where(has, rng.random(N) < meaning, frame["truth"]).astype(int)
        frame["answer"] = np.where(has, said, frame["answer"])
        return frame

    log = part(1.0, SINCE if late else 0, 0)
    return mark.detect(study_of(log, part(taught, 0, 0), feature=["x", "w", "town", "referrer"]))


def test_a_valuethat_was_taught_and_is_used_is_named() -> None:
    """Sixty rows of three thousand, each let pass and each wrong: the value is named, with when it came."""
    (got,) = look()
    assert got.mechanism == "poisoned_data"
    assert [(t.column, t.value) for t in got.finding.slice] == [("referrer", "x9")]
    assert got.change is not None
    assert got.change.low <= SINCE <= got.change.start


@pytest.mark.parametrize(("late", "taught"), [(False, 0.0), (True, 0.4)])
def test_a_value_that_was_always_served_or_meant_nothing_is_no_mark(*, late: bool, taught: float) -> None:
    """What was there all along changed its meaning, and what never told the label taught nothing."""
    assert look(late=late, taught=taught) == []


def test_what_stands_for_nothing_known_is_nobodys_mark() -> None:
    """Cases without a referrer never bought where the model was taught; that none is read any more is no attack."""
    assert look(value="unknown") == []
