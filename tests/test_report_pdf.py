"""A page is printed by the browser that is there, whole or not at all."""

import re
import shutil
from pathlib import Path

import made_bundle
import pytest

from toolkit.errors import RenderError
from toolkit.report.page import render
from toolkit.report.pdf import print_pdf


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium on this machine")
def test_a_page_becomes_a_pdf(tmp_path: Path) -> None:
    """It has several pages of A4 and a title, and carries no link to a file of this machine."""
    page = tmp_path / "page.html"
    page.write_text(render(made_bundle.bundle()), encoding="utf-8")
    made = print_pdf(page, tmp_path / "page.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", made)) > 3
    assert b"Loan model refuses good customers" in made or b"\xfe\xff" in made
    assert str(tmp_path).encode() not in made
    assert sorted(f.name for f in tmp_path.iterdir()) == ["page.html", "page.pdf"]


def test_without_a_browser_one_line_says_what_to_do(tmp_path: Path) -> None:
    """A browser that is not there, or is none, is named; nothing is written."""
    page = tmp_path / "page.html"
    page.write_text("x", encoding="utf-8")
    with pytest.raises(RenderError, match="no browser 'no-such-browser'"):
        print_pdf(page, tmp_path / "page.pdf", browser="no-such-browser")
    with pytest.raises(RenderError, match="printed nothing"):
        print_pdf(page, tmp_path / "page.pdf", browser="true")
    assert [f.name for f in tmp_path.iterdir()] == ["page.html"]
