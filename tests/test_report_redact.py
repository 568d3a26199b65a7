"""What an audience must not see is in none of its files: not in text or data, nor in what describes a plot."""

import html
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import made_bundle
import pytest
from test_report_hostile import hostile_notebook, poisoned

from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle, GroupValue
from toolkit.notebooks.outcome import RunResult
from toolkit.records import SliceTerm
from toolkit.report.audiences import for_audience
from toolkit.report.page import render
from toolkit.report.personal import Words, names_and_parts, parts_of_people, without_personal
from toolkit.report.policy import POLICIES, Policy, policy_for
from toolkit.report.publish import publish
from toolkit.report.redact import Redacted, check_clean, redacted
from toolkit.report.small_cells import suppressed

#: What is planted, and a part of it that would be enough to know.
PLANTED = {
    "ada.lovelace+x@mail.example.org": "mail.example",
    "+44 20 7946 0958": "7946 0958",
    "(415) 555-0132": "555-0132",
    "4111 1111 1111 1111": "1111 1111",
    "192.0.2.77": "192.0.2.",
    "2001:db8::8a2e:370:7334": "8a2e:370",
    "GB82 WEST 1234 5698 7654 32": "5698 7654",
    "078-05-1120": "05-1120",
    "Grace Hopper": "hopper",
    "hal-9000": "hal-90",
}
TEXT = " / ".join(PLANTED)
OUTSIDE = ("leadership", "public", "regulator")


def all_of(folder: Path) -> str:
    """Give everything in a folder, its file names too, as one text without escapes."""
    files = [f for f in folder.rglob("*") if f.is_file()]
    texts = [f.read_text(encoding="utf-8") for f in files]
    return html.unescape("\n".join([*(str(f.relative_to(folder)) for f in files), *texts]))


def own_rules(audience: str) -> Policy:
    """Give an audience's policy with a name and a word of the house."""
    return replace(POLICIES[audience], names=("Grace Hopper",), words={"HAL-9000": "the engine"})


@pytest.mark.parametrize("kind", ["full", "executive", "initial"])
@pytest.mark.parametrize("audience", OUTSIDE)
def test_planted_identifiers_appear_nowhere(audience: str, kind: str, tmp_path: Path) -> None:
    """Put into every text of a record, names of columns and metrics included, none is in any file that is written."""
    bundle = replace(poisoned(TEXT), prose={"surprised": f"We asked {TEXT}: {{{{ev.F01.statement}}}}", "summary": TEXT})
    run = RunResult("mine", "failed", hostile_notebook(tmp_path), 1.0, "c", TEXT)
    made = publish(bundle, tmp_path / "out", audience=audience, kind=kind, policy=own_rules(audience), notebooks=[run])
    text = all_of(made.folder).lower()
    for planted, part in PLANTED.items():
        assert planted.lower() not in text
        assert part.lower() not in text
    data = json.loads((made.folder / "postmortem.json").read_text(encoding="utf-8"))
    assert {"e-mail address", "telephone number", "card number", "name of a person"} <= {
        e["rule"] for e in data["left_out"]
    }
    assert not list(made.folder.rglob("*.ipynb"))


def test_the_team_sees_it_all(tmp_path: Path) -> None:
    """The team's own document is not redacted, and says nothing of redaction."""
    made = publish(made_bundle.bundle(prose={"surprised": TEXT}), tmp_path / "out")
    text = all_of(made.folder)
    assert all(planted in text for planted in PLANTED)
    assert "What was left out" not in text


def test_the_public_page_names_nobody_and_nothing_internal(tmp_path: Path) -> None:
    """Owners, actors, the model, its versions, sources, files and checks are not in the public variant."""
    bundle = made_bundle.bundle(prose={"went-well": "risk-oncall rolled risk@7 back."})
    events = tuple(replace(e, source="https://wiki.internal/x", actor="bo") for e in bundle.events)
    text = all_of(publish(replace(bundle, events=events), tmp_path / "out", audience="public").folder)
    for gone in ("risk-oncall", "risk@7", "wiki.internal", "served.parquet", "select avg", '"bo"'):
        assert gone not in text
    assert "[the commander] rolled [the model] back." in text or "[the owner] rolled [the model] back." in text


