"""The score of a drill, part by part (floor 7): it tells a good diagnostician from a lucky one.

Evidence and time are earned only with the right cause, and only as far as the evidence was looked at: a guess that is
right is early, and no diagnosis. The confidence is scored by the Brier rule, stretched so that
50 % is worth nothing and being sure and wrong costs more than being sure and right earns: nobody gains by stating
another confidence than the honest one, and a gamble is dearer than a doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, sqrt
from typing import Any, Final

import numpy as np

from toolkit.drills.moves import Answer, Step, answers
from toolkit.drills.scene import WHOLE, Scene, instant
from toolkit.drills.words import FITS
from toolkit.drills.worth import Reader, Valued, best_path, path_of
from toolkit.records import Slice
from toolkit.report.tables import Table

#: The most that each part gives; they sum to 100.
MOST: Final = {
    "right cause": 26, "mechanism": 12, "onset": 8, "who is affected": 8, "evidence": 20, "time to diagnosis": 8,
    "harm meanwhile": 8, "calibration": 10,
}  # fmt: skip
#: What a wrong answer costs that was held to be certain, in units of what a right one earns; 50 % is worth nothing.
_SURE_AND_WRONG: Final = 3.0
#: What naming a failure costs where nothing is wrong.
CRYING_WOLF: Final = -20.0
#: An onset that is wrong by this share of the log's span earns a third.
_ONSET_SHARE: Final = 0.05


@dataclass(frozen=True)
class Part:
    """One part of a score: ``points`` of ``most``, and why."""

    name: str
    points: float
    most: float
    why: str


@dataclass(frozen=True)
class Score:
    """The score of one drill. ``brier`` is ``None`` without an answer; ``harm`` is a share, 0 to 1."""

    parts: tuple[Part, ...]
    answer: Answer | None
    correct: bool
    cried_wolf: bool
    brier: float | None
    spent: float
    diagnosed_at: datetime | None
    harm: float
    path: tuple[Valued, ...]
    best: tuple[Valued, ...]

    @property
    def points(self) -> float:
        """The sum of the parts."""
        return round(sum(part.points for part in self.parts), 1)

    def table(self) -> Table:
        """Give the parts, their points and why."""
        rows = [(part.name, part.points, part.most, part.why) for part in self.parts]
        return Table(("part", "points", "at most", "why"), tuple(rows), f"{self.points:g} of 100")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return self.table()._repr_mimebundle_(**options)


def score_of(scene: Scene, steps: Sequence[Step]) -> Score:
    """Score the moves of a trainee on a scene; the last answer counts."""
    given = answers(steps)
    path, best = path_of(steps, Reader(scene)), best_path(scene)
    spent = sum(step.effort for step in steps)
    if not given:
        parts = tuple(Part(name, 0.0, most, "no answer was given") for name, most in MOST.items())
        return Score(parts, None, False, False, None, spent, None, 0.0 if scene.healthy else 1.0, path, best)
    answer = given[-1][1]
    correct = answer.cause in scene.accepted
    wolf = scene.cause == "none" and not correct
    stood = _since(given, scene)
    harm = _harm(scene, given)
    brier = (answer.confidence - correct) ** 2
    earned = {
        "right cause": (float(correct), _why_cause(scene, answer)),
        "mechanism": _mechanism(scene, answer, correct),
        "onset": _onset(scene, answer, correct),
        "who is affected": _affected(scene.slice, answer.affected, correct, healthy=scene.healthy),
        "evidence": _evidence(path, best, spent, correct),
        "time to diagnosis": (
            (
                _found([v for v in path if v.at < stood], best) * (1 - stood / WHOLE),
                f"after {stood:.0f} % of the time, as far as there was evidence by then",
            )
            if correct and stood is not None
            else (0.0, "never")
        ),
        "harm meanwhile": (1 - harm, f"{harm:.0%} of what the failure could still hit was hit"),
        "calibration": (
            1 - (1 + _SURE_AND_WRONG) * brier,
            f"{answer.confidence:.0%} sure and {'right' if correct else 'wrong'}",
        ),
    }
    if scene.healthy:
        earned["harm meanwhile"] = (1 - harm, "nothing was touched" if harm == 0 else "a sound service was touched")
    parts = tuple(Part(name, round(share * MOST[name], 1), MOST[name], why) for name, (share, why) in earned.items())
    if wolf:
        parts += (Part("crying wolf", CRYING_WOLF, 0, "a failure was named where nothing was wrong"),)
    when = None if stood is None else scene.time_at(stood)
    return Score(parts, answer, correct, wolf, round(brier, 4), spent, when, round(harm, 4), path, best)


def result_of(score: Score) -> dict[str, Any]:
    """Give what the record of a drill keeps of its score."""
    answer = score.answer
    return {
        "answer": answer.cause if answer else "",
        "mechanism": answer.mechanism if answer else "",
        "confidence": answer.confidence if answer else None,
        "correct": score.correct,
        "cried_wolf": score.cried_wolf,
        "points": score.points,
        "brier": score.brier,
        "spent": score.spent,
        "harm": score.harm,
    }


def _since(given: Sequence[tuple[float, Answer]], scene: Scene) -> float | None:
    """Give the progress from which the right cause stood to the end."""
    since = None
    for at, answer in given:
        right = answer.cause in scene.accepted
        since = (at if since is None else since) if right else None
    return since


def _harm(scene: Scene, given: Sequence[tuple[float, Answer]]) -> float:
    """Give the share of the failure's later hits that no fitting mitigation stopped; 1 for touching what is sound."""
    if scene.healthy:
        ends = [at for at, _ in given[1:]] + [WHOLE]
        touched = sum(end - at for (at, a), end in zip(given, ends, strict=True) if a.mitigation != "watch")
        return 1.0 if given[-1][1].mitigation != "watch" else touched / WHOLE
    left, from_here = 1.0, _still_to_hit(scene)
    gone, reached, fit = 0.0, 0.0, 0.0
    for at, answer in given:
        gone += (1 - fit) * (from_here(at) - reached)
        reached, fit = from_here(at), max(FITS[c].get(answer.mitigation, 0.0) for c in scene.accepted if c != "none")
    gone += (1 - fit) * (left - reached)
    return float(min(max(gone, 0.0), 1.0))


