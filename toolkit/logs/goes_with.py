"""Guess answer and outcome by what columns hold (floor 2): an outcome goes with the answers, and is named for it.

Names that nobody foresaw (chargeback, pcr_result) are many, and what goes with a score are all its inputs. So both must
agree: a column shares the answer's classes, or its name says what it is about or that it came true, and its first rows
go with the answers more than chance lets them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit.logs.guess import MOST_SLICES, Guess
from toolkit.logs.names import (
    ABOUT_WORDS,
    ANSWER_WORDS,
    BEFORE_WORDS,
    DONE_WORDS,
    OUTCOME_WORDS,
    PERSON_WORDS,
    UNIT_WORDS,
    plain,
    words_of,
)
from toolkit.sql import quote

if TYPE_CHECKING:
    from toolkit.engines import Rows
    from toolkit.logs.stats import ColumnStats
    from toolkit.roles import Roles

#: The first rows that are looked at, and the fewest that tell anything.
_FIRST: Final = 20_000
_LEAST: Final = 30
#: From this area under the curve on a score decides a column: it is what the model answered, not what came true.
_DECIDED: Final = 0.97
#: How surely (z) an outcome goes with the answers, and the part of the answers' variance that numbers must share.
_SURE: Final = 4.0
_SHARED: Final = 0.2
_MOSTLY: Final = 0.5
#: How far beyond chance (kappa) whoever decides agrees with the answers; hardly an input does.
_AGREES: Final = 0.5

#: How long it was waited for what came: readmitted_30d, fault within 7d.
_HORIZON: Final = re.compile(r"(^|_)\d+_?(d|day|days|w|m|mo|month|months|y|yr)$")
#: Letters by which two words are of one stem: litigation, litigated.
_STEM: Final = 5


def _stems(words: Collection[str]) -> set[str]:
    return {w[:_STEM] for w in words if len(w) > 2}


@dataclass(frozen=True)
class _Open:
    """The first rows of the columns whose role is open, and those of the answers; texts are objects, numbers floats."""

    columns: Mapping[str, Any]
    prediction: Any | None
    score: Any | None
    names: frozenset[str]

    def points(self, column: str) -> int:
        """Count what a column's name says for it: it is about what the answers are about, and it came true."""
        words = words_of(plain(column))
        told = bool(words & OUTCOME_WORDS) or bool(_HORIZON.search(plain(column)))
        return 2 * told + 2 * bool(_stems(words) & _stems(self.names)) - 2 * bool(words & PERSON_WORDS)


def fill_outcome(guess: Guess, rows: Rows, stats: Mapping[str, ColumnStats]) -> Guess:
    """Fill in label, prediction and score where no name told them; the columns are no features then.

    Raises:
        LogError: the log cannot be read.

    """
    roles = guess.roles
    if {"label", "score", "prediction"} <= roles.single.keys() or not roles.single.keys() & {"prediction", "score"}:
        return guess
    found = _open(roles, rows, stats)
    if found is None:
        return guess
    notes, single = dict(guess.notes), dict(roles.single)
    if "prediction" not in single and (answer := _answer(found) or _namesake(found)) is not None:
        single["prediction"], notes[answer] = answer, f"goes with {single['score']}, as an answer does"
        left = {c: x for c, x in found.columns.items() if c != answer}
        found = replace(found, columns=left, prediction=found.columns[answer])
    if "score" not in single and (score := _score(found)) is not None:
        single["score"], notes[score] = score, f"decides {single['prediction']}"
        found = replace(found, columns={c: x for c, x in found.columns.items() if c != score})
    if "label" not in single and (label := _outcome(found)) is not None:
        single["label"] = label
        notes[label] = f"goes with {single.get('prediction', single.get('score'))}, as an outcome does"
        found = replace(found, columns={c: x for c, x in found.columns.items() if c != label})
    if "decision" not in single and (decision := _decision(found)) is not None:
        single["decision"] = decision
        notes[decision] = f"has the classes of {single['prediction']}, and is named for who decides"
    taken = set(single.values()) - set(roles.single.values())
    plural = {r: tuple(c for c in columns if c not in taken) for r, columns in roles.plural.items()}
    guessed = roles.guessed | (single.keys() - roles.single.keys())
    return Guess(roles.with_(single=single, plural=plural, guessed=guessed), notes)


