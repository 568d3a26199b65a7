"""Values of label, prediction and decision (floor 2): in one spelling, and counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from toolkit.engines.rows import tuples
from toolkit.logs.stats import cast_text, family_of, is_integer, text_of
from toolkit.roles import Roles, Scalar
from toolkit.sql import Dialect, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

OUTCOME_ROLES: Final = ("label", "prediction", "decision")
#: Spellings of the two truth values, when columns of one log differ in them.
TRUE: Final = frozenset({"1", "true", "yes", "y", "t", "pos", "positive"})
FALSE: Final = frozenset({"0", "false", "no", "n", "f", "neg", "negative"})
#: Words that stand for no answer, or for one that is still to come.
NO_ANSWER: Final = frozenset(
    {
        *("error", "err", "timeout", "timed out", "failed", "failure", "exception", "n/a", "na", "none", "null", "-"),
        *("?", "unknown", "missing", "pending", "open", "review", "in review", "manual review", "undecided", "abstain"),
    }
)
#: Words that say that somebody else is to decide.
NO_DECISION: Final = frozenset(
    {
        *("refer", "referred", "manual", "escalate", "escalated", "hold", "held", "on hold", "defer", "deferred"),
        *("to review", "sent to review", "needs review", "queue", "queued", "waiting"),
    }
)
#: Values of a third kind that may be noise beside two classes: at most this share of the rows.
NOISE: Final = 0.01
_LISTED: Final = 1000
#: What parts the words of a class, written one way here and another there.
_APART: Final = re.compile(r"(?<=\w)[\s_-]+(?=\w)|_")


@dataclass(frozen=True)
class Tally:
    """Values of one column: value -> (rows, mean score or None); ``numeric`` if the column holds numbers.

    Of decisions the mean is that of the predictions beside them, where those are numbers.
    """

    role: str
    values: Mapping[str, tuple[int, float | None]]
    numeric: bool
    integral: bool
    more: bool = False


def class_text(column: str, kind: str, says: Dialect) -> str:
    """Give SQL that writes a class in one spelling: whole numbers without decimals, true and false as 1 and 0."""
    name, family = quote(column), family_of(kind)
    if family == "boolean":
        return f"CASE WHEN {name} THEN '1' WHEN NOT {name} THEN '0' END"
    if is_integer(kind):
        return says.text(name)
    if family == "number":
        number = f"CAST({name} AS DOUBLE)"
        whole, other = says.text(f"CAST({number} AS BIGINT)"), says.number_text(number)
        return (
            f"CASE WHEN NOT {says.finite(number)} THEN NULL WHEN {number} = {says.whole(number)} "
            f"AND abs({number}) < 1e15 THEN {whole} ELSE {other} END"
        )
    value = text_of(column, says)
    number = cast_text(value, says)
    return (
        f"CASE WHEN {value} = '' OR lower({value}) = 'nan' THEN NULL WHEN lower({value}) = 'true' THEN '1' "
        f"WHEN lower({value}) = 'false' THEN '0' WHEN {number} = {says.whole(number)} AND abs({number}) < 1e15 "
        f"THEN {says.text(f'CAST({number} AS BIGINT)')} ELSE {value} END"
    )


def class_value(value: Scalar) -> str:
    """Write a declared value in the same spelling as ``class_text`` does."""
    if isinstance(value, bool):
        return "1" if value else "0"
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return "1" if text.lower() == "true" else "0"
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number == number and abs(number) < 1e15 and number == int(number) else text


def tally(rows: Rows, roles: Roles, *, scored: bool = True) -> list[Tally]:
    """Count the values of label, prediction and decision, the thousand most frequent of each.

    Without ``scored`` no mean score is given, and the score not read.

    Raises:
        LogError: the log cannot be read.

    """
    score, says = roles.column("score"), rows.dialect
    of_score = _finite(rows, score if scored else None)
    tallies = []
    for role in OUTCOME_ROLES:
        column = roles.column(role)
        if column is None or column not in rows.columns:
            continue
        kind = rows.columns[column]
        number = _beside(rows, roles) if role == "decision" else of_score
        found = tuples(
            rows.gather(
                # by the value as it stands: fewer are written out, and numbers are told apart faster than texts
                f"SELECT {class_text(column, kind, says)} AS value, CAST(sum(n) AS BIGINT) AS n, sum(s) AS s, "
                f"CAST(sum(k) AS BIGINT) AS k FROM "
                f"(SELECT {quote(column)}, count(*) AS n, sum({number}) AS s, count({number}) AS k FROM raw "
                f"WHERE {quote(column)} IS NOT NULL GROUP BY {quote(column)}) AS counted GROUP BY 1",
                "SELECT value, CAST(sum(n) AS BIGINT) AS n, sum(s) / NULLIF(CAST(sum(k) AS BIGINT), 0) AS mean "
                f"FROM parts GROUP BY value ORDER BY n DESC, value LIMIT {_LISTED + 1}",
            )
        )
        values = {str(v): (int(n), None if m is None else float(m)) for v, n, m in found if v is not None}
        tallies.append(tallied(role, values, more=len(found) > _LISTED))
    return tallies


def tallied(role: str, values: Mapping[str, tuple[int, float | None]], *, more: bool = False) -> Tally:
    """Give the tally of counted values."""
    numbers = [number_of(v) for v in values]
    numeric = bool(values) and all(x is not None for x in numbers)
    integral = numeric and all(x is not None and x == int(x) for x in numbers)
    return Tally(role, values, numeric, integral, more=more)


def _beside(rows: Rows, roles: Roles) -> str:
    """Give the SQL of what tells a decision's class: the prediction where it is a number, else the score."""
    prediction = roles.column("prediction")
    numbers = prediction in rows.columns and family_of(rows.columns[prediction]) in {"number", "boolean"}
    return _finite(rows, prediction if numbers else roles.column("score"))


