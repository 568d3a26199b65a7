"""What the incident store says over all incidents: counts, lags, words found, likenesses, and what it hands out."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toolkit.errors import StoreError
from toolkit.records import ActionItem, Event, Finding, Harm, LedgerLine, Verdict
from toolkit.store import VIEWS, Store, schema_markdown
from toolkit.store.attach import attach_file
from toolkit.store.handout import actions_ics, cell, events_csv, events_ics, events_jsonl
from toolkit.store.judgements import standing
from toolkit.store.lock import on_network
from toolkit.store.process import cursor, process
from toolkit.store.search import fingerprint, likeness

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_verdict(cause: str, mechanism: str, share: float = 0.8, statement: str = "something moved") -> Verdict:
    odds = dict.fromkeys(("data", "overfitting", "integration", "bias", "human", "none"), 0.02)
    return Verdict(
        verdict=cause,
        mechanism=mechanism,
        confidence=0.9,
        probabilities={**odds, cause: 0.9},
        onset=None,
        onset_interval=None,
        features=(),
        slice=(),
        model_versions=(),
        harm=Harm("accuracy", 0.9, 0.7, 180.0, None),
        ledger=(LedgerLine(cause, mechanism, share), LedgerLine("unexplained", "", 1 - share)),
        rivals=(),
        would_settle_it=(),
        findings=(Finding("seen", statement, id="F01", stance="supports", supports=(mechanism,)),),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Make a store with three incidents, two of one mechanism."""
    return fill(Store(tmp_path / "incidents"))


def fill(made: Store) -> Store:
    """Put three diagnosed incidents in."""
    for number, mechanism in enumerate(("unit_change", "unit_change", "covariate_shift"), start=1):
        name = made.open_incident(
            f"Number {number}",
            severity=f"SEV{number}",
            occurred_at=NOON + number * timedelta(days=20),
            detected_at=NOON + number * timedelta(days=20) + number * HOUR,
            summary="the loan model" if number == 3 else "",
        ).id
        cause = "data" if mechanism == "covariate_shift" else "integration"
        made.record_diagnosis(name, a_verdict(cause, mechanism, 0.9 - number / 10, f"finding {number} of loans"))
    return made


def test_statistics_count_by_hand(store: Store) -> None:
    """Causes, recurring mechanisms, months, lags and overdue actions are what a hand counts."""
    store.add_action("INC-0001", ActionItem("Late", "prevent", due=NOON))
    store.add_action("INC-0002", ActionItem("Done", "prevent", due=NOON, status="done"))
    store.update("INC-0003", responder_hours=2.5, status="resolved")
    counted = store.stats(now=NOON + HOUR)
    assert (counted.incidents, counted.near_misses, counted.open, counted.responder_hours) == (3, 0, 2, 2.5)
    assert counted.causes == {"integration": 2, "data": 1}
    assert counted.recurring == {"unit_change": ("INC-0001", "INC-0002")}
    assert [(m.month, m.incidents, m.causes) for m in counted.months] == [
        ("2026-04", 2, {"integration": 2}),
        ("2026-05", 1, {"data": 1}),
    ]
    assert (counted.to_detect.n, counted.to_detect.median) == (3, 7200.0)
    assert counted.to_detect.p90 == pytest.approx(3600 * 2.8)
    assert [t.action.summary for t in counted.overdue] == ["Late"]
    assert counted.actions == {"done": 1, "open": 1}
    assert json.loads(json.dumps(counted.to_dict()))["overdue"][0]["incident"] == "INC-0001"


def test_a_duplicate_does_not_count_again(store: Store) -> None:
    """An incident that repeats another is left out of the counts; it cannot repeat itself or what is not there."""
    store.update("INC-0002", duplicate_of="INC-0001", related=["INC-0003"])
    assert store.stats().causes == {"data": 1, "integration": 1}
    assert store.incident("INC-0002").related == ("INC-0003",)
    with pytest.raises(StoreError, match="related to itself"):
        store.update("INC-0001", duplicate_of="INC-0001")
    with pytest.raises(StoreError, match="no incident 'INC-0009'"):
        store.update("INC-0001", related=["INC-0009"])


