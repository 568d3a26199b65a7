"""From a draft to what is published: who approved which text, what is missing, and what takes whose place."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import made_bundle
import pytest
from shell import run

from toolkit.errors import PostmortemError
from toolkit.investigation import investigate, open_incident, publish, verify
from toolkit.investigation.reviewing import ask, comment, decide, diff, standing
from toolkit.report.diff import changes
from toolkit.report.lint import lint
from toolkit.report.publish import DATA, prepare
from toolkit.report.written import FILE
from toolkit.store import Store
from toolkit.store.packed import pack, unpack

#: What no policy of a page forbids: to lead elsewhere at once.
REFRESH = '<META HTTP-EQUIV="refresh" content="0;url=https://evil.example">'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A SEV2 incident without a log, ready to be written about."""
    made = Store(tmp_path / "incidents")
    open_incident(made, "Answers turned round", severity="SEV2", owner="Ada King")
    investigate(made, "INC-0001", only=())
    write(made, "surprised", "We trusted the feed.")
    return made


def write(store: Store, key: str, text: str) -> None:
    """Write one answer into the incident's text."""
    (store.folder / "INC-0001" / FILE).write_text(f"## {key}\n{text}\n", encoding="utf-8")


def test_a_text_is_published_when_others_approved_it(store: Store) -> None:
    """A SEV2 needs one approval of this very text, by somebody else than who asked; until then it is a draft."""
    first = publish(store, "INC-0001")
    assert (first.document.status, first.standing.missing) == ("draft", ["1 approval of this text"])
    assert '<span class="badge draft">draft</span>' in first.page.read_text(encoding="utf-8")
    ask(store, "INC-0001", ["bo"], by="lead")
    assert standing(store, "INC-0001").status == "in_review"
    with pytest.raises(PostmortemError, match="lead asked for the review"):
        decide(store, "INC-0001", "approve", by="lead")
    assert decide(store, "INC-0001", "approve", by="bo").status == "approved"
    made = publish(store, "INC-0001")
    assert (made.document.status, made.document.version) == ("published", 2)
    assert standing(store, "INC-0001").status == "published"


def test_a_changed_text_is_not_the_one_that_was_approved(store: Store) -> None:
    """After a change it is a draft again, which takes no published page's place; a new version needs a reason."""
    decide(store, "INC-0001", "approve", by="bo")
    page = publish(store, "INC-0001").page
    before = page.read_bytes()
    write(store, "surprised", "We trusted the third feed.")
    found = standing(store, "INC-0001")
    assert (found.status, found.missing) == ("draft", ["1 approval of this text, which was changed since it was read"])
    with pytest.raises(PostmortemError, match="version 1 is published, and the new text lacks 1 approval"):
        publish(store, "INC-0001")
    decide(store, "INC-0001", "approve", by="bo")
    with pytest.raises(PostmortemError, match="say why it takes its place"):
        publish(store, "INC-0001")
    assert page.read_bytes() == before
    made = publish(store, "INC-0001", reason="it was the third feed")
    assert (made.document.version, made.document.reason) == (2, "it was the third feed")
    frozen = store.folder / "INC-0001" / "versions" / "D01" / "postmortem.html"
    assert frozen.read_bytes() == before


def test_an_objection_stands_until_its_reviewer_approves(store: Store) -> None:
    """An approval of another does not settle it."""
    decide(store, "INC-0001", "object", "Which feed?", by="cy")
    assert decide(store, "INC-0001", "approve", by="bo").missing == ["cy's objection is not settled"]
    assert decide(store, "INC-0001", "approve", by="cy").ready


def test_own_numbers_of_approvals(store: Store) -> None:
    """reviewers.toml says how many approvals a severity or an audience needs; a wrong line is named."""
    file = store.folder / "reviewers.toml"
    file.write_text("SEV2 = 0\npublic = 3\n", encoding="utf-8")
    assert standing(store, "INC-0001").ready
    assert standing(store, "INC-0001", "public").needed == 3
    file.write_text("SEV9 = 1\n", encoding="utf-8")
    with pytest.raises(PostmortemError, match="'SEV9' says no number"):
        standing(store, "INC-0001")


