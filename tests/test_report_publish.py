"""What is published is whole, can be checked, and says where each number comes from."""

import json
import shutil
from pathlib import Path

import made_bundle
import pytest

from toolkit.errors import RenderError
from toolkit.report.publish import check_manifest, publish


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the made bundle once."""
    bundle = made_bundle.bundle(prose={"surprised": "Income is {{ev.F02.effect}} too large."})
    return publish(bundle, tmp_path_factory.mktemp("out") / "INC-0001").folder


def contents(folder: Path) -> dict[str, bytes]:
    """Give every file of a folder by its path in it."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_page_data_evidence_and_nothing_else(folder: Path) -> None:
    """The page, its data, the record that it was made from, and the manifest of them; no half-made file is left."""
    evidence = [f"evidence/{n}.json" for n in ("actions", "diagnosis", "document", "events", "incident", "series")]
    assert sorted(contents(folder)) == [*evidence, "manifest.json", "postmortem.html", "postmortem.json"]
    assert check_manifest(folder) == []


def test_the_data_names_every_citation(folder: Path) -> None:
    """The JSON beside the page holds each cited value with its finding, query, rows and text."""
    data = json.loads((folder / "postmortem.json").read_text(encoding="utf-8"))
    assert data["format"] == "toolkit.postmortem/1"
    lessons = next(s for s in data["sections"] if s["id"] == "lessons")
    (cited,) = lessons["cites"]
    assert (cited["reference"], cited["value"], cited["text"]) == ("ev.F02.effect", 1000.0, "×1,000")
    assert (cited["finding"], cited["n"]) == ("F02", 12_400)
    assert cited["query"].startswith("select quantile_cont")
    assert data["diagnosis"]["verdict"] == "integration"


def test_one_flipped_byte_is_noticed(folder: Path, tmp_path: Path) -> None:
    """A file that differs from its sum, or is gone, is named."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    page = copy / "postmortem.html"
    data = bytearray(page.read_bytes())
    data[len(data) // 2] ^= 1
    page.write_bytes(data)
    (copy / "postmortem.json").unlink()
    assert check_manifest(copy) == ["postmortem.html was changed", "postmortem.json is missing"]


def test_a_manifest_that_points_outside_is_not_followed(tmp_path: Path) -> None:
    """A manifest cannot make the check read other files."""
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"../x": "0"}}), encoding="utf-8")
    assert check_manifest(tmp_path) == ["../x lies outside the folder"]


def test_no_manifest_is_an_error(tmp_path: Path) -> None:
    """A folder that was never published cannot be checked."""
    with pytest.raises(RenderError, match="manifest"):
        check_manifest(tmp_path)


def test_a_failing_render_changes_nothing(folder: Path) -> None:
    """A document that cannot be rendered leaves the published one as it was."""
    before = contents(folder)
    with pytest.raises(RenderError):
        publish(made_bundle.bundle(prose={"summary": "{{ev.F99.n}}"}), folder)
    assert contents(folder) == before


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Where a file stands in the way, the message says where and what to do."""
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    with pytest.raises(RenderError, match="cannot be written"):
        publish(made_bundle.bundle(), tmp_path / "out")


@pytest.mark.drawn_anew
def test_publishing_twice_gives_the_same_bytes(folder: Path) -> None:
    """Nothing of the moment or the machine gets into the files."""
    before = contents(folder)
    bundle = made_bundle.bundle(prose={"surprised": "Income is {{ev.F02.effect}} too large."})
    publish(bundle, folder)
    assert contents(folder) == before
