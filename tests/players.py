"""Scripted trainees: an expert who looks where it tells, a gambler, a gambler whom luck never leaves, and a novice."""

from __future__ import annotations

import random

from toolkit.drills.drill import Drill
from toolkit.drills.worth import best_path
from toolkit.vocabulary import CAUSES

_FIRST = {
    "data": "fall_back", "overfitting": "roll_back", "integration": "repair_feed", "bias": "human_review",
    "human": "change_policy", "none": "watch",
}  # fmt: skip


def expert(d: Drill) -> None:
    """Take the looks that tell, and say what they tell with the confidence that they allow: what skill would do."""
    for move in best_path(d._stage):
        d.look(move.what)
    truth = d._stage
    d.answer(truth.cause, truth.mechanism, truth.onset, truth.slice, 85, _FIRST[truth.cause])


def gambler(d: Drill) -> None:
    """Look at nothing, answer at once, and be sure of it."""
    cause = random.Random(d.scenario).choice([*CAUSES, "none"])
    d.answer(cause, confidence=95, mitigation="watch" if cause == "none" else "pause")


def lucky(d: Drill) -> None:
    """Guess right every time, and look at nothing."""
    cause = d._stage.cause
    d.answer(cause, confidence=95, mitigation="watch" if cause == "none" else "pause")


def novice(d: Drill) -> None:
    """Look at everything, ask for every hint, wait, and call it the data."""
    for row in d.looks().rows:
        if row[0] not in {"hint", "sql"}:
            d.look(row[0])
    d.hint()
    d.hint()
    d.wait(30)
    d.answer("data", "concept_drift", d.clock, confidence=60, mitigation="retrain")
