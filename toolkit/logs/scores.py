"""Scores of all classes where one is asked for (floor 2): an object or a list of them, as services log their answers.

The score of a binary task is that of its positive class, of several classes that of the likeliest, as the role says.
Both may be a text: ``[0.8, 0.2]``, ``{"no": 0.8, "yes": 0.2}``, which is read where all of it is of that form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from toolkit.errors import RolesError
from toolkit.logs.stats import family_of, text_of
from toolkit.logs.values import FALSE, TRUE, class_value, plainly
from toolkit.roles import Roles
from toolkit.sql import Dialect, literal, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

_LIST: Final = "[]"
_MAP: Final = "MAP(VARCHAR, "
#: Rows that tell which form the scores have, and which classes there are.
_FIRST: Final = 100
#: A value within a text. Commas are doubled before, so that one closes a value and the next opens another.
_VALUE: Final = r"""["']?([0-9A-Za-z+._-]*)["']?\s*"""
_WHOLE_LIST: Final = r"\[[^\[\]]*\]"
_WHOLE_OBJECT: Final = r"\{[^{}]*\}"
_OF_LIST: Final = rf"[\[,]\s*{_VALUE}[,\]]"
_OF_OBJECT: Final = rf"""[{{,]\s*["']([^"':]*)["']\s*:\s*{_VALUE}[,}}]"""


def gather_scores(log: Rows, reference: Rows | None, declared: Roles | None) -> None:
    """Make one score of the fields or the values of the column that has this role, and note which it is.

    Raises:
        LogError: a log cannot be read.
        RolesError: nothing says which of two scores is the positive class's, or they are no numbers.

    """
    score = declared.column("score") if declared is not None else None
    if declared is None or score is None:
        return
    for rows in (log, reference):
        if rows is None:
            continue
        fields = [c for c, kind in rows.columns.items() if c.startswith(f"{score}.") and family_of(kind) == "number"]
        form = _form(rows, score)
        taken, which = "", ""
        if form == "list":
            taken, which = _of_list(rows, score, declared)
        elif form == "object":
            taken, which = _of_object(rows, score, declared)
        elif fields and score not in rows.columns:
            taken, which = _of_fields(score, fields, declared)
        if taken:
            rows.read_as({score: taken}, instead_of=() if form else fields)
        if which and rows is log:
            rows.opened = replace(rows.opened, notes=(*rows.opened.notes, f"score ({score}): {which}"))


def _form(rows: Rows, score: str) -> str:
    """Tell whether a column holds lists or objects of any classes, or texts of them."""
    kind = rows.columns.get(score, "")
    if kind.endswith(_LIST) or kind.startswith("MAP("):
        of = kind.removesuffix(_LIST) if kind.endswith(_LIST) else kind.removeprefix(_MAP).removesuffix(")")
        if family_of(of) not in {"number", "boolean", "text"}:
            _refuse(score, f"of the type {kind}, it is no list of numbers, nor a map from names to numbers")
        return "list" if kind.endswith(_LIST) else "object"
    if family_of(kind) != "text":
        return ""
    text = f"min({rows.dialect.text(quote(score))}) AS text"
    ((first,),) = rows.fetch(f"SELECT {text} FROM ({rows.first([score], _FIRST)}) AS first")
    return {"[": "list", "{": "object"}.get(str(first)[:1], "")


def _of_list(rows: Rows, score: str, declared: Roles) -> tuple[str, str]:
    """Take the greatest of several, and of two that of the class that comes second, as libraries sort them: 0 and 1."""
    says = rows.dialect
    values = _listed(score, rows.columns[score], says)
    asked = f"SELECT max({says.many(values)}) AS n FROM ({rows.first([score], _FIRST)}) AS first"
    ((most,),) = rows.fetch(asked)
    if declared.task == "multiclass" or (declared.task is None and most != 2):
        return says.greatest(values), "the greatest of its values"
    word = "1" if declared.positive is None else class_value(declared.positive).lower()
    if word not in TRUE | FALSE:
        _refuse(score, f"a list does not say which value is that of {declared.positive}")
    place = 1 if word in FALSE else 2
    return f"CASE WHEN {says.many(values)} = 2 THEN {says.value_at(values, str(place))} END", f"value {place} of two"


def _listed(score: str, kind: str, says: Dialect) -> str:
    """Give the SQL of the values of lists, NULL for a text that is none."""
    if kind.endswith(_LIST):
        return says.numbers(quote(score), texts=family_of(kind.removesuffix(_LIST)) == "text")
    text = text_of(score, says)
    values = says.every(f"replace({text}, ',', ',,')", _OF_LIST, 1)
    whole = f"{says.fits(text, _WHOLE_LIST)} AND {says.many(values)} = 1 + {_count(',', text)}"
    return f"CASE WHEN {whole} THEN {says.numbers(values, texts=True)} END"


def _of_object(rows: Rows, score: str, declared: Roles) -> tuple[str, str]:
    """Take the greatest of several, and of two that of the one named like the positive class, by the first rows."""
    says = rows.dialect
    names, values = _named(score, rows.columns[score], says)
    found = rows.fetch(f"SELECT {names} AS names FROM ({rows.first([score], _FIRST)}) AS first")
    classes = sorted({str(name) for (some,) in found for name in some or ()})
    if _is_greatest(classes, declared):
        return says.greatest(values), "the greatest of its values"
    name = _positive(score, {c.replace(",,", ","): c for c in classes}, declared)
    return says.value_at(values, says.place_of(names, literal(name))), f"that of {name.replace(',,', ',')}"


def _named(score: str, kind: str, says: Dialect) -> tuple[str, str]:
    """Give the SQL of the names of classes and of their values, NULL for a text that is no object."""
    if kind.startswith(_MAP):
        of_texts = family_of(kind.removeprefix(_MAP).removesuffix(")")) == "text"
        return f"map_keys({quote(score)})", says.numbers(f"map_values({quote(score)})", texts=of_texts)
    text = text_of(score, says)
    names, values = (says.every(f"replace({text}, ',', ',,')", _OF_OBJECT, group) for group in (1, 2))
    whole = f"{says.fits(text, _WHOLE_OBJECT)} AND {says.many(values)} = {_count(':', text)}"
    read = says.numbers(values, texts=True)
    return f"CASE WHEN {whole} THEN {names} END", f"CASE WHEN {whole} THEN {read} END"


def _count(letter: str, text: str) -> str:
    return f"length({text}) - length(replace({text}, '{letter}', ''))"


def _of_fields(score: str, fields: list[str], declared: Roles) -> tuple[str, str]:
    """Take the greatest of several, and of two that of the field named like the positive class."""
    if _is_greatest(fields, declared):
        return f"greatest({', '.join(f'CAST({quote(c)} AS DOUBLE)' for c in fields)})", "the greatest of its fields"
    column = _positive(score, {c.removeprefix(f"{score}."): c for c in fields}, declared)
    return quote(column), f"that of {column}"


def _is_greatest(classes: list[str], declared: Roles) -> bool:
    return declared.task == "multiclass" or (declared.task is None and len(classes) > 2)


def _positive(score: str, classes: Mapping[str, str], declared: Roles) -> str:
    """Give what is named like the positive class."""
    named = {plainly(class_value(name)): of for name, of in classes.items()}
    wanted = "1" if declared.positive is None else class_value(declared.positive)
    alike = {plainly(wanted)} | next((words for words in (TRUE, FALSE) if wanted.lower() in words), frozenset())
    found = [of for name, of in named.items() if name in alike]
    if len(found) != 1:
        said = ", ".join(list(classes.values())[:4])
        _refuse(score, f"it has the fields {said}, of which none is named like the positive class")
    return found[0]


def _refuse(score: str, why: str) -> NoReturn:
    raise RolesError(
        f"role score names {score}, which holds the scores of all classes: {why}",
        fix="name the one column of the positive class's scores, or set positive as it is written there",
    )
