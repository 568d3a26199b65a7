"""A window chosen at the shell is on record, is told wherever the log is told of, and can be taken back."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shell import Said, a_broken_log, run

from toolkit.engines import kept as keeping
from toolkit.errors import LogError
from toolkit.investigation import investigate, open_incident
from toolkit.investigation.diagnosing import choose
from toolkit.investigation.publishing import publish
from toolkit.spans import WHOLE, spans_of
from toolkit.store import Store

Shell = Callable[..., Said]
START = datetime(2026, 1, 1, tzinfo=UTC)
#: The 25 days of the log are whole up to the middle of the 13th.
WHOLE_DAYS = ("2026-01-01", "2026-01-11")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An incident whose log is a file a day, each a part of its own."""
    monkeypatch.setattr(keeping, "PART_BYTES", 1)
    folder = tmp_path / "scores"
    folder.mkdir()
    log = a_broken_log()
    for day, rows in log.groupby(log["timestamp"].dt.date):
        rows.to_parquet(folder / f"{day}.parquet")
        os.utime(folder / f"{day}.parquet", ns=(10**18, 10**18))
    made = Store(tmp_path / "incidents")
    open_incident(made, "Answers turned round", log=folder)
    return made


@pytest.fixture
def look(store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Investigate without a notebook."""
    monkeypatch.chdir(store.folder.parent)
    monkeypatch.delenv("POSTMORTEM_HOME", raising=False)
    return lambda *args: run(capsys, "investigate", "INC-0001", "--only", "", *args)


def rows_read(store: Store) -> int:
    """Give how many rows the diagnosis on record read."""
    verdict = store.diagnosis("INC-0001")
    assert verdict is not None
    return int(verdict.log["rows"])


def test_a_window_holds_until_it_is_taken_back(store: Store, look: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten whole days show no harm, with no option needed a second time; without the window all is as it was."""
    assert look().code == 0
    first = store.diagnosis("INC-0001")
    assert first is not None
    assert look("--window", *WHOLE_DAYS, "--by", "Ada").code == 0
    assert rows_read(store) == 240
    chosen = {"window": ["2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"]}
    assert store.incident("INC-0001").log["analysis"] == chosen
    (choice, *_) = [e for e in store.history("INC-0001") if e["actor"] == "Ada"]
    assert (choice["op"], " ".join(WHOLE_DAYS) in choice["command"]) == ("update_incident", True)
    shown = run(capsys, "show", "INC-0001").out
    assert "Window    2026-01-01 00:00Z to before 2026-01-11 00:00Z" in shown
    assert "240, 2026-01-01 00:00Z to 2026-01-10 23:00Z" in shown
    assert look().code == 0
    assert rows_read(store) == 240
    assert look("--no-window").code == 0
    again = store.diagnosis("INC-0001")
    assert again is not None
    assert again.to_dict() == first.to_dict()
    assert store.incident("INC-0001").log["analysis"] == {}
    assert "Window" not in run(capsys, "show", "INC-0001").out


def test_rows_are_held_to_another_span_of_the_log(store: Store, look: Shell) -> None:
    """The second half, held to the first ten days: both spans are on record; one is taken back, the other stays."""
    assert look("--window", "2026-01-13T12:00Z", "2026-01-26", "--reference-window", *WHOLE_DAYS).code == 0
    assert rows_read(store) == 300
    assert set(store.incident("INC-0001").log["analysis"]) == {"window", "reference_window"}
    assert look("--no-reference-window").code == 0
    assert set(store.incident("INC-0001").log["analysis"]) == {"window"}
    assert rows_read(store) == 300


def test_days_that_were_counted_are_not_counted_again(store: Store, look: Shell) -> None:
    """A window of whole days and the way back ask nothing that was asked: each answer is the file that it was."""
    look()
    answers = {f: f.stat().st_ino for f in store.folder.glob("INC-0001/counted/*.sealed")}
    assert answers
    look("--window", *WHOLE_DAYS)
    look("--no-window")
    assert {f: f.stat().st_ino for f in answers} == answers


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--window", "2026-01-11", "2026-01-01"), "'--window': it ends at 2026-01-01T00:00Z, not after its start"),
        (("--reference-window", "2026-01-11", "2026-01-11"), "'--reference-window': it ends at 2026-01-11T00:00Z"),
        (("--window", "2025-01-01", "2025-01-11"), "no row lies in the window from 2025-01-01T00:00:00Z"),
        (("--window", "all", "of it"), "'all' is no time"),
        (("--window", *WHOLE_DAYS, "--no-window"), "choose --window or --no-window, not both"),
    ],
)
def test_a_wrong_window_is_one_line_and_not_recorded(
    args: tuple[str, ...], said: str, store: Store, look: Shell
) -> None:
    """Nothing is on record of a window without rows, or with its ends exchanged."""
    before = store.history("INC-0001")
    refused = look(*args)
    assert (refused.code, said in refused.line) == (2, True), refused.line
    assert store.history("INC-0001") == before


def test_python_takes_the_same(store: Store) -> None:
    """The call beneath the command; ends that are exchanged, and an incident without a log, are refused there too."""
    days = (START, START + timedelta(days=2))
    made = investigate(store, "INC-0001", only=(), window=days)
    assert made.diagnosis is not None
    assert (made.incident.log["analysis"], rows_read(store)) == (
        {"window": ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"]},
        48,
    )
    assert investigate(store, "INC-0001", only=(), window=WHOLE).incident.log["analysis"] == {}
    with pytest.raises(LogError, match="the window ends before it starts"):
        investigate(store, "INC-0001", only=(), window=days[::-1])
    open_incident(store, "Nothing to read")
    with pytest.raises(LogError, match="INC-0002 names no log to choose a window of"):
        investigate(store, "INC-0002", only=(), window=days)


def test_a_window_that_is_known_is_put_on_record_too(store: Store) -> None:
    """Another one was chosen and nothing read since: what is on record is what was shown, and no row is read for it."""
    first, second = (START, START + timedelta(days=2)), (START + timedelta(days=2), START + timedelta(days=5))
    investigate(store, "INC-0001", only=(), window=first)
    choose(store, "INC-0001", window=second)
    told: list[str] = []
    made = investigate(store, "INC-0001", only=(), window=first, progress=told.append)
    assert told == ["the log is as it was"]
    assert (spans_of(made.incident.log)["window"], rows_read(store)) == (first, 48)
    assert made.incident.log == store.incident("INC-0001").log


def test_a_time_without_a_zone_is_of_utc(store: Store) -> None:
    """As everywhere, and whatever the clock of this machine; it may stand beside one with a zone."""
    start = START.replace(tzinfo=None)
    made = investigate(store, "INC-0001", only=(), window=(start, START + timedelta(days=2)))
    assert made.incident.log["analysis"] == {"window": ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"]}


@pytest.mark.parametrize("audience", ["team", "public"])
def test_a_page_says_its_window(audience: str, store: Store, look: Shell) -> None:
    """Its reader learns at a glance that not all of the log was looked at, whoever it is."""
    look("--window", "2026-01-03", "2026-01-20T06:00Z")
    page = publish(store, "INC-0001", audience=audience).page.read_text(encoding="utf-8")
    assert "<dt>Window</dt><dd>3 January 2026 to before 20 January 2026, 06:00 UTC" in page
    again = "postmortem diagnose LOG --window 2026-01-03T00:00:00Z 2026-01-20T06:00:00Z"
    assert again in page
