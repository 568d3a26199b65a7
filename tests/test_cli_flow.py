"""From open to publish on a small log: what is recorded, resumed, marked as failed, and left alone."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
from shell import Said, a_broken_log, run, spawn, written

from toolkit.paths import shipped
from toolkit.store import Store

pytestmark = pytest.mark.slow

ROLES = """
[roles]
timestamp = "timestamp"
score = "score"
prediction = "prediction"
label = "label"
segment = ["site"]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log, its roles and two events; the incidents go into ``incidents`` in it."""
    folder = tmp_path_factory.mktemp("flow")
    written(a_broken_log(), folder / "log.parquet")
    (folder / "roles.toml").write_text(ROLES)
    (folder / "events.csv").write_text(
        "timestamp,kind,text\n2026-01-13T11:00:00Z,deployment,feed 2 goes live\n2026-01-14T08:00:00Z,alert,too many\n"
    )
    return folder


@pytest.fixture
def shell(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Run a command in that folder."""
    monkeypatch.chdir(home)
    monkeypatch.delenv("POSTMORTEM_HOME", raising=False)
    return lambda *args: run(capsys, *args)


def _json(said: Said) -> object:
    assert (said.err, said.code) == ("", 0)
    return json.loads(said.out)


def test_an_incident_from_open_to_publish(shell, home) -> None:  # type: ignore[no-untyped-def]
    """Open, investigate and publish leave the record, three executed notebooks and one page."""
    flags = ["--log", "log.parquet", "--roles", "roles.toml", "--events", "events.csv"]
    opened = _json(shell("open", "Answers turned round", "--model", "m@2", "--severity", "sev2", *flags, "--json"))
    assert opened["id"] == "INC-0001"
    assert opened["severity"] == "SEV2"
    assert opened["log"]["rows"] == 600
    assert opened["log"]["paths"] == [str(home / "log.parquet")]

    found = _json(shell("investigate", "inc-0001", "--json"))
    assert [n["status"] for n in found["notebooks"]] == ["completed"] * 3
    assert found["diagnosis"]["harm"]["observed"] < found["diagnosis"]["harm"]["expected"]
    assert found["incident"]["detected_at"] == "2026-01-14T08:00:00Z"

    page = Path(_json(shell("publish", "INC-0001", "--json"))["page"])
    assert page == Path("incidents/INC-0001/postmortem.html")
    assert "Answers turned round" in page.read_text(encoding="utf-8")

    shown = _json(shell("show", "INC-0001", "--json"))
    assert shown["diagnosis"] == found["diagnosis"]
    assert [r["template"] for r in shown["runs"]] == ["timeline", "root_cause", "postmortem"]
    assert len(shown["documents"]) == 1
    assert sorted({e["source"] for e in shown["events"]}) == ["finding", "import"]
    assert _json(shell("list", "--json"))[0]["verdict"] == found["diagnosis"]["verdict"]
    assert _json(shell("store", "check", "--json"))["sound"]


def test_nothing_is_done_twice(shell, home) -> None:  # type: ignore[no-untyped-def]
    """The same investigation again records no second run, skips the notebooks and gives the page no new version."""
    again = _json(shell("investigate", "INC-0001", "--json"))
    assert again["run"] == 1
    assert [n["status"] for n in again["notebooks"]] == ["skipped"] * 3
    assert _json(shell("publish", "INC-0001", "--json"))["version"] == 1
    forced = _json(shell("investigate", "INC-0001", "--only", "timeline", "--force", "--json"))
    assert [(n["template"], n["status"]) for n in forced["notebooks"]] == [("timeline", "completed")]


def _below(text: str, words: str, sentence: str) -> str:
    """Write a sentence below the heading that holds these words; there is exactly one."""
    (heading,) = (line for line in text.splitlines() if line.startswith("## ") and words in line)
    return text.replace(f"{heading}\n", f"{heading}\n{sentence}\n")


