"""The page: complete, self-contained, accessible in its structure, honest about what is missing."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import made_bundle
import pytest

from toolkit.causes.touched import NO_HARM_IN_ALL
from toolkit.errors import RenderError
from toolkit.notebooks.bundle import Bundle, Metric, Series
from toolkit.notebooks.outcome import RunResult
from toolkit.records import Incident, LedgerLine, Rival, SliceTerm
from toolkit.report.page import POLICY, compose, render
from toolkit.report.redact import Redacted


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag with its attributes."""
        self.tags.append((tag, {k: v or "" for k, v in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        """Give the attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    """Give the page of the made bundle."""
    return render(made_bundle.bundle())


def text_of(html: str) -> str:
    """Give the words of a page without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)).split())


def test_sections_are_in_the_order_of_a_postmortem(page: str) -> None:
    """The page has the SRE shape, the parts that people must write included."""
    order = [
        "Summary", "Impact", "Timeline", "Root cause", "Contributing factors", "Detection", "Resolution", "Lessons",
        "What went well", "What went wrong", "Where we got lucky", "Why we were surprised", "Action items",
        "Supporting data",
    ]  # fmt: skip
    headings = [text_of(h) for h in re.findall(r"<h[23][^>]*>(.*?)</h[23]>", page, re.DOTALL)]
    assert [h for h in headings if h in order] == order


def test_it_asks_no_network_and_runs_nothing(page: str) -> None:
    """No script, no handler, nothing loaded from elsewhere, and a policy that would forbid it."""
    reader = Reader(page)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in reader.tags}
    for tag, attrs in reader.tags:
        assert not [name for name in attrs if name.startswith("on")], tag
        assert not attrs.get("src", "data:").replace("data:", "", 1).startswith("http")
        assert not attrs.get("srcdoc")
    assert not re.search(r"url\(\s*['\"]?(?!#)", page)
    assert "@import" not in page
    metas = {m.get("http-equiv"): m.get("content") for m in reader.all("meta")}
    assert metas["Content-Security-Policy"] == POLICY
    assert "script-src" not in POLICY
    assert POLICY.startswith("default-src 'none'")


def test_the_structure_can_be_followed_without_sight(page: str) -> None:
    """One title, a language, landmarks, a skip link, headings without gaps, text for every picture."""
    reader = Reader(page)
    assert reader.all("html")[0]["lang"] == "en"
    assert len(reader.all("h1")) == len(reader.all("main")) == 1
    assert reader.all("a")[0] == {"class": "skip", "href": "#main"}
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in reader.all("svg"))
    assert all(img["alt"] for img in reader.all("img"))
    assert all(th.get("scope") in {"col", "row"} for th in reader.all("th"))
    assert len(reader.all("caption")) == len(reader.all("table"))


def test_ids_are_unique_and_links_lead_somewhere(page: str) -> None:
    """Every deep link has its place."""
    reader = Reader(page)
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {a["href"][1:] for a in reader.all("a") if a.get("href", "").startswith("#")}
    assert {"summary", "finding-F02", "event-E2"} <= wanted
    assert wanted <= set(ids)


def test_factual_sections_are_drafted_from_the_record(page: str) -> None:
    """Each sentence stands on a field or a finding, in words."""
    words = text_of(page)
    for sentence in (
        "The most likely cause is the integration ( unit change ), with a probability of 93 %",
        "That is 1,830 wrong decisions more than expected (95 % interval 1,702 to 1,961 )",
        "It explains 91 % of the damage (95 % interval 84 % to 96 % )",
        "It was detected 2.3 days after it began",
        "3 % of it stays unexplained",
        "The last recorded change before that was on 13 March 2026, 22:48 UTC : Income service 4.2 reports cents",
        "The first alert came on 16 March 2026, 07:12 UTC : Approval rate outside its band",
    ):
        assert sentence in words


