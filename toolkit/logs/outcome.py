"""What is predicted (floor 2): the task, its classes in one spelling, and which of them is the positive one."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn

from toolkit.errors import RolesError
from toolkit.logs.values import (
    FALSE,
    NO_ANSWER,
    NO_DECISION,
    NOISE,
    TRUE,
    Tally,
    bring_together,
    class_value,
    number_of,
    respelled,
    same_words,
    without_case,
)
from toolkit.roles import Roles
from toolkit.vocabulary import Task

_MOST_CLASSES: Final = 30
#: Of fewer labels all may be of classes that the model never gives.
_FEW_LABELS: Final = 20
#: Standard errors by which decisions of two kinds must go with the answers, where people seldom follow these.
_SURE: Final = 6.0
#: Which share of decisions two words must have to be the two classes, where a third kind has the others.
_MOSTLY: Final = 0.5


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
    plain = without_case([*log, *reference], roles.positive)
    if plain:
        log, reference = ([respelled(t, plain) for t in side] for side in (log, reference))
        positive = None if roles.positive is None else plain.get(class_value(roles.positive), roles.positive)
        found = decide_outcome(replace(roles, positive=positive), log, reference, score_range=score_range)
        return replace(found, spelling={**found.spelling, **{v: found.spelling.get(to, to) for v, to in plain.items()}})
    every = [*log, *reference]
    guessed = set() if roles.task else {"task"}
    spelling = bring_together(every, roles.positive)
    words, told = (
        ({}, ()) if roles.task in {"multiclass", "regression"} else _words_of_predictions(every, roles, spelling)
    )
    spelling |= words
    task = roles.task or _guess_task(log, reference, spelling, score_range)
    if task == "regression":
        _check_regression(every)
        return Outcome("regression", guessed=frozenset(guessed))
    counts = _counts(every, spelling)
    if task == "multiclass":
        _check_shared(every, spelling)
        return Outcome("multiclass", tuple(sorted(counts, key=_order)), spelling, frozenset(guessed))
    _check_binary(every, roles)
    two, strays = _two_classes(counts, _counts(reference, spelling), roles, spelling)
    sides = (("", log), (" in the reference", reference))
    notes = tuple(note for where, of in sides for note in _strayed(of, two, spelling, where))
    positive, sure = _positive(two, every, roles, spelling)
    if not sure:
        guessed.add("positive")
    negative = next((c for c in two if c != positive), _other(positive))
    words, also = _words_of_decisions(every, (negative, positive), spelling)
    spelling |= words
    also += tuple(note for where, of in sides for note in _undecided(of, (negative, positive), spelling, where))
    return Outcome("binary", (negative, positive), spelling, frozenset(guessed), (*notes, *told, *also), strays)


def _telling(tallies: Sequence[Tally]) -> list[Tally]:
    """Leave decisions out where there is more: they may be of a third kind (sent to review), which makes no class."""
    return [t for t in tallies if t.role != "decision"] or list(tallies)


def _strayed(tallies: Sequence[Tally], two: Sequence[str], spelling: Mapping[str, str], where: str) -> Iterator[str]:
    """Say of how many rows what was predicted or came true is neither class; a value of a row is never quoted."""
    for one in _telling(tallies):
        n = sum(rows for value, (rows, _) in one.values.items() if spelling.get(value, value) not in two)
        if n:
            yield f"{one.role}{where}: neither class in {n:,} row{'s' if n > 1 else ''}"


def _words_of_predictions(
    tallies: Sequence[Tally], roles: Roles, spelling: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Map the two words of predictions to those of labels where they are others: decline to default, approve to repaid.

    The one of the higher scores goes with the label of the higher scores; of two words of which one is a label's, the
    other is the other label's, unless it says that there was no answer, or the scores speak against it.

    Raises:
        RolesError: no scores tell which goes with which.

    """
    came, said = (_means([t for t in tallies if t.role == role], spelling) for role in ("label", "prediction"))
    if len(came) != 2 or len(said) != 2 or set(came) == set(said) or not any(map(_is_word, (*came, *said))):
        return {}, ()
    if {word.lower() for word in (*came, *said)} & NO_ANSWER:
        return {}, ()
    taken = _other_word("prediction", said, came)
    if taken[0]:
        (both,), (own,), (theirs,) = set(came) & set(said), set(said) - set(came), set(came) - set(said)
        agree = (said[own] - said[both]) * (came[theirs] - came[both])
        sure = agree > 0 or (math.isnan(agree) and (roles.task or roles.positive is not None))
        return taken if sure else ({}, ())
    low, high = (sorted(side, key=lambda v: side[v]) for side in (came, said))
    if not all(side[b] > side[a] for side, (a, b) in ((came, low), (said, high))):
        _refuse_words(came, said, "give the model's score a role, which tells what goes with what")
    told = f"prediction: in words of its own; the one of the higher scores is taken for {low[1]}"
    return dict(zip(high, low, strict=True)), (told,)


