"""One incident as a folder of plain files: out, merged without a store, and in again; and hostile folders."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from test_store import NOON, a_verdict

from toolkit.errors import PostmortemError, StoreError
from toolkit.records import ActionItem, Event
from toolkit.store import Store, load


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a store with one incident that has everything."""
    return filled(tmp_path / "incidents")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle of that incident, to copy."""
    folder = tmp_path_factory.mktemp("exported")
    return filled(folder / "incidents").export_bundle("INC-0001", folder / "b")


def filled(home: Path) -> Store:
    """Make a store with one incident that has everything."""
    made = Store(home)
    log = {"paths": ["/data/served/a.parquet"], "hashes": {"/data/served/a.parquet": "aa"}}
    name = made.open_incident("One", owner="ops", tags=("a",), roles={"commander": "ops"}, log=log).id
    made.add_events(name, [Event(NOON, "alert", "b"), Event(NOON, "note", "gone")], actor="ops")
    made.withdraw_event(name, "E02")
    made.record_diagnosis(name, a_verdict(), log_hashes={"/data/served/a.parquet": "aa"})
    made.record_diagnosis(name, a_verdict())
    made.add_action(name, ActionItem("Check units", "prevent", due=NOON))
    made.add_note(name, "executive", "It stands")
    made.judge(name, a_verdict().findings[0].id, "contested", reason="the feed was late")
    made.record_run(name, "timeline", "ok", "notebooks/timeline.ipynb", 1.5)
    made.record_document(name, "postmortem.html", "ab")
    made.review(name, "ask", "ada", "f" * 64, actor="ops")
    made.review(name, "object", "ada", "f" * 64, "No evidence", actor="ada")
    made.resolve_comment(name, made.comment(name, "E01", "Which?", "b", actor="ada").id, "The one of noon", actor="ops")
    made.submit(name, "gdpr", "initial", "The authority", NOON, "R-1", actor="ops")
    own = made.folder / name
    (own / "notebooks").mkdir(parents=True)
    (own / "notebooks" / "timeline.ipynb").write_text('{"cells": []}')
    (own / "bundle").mkdir()
    series = {"buckets": ["2026-03-14T00:00:00Z"], "bucket_end": ["2026-03-15T00:00:00Z"], "immature": [False]}
    metric = {"value": [0.5], "low": [0.4], "high": [0.6], "n": [100]}
    (own / "bundle" / "series.json").write_text(json.dumps({**series, "metrics": {"accuracy": metric}, "groups": []}))
    (own / "postmortem.md").write_text("# what people say\n")
    return made


def everything(store: Store, name: str) -> tuple[object, ...]:
    """Give what a store holds of an incident."""
    actions = [t.action for t in store.actions(name)]
    held = (
        store.events(name, withdrawn=True),
        actions,
        store.notes(name),
        store.judgements(name),
        store.runs(name),
        store.documents(name),
        store.reviews(name),
        store.comments(name),
        store.submissions(name),
    )
    runs = store.sql("SELECT run, part, path, sha256 FROM logs WHERE run > 0")[1]
    return (*held, store.diagnosis(name, 1), store.diagnosis(name, 2), [r for r in runs if r[0] == 1])


def files(folder: Path) -> dict[str, str]:
    """Give the hash of every file of a folder."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".git/" not in f"{p.relative_to(folder)}/"
    }


def test_a_bundle_comes_back_whole(store: Store, tmp_path: Path) -> None:
    """Every record, its times and its files go out and come in; written again, not one byte differs."""
    folder = store.export_bundle("INC-0001", tmp_path / "b", history=False)
    other = Store(tmp_path / "other")
    came = other.import_bundle(folder, key="once")
    assert other.import_bundle(folder, key="once") == came
    was = store.incident("INC-0001")
    assert (came.id, came.title, came.roles, came.tags) == (was.id, was.title, was.roles, was.tags)
    assert came.created_at == was.created_at
    there, here = everything(other, came.id), everything(store, "INC-0001")
    assert there[:-1] == here[:-1]
    assert there[-1] == [(1, "log", "a.parquet", "aa")]
    for name in ("notebooks/timeline.ipynb", "bundle/series.json", "postmortem.md"):
        assert (other.folder / came.id / name).read_bytes() == (store.folder / "INC-0001" / name).read_bytes()
    again = other.export_bundle(came.id, tmp_path / "again", history=False)
    assert files(again) == files(folder)
    assert other.check().sound


