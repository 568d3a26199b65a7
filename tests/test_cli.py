"""The command line: help at once, one line for an error, safe text, and the contract of ``diagnose``."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import hostile
import pytest
from shell import a_log, run, spawn, written

from toolkit.cli.entry import _one_line
from toolkit.errors import PostmortemError, RunFailed
from toolkit.records import Event
from toolkit.store import Store

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
KEYS = {
    "format",
    "verdict",
    "mechanism",
    "confidence",
    "probabilities",
    "onset",
    "onset_interval",
    "features",
    "slice",
    "model_versions",
    "harm",
    "ledger",
    "would_settle_it",
    "findings",
}


def test_help_imports_nothing_heavy() -> None:
    """``--help`` needs none of the libraries that take time to import."""
    code = (
        "import sys; from toolkit.cli import main; code = main(['--help']);"
        "heavy = {'numpy', 'pandas', 'duckdb', 'pyarrow', 'scipy', 'sklearn', 'matplotlib', 'papermill'};"
        "sys.exit(code or sorted(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_comes_at_once() -> None:
    """``postmortem --help`` takes less than 0.3 s of processor time, interpreter included."""
    spent = []
    for _ in range(3):
        child = spawn("--help")
        child.communicate()
        spent.append(sum(os.times()[2:4]) - sum(spent))
    assert min(spent) < 0.3


def test_a_usage_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong command, option or value exits 2 with one line that says where help is."""
    for args, said in (
        (["nope"], "No such command 'nope'"),
        (["diagnose"], "Missing argument 'LOG'"),
        (["diagnose", "x.csv", "--nope"], "No such option"),
        (["note", "INC-0001", "yesterday", "note", "x"], "'yesterday' is no time"),
        (["open", "x", "--severity", "SEV9"], "'SEV9' is not one of"),
        (["reopen", "INC-0001"], "Missing option '--reason'"),
    ):
        got = run(capsys, *args)
        assert got.code == 2
        assert said in got.line
        assert got.line.endswith("--help")


def test_the_unexpected_is_one_line_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What we did not foresee says what happened and asks for a report; a traceback only where it is asked for."""
    error = KeyError("a\nb")
    assert _one_line(error) == 2
    plain = capsys.readouterr().err
    monkeypatch.setenv("POSTMORTEM_DEBUG", "1")
    assert _one_line(error) == 2
    asked = capsys.readouterr().err
    assert plain.count("\n") == 1
    assert "please report" in plain
    assert "Traceback" not in plain
    assert "KeyError" in asked.splitlines()[0]


def test_exit_codes_of_our_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """Unusable input is 2, a cell that failed is 1."""
    assert _one_line(PostmortemError("no")) == 2
    assert _one_line(RunFailed("a cell failed")) == 1
    assert capsys.readouterr().err == "postmortem: no\npostmortem: a cell failed\n"


def test_text_from_a_log_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Escape codes and bidirectional marks in a title are shown, not obeyed."""
    run(capsys, "open", "red\x1b[31m\u202eevil", "--home", tmp_path)
    listed = run(capsys, "list", "--home", tmp_path).out
    assert "red\\x1b[31m\\u202eevil" in listed
    assert "\x1b" not in listed


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store whose title, summary and events are each string that tries to run, to load, to hide or to flood."""
    home = tmp_path_factory.mktemp("hostile")
    store = Store(home)
    told = [t[:2_000] for t in hostile.CORPUS] + ["\x9b31m", "  =cmd|' /C calc'!A0", "\r\nEND:VCALENDAR"]
    store.open_incident("\x9b2J" + hostile.CORPUS[24], owner="=1+1", summary="\n".join(told))
    store.add_events("INC-0001", [Event(NOON, "note", t, source=t[:100]) for t in told])
    return home


@pytest.mark.parametrize(
    "command",
    ["list", "show INC-0001", "events INC-0001", "history INC-0001", "events INC-0001 --format csv",
     "events INC-0001 --format jsonl", "events INC-0001 --format ics", "events INC-0001 --json", "list --json"],
)  # fmt: skip
def test_nothing_hostile_reaches_terminal_or_spreadsheet(
    hostile_home: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No control or bidirectional character is printed, no cell begins a formula, and JSON reads back to the letter."""
    out = run(capsys, *command.split(), "--home", hostile_home).out
    shown = out.replace("\r\n", "\n") if command.endswith("ics") else out
    assert {c for c in shown if not c.isprintable()} <= {"\n", "\t", "\u200d"}
    texts = [e.text for e in Store(hostile_home).events("INC-0001")]
    if command.endswith("csv"):
        rows = list(csv.reader(io.StringIO(out)))
        assert len(rows) == len(texts) + 1
        assert not [c for row in rows for c in row if c.lstrip().startswith(("=", "+", "-", "@"))]
    if command.endswith(("jsonl", "events INC-0001 --json")):
        read = [json.loads(x) for x in out.splitlines()] if "jsonl" in command else json.loads(out)
        assert [e["text"] for e in read] == texts
    if command.endswith("ics"):
        assert out.split("\r\n").count("END:VCALENDAR") == 1


