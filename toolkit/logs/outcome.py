"""What is predicted (floor 2): the task, its classes in one spelling, and which of them is the positive one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from toolkit.errors import RolesError
from toolkit.logs.values import FALSE, NOISE, TRUE, Tally, bring_together, class_value, number_of, same_words
from toolkit.roles import Roles
from toolkit.vocabulary import Task

_MOST_CLASSES: Final = 30


@dataclass(frozen=True)
class Outcome:
    """Task and classes. ``classes`` is (negative, positive) for a binary task, sorted else, empty for a regression.

    ``spelling`` maps a value as it stands in the log (trimmed, whole numbers without decimals, true and false as 1 and
    0) to its class, where the two differ; ``guessed`` names what nobody declared: task, positive. ``notes`` count what
    is neither class and may be recorded; ``strays`` are the first few such values, content of rows, for a terminal.
    """

    task: Task
    classes: tuple[str, ...] = ()
    spelling: Mapping[str, str] = field(default_factory=dict)
    guessed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def positive(self) -> str | None:
        """The positive class of a binary task."""
        return self.classes[1] if self.task == "binary" else None


def decide_outcome(
    roles: Roles, log: Sequence[Tally], reference: Sequence[Tally], *, score_range: tuple[float, float] | None = None
) -> Outcome:
    """Decide task, classes and positive class from what was declared and what the columns hold.

    Args:
        roles: ``task`` and ``positive`` of these win.
        log: tallies of the log under investigation.
        reference: tallies of the reference, empty without one.
        score_range: lowest and highest score, for a log that has nothing but scores.

    Raises:
        RolesError: the declared task or positive class does not fit the values.

    """
    every = [*log, *reference]
    guessed = set() if roles.task else {"task"}
    task = roles.task or _guess_task(log, reference, score_range)
    if task == "regression":
        _check_regression(every)
        return Outcome("regression", guessed=frozenset(guessed))
    spelling = bring_together(every, roles.positive)
    counts = _counts(every, spelling)
    if task == "multiclass":
        return Outcome("multiclass", tuple(sorted(counts, key=_order)), spelling, frozenset(guessed))
    _check_binary(every, roles)
    two, strays = _two_classes(counts, _counts(reference, spelling), roles, spelling)
    sides = (("", log), (" in the reference", reference))
    notes = tuple(note for where, of in sides for note in _strayed(of, two, spelling, where))
    positive, sure = _positive(two, every, roles, spelling)
    if not sure:
        guessed.add("positive")
    negative = next((c for c in two if c != positive), _other(positive))
    return Outcome("binary", (negative, positive), spelling, frozenset(guessed), notes, strays)


def _telling(tallies: Sequence[Tally]) -> list[Tally]:
    """Leave decisions out where there is more: they may be of a third kind (sent to review), which makes no class."""
    return [t for t in tallies if t.role != "decision"] or list(tallies)


def _strayed(tallies: Sequence[Tally], two: Sequence[str], spelling: Mapping[str, str], where: str) -> Iterator[str]:
    """Say of how many rows what was predicted or came true is neither class; a value of a row is never quoted."""
    for one in _telling(tallies):
        n = sum(rows for value, (rows, _) in one.values.items() if spelling.get(value, value) not in two)
        if n:
            yield f"{one.role}{where}: neither class in {n:,} row{'s' if n > 1 else ''}"


def _counts(tallies: Sequence[Tally], spelling: Mapping[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in _telling(tallies):
        for value, (n, _) in one.values.items():
            name = spelling.get(value, value)
            counts[name] = counts.get(name, 0) + n
    return counts


def _order(value: str) -> tuple[int, float, str]:
    number = number_of(value)
    return (1, 0.0, value) if number is None else (0, number, value)


def _guess_task(log: Sequence[Tally], reference: Sequence[Tally], score_range: tuple[float, float] | None) -> Task:
    every = [t for t in [*log, *reference] if t.role != "decision"] or [*log, *reference]
    if not any(t.values for t in every):
        in_unit = score_range is None or (score_range[0] >= 0 and score_range[1] <= 1)
        return "binary" if in_unit or "prediction" not in {t.role for t in every} else "regression"
    numeric = all(t.numeric for t in every if t.values)
    if numeric and any(not t.integral or len(t.values) > _MOST_CLASSES for t in every if t.values):
        return "regression"
    counts = _counts(every, bring_together(every, None))
    if len(counts) <= 2:
        return "binary"
    rows = sorted(counts.values(), reverse=True)
    predicted = {v for t in every if t.role == "prediction" for v in t.values}
    if len(predicted) == 2 and sum(rows[2:]) <= NOISE * sum(rows):
        return "binary"
    return "multiclass"


def _check_regression(tallies: Sequence[Tally]) -> None:
    for one in tallies:
        words = [v for v in one.values if number_of(v) is None]
        if one.values and len(words) > 0.5 * len(one.values):
            raise RolesError(
                f"the task is regression, but role {one.role} holds words such as {words[0]!r}",
                fix="set task to binary or multiclass in roles.toml",
            )


def _check_binary(tallies: Sequence[Tally], roles: Roles) -> None:
    for one in tallies:
        if one.role == "prediction" and one.numeric and not one.integral and len(one.values) > 10:
            raise RolesError(
                f"the task is binary, but role prediction ({roles.column('prediction')}) holds fractions",
                fix="give that column the role score, or set task to regression, in roles.toml",
            )


def _two_classes(
    counts: Mapping[str, int], reference: Mapping[str, int], roles: Roles, spelling: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the two classes (or the one there is), and the first few other values."""
    ranked = sorted(counts, key=lambda c: (-counts[c], c))
    if len(reference) == 2:
        two = tuple(reference)
    elif roles.positive is not None:
        wanted = class_value(roles.positive)
        wanted = spelling.get(wanted, wanted)
        others = [c for c in ranked if c != wanted]
        # a log without a single positive row shows the other class alone, perhaps among odd values
        partner = [c for c in others if wanted not in counts and same_words({wanted.lower()}, {c.lower()})]
        if wanted not in counts and len(ranked) >= 2 and not partner:
            _refuse_positive(roles, ranked)
        two = (*(partner or others)[:1], wanted)
    else:
        two = tuple(ranked[:2])
    return two, tuple([c for c in ranked if c not in two][:5])