def test_comments_have_a_place(store: Store) -> None:
    """A comment names a place of the document and words that are there."""
    made = comment(store, "INC-0001", "surprised", "Which one?", "the feed", by="bo")
    assert standing(store, "INC-0001").comments == (made,)
    with pytest.raises(PostmortemError, match="no place 'nowhere'"):
        comment(store, "INC-0001", "nowhere", "x")
    with pytest.raises(PostmortemError, match="not in surprised"):
        comment(store, "INC-0001", "surprised", "x", "the second feed")


def test_each_audience_has_its_own_folder_and_versions(store: Store) -> None:
    """The public variant names nobody, lies beside the team's, and can be verified with what was kept inside."""
    write(store, "surprised", "Ada King trusted the feed.\n::: team\nCall her.\n:::")
    publish(store, "INC-0001")
    made = publish(store, "INC-0001", audience="public")
    assert made.page == store.folder / "INC-0001" / "public" / "postmortem.html"
    assert (made.document.version, made.document.audience) == (1, "public")
    page = made.page.read_text(encoding="utf-8")
    assert "[the owner] trusted the feed." in page
    assert "Call her" not in page
    assert verify(store, "INC-0001", audience="public").holds
    one = publish(store, "INC-0001", audience="leadership", kind="executive")
    assert one.page.parent.name == "leadership-executive"


def test_a_restricted_incident_is_not_for_the_public(store: Store) -> None:
    """What is restricted is written for nobody outside."""
    store.update("INC-0001", restricted=True)
    with pytest.raises(PostmortemError, match="postmortem edit INC-0001 --unrestricted"):
        publish(store, "INC-0001", audience="public")


def test_a_diff_reads(store: Store) -> None:
    """Two versions are compared by text, numbers and evidence; without a second one with what is written now."""
    publish(store, "INC-0001")
    write(store, "surprised", "We trusted the third feed.")
    first, second, found = diff(store, "INC-0001")
    assert (first, second) == ("D01", "now")
    assert found.text == ("@ surprised", "- We trusted the feed.", "+ We trusted the third feed.")
    with pytest.raises(PostmortemError, match=r"there are D01 \(team, draft\)"):
        diff(store, "INC-0001", "D07")


def test_a_diff_names_numbers_and_findings() -> None:
    """A number that changed is shown before and after; a finding that is new or gone is told by its statement."""
    old = made_bundle.bundle()
    verdict = replace(
        made_bundle.verdict(),
        harm=replace(made_bundle.verdict().harm, observed=0.7101),
        findings=made_bundle.findings()[:3],
    )
    made = changes(*(json.loads(prepare(b).files[DATA]) for b in (old, replace(old, verdict=verdict))))
    assert "harm.observed: 0.71 -> 0.7101" in made.numbers
    assert made.evidence == ("finding F04 is gone: Whether people followed the model cannot be told.",)
    assert made.text == ()


def test_lint_finds_what_is_missing_and_words_that_hide() -> None:
    """Blank answers and actions without owner are gaps; blame, hindsight, names and typed numbers are remarked on."""
    text = (
        "Ada King was careless.\nShe should have seen 1,830 errors, {{harm.excess_errors}} in 2026.\n`should have` 7 %"
    )
    bundle = made_bundle.bundle(prose={"went-wrong": text, "root-cause": "The feed."})
    found = {(r.where, r.rule) for r in lint(bundle, names=["Ada King"])}
    assert {
        ("went-wrong, line 1", "person named"),
        ("went-wrong, line 1", "blame"),
        ("went-wrong, line 2", "hindsight"),
        ("went-wrong, line 2", "number not cited"),
        ("went-wrong, line 3", "number not cited"),
        ("root-cause", "cause without evidence"),
        ("surprised", "blank"),
    } <= found
    assert ("went-wrong, line 3", "hindsight") not in found
    typed = [r.said.split()[0] for r in lint(bundle) if r.rule == "number not cited"]
    assert typed == ["1,830", "7"]


