"""What findings say is true to the letter: since when, held to what, in which unit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_study import ROLES, healthy

import toolkit
from toolkit.causes.diagnosis import summary_lines
from toolkit.records import Finding


def served(seed: int, n: int = 600) -> pd.DataFrame:
    when = pd.date_range("2026-01-01", periods=n, freq="h", tz="UTC")
    return healthy(np.random.default_rng(seed), n).assign(when=when)


LOG, HELD = served(1), served(99).assign(when=pd.Timestamp("2025-06-01", tz="UTC"))


def said(log: pd.DataFrame, held: pd.DataFrame = HELD, roles: dict[str, Any] = ROLES) -> tuple[Finding, ...]:
    return toolkit.diagnose(log, reference=held, roles=roles).record.findings


@pytest.mark.parametrize(
    ("log", "statement"),
    [
        (LOG.assign(w=np.nan), "w is missing in 100 % of the rows from the first row on, 0 % in the baseline."),
        (LOG.assign(w=LOG.w.where(LOG.index < 300)), "w is missing in 100 % of the rows since the change, 0 % before."),
        (LOG.assign(w=LOG.w.mask((LOG.index >= 200) & (LOG.index < 400))),
         "w is missing in 100 % of the rows for a while, 0 % before."),
        (LOG.assign(w=1.0), "w is 1 in 100 % of the rows from the first row on (0 % in the baseline), "),
        (LOG.assign(town=" " + LOG.town),
         "town has other names from the first row on: 100 % of the rows hold ' Bonn', ' Hof', ' Ulm', "),
    ],
    ids=["never came", "no longer came", "came back", "always the same", "always with a blank"],
)  # fmt: skip
def test_since_when_and_held_to_what(log: pd.DataFrame, statement: str) -> None:
    """What was so from the first row on has no change that could be pointed at, and nothing before it in the log."""
    assert any(f.statement.startswith(statement) for f in said(log))


def test_no_detector_says_by_itself_since_when() -> None:
    """Whether there is a change to point at, and whether it ended, is asked of the change, in one place."""
    files = (Path(toolkit.__file__).parent / "detectors").glob("*.py")
    alone = [f.name for f in files if re.search(r'".*[Ss]ince the change', f.read_text(encoding="utf-8"))]
    assert alone == ["evidence.py"]


def test_a_bound_that_was_gone_from_the_first_row_has_no_change() -> None:
    """Of 600 numbers beyond the bound the reference held back each, the log none: so it is from the first row on."""
    rng = np.random.default_rng(2)
    when = pd.date_range("2026-01-01", periods=3000, freq="h", tz="UTC")
    guess = rng.normal(50, 10, 3000)
    frame = pd.DataFrame({"when": when, "guess": guess, "truth": guess + rng.normal(0, 3, 3000)})
    held = frame.assign(done=np.minimum(frame.guess, 58.0), when=when - pd.Timedelta(days=400))
    roles = {"task": "regression",
             "roles": {"timestamp": "when", "prediction": "guess", "label": "truth", "decision": "done"}}  # fmt: skip
    (got,) = (f for f in said(frame.assign(done=frame.guess), held, roles) if f.detector == "bound")
    assert got.onset is None
    assert "taken as they come from the first row on, 0 % in the baseline" in got.statement


def test_one_value_for_all_is_no_other_name() -> None:
    """A town that is nowhere, on every row since a change: filled in, and the name of no town that was there."""
    found = said(LOG.assign(town=LOG.town.where(LOG.index < 300, "Mond")))
    (got,) = (f for f in found if f.features == ("town",) and f.supports)
    assert got.supports == ("default_filled",)
    assert "other names" not in got.statement


def test_the_plainest_answer_of_a_number_is_the_median() -> None:
    """A forecast that was all but right on the reference and is far off when served: of numbers none is commonest."""
    rng = np.random.default_rng(3)
    log, held = (f.assign(truth=f.x, answer=f.x + rng.normal(0, s, 600)) for f, s in ((LOG, 0.8), (HELD, 0.1)))
    roles = {"task": "regression", "roles": {k: v for k, v in ROLES["roles"].items() if k != "score"}}
    (got,) = (f for f in said(log, held, roles) if f.detector == "generalisation")
    assert "answering the median gives" in got.statement


def test_one_who_decides_otherwise_does_so_alone() -> None:
    """One of two stops to correct: said of one, not of several."""
    rng = np.random.default_rng(4)
    log = served(5, 3000).assign(by=rng.choice(["ada", "bob"], 3000))
    stops = (log.by == "ada") & (log.index >= 1500)
    log["done"] = np.where(~stops & (rng.random(3000) < 0.8), log.truth, log.answer)
    roles = {**ROLES, "roles": {**ROLES["roles"], "decision": "done", "decider": "by"}}
    (got,) = (f for f in toolkit.diagnose(log, roles=roles).record.findings if f.detector == "deciders")
    assert got.statement.startswith("One of those who decide (decider ada) does so otherwise since the change")


def test_gaps_of_shares_are_points_and_of_numbers_parts_of_a_deviation() -> None:
    """Two shares differ by points; two mean errors by a part of how far the labels scatter."""
    assert any("the largest gap is" in f.statement and " points (" in f.statement for f in said(LOG))
    frames = [f.assign(answer=f.x, truth=f.x + f.w) for f in (LOG, HELD)]
    roles = {"task": "regression", "roles": {k: v for k, v in ROLES["roles"].items() if k != "score"}}
    assert any("% of the labels' deviation (" in f.statement for f in said(frames[0], frames[1], roles))


def test_a_threshold_that_explains_all_explains_every_answer() -> None:
    """What is left unexplained is told where there is some."""
    log, held = LOG.assign(done=LOG.score >= np.where(LOG.index < 300, 0.5, 0.8)), HELD.assign(done=HELD.score >= 0.5)
    roles = {**ROLES, "roles": {**ROLES["roles"], "decision": "done"}}
    (got,) = (f for f in said(log, held, roles) if "positive from a score" in f.statement and f.supports)
    assert "(raised); this reproduces every answer." in got.statement


def test_the_harm_of_a_threshold_is_what_the_old_one_had_spared() -> None:
    """The rows between both thresholds are the doubtful ones: held to all others every answer there were bad."""
    log = served(1, 1200)
    done = (log.score >= np.where(log.index < 1000, 0.5, 0.85)).astype(int)
    roles = {**ROLES, "roles": {**ROLES["roles"], "decision": "done"}}
    said = toolkit.diagnose(log.assign(done=done), reference=HELD.assign(done=HELD.answer), roles=roles)
    spared = int((done != log.truth).sum() - (log.answer != log.truth).sum())
    note = next(n for n in said.record.notes if "rows in question" in n)
    assert said.mechanism == "threshold_misconfigured"
    assert int(note.split("expected: ")[1].split()[0]) == pytest.approx(spared, abs=2)


def test_an_open_question_comes_with_what_speaks_for_its_likeliest_answer() -> None:
    """Not enough to say is no reason to withhold what there is."""
    said = toolkit.diagnose(LOG.assign(w=LOG.w.where(LOG.index < 300, LOG.w * 100)), reference=HELD, roles=ROLES).record
    verdict = replace(said, verdict="undetermined", mechanism=None)
    lines = [(head, text) for head, text in summary_lines(verdict) if head in ("Rival", "For")]
    assert lines[0][1].startswith("integration: unit change")
    assert lines[1][1].endswith(said.findings[0].statement)


def test_a_share_of_no_damage_is_not_told() -> None:
    """Where errors show no damage no part of it is explained, neither in the terminal nor on the page."""
    said = toolkit.diagnose(LOG.assign(w=LOG.w.where(LOG.index < 300, LOG.w * 100)), reference=HELD, roles=ROLES).record
    assert said.harm.interval is not None
    assert said.harm.interval[0] < 0
    assert "Explains" not in dict(summary_lines(replace(said, harm=replace(said.harm, excess_errors=4.0))))
