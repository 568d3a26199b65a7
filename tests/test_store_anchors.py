"""Anchors outside of the store: what the journal said of itself elsewhere finds one that was written anew."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from shell import run

from toolkit.errors import StoreError
from toolkit.store import Store, anchors, journal
from toolkit.store.commit import audit_row
from toolkit.store.plain import canonical


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a store with two entries about one incident."""
    made = Store(tmp_path / "incidents")
    made.open_incident("One", actor="ops")
    made.update("INC-0001", title="Two", actor="ops")
    return made


def forge(store: Store) -> None:
    """Rewrite history as who owns every file of the store could: journal, database and HEAD, all hashes right."""
    import duckdb

    head, made = journal.Head(), []
    for line in (store.folder / "journal.jsonl").read_text().replace("ops", "foe").splitlines():
        entry = {k: v for k, v in json.loads(line).items() if k not in ("hash", "prev", "seq")}
        made.append(journal.sealed(entry, head))
        head = journal.after(head, made[-1])
    (store.folder / "journal.jsonl").write_bytes(b"".join(map(journal.line, made)))
    anchor = {"seq": head.seq, "hash": head.hash, "bytes": head.bytes}
    (store.folder / "HEAD").write_bytes(canonical(anchor) + b"\n")
    with duckdb.connect(str(store.folder / "incidents.duckdb")) as plain:
        for entry in made:
            row = audit_row(entry)
            plain.execute(
                "UPDATE audit SET actor = ?, hash = ?, entry = ? WHERE seq = ?",
                [row["actor"], row["hash"], row["entry"], row["seq"]],
            )


def test_a_forged_history_is_found_by_a_page(store: Store, tmp_path: Path) -> None:
    """Who rewrites journal, HEAD and database alike is found out by a page that left the folder, or stayed in it."""
    anchor = store.anchor("INC-0001")
    page = tmp_path / "elsewhere.html"
    page.write_text(f"<footer>The record, up to its journal's <span>{anchor}</span>.</footer>")
    assert store.audit_verify(anchors.in_file(page)).problems == ()
    forge(store)
    assert store.audit_verify().sound
    said = store.audit_verify(anchors.in_file(page)).problems
    assert said == (f"entry {anchor.seq} is not the one that {page} names: the journal was written anew",)
    (store.folder / "INC-0001").mkdir()
    shutil.copy(page, store.folder / "INC-0001" / "postmortem.html")
    assert not store.audit_verify().sound


def test_a_cut_history_is_found_by_a_page(store: Store, tmp_path: Path) -> None:
    """An entry that a page names and the journal lacks is said."""
    page = tmp_path / "page.html"
    last = store.anchor()
    page.write_text(str(last))
    other = Store(tmp_path / "other")
    other.open_incident("One")
    said = f"{page} names entry {last.seq}, which the journal lacks"
    assert other.audit_verify(anchors.in_file(page)).problems == (said,)


def test_an_anchor_of_an_incident_is_its_last_change(store: Store) -> None:
    """Neither another incident nor a page that was written moves it, so the same page is the same page."""
    before = store.anchor("INC-0001")
    store.open_incident("Other")
    store.record_document("INC-0001", "postmortem.html", "ab")
    assert store.anchor("INC-0001") == before
    store.update("INC-0001", title="Three")
    assert store.anchor("INC-0001").seq == store.anchor().seq == before.seq + 3


def test_a_note_in_git_is_an_anchor(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`audit anchor --git` says the head at the present commit, and `audit verify --git` holds the journal to it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    refused = run(capsys, "audit", "anchor", "--git", repository, "--home", store.folder)
    assert refused.code == 2
    assert "name a repository with a commit" in refused.line
    for key, value in (("user.name", "ops"), ("user.email", "ops@example.com"), ("commit.gpgsign", "false")):
        subprocess.run(["git", "-C", str(repository), "config", key, value], check=True)
    subprocess.run(["git", "-C", str(repository), "commit", "-qm", "a", "--allow-empty"], check=True)
    said = run(capsys, "audit", "anchor", "--git", repository, "--home", store.folder)
    assert said.code == 0
    assert said.out.startswith(f"{store.anchor()}\nnoted at commit ")
    verify = ("audit", "verify", "--git", repository, "--home", store.folder)
    assert run(capsys, *verify).code == 0
    forge(store)
    found = run(capsys, *verify)
    assert (found.code, found.out.count("git note of")) == (1, 1)


def test_what_says_nothing_is_no_anchor(tmp_path: Path) -> None:
    """A file without an anchor is refused in one line, so that nobody takes it for a proof."""
    (tmp_path / "empty.html").write_text("<p>entry 4: 12ab</p>")
    with pytest.raises(StoreError, match="names no entry of a journal"):
        anchors.in_file(tmp_path / "empty.html")
    with pytest.raises(StoreError, match="cannot be read"):
        anchors.in_file(tmp_path / "none.html")
