"""A responder at JupyterLab, in a real browser. ``make browser`` runs all; ``make test`` the first alone."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_server import CHROMIUM, LONG, Lab, chromium, command, said, serving
from shell import spawn

import toolkit as tk
from toolkit.store import Store
from toolkit.testing import make_incident

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
]
whole = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server for all tests, beside a log whose unit changed half-way."""
    place = tmp_path_factory.mktemp("lab")
    case = make_incident("unit_change", variant="times_100", rows=700, seed=1)
    case.log.to_parquet(place / "served.parquet")
    case.reference.to_parquet(place / "held.parquet")
    (place / "roles.toml").write_text(case.roles.to_toml())
    (place / "incidents").mkdir()
    (place / "scratch").mkdir()
    with serving(place / "incidents", place / "scratch") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    with chromium() as made:
        yield made


@pytest.fixture
def page(lab: Lab, browser: Any) -> Iterator[Any]:
    """A page at the launcher; after the test nothing in it broke, and nothing outside was asked for."""
    made = lab.new_page(browser)
    yield made
    ours = (lab.url, lab.url.replace("http", "ws"), "data:", "blob:")
    asked, broke = [url for url in made.asked if not url.startswith(ours)], list(made.broke)
    made.context.close()
    assert (asked, broke) == ([], [])


@pytest.fixture
def incident(lab: Lab) -> str:
    """The id of an incident of the log that changed its unit, diagnosed."""
    place, store = lab.folder.parent, Store(lab.folder)
    made = tk.open_incident(store, "Loans refused", log=place / "served.parquet", reference=place / "held.parquet",
                            roles=place / "roles.toml")  # fmt: skip
    assert tk.desk(made.id, store).diagnose().mechanism == "unit_change"
    return made.id


def sit_down(lab: Lab, page: Any, incident: str, tab: str = "Triage") -> None:
    """Open an incident's desk in a notebook, at a tab."""
    lab.notebook(page, f"{incident}-{time.monotonic_ns()}.ipynb", f"%load_ext toolkit\n%incident {incident}")
    page.get_by_role("button", name="Run", exact=True).wait_for()
    turn_to(page, tab)


def turn_to(page: Any, tab: str) -> None:
    """Open a tab of the desk."""
    page.get_by_role("tab", name=tab, exact=True).last.click()


def press(page: Any, button: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=button, exact=True).click()


def test_from_the_launcher_card_to_a_verdict(lab: Lab, page: Any) -> None:
    """Click New incident, say what failed and where its log lies, press Run: the verdict shows and is on record."""
    for card in ("New incident", "Open incident", "Case study drill"):
        assert page.locator(".jp-LauncherCard", has_text=card).count() == 1
    page.locator(".jp-LauncherCard", has_text="New incident").click()
    page.get_by_label("What failed").fill("Loans refused at the counter")
    given = {"Prediction log": "served.parquet", "Reference": "held.parquet", "roles.toml": "roles.toml"}
    for label, name in given.items():
        page.get_by_label(label, exact=True).fill(name)
    press(page, "Open the incident")
    press(page, "Run")
    said(page, "The verdict is on record")
    page.get_by_text("integration: unit change").first.wait_for()
    (made,) = [i for i in Store(lab.folder).incidents() if i.title == "Loans refused at the counter"]
    verdict = Store(lab.folder).diagnosis(made.id)
    assert verdict is not None
    assert (verdict.verdict, verdict.mechanism) == ("integration", "unit_change")
    command(page, "docmanager:save")
    (card,) = lab.folder.glob("new_incident-*.ipynb")
    assert "Loans refused at the counter" in card.read_text(encoding="utf-8")  # the picture that an export shows


