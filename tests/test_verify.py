"""A published postmortem can be computed again by anyone, and what no longer holds is named sentence by sentence."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import made_bundle
import pandas as pd
import pytest
from shell import a_broken_log, written

from toolkit.errors import PostmortemError
from toolkit.investigation import investigate, open_incident, publish, verify
from toolkit.notebooks.bundle import GroupValue
from toolkit.profile.frozen import freeze, thaw
from toolkit.profile.model import Cube
from toolkit.report.prose import render_prose
from toolkit.report.recheck import differences, same
from toolkit.store import Store

pytestmark = [pytest.mark.filterwarnings("ignore:All-NaN slice"), pytest.mark.drawn_anew]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """An incident with a small log, investigated without notebooks and published once."""
    folder = tmp_path_factory.mktemp("verify")
    written(a_broken_log(), folder / "log.parquet")
    store = Store(folder / "incidents")
    store.folder.mkdir()
    (store.folder / "redaction.toml").write_text("freeze_sample = true\n", encoding="utf-8")
    open_incident(store, "Answers turned round", log=folder / "log.parquet")
    investigate(store, "INC-0001", only=())
    publish(store, "INC-0001")
    return store


@pytest.fixture
def log(store: Store) -> Path:
    """The log, put back as it was after the test."""
    file = store.folder.parent / "log.parquet"
    before = file.read_bytes()
    yield file
    file.write_bytes(before)


def test_what_was_published_holds(store: Store) -> None:
    """On the same log every cited value comes out again, findings, plots and groups too."""
    made = verify(store, "INC-0001")
    assert (made.basis, made.stale, made.problems) == ("log", (), ())
    assert made.cited > 10


def test_one_changed_row_is_enough(store: Store, log: Path) -> None:
    """One label turned round in 600 rows: the sentences that rest on it are named, with what they say and would say."""
    rows = pd.read_parquet(log)
    rows.loc[500, "label"] = 1 - rows.loc[500, "label"]
    rows.to_parquet(log)
    made = verify(store, "inc-0001")
    assert not made.holds
    assert made.problems[0] == "log.parquet was changed since it was diagnosed"
    stale = {s.reference: s for s in made.stale}
    assert "harm.observed" in stale
    assert stale["harm.observed"].was != stale["harm.observed"].now
    assert "was expected" in stale["harm.observed"].sentence


def test_a_row_that_changes_no_number_is_noticed(store: Store, log: Path) -> None:
    """A log that is not the one that was diagnosed is told even if every value comes out the same."""
    pd.read_parquet(log).to_parquet(log, compression="gzip")
    made = verify(store, "INC-0001")
    assert (made.stale, made.problems) == ((), ("log.parquet was changed since it was diagnosed",))


def test_without_the_log_the_frozen_profile_is_diagnosed_again(store: Store, log: Path) -> None:
    """Where the log is gone and rows may be kept, the diagnosis comes out of the frozen profile as it came out then."""
    log.unlink()
    made = verify(store, "INC-0001")
    assert (made.basis, made.stale, made.problems) == ("profile", (), ())
    assert "the log cannot be read" in made.notes[0]
    assert made.cited > 10


def frozen(store: Store, folder: Path, profile: bytes | None) -> Path:
    """Copy the frozen document, with another profile in it or none, the sums made to fit."""
    copy = folder / "copy"
    shutil.copytree(store.folder / "INC-0001" / "versions" / "D01", copy)
    manifest, file = copy / "manifest.json", copy / "evidence" / "profile.npz"
    known = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.chmod(0o644)
    file.unlink()
    if profile is None:
        del known["files"]["evidence/profile.npz"]
    else:
        file.write_bytes(profile)
        known["files"]["evidence/profile.npz"] = hashlib.sha256(profile).hexdigest()
    manifest.write_text(json.dumps(known), encoding="utf-8")
    return copy


def test_changed_rows_of_the_frozen_profile_are_noticed(store: Store, tmp_path: Path) -> None:
    """Labels turned round among the rows that were kept: findings and the sentences that rest on them are named."""
    profile, whole = thaw((store.folder / "INC-0001" / "profile.npz").read_bytes())
    assert whole
    label = profile.sample.label.copy()
    label[-150:] = 1 - label[-150:]
    forged = freeze(replace(profile, sample=replace(profile.sample, label=label)), rows=True)
    made = verify(None, str(frozen(store, tmp_path, forged)))
    assert made.basis == "profile"
    assert made.stale
    assert any(p.startswith("findings that come out differently") for p in made.problems)


def test_counts_alone_give_plots_and_groups_again(store: Store, tmp_path: Path) -> None:
    """Where no row may be kept, a changed count shows in the plot that it makes; without any, evidence is all."""
    profile, _ = thaw((store.folder / "INC-0001" / "profile.npz").read_bytes())
    counts, whole = thaw(freeze(profile, rows=False))
    assert (len(counts.sample), whole) == (0, False)
    made = verify(None, str(frozen(store, tmp_path / "a", freeze(profile, rows=False))))
    assert (made.basis, made.stale, made.problems) == ("evidence", (), ())
    time = counts.cubes["time"]
    sums = {**time.sums, "loss": time.sums["loss"] + (time.keys["bucket"] == time.keys["bucket"].max())}
    forged = freeze(replace(counts, cubes={**counts.cubes, "time": Cube(time.keys, sums)}), rows=False)
    made = verify(None, str(frozen(store, tmp_path / "b", forged)))
    assert any(p.startswith("the plot of accuracy over time: 1 of") for p in made.problems)
    made = verify(None, str(frozen(store, tmp_path / "c", None)))
    assert (made.basis, made.holds) == ("evidence", True)
    with pytest.raises(PostmortemError, match="frozen profile cannot be read"):
        verify(None, str(frozen(store, tmp_path / "d", b"PK no profile")))


def test_a_flipped_byte_and_a_forged_number_are_noticed(store: Store, tmp_path: Path) -> None:
    """A changed file differs from its sum; a page whose text was changed says what its data does not."""
    copy = tmp_path / "copy"
    shutil.copytree(store.folder / "INC-0001" / "versions" / "D01", copy)
    page = copy / "postmortem.html"
    page.chmod(0o644)
    page.write_text(page.read_text(encoding="utf-8").replace("was expected", "was hoped for"), encoding="utf-8")
    made = verify(None, str(copy))
    assert "postmortem.html was changed" in made.problems
    assert any("the page does not say" in p and "was expected" in p for p in made.problems)
    assert made.basis == "profile"


def test_a_forger_who_mends_the_sums_is_noticed(store: Store, tmp_path: Path) -> None:
    """A number changed, and the manifest made to fit: the page is not what its evidence gives, nor on record."""
    home = tmp_path / "incidents"
    shutil.copytree(store.folder, home)
    folder = home / "INC-0001" / "versions" / "D01"
    page, manifest = folder / "postmortem.html", folder / "manifest.json"
    before = page.read_text(encoding="utf-8")
    for file in (page, manifest):
        file.chmod(0o644)
    page.write_text(before.replace("<td>600</td>", "<td>6</td>", 1).replace("SEV3", "SEV4", 1), encoding="utf-8")
    sums = manifest.read_text(encoding="utf-8")
    old, new = (hashlib.sha256(t).hexdigest() for t in (before.encode(), page.read_bytes()))
    manifest.write_text(sums.replace(old, new), encoding="utf-8")
    assert old != new
    assert verify(None, str(folder)).problems == ("postmortem.html is not what its evidence gives",)
    found = verify(Store(home), "INC-0001", log=tmp_path / "gone.parquet")
    assert found.problems[0] == "postmortem.html is not the one that the record knows as D01"


def test_a_stranger_needs_only_the_folder_and_the_log(store: Store, tmp_path: Path) -> None:
    """A published folder carries what is needed to compute it again; no store, no incident."""
    copy = tmp_path / "copy"
    shutil.copytree(store.folder / "INC-0001" / "versions" / "D01", copy)
    made = verify(None, str(copy), log=store.folder.parent / "log.parquet")
    assert (made.basis, made.holds) == ("log", True)


def test_nothing_published_is_one_line(store: Store, tmp_path: Path) -> None:
    """What cannot be verified says what there is."""
    with pytest.raises(PostmortemError, match=r"no document for the public.*D01 \(team\)"):
        verify(store, "INC-0001", audience="public")
    with pytest.raises(PostmortemError, match="no manifest"):
        verify(None, str(tmp_path))


def test_what_differs_is_told_in_one_line_each() -> None:
    """A group's value with line breaks in it can feign no line of ours, and is named once."""
    was = replace(made_bundle.bundle(), groups=(GroupValue("team", "a\nall hold", "accuracy", 0.5, 0.4, 0.6, 9),))
    now = replace(was, groups=(replace(was.groups[0], estimate=0.7),))
    assert differences(was, now) == ["groups that come out differently: team = a all hold"]


def test_a_number_is_the_same_up_to_rounding() -> None:
    """Sums depend on the order of their terms; one row in ten million does not hide in that."""
    assert same(0.1 + 0.2, 0.3)
    assert not same(0.7, 0.7 + 1e-8)
    assert not same(1, True)
    assert same({"a": [1.0, None]}, {"a": [1, None]})
    assert not same({"a": [1.0, None]}, {"a": [1, 0]})


def test_sentences_are_told_apart() -> None:
    """A text gives each sentence that cites, as it is read; list items end sentences, others are not told."""
    import made_bundle

    text = (
        "It was bad. It cost {{harm.excess_errors}} decisions, i.e. many. So?\n\n- **{{ev.F02.effect}}** too much\n- x"
    )
    found = render_prose(made_bundle.bundle(), text).sentences
    assert [s.text for s in found] == ["It cost 1,830 decisions, i.e. many.", "×1,000 too much"]
    assert [[c.reference for c in s.cited] for s in found] == [["harm.excess_errors"], ["ev.F02.effect"]]