def _open(roles: Roles, rows: Rows, stats: Mapping[str, ColumnStats]) -> _Open | None:
    open_ = {"feature", "segment"} & roles.guessed
    names = [c for c in rows.columns if (played := {*roles.role_of(c)}) and played <= open_]
    names = [c for c in names if stats[c].family in {"number", "boolean", "text"}]
    answers = [c for r in ("prediction", "score") if (c := roles.column(r)) is not None and c in rows.columns]
    if not names or not answers:
        return None
    asked = ", ".join(quote(c) for c in (*names, *answers))
    table = rows.arrow(f"SELECT {asked} FROM raw LIMIT {_FIRST}")
    held = {c: _values(table.column(i).to_pylist()) for i, c in enumerate((*names, *answers))}
    if len(held[answers[0]]) < _LEAST:
        return None
    about = frozenset(w for c in answers for w in words_of(plain(c)) if len(w) > 2) - ANSWER_WORDS - UNIT_WORDS
    prediction, score = (held.get(roles.column(r) or "") for r in ("prediction", "score"))
    return _Open({c: held[c] for c in names}, prediction, score, about - OUTCOME_WORDS)


def _values(column: Sequence[Any]) -> Any:
    """Give numbers and flags as floats, NaN where there is none, and anything else as texts."""
    if all(v is None or isinstance(v, bool | int | float) for v in column):
        return np.array([np.nan if v is None else float(v) for v in column])
    return np.array(["" if v is None else str(v) for v in column], dtype=object)


def _known(x: Any) -> Any:
    """Mark the rows that have a value."""
    return x != "" if x.dtype == object else ~np.isnan(x)


def _classes(x: Any) -> set[Any]:
    return {*x[_known(x)]}


def _answer(found: _Open) -> str | None:
    """Give the one column of two values that the score decides; of several, the one that is named for what was done."""
    if found.score is None or found.score.dtype == object:
        return None
    decided = {c: a for c, x in found.columns.items() if (a := _area(found.score, x)) is not None and a >= _DECIDED}
    done = [c for c in decided if words_of(plain(c)) & (DONE_WORDS | ANSWER_WORDS)]
    some = done or [c for c in decided if not words_of(plain(c)) & OUTCOME_WORDS] or [*decided]
    return some[0] if len(some) == 1 else None


def _namesake(found: _Open) -> str | None:
    """Give the one column of classes that shares them and its name with another: it is named as an answer is.

    Or the other is named for what came true.
    """
    words = {c: words_of(plain(c)) for c in found.columns}
    classes = {c: v for c, x in found.columns.items() if 2 <= len(v := _classes(x)) <= MOST_SLICES}
    pairs = [
        answer
        for other, true in classes.items()
        for answer, said in classes.items()
        if words[answer] & words[other]
        and (words[other] & OUTCOME_WORDS or words[answer] & ANSWER_WORDS - words[other])
        and not words[answer] & OUTCOME_WORDS
        and len(true & said) >= max(2, 0.8 * len(true))
    ]
    return pairs[0] if len({*pairs}) == 1 else None


def _decision(found: _Open) -> str | None:
    """Give the one column of the answers' own classes that is named for a person, or for what one does.

    Flags are everybody's classes: these are only of a person who mostly agrees with the answers.
    """
    words = {c: words_of(plain(c)) for c in found.columns}
    own = [c for c, x in found.columns.items() if _alike(found, x) and words[c] & (PERSON_WORDS | DONE_WORDS)]
    own = own or [c for c, x in found.columns.items() if words[c] & PERSON_WORDS and _agrees(found, x)]
    return own[0] if len(own) == 1 else None


def _agrees(found: _Open, x: Any) -> bool:
    """Whether flags agree with answers that are flags too, beyond chance (kappa; Cohen 1960)."""
    said = found.prediction
    if said is None or said.dtype == object or x.dtype == object:
        return False
    known = _known(said) & _known(x)
    a, b = said[known], x[known]
    if len(a) < _LEAST or {*a} != {*b} or len({*a}) != 2:
        return False
    by_chance = float(sum((a == v).mean() * (b == v).mean() for v in {*a}))
    return float((a == b).mean()) - by_chance > _AGREES * (1 - by_chance)


