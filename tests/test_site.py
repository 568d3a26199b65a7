"""The site lists what its audience may see, works from a disk, and tells what keeps happening."""

import html
import re
import shutil
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path

import hostile
import made_bundle
import pytest

from toolkit.errors import RenderError
from toolkit.investigation import investigate, open_incident, publish
from toolkit.investigation.reviewing import decide
from toolkit.investigation.sites import write_site
from toolkit.records import ActionItem, Incident
from toolkit.report.plots.causes import causes
from toolkit.report.site import Entry, site_files
from toolkit.store import Store

CHROMIUM = shutil.which("chromium")
ATOM = "{http://www.w3.org/2005/Atom}"
NOW = made_bundle.when(60)


def entry(number: int, verdict: str, mechanism: str, day: float, **fields: object) -> Entry:
    """Give an incident's entry that began on a day of the made log and was seen two hours later."""
    began = made_bundle.when(day)
    times = {"occurred_at": began, "detected_at": began + timedelta(hours=2)}
    incident = Incident(f"INC-{number:04d}", str(fields.pop("title", f"Incident {number}")), "m@1", **times)
    return Entry(incident, verdict, mechanism, status="published", page=f"INC-{number:04d}/postmortem.html",
                 sha256=str(number), written=began + timedelta(days=2), **fields)  # type: ignore[arg-type]  # fmt: skip


def some() -> list[Entry]:
    """Give three incidents of which two have one mechanism, with an action that is late."""
    late = ActionItem("Check units on arrival", "detect", "feeds", made_bundle.when(50), id="A01")
    return [
        entry(1, "integration", "unit_change", 1, actions=(late,)),
        entry(2, "data", "concept_drift", 2, text="the storms of the summer"),
        entry(3, "integration", "unit_change", 40),
    ]


def test_the_index_tells_what_recurs_and_what_is_late() -> None:
    """Mechanisms found twice, overdue actions with their owner, medians of the lags and verdicts by month."""
    page = site_files(some(), NOW)["index.html"].decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "unit change 2 INC-0003 , INC-0001" in text
    assert "Check units on arrival feeds 2026-04-14 10 days INC-0001" in text
    assert "integration 2 2 hours (of 2)" in text
    assert "Verdicts by month, 2026-02 to 2026-04: the data 1 and the integration 2." in page
    assert page.index("INC-0003") < page.index("INC-0001")


def test_an_empty_site_says_so() -> None:
    """Without incidents there is a page all the same."""
    page = site_files([], NOW, "public")["index.html"].decode()
    assert "No incident is on record that this audience may see." in page
    assert "for the public" in page


def test_the_feed_is_atom() -> None:
    """Each document is an entry with an id of its own, the newest first; hostile titles stay text."""
    bad = [entry(i, "data", "concept_drift", 5, title=t[:500]) for i, t in enumerate(hostile.CORPUS, 10)]
    feed = ET.fromstring(site_files([*some(), *bad], NOW)["feed.atom"])
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 3 + len(hostile.CORPUS)
    assert entries[0].findtext(f"{ATOM}title") == "INC-0003: Incident 3"
    assert len({e.findtext(f"{ATOM}id") for e in entries}) == len(entries)
    assert entries[0].find(f"{ATOM}link").get("href") == "INC-0003/postmortem.html"


def test_the_only_script_is_ours() -> None:
    """The policy of the index allows one script, by its sum, whatever titles say."""
    bad = [entry(i, "data", "concept_drift", 5, title=t[:500], text=t) for i, t in enumerate(hostile.CORPUS, 10)]
    page = site_files(bad, NOW)["index.html"].decode()
    assert page.count("<script>") == 1
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", html.unescape(page))
    assert "onerror=" not in re.sub(r'"[^"]*"', "", "".join(re.findall(r"<[^>]+>", page)))


@pytest.mark.parametrize(("days", "unit"), [(40, "Month"), (900, "Quarter"), (4_000, "Year")])
def test_periods_grow_with_the_span(days: int, unit: str) -> None:
    """A long span is counted in quarters or years, and a period without an incident is there with its zero."""
    table = causes([(made_bundle.when(0), "data"), (made_bundle.when(days), "bias")]).table
    assert table.columns[0] == unit
    assert sum(row[1] + row[2] for row in table.rows) == 2
    assert len(table.rows) > 2 or unit == "Month"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two incidents: one published for the team and the public, one a draft."""
    made = Store(tmp_path / "incidents")
    for title, severity in (("Feed of Ada King", "SEV3"), ("Still a draft", "SEV1")):
        open_incident(made, title, severity=severity, owner="Ada King")
        name = made.incidents()[-1].id
        investigate(made, name, only=())
        publish(made, name)
    decide(made, "INC-0001", "approve", by="bo")
    publish(made, "INC-0001", audience="public")
    return made


def test_each_audience_sees_its_own(store: Store, tmp_path: Path) -> None:
    """The team sees all, drafts marked; the public what was published for it, names left out there too."""
    index, count = write_site(store, tmp_path / "team", now=NOW)
    assert count == 2
    assert '<span class="badge draft">draft</span>' in index.read_text(encoding="utf-8")
    index, count = write_site(store, tmp_path / "public", audience="public", now=NOW)
    assert count == 1
    everything = "".join(f.read_text(encoding="utf-8") for f in index.parent.rglob("*") if f.is_file())
    assert "Ada King" not in everything
    assert "INC-0002" not in everything
    assert "Feed of [the owner]" in everything


def test_what_may_no_longer_be_seen_is_taken_away(store: Store, tmp_path: Path) -> None:
    """A restricted incident leaves the site with its page; a file of somebody else stays; the team may ask for it."""
    write_site(store, tmp_path / "out", now=NOW)
    (tmp_path / "out" / "mine.txt").write_text("x", encoding="utf-8")
    store.update("INC-0001", restricted=True)
    _, count = write_site(store, tmp_path / "out", now=NOW)
    assert count == 1
    assert not (tmp_path / "out" / "INC-0001").exists()
    assert (tmp_path / "out" / "mine.txt").exists()
    assert write_site(store, tmp_path / "out", restricted=True, now=NOW)[1] == 2
    with pytest.raises(RenderError, match="team alone"):
        write_site(store, tmp_path / "out", audience="public", restricted=True)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_search_and_filters_work_from_a_file(tmp_path: Path) -> None:
    """In a browser, from the disk: words and filters narrow the list; no request, no complaint."""
    from playwright.sync_api import sync_playwright

    bad = [entry(i, "human", "over_reliance", 5, title=t[:300], text=t[:999]) for i, t in enumerate(hostile.CORPUS, 10)]
    for name, content in site_files([*some(), *bad], NOW).items():
        (tmp_path / name).write_bytes(content)
    seen: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: seen.append(r.url) if r.url != (tmp_path / "index.html").as_uri() else None)
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.goto((tmp_path / "index.html").as_uri())
        visible = "[...document.querySelectorAll('#list > li:not([hidden]) h3')].map(e => e.textContent)"
        page.fill("#search", "storms")
        assert page.evaluate(visible) == ["Incident 2"]
        page.click("button[type=reset]")
        page.select_option("select[name=cause]", "the integration")
        assert page.evaluate(visible) == ["Incident 3", "Incident 1"]
        assert page.text_content("#count") == f"2 of {3 + len(bad)}"
        browser.close()
    assert seen == []
