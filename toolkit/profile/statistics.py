"""What is counted of a log, as a typed description, and the SQL that counts it (floor 3).

A ``Measure`` says what is added up over which expression of a row; a ``Dialect`` says how an engine writes that. Only
counts and sums are here: they add up over files, days and machines, and every engine gives the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from toolkit.sql import DUCKDB, Dialect, literal

if TYPE_CHECKING:
    from toolkit.logs import Log

Kind = Literal["rows", "known", "true", "sum", "squares"]


@dataclass(frozen=True)
class Measure:
    """One figure of a cell: rows, rows where ``of`` is known or true, the sum of ``of`` or of its squares."""

    name: str
    kind: Kind
    of: str = ""


#: Every figure that a cube holds; a name ending in 2 is of squares.
MEASURES: Final = (
    Measure("n", "rows"),
    Measure("labelled", "known", "label"),
    Measure("loss", "sum", "final_loss"),
    Measure("loss2", "squares", "final_loss"),
    Measure("model_loss", "sum", "model_loss"),
    Measure("positives", "true", "is_positive"),
    Measure("missed", "sum", "missed"),
    Measure("brier", "sum", "brier"),
    Measure("brier2", "squares", "brier"),
    Measure("briers", "known", "brier"),
    Measure("score", "sum", "score"),
    Measure("score2", "squares", "score"),
    Measure("scored", "known", "score"),
    Measure("selected", "true", "is_selected"),
    Measure("decided", "true", "is_decided"),
    Measure("failed", "true", "is_failed"),
    Measure("with_status", "known", "ok"),
    Measure("latency", "sum", "latency_ms"),
    Measure("latency2", "squares", "latency_ms"),
    Measure("timed", "known", "latency_ms"),
    Measure("cost", "sum", "cost"),
    Measure("costed", "known", "cost"),
)


def row_sql(log: Log) -> dict[str, str]:
    """Give the expressions of a row that measures add up, over the canonical columns; NULL where it cannot be known.

    Fractions are written as 0e0, which is a DOUBLE everywhere; 0.0 is a DECIMAL of some engine's own width.
    """
    final, model = _losses(log)
    is_true, decided, selected, brier = "false", "false", "false", "CAST(NULL AS DOUBLE)"
    if log.task == "binary":
        yes = literal(log.classes[1])
        is_true, decided, selected = f"label = {yes}", f"decision = {yes}", f"coalesce(decision, prediction) = {yes}"
        if log.validation.score_is_probability:
            gap = f"(score - CASE WHEN label = {yes} THEN 1e0 WHEN label IS NOT NULL THEN 0e0 END)"
            brier = f"{gap} * {gap}"
    return {
        "label": "label",
        "final_loss": final,
        "model_loss": model,
        "is_positive": is_true,
        "missed": f"CASE WHEN {is_true} THEN {final} END",
        "brier": brier,
        "score": "score",
        "is_selected": selected,
        "is_decided": decided,
        "is_failed": "ok = false",
        "ok": "ok",
        "latency_ms": "latency_ms",
        "cost": "cost",
    }


def _losses(log: Log) -> tuple[str, str]:
    """Give the loss of the final decision and that of the model's answer; NULL where there is no label."""
    if log.task == "regression":
        answer = "coalesce(prediction, score)"
        return f"abs(coalesce(decision, {answer}) - label)", f"abs({answer} - label)"
    answer = "prediction"
    if log.task == "binary" and log.roles.column("prediction") is None and log.roles.column("score") is not None:
        negative, positive = (literal(c) for c in log.classes)
        answer = f"CASE WHEN score >= 0.5 THEN {positive} WHEN score < 0.5 THEN {negative} END"
    return _wrong(f"coalesce(decision, {answer})"), _wrong(answer)


def _wrong(answer: str) -> str:
    return f"CASE WHEN label IS NULL THEN NULL WHEN {answer} = label THEN 0e0 ELSE 1e0 END"


def measure_sql(measure: Measure, dialect: Dialect = DUCKDB) -> str:
    """Write a measure for an engine; 0, never NULL, where there is nothing to add up."""
    if measure.kind == "rows":
        made = "count(*)"
    elif measure.kind == "known":
        made = f"count({measure.of})"
    elif measure.kind == "true":
        made = dialect.count_if(measure.of)
    else:
        value = measure.of if measure.kind == "sum" else f"{measure.of} * {measure.of}"
        made = f"coalesce(sum({value}), 0)"
    return f"CAST({made} AS DOUBLE) AS {measure.name}"


def cube_sql(log: Log, keys: dict[str, str], sets: Sequence[Sequence[str]], dialect: Dialect = DUCKDB) -> str:
    """Write the one query that counts every row: a cell for each combination of the keys within each set.

    Args:
        log: whose canonical ``rows`` are counted.
        keys: name of a key -> its expression over the canonical columns.
        sets: names of keys that are counted together; each set is a GROUP BY of its own in the same scan.
        dialect: how the engine writes it.

    The column ``which`` tells the place of a cell's set in ``sets``, by the bits of its keys.
    """
    inner = [f"{sql} AS {name}" for name, sql in keys.items()]
    inner += [f"{sql} AS {name}" for name, sql in row_sql(log).items()]
    # a key that is NULL because it is not of the set must be told from a value that is NULL
    bits = " + ".join(f"{1 << i} * grouping({name})" for i, name in enumerate(keys)) or "0"
    grouped = ", ".join(f"({', '.join(s)})" for s in sets)
    selected = ", ".join([*keys, f"{bits} AS which", *(measure_sql(m, dialect) for m in MEASURES)])
    return f"SELECT {selected} FROM (SELECT {', '.join(inner)} FROM rows) AS counted GROUP BY GROUPING SETS ({grouped})"


def set_code(keys: Sequence[str], of: Sequence[str]) -> int:
    """Give ``which`` of the cells of a set: a bit for every key that is not in it."""
    return sum(1 << i for i, name in enumerate(keys) if name not in of)
