"""A report to an authority says what stands on the record, what is missing, and by which words of the law time runs."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import hostile
import made_bundle
import pytest
from shell import run
from test_report_hostile import dangers, poisoned

from toolkit.errors import RenderError
from toolkit.investigation import investigate, open_incident
from toolkit.notebooks.bundle import Bundle
from toolkit.records import Incident
from toolkit.report.authority import Answers, blank_answers, draft, due_dates, known, read_answers, regimes
from toolkit.store import Store

AWARE = datetime(2026, 3, 17, 9, tzinfo=UTC)
NUMBERS = {"two days": 48, "10 days": 240, "15 days": 360, "72 hours": 72}


@pytest.mark.parametrize("clock", known()["clock"], ids=lambda c: c["id"])
def test_each_period_is_in_its_own_quote(clock: dict[str, object]) -> None:
    """The number that is counted is the one that the quoted words say; source and date of reading are named."""
    assert f"not later than {clock['period']}" in str(clock["quote"])
    assert clock["hours"] == NUMBERS[str(clock["period"])]
    assert str(clock["source"]).startswith("https://")
    assert f"{clock['retrieved']:%Y}" == "2026"


def test_the_shortest_clock_that_applies_counts() -> None:
    """Without an answer all are shown, the general one applies; with a death it is ten days, widespread two."""

    def applying(**said: str) -> list[tuple[str, str]]:
        found = due_dates(made_bundle.bundle(), "ai-act", Answers(AWARE, said))
        return [(c.id, f"{c.due:%Y-%m-%dT%H:%M}") for c in found if c.applies == "yes" and c.due]

    assert applying() == [("ai-act-73-2", "2026-04-01T09:00")]
    assert applying(death="yes") == [("ai-act-73-4", "2026-03-27T09:00")]
    assert applying(death="yes", widespread="yes") == [("ai-act-73-3", "2026-03-19T09:00")]
    unknown = due_dates(made_bundle.bundle(), "ai-act", Answers(AWARE))
    assert [c.applies for c in unknown] == ["yes", "unknown", "unknown"]
    (breach,) = due_dates(made_bundle.bundle(), "gdpr", Answers(AWARE, {"breach": "no"}))
    assert (breach.applies, breach.due) == ("no", None)


def test_awareness_is_not_guessed() -> None:
    """Detection stands in for awareness and is marked as supposed; without either no end is given."""
    (supposed,) = due_dates(made_bundle.bundle(), "gdpr", Answers())
    assert supposed.supposed
    assert supposed.due == made_bundle.when(21.3 + 3)
    (blank,) = due_dates(Bundle(Incident("INC-0001", "x")), "gdpr", Answers())
    assert blank.due is None


@pytest.mark.parametrize("regime", regimes())
def test_a_bare_incident_gives_gaps_and_no_guess(regime: str) -> None:
    """What the record does not hold is a gap: of a bare incident only its name is known."""
    made = draft(Bundle(Incident("INC-0001", "Something")), regime)
    known_of_it = {f.text for f in made.fields if f.status != "gap"}
    allowed = ("Something", "INC-0001", "postmortem verify")
    assert all(any(word in text for word in allowed) for text in known_of_it)
    assert sum(f.status == "gap" for f in made.fields) >= len(made.fields) - 3


def test_fields_stand_on_the_record() -> None:
    """A field is direct, or partial with what it lacks, and names what it cites; answers of people are marked."""
    answers = Answers(AWARE, {}, {"ai-act": {"provider": "Example Ltd, {{incident.model}}"}})
    made = {f.id: f for f in draft(made_bundle.bundle(), "ai-act", answers=answers).fields}
    assert (made["occurred"].status, made["occurred"].text) == ("direct", "It began on 14 March 2026.")
    assert made["outcome"].status == "partial"
    assert "not yet a harm to a person" in made["outcome"].lacks
    assert made["outcome"].cites == ("harm.excess_errors", "harm.low", "harm.high")
    assert (made["provider"].status, made["provider"].text) == ("answered", "Example Ltd, risk@7")
    assert made["risk"].status == "gap"
    assert "risk" not in {f.id for f in draft(made_bundle.bundle(), "ai-act", "initial").fields}


def test_a_field_of_which_half_is_known_is_partial() -> None:
    """Where one of two sentences stands, the field is partial and says so."""
    bundle = replace(made_bundle.bundle(), verdict=None)
    what = next(f for f in draft(bundle, "ai-act").fields if f.id == "what")
    assert (what.status, what.lacks) == ("partial", "what the record does not hold yet")


def test_the_oecd_list_is_whole() -> None:
    """There are 29 criteria, seven of them mandatory."""
    fields = draft(made_bundle.bundle(), "oecd").fields
    assert [f.id for f in fields] == [str(i) for i in range(1, 30)]
    assert [f.id for f in fields if f.title.endswith("*")] == ["1", "2", "3", "4", "7", "10", "11"]


@pytest.mark.parametrize("text", hostile.CORPUS[:30], ids=range(30))
def test_hostile_records_stay_text(text: str) -> None:
    """Whatever a title, a model or an action says, a field is text."""
    html = "".join(f.html for r in regimes() for f in draft(poisoned(text[:2_000]), r).fields)
    assert dangers(f"<style></style>{html}") == []


def test_answers_are_read_and_wrong_ones_named(tmp_path: Path) -> None:
    """The file to begin with answers nothing; a field, a question or a time that is none is named."""
    file = tmp_path / "authority.toml"
    file.write_text(blank_answers(), encoding="utf-8")
    assert read_answers(file).said == {}
    file.write_text(
        'aware_at = 2026-03-17T10:00:00+01:00\ndeath = "no"\n[answers.gdpr]\nbreach = "no"\n', encoding="utf-8"
    )
    assert read_answers(file) == Answers(AWARE, {"death": "no"}, {"gdpr": {"breach": "no"}})
    for wrong, said in (
        ('death = "maybe"', "'death' is no question, or not answered so"),
        ('[answers.gdpr]\nbraech = "x"', "no field 'braech'"),
        ("aware_at = 2026-03-17T10:00:00", "no time zone"),
        ("death = ", "cannot be read"),
    ):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(RenderError, match=said):
            read_answers(file)


def test_a_draft_is_written_and_its_sending_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page quotes the law, shows both readings where it is contested, and is no advice; what was sent is on it."""
    store = Store(tmp_path / "incidents")
    open_incident(store, "Answers turned round", owner="Ada King", detected_at=AWARE)
    investigate(store, "INC-0001", only=())
    home = ["--home", str(store.folder)]
    said = run(capsys, "authority", "draft", "INC-0001", "ai-act", "--stage", "initial", *home).out
    assert "15 days: 2026-04-01 09:00 UTC" in said
    assert "two days: 2026-03-19 09:00 UTC (only for a widespread" in said
    assert (
        run(capsys, "authority", "sent", "INC-0001", "ai-act", "--to", "the authority", "--late", "x", *home).code == 0
    )
    run(capsys, "authority", "draft", "INC-0001", "ai-act", *home)
    folder = store.folder / "INC-0001" / "authority"
    page = (folder / "ai-act-complete.html").read_text(encoding="utf-8")
    assert page.count("A reminder, not legal advice.") >= 2
    assert "not later than two days" in page
    assert "Does Article 73 bind now?" in page
    assert "2 August 2026" in page
    assert "2 December 2027" in page
    assert "Complete report to the authority on" in page
    assert "Ada King" not in page
    data = json.loads((folder / "ai-act-complete.json").read_text(encoding="utf-8"))
    assert data["clocks"][0]["due"] == "2026-04-01T09:00:00Z"
    with pytest.raises(RenderError, match="use one of ai-act"):
        draft(made_bundle.bundle(), "dora")
