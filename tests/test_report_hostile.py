"""Whatever a log, an event or a person writes, the page runs nothing, loads nothing and shows what is there."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile
import made_bundle
import pytest

from toolkit.notebooks.bundle import Bundle, GroupValue
from toolkit.notebooks.outcome import RunResult
from toolkit.records import ActionItem, Rival, SliceTerm
from toolkit.report.page import render
from toolkit.report.prose import render_prose, sanitise
from toolkit.report.sections import SECTIONS, summary, supporting
from toolkit.report.sections.actions import action_table
from toolkit.report.sections.root_cause import rival_cards
from toolkit.report.sections.timeline import event_table

HIDDEN = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08\x1b\ue000-\uf8ff]")
TOGETHER = "\n".join(t[:100] for t in hostile.CORPUS if "{{" not in t)
CHROMIUM = shutil.which("chromium")


def poisoned(text: str) -> Bundle:
    """Put one string wherever the record holds text."""
    finding = replace(
        made_bundle.findings()[0], statement=text, detector=text[:200], features=(text,), query=text, unit=text,
        slice=(SliceTerm(text, text),), model_versions=(text,),
    )  # fmt: skip
    silent = replace(finding, id="F02", stance="not_testable", not_testable=text)
    line = replace(made_bundle.verdict().ledger[0], mechanism=text, features=(text,))
    verdict = replace(
        made_bundle.verdict(), findings=(finding, silent), ledger=(line,), features=(text,), mechanism=text,
        rivals=(Rival("data", text, 0.5, ("F01",), ("F02",), text),), would_settle_it=(text,), notes=(text,),
        harm=replace(made_bundle.verdict().harm, metric=text), log={text: text, "nested": {text: [text]}},
    )  # fmt: skip
    series = replace(made_bundle.series(), metrics=(replace(made_bundle.series().metrics[0], name=text),))
    return Bundle(
        made_bundle.incident(title=text, model=text, owner=text),
        tuple(replace(e, text=text, source=text, actor=text) for e in made_bundle.events()),
        (ActionItem(text, "prevent", text, None, "open", text, "A1"),),
        verdict,
        series,
        (GroupValue(text, text, text, 0.5, 0.4, 0.6, 9),),
        {text: text},
        ({"column": text, "type": text, "role": text, "declared": False, "note": text},),
    )


def dangers(html: str) -> list[str]:
    """Find in a page what could run, load or lead astray, by reading its tags one by one."""
    found = []
    for tag in re.findall(r"<[A-Za-z/!][^>]*>", re.sub(r"<style>.*?</style>", "", html, count=1, flags=re.DOTALL)):
        bare = re.sub(r"=\"[^\"]*\"", "", tag)
        if re.match(
            r"</?(script|iframe|object|embed|form|base|link|video|audio|math|input|button)\b", tag, re.IGNORECASE
        ):
            found.append(tag)
        if re.search(r"\son\w+", bare):
            found.append(tag)
        for value in re.findall(r"(?:src|href)=\"([^\"]*)\"", tag):
            if not re.match(r"#|data:image/(svg\+xml|png);base64,|https?://", value):
                found.append(tag)
            if not tag.startswith("<a ") and value.startswith("http"):
                found.append(tag)
    return found


@pytest.mark.parametrize("text", hostile.CORPUS, ids=range(len(hostile.CORPUS)))
def test_no_string_becomes_more_than_text(text: str) -> None:
    """Each string, wherever a section shows text, leaves only harmless tags, and its size is bounded."""
    bundle = poisoned(text)
    pieces = [
        summary.body(bundle), event_table(bundle).html(), rival_cards(bundle), action_table(bundle).html(),
        supporting.body(bundle), *(render_prose(bundle, " ".join(s.draft(bundle))).html for s in SECTIONS),
    ]  # fmt: skip
    page = "<style></style>" + "".join(pieces)
    assert dangers(page) == []
    assert not HIDDEN.search(page)
    assert len(page) < 200_000


@pytest.mark.parametrize("text", hostile.CORPUS[:-3], ids=range(len(hostile.CORPUS) - 3))
def test_no_written_text_becomes_more_than_text(text: str) -> None:
    """A person's Markdown is held to the same; only its references are ours to resolve."""
    mine = re.sub(r"\{\{.*?\}\}", "", text)
    html = render_prose(made_bundle.bundle(), f"{mine}\n\n`{mine}`\n\n> {mine}\n\n1. {mine}").html
    assert dangers("<style></style>" + html) == []
    assert not HIDDEN.search(html)


def test_a_whole_page_of_them_is_harmless() -> None:
    """All strings at once, plots included, make a page without danger."""
    for text in (TOGETHER, hostile.CORPUS[-3]):
        page = render(poisoned(text))
        assert dangers(page) == []
        assert not HIDDEN.search(page)
        assert len(page) < 1_000_000


def test_sanitised_outputs_keep_tables_and_figures() -> None:
    """What our own cells show survives; what could run is gone, with its content."""
    picture = '<figure><img alt="a" src="data:image/svg+xml;base64,AA=="></figure>'
    good = f'{picture}<table><tr><th scope="col">x</th></tr></table>'
    bad = "<script>steal()</script><style>p{}</style><img src='https://evil.example/p.png'><p onclick=x>kept</p>"
    clean = sanitise(good + bad, images=True)
    assert 'src="data:image/svg+xml;base64,AA=="' in clean
    assert '<th scope="col">x</th>' in clean
    assert "<p>kept</p>" in clean
    for gone in ("steal", "p{}", "evil", "onclick"):
        assert gone not in clean