def _refuse_positive(roles: Roles, classes: Sequence[str]) -> NoReturn:
    raise RolesError(
        f"positive = {roles.positive!r} is none of the classes {', '.join(classes[:6])}",
        fix="correct it in the [values] of roles.toml",
    )


def _positive(
    two: Sequence[str], tallies: Sequence[Tally], roles: Roles, spelling: Mapping[str, str]
) -> tuple[str, bool]:
    """Give the positive class and whether it was declared."""
    if roles.positive is not None:
        wanted = class_value(roles.positive)
        wanted = spelling.get(wanted, wanted)
        if wanted not in two and len(two) >= 2:
            _refuse_positive(roles, two)
        return wanted, True
    if not two:
        return "1", False
    for name in two:
        if name.lower() in TRUE:
            return name, False
        if name.lower() in FALSE:
            return next((c for c in two if c != name), _other(name)), False
    scores: dict[str, float] = {}
    for one in tallies:
        for value, (_, mean) in one.values.items():
            if mean is not None:
                scores.setdefault(spelling.get(value, value), mean)
    if all(c in scores for c in two) and len({scores[c] for c in two}) == len(two):
        return max(two, key=lambda c: scores[c]), False
    counts = _counts(tallies, spelling)
    return min(two, key=lambda c: (counts.get(c, 0), c)), False


def _other(name: str) -> str:
    """Name the class that a log of one class does not show."""
    lower = name.lower()
    pairs = {"1": "0", "0": "1", "yes": "no", "no": "yes", "y": "n", "n": "y", "t": "f", "f": "t"}
    return pairs.get(lower, f"not {name}")