def _other_word(role: str, said: Collection[str], classes: Collection[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Map the word that two words and two classes do not share, if they share just one: whatever is not benign."""
    if len(set(said) & set(classes)) != 1 or not any(map(_is_word, said)):
        return {}, ()
    (own,), (theirs,) = set(said) - set(classes), set(classes) - set(said)
    return {own: theirs}, (f"{role}: in words of its own; one of them is taken for {theirs}",)


def _refuse_words(came: Collection[str], said: Collection[str], otherwise: str) -> NoReturn:
    one, other = (", ".join(sorted(side)[:3]) for side in (came, said))
    raise RolesError(
        f"label holds {one}, prediction {other}: no class in common",
        fix=f"write both in the same words, or {otherwise}",
    )


def _is_word(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return True
    return False


def _words_of_decisions(
    tallies: Sequence[Tally], classes: tuple[str, str], spelling: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Map the words of decisions to classes where people write approve and decline for what the model writes 0 and 1.

    Which of two is the positive one the predictions beside them tell (the scores, where those are words too), if these
    lie at least a third as far apart as the classes do. A third kind, such as a case that is referred, is no decision.
    """
    decisions = [t for t in tallies if t.role == "decision"]
    rows = {word: n for word, n in _rows(decisions, spelling).items() if word.lower() not in NO_ANSWER | NO_DECISION}
    answers = [t for t in tallies if t.role == "prediction" and t.values]
    two = sorted(rows, key=lambda v: -rows[v])[:2]
    held = sum(rows[v] for v in two) / max(sum(rows.values()), 1)
    if set(rows) & set(classes):
        return _other_word("decision", two, classes) if len(two) == 2 and held >= 1 - NOISE else ({}, ())
    told = "decision: none of its values is one of the two classes; decisions are left out"
    left_out = (told,) if any(t.values for t in decisions) else ()
    if not answers or len(two) < 2 or held < _MOSTLY:
        return {}, left_out
    means = _means(decisions, spelling)
    low, high = sorted(two, key=lambda v: means[v])
    numbers = {spelling.get(v, v): number_of(v) for t in answers for v in t.values}
    wide = numbers if all(t.numeric for t in answers) else _means(answers, spelling)
    far = [wide.get(c) for c in classes]
    apart = means[high] - means[low]
    if None in far or not (apart >= (far[1] - far[0]) / 3 or _surely(apart, *((means[v], rows[v]) for v in two))):  # type: ignore[operator]
        return {}, left_out
    told = f"decision: in words of its own; the one that mostly goes with {classes[1]} is taken for it"
    return {high: classes[1], low: classes[0]}, (told,)


def _undecided(
    tallies: Sequence[Tally], classes: Sequence[str], spelling: Mapping[str, str], where: str
) -> Iterator[str]:
    """Say how many rows have a decision of a third kind, where others have one of the two classes."""
    rows = _rows([t for t in tallies if t.role == "decision"], spelling)
    n = sum(held for word, held in rows.items() if word not in classes)
    if n and n < sum(rows.values()):
        yield f"decision{where}: neither class in {n:,} row{'s' if n > 1 else ''}, taken for no decision"


def _surely(apart: float, one: tuple[float, int], other: tuple[float, int]) -> bool:
    """Whether means of chances or of 0 and 1 lie apart beyond chance; a variance is at most m (1 - m) there."""
    (a, n), (b, m) = one, other
    whole = (a * n + b * m) / (n + m)
    return 0 < whole < 1 and apart > _SURE * math.sqrt(whole * (1 - whole) * (1 / n + 1 / m))


def _rows(tallies: Sequence[Tally], spelling: Mapping[str, str]) -> dict[str, int]:
    """Count the rows of each class."""
    rows: dict[str, int] = {}
    for one in tallies:
        for value, (n, _) in one.values.items():
            name = spelling.get(value, value)
            rows[name] = rows.get(name, 0) + n
    return rows


def _means(tallies: Sequence[Tally], spelling: Mapping[str, str]) -> dict[str, float]:
    """Give the mean score beside each class, of the rows that have any; NaN where none has."""
    known = {name: [0, 0.0] for name in _rows(tallies, spelling)}
    for one in tallies:
        for value, (n, mean) in one.values.items():
            if mean is not None:
                rows, total = known[spelling.get(value, value)]
                known[spelling.get(value, value)] = [rows + n, total + n * mean]
    return {name: total / rows if rows else math.nan for name, (rows, total) in known.items()}


def _counts(tallies: Sequence[Tally], spelling: Mapping[str, str]) -> dict[str, int]:
    return _rows(_telling(tallies), spelling)


def _order(value: str) -> tuple[int, float, str]:
    number = number_of(value)
    return (1, 0.0, value) if number is None else (0, number, value)


def _guess_task(
    log: Sequence[Tally],
    reference: Sequence[Tally],
    spelling: Mapping[str, str],
    score_range: tuple[float, float] | None,
) -> Task:
    every = [t for t in [*log, *reference] if t.role != "decision"] or [*log, *reference]
    if not any(t.values for t in every):
        in_unit = score_range is None or (score_range[0] >= 0 and score_range[1] <= 1)
        return "binary" if in_unit or "prediction" not in {t.role for t in every} else "regression"
    numeric = all(t.numeric for t in every if t.values)
    if numeric and any(not t.integral or len(t.values) > _MOST_CLASSES for t in every if t.values):
        return "regression"
    counts = _counts(every, spelling)
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


def _check_shared(tallies: Sequence[Tally], spelling: Mapping[str, str]) -> None:
    """Refuse answers of which none is ever a class of the labels: not one of them could be right."""
    came, said = (_rows([t for t in tallies if t.role == role], spelling) for role in ("label", "prediction"))
    if said and sum(came.values()) >= _FEW_LABELS and not came.keys() & said.keys():
        _refuse_words(came, said, "name the column that holds them")


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
