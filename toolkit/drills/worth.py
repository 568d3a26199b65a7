"""What each look was worth, and the best path there was (floor 7).

Worth is counted in bits of the truth, for a plain reader: one who begins with all six verdicts alike, holds a cause
four times as likely once the look that bears on it shows something, and four times less likely once it shows nothing.
The best path is what such a reader does who always takes the look that is worth most for its cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2
from typing import Final

from toolkit.drills.looks import Look, Seen, looks_at, take
from toolkit.drills.moves import Step
from toolkit.drills.scene import Scene, Visible, visible
from toolkit.drills.words import POINTERS
from toolkit.vocabulary import CAUSES

VERDICTS: Final = (*CAUSES, "none")
Belief = Mapping[str, float]

_ODDS: Final = 4.0
#: The best path ends where the truth is this sure, or no look is worth this many bits.
_SURE: Final = 0.85
_NOTHING: Final = 0.1


@dataclass(frozen=True)
class Valued:
    """One move with the belief in the truth before and after it; ``bits`` is what it was worth."""

    what: str
    at: float
    cost: float
    shows: bool | None
    before: float
    after: float

    @property
    def bits(self) -> float:
        """How much nearer the truth came: 1 for twice as likely, below 0 for a false trail."""
        return log2(self.after / self.before)


def uniform() -> Belief:
    """Give the belief of one who has seen nothing."""
    return dict.fromkeys(VERDICTS, 1 / len(VERDICTS))


def learned(belief: Belief, look: Look, shows: bool | None) -> Belief:
    """Give the belief after a look."""
    if shows is None or not look.bears:
        return belief
    if look.bears == ("none",):
        return _scaled(belief, ("none",), 1 / _ODDS if shows else 2.0)  # a total can hide a harm, so less is learned
    return _scaled(belief, look.bears, _ODDS if shows else 1 / _ODDS)


def _scaled(belief: Belief, causes: Sequence[str], factor: float) -> Belief:
    raw = {v: p * (factor if v in causes else 1.0) for v, p in belief.items()}
    total = sum(raw.values())
    return {v: p / total for v, p in raw.items()}


def hint_text(scene: Scene, number: int) -> str:
    """Give the hint of that number, from 0: what it is not, where to ask, where to look."""
    if number == 0:
        return f"It is neither {' nor '.join(_struck(scene))}."
    if number == 1:
        return POINTERS[scene.cause]
    here = looks_at(visible(scene, scene.moments[0]))
    names = [look.name for look in here if scene.cause in look.bears]
    return f"Look at {' and '.join(names)}." if names else "Read the brief again, word by word."


def _struck(scene: Scene) -> tuple[str, str]:
    wrong = [v for v in VERDICTS if v not in scene.accepted]
    start = sum(map(ord, scene.name)) % len(wrong)
    return wrong[start], wrong[(start + 1) % len(wrong)]


class Reader:
    """Takes looks at a scene and keeps what was seen at each time, so that nothing is computed twice."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._seen: dict[float, Visible] = {}
        self._taken: dict[tuple[str, float], Seen] = {}

    def looks(self) -> tuple[Look, ...]:
        """Give the looks that this scene allows."""
        return looks_at(self._at(0.0))

    def taken(self, look: Look, progress: float) -> Seen:
        """Take a look at a time."""
        key = (look.name, progress)
        if key not in self._taken:
            self._taken[key] = take(look, self._at(progress))
        return self._taken[key]

    def _at(self, progress: float) -> Visible:
        if progress not in self._seen:
            self._seen[progress] = visible(self.scene, self.scene.time_at(progress))
        return self._seen[progress]


def truth_in(belief: Belief, scene: Scene) -> float:
    """Give the belief in what the case accepts."""
    return sum(belief[v] for v in scene.accepted)


def path_of(steps: Sequence[Step], reader: Reader) -> tuple[Valued, ...]:
    """Say what each look, query, hint and wait of a trainee was worth; the same look again is judged anew."""
    scene, belief, hints = reader.scene, uniform(), 0
    by_name = {look.name: look for look in reader.looks()}
    moves: list[Valued] = []
    for step in steps:
        if step.kind == "answer":
            continue
        before, shows, what = truth_in(belief, scene), None, step.kind
        if step.kind == "look" and step.move["what"] in by_name:
            look = by_name[step.move["what"]]
            what, shows = look.name, reader.taken(look, step.after).shows
            if what not in {m.what for m in moves if m.shows == shows}:
                belief = learned(belief, look, shows)
        elif step.kind == "hint":
            what, hints = f"hint {hints + 1}", hints + 1
            struck = hints == 1
            belief = _scaled(belief, _struck(scene), 1e-6) if struck else _scaled(belief, (scene.cause,), _ODDS)
        moves.append(Valued(what, step.before, step.cost, shows, before, truth_in(belief, scene)))
    return tuple(moves)


@lru_cache(maxsize=8)
def best_path(scene: Scene) -> tuple[Valued, ...]:
    """Give what the plain reader does who always takes the look that is worth most for its cost."""
    reader, belief, progress = Reader(scene), uniform(), 0.0
    left, moves = list(reader.looks()), list[Valued]()
    while left and truth_in(belief, scene) < _SURE:
        before = truth_in(belief, scene)
        tried = []
        for look in left:
            shows = reader.taken(look, progress + look.cost).shows
            after = truth_in(learned(belief, look, shows), scene)
            tried.append((log2(after / before) / look.cost, look, shows, after))
        _, look, shows, after = max(tried, key=lambda t: t[0])
        if log2(after / before) < _NOTHING:
            break
        moves.append(Valued(look.name, progress, look.cost, shows, before, after))
        belief, progress = learned(belief, look, shows), progress + look.cost
        left.remove(look)
    return tuple(moves)
