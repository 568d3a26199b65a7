"""The toolkit's own verdict on the case studies: a sample here, all of them with ``make library``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolkit.drills.alike import fingerprints
from toolkit.drills.cases import Case, case, cases
from toolkit.drills.verdicts import Said, said_of, table
from toolkit.store.search import likeness

DOCS = Path(__file__).parents[1] / "docs" / "case_studies.md"
ALL = os.environ.get("POSTMORTEM_CASES") == "all"
#: Quick to diagnose: a clock, a goal, a world, noise learned, nothing at all.
SAMPLE = ("taxi_clock", "engagement_goal", "measles", "smarket", "biopsy_control")
#: Cases on which the toolkit is known to be wrong, and why; the documentation shows them as missed.
MISSES: dict[str, str] = {}


def row_of(name: str) -> list[str]:
    """Give a case's line in the documentation, cell by cell."""
    (line,) = (x for x in DOCS.read_text(encoding="utf-8").splitlines() if x.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(c, id=c.name, marks=[pytest.mark.xfail(reason=MISSES[c.name])] if c.name in MISSES else [])
        for c in cases()
        if c.has_log and (ALL or c.name in SAMPLE)
    ],
)
def test_the_verdict_is_the_accepted_cause_or_undetermined(one: Case, tmp_path: Path) -> None:
    """The toolkit says what the case accepts, or that the log cannot tell, and the documentation says the same."""
    said = said_of(one, tmp_path)
    assert row_of(one.name)[6].split(" (")[0] == (
        f"{said.verdict}: {said.mechanism}" if said.mechanism else said.verdict
    )
    assert said.grade(one) in {"right", "accepted", "undetermined"}, said
    if said.marks:  # by which an incident is held to the cases; where nothing is wrong there are none
        assert likeness(said.marks, fingerprints()[one.name]) > 0.95


def test_the_documentation_has_every_case_as_it_stands() -> None:
    """Each case has its line with its own title and truth, and only known misses are missed."""
    for one in cases():
        row = row_of(one.name)
        truth = one.cause if one.mechanism is None else f"{one.cause}: {one.mechanism}"
        assert row[1:6] == [one.title, one.kind, str(one.difficulty), truth, ", ".join(one.also_accepted)]
        assert (row[7] == "missed") == (one.name in MISSES)
        assert bool(row[7]) == one.has_log
    assert len([x for x in DOCS.read_text(encoding="utf-8").splitlines() if x.startswith("| `")]) == len(cases())


def test_a_verdict_is_graded_by_the_case_and_a_miss_stays_in_the_table() -> None:
    """Right, accepted, undetermined and missed are told apart; the table shows each with its confidence."""
    watson, spam = case("watson_oncology"), case("spam_control")
    assert Said("data", "covariate_shift", 0.8).grade(watson) == "right"
    assert Said("human", "over_reliance", 0.5).grade(watson) == "accepted"
    assert Said("undetermined", None, 0.4).grade(watson) == "undetermined"
    assert Said("bias", "performance_gap", 0.9).grade(watson) == "missed"
    assert Said("none", None, 0.9).grade(spam) == "right"
    written = table({"watson_oncology": Said("bias", "performance_gap", 0.9)}, [watson, spam])
    assert "| bias: performance_gap (90%) | missed |" in written
    assert "With a log: 1 missed." in written