def test_a_search_finds_every_word_best_first(store: Store) -> None:
    """Every word must be there, as a whole or as a beginning; an incident's own text counts before a finding's."""
    store.add_events("INC-0002", [Event(NOON, "note", "Loan officers called"), Event(NOON, "note", "gone loan")])
    store.withdraw_event("INC-0002", "E02")
    hits = store.search("LOAN")
    assert [(h.incident, h.kind, h.id) for h in hits][:2] == [
        ("INC-0003", "incident", "INC-0003"),
        ("INC-0002", "event", "E01"),
    ]
    assert sorted((h.incident, h.kind) for h in hits[2:]) == [(f"INC-000{i}", "finding") for i in (1, 2, 3)]
    assert [h.id for h in store.search("officers call")] == ["E01"]
    assert store.search("officers nowhere") == ()
    assert store.search("  %_' ") == ()


def test_likeness_ranks_the_same_mechanism_first(store: Store) -> None:
    """The same mechanism is alike, another is not; a case that is given is ranked with the others."""
    one = fingerprint(a_verdict("integration", "unit_change"))
    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, fingerprint(a_verdict("data", "covariate_shift"))) == 0
    ranked = store.similar("INC-0001", others={"a case": a_verdict("integration", "unit_change", 0.8)})
    assert [(a.name, a.shared) for a in ranked] == [("a case", ("unit_change",)), ("INC-0002", ("unit_change",))]
    assert store.similar(store.open_incident("Not diagnosed").id) == ()


def test_a_failed_check_opens_an_action_again(store: Store) -> None:
    """A check that fails on new data reopens what was done; one that holds leaves it."""
    store.add_action("INC-0001", ActionItem("Check units", "prevent", check_sql="SELECT 1"))
    store.update_action("INC-0001", "A01", status="done")
    assert store.record_check("INC-0001", "A01", True).status == "done"
    assert store.record_check("INC-0001", "A01", False, "3 rows of 900").status == "open"
    assert store.sql("SELECT check_passed, check_detail, done_at FROM actions")[1] == [(False, "3 rows of 900", None)]


def test_status_notes_are_kept_in_order(store: Store) -> None:
    """A tactical note has its three parts, an executive one its text; an empty one is refused."""
    first = store.add_note("INC-0001", conditions="errors at 12 %", done="rolled back", needs="labels", actor="ops")
    second = store.add_note("INC-0001", "executive", "Contained since noon", actor="ops")
    assert store.notes("INC-0001") == (first, second)
    assert (first.id, first.kind, first.needs, second.id) == ("N01", "tactical", "labels", "N02")
    with pytest.raises(StoreError, match="note is empty"):
        store.add_note("INC-0001", "executive", " ")


def test_the_last_word_on_a_finding_counts(store: Store) -> None:
    """Every word is kept with who and why; contesting needs a reason, and a later word or ``open`` takes its place."""
    with pytest.raises(StoreError, match="needs a reason"):
        store.judge("INC-0001", "F01", "contested")
    with pytest.raises(StoreError, match="no finding 'F99'; there are: F01"):
        store.judge("INC-0001", "F99", "accepted")
    said = store.judge("INC-0001", "f01", "contested", "measured on test traffic", actor="ana")
    assert (said.id, said.finding, said.run, said.reason) == ("J01", "F01", 1, "measured on test traffic")
    assert [j.stance for j in standing(store.judgements("INC-0001")).values()] == ["contested"]
    store.judge("INC-0001", "F01", "open", actor="ben")
    assert standing(store.judgements("INC-0001")) == {}
    rows = store.sql("SELECT finding, stance, reason, actor FROM judgements")[1]
    assert rows == [("F01", "contested", "measured on test traffic", "ana"), ("F01", "open", "", "ben")]


def test_a_key_names_one_request_of_one_incident(store: Store) -> None:
    """The key of an action of one incident does not stand for one of another."""
    store.add_action("INC-0001", ActionItem("Check units", "prevent"), key="k")
    with pytest.raises(StoreError, match="used for add_action of INC-0001"):
        store.add_action("INC-0002", ActionItem("Check units", "prevent"), key="k")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_a_cell_never_starts_like_a_formula(text: str) -> None:
    """What a spreadsheet would run gets an apostrophe."""
    assert cell(text) == f"'{text}"
    assert cell("plain = text") == "plain = text"


