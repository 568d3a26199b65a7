"""What a trainee did (floor 7): moves with their costs, the clock after each, and the answers among them.

A drill is its scene and its moves, nothing else: whoever has both can play it again and gets the same score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Final

from toolkit.drills.looks import LOG_LOOKS, TIMELINE_LOOKS
from toolkit.drills.scene import WHOLE
from toolkit.drills.words import MITIGATIONS
from toolkit.errors import PostmortemError
from toolkit.records import Slice, SliceTerm, iso, moment, slice_from_json, slice_json
from toolkit.vocabulary import CAUSE_OF, CAUSES

#: What a query of one's own costs, and each hint.
SQL_COST: Final = 3.0
HINT_COST: Final = 8.0
HINTS: Final = 3

Move = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """A diagnosis: ``onset`` ``None`` for from the first row, ``affected`` empty for everybody, confidence 0 to 1."""

    cause: str
    mechanism: str = ""
    onset: datetime | None = None
    affected: Slice = ()
    confidence: float = 0.5
    mitigation: str = "watch"

    def to_dict(self) -> dict[str, Any]:
        """Give the answer as JSON values."""
        return {
            "cause": self.cause,
            "mechanism": self.mechanism,
            "onset": iso(self.onset),
            "affected": slice_json(self.affected),
            "confidence": self.confidence,
            "mitigation": self.mitigation,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Answer:
        """Read what ``to_dict`` wrote.

        Raises:
            PostmortemError: a word is not in the vocabulary, or the confidence is no probability.
        """
        return checked(
            cls(
                str(data["cause"]),
                str(data.get("mechanism") or ""),
                moment(data.get("onset")),
                slice_from_json(data.get("affected")),
                float(data["confidence"]),
                str(data["mitigation"]),
            )
        )


def checked(answer: Answer) -> Answer:
    """Hold an answer against the vocabulary and give it back.

    Raises:
        PostmortemError: a word is not in the vocabulary, or the confidence is no probability.
    """
    verdicts = (*CAUSES, "none")
    if answer.cause not in verdicts:
        raise PostmortemError(f"{answer.cause[:40]!r} is no cause", fix=f"the causes are: {', '.join(verdicts)}")
    if answer.mechanism and CAUSE_OF.get(answer.mechanism) != answer.cause:
        known = ", ".join(m for m, c in CAUSE_OF.items() if c == answer.cause) or "no mechanism at all"
        raise PostmortemError(f"{answer.mechanism[:40]!r} is no mechanism of {answer.cause}", fix=f"it has: {known}")
    if not 0 <= answer.confidence <= 1:
        raise PostmortemError(f"{answer.confidence:g} is no confidence", fix="say 0 to 100 per cent")
    if answer.mitigation not in MITIGATIONS:
        known = ", ".join(MITIGATIONS)
        raise PostmortemError(f"{answer.mitigation[:40]!r} is no first mitigation", fix=f"they are: {known}")
    return answer


def affected_of(text: str) -> Slice:
    """Read ``column=value`` terms separated by commas; empty or ``all`` is everybody.

    Raises:
        PostmortemError: a term has no ``=``.
    """
    if text.strip().lower() in {"", "all", "everybody"}:
        return ()
    terms = []
    for part in text.split(","):
        column, mark, value = part.partition("=")
        if not mark or not column.strip():
            raise PostmortemError(f"{part.strip()[:40]!r} says not who is affected", fix="write column=value, or all")
        terms.append(SliceTerm(column.strip(), value.strip()))
    return tuple(terms)


@dataclass(frozen=True)
class Step:
    """One move, its cost, and the clock's progress before and after it, of 100."""

    move: Move
    cost: float
    before: float
    after: float

    @property
    def kind(self) -> str:
        """Give look, sql, hint, wait or answer."""
        return str(self.move["move"])

    @property
    def effort(self) -> float:
        """What counts as evidence spent: looks, queries and hints, not waiting."""
        return 0.0 if self.kind == "wait" else self.cost


def cost_of(move: Move) -> float:
    """Give what a move costs; what the tape claims is not believed.

    Raises:
        PostmortemError: it is no move.
    """
    kind, what = move.get("move"), move.get("what")
    costs = {look.name: look.cost for look in (*TIMELINE_LOOKS, *LOG_LOOKS)}
    if kind == "look" and what in costs:
        return costs[what]
    if kind == "wait":
        by = float(move.get("by", 0))
        if not isfinite(by):
            raise PostmortemError(f"{by} is no part of the time", fix="play the drill again")
        return min(max(by, 0.0), WHOLE)
    fixed = {"sql": SQL_COST, "hint": HINT_COST, "answer": 0.0}
    if kind in fixed:
        return fixed[kind]
    raise PostmortemError(f"{kind!r} {what!r} is no move of a drill", fix="play the drill again")


def walk(moves: Sequence[Move]) -> tuple[Step, ...]:
    """Give the moves with their costs and the clock; it stops at the end, and what comes after it does not count."""
    steps: list[Step] = []
    progress = 0.0
    for move in moves:
        if progress >= WHOLE:
            break
        cost = cost_of(move)
        after = min(progress + cost, WHOLE)
        steps.append(Step(move, cost, progress, after))
        progress = after
    return tuple(steps)


def answers(steps: Sequence[Step]) -> tuple[tuple[float, Answer], ...]:
    """Give the answers with the clock's progress at each, in their order."""
    return tuple((step.before, Answer.from_dict(step.move)) for step in steps if step.kind == "answer")
