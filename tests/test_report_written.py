"""What people write in a file or in cells reaches its section, with the right line in every message."""

import json
from dataclasses import replace
from pathlib import Path

import made_bundle
import pytest

from toolkit.errors import RenderError
from toolkit.report.page import render
from toolkit.report.sections.this_kind import QUESTIONS
from toolkit.report.written import blank, headings, read_written


def test_a_blank_document_is_empty_until_written(tmp_path: Path) -> None:
    """The file to begin with has each heading of its kind of failure, asks the questions, and answers none."""
    file = tmp_path / "postmortem.md"
    file.write_text(blank(made_bundle.bundle()), encoding="utf-8")
    assert read_written(file) == {}
    text = file.read_text(encoding="utf-8")
    other = {a.id for kind, asks in QUESTIONS.items() for a in asks if kind != "integration"}
    assert [title for key, title in headings().items() if f"## {title}\n" not in text and key not in other] == []
    assert "## The contract\n" in text
    assert "## The labels\n" not in text
    assert "What did we believe about the system that was not so?" in text


def test_text_reaches_the_section_under_its_heading(tmp_path: Path) -> None:
    """Headings go by title or id; deeper headings and fenced code belong to the text."""
    file = tmp_path / "p.md"
    text = "# INC-0001\n\n## Why we were surprised\nA.\n\n### More\n```\n## not a heading\n```\n## got-lucky\nB.\n"
    file.write_text(text, encoding="utf-8")
    written = {key: text.strip() for key, text in read_written(file).items()}
    assert written == {"surprised": "A.\n\n### More\n```\n## not a heading\n```", "got-lucky": "B."}


def test_a_message_names_the_line_of_the_file(tmp_path: Path) -> None:
    """An unknown reference is found where the writer looks for it."""
    file = tmp_path / "p.md"
    file.write_text("# x\n\n## Summary\n\n<!-- two\nlines -->\nIt was {{ev.F99.n}}.\n", encoding="utf-8")
    with pytest.raises(RenderError, match="summary, line 7"):
        render(made_bundle.bundle(prose=read_written(file)))


@pytest.mark.parametrize("text", ["## Blame\nx\n", "## Summary\na\n## Summary\nb\n"])
def test_unknown_and_double_headings_are_refused(tmp_path: Path, text: str) -> None:
    """Text is never dropped in silence: a heading without a section, or two of one, is an error."""
    file = tmp_path / "p.md"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RenderError, match="line"):
        read_written(file)


def test_cells_of_a_notebook_are_texts_too(tmp_path: Path) -> None:
    """Markdown cells tagged with a section make up its text, in order."""
    cells = [
        {"cell_type": "markdown", "metadata": {"tags": ["section:surprised"]}, "source": ["One.\n"]},
        {"cell_type": "markdown", "metadata": {"tags": ["section:surprised"]}, "source": "Two."},
        {"cell_type": "markdown", "metadata": {}, "source": "Other."},
    ]
    file = tmp_path / "p.ipynb"
    file.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert read_written(file) == {"surprised": "One.\n\n\nTwo."}


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    """A document opened again holds what was written so far."""
    bundle = made_bundle.bundle(prose={"went-well": "The alert."})
    file = tmp_path / "p.md"
    file.write_text(blank(bundle), encoding="utf-8")
    again = replace(bundle, prose=read_written(file))
    assert {key: text.strip() for key, text in again.prose.items()} == {"went-well": "The alert."}