@whole
def test_a_brushed_window_changes_the_verdict(lab: Lab, page: Any, incident: str) -> None:
    """Drag the end of the incident's span before the onset: another verdict; type it back by keyboard: the first."""
    sit_down(lab, page, incident)
    handle, bar = page.locator(".noUi-handle-upper").first, page.locator(".noUi-base").first
    box, whole_bar = handle.bounding_box(), bar.bounding_box()
    ends = page.get_by_label("Incident to", exact=True)
    last = ends.input_value()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(whole_bar["x"] + whole_bar["width"] * 0.3, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    press(page, "Run")
    said(page, "The verdict is on record")
    brushed = Store(lab.folder).diagnosis(incident)
    assert brushed is not None
    assert brushed.mechanism != "unit_change"
    assert brushed.log["analysis"]["window"][1] < last
    assert page.get_by_text("integration: unit change").count() == 0
    ends.fill(last)
    ends.press("Enter")
    page.get_by_role("button", name="Run", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_text("integration: unit change").first.wait_for()
    again = Store(lab.folder).diagnosis(incident)
    assert again is not None
    assert again.mechanism == "unit_change"


@whole
def test_a_starred_event_is_in_the_published_page(lab: Lab, page: Any, incident: str) -> None:
    """Write an event down, star it, press Publish: the page that a browser opens from disk says it."""
    sit_down(lab, page, incident, "Timeline")
    press(page, "Add or edit an event")
    page.get_by_label("When (UTC)", exact=True).fill("2025-07-16T21:00Z")
    page.get_by_label("What happened", exact=True).fill("The bureau began to send cents")
    press(page, "Add as new event")
    said(page, "is on record")
    press(page, "Star / unstar")
    said(page, "is starred")
    (starred,) = [e for e in Store(lab.folder).events(incident) if e.starred]
    assert starred.text == "The bureau began to send cents"
    turn_to(page, "Triage")
    press(page, "Publish")
    said(page, "is written")
    reader = page.context.new_page()
    reader.goto((lab.folder / incident / "postmortem.html").as_uri())
    assert reader.get_by_text("The bureau began to send cents").filter(visible=True).count() > 0


@whole
def test_contested_evidence_changes_the_ledger(lab: Lab, page: Any, incident: str) -> None:
    """Contest the finding behind the verdict: not without a reason; with one the ledger on the page is another."""
    sit_down(lab, page, incident, "Evidence")
    ledger = page.get_by_role("img", name=re.compile("unit change"))
    ledger.first.wait_for()
    press(page, "Contest")
    page.get_by_role("alert").filter(has_text="needs a reason").wait_for()
    findings = page.get_by_label("Findings", exact=True)
    while True:
        lines = [line.replace("\xa0", " ") for line in findings.locator("option").all_text_contents()]
        for_it = [i for i, line in enumerate(lines) if "for unit change" in line and "contested" not in line]
        if not for_it:
            break
        findings.select_option(index=for_it[0])
        page.get_by_label("Reason or comment", exact=True).fill("The feed was always in cents")
        press(page, "Contest")
        said(page, f"{lines[for_it[0]].split()[0]} is contested by").filter(has_text="The verdict is now").wait_for()
    assert ledger.count() == 0
    verdict = Store(lab.folder).diagnosis(incident)
    assert verdict is not None
    assert all(line.mechanism != "unit_change" for line in verdict.ledger)
    assert page.get_by_role("cell", name="The feed was always in cents").count() >= 1


@whole
def test_export_from_the_menu(lab: Lab, page: Any, incident: str) -> None:
    """File, Save and Export Notebook As, Postmortem: one HTML file that loads nothing and shows the desk's pictures."""
    sit_down(lab, page, incident)
    command(page, "docmanager:save")
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Save and Export Notebook As").hover()
    with page.context.expect_event("request", lambda asked: "/nbconvert/postmortem/" in asked.url) as asked:
        page.locator(".lm-Menu-item", has_text=re.compile("^Postmortem")).click()
    given = page.request.get(asked.value.url, headers={"Referer": page.url}, timeout=LONG)
    assert given.ok, f"{asked.value.url} {given.status} {given.text()[:500]}"
    html = given.text()
    assert "Loans refused" in html
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    assert not re.findall(r"<script|<link|src=.http", html)


@whole
def test_a_killed_kernel_loses_nothing(lab: Lab, page: Any, incident: str) -> None:
    """Kill the kernel while it reads the log: the star that was set is there, and the next run goes on to a verdict."""
    sit_down(lab, page, incident, "Timeline")
    press(page, "Star / unstar")
    said(page, "is starred")
    turn_to(page, "Triage")
    press(page, "Run")
    said(page, "the log")
    kernel = page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    os.kill(process_of(kernel), signal.SIGKILL)
    page.get_by_role("dialog").get_by_role("button").last.click()
    assert [e.starred for e in Store(lab.folder).events(incident)].count(True) == 1
    command(page, "notebook:run-all-cells")
    turn_to(page, "Timeline")
    page.get_by_label("Events", exact=True).locator("option", has_text="★").wait_for(state="attached")
    turn_to(page, "Triage")
    press(page, "Run")
    said(page, "The verdict is on record")


def process_of(kernel: str) -> int:
    """Find the process of a kernel."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                line = (place / "cmdline").read_bytes()
            except OSError:
                continue
            if f"kernel-{kernel}.json".encode() in line:
                return int(place.name)
    msg = f"no process of the kernel {kernel}"
    raise AssertionError(msg)


@whole
def test_two_tabs_and_a_shell_on_one_incident(lab: Lab, browser: Any, page: Any, incident: str) -> None:
    """Two notebooks run at the same moment and a shell writes meanwhile: all is on record, and each sees it."""
    other = lab.new_page(browser)
    for tab in (page, other):
        sit_down(lab, tab, incident)
    press(page, "Run")
    press(other, "Run")
    shell = spawn("note", incident, "2025-07-16T20:00Z", "alert", "The shell was here", "--home", lab.folder)
    out, err = shell.communicate(timeout=120)
    assert shell.returncode == 0, out + err
    for tab in (page, other):
        said(tab, "The verdict is on record")
    turn_to(page, "Timeline")
    press(page, "Add or edit an event")
    page.get_by_label("What happened", exact=True).fill("The first tab was here")
    press(page, "Add as new event")
    said(page, "is on record")
    turn_to(other, "Timeline")
    for text in ("The shell was here", "The first tab was here"):
        other.get_by_label("Events", exact=True).locator("option", has_text=text).wait_for(state="attached")
    other.context.close()


@whole
def test_a_drill_from_its_card(lab: Lab, page: Any) -> None:
    """Case study drill: choose a case, look, answer: the clock moves, and the tape holds the answer."""
    page.locator(".jp-LauncherCard", has_text="Case study drill").click()
    page.get_by_label("Trainee", exact=True).fill("Ada")
    press(page, "Begin the drill")
    page.get_by_role("button", name=re.compile("^metric ")).click()
    page.get_by_role("button", name="Answer", exact=True).click()
    page.get_by_text("It can be revised until the end.").wait_for()
    (tape,) = (lab.folder / "drills").glob("*.drill.json")
    written = json.loads(tape.read_text(encoding="utf-8"))
    assert written["trainee"] == "Ada"
    assert [move["move"] for move in written["moves"]] == ["look", "answer"]


@whole
def test_the_keyboard_is_enough(lab: Lab, page: Any, incident: str) -> None:
    """From the palette to an event on record without a mouse: nothing that is pressed goes to the notebook instead."""
    page.keyboard.press("Control+Shift+C")
    page.keyboard.type("Open incident")
    page.keyboard.press("Enter")
    page.get_by_label("Incident", exact=True).wait_for()
    tab_to(page, "Incident")
    page.keyboard.type("00")  # in the notebook's command mode this asks to restart the kernel
    page.keyboard.press("Home")  # the newest incident
    tab_to(page, "Open")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Run", exact=True).wait_for()
    tab_to(page, "Triage")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_label("Kinds", exact=True).wait_for()
    tab_to(page, "Add or edit an event")
    page.keyboard.press("Enter")
    tab_to(page, "What happened")
    page.keyboard.type("Written by keys, Enter and arrows aside: a b d z")
    tab_to(page, "Add as new event")
    page.keyboard.press("Enter")
    said(page, "is on record")
    assert [e.text for e in Store(lab.folder).events(incident) if e.source == "person"] == [
        "Written by keys, Enter and arrows aside: a b d z"
    ]
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3


def tab_to(page: Any, name: str) -> None:
    """Press Tab until what has this label or text has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => { const a = document.activeElement;
                       return [...(a.labels || [])].map(l => l.textContent).concat(a.textContent.trim()); }"""
        )
        if name in focused:
            return
    msg = f"Tab does not come to {name}"
    raise AssertionError(msg)
