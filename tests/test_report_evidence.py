"""A number in a text is a reference; what it stands for, and what happens when it stands for nothing."""

from dataclasses import replace

import made_bundle
import pytest

from toolkit.errors import RenderError
from toolkit.report.evidence import cite, has, known_references, references
from toolkit.report.prose import render_prose


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("ev.F02.effect", "×1,000"),
        ("ev.F01.effect", "−0.15 accuracy"),
        ("ev.F01.n", "12,400"),
        ("ev.F01.p_value", "< 0.0001"),
        ("ev.F02.onset|date", "14 March 2026"),
        ("harm.excess_errors", "1,830"),
        ("ledger.unit_change.share", "91 %"),
        ("ledger.unexplained.share", "3 %"),
        ("verdict.p.data", "3 %"),
        ("verdict.verdict", "the integration"),
        ("incident.detected_at", "16 March 2026, 07:12 UTC"),
        ("lag.to_detect", "2.3 days"),
        ("log.rows_read", "30,012"),
        ("event.E2.text", "Income service 4.2 reports cents"),
        ("harm.expected | percent", "86 %"),
    ],
)
def test_references_give_the_recorded_value(reference: str, text: str) -> None:
    """Each kind of reference shows the value of the record, in its unit or the format asked for."""
    assert cite(made_bundle.bundle(), reference).text == text


def test_a_citation_knows_where_it_comes_from() -> None:
    """A finding's number carries its query, rows and interval."""
    cited = cite(made_bundle.bundle(), "ev.F02.effect")
    assert (cited.finding, cited.n, cited.interval) == ("F02", 12_400, "998 to 1,001")
    assert "query: select quantile_cont" in cited.provenance


@pytest.mark.parametrize(
    ("text", "line", "there_is"),
    [
        ("fine\n\nIt fell by {{ev.F99.effect}}.", "line 3", "F01"),
        ("{{ev.F01.colour}}", "line 1", "effect"),
        ("{{nothing.at.all}}", "line 1", "ledger"),
        ("{{harm.expected|furlongs}}", "line 1", "percent"),
        ("{{harm.metric|percent}}", "line 1", "leave the format out"),
        ("{{ledger.sabotage.share}}", "line 1", "unit_change"),
    ],
)
def test_an_unknown_reference_fails_with_its_line(text: str, line: str, there_is: str) -> None:
    """A text that cites what does not exist is not rendered; the message has the line and names what there is."""
    with pytest.raises(RenderError) as caught:
        render_prose(made_bundle.bundle(), text, where="lessons")
    assert f"lessons, {line}" in str(caught.value)
    assert there_is in str(caught.value)


def test_a_reference_in_a_link_is_refused() -> None:
    """A number cannot become part of an address."""
    with pytest.raises(RenderError, match="inside an address"):
        render_prose(made_bundle.bundle(), "[x](http://example.org/{{ev.F01.n}})")


def test_values_of_the_log_are_never_read_as_markup() -> None:
    """What a value holds is shown, not interpreted: neither HTML, nor Markdown, nor a reference."""
    event = replace(made_bundle.events()[0], text="<b>bold</b> **x** {{ev.F01.n}}")
    html = render_prose(made_bundle.bundle(events=(event,)), "Said: {{event.E1.text}}").html
    assert "&lt;b&gt;bold&lt;/b&gt; **x** {{ev.F01.n}}" in html


def test_written_markdown_cannot_bring_html() -> None:
    """People write Markdown; tags in it are text, and a script address leads nowhere."""
    html = render_prose(made_bundle.bundle(), "*a* <img src=x onerror=alert(1)> [l](javascript:alert(1))").html
    assert "<em>a</em>" in html
    assert "<img" not in html
    assert "javascript:" not in html


def test_has_tells_known_from_unknown() -> None:
    """A reference has a value only where the record holds one."""
    bundle = made_bundle.bundle(incident=made_bundle.incident(detected_at=None))
    assert has(bundle, "incident.occurred_at")
    assert not has(bundle, "incident.detected_at")
    assert not has(bundle, "ev.F99.effect")


def test_what_can_be_cited_can_be_cited() -> None:
    """Every reference that is offered resolves."""
    bundle = made_bundle.bundle()
    offered = known_references(bundle)
    assert "ev.F01.effect" in offered
    assert all(cite(bundle, reference).text for reference in offered)


def test_references_are_found_with_their_lines() -> None:
    """Lines are counted from one."""
    assert references("a\n{{x.y}} {{z}}") == [(2, "x.y"), (2, "z")]