def hostile_notebook(folder: Path) -> Path:
    """Write an executed notebook of which every output is hostile."""
    kinds = ("text/html", "image/svg+xml", "text/markdown", "application/javascript", "text/plain", "image/png")
    outputs: list[dict[str, Any]] = [
        {"output_type": "display_data", "metadata": {kind: {"alt": text[:200]}}, "data": {kind: text[:4_000]}}
        for text in hostile.CORPUS
        for kind in kinds
    ]
    for text in hostile.CORPUS:
        outputs.append({"output_type": "stream", "name": "stdout", "text": text[:4_000]})
        outputs.append({"output_type": "error", "ename": text[:50], "evalue": text[:4_000], "traceback": []})
    cells = [
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "\n\n".join(hostile.CORPUS[:-3])},
        {"cell_type": "code", "id": "c", "metadata": {"tags": ["<script>"]}, "source": "1", "outputs": outputs,
         "execution_count": 1},
    ]  # fmt: skip
    nb = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"title": "</title><script>alert(1)</script>"},
        "cells": cells,
    }
    path = folder / "mine.ipynb"
    path.write_text(json.dumps(nb), encoding="utf-8")
    return path


def test_a_hostile_notebook_is_embedded_harmlessly(tmp_path: Path) -> None:
    """Outputs of a user's notebook run nothing in the page and cannot make it grow without end."""
    run = RunResult("mine", "completed", hostile_notebook(tmp_path), 1.0)
    page = render(made_bundle.bundle(), notebooks=[run])
    assert "What mine shows" in page
    assert dangers(page) == []
    assert len(page) < 3_000_000


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_a_real_browser_runs_and_loads_nothing(tmp_path: Path) -> None:
    """Chromium opens pages with every string in them: no dialog, no request, no console error, the title ours.

    The team's document with a notebook, the public's, a draft for an authority, and an exported notebook.
    """
    from playwright.sync_api import sync_playwright

    from toolkit.report.exporter import PostmortemExporter

    bundle = replace(poisoned(TOGETHER), prose={"surprised": TOGETHER, "got-lucky": TOGETHER})
    run = RunResult("mine", "completed", hostile_notebook(tmp_path), 1.0)
    pages = {
        "team.html": render(bundle, notebooks=[run]),
        "public.html": render(bundle, audience="public"),
        "draft.html": a_draft(bundle),
        "notebook.html": PostmortemExporter().from_filename(str(run.path))[0],
    }
    seen: list[str] = []
    titles = []
    with sync_playwright() as play:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda r: seen.append(r.url) if not r.url.startswith((tmp_path.as_uri(), "data:")) else None)
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        for name, content in pages.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
            page.goto((tmp_path / name).as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.mouse.wheel(0, 50_000)
            page.wait_for_timeout(150)
            assert page.url == (tmp_path / name).as_uri()
            shown = page.evaluate("[...document.querySelectorAll('img')].map(i => i.src.slice(0, 5))")
            assert set(shown) <= {"data:", ""}
            titles.append(page.title())
        browser.close()
    assert seen == []
    assert [t.startswith("INC-0001: ") for t in titles] == [True, True, True, False]


def a_draft(bundle: Bundle) -> str:
    """Give the page of a draft for an authority, every answer of a person hostile too."""
    from toolkit.investigation.reporting import draft_page
    from toolkit.report.authority import Answers, draft, known

    said = {field["id"]: TOGETHER for field in known()["regime"]["ai-act"]["field"]}
    return draft_page(bundle.incident, draft(bundle, "ai-act", "complete", Answers(texts={"ai-act": said})), ())


@pytest.mark.parametrize(
    "link",
    [
        "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a](java&#115;cript:alert(1))", "[a](java\tscript:1)",
        "[a](<javascript:alert(1)>)", "[![b](javascript:1)](javascript:2)", "[a][x]\n\n[x]: javascript:alert(1)",
        "<javascript:alert(1)>", "[a](vbscript:x)", "[a](data:text/html,x)", "[a](DATA:image/svg+xml;base64,AA==)",
        "[a](//evil.example/x)", "[a](\\\\evil.example\\x)", "[a](../../secret.html)", "[a](file:///etc/passwd)",
        "[a](/x)", "[a](blob:x)", "[a](&#x6a;avascript:1)", "[a](%6aavascript:1)", "[a](\u202ejavascript:1)",
        "[a](\x01javascript:1)", "- > [a](  javascript:1 )", "| [a](javascript:1) |\n| --- |\n| [b](data:x) |",
    ],
)  # fmt: skip
def test_a_link_leads_nowhere_hidden(link: str) -> None:
    """However it is nested or disguised, a link in written text leads to a place on the page or openly elsewhere."""
    html = str(render_prose(made_bundle.bundle(), link).html)
    assert dangers("<style></style>" + html) == []
    assert not re.findall(r'href="(?!#|https?://|mailto:)', html)
    assert 'href="https://ok.example/' in str(render_prose(made_bundle.bundle(), "[a](https://ok.example/)").html)
