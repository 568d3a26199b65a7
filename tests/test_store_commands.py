"""The record by its commands, as a responder types them: lifecycle, checks of actions, data, search, a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from shell import a_log, run, written

from benchmarks.stress.postgres import programs, running
from toolkit.records import ActionItem, Event
from toolkit.store import Store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an incident with a log, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    log = written(a_log(120), tmp_path / "log.parquet")
    store = Store(tmp_path / "incidents")
    where = {"paths": [str(log)], "roles": None}
    store.open_incident("Nulls in x", log={k: v for k, v in where.items() if v}, actor="ops")
    return tmp_path


def test_who_plays_which_part(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Roles, tags and relations are added and taken away one by one; the journal keeps what was."""
    run(capsys, "open", "Other")
    words = ("--role", "commander=Ada", "--role", "scribe=Lin", "--tag", "a", "--tag", "b", "--related", "inc-0002")
    assert run(capsys, "edit", "INC-0001", *words, "--restricted", "--kind", "near_miss").code == 0
    run(capsys, "edit", "INC-0001", "--role", "scribe=", "--untag", "a", "--unrestricted")
    now = Store(home / "incidents").incident("INC-0001")
    assert (now.roles, now.tags, now.related) == ({"commander": "Ada"}, ("b",), ("INC-0002",))
    assert (now.restricted, now.kind) == (False, "near_miss")
    assert run(capsys, "edit", "INC-0001", "--role", "Ada").code == 2


def test_a_retried_command_doubles_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same command with the same key again gives the first one's incident, note and action."""
    for words in (
        ("open", "Twice", "--key", "a"),
        ("status", "INC-0001", "so it stands", "--key", "b"),
        ("action", "add", "INC-0001", "Once", "--key", "c"),
    ):
        assert len({run(capsys, *words).out for _ in range(2)}) == 1
    store = Store(home / "incidents")
    assert (len(store.incidents()), len(store.notes("INC-0001")), len(store.actions())) == (2, 1, 1)
    assert "was used for open_incident" in run(capsys, "action", "add", "INC-0001", "Other", "--key", "a").line


def test_nothing_is_overwritten_unseen(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who changes what somebody else changed since they looked is told by whom and what; having looked, it goes."""
    run(capsys, "show", "INC-0001")
    store = Store(home / "incidents")
    store.update("INC-0001", severity="SEV1", actor="ada")
    assert run(capsys, "edit", "INC-0001", "--owner", "desk").code == 0  # another field
    store.update("INC-0001", severity="SEV2", actor="ada")
    refused = run(capsys, "edit", "INC-0001", "--severity", "SEV4")
    assert refused.code == 2
    assert "ada at " in refused.line
    assert 'severity: "SEV1" -> "SEV2"' in refused.line
    assert store.incident("INC-0001").severity == "SEV2"
    run(capsys, "show", "INC-0001")
    assert run(capsys, "edit", "INC-0001", "--severity", "SEV4").code == 0
    assert run(capsys, "edit", "INC-0001", "--severity", "SEV3").code == 0  # one's own change is seen
    store.update("INC-0001", status="mitigated", actor="ada")
    assert "ada at " in run(capsys, "resolve", "INC-0001").line


def test_a_check_that_fails_opens_its_action_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A done action whose check fails on a new log is open again; exit 1; the record says what came out."""
    sql = "select count(*) filter (where x is null) = 0 as none_missing, count(*) as n from log"
    run(capsys, "action", "add", "INC-0001", "Impute nothing", "--check", sql)
    run(capsys, "action", "done", "INC-0001", "A01")
    passed = run(capsys, "action", "check")
    assert (passed.code, passed.out) == (0, "INC-0001 A01 passed: none_missing = True, n = 120\n")
    bad = written(a_log(120).assign(x=None), home / "new.csv")
    failed = run(capsys, "action", "check", "INC-0001", "A01", "--log", bad, "--json")
    (said,) = json.loads(failed.out)
    assert (failed.code, said["passed"], said["reopened"], said["status"]) == (1, False, True, "open")
    tracked = Store(home / "incidents").actions("INC-0001")[0]
    assert (tracked.action.status, tracked.check_passed) == ("open", False)
    assert tracked.check_detail == "none_missing = False, n = 120"


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select count(*) from read_parquet('other.parquet')",
        "select * from glob('/*')",
        "copy log to 'stolen.csv'",
        "attach 'new.db'",
        "select 1; drop view raw",
        "set enable_external_access = true",
        "select * from duckdb_secrets(), incidents",
        "nonsense",
        "select true from log",
        "select true where false",
    ],
)
def test_a_check_reads_the_log_and_nothing_else(home: Path, capsys: pytest.CaptureFixture[str], sql: str) -> None:
    """What reaches elsewhere, writes, or gives no answer is no check: nothing is recorded, nothing is reopened."""
    written(a_log(5), home / "other.parquet")
    store = Store(home / "incidents")
    store.add_action("INC-0001", ActionItem("Look", "detect", status="done", check_sql=sql))
    made = run(capsys, "action", "check")
    assert (made.code, "could not be run" in made.out) == (1, True)
    assert [t.action.status for t in store.actions()] == ["done"]
    assert not (home / "stolen.csv").exists()
    assert not (home / "new.db").exists()