def _score(found: _Open) -> str | None:
    """Give the one column of fractions between 0 and 1 that decides an answer of two values."""
    said, chances = found.prediction, []
    for column, x in found.columns.items() if said is not None else ():
        fractions = x.dtype != object and np.nanmin(x, initial=0.0) >= 0 and np.nanmax(x, initial=0.0) <= 1
        if fractions and len(np.unique(x)) > MOST_SLICES and (_area(x, said) or 0.0) >= _DECIDED:
            chances.append(column)
    return chances[0] if len(chances) == 1 else None


def _area(score: Any, x: Any) -> float | None:
    """Give the area under the curve of a score for a column of two values; ``None`` where it has more, or too few."""
    from scipy.stats import mannwhitneyu

    known = _known(score) & _known(x)
    values = np.unique(x[known])
    if len(values) != 2:
        return None
    one, other = (score[known & (x == v)] for v in values)
    if min(len(one), len(other)) < 5:
        return None
    area = float(mannwhitneyu(one, other).statistic) / (len(one) * len(other))
    return max(area, 1 - area)


def _outcome(found: _Open) -> str | None:
    """Give the one column that is named like an outcome of these answers, or has their classes, and goes with them."""
    barred = (ABOUT_WORDS | BEFORE_WORDS) - {"error"}
    later = [c for c in found.columns if not words_of(plain(c)) & barred]
    scored = {c: found.points(c) + _alike(found, found.columns[c]) for c in later}
    named = [c for c, points in scored.items() if points >= 2 and _goes_with(found, found.columns[c])]
    if not named and _of_numbers(found):  # a number on the answers' own scale is what came, if it is not the last one
        named = [c for c in scored if _shared(found, found.columns[c]) > _MOSTLY]
    best = [c for c in named if scored[c] == max(scored[d] for d in named)]
    return best[0] if len(best) == 1 else None


def _alike(found: _Open, x: Any) -> int:
    """Count 3 for the answers' own classes, where these are words: nothing but an outcome or a decision has them."""
    if found.prediction is None or found.prediction.dtype != object or x.dtype != object:
        return 0
    said, came = _classes(found.prediction), _classes(x)
    return 3 if 2 <= len(came) <= MOST_SLICES and len(came & said) >= max(2, 0.8 * len(came)) else 0


def _goes_with(found: _Open, x: Any) -> bool:
    """Whether a column goes with the answers more than chance lets it, and is neither they nor decided by the score."""
    area = None if found.score is None or found.score.dtype == object else _area(found.score, x)
    by_score = area is not None and 0.5 + _SURE * _error(x) < area < _DECIDED
    said = found.prediction
    if said is None:
        return by_score
    if _of_numbers(found):
        return _shared(found, x) > _SHARED
    known = _known(said) & _known(x)
    if len({*said[known]}) == 1:  # what came is known of those alone that were chosen
        return by_score
    a, b = np.unique(said[known], return_inverse=True)[1], np.unique(x[known], return_inverse=True)[1]
    return known.sum() >= _LEAST and 1 < b.max() + 1 <= min(a.max() + 1, MOST_SLICES) and _together(a, b)


def _of_numbers(found: _Open) -> bool:
    said = found.prediction
    return said is not None and said.dtype != object and len(_classes(said)) > MOST_SLICES


def _shared(found: _Open, x: Any) -> float:
    """Give the part of a number's variance that the answers have, taken as they are: 1 - SSE / SST."""
    said = found.prediction
    if said is None or x.dtype == object:
        return 0.0
    known = _known(said) & _known(x)
    spread = float(np.var(x[known])) if known.sum() >= _LEAST else 0.0
    return 1 - float(np.mean((x[known] - said[known]) ** 2)) / spread if spread > 0 else 0.0


def _error(x: Any) -> float:
    """Give the standard error of an area of 0.5 for two values, by the rarer of them."""
    counts = np.unique(x[_known(x)], return_counts=True)[1]
    return 0.5 / float(np.sqrt(counts.min()))


def _together(a: Any, b: Any) -> bool:
    """Whether two columns of classes surely go together (chi-square test of independence)."""
    from scipy.stats import chi2_contingency

    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return False
    return float(chi2_contingency(table).pvalue) < 6e-5