def test_a_file_named_by_its_day_takes_no_day_out(tmp_path: Path) -> None:
    """The name of such a file is internal, and the day in it is not: a page full of that day is published."""
    bundle = made_bundle.bundle()
    assert bundle.verdict is not None
    files = {"2026-03-14.parquet": "0" * 64, "batch_07.parquet": "1" * 64}
    bundle = replace(bundle, verdict=replace(bundle.verdict, log={**bundle.verdict.log, "files": files}),
                     prose={"went-well": "On 2026-03-14 batch_07 (2026-03-14.parquet) was held back."})  # fmt: skip
    text = all_of(publish(bundle, tmp_path / "out", audience="public").folder)
    assert "On 2026-03-14 [a file of the log] ([a file of the log]) was held back." in text
    assert "batch_07" not in text


def test_values_of_free_text_are_not_shown() -> None:
    """A finding about a column of texts or ids, and a group of it, tell no value; quoted lines of the log are gone."""
    finding = replace(
        made_bundle.findings()[1], slice=(SliceTerm("complaint", "my neighbour"),), statement="my neighbour"
    )
    bundle = replace(
        made_bundle.bundle(),
        verdict=replace(made_bundle.verdict(), findings=(finding,), slice=(SliceTerm("complaint", "my neighbour"),)),
        groups=(GroupValue("complaint", "my neighbour", "accuracy", 0.5, 0.4, 0.6, 900),),
        validation={"rows_read": 9, "examples": {"bad": ["my neighbour"]}, "reject_lines": ["my neighbour"]},
        roles=({"column": "complaint", "role": "text", "note": "my neighbour"},),
    )
    for audience in OUTSIDE:
        assert "my neighbour" not in json.dumps(redacted(bundle, POLICIES[audience]).bundle.parts())
    assert "my neighbour" in json.dumps(redacted(bundle, POLICIES["team"]).bundle.parts())


def groups(*rows: int) -> tuple[GroupValue, ...]:
    """Give a group of each size."""
    return tuple(GroupValue("sex", f"g{n}", "accuracy", 0.5, 0.4, 0.6, n) for n in rows)


@pytest.mark.parametrize(
    ("rows", "kept"), [((9, 10, 500), (500,)), ((3, 4, 500), (500,)), ((10, 11), (10, 11)), ((5,), ())]
)
def test_small_cells_are_suppressed(rows: tuple[int, ...], kept: tuple[int, ...]) -> None:
    """Groups below ten rows are left out; where one alone is, the next too, or a total would tell it."""
    left = suppressed(Bundle(made_bundle.incident(), groups=groups(*rows)), 10, Counter()).groups
    assert tuple(g.n for g in left) == kept


def test_what_slips_through_stops_the_publication() -> None:
    """Finished files are read once more; the message names rule and file, and not what was found."""
    made = Redacted(
        made_bundle.bundle(), words=[Words("internal name", {"hal-9000": "[the model]"})], policy=POLICIES["public"]
    )
    for text in ("<p>ask HAL-9000</p>", "<svg aria-label='x@y.example'>"):
        with pytest.raises(RenderError, match="would still show") as caught:
            check_clean({"postmortem.html": text.encode()}, made)
        assert "hal" not in str(caught.value).lower()
        assert "y.example" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "20,000 rows from 2013-04-01T09:00:00Z to 2013-12-30", "on 01.02.2026 10:00", "accuracy 0.7370092378752887",
        "model 1.2.3 at 12:30:45", "n = 1234567, F01, INC-0001", "a" * 64, "-0.016 to 0.022", "order 1234567890123",
    ],
)  # fmt: skip
def test_numbers_of_ours_are_left_alone(text: str) -> None:
    """Counts, dates, hashes, versions and shares are no personal data."""
    assert without_personal(text) == (text, [])


def test_a_name_is_found_in_parts_and_any_case() -> None:
    """A listed person is found by surname alone and across a line break, and not inside another word."""
    words = Words("name", names_and_parts(["Ada King"]))
    assert words.without("ADA\n king said; King's; speaking")[0] == "[name] said; [name]'s; speaking"