def test_what_people_say_is_in_the_document(shell, home) -> None:  # type: ignore[no-untyped-def]
    """A note and the text of postmortem.md are in the next page, numbers cited from the record."""
    said = shell("note", "INC-0001", "2026-01-14T09:00Z", "mitigation", "Fell back to the schedule", "--by", "desk")
    assert said.code == 0
    shell("note", "INC-0001", "2026-01-14T09:00Z", "mitigation", "Fell back to the schedule", "--by", "desk")
    text = home / "incidents" / "INC-0001" / "postmortem.md"
    text.write_text(_below(text.read_text(encoding="utf-8"), "lucky", "Only {{harm.n}} were served."), encoding="utf-8")
    assert _json(shell("publish", "INC-0001", "--json"))["version"] == 2
    page = (home / "incidents" / "INC-0001" / "postmortem.html").read_text(encoding="utf-8")
    assert page.count("Fell back to the schedule") >= 1
    assert "were served." in page
    events = _json(shell("events", "INC-0001", "--json"))
    assert [e["actor"] for e in events if e["kind"] == "mitigation"] == ["desk"]


def test_an_unknown_reference_fails_with_its_line(shell, home) -> None:  # type: ignore[no-untyped-def]
    """Text that cites what is not there is refused with its place, and the last page stands."""
    text = home / "incidents" / "INC-0001" / "postmortem.md"
    good, page = text.read_text(encoding="utf-8"), home / "incidents" / "INC-0001" / "postmortem.html"
    before = page.read_bytes()
    text.write_text(_below(good, "went well", "It was {{ev.F99.effect}}."), encoding="utf-8")
    refused = shell("publish", "INC-0001")
    text.write_text(good + "\n## wnet-well\nx\n", encoding="utf-8")
    mistyped = shell("publish", "INC-0001")
    text.write_text(good, encoding="utf-8")
    assert refused.code == mistyped.code == 2
    assert "F99" in refused.line
    assert "there is no section 'wnet-well'" in mistyped.line
    assert page.read_bytes() == before