def test_a_timeline_goes_out_as_csv_and_jsonl() -> None:
    """Both hold every event; a hostile text stays one field of one line."""
    events = (Event(NOON, "alert", '=cmd("x"), y\nz', id="E01"), Event(NOON + HOUR, "note", "ok", id="E02"))
    rows = list(csv.DictReader(io.StringIO(events_csv(events))))
    assert [(r["id"], r["occurred_at"], r["text"]) for r in rows] == [
        ("E01", "2026-03-14T12:00:00Z", '\'=cmd("x"), y\nz'),
        ("E02", "2026-03-14T13:00:00Z", "ok"),
    ]
    assert [Event.from_dict(json.loads(line)) for line in events_jsonl(events).splitlines()] == list(events)


def test_a_timeline_and_reminders_go_out_as_calendars(store: Store) -> None:
    """Lines end and fold as the format asks, text cannot end its entry, and only open actions with a date remind."""
    hostile = "END:VEVENT\r\nEND:VCALENDAR; a, b\\" + "é" * 80
    text = events_ics("INC-0001", (Event(NOON, "alert", hostile, id="E01"),), NOON)
    assert text.count("END:VEVENT\r\n") == 1
    assert text.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "DTSTART:20260314T120000Z" in text
    assert r"INC-0001 alert: END:VEVENT\nEND:VCALENDAR\; a\, b\\é" in text.replace("\r\n ", "")
    store.add_action("INC-0001", ActionItem("Check units", "prevent", due=NOON))
    store.add_action("INC-0001", ActionItem("Some day", "prevent"))
    store.add_action("INC-0002", ActionItem("Done", "prevent", due=NOON, status="done"))
    todos = actions_ics(store.actions(), NOON)
    assert todos.count("BEGIN:VTODO") == 1
    assert "SUMMARY:INC-0001 A01: Check units" in todos


def test_a_network_share_is_refused(tmp_path: Path) -> None:
    """Where locks are not to be trusted, no store is made, unless somebody says so."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/root rw\n"
        f"2 1 0:2 / {tmp_path} rw,relatime shared:9 - nfs4 server:/x rw\n"
        f"3 2 8:2 / {tmp_path}/local rw - ext4 /dev/b rw\n"
    )
    with pytest.raises(StoreError, match=r"network share \(nfs4\)"):
        on_network(tmp_path / "incidents", mounts)
    on_network(tmp_path / "local" / "incidents", mounts)
    on_network(Path("/elsewhere"), mounts)


def test_no_second_store_is_begun_where_the_first_went_away(tmp_path: Path) -> None:
    """A share that vanishes under a running kernel: reading and writing say so, nothing is made there, nothing lost."""
    there, away = tmp_path / "incidents", tmp_path / "away"
    store = Store(there)
    store.open_incident("Before")
    there.rename(away)
    for again in (store.incidents, lambda: store.open_incident("While"), lambda: Store(there).incidents()):
        with pytest.raises(StoreError, match="the store that was here is gone; nothing was recorded"):
            again()
    assert not there.exists()
    away.rename(there)
    store.open_incident("After")
    assert [i.title for i in store.incidents()] == ["Before", "After"]


def test_the_documentation_has_every_view_and_column() -> None:
    """The page of the schema is made from the views themselves."""
    page = schema_markdown()
    for view in VIEWS:
        section = page.split(f"### `{view.name}`\n")[1].split("###")[0]
        assert all(f"| `{column}` |" in section for column in view.columns)


def test_ctrl_c_in_the_middle_leaves_the_store_usable(store: Store) -> None:
    """An interrupt at any moment of a write: the same process goes on, and nothing is half-way."""
    interrupted = 0
    for number in range(12):
        timer = threading.Timer(0.002 + 0.003 * number, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()
            for i in range(200):
                store.update("INC-0001", title=f"{number}.{i}")
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted >= 10
    store.update("INC-0001", title="After")
    assert store.incident("INC-0001").title == "After"
    assert store.check().problems == ()


def test_what_an_interrupt_left_in_a_circle_is_let_go_of(store: Store) -> None:
    """An instance that was forgotten before it was closed, held by nothing but a circle: the next session goes on."""
    gc.disable()
    attach_file(cursor(), store._place.database, "left", read_only=False, wait=0.0)
    left: list[object] = [process().memory]
    left.append(left)
    process().memory = None
    del left
    try:
        store.update("INC-0001", title="After")
    finally:
        gc.enable()
    assert store.incident("INC-0001").title == "After"