def test_blocks_are_for_their_audience() -> None:
    """What stands between a line with audiences and three colons is for those alone."""
    text = "All.\n::: team, leadership\nInside.\n:::\n::: public\nOutside.\n:::\nEnd."
    assert for_audience(text, "team").split() == ["All.", "Inside.", "End."]
    assert for_audience(text, "public").split() == ["All.", "Outside.", "End."]
    assert for_audience("a\n  :::Public \nb\n :::\nc", "public").splitlines()[4] == "c"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("All.\n::: team\nInside.", "does not end .*surprised, line 2"),
        ("::: teams\nInside.\n:::", "'teams', which is no audience .*line 1"),
        ("::: team\nx\n::: public\ny\n:::", "inside of another .*line 3"),
        ("All.\n:::\n", "ends here that did not begin .*line 2"),
    ],
)
def test_a_slip_in_a_block_is_refused(text: str, said: str) -> None:
    """A block that is open, or for nobody we know, never reaches an audience, nor vanishes."""
    with pytest.raises(RenderError, match=said):
        redacted(made_bundle.bundle(prose={"surprised": text}), POLICIES["public"])


#: How an address, a number or a name is written so that no simple pattern finds it, with what would tell it.
DISGUISED = {
    "ada**@**example.org": "example.org",
    "ada (at) example (dot) org": "example",
    "ada\uff20example.org": "example.org",
    "ada\u200b@example.org": "example",
    "ada\\@example.org": "example",
    "Gra**ce Hop**per": "hop",
    "Gra\u200bce Hop\u200bper": "hop",
    "grace_hopper and GraceHopper": "hopper",
    "Jose\u0301 Garci\u0301a": "garc",
    "`415`-`555`-`0132`": "0132`",
    "gb82west12345698765432": "98765432",
    "4111.1111.1111.1111": "1111.1111",
    "Ada rolled it back; King was told": "King",
    "the credit-scorer-eu of hal9000": "scorer",
    "All.\n\n::: team\nINSIDE\n\n\n\n:::\nEnd.": "\\n\\n\\n",
}


@pytest.mark.parametrize("text", DISGUISED)
def test_a_disguise_does_not_help(text: str, tmp_path: Path) -> None:
    """Marks, invisible characters, other forms of a letter, words run together and parts of a name are seen through."""
    rules = replace(own_rules("public"), names=("Grace Hopper", "Jos\u00e9 Garc\u00eda"))
    bundle = made_bundle.bundle(prose={"surprised": text})
    incident = replace(bundle.incident, owner="Ada King", model="credit-scorer-eu@7")
    made = publish(replace(bundle, incident=incident), tmp_path / "out", audience="public", policy=rules)
    assert DISGUISED[text].lower() not in all_of(made.folder).lower()


def test_a_team_is_no_person() -> None:
    """Parts of a name are looked for only where it is a person's: a team's are words of the language."""
    known = {"Ada King": "[the owner]", "Data Platform": "[a person]", "the delay desk": "[an owner]"}
    assert parts_of_people(known) == {"Ada": "[the owner]", "King": "[the owner]"}


def test_own_rules_are_read_and_wrong_ones_refused(tmp_path: Path) -> None:
    """redaction.toml adds names and words; a key that is none of ours is named."""
    (tmp_path / "redaction.toml").write_text('names = ["Ada"]\nsmallest_cell = 5\n[words]\na = "b"\n', encoding="utf-8")
    own = policy_for("public", tmp_path)
    assert (own.names, own.smallest, own.words) == (("Ada",), 5, {"a": "b"})
    assert policy_for("team", tmp_path) == Policy()
    (tmp_path / "redaction.toml").write_text("nmaes = []\n", encoding="utf-8")
    with pytest.raises(RenderError, match="'nmaes' is no rule"):
        policy_for("public", tmp_path)


def test_each_kind_has_its_sections() -> None:
    """One page for those who answer for it; a first report that says what is not yet known; nobody is asked there."""
    executive = render(made_bundle.bundle(), audience="leadership", kind="executive")
    initial = render(made_bundle.bundle(), audience="regulator", kind="initial")
    assert 'id="root-cause"' in executive
    assert 'id="supporting-data"' not in executive
    assert "What is not yet known" in initial
    assert 'id="root-cause"' not in initial
    assert "To be written" not in executive + initial
    with pytest.raises(RenderError, match="use one of full"):
        render(made_bundle.bundle(), kind="novel")
    with pytest.raises(RenderError, match="use one of team"):
        render(made_bundle.bundle(), audience="press")