def test_diagnose_follows_the_contract(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The JSON has the keys of toolkit.diagnosis/1, the summary is printed, it exits 0, and nothing else is left."""
    log = written(a_log(), tmp_path / "log.parquet")
    out = tmp_path / "out.json"
    got = run(capsys, "diagnose", log, "--json", out)
    body = json.loads(out.read_text())
    assert got.code == 0
    assert body["format"] == "toolkit.diagnosis/1"
    assert set(body) >= KEYS
    assert sum(body["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert set(body["probabilities"]) == {"data", "overfitting", "integration", "bias", "human", "none"}
    assert f"Verdict  {body['verdict']}" in got.out
    assert "Roles were guessed" in got.out
    assert "Guessed: task binary; positive class 1." in got.out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.parquet", "out.json"]


def test_progress_is_one_live_line_where_somebody_watches(tmp_path: Path) -> None:
    """On a terminal the step and the seconds are shown on one line, which is taken back before the answer."""
    import pty

    log = written(a_log(), tmp_path / "log.parquet")
    ours, theirs = pty.openpty()
    child = spawn("diagnose", log, stderr=theirs)
    out, _ = child.communicate()
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert child.returncode == 0
    assert shown.count("\n") == 0
    assert re.search(r"\r\x1b\[K(loading|reading the log|diagnosing 240 rows) … \d+ s", shown)
    assert shown.endswith("\r\x1b[K")
    assert "Verdict" in out


def test_diagnose_prints_json_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """``--json -`` prints the diagnosis and nothing else, so that a program can read it."""
    log = written(a_log(), tmp_path / "log.parquet")
    got = run(capsys, "diagnose", log, "--json", "-")
    assert (got.code, got.err) == (0, "")
    assert json.loads(got.out)["format"] == "toolkit.diagnosis/1"


def test_declared_roles_are_not_shown_as_guessed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where roles.toml was given, no table of guesses is printed; ``--explain`` names the rivals."""
    log = written(a_log(), tmp_path / "log.parquet")
    roles = tmp_path / "roles.toml"
    names = ("timestamp", "score", "prediction", "label")
    lines = ['task = "binary"', "[roles]", *(f'{n} = "{n}"' for n in names), "[values]", "positive = 1"]
    roles.write_text("\n".join(lines))
    got = run(capsys, "diagnose", log, "--roles", roles, "--explain")
    assert got.code == 0
    assert "guessed" not in got.out
    assert got.out.splitlines()[0].startswith(("none", "undetermined", "data", "human", "bias", "integration", "over"))


def test_an_existing_answer_is_replaced_or_kept_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A diagnosis that fails leaves the file of the last one as it was."""
    out = tmp_path / "out.json"
    out.write_text("the last one")
    assert run(capsys, "diagnose", tmp_path / "none.csv", "--json", out).code == 2
    assert out.read_text() == "the last one"
