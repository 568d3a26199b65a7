"""Memory is limited and said, and a scan tells how far it is; tests/test_sql.py holds what goes to disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolkit.cli.progress import Progress
from toolkit.engines import DuckRows
from toolkit.engines.duck import usual_memory_mb
from toolkit.errors import LogError
from toolkit.logs import read_log

#: Two columns of half a million rows, in an order that sorting has to undo.
MANY = "SELECT (i * 7919) % 500009 AS x, md5(CAST(i AS VARCHAR)) AS word FROM range(500000) AS r(i)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    n = 2_000
    place = tmp_path / "log.parquet"
    pq.write_table(
        pa.table({"ts": pa.array(range(n), pa.timestamp("s")), "score": [0.5] * n, "label": [0, 1] * (n // 2)}), place
    )
    return place


def limit_of(rows: Any) -> str:
    return str(rows.fetch("SELECT current_setting('memory_limit')")[0][0])


def test_the_limit_is_what_is_said_else_the_environments_else_a_quarter(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log and reference have the limit that was given; without one POSTMORTEM_MEMORY's, without that a quarter."""
    monkeypatch.delenv("POSTMORTEM_MEMORY", raising=False)
    with read_log(file, reference=file, memory_mb=200) as log:
        assert log.reference is not None
        assert [limit_of(log.rows), limit_of(log.reference.rows)] == ["200.0 MiB", "200.0 MiB"]
    quarter = usual_memory_mb()
    assert quarter >= 512
    monkeypatch.setenv("POSTMORTEM_MEMORY", "300")
    assert usual_memory_mb() == 300
    with DuckRows.open(file) as rows:
        assert limit_of(rows) == "300.0 MiB"


@pytest.mark.parametrize("said", ["lots", "63", "-1", "1e3"])
def test_a_limit_that_is_none_is_refused_in_one_line(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word, or less than DuckDB can work with, is not taken for no limit."""
    monkeypatch.setenv("POSTMORTEM_MEMORY", said)
    with pytest.raises(LogError, match="POSTMORTEM_MEMORY") as caught:
        usual_memory_mb()
    assert "\n" not in str(caught.value)


def test_a_scan_tells_how_far_it_is(file: Path) -> None:
    """While a query runs the progress line has its percentage, which rises; before and after it has none."""
    progress = Progress()
    progress("reading the log")
    with DuckRows.open(file, threads=1, watch=progress.watch) as rows:
        assert "scan" not in progress.line()
        rows.run(f"CREATE TABLE many AS {MANY}")
        seen: list[str] = []
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.002):
                seen.append(progress.line())

        looking = threading.Thread(target=look)
        looking.start()
        rows.fetch("SELECT count(DISTINCT md5(word)), sum(length(md5(md5(word)))) FROM many")
        done.set()
        looking.join()
        percents = [int(line.split("…")[1].split("%")[0]) for line in seen if "% of this scan" in line]
        assert len(percents) > 3
        assert percents == sorted(percents)
        assert percents[-1] > percents[0]
    assert progress.line().startswith("reading the log …")
    assert "scan" not in progress.line()