def _finite(rows: Rows, column: str | None) -> str:
    """Give the SQL of a column's finite numbers as they stand; NULL elsewhere, and of no column."""
    family = family_of(rows.columns[column]) if column in rows.columns else "other"
    if column is None or family not in {"number", "text", "boolean"}:
        return "CAST(NULL AS DOUBLE)"
    name = quote(column)
    number = rows.dialect.read_number(name) if family == "text" else f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN {rows.dialect.finite(number)} THEN {number} END"


def number_of(text: str) -> float | None:
    """Read a class as a number, or not."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def without_case(tallies: Sequence[Tally], positive: Scalar | None) -> dict[str, str]:
    """Map classes that are written alike but for case and what parts their words to the label's: politics to Politics.

    Letters of which every column tells the small from the capital ones, as of texts that were read, are classes, and so
    are the only two that there are.
    """
    sides = [set(t.values) for t in tallies if t.role != "decision"] or [set(t.values) for t in tallies]
    every = set().union(*sides)
    letters = all(len(v) == 1 for v in every) and all(len({*map(plainly, side)}) < len(side) for side in sides if side)
    if letters or len({*map(plainly, every)}) < 2:
        return {}
    spelled: dict[str, str] = {}
    for one in tallies:  # the label's come first
        for value in one.values:
            spelled.setdefault(plainly(value), value)
    written = {v for t in tallies for v in t.values} | (set() if positive is None else {class_value(positive)})
    return {v: to for v in written if (to := spelled.get(plainly(v), v)) != v}


def plainly(value: str) -> str:
    """Give a class without case and without what parts its words."""
    return _APART.sub(" ", value.casefold())


def respelled(tally: Tally, spelling: Mapping[str, str]) -> Tally:
    """Give the same counts by classes in another spelling."""
    values: dict[str, tuple[int, float | None]] = {}
    for value, (n, mean) in tally.values.items():
        name = spelling.get(value, value)
        rows, before = values.get(name, (0, mean))
        mean = None if mean is None or before is None else (rows * before + n * mean) / (rows + n)
        values[name] = (rows + n, mean)
    return replace(tally, values=values)


def bring_together(tallies: Sequence[Tally], positive: Scalar | None) -> dict[str, str]:
    """Map yes/no, t/f, pos/neg to 1/0 where one log writes the truth values in more than one way."""
    words = TRUE | FALSE
    values = {v for t in tallies for v in t.values if v.lower() in words}
    if positive is not None:
        values.add(class_value(positive))
    trues = {v for v in values if v.lower() in TRUE}
    falses = {v for v in values if v.lower() in FALSE}
    rows = [(v.lower() in words, n) for t in tallies if t.role != "decision" for v, (n, _) in t.values.items()]
    strange = sum(n for known, n in rows if not known)
    if strange > NOISE * sum(n for _, n in rows) or values - trues - falses:
        return {}
    if len(trues) <= 1 and len(falses) <= 1 and same_words(trues, falses):
        return {}
    return {v: "1" for v in trues if v != "1"} | {v: "0" for v in falses if v != "0"}


def same_words(trues: set[str], falses: set[str]) -> bool:
    """Tell whether one true and one false spelling belong together (yes with no, not yes with 0)."""
    pairs = {("1", "0"), ("yes", "no"), ("y", "n"), ("t", "f"), ("pos", "neg"), ("positive", "negative")}
    if not trues or not falses:
        return True
    return (next(iter(trues)).lower(), next(iter(falses)).lower()) in pairs
