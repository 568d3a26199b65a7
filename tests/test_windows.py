"""A diagnosis of some of the rows, or without some of the evidence: what is left out weighs nothing, and is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
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


KINDS = ["timestamp[s]", "timestamp[ms]", "timestamp[us]", "timestamp[ns]", "timestamp[us, tz=Europe/Berlin]", "string"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_is_the_same_whatever_type_times_have(kind: str, tmp_path: Path) -> None:
    """Its ends lie between two rows, some tenths of a second from the next: the rows between are those that are read.

    Of every type the sample is drawn, too, so that each way of asking is asked.
    """
    n = 4000
    ticks = pd.Series(pd.date_range("2026-01-01", periods=n, freq="s"))
    typed: Any = pa.array(ticks).cast(pa.timestamp("us"))
    if kind == "string":
        typed = ticks.astype(str)
    elif "tz=" in kind:
        typed = pa.compute.assume_timezone(typed, "UTC").cast(pa.timestamp("us", "Europe/Berlin"))
    else:
        typed = typed.cast(kind)
    frame = {"ts": typed, "x": np.arange(n) / 7, "prediction": np.arange(n) % 2, "label": np.arange(n) % 3 % 2}
    pq.write_table(pa.table(frame), tmp_path / "log.parquet", row_group_size=500)
    roles = {"roles": {"timestamp": "ts", "prediction": "prediction", "label": "label", "feature": ["x"]}}
    a, b = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s) for s in (999.4, 2000.5))
    with tk.read_log(str(tmp_path / "log.parquet"), roles, window=(a, b)) as log:
        assert log.validation.rows_kept == 1001
        some = build_profile(log, sample_rows=300)
        assert 200 < len(some.sample) < 400
        assert a.timestamp() <= some.sample.time.min() < some.sample.time.max() < b.timestamp()
        assert some.cubes["total"].sums["n"].sum() == 1001


def test_pages_outside_a_window_are_not_read(tmp_path: Path) -> None:
    """Where a file says of its pages which times they hold, those of other times may be unreadable."""
    n, file = 4000, tmp_path / "log.parquet"
    ts = pa.array(pd.Series(pd.date_range("2026-01-01", periods=n, freq="s"))).cast(pa.timestamp("us"))
    noise = np.random.default_rng(1).normal(size=n)
    frame = {"ts": ts, "x": noise, "prediction": np.arange(n) % 2, "label": np.arange(n) % 3 % 2}
    pq.write_table(pa.table(frame), file, row_group_size=1000, use_dictionary=False, compression="none")
    group, content = pq.ParquetFile(file).metadata.row_group(0), bytearray(file.read_bytes())
    start = group.column(1).data_page_offset
    content[start : start + group.column(1).total_compressed_size] = b"\xff" * group.column(1).total_compressed_size
    file.write_bytes(content)
    roles = {"roles": {"timestamp": "ts", "prediction": "prediction", "label": "label", "feature": ["x"]}}
    middle, end = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s) for s in (2000, 4000))
    with tk.read_log(str(file), roles, window=(middle, end)) as log:
        assert len(build_profile(log, sample_rows=300).sample) > 200
    with pytest.raises(LogError, match="cannot be read"), tk.read_log(str(file), roles) as log:
        build_profile(log, sample_rows=300)


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