def test_reminders(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`action list --within` lists what is due until then, and `action edit` moves it."""
    store = Store(home / "incidents")
    now = datetime.now(UTC)
    for days, text in ((1, "Tomorrow"), (20, "Later")):
        store.add_action("INC-0001", ActionItem(text, "detect", due=now + timedelta(days=days)))
    listed = run(capsys, "action", "list", "--within", "7").out
    assert ("Tomorrow" in listed, "Later" in listed) == (True, False)
    run(capsys, "action", "edit", "INC-0001", "A02", "--due", f"{now + timedelta(days=2):%Y-%m-%d}", "--owner", "desk")
    assert "Later" in run(capsys, "action", "list", "--within", "7").out


def test_what_changed_since(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files that an incident was opened with are as they were, changed since, or gone."""
    run(capsys, "open", "Hashed", "--log", "log.parquet")
    same = run(capsys, "data", "INC-0002", "--json")
    (file,) = json.loads(same.out)["files"]
    assert (same.code, file["state"], len(file["sha256"])) == (0, "as it was", 64)
    written(a_log(121), home / "log.parquet")
    changed = run(capsys, "data", "INC-0002")
    assert (changed.code, "changed since" in changed.out) == (1, True)
    (home / "log.parquet").unlink()
    assert "gone" in run(capsys, "data", "INC-0002").out
    assert run(capsys, "data", "INC-0001").code == 1


def test_what_is_said_of_a_log_is_what_was_read_last(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that has grown since the incident was opened: rows and times are those of the latest diagnosis."""
    (home / "days").mkdir()
    written(a_log(120), home / "days" / "1.parquet")
    run(capsys, "open", "Growing", "--log", "days")
    later = a_log(30)
    written(later.assign(timestamp=later["timestamp"] + pd.Timedelta(days=5)), home / "days" / "2.parquet")
    assert "120 rows, 2026-01-01 00:00Z to 2026-01-05 23:00Z" in run(capsys, "data", "INC-0002").out
    assert run(capsys, "investigate", "INC-0002", "--only", "timeline").code == 0
    assert "150 rows, 2026-01-01 00:00Z to 2026-01-07 05:00Z" in run(capsys, "data", "INC-0002").out
    assert "150, 2026-01-01 00:00Z to 2026-01-07 05:00Z" in run(capsys, "show", "INC-0002").out


def test_what_people_wrote_is_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Search reads postmortem.md part by part, but not the questions in it that nobody answered."""
    folder = home / "incidents" / "INC-0001"
    folder.mkdir()
    (folder / "postmortem.md").write_text(
        "# INC-0001\n<!-- zebra? -->\n## surprise\nThe dashboards were green.\n## luck\n<!-- dashboards? -->\n"
    )
    (hit,) = json.loads(run(capsys, "search", "dashboards", "--json").out)
    assert (hit["kind"], hit["id"], hit["text"]) == ("postmortem", "surprise", "The dashboards were green.")
    assert json.loads(run(capsys, "search", "zebra", "--json").out) == []


def test_the_bundled_cases_are_compared_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An incident of one mechanism is like the cases known for it, and without them like nothing."""
    from test_store import a_verdict

    verdict = a_verdict()
    Store(home / "incidents").record_diagnosis("INC-0001", verdict)
    found = json.loads(run(capsys, "similar", "INC-0001", "--json").out)
    assert found
    assert all(one["name"].startswith("case ") and verdict.mechanism in one["shared"] for one in found[:1])
    assert json.loads(run(capsys, "similar", "INC-0001", "--no-cases", "--json").out) == []


def test_a_plot_of_all(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`stats --plot` draws SVG or PNG, and refuses another ending before it does anything."""
    assert run(capsys, "stats", "--plot", "all.svg").code == 0
    assert "<svg" in (home / "all.svg").read_text()[:400]
    assert run(capsys, "stats", "--plot", "all.png").code == 0
    assert (home / "all.png").read_bytes()[:4] == b"\x89PNG"
    assert run(capsys, "stats", "--plot", "all.pdf").code == 2


def test_the_commands_on_a_server(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """`store move` carries the record to a server and back, `--store` works there, and no password is on record."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    here = Store(home / "incidents")
    here.add_events("INC-0001", [Event(datetime(2026, 3, 14, tzinfo=UTC), "alert", "a")])
    with running() as url:
        moved = run(capsys, "store", "move", url)
        assert (moved.code, moved.out.splitlines()[0].split(" entries")[0]) == (0, str(len(here.history())))
        secret = url.replace("store@", "store:s3cret@")
        assert run(capsys, "edit", "INC-0001", "--title", "There", "--store", secret).code == 0
        monkeypatch.setenv("POSTMORTEM_STORE", secret)
        assert "There" in run(capsys, "list").out
        assert "s3cret" not in run(capsys, "history", "--json").out
        assert "store:***@" in run(capsys, "history", "--json").out
        assert run(capsys, "audit", "verify").code == 0
        assert "s3cret" not in run(capsys, "store", "compact").line
        assert run(capsys, "store", "move", "back").code == 0
    monkeypatch.delenv("POSTMORTEM_STORE")
    assert "There" in run(capsys, "list", "--home", "back").out
    assert "There" not in run(capsys, "list").out