def test_an_id_that_is_taken_gives_the_next(store: Store, tmp_path: Path) -> None:
    """Where there is an INC-0001 already, the one that comes in is the next; its events' ids stay."""
    folder = store.export_bundle("INC-0001", tmp_path / "b")
    came = store.import_bundle(folder)
    assert came.id == "INC-0002"
    assert [e.id for e in store.events(came.id)] == ["E01"]
    assert [e.id for e in store.add_events(came.id, [Event(NOON, "note", "new")])] == ["E03"]


def test_tables_are_for_data_frames(store: Store, tmp_path: Path) -> None:
    """Metrics over time and findings are Parquet; the history is the journal's own lines."""
    import pandas as pd

    folder = store.export_bundle("INC-0001", tmp_path / "b")
    metrics = pd.read_parquet(folder / "evidence" / "metrics.parquet")
    assert metrics[["metric", "value", "n"]].to_numpy().tolist() == [["accuracy", 0.5, 100]]
    assert len(pd.read_parquet(folder / "evidence" / "findings.parquet")) == 2 * len(a_verdict().findings)
    lines = (folder / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["op"] for line in lines][:2] == ["open_incident", "add_events"]


def test_no_folder_of_this_machine_is_in_it(store: Store, tmp_path: Path) -> None:
    """Without the history, no file names a folder where a log lay."""
    folder = store.export_bundle("INC-0001", tmp_path / "b", history=False)
    assert not [p for p in folder.rglob("*") if p.is_file() and b"/data/served" in p.read_bytes()]


def test_what_two_people_add_merges_without_the_store(store: Store, tmp_path: Path) -> None:
    """Two copies in two branches, each with a new event, one with an edit too: git merges them, and all comes in."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repository = tmp_path / "repository"
    who = ("-c", "user.name=ops", "-c", "user.email=ops@example.com", "-c", "commit.gpgsign=false")

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(repository), *who, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    repository.mkdir()
    git("init", "-q", "-b", "main")
    store.export_bundle("INC-0001", repository)
    other = Store(tmp_path / "other")
    other.import_bundle(repository)
    git("add", ".")
    git("commit", "-qm", "as it was")
    store.add_events("INC-0001", [Event(NOON, "mitigation", "from one")])
    store.edit_event("INC-0001", "E01", text="edited by one")
    store.export_bundle("INC-0001", repository)
    changed = git("diff", "--stat", "--", "events", "incident.json").splitlines()
    assert len(changed) == 2, changed  # one line of one record; the new record is a file not yet added
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "two", "HEAD~1")
    other.add_events("INC-0001", [Event(NOON, "note", "from two")])
    other.update("INC-0001", severity="SEV1")
    other.export_bundle("INC-0001", repository)
    git("add", ".")
    git("commit", "-qm", "two")
    git("merge", "-q", "main", "-m", "both")
    third = Store(tmp_path / "third")
    came = third.import_bundle(repository)
    assert came.severity == "SEV1"
    texts = {(e.id, e.text) for e in third.events(came.id)}
    assert texts == {("E01", "edited by one"), ("E03", texts_of(texts, "E03")), ("E04", texts_of(texts, "E04"))}
    assert {text for _, text in texts} == {"edited by one", "from one", "from two"}


def texts_of(texts: set[tuple[str, str]], name: str) -> str:
    """Give the text of an event: which of two newcomers keeps the id that both had is not said."""
    return next(text for found, text in texts if found == name)


def test_a_folder_that_holds_something_else_is_left_alone(store: Store, tmp_path: Path) -> None:
    """A bundle is written into an empty folder or over itself, and never over anything else."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "README.md").write_text("mine")
    with pytest.raises(StoreError, match="holds something else"):
        store.export_bundle("INC-0001", tmp_path / "full")
    folder = store.export_bundle("INC-0001", tmp_path / "b")
    name = store.open_incident("Two").id
    with pytest.raises(StoreError, match="holds INC-0001, another incident"):
        store.export_bundle(name, folder)
    store.update("INC-0001", title="Renamed")
    assert load(store.export_bundle("INC-0001", folder)).incident.title == "Renamed"


