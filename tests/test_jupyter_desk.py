"""The responder's desk: what is done in a panel is on record at once, and goes wrong in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from made_bundle import bundle

import toolkit as tk
from toolkit.errors import PostmortemError
from toolkit.jupyter import lab
from toolkit.jupyter.desks import Desk
from toolkit.jupyter.picker import Picker
from toolkit.notebooks.kernel import BATCH
from toolkit.records import Event, Finding, Incident
from toolkit.testing import make_incident

HOSTILE = "<img src=x onerror=alert(1)>\x1b[2J"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Sit down at an incident whose log changed its unit half-way, diagnosed once."""
    place = tmp_path_factory.mktemp("desk")
    case = make_incident("unit_change", variant="times_100", rows=700, seed=1)
    case.log.to_parquet(place / "served.parquet")
    case.reference.to_parquet(place / "held.parquet")
    store = tk.Store(place / "incidents")
    tk.open_incident(store, "Loans refused", log=place / "served.parquet", reference=place / "held.parquet",
                     roles=case.roles)  # fmt: skip
    made = tk.desk("INC-0001", store)
    made.diagnose()
    return made


def test_a_brushed_span_is_on_record_and_heeded(desk: Desk) -> None:
    """The first third alone has no fault: another verdict, of the span that was brushed; the whole log again after."""
    console = desk.console()
    assert console.widget is not None
    slider = console.brush["window"]
    ends = slider.index
    slider.high.value = f"{slider.stops[ends[1] // 3]:%Y-%m-%dT%H:%MZ}"
    assert slider.index == (0, ends[1] // 3)
    slider.high.value = "soon"
    assert "is no time" in console.said.place.value
    assert slider.index == (0, ends[1] // 3)
    console.run()
    recorded = desk.store.diagnosis(desk.id)
    assert recorded.mechanism != "unit_change"
    assert len(recorded.log["analysis"]["window"]) == 2
    assert [e for e in desk.store.events(desk.id) if e.source == "finding" and "utilisation" in e.text] == []
    slider.index = ends
    console.run()
    assert desk.store.diagnosis(desk.id).mechanism == "unit_change"
    (onset,) = [e for e in desk.store.events(desk.id) if e.source == "finding"]
    assert onset.occurred_at == desk.store.diagnosis(desk.id).onset
    desk.store.withdraw_event(desk.id, onset.id, reason="known for years")
    desk.diagnose()
    assert [e for e in desk.store.events(desk.id) if e.source == "finding"] == []


def test_events_are_added_and_starred(desk: Desk) -> None:
    """What the timeline's fields say is an event; a star is on record; a wrong time is one line and no event."""
    panel = desk.timeline()
    assert panel.widget is not None
    assert "Not done" not in panel.said.place.value
    panel.when.value, panel.what.value = "2026-01-20T08:00Z", HOSTILE
    panel.add()
    panel.star()
    (event,) = [e for e in desk.store.events(desk.id) if e.starred]
    assert (event.text, event.source) == (HOSTILE, "person")
    with panel.said.told():
        panel.save()
    assert "press Edit first" in panel.said.place.value
    panel.take()
    panel.what.value, panel.why.value = f"{HOSTILE} again", "it happened twice"
    panel.save()
    (event,) = [e for e in desk.store.events(desk.id) if e.starred]
    assert event.text == f"{HOSTILE} again"
    assert "onerror" not in panel.plot.value.replace("&lt;img src=x onerror", "")
    panel.when.value = "yesterday"
    with panel.said.told():
        panel.add()
    assert "is no time" in panel.said.place.value
    assert len([e for e in desk.store.events(desk.id) if e.source == "person"]) == 1


def test_a_contested_finding_leaves_the_ledger(desk: Desk) -> None:
    """Contest what speaks for the unit change: no line is of it, and the record says who, what and why."""
    board = desk.evidence()
    assert board.widget is not None
    with board.said.told():
        board.judge("contested")
    assert "needs a reason" in board.said.place.value
    for found in [f for f in desk.store.findings(desk.id) if "unit_change" in f.supports]:
        board.list.value, board.why.value = found.id, "the feed was always in cents"
        board.judge("contested")
    left = desk.store.diagnosis(desk.id)
    assert all(line.mechanism != "unit_change" for line in left.ledger)
    assert any("the feed was always in cents" in text for text in left.notes)
    assert all(j.actor and j.reason for j in desk.store.judgements(desk.id))


def test_slices_and_actions(desk: Desk) -> None:
    """The explorer cuts by any column, and counts every labelled row once; an action is on record and done."""
    panel = desk.slices()
    assert panel.widget is not None
    panel.least.value = 1
    panel.look()
    assert "slices" in panel.said.place.value
    from toolkit.jupyter.slicing import slices

    looked = desk.read().looked
    assert sum(s.n for s in slices(looked, panel.first.value, least=1)) <= len(looked.study.log)
    todo = desk.actions()
    assert todo.widget is not None
    todo.summary.value = "Check units"
    todo.add()
    todo.turn("done")
    assert [(t.action.summary, t.action.status) for t in desk.store.actions(desk.id)] == [("Check units", "done")]


def test_magics_write_and_complete(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """``%load_ext toolkit``: the magics find the nearest record, write to it, and complete ids and findings."""
    monkeypatch.setenv("POSTMORTEM_HOME", str(desk.store.folder))
    shell = InteractiveShell()
    tk.load_ipython_extension(shell)
    shell.run_line_magic("incident", "INC-0001")
    made = shell.run_cell_magic("event", "mitigation 2026-02-01T10:00Z star", "Rolled back\n")
    assert (made.kind, made.text, made.starred) == ("mitigation", "Rolled back", True)
    assert shell.run_line_magic("note", "Called the bank").kind == "note"
    assert isinstance(shell.run_line_magic("evidence", "F01"), Finding)
    assert "INC-0001" in shell.complete("INC", "%incident INC", 13)[1]
    assert "F01" in shell.complete("F0", "%evidence F0", 12)[1]
    from IPython.core.error import UsageError

    with pytest.raises(UsageError, match="there is no incident 'INC-0009'"):
        shell.run_line_magic("incident", "INC-0009")
    shown = shell.run_cell_magic("section", "surprised", "We took {{harm.n}} rows for all.\n")
    with pytest.raises(UsageError, match=r"unknown evidence 'harm.nothing'.*surprised, line 2"):
        shell.run_cell_magic("section", "surprised", "We took\n{{harm.nothing}}.\n")
    assert desk.case.prose["surprised"].strip() == "We took {{harm.n}} rows for all."
    assert "surprised" in shell.complete("sur", "%%section sur", 13)[1]
    assert f"We took {desk.case.verdict.harm.n:,} rows for all." in shown.text


def test_an_unattended_notebook_opens_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nobody there the same calls show pictures of a bundle, and an incident's id is refused in one line."""
    place = bundle().write(tmp_path / "bundle")
    monkeypatch.setenv(BATCH, "1")
    with pytest.raises(PostmortemError, match="opens no store"):
        tk.desk("INC-0001")
    still = tk.desk(place)
    for panel in (still.console(), still.timeline(), still.evidence(), still.slices(), still.actions(), still):
        shown = panel._repr_mimebundle_()
        assert set(shown) == {"text/html", "text/plain"}
        assert "<script" not in shown["text/html"]
    with pytest.raises(PostmortemError, match="sit down at the record"):
        _ = still.store


def test_what_is_shown_is_escaped(tmp_path: Path) -> None:
    """Every record, the record itself and the way in show hostile text as text, in a table with headers."""
    store = tk.Store(tmp_path / "incidents")
    store.open_incident(HOSTILE)
    things = [Incident("INC-1", HOSTILE), Event(bundle().events[0].occurred_at, "note", HOSTILE),
              Finding("d", HOSTILE), store, Picker(store), tk.cases()[0]]  # fmt: skip
    for thing in things:
        shown = thing._repr_mimebundle_()
        assert {"text/html", "text/markdown", "text/plain"} <= set(shown)
        assert "<img" not in shown["text/html"]
        assert 'scope="' in shown["text/html"]
        assert "\x1b" not in "".join(shown.values())


def test_the_launcher_cards_are_of_this_version() -> None:
    """The extension's version is the package's, and its files are the ones that JupyterLab is told of."""
    import json

    folder = Path(lab.__file__).parent / "labextension"
    about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    assert about["version"] == tk.__version__
    assert (folder / about["jupyterlab"]["_build"]["load"]).is_file()
    assert lab.current(folder)


def test_jupyterlab_is_told_to_ask_no_network(tmp_path: Path) -> None:
    """Newer versions, news and extensions are not looked for, unless what is handed on says otherwise."""
    given = lab.command(tmp_path, more=("--LabApp.news_url=x",))
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in given
    assert "--LabApp.extension_manager=readonly" in given
    assert [g for g in given if "news" in g] == ["--LabApp.news_url=x"]


@pytest.mark.parametrize("deaf", [False, True])
def test_who_ends_the_command_ends_its_server(deaf: bool, tmp_path: Path) -> None:
    """SIGTERM to ``postmortem lab`` goes on to what it serves; one that does not heed it is killed, and none stays."""
    ready = tmp_path / "ready"
    stand_in = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, {"signal.SIG_IGN" if deaf else "lambda *_: os._exit(0)"})
pathlib.Path({str(tmp_path / "part")!r}).write_text(str(os.getpid()))
os.replace({str(tmp_path / "part")!r}, {str(ready)!r})
time.sleep(60)
"""
    given = [sys.executable, "-c", stand_in]
    serve = f"import os, sys; from toolkit.jupyter import lab; sys.exit(lab.serve({given!r}, os.environ, patience=0.3))"
    ours = subprocess.Popen([sys.executable, "-c", serve])
    while not ready.exists():
        assert ours.poll() is None
        time.sleep(0.02)
    ours.send_signal(signal.SIGTERM)
    assert ours.wait(timeout=30) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(ready.read_text()), 0)