def test_the_commands_say_where_it_stands(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Review, lint, diff and publish from the shell; a gap exits 1, a document that lacks approvals is a draft."""
    home = ["--home", str(store.folder)]
    assert "lacks 1 approval" in run(capsys, "publish", "INC-0001", *home).out
    said = run(capsys, "lint", "INC-0001", *home)
    assert said.code == 1
    assert "gap  got-lucky: nothing is written yet." in said.out
    asked = run(capsys, "review", "ask", "INC-0001", "--reviewer", "bo", "--by", "lead", *home)
    assert "in review: 0 of 1 approvals" in asked.out
    assert run(capsys, "review", "approve", "INC-0001", "--by", "lead", *home).code == 2
    assert "approved: 1 of 1" in run(capsys, "review", "approve", "INC-0001", "--by", "bo", *home).out
    shown = run(capsys, "review", "status", "INC-0001", *home).out
    assert "D01  1        team  full  draft" in shown
    assert "D01 and now say the same" in run(capsys, "diff", "INC-0001", *home).out


def test_an_incident_moves_as_one_file(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exported as a zip and imported elsewhere it has its documents, frozen as they were; a changed one is refused."""
    decide(store, "INC-0001", "approve", by="bo")
    comment(store, "INC-0001", "surprised", "Which one?", by="bo")
    publish(store, "INC-0001")
    there = ["--home", str(tmp_path / "other")]
    packed = tmp_path / "handover.zip"
    assert run(capsys, "export", "INC-0001", "--bundle", packed, "--home", store.folder).code == 0
    assert run(capsys, "import", packed, *there).out == "INC-0001 Answers turned round\n"
    frozen = Path("INC-0001") / "versions" / "D01" / "postmortem.html"
    assert (tmp_path / "other" / frozen).read_bytes() == (store.folder / frozen).read_bytes()
    other = Store(tmp_path / "other")
    assert verify(other, "INC-0001").holds
    assert other.comments("INC-0001") == store.comments("INC-0001")
    assert (tmp_path / "other" / "INC-0001" / FILE).read_bytes() == (store.folder / "INC-0001" / FILE).read_bytes()
    # anybody can write an approval into a file: it is kept, and approves nothing here
    assert [r.reviewer for r in other.reviews("INC-0001")] == ["bo"]
    assert standing(other, "INC-0001").missing == [
        "1 approval of this text (bo approved it where it was imported from)"
    ]
    unpack(packed, tmp_path / "open")
    page = tmp_path / "open" / "versions" / "D01" / "postmortem.html"
    frozen_page = page.read_text(encoding="utf-8")
    page.write_text(frozen_page + " ", encoding="utf-8")
    pack(tmp_path / "open", packed)
    refused = run(capsys, "import", packed, "--home", tmp_path / "third")
    assert not (tmp_path / "third" / "INC-0001").exists()
    assert "version D01 in it is not what was published: postmortem.html was changed" in refused.line
    for bad in ("<!doctype html><script>alert(1)</script>", frozen_page.replace("</title>", f"</title>{REFRESH}", 1)):
        page.write_text(bad, encoding="utf-8")
        sums = page.with_name("manifest.json")
        known = json.loads(sums.read_text(encoding="utf-8"))
        known["files"]["postmortem.html"] = hashlib.sha256(bad.encode()).hexdigest()
        sums.write_text(json.dumps(known), encoding="utf-8")
        pack(tmp_path / "open", packed)
        assert "postmortem.html is none of ours" in run(capsys, "import", packed, "--home", tmp_path / "third").line
    assert "name a folder or a file" in run(capsys, "export", "INC-0001", *there).line
