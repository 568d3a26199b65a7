"""Numbers in another spelling are a changed schema; other numbers, and other words, are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import spelling
from toolkit.detectors.evidence import Evidence

SINCE = 900
MONTHS = np.random.default_rng(3).integers(1, 60, 1500)


def look(write: Callable[[int], str], then: Callable[[int], str] = str, *, own: bool) -> list[Evidence]:
    """Read a log whose town is a text of months, written otherwise since a row (and in the reference as before)."""
    rng = np.random.default_rng(4)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    log["town"] = [write(m) if i >= SINCE else then(m) for i, m in enumerate(MONTHS.tolist())]
    reference["town"] = [then(m) for m in rng.permutation(MONTHS).tolist()]
    for frame in (log, reference):
        frame.loc[::60, "town"] = "unknown"  # else a column of numbers, in which a text is a change of type
    return spelling.detect(study_of(log, None if own else reference))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("write", ["{} mo", "{},0", "EUR {}", "{:e}"])
def test_the_same_numbers_in_another_spelling(write: str, *, own: bool) -> None:
    """A unit, a comma, a currency or a power of ten around the same numbers: a schema change since that row."""
    (got,) = look(lambda m: write.format(m), own=own)
    assert got.mechanism == "schema_change"
    assert {"new_category", "bad_rollout"} <= set(got.finding.refutes)
    assert got.change is not None
    assert abs(got.change.start - SINCE) <= 2
    assert got.rows is not None
    assert int(got.rows.sum()) == 1500 - SINCE


def test_a_baseline_that_reaches_into_the_change_hides_nothing() -> None:
    """Held to its own early rows, of which some are in the new spelling already, the log shows it all the same."""
    log = healthy(np.random.default_rng(4), 1500)
    log["town"] = [f"{m} mo" if i >= 300 else str(m) for i, m in enumerate(MONTHS.tolist())]
    (got,) = spelling.detect(study_of(log, None))
    assert got.mechanism == "schema_change"


@pytest.mark.parametrize(
    ("write", "then"),
    [
        (str, str),
        (lambda m: f"{m + 40} mo", str),
        (lambda m: f"Galaxy {m}", lambda m: f"iPhone {m}"),
        (lambda m: ["Bonn", "Hof"][m % 2], str),
        (lambda m: f"{m}-{m + 5}", str),
    ],
    ids=["as before", "other numbers", "names with numbers", "words", "ranges"],
)
def test_other_numbers_or_words_are_no_spelling(write: Callable[[int], str], then: Callable[[int], str]) -> None:
    """What says something else than before is left to the detectors of categories."""
    assert look(write, then, own=False) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.471,94", 1471.94), ("1,471.94", 1471.94), ("12.345.678,5", 12345678.5), ("386,27", 386.27), ("1.471", 1.471)],
)
def test_thousands_apart_are_read(text: str, value: float) -> None:
    """Points or commas between thousands, where the other of the two begins the decimals; one alone is a decimal."""
    got = spelling.read(text)
    assert got is not None
    assert got.value == pytest.approx(value)
    assert got.plain