def test_numbers_carry_their_provenance(page: str) -> None:
    """A number is a link to its evidence and says on hover what it is, over how many rows."""
    tips = [a["data-tip"] for a in Reader(page).all("a") if a.get("class", "").startswith("ev")]
    assert "the harm of the diagnosis · 95 % interval 1,702 to 1,961 · n = 12,400" in tips


def test_every_finding_is_listed_with_its_query(page: str) -> None:
    """The supporting data holds each finding and how to compute it again."""
    for finding in made_bundle.findings():
        assert f'id="finding-{finding.id}"' in page
    assert "select quantile_cont(" in page
    assert "Not testable: the log has no decision." in page
    assert "rows quarantined" in page


def test_blanks_are_prompts_and_answers_replace_them() -> None:
    """A question that nobody answered is a prompt; what people write takes its place, numbers resolved.

    Of an integration failure three questions are asked beyond the eight of every incident.
    """
    answered = made_bundle.bundle(prose={"surprised": "Income is {{ev.F02.effect}} too large.", "summary": "*Ours.*"})
    words = text_of(render(answered))
    assert "To be written: What did we believe about the system that was not so?" not in words
    assert "Income is ×1,000 too large" in words
    assert "Ours." in words
    assert "It was mitigated after" not in words.split("Impact")[1].split("Timeline")[0]
    assert text_of(render(made_bundle.bundle())).count("To be written:") == 11


def test_an_unknown_reference_stops_the_page() -> None:
    """A page that cites what does not exist is not made; the message has the section and the line."""
    with pytest.raises(RenderError, match="got-lucky, line 2"):
        render(made_bundle.bundle(prose={"got-lucky": "fine\n{{ev.F77.n}}"}))


def test_a_failed_notebook_is_marked_where_it_belongs() -> None:
    """The page says at its head and in the section which notebook failed, at which cell, and why."""
    failed = RunResult(
        "root_cause", "failed", Path("root_cause.ipynb"), 2.0, "root-cause-06", "ValueError: <no> ledger"
    )
    document = compose(Redacted(made_bundle.bundle()), notebooks=[failed])
    assert [part.id for part in document.parts if part.failures] == ["root-cause"]
    words = text_of(document.html)
    said = "The notebook root_cause failed at cell root-cause-06: ValueError: &lt;no&gt; ledger"
    assert words.count(said) == 2
    assert "This section is incomplete." in words


def test_a_bare_incident_has_a_page() -> None:
    """With nothing but an incident the page says what is not known, and invents nothing."""
    words = text_of(render(Bundle(Incident("INC-0009", "Something is off"))))
    assert "The log was not diagnosed yet." in words
    assert "no event is recorded yet" in words
    assert "not known" in words


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("none", "Nothing in the log says that the model failed (probability 93 % )."),
        ("undetermined", "The log cannot tell the cause."),
    ],
)
def test_other_verdicts_are_said_plainly(verdict: str, sentence: str) -> None:
    """No failure and no answer are verdicts too; neither is dressed up as a cause."""
    settle = ("Label 200 rows of the north.",)
    other = replace(made_bundle.verdict(), verdict=verdict, mechanism=None, ledger=(), would_settle_it=settle)
    words = text_of(render(made_bundle.bundle(verdict=other)))
    assert sentence in words
    assert "The most likely cause" not in words
    assert "Label 200 rows of the north." in words


def test_a_regression_speaks_of_loss() -> None:
    """Where the model predicts an amount, harm is summed error, not a count of decisions."""
    verdict = replace(made_bundle.verdict(), log={"task": "regression"})
    words = text_of(render(made_bundle.bundle(verdict=verdict)))
    assert "The summed error was 1,830 above the expected one" in words
    assert "wrong decisions" not in words


@pytest.mark.drawn_anew
def test_the_page_is_the_same_twice(page: str) -> None:
    """The same record gives the same bytes."""
    assert render(made_bundle.bundle()) == page