def _still_to_hit(scene: Scene) -> Any:
    """Give a function from progress to the share of the failure's later hits that has happened by then."""
    if scene.affected is None or scene.arrived is None:
        return lambda progress: progress / WHOLE
    when = scene.arrived[scene.affected & (scene.arrived >= instant(scene.moments[0]))]
    if not len(when):
        return lambda progress: progress / WHOLE
    return lambda progress: float(np.mean(when <= instant(scene.time_at(progress))))


def _why_cause(scene: Scene, answer: Answer) -> str:
    truth = (
        scene.cause if len(scene.accepted) == 1 else f"{scene.cause} (accepted too: {', '.join(scene.accepted[1:])})"
    )
    return f"answered {answer.cause}; it was {truth}"


def _mechanism(scene: Scene, answer: Answer, correct: bool) -> tuple[float, str]:
    if scene.healthy:
        return float(correct), "there is none"
    right, said = answer.mechanism in scene.mechanisms, answer.mechanism or "nothing"
    accepted = ", accepted too" if right and said != scene.mechanism else ""
    return float(right), f"answered {said}{accepted}; it was {scene.mechanism or 'nothing'}"


def _onset(scene: Scene, answer: Answer, correct: bool) -> tuple[float, str]:
    """Full within the case's interval, less with every step away from it; from the start is a time too."""
    if scene.healthy:
        return float(correct), "there is none"
    if scene.onset is None or answer.onset is None:
        right = correct and scene.onset is None and answer.onset is None
        truth = "was there from the start" if scene.onset is None else f"began {scene.onset:%Y-%m-%d %H:%M}"
        return float(right), f"it {truth}"
    low, high = scene.onset_interval or (scene.onset, scene.onset)
    off = max((low - answer.onset).total_seconds(), (answer.onset - high).total_seconds(), 0.0)
    span = max((scene.moments[-1] - min(scene.moments[0], scene.onset)).total_seconds(), 1.0)
    why = f"it began {scene.onset:%Y-%m-%d %H:%M}, answered {answer.onset:%Y-%m-%d %H:%M}"
    return exp(-off / (_ONSET_SHARE * span)), why


def _affected(truth: Slice, said: Slice, correct: bool, *, healthy: bool) -> tuple[float, str]:
    """Full for the very slice, in part for the right column, nothing without the right cause where all are hit."""
    if healthy:
        return float(correct), "there is none"
    a, b = ({(t.column.lower(), t.value.lower()) for t in terms} for terms in (truth, said))
    words = ", ".join(f"{t.column} = {t.value}" for t in truth) or "everybody"
    if not a or not b:
        return float(correct and a == b), f"it hit {words}"
    values = len(a & b) / len(a | b)
    columns = {c for c, _ in a} & {c for c, _ in b}
    return max(values, 0.3 * bool(columns)), f"it hit {words}"


def _found(path: Sequence[Valued], best: Sequence[Valued]) -> float:
    """Give the share of the best path's worth that was seen, hints left out."""
    most = sum(v.bits for v in best)
    if most <= 0:
        return float(bool(path))
    return min(max(sum(v.bits for v in path if not v.what.startswith("hint")) / most, 0.0), 1.0)


def _evidence(path: Sequence[Valued], best: Sequence[Valued], spent: float, correct: bool) -> tuple[float, str]:
    """Earned as far as the truth's evidence was looked at, and with few other looks."""
    found, cheapest = _found(path, best), sum(v.cost for v in best)
    thrift = sqrt(min(1.0, max(cheapest, 1.0) / spent)) if spent else 0.0
    why = f"{found:.0%} of the best path's worth seen, for {spent:.0f}; the best path costs {cheapest:.0f}"
    return (found * thrift if correct else 0.0), why
