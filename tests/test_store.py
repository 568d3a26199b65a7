"""The incident store: what is recorded is read again, refused where it must be, and never doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import StaleIncident, StoreError, UnknownIncident
from toolkit.records import ActionItem, Event, Finding, Harm, LedgerLine, Rival, SliceTerm, Verdict
from toolkit.store import Store

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def a_verdict(cause: str = "integration", mechanism: str = "unit_change") -> Verdict:
    found = Finding(
        "unit_change",
        "income is 100 times what it was",
        id="F01",
        stance="supports",
        supports=(mechanism,),
        effect=100.0,
        unit="x",
        interval=(99.5, 100.5),
        n=900,
        onset=NOON,
        onset_interval=(NOON - timedelta(hours=1), NOON),
        features=("income",),
        slice=(SliceTerm("region", "North; drop table x"),),
        query="SELECT 1",
        details={"before": [1, 2.5], "after": None},
    )
    odds = dict.fromkeys(("data", "overfitting", "integration", "bias", "human", "none"), 0.02)
    return Verdict(
        verdict=cause,
        mechanism=mechanism,
        confidence=0.9,
        probabilities={**odds, cause: 0.9},
        onset=NOON,
        onset_interval=(NOON - timedelta(hours=1), NOON),
        features=("income",),
        slice=(),
        model_versions=("3",),
        harm=Harm("accuracy", 0.9, 0.7, 180.0, (150.0, 210.0), 900),
        ledger=(
            LedgerLine(cause, mechanism, 0.9, (0.8, 0.95), NOON, ("income",), (), ("F01",)),
            LedgerLine("unexplained", "", 0.1),
        ),
        rivals=(Rival("data", "covariate_shift", 0.05, (), ("F01",)),),
        would_settle_it=("the labels of April",),
        findings=(found,),
        notes=("one note",),
        log={"rows": 900},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "incidents")


def test_an_empty_store_is_read_without_being_made(store: Store) -> None:
    """Reading a store that is not there gives nothing and makes nothing."""
    assert store.incidents() == ()
    assert store.sql("SELECT count(*) FROM events") == (("count_star()",), [(0,)])
    assert not store.folder.exists()


def test_an_incident_is_read_as_it_was_opened(store: Store) -> None:
    """Every field that was given comes back, with the next id."""
    log = {"paths": ["served/a.parquet"], "reference": "ref.parquet", "hashes": {"served/a.parquet": "ab12"}}
    opened = store.open_incident(
        "Delay model misses the summer",
        model="delays@3",
        severity="SEV2",
        owner="ops",
        occurred_at=NOON,
        detected_at=NOON + timedelta(hours=2),
        log=log,
        tags=("weather", "é;--"),
        roles={"commander": "ops"},
    )
    read = store.incident("inc-0001")
    assert read == opened
    assert (read.id, read.status, read.version, read.lags["to_detect"]) == ("INC-0001", "open", 1, 7200.0)
    assert (read.log, read.tags, read.roles) == (log, ("weather", "é;--"), {"commander": "ops"})
    assert store.open_incident("Another").id == "INC-0002"
    assert [i.id for i in store.incidents(severity="SEV2")] == ["INC-0001"]
    _, rows = store.sql("SELECT part, path, sha256 FROM logs")
    assert rows == [("log", "served/a.parquet", "ab12"), ("reference", "ref.parquet", "")]


@pytest.mark.parametrize("title", ["", "  "])
def test_an_incident_needs_a_title(store: Store, title: str) -> None:
    """An empty title is refused, and nothing is made."""
    with pytest.raises(StoreError, match="needs a title"):
        store.open_incident(title)
    assert not store.folder.exists()


def test_hostile_text_is_kept_as_it_is(store: Store) -> None:
    """SQL, quotes, emoji and newlines are data; a NUL and a lone surrogate become a replacement character."""
    title = 'x\'); DROP TABLE incidents; -- "q" 💥\nline'
    incident = store.open_incident(title, summary="a\x00b\ud800c")
    assert store.incident(incident.id).title == title
    assert store.incident(incident.id).summary == "a\ufffdb?c"
    assert store.sql("SELECT title FROM incidents")[1] == [(title,)]


def test_an_unknown_incident_names_those_there_are(store: Store) -> None:
    """The message lists the ids, or how to open the first."""
    with pytest.raises(UnknownIncident, match="open one with"):
        store.incident("INC-0001")
    store.open_incident("One")
    for wrong in ("INC-0002", "../../etc", "INC-１", ""):
        with pytest.raises(UnknownIncident, match="there are: INC-0001"):
            store.incident(wrong)


def test_a_change_of_status_sets_its_time(store: Store) -> None:
    """Each status sets its time once; a time that is given counts."""
    name = store.open_incident("One").id
    mitigated = store.update(name, status="mitigated", mitigated_at=NOON)
    assert (mitigated.mitigated_at, mitigated.version) == (NOON, 2)
    closed = store.update(name, status="closed")
    assert closed.mitigated_at == NOON
    assert closed.closed_at is not None
    assert store.update(name, severity="SEV1").closed_at == closed.closed_at


def test_reopening_needs_a_reason(store: Store) -> None:
    """Going back without a reason is refused; with one, later times are forgotten and the reason is in the journal."""
    name = store.open_incident("One").id
    store.update(name, status="resolved")
    with pytest.raises(StoreError, match="needs a reason"):
        store.update(name, status="open")
    again = store.update(name, status="open", reason="it came back")
    assert (again.status, again.resolved_at) == ("open", None)
    assert store.sql("SELECT reason FROM journal ORDER BY seq DESC LIMIT 1")[1] == [("it came back",)]


def test_the_second_of_two_responders_is_told_what_changed(store: Store) -> None:
    """An update of an older version writes nothing and says who changed what."""
    seen = store.open_incident("One")
    store.update(seen.id, expected_version=seen.version, severity="SEV1", actor="first")
    with pytest.raises(StaleIncident, match=r'first at .*severity: "SEV3" -> "SEV1"'):
        store.update(seen.id, expected_version=seen.version, title="Other", actor="second")
    assert store.incident(seen.id).title == "One"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"severity": "SEV9"}, "unknown severity"),
        ({"status": "gone"}, "unknown status"),
        ({"id": "INC-0009"}, "unknown field"),
        ({"title": " "}, "needs a title"),
        ({"detected_at": datetime(2026, 1, 1)}, "no time zone"),  # noqa: DTZ001
    ],
)
def test_a_wrong_field_is_refused(store: Store, fields: dict[str, Any], said: str) -> None:
    """A wrong value writes nothing and is named."""
    before = store.open_incident("One")
    with pytest.raises(StoreError, match=said):
        store.update(before.id, **fields)
    assert store.incident(before.id) == before


def test_a_repeated_request_changes_nothing(store: Store) -> None:
    """With its key, a retry gives the first result; the key of something else is refused."""
    first = store.open_incident("One", key="k1")
    assert store.open_incident("One", key="k1") == first
    action = store.add_action(first.id, ActionItem("Check units", "prevent"), key="k2")
    assert store.add_action(first.id, ActionItem("Check units", "prevent"), key="k2") == action
    assert len(store.incidents()) == 1
    assert len(store.actions(first.id)) == 1
    with pytest.raises(StoreError, match="used for open_incident"):
        store.add_action(first.id, ActionItem("Other", "prevent"), key="k1")


def test_events_are_in_order_and_not_doubled(store: Store) -> None:
    """Events come in the order of their times; the same one twice is one; withdrawn ones stay in the record."""
    name = store.open_incident("One").id
    late, early = Event(NOON, "alert", "b", "import"), Event(NOON - timedelta(hours=1), "deployment", "a", "import")
    assert [e.id for e in store.add_events(name, [late, early])] == ["E01", "E02"]
    assert [e.id for e in store.add_events(name, [early])] == ["E02"]
    assert [e.text for e in store.events(name)] == ["a", "b"]
    store.withdraw_event(name, "E02", reason="wrong day")
    assert [e.text for e in store.events(name)] == ["b"]
    assert [e.text for e in store.events(name, withdrawn=True)] == ["a", "b"]
    edited = store.edit_event(name, "e01", text="b2", marker="detection")
    assert (edited.text, edited.marker, store.star_event(name, "E01").starred) == ("b2", "detection", True)


def test_derived_events_of_an_earlier_run_are_withdrawn(store: Store) -> None:
    """Replacing a source withdraws its earlier events, except starred ones and those that came again."""
    name = store.open_incident("One").id
    events = [Event(NOON, "note", text, "finding") for text in ("stays", "goes", "starred")]
    store.add_events(name, [*events, Event(NOON, "note", "by hand", "person")])
    store.star_event(name, "E03")
    store.add_events(name, [events[0], Event(NOON, "note", "new", "finding")], replacing="finding")
    assert [e.text for e in store.events(name)] == ["stays", "starred", "by hand", "new"]


def test_the_latest_diagnosis_counts_and_all_are_kept(store: Store) -> None:
    """A verdict comes back equal, with findings and ledger; a second run does not hide the first."""
    name = store.open_incident("One", log={"paths": ["a.csv"]}).id
    assert store.diagnosis(name) is None
    first, second = a_verdict(), a_verdict("data", "covariate_shift")
    assert store.record_diagnosis(name, first, profile_hash="p1", log_hashes={"a.csv": "h1"}) == 1
    assert store.record_diagnosis(name, second, log_hashes={"a.csv": "h2"}) == 2
    assert store.diagnosis(name) == second
    assert store.diagnosis(name, run=1) == first
    assert store.findings(name) == second.findings
    assert store.sql("SELECT run, latest, verdict FROM verdicts")[1] == [(1, False, "integration"), (2, True, "data")]
    assert store.sql("SELECT sum(share) FROM ledger WHERE latest")[1] == [(1.0,)]
    assert store.sql("SELECT run, sha256 FROM logs")[1] == [(0, ""), (1, "h1"), (2, "h2")]


def test_actions_are_listed_across_incidents(store: Store) -> None:
    """Overdue is open and past its date, over all incidents, earliest first."""
    one, two = store.open_incident("One").id, store.open_incident("Two").id
    store.add_action(one, ActionItem("Later", "detect", due=NOON))
    store.add_action(two, ActionItem("Sooner", "prevent", owner="ops", due=NOON - timedelta(days=1)))
    store.add_action(two, ActionItem("Some day", "prevent"))
    late = store.actions(overdue=True, now=NOON + timedelta(days=1))
    assert [(t.incident, t.action.summary) for t in late] == [(two, "Sooner"), (one, "Later")]
    assert store.update_action(one, "A01", status="done").status == "done"
    assert [t.action.summary for t in store.actions(overdue=True)] == ["Sooner"]


def test_runs_and_documents_are_numbered(store: Store) -> None:
    """A document's version counts by audience."""
    name = store.open_incident("One").id
    run = store.record_run(name, "timeline", "failed", "t.ipynb", 3.5, "cell 4: KeyError")
    assert store.runs(name) == (run,)
    assert [store.record_document(name, "p.html", "aa").version for _ in range(2)] == [1, 2]
    assert store.record_document(name, "q.html", "bb", audience="public").version == 1
    assert len(store.documents(name)) == 3


def test_what_is_read_at_once_is_of_one_moment(tmp_path: Path) -> None:
    """Reads inside ``at_once`` see one record, made yet or not; a write inside is refused and one after it is not."""
    store = Store(tmp_path / "incidents")
    with store.at_once():
        assert store.incidents() == ()
    store.open_incident("One")
    with store.at_once(), store.at_once():
        assert [store.incident("INC-0001").title, *(i.title for i in store.incidents())] == ["One", "One"]
        assert Store(tmp_path / "other").incidents() == ()
        with pytest.raises(StoreError, match="inside another"):
            store.open_incident("Two")
    store.open_incident("Two")
    assert len(store.incidents()) == 2