def test_size_does_not_grow_with_the_log() -> None:
    """Thousands of buckets, events and findings still fit a page that opens at once."""
    finding = made_bundle.findings()[0]
    many = tuple(replace(finding, id=f"F{i}", statement="s" * 300) for i in range(5_000))
    event = made_bundle.events()[0]
    events = tuple(replace(event, id=f"E{i}", text="t" * 300) for i in range(10_000))
    line = LedgerLine("data", "covariate_shift", 0.9, supporting=("F4999",))
    rival = Rival("data", "covariate_shift", 0.9, ("F4999",))
    verdict = replace(made_bundle.verdict(), findings=many, ledger=(line,), rivals=(rival,))
    starts = tuple(made_bundle.when(i / 24) for i in range(2_000))
    wave = tuple(0.5 + 0.1 * math.sin(i) for i in range(2_000))
    metric = Metric("accuracy", wave, wave, wave, (1,) * 2_000, 0.5)
    series = Series(starts, starts, (False,) * 2_000, (metric,))
    page = render(made_bundle.bundle(verdict=verdict, events=events, series=series))
    assert len(page.encode()) < 2_000_000
    assert 'href="#finding-F4999"' not in page
    assert "9,600 more rows" in page
    assert "4,700 more findings" in page


def test_harm_that_may_be_none_is_said_to_be_so() -> None:
    """Where the interval of the harm includes zero, the summary and the impact say it."""
    harm = replace(made_bundle.verdict().harm, interval=(-110.0, 1_701.0))
    words = text_of(render(made_bundle.bundle(verdict=replace(made_bundle.verdict(), harm=harm))))
    assert words.count("That interval includes no excess at all.") == 2


def test_harm_of_a_part_is_told_of_the_part() -> None:
    """Where a part alone is harmed, the page says so beside the whole log's numbers, and gives the part's evidence."""
    sure = made_bundle.verdict()
    finding = replace(made_bundle.findings()[0], id="F77", statement="Errors of site B rose.")
    harm = replace(sure.harm, interval=(-110.0, 1_701.0))
    rival = Rival(sure.verdict, sure.mechanism or "", 0.9, ("F77",))
    part = replace(
        sure, harm=harm, slice=(SliceTerm("site", "B"),), findings=(*sure.findings, finding), rivals=(rival,)
    )
    words = text_of(render(made_bundle.bundle(verdict=part)))
    assert "no excess at all: the damage is in a part of them alone." in words
    assert words.count("The strongest evidence: Errors of site B rose.") == 2
    noted = replace(part, notes=(f"{NO_HARM_IN_ALL} On the 626 rows in question accuracy was 0.8.",))
    words = text_of(render(made_bundle.bundle(verdict=noted)))
    assert words.count("On the 626 rows in question accuracy was 0.8.") >= 2
    assert "no excess at all" not in words


def test_the_page_says_what_is_not_ruled_out() -> None:
    """Two causes that may both be are named under the probabilities; one alone needs no such line."""
    sure = made_bundle.verdict()
    both = {**sure.probabilities, "integration": 0.53, "data": 0.43}
    words = text_of(render(made_bundle.bundle(verdict=replace(sure, probabilities=both))))
    assert "Not ruled out: the integration, the data (nine of ten such lists hold the cause)." in words
    assert "Not ruled out" not in text_of(render(made_bundle.bundle()))


def test_an_address_is_a_link_and_nothing_else_is() -> None:
    """A web address as the source of an event is a link under its host; a script address stays text."""
    web, script = (
        replace(made_bundle.events()[0], source=source)
        for source in ("https://www.example.org/a?b=1", "javascript:alert(1)")
    )
    page = render(made_bundle.bundle(events=(web, script)))
    assert '<a href="https://www.example.org/a?b=1" rel="noopener noreferrer">example.org</a>' in page
    assert "<td>javascript:alert(1)</td>" in page


def test_what_ended_before_it_began_did_not_resolve_it() -> None:
    """A recovery noted before the incident began is no part of its resolution."""
    early = replace(made_bundle.events()[5], occurred_at=made_bundle.when(1), text="Another outage ends")
    words = text_of(render(made_bundle.bundle(events=(early,))))
    assert "Another outage ends" not in words.split("Resolution")[-1].split("Lessons")[0]
