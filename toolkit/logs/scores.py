"""Scores of all classes where one is asked for (floor 2): an object or a list of them, as services log their answers.

The score of a binary task is that of its positive class, of several classes that of the likeliest, as the role says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from toolkit.engines.duck import DuckRows
from toolkit.logs.stats import family_of
from toolkit.logs.values import class_value
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

    """
    score = declared.column("score") if declared is not None else None
    if declared is None or score is None:
        return
    for rows in (log, reference):
        if not isinstance(rows, DuckRows):
            continue
        fields = [c for c, kind in rows.columns.items() if c.startswith(f"{score}.") and family_of(kind) == "number"]
        which = ""
        if _lists(rows, score):
            values = f"TRY_CAST({quote(score)} AS DOUBLE[])"
            which = "last" if declared.task == "binary" else "greatest"
            rows.read_as({score: f"{values}[-1]" if which == "last" else f"list_max({values})"})
        elif fields and score not in rows.columns:
            taken, which = _of_fields(score, fields, declared)
            rows.read_as({score: taken}, instead_of=fields)
        if which and rows is log:
            rows.opened = replace(
                rows.opened, notes=(*rows.opened.notes, f"score ({score}): the {which} of its values")
            )


def _lists(rows: DuckRows, score: str) -> bool:
    """Whether a column holds lists, or texts of them."""
    kind = rows.columns.get(score, "")
    if family_of(kind) != "text":
        return kind.endswith(_LIST)
    name = quote(score)
    ((first,),) = rows.fetch(f"SELECT min(CAST({name} AS VARCHAR)) FROM (SELECT {name} FROM raw LIMIT {_FIRST})")
    return str(first).startswith("[")


def _of_fields(score: str, fields: list[str], declared: Roles) -> tuple[str, str]:
    if declared.task == "binary" and declared.positive is not None:
        named = {class_value(c.removeprefix(f"{score}.")).casefold(): c for c in fields}
        positive = named.get(class_value(declared.positive).casefold())
        if positive is not None:
            return quote(positive), f"one named {positive}"
    if len(fields) == 1:
        return quote(fields[0]), f"one named {fields[0]}"
    return f"greatest({', '.join(quote(c) for c in fields)})", "greatest"
