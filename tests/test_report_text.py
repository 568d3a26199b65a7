"""Text from a log shows as what it is: nothing hidden, nothing that moves other text, nothing without end."""

import pytest

from toolkit.report.text import LABEL, LONGEST, label, visible


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain, naïve, 日本, 🙂", "plain, naïve, 日本, 🙂"),
        ("a\x1b[31mred", "a␛[31mred"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("\x00\x7f\x85", "␀␡⟨U+0085⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("half\ud800", "half⟨U+D800⟩"),
        ("line\nbreak\ttab", "line\nbreak\ttab"),
        (12, "12"),
    ],
)
def test_every_hidden_character_shows(given: object, shown: str) -> None:
    """Controls, bidi marks, zero widths and half characters are written out; all other text stays as it is."""
    assert visible(given) == shown


def test_a_megabyte_is_cut_with_a_note() -> None:
    """What is longer than a page holds ends with how much was left out."""
    shown = visible("x" * 1_000_000)
    assert shown == "x" * LONGEST + "… (+998,000 characters)"


def test_a_label_is_one_short_line() -> None:
    """A plot's label has no line break and never more letters than it has room for."""
    assert label("two\nlines") == "two lines"
    assert len(label("y" * 500)) == LABEL
