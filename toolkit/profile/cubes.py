"""Exact counts over every row of a log (floor 3): by time bucket, by version, by group and segment.

Each cube is one GROUP BY of integers and sums, so cubes of two files add up to the cube of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit.profile.model import Cube

if TYPE_CHECKING:
    from toolkit.logs import Log

#: Bucket widths in seconds, the finest that gives at most ``MOST_BUCKETS`` is taken.
WIDTHS: Final = (60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000)
MOST_BUCKETS: Final = 62
MOST_VALUES: Final = 200


def bucket_width(first: float, last: float) -> int:
    """Give the width in seconds of the buckets of a span of times (seconds since 1970)."""
    span = max(last - first, 1.0)
    return next((w for w in WIDTHS if span / w <= MOST_BUCKETS), int(np.ceil(span / MOST_BUCKETS)))


def loss_sql(log: Log) -> tuple[str, str]:
    """Give SQL for the loss of the final decision and of the model's answer; NULL where there is no label."""
    if log.task == "regression":
        answer = "coalesce(prediction, score)"
        return f"abs(coalesce(decision, {answer}) - label)", f"abs({answer} - label)"
    answer = "prediction"
    if log.task == "binary" and log.roles.column("prediction") is None and log.roles.column("score") is not None:
        negative, positive = (_text(c) for c in log.classes)
        answer = f"CASE WHEN score >= 0.5 THEN {positive} WHEN score < 0.5 THEN {negative} END"
    final = f"coalesce(decision, {answer})"

    def wrong(expression: str) -> str:
        return f"CASE WHEN label IS NULL THEN NULL WHEN {expression} = label THEN 0.0 ELSE 1.0 END"

    return wrong(final), wrong(answer)


def _text(value: str) -> str:
    from toolkit.sql import literal

    return literal(value)


def measures_sql(log: Log) -> str:
    """Give the sums that every cube holds, as a SELECT list; a name ending in 2 is of squares."""
    final, model = loss_sql(log)
    true, positive, answered, brier = "false", "false", "false", "NULL::DOUBLE"
    if log.task == "binary":
        yes = _text(log.classes[1])
        true, positive, answered = f"label = {yes}", f"decision = {yes}", f"coalesce(decision, prediction) = {yes}"
        if log.validation.score_is_probability:
            brier = f"pow(score - CASE WHEN label = {yes} THEN 1.0 WHEN label IS NOT NULL THEN 0.0 END, 2)"
    return f"""
        count(*)::DOUBLE AS n,
        count(label)::DOUBLE AS labelled,
        coalesce(sum({final}), 0)::DOUBLE AS loss,
        coalesce(sum(({final}) * ({final})), 0)::DOUBLE AS loss2,
        coalesce(sum({model}), 0)::DOUBLE AS model_loss,
        coalesce(countif({true}), 0)::DOUBLE AS positives,
        coalesce(sum(CASE WHEN {true} THEN {final} END), 0)::DOUBLE AS missed,
        coalesce(sum({brier}), 0)::DOUBLE AS brier,
        coalesce(sum(({brier}) * ({brier})), 0)::DOUBLE AS brier2,
        count({brier})::DOUBLE AS briers,
        coalesce(sum(score), 0)::DOUBLE AS score,
        coalesce(sum(score * score), 0)::DOUBLE AS score2,
        count(score)::DOUBLE AS scored,
        coalesce(countif({answered}), 0)::DOUBLE AS selected,
        coalesce(countif({positive}), 0)::DOUBLE AS decided,
        coalesce(countif(ok = false), 0)::DOUBLE AS failed,
        countif(ok IS NOT NULL)::DOUBLE AS with_status,
        coalesce(sum(latency_ms), 0)::DOUBLE AS latency,
        coalesce(sum(latency_ms * latency_ms), 0)::DOUBLE AS latency2,
        count(latency_ms)::DOUBLE AS timed,
        coalesce(sum(cost), 0)::DOUBLE AS cost,
        count(cost)::DOUBLE AS costed"""


def count(log: Log) -> dict[str, Cube]:
    """Count every row of a log: cubes ``time`` (by bucket), ``version``, and ``group`` and ``segment`` (by value)."""
    made = {"time": _time_cube(log), "total": _cube(log, "0 AS part", ["part"], "part")}
    if log.roles.column("model_version"):
        made["version"] = _cube(log, "model_version AS value", ["value"], "value")
    for kind, names in (("group", log.group_names), ("segment", log.segment_names)):
        for i, name in enumerate(names):
            made[f"{kind}:{name}"] = _cube(log, f"{kind}_{i} AS value", ["value"], "value")
    if log.reference is not None:
        made["reference"] = _cube(log.reference, "lower(coalesce(split, '')) AS part", ["part"], "part")
    return made


def _time_cube(log: Log) -> Cube:
    span = log.rows.arrow("SELECT epoch_us(min(t)) AS a, epoch_us(max(t)) AS b FROM rows").to_pylist()[0]
    if span["a"] is None:
        return _cube(log, "0::BIGINT AS bucket", ["bucket"], "bucket")
    width = bucket_width(span["a"] / 1e6, span["b"] / 1e6)
    key = f"(floor(epoch_us(t) / 1e6 / {width}) * {width})::BIGINT AS bucket"
    return _cube(log, key, ["bucket"], "bucket", width=width)


def _cube(log: Log, key: str, names: list[str], group: str, *, width: int = 0) -> Cube:
    text = f"SELECT {key}, {measures_sql(log)} FROM rows GROUP BY {group} ORDER BY n DESC LIMIT {10 * MOST_VALUES}"
    table = log.rows.arrow(f"SELECT * FROM ({text}) ORDER BY {group}")
    keys: dict[str, Any] = {n: np.array(table.column(n).to_pylist(), dtype=object) for n in names}
    if width:
        keys["width"] = np.full(table.num_rows, width)
    sums = {c: table.column(c).to_numpy().astype(float) for c in table.column_names if c not in names}
    return Cube(keys, sums)
