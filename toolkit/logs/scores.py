"""Scores of all classes where one is asked for (floor 2): an object or a list of them, as services log their answers.

The score of a binary task is that of its positive class, of several classes that of the likeliest, as the role says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from toolkit.engines.duck import DuckRows
from toolkit.errors import RolesError
from toolkit.logs.stats import family_of
from toolkit.logs.values import FALSE, TRUE, class_value, plainly
from toolkit.roles import Roles
from toolkit.sql import quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

_LIST: Final = "[]"
#: Rows that tell whether a text is a list.
_FIRST: Final = 100


def gather_scores(log: Rows, reference: Rows | None, declared: Roles | None) -> None:
    """Make one score of the fields or the values of the column that has this role, and note which it is.

    Spark's rows are left as they are.

    Raises:
        LogError: a log cannot be read.
        RolesError: nothing says which of two scores is the positive class's.

    """
    score = declared.column("score") if declared is not None else None
    if declared is None or score is None:
        return
    for rows in (log, reference):
        if not isinstance(rows, DuckRows):
            continue
        fields = [c for c, kind in rows.columns.items() if c.startswith(f"{score}.") and family_of(kind) == "number"]
        taken, which = "", ""
        if _lists(rows, score):
            taken, which = _of_list(rows, score, declared)
            rows.read_as({score: taken})
        elif fields and score not in rows.columns:
            taken, which = _of_fields(score, fields, declared)
            rows.read_as({score: taken}, instead_of=fields)
        if which and rows is log:
            rows.opened = replace(rows.opened, notes=(*rows.opened.notes, f"score ({score}): {which}"))


def _lists(rows: DuckRows, score: str) -> bool:
    """Whether a column holds lists, or texts of them."""
    kind = rows.columns.get(score, "")
    if family_of(kind) != "text":
        return kind.endswith(_LIST)
    name = quote(score)
    ((first,),) = rows.fetch(f"SELECT min(CAST({name} AS VARCHAR)) FROM (SELECT {name} FROM raw LIMIT {_FIRST})")
    return str(first).startswith("[")


def _of_list(rows: DuckRows, score: str, declared: Roles) -> tuple[str, str]:
    """Take the greatest of several, and of two that of the class that comes second, as libraries sort them: 0 and 1."""
    values = f"TRY_CAST({quote(score)} AS DOUBLE[])"
    ((most,),) = rows.fetch(f"SELECT max(len({values})) FROM (SELECT {quote(score)} FROM raw LIMIT {_FIRST})")
    if declared.task == "multiclass" or (declared.task is None and most != 2):
        return f"list_max({values})", "the greatest of its values"
    word = "1" if declared.positive is None else class_value(declared.positive).lower()
    if word not in TRUE | FALSE:
        _refuse(score, f"a list does not say which value is that of {declared.positive}")
    place = 1 if word in FALSE else 2
    return f"CASE WHEN len({values}) = 2 THEN {values}[{place}] END", f"value {place} of two"


def _of_fields(score: str, fields: list[str], declared: Roles) -> tuple[str, str]:
    """Take the greatest of several, and of two that of the field named like the positive class."""
    if declared.task == "multiclass" or (declared.task is None and len(fields) > 2):
        return f"greatest({', '.join(quote(c) for c in fields)})", "the greatest of its fields"
    named = {plainly(class_value(c.removeprefix(f"{score}."))): c for c in fields}
    wanted = "1" if declared.positive is None else class_value(declared.positive)
    alike = {plainly(wanted)} | next((words for words in (TRUE, FALSE) if wanted.lower() in words), frozenset())
    found = [column for name, column in named.items() if name in alike]
    if len(found) != 1:
        _refuse(score, f"it has the fields {', '.join(fields[:4])}, of which none is named like the positive class")
    return quote(found[0]), f"that of {found[0]}"


def _refuse(score: str, why: str) -> NoReturn:
    raise RolesError(
        f"role score names {score}, which holds the scores of all classes: {why}",
        fix="name the one column of the positive class's scores, or set positive as it is written there",
    )