def test_a_failing_cell_is_told_everywhere(shell, home) -> None:  # type: ignore[no-untyped-def]
    """The notebook is kept, the page marks its section, the command exits 1 with the cell and the reason."""
    own = home / "templates"
    own.mkdir()
    notebook = json.loads((shipped("templates") / "timeline.ipynb").read_text(encoding="utf-8"))
    notebook["cells"][3]["cell_type"] = "code"
    notebook["cells"][3] |= {"source": ["raise ValueError('no such column')"], "outputs": [], "execution_count": None}
    (own / "timeline.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    try:
        got = shell("investigate", "INC-0001", "--only", "timeline")
        published = shell("publish", "INC-0001")
    finally:
        shutil.rmtree(own)
    assert got.code == published.code == 1
    assert f"cell {notebook['cells'][3]['id']}: ValueError: no such column" in got.line
    kept = json.loads((home / "incidents" / "INC-0001" / "notebooks" / "timeline.ipynb").read_text(encoding="utf-8"))
    assert any(o["output_type"] == "error" for c in kept["cells"] for o in c.get("outputs", ()))
    page = (home / "incidents" / "INC-0001" / "postmortem.html").read_text(encoding="utf-8")
    assert "no such column" in page
    runs = _json(shell("show", "INC-0001", "--json"))["runs"]
    assert [r["status"] for r in runs if r["template"] == "timeline"][-1] == "failed"
    assert shell("investigate", "INC-0001", "--only", "timeline").code == 0
    assert shell("publish", "INC-0001").code == 0


def test_unknown_names_are_refused_before_anything_runs(shell, home) -> None:  # type: ignore[no-untyped-def]
    """An unknown incident or template, or an incident never investigated, is one line; nothing is recorded."""
    before = _json(shell("history", "--json"))
    assert "there is no incident 'INC-0077'" in shell("investigate", "INC-0077").line
    assert "there is no template 'tiemline'" in shell("investigate", "INC-0001", "--only", "tiemline").line
    assert _json(shell("history", "--json")) == before
    assert _json(shell("open", "only a story", "--json"))["log"] == {}
    assert "was never investigated" in shell("publish", "INC-0002").line


def test_an_incident_without_a_log_is_a_timeline(shell, home) -> None:  # type: ignore[no-untyped-def]
    """It has nothing to diagnose, and still a page with its events."""
    assert shell("note", "INC-0002", "now", "note", "somebody saw something").code == 0
    got = shell("investigate", "INC-0002")
    assert got.code == 0
    assert "names no log" in got.out
    assert shell("publish", "INC-0002").code == 0
    page = (home / "incidents" / "INC-0002" / "postmortem.html").read_text(encoding="utf-8")
    assert "somebody saw something" in page


def test_a_log_that_is_gone_changes_nothing(shell, home) -> None:  # type: ignore[no-untyped-def]
    """An incident whose file was moved away is refused in one line, and its record stays as it was."""
    file = home / "log.parquet"
    before = _json(shell("show", "INC-0001", "--json"))
    file.rename(home / "moved.parquet")
    got = shell("investigate", "INC-0001")
    (home / "moved.parquet").rename(file)
    assert got.code == 2
    assert "log.parquet" in got.line
    assert _json(shell("show", "INC-0001", "--json")) == before


def test_an_interrupted_investigation_goes_on(shell, home) -> None:  # type: ignore[no-untyped-def]
    """Ctrl-C in the middle: exit code 130, a sound store, no notebook half done; the next run finishes."""
    place = home / "again"
    assert shell("open", "Interrupted", "--log", "log.parquet", "--home", place).code == 0
    child = spawn("investigate", "INC-0001", "--home", place)
    notebooks = place / "INC-0001" / "notebooks"
    deadline = time.monotonic() + 120
    while not (notebooks / "timeline.ipynb").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert err == "postmortem: interrupted; nothing half-written was kept\n"
    store = Store(place)
    assert store.check().sound
    assert sorted(f.stem for f in notebooks.glob("*.ipynb")) == sorted(r.template for r in store.runs("INC-0001"))
    assert list(place.rglob("*.part")) == []
    assert shell("investigate", "INC-0001", "--home", place).code == 0
    assert len(list(notebooks.glob("*.ipynb"))) == 3


def test_every_answer_for_a_script_is_json(shell, home) -> None:  # type: ignore[no-untyped-def]
    """Whatever has ``--json`` prints JSON and nothing else."""
    shell("action", "add", "INC-0001", "Alert on the share of late answers", "--kind", "detect", "--due", "2020-01-01")
    commands = (
        "action list --overdue", "action done INC-0001 A01", "mitigate INC-0001 --at 2026-01-14T09:00Z", "stats",
        "resolve INC-0001", "reopen INC-0001 --reason again", "close INC-0001", "edit INC-0001 --owner desk",
        "status INC-0001 --conditions worse", "search schedule", "similar INC-0001", "history INC-0001", "list",
        "events INC-0001", "event star INC-0001 E01", "event edit INC-0001 E01 --text changed", "audit verify",
        "event withdraw INC-0001 E02", "event import INC-0001 events.csv", "store check", "store backup kept", "cases",
        "store compact", "store restore kept", "store repair", "export INC-0001 out", "import out", "templates",
        "case flights_delays", "sql --schema",
    )  # fmt: skip
    for line in commands:
        _json(shell(*line.split(), "--json"))
    rows = _json(shell("sql", "select count(*) as n from incidents", "--json"))
    assert rows == [{"n": 3}]
    assert "n\n3\n" in shell("sql", "select count(*) as n from incidents", "--csv").out


def test_formats_for_other_programs(shell, home) -> None:  # type: ignore[no-untyped-def]
    """Events come as CSV, JSON lines and a calendar; actions as a calendar."""
    assert shell("events", "INC-0001", "--format", "csv").out.startswith("id,occurred_at,kind,text")
    assert all(json.loads(x) for x in shell("events", "INC-0001", "--format", "jsonl").out.splitlines())
    assert shell("events", "INC-0001", "--format", "ics").out.startswith("BEGIN:VCALENDAR")
    assert shell("action", "list", "--ics").out.startswith("BEGIN:VCALENDAR")