def test_the_format_before_is_still_read(store: Store, tmp_path: Path) -> None:
    """A bundle of toolkit.bundle/1, one flat file a table, comes in; one of its files that was changed does not."""
    folder = tmp_path / "flat"
    folder.mkdir()
    event = {**store.events("INC-0001")[0].to_dict(), "noted_at": "2026-03-14T12:00:00Z"}
    parts = {
        "incident": {**store.incident("INC-0001").to_dict(), "id": "INC-0009"},
        "diagnosis": a_verdict().to_dict(),
        "events": [event],
        **{name: [] for name in ("actions", "runs", "documents", "notes")},
    }
    sums = {}
    for name, part in parts.items():
        (folder / f"{name}.json").write_text(json.dumps(part))
        sums[f"{name}.json"] = hashlib.sha256((folder / f"{name}.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({"format": "toolkit.bundle/1", "sha256": sums}))
    came = Store(tmp_path / "other").import_bundle(folder)
    assert (came.id, came.title) == ("INC-0009", "One")
    (folder / "events.json").write_text("[]")
    with pytest.raises(StoreError, match=r"events\.json was changed"):
        load(folder)


def _change(name: str, **values: object) -> Callable[[Path], None]:
    """Make a function that changes fields of the first file that matches."""

    def change(folder: Path) -> None:
        file = next(folder.glob(name))
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))

    return change


def _nested(folder: Path) -> None:
    (folder / "incident.json").write_text("[" * 100_000)


def _pipe(folder: Path) -> None:
    (folder / "incident.json").unlink()
    os.mkfifo(folder / "incident.json")


def _link(folder: Path) -> None:
    (folder / "incident.json").unlink()
    (folder / "incident.json").symlink_to("/etc/passwd")


def _infinite(folder: Path) -> None:
    file = folder / "incident.json"
    file.write_text(file.read_text().replace('"responder_hours": null', '"responder_hours": Infinity'))


HOSTILE: dict[str, Callable[[Path], object]] = {
    "format": _change("bundle.json", format="toolkit.bundle/99"),
    "a list for a record": lambda folder: next(folder.glob("events/*.json")).write_text("[1]"),
    "nested": _nested,
    "pipe": _pipe,
    "link": _link,
    "infinite": _infinite,
    "not text": lambda folder: (folder / "incident.json").write_bytes(b"\xff\xfe\x00"),
    "severity": _change("incident.json", severity=["SEV1"]),
    "roles": _change("incident.json", roles=7),
    "log": _change("incident.json", log=["/etc/passwd"]),
    "tags": _change("incident.json", tags="abc"),
    "time": _change("incident.json", occurred_at={"a": 1}),
    "kind": _change("events/*.json", kind="<script>"),
    "no time": _change("events/*.json", occurred_at=None),
    "run": _change("runs/*.json", path="../../../etc/passwd\n"),
    "document": _change("documents/*.json", path="/etc/.."),
    "verdict": _change("diagnoses/*.json", diagnosis={"format": "toolkit.diagnosis/1"}),
    "number": _change("diagnoses/*.json", run="one"),
    "huge number": lambda folder: (folder / "incident.json").write_text("1" * 10_000),
    "surrogate": _change("bundle.json", id="\ud800"),
}


@pytest.mark.parametrize("harm", HOSTILE)
def test_a_hostile_folder_is_refused_in_one_line(exported: Path, tmp_path: Path, harm: str) -> None:
    """Whatever was done to a bundle ends in one line of ours, and nothing of it is in the store."""
    folder = Path(shutil.copytree(exported, tmp_path / "b"))
    HOSTILE[harm](folder)
    other = Store(tmp_path / "other")
    if harm == "surrogate":  # an id that is none of ours is not taken over
        assert other.import_bundle(folder).id == "INC-0001"
        return
    with pytest.raises(PostmortemError) as caught:
        other.import_bundle(folder)
    assert "\n" not in str(caught.value)
    assert other.incidents() == ()


def test_a_bundle_chooses_no_file_of_this_machine(exported: Path, tmp_path: Path) -> None:
    """Paths become names, links are not followed, and files beside the known ones stay where they are."""
    folder = Path(shutil.copytree(exported, tmp_path / "b"))
    _change("incident.json", log={"paths": ["/etc/passwd"], "reference": "..\\..\\secret.csv"})(folder)
    _change("runs/*.json", path="../../../../etc/passwd")(folder)
    (folder / "notebooks" / "x.ipynb").symlink_to("/etc/passwd")
    (folder / "notebooks" / "evil.py").write_text("boom")
    shutil.rmtree(folder / "evidence")
    (folder / "evidence").symlink_to(exported / "evidence")
    other = Store(tmp_path / "other")
    came = other.import_bundle(folder)
    assert came.log == {"paths": ["passwd"], "reference": "secret.csv"}
    assert [run.path for run in other.runs(came.id)] == ["notebooks/passwd"]
    there = sorted(str(p.relative_to(other.folder / came.id)) for p in (other.folder / came.id).rglob("*.*"))
    assert there == ["notebooks/timeline.ipynb", "postmortem.md"]
