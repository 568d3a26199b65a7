"""``--to postmortem``: any notebook as one offline page."""

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from test_report_hostile import dangers, hostile_notebook
from test_report_page import Reader, text_of

from toolkit.report.exporter import PostmortemExporter


def notebook(folder: Path, cells: list[dict[str, Any]], **metadata: Any) -> Path:
    """Write a notebook of those cells."""
    full = [{"id": f"c{i}", "metadata": {}, **cell} for i, cell in enumerate(cells)]
    path = folder / "mine.ipynb"
    nb = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": full}
    path.write_text(json.dumps(nb), encoding="utf-8")
    return path


def code(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give a code cell with outputs."""
    return {"cell_type": "code", "source": source, "execution_count": 1, "outputs": list(outputs),
            "metadata": {"tags": list(tags)}}  # fmt: skip


def export(path: Path, **traits: Any) -> str:
    """Export a notebook and give the page."""
    page, _ = PostmortemExporter(**traits).from_filename(str(path))
    assert isinstance(page, str)
    return page


def test_it_is_in_the_menus() -> None:
    """Both nbconvert and JupyterLab find the exporter by its entry point; its label is not empty."""
    (found,) = entry_points(group="nbconvert.exporters", name="postmortem")
    assert found.load() is PostmortemExporter
    assert PostmortemExporter.export_from_notebook == "Postmortem"
    assert PostmortemExporter().file_extension == ".html"


def test_text_and_outputs_without_code(tmp_path: Path) -> None:
    """Headings and outputs stay, code and cells tagged away do not; code can be asked for."""
    path = notebook(
        tmp_path,
        [
            {"cell_type": "markdown", "source": "# Title *of* it\n\nWhy.\n\n## Plot\n\n## Plot\n\n## Ünïcode 日本"},
            code("secret_call()", {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m out"}),
            code("x = 1", {"output_type": "stream", "name": "stdout", "text": "params"}, tags=("parameters",)),
        ],
    )
    page = export(path)
    words = text_of(page)
    assert "red out" in words
    assert "secret_call" not in words
    assert "params" not in words
    reader = Reader(page)
    assert [a["href"] for a in reader.all("a")][1:4] == ["#plot", "#plot-2", "#ünïcode-日本"]
    assert "<h1>Title of it</h1>" in page
    assert len(reader.all("h1")) == 1
    assert "secret_call" in text_of(export(path, show_code=True))


def test_pictures_have_words(tmp_path: Path) -> None:
    """A picture's alternative comes from its metadata, else from the text beside it; scripts and widgets are text."""
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    data = {
        "output_type": "display_data",
        "metadata": {"image/png": {"alt": "Falls in May"}},
        "data": {"image/png": png},
    }
    widget = {"output_type": "display_data", "metadata": {},
              "data": {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider()"}}  # fmt: skip
    page = export(notebook(tmp_path, [code("p", data, widget)]))
    assert Reader(page).all("img")[0]["alt"] == "Falls in May"
    assert "IntSlider()" in text_of(page)


def test_a_failed_run_is_said_at_the_head(tmp_path: Path) -> None:
    """A notebook that did not run to its end says so before anything else."""
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no <rows>", "traceback": []}
    page = export(notebook(tmp_path, [code("f()", error)]))
    head = text_of(page.split("<main")[0])
    assert "Not everything ran. ValueError: no &lt;rows&gt;" in head


def test_hostile_notebooks_are_harmless(tmp_path: Path) -> None:
    """Titles, text, outputs and tags that try to run do not."""
    page = export(hostile_notebook(tmp_path))
    assert dangers(page) == []
    assert "<title>&lt;/title&gt;&lt;script&gt;" in page or "<title>" in page
    assert page.count("<script") == 0


@pytest.mark.parametrize("metadata", [{}, {"title": "Mine"}])
def test_a_title_is_always_there(tmp_path: Path, metadata: dict[str, str]) -> None:
    """Without a heading the page takes the title of the notebook, or its name."""
    page = export(notebook(tmp_path, [{"cell_type": "markdown", "source": "Text."}], **metadata))
    assert f"<h1>{metadata.get('title', 'mine')}</h1>" in page
