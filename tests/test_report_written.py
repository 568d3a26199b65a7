"""What people write in a file or in cells reaches its section, with the right line in every message."""

import json
from pathlib import Path

import made_bundle
import pytest

from toolkit.errors import RenderError
from toolkit.report.page import render
from toolkit.report.sections.this_kind import QUESTIONS
from toolkit.report.written import FILE, NOTEBOOK, read_written, skeleton, stripped, write_section


def put(folder: Path, text: str) -> Path:
    """Write the file of an incident's folder."""
    file = folder / FILE
    file.write_text(text, encoding="utf-8")
    return file


def cells(folder: Path, *written: tuple[str, str, tuple[str, ...]]) -> None:
    """Write the notebook of an incident's folder: (kind, source, tags) of each cell."""
    made = [{"cell_type": kind, "metadata": {"tags": list(tags)}, "source": text} for kind, text, tags in written]
    (folder / NOTEBOOK).write_text(json.dumps({"cells": made}), encoding="utf-8")


def test_a_skeleton_is_empty_until_written(tmp_path: Path) -> None:
    """The file to begin with asks each question of its kind of failure under its title, and answers none."""
    assert read_written(tmp_path) == {}
    text = skeleton(made_bundle.bundle())
    put(tmp_path, text)
    assert read_written(tmp_path) == {}
    assert "## The contract\n" in text
    assert "## The labels\n" not in text
    assert all(f"## {a.title}\n" in text for a in QUESTIONS["integration"])
    assert "What did we believe about the system that was not so?" in text
    put(tmp_path, text.replace("## Why we were surprised\n", "## Why we were surprised\nWe took *one* winter.\n"))
    assert stripped(read_written(tmp_path)) == {"surprised": "We took *one* winter."}


def test_text_reaches_the_section_under_its_heading(tmp_path: Path) -> None:
    """Headings go by title or id; deeper headings and fenced code belong to the text."""
    text = "# INC-0001\n\n## Why we were surprised\nA.\n\n### More\n```\n~~~\n## no heading\n```\n## got-lucky\nB.\n"
    put(tmp_path, text)
    written = {key: text.strip() for key, text in read_written(tmp_path).items()}
    assert written == {"surprised": "A.\n\n### More\n```\n~~~\n## no heading\n```", "got-lucky": "B."}


def test_a_message_names_the_line_of_the_file(tmp_path: Path) -> None:
    """An unknown reference is found where the writer looks for it, whatever comments stand above."""
    put(tmp_path, "# x\n\n## Summary\n\n<!-- two\nlines -->\nIt was {{ev.F99.n}}.\n")
    with pytest.raises(RenderError, match="summary, line 7"):
        render(made_bundle.bundle(prose=read_written(tmp_path)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# x\n<!-- two\nlines -->\n## lukcy\nx\n", r"no section 'lukcy' .*line 4"),
        ("## Summary\na\n## summary\nb\n", r"two headings for summary .*line 3"),
        ("# x\nThis would be lost.\n## Summary\n", r"before the first heading .*line 2"),
        ("No heading at all.\n", r"before the first heading .*line 1"),
    ],
)
def test_text_is_never_dropped_in_silence(tmp_path: Path, text: str, said: str) -> None:
    """A heading without a section, two of one, and text under none are refused with their line."""
    put(tmp_path, text)
    with pytest.raises(RenderError, match=said):
        read_written(tmp_path)


@pytest.mark.parametrize(("name", "content"), [(FILE, b"\xff\xfe\x00"), (NOTEBOOK, b"{"), (NOTEBOOK, b'{"cells": 3}')])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    """What is no text, or no notebook, is one line that names the file."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RenderError, match=f"the text cannot be read.*{name}"):
        read_written(tmp_path)


def test_cells_of_a_notebook_are_texts_too(tmp_path: Path) -> None:
    """Markdown cells that begin with a section's heading, or are tagged with it, make up its text, in order."""
    cells(
        tmp_path,
        ("markdown", "One.\n", ("section:surprised",)),
        ("code", "## no text", ()),
        ("markdown", "## What went well\nThe alert.\n\n## got-lucky\nA dry autumn.", ()),
        ("markdown", "Two.", ("section:surprised",)),
        ("markdown", "A note to myself.", ()),
    )
    put(tmp_path, "## What went wrong\nNobody looked.\n")
    assert stripped(read_written(tmp_path)) == {
        "went-wrong": "Nobody looked.", "surprised": "One.\n\nTwo.", "went-well": "The alert.",
        "got-lucky": "A dry autumn.",
    }  # fmt: skip


def test_a_section_has_one_place(tmp_path: Path) -> None:
    """The same section in file and notebook, and a tag that names none, are refused."""
    put(tmp_path, "## What went well\nA.\n")
    cells(tmp_path, ("markdown", "B.", ("section:went-well",)))
    with pytest.raises(RenderError, match=rf"'went-well' is written in {FILE} too"):
        read_written(tmp_path)
    cells(tmp_path, ("markdown", "B.", ("section:blame",)))
    with pytest.raises(RenderError, match=r"no section 'blame' .*cell 1"):
        read_written(tmp_path)


def test_a_section_is_written_in_its_place(tmp_path: Path) -> None:
    """Written from elsewhere, a text takes the place of what stood under its heading; the rest stays to the letter."""
    before = "# x\n\n## went-well\n<!-- What\nhelped? -->\nOld.\n\n## Where we got lucky\nA dry autumn.\n"
    file = put(tmp_path, before)
    write_section(tmp_path, "What went well", "The alert.\n\nAnd Bo.")
    assert file.read_text(encoding="utf-8") == before.replace("Old.", "The alert.\n\nAnd Bo.")
    write_section(tmp_path, "surprised", "A winter.")
    assert file.read_text(encoding="utf-8").endswith("A dry autumn.\n\n## Why we were surprised\nA winter.\n")
    assert {k: v.strip() for k, v in read_written(tmp_path).items()}["surprised"] == "A winter."
    with pytest.raises(RenderError, match="no section 'blame'"):
        write_section(tmp_path, "blame", "x")
