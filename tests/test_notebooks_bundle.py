"""The bundle a kernel is given: read back as written, refused where it is damaged."""

import json
from pathlib import Path

import made_bundle
import pytest

from toolkit.errors import PostmortemError
from toolkit.notebooks.bundle import Bundle
from toolkit.records import Incident


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every part of a bundle survives the folder, types and all."""
    bundle = made_bundle.bundle(prose={"surprised": "Ünïcode {{ev.F01.n}}"})
    read = Bundle.load(bundle.write(tmp_path))
    for part in ("incident", "events", "actions", "series", "groups", "validation", "roles", "prose"):
        assert getattr(read, part) == getattr(bundle, part), part
    assert read.verdict is not None
    assert read.verdict.to_dict() == made_bundle.verdict().to_dict()
    assert read.path == tmp_path


def test_an_incident_alone_is_a_bundle(tmp_path: Path) -> None:
    """Only incident.json must be there; the rest is empty, not missing."""
    (tmp_path / "incident.json").write_text(json.dumps(Incident("INC-0002", "x").to_dict()), encoding="utf-8")
    (tmp_path / "diagnosis.json").write_text("null", encoding="utf-8")
    read = Bundle.load(tmp_path)
    assert (read.events, read.findings, read.verdict, read.series.metrics) == ((), (), None, ())


def test_what_is_not_a_number_is_unknown(tmp_path: Path) -> None:
    """NaN and infinity from other writers become unknown values, not plots of nothing."""
    folder = made_bundle.bundle().write(tmp_path)
    raw = json.loads((folder / "series.json").read_text(encoding="utf-8"))
    raw["metrics"]["accuracy"]["value"][:2] = [float("nan"), float("inf")]
    (folder / "series.json").write_text(json.dumps(raw), encoding="utf-8")
    metric = Bundle.load(folder).series.metric("accuracy")
    assert metric is not None
    assert metric.value[:2] == (None, None)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("incident.json", "{}"),
        ("incident.json", "[1]"),
        ("events.json", '[{"kind": "note"}]'),
        ("diagnosis.json", '{"format": "other/1"}'),
        ("series.json", '{"buckets": ["2026-01-01"], "metrics": {"a": {"value": [1, 2]}}}'),
        ("series.json", '{"buckets": ["yesterday"]}'),
        ("series.json", "{half"),
        ("actions.json", "\x00"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str, content: str) -> None:
    """Whatever is wrong with a file, the message is one line with the folder and what to do."""
    folder = made_bundle.bundle().write(tmp_path)
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(PostmortemError) as caught:
        Bundle.load(folder)
    assert str(tmp_path) in str(caught.value)
    assert "postmortem investigate" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_an_incident_is_refused(tmp_path: Path) -> None:
    """An empty or missing folder is no bundle."""
    with pytest.raises(PostmortemError, match=r"no incident\.json"):
        Bundle.load(tmp_path / "nowhere")
