"""Scripted trainees: an expert who reads the evidence, a gambler, a gambler whom luck never leaves, and a novice."""

from __future__ import annotations

import random

from toolkit import diagnose
from toolkit.drills.drill import Drill
from toolkit.drills.worth import best_path
from toolkit.vocabulary import CAUSES

_FIRST = {
    "data": "fall_back", "overfitting": "roll_back", "integration": "repair_feed", "bias": "human_review",
    "human": "change_policy", "none": "watch",
}  # fmt: skip


def expert(d: Drill) -> None:
    """Take the looks that tell, diagnose what is visible with the toolkit, and say how sure that is."""
    for move in best_path(d._stage):
        d.look(move.what)
    seen = d._now
    found = diagnose(seen.log, reference=seen.reference, roles=seen.roles, events=seen.events)
    verdict = max(found.probabilities, key=lambda v: found.probabilities[v])
    mechanism = found.mechanism if verdict == found.verdict and verdict != "none" else None
    onset = found.onset if found.onset is not None and found.onset <= d.clock else None
    d.answer(verdict, mechanism, onset, found.slice, 100 * found.probabilities[verdict], _FIRST[verdict])


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
