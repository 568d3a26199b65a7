"""A name that is new is told from an old one in another spelling by what the old one has left."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import healthy, study_of

from toolkit.detectors import categories


@pytest.mark.parametrize(("from_all", "found"), [(True, "new_category"), (False, "category_recoded")])
def test_a_longer_name_is_a_spelling_only_at_the_old_ones_cost(*, from_all: bool, found: str) -> None:
    """``cargo bike`` that comes beside ``car`` as it was is new; ``car-2`` that takes its rows is the same car."""
    rng = np.random.default_rng(4)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    for frame in (log, reference):
        frame["town"] = rng.choice(["car", "van", "train"], 1500, p=[0.3, 0.5, 0.2])
    late = np.arange(1500) >= 600
    hit = late & (rng.random(1500) < 0.3 if from_all else log["town"] == "car")
    log["town"] = np.where(hit, "cargo bike" if from_all else "car-2", log["town"])
    study = study_of(log, reference)
    got = [e.mechanism for e in categories.detect(study, {}) if e.mechanism]
    assert got == [found]


def new_names(held: list[str | None], served: list[str]) -> list[str]:
    """Give what is said of a text of which 1500 rows are served, and as many were held."""
    rng = np.random.default_rng(5)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    reference["town"] = np.resize(np.array(held, dtype=object), 1500)
    log["town"] = np.resize(np.array(served, dtype=object), 1500)
    return [e.mechanism for e in categories.detect(study_of(log, reference), {})]


def test_new_names_beside_many_rare_ones() -> None:
    """Of 150 names none is common: four new ones took nobody's share."""
    assert new_names([f"t{i}" for i in range(150)], ["Rom", "Oslo", "Bern", "Kiel"]) == ["unrepresentative_data"]


def test_another_stamp_on_all_rows_is_no_new_category() -> None:
    """A column that never varied taught the model nothing: build 2026.16 became 2026.17."""
    assert new_names(["2026.16"], ["2026.17"]) == []
    assert new_names(["Rom"], ["Rom", "Oslo"]) == ["unrepresentative_data"]


def test_a_baseline_that_is_all_missing_has_no_names_to_be_new_to() -> None:
    """Where nothing was known before, nothing is new."""
    assert new_names([None], [*[None] * 750, *["Rom", "Oslo"] * 375]) == []


def test_a_name_that_has_just_come_is_new_to_a_log_held_to_itself() -> None:
    """A new car is offered to ever more people: its first rows end the log's own beginning, and it is new."""
    rng = np.random.default_rng(9)
    log = healthy(rng, 3000)
    more = np.clip((np.arange(3000) - 900) / 1500, 0, 1) * 0.15
    log["town"] = np.where(rng.random(3000) < more, "robo", rng.choice(["eco", "van"], 3000))
    got = [e for e in categories.detect(study_of(log, None, feature=["x", "town"]), {}) if e.mechanism]
    assert [e.mechanism for e in got] == ["new_category"]
    assert "robo" in got[0].finding.statement


def test_names_are_shown_so_that_each_can_be_seen() -> None:
    """An empty name is quoted, and of more than five the rest is counted: the share is of them all."""
    rng = np.random.default_rng(6)
    log, reference = healthy(rng, 1500), healthy(rng, 1500)
    log["town"] = np.where(np.arange(1500) % 2, "", "Ulm")
    (empty,) = (e.finding.statement for e in categories.detect(study_of(log, reference.assign(town="Ulm")), {}))
    assert "('')" in empty or "hold ''," in empty
    log["town"] = np.where(np.arange(1500) < 700, log["town"], rng.choice([f"new{i}" for i in range(8)], 1500))
    log["town"] = log["town"].replace("", "Ulm").to_numpy()
    (many,) = (e.finding.statement for e in categories.detect(study_of(log, reference.assign(town="Ulm")), {}))
    assert "hold new0, new1, new2, new3, new4 and 3 more, which" in many


@pytest.mark.parametrize(
    ("names", "parts", "found"),
    [
        (["m", "y", "t"], [0.5, 0.3, 0.2], "category_recoded"),
        (["week", "day", "hour", "trial"], [0.25, 0.25, 0.25, 0.25], "new_category"),
    ],
    ids=["as common as the old", "four for three"],
)
def test_new_names_in_a_part_of_the_rows_are_codes_where_they_are_as_common(
    names: list[str], parts: list[float], found: str
) -> None:
    """Three contracts, a third of the rows by other names: codes of the same shares, or four new kinds of contract."""
    rng = np.random.default_rng(7)
    log, reference = healthy(rng, 3000), healthy(rng, 3000)
    for frame in (log, reference):
        frame["town"] = rng.choice(["month", "year", "two years"], 3000, p=[0.5, 0.3, 0.2])
    hit = (np.arange(3000) >= 1200) & (rng.random(3000) < 0.33)
    log["town"] = np.where(hit, rng.choice(names, 3000, p=parts), log["town"])
    assert [e.mechanism for e in categories.detect(study_of(log, reference), {}) if e.mechanism] == [found]
