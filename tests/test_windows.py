"""A diagnosis of some of the rows, or without some of the evidence: what is left out weighs nothing, and is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from shell import a_log

import toolkit as tk
from toolkit.causes.diagnose import look, weigh
from toolkit.errors import LogError
from toolkit.profile.build import build_profile
from toolkit.testing import make_incident

START = datetime(2026, 1, 1, tzinfo=UTC)


def hour(n: int) -> datetime:
    """Give the moment that many hours after the log begins."""
    return START + timedelta(hours=n)


def test_a_window_is_half_open_and_counted() -> None:
    """One row an hour: [10 h, 30 h) has 20 rows, held to the 8 of the reference window, and the report says so."""
    with tk.read_log(a_log(), window=(hour(10), hour(30)), reference_window=(hour(0), hour(8))) as log:
        assert log.validation.rows_kept == 20
        assert (log.validation.first, log.validation.last) == (hour(10), hour(29))
        assert "20 of 240" in log.validation.notes[-1]
        assert log.reference is not None
        assert log.reference.validation.rows_kept == 8
        assert len(build_profile(log).sample) == 28


def test_a_window_without_rows_is_one_line() -> None:
    """The message names the span, and the one that the log has."""
    with pytest.raises(LogError, match=r"no row lies in the window .*; the log goes from 2026-01-01") as caught:
        tk.diagnose(a_log(), window=(hour(900), hour(901)))
    assert "\n" not in str(caught.value)
    with pytest.raises(LogError, match="no times"):
        tk.diagnose(a_log().drop(columns="timestamp"), window=(hour(0), hour(9)))


def test_a_contested_finding_weighs_nothing() -> None:
    """Without the evidence for it a unit change is no verdict; its finding is still listed, and no line rests on it."""
    case = make_incident("unit_change", variant="times_100", rows=900, seed=1)
    with tk.read_log(case.log, case.roles, reference=case.reference) as log:
        looked = look(build_profile(log))
    whole = weigh(looked)
    assert whole.verdict == "integration"
    keys = {f.key for f in whole.findings if f.supports}
    left = weigh(looked, keys)
    assert left.verdict != "integration"
    assert [f.to_dict() for f in left.findings] == [f.to_dict() for f in whole.findings]
    assert all(not line.supporting for line in left.ledger)
    if left.ledger:
        assert sum(line.share for line in left.ledger) == pytest.approx(1)
