"""Numbers, spans and times read the same everywhere."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from toolkit.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not known"), (float("nan"), "not known"), (float("inf"), "∞"), (0, "0"), (1830.0, "1,830"),
        (-12, "−12"), (0.8612, "0.861"), (123.4, "123"), (1.5e-7, "1.5e-07"), (12_345.6, "12,346"), (1e300, "1e+300"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    """Thousands are grouped, small numbers keep three digits, what is unknown says so."""
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.91, "91 %"), (0.0, "0 %"), (0.004, "0.4 %"), (0.996, "99.6 %"), (-0.02, "−2 %"), (1, "100 %")],
)
def test_shares(value: float, text: str) -> None:
    """A share is a whole percentage, with a decimal where rounding would say all or nothing."""
    assert words.percent(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1000.0, "factor", "×1,000"),
        (0.3, "share of rows", "30 % of rows"),
        (12.0, "ms", "12 ms"),
        (2.1, "ratio of means", "×2.1"),
    ],
)
def test_units(value: float, unit: str, text: str) -> None:
    """A share reads as a percentage, a factor as a multiple, the rest as number and unit."""
    assert words.with_unit(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "not known"),
        (1, "1 second"),
        (90, "90 seconds"),
        (7_200, "2 hours"),
        (200_000, "2.3 days"),
        (-7_200, "−2 hours"),
    ],
)
def test_spans(seconds: float | None, text: str) -> None:
    """A span is in the one unit that says it best, and keeps its sign."""
    assert words.duration(seconds) == text


def test_times_are_in_utc() -> None:
    """A time of another zone is shown in UTC, a midnight as its day."""
    moment = datetime(2026, 3, 14, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert words.time(moment) == "13 March 2026, 23:30 UTC"
    assert words.time(datetime(2026, 3, 14, tzinfo=UTC)) == "14 March 2026"


def test_lists_end_with_a_count() -> None:
    """A long list names the first and counts the rest."""
    assert words.listing(list("abc")) == "a, b and c"
    assert words.listing(list("abcdefgh"), 2) == "a, b and 6 more"
