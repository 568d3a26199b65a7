"""From the columns of a log to canonical columns (floor 2): one SELECT over ``raw``, kept as a view.

``canonical`` has ``t``, ``id``, ``prediction`` ... ``feature_0`` ... and ``_flags``, a sum of what is wrong with a row;
``rows`` are those without a fault, ``quarantined`` the others. A role that is absent is a NULL of its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from toolkit.logs.kinds import Kinds
from toolkit.logs.outcome import Outcome
from toolkit.logs.stats import family_of, is_integer, number_of_text, text_of
from toolkit.logs.times import AHEAD, Clock
from toolkit.logs.values import class_text
from toolkit.roles import Roles
from toolkit.sql import Dialect, literal, quote

if TYPE_CHECKING:
    from toolkit.engines import Rows

#: What can be wrong with a row, as powers of two; the first that holds is the reason given.
FAULTS: Final[dict[str, int]] = {
    "missing timestamp": 1,
    "bad timestamp": 2,
    "timestamp in the future": 4,
    "timestamp of a clock at zero": 8,
    "impossible score": 16,
    "unknown label": 32,
    "bad label time": 64,  # which keeps no row out
}
#: A score may leave [0, 1] by this much, as rounding does.
_ROUNDING: Final = 1e-6
_SHOWN: Final = 1000
#: What clocks and spreadsheets say when they know nothing: the first hours of 1970 anywhere on earth, 1900 and before.
_FIRST_YEAR: Final = "1901-01-01"
_ZERO: Final = ("1969-12-31", "1970-01-02")

#: Canonical columns with their types; of text and time an engine has names of its own.
SINGLES: Final[dict[str, str]] = {
    "t": "time",
    "id": "text",
    "prediction": "text",
    "score": "DOUBLE",
    "label": "text",
    "decision": "text",
    "label_time": "time",
    "model_version": "text",
    "latency_ms": "DOUBLE",
    "status": "text",
    "ok": "BOOLEAN",
    "decider": "text",
    "cost": "DOUBLE",
    "text_length": "DOUBLE",
    "split": "text",
}


@dataclass(frozen=True)
class Plan:
    """All that canonical columns rest on; ``now`` is the time of reading, aware UTC, ``None`` where no row is later."""

    roles: Roles
    outcome: Outcome
    kinds: Kinds
    now: datetime | None
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    split: str | None = None


def canonical_sql(rows: Rows, plan: Plan) -> str:
    """Give the SELECT that makes canonical columns of ``raw``."""
    selected = {**written(rows, plan), **helpers(rows, plan)}
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in selected.items())} FROM raw"


def written(rows: Rows, plan: Plan) -> dict[str, str]:
    """Give the SQL over ``raw`` of each canonical column, in their order."""
    singles, says = _singles(rows, plan), rows.dialect
    own = {"text": says.text_type, "time": says.time_type}
    types = {c: own.get(kind, kind) for c, kind in _types(plan.outcome).items()}
    made = {c: singles.get(c, f"CAST(NULL AS {kind})") for c, kind in types.items()}
    for i, column in enumerate(plan.roles.columns("feature")):
        made[f"feature_{i}"] = feature_sql(rows.columns, column, plan.kinds.features[column], says)
    for role in ("group", "segment"):
        made |= {f"{role}_{i}": _word(rows.columns, c, says) for i, c in enumerate(plan.roles.columns(role))}
    return made


def _types(outcome: Outcome) -> dict[str, str]:
    if outcome.task != "regression":
        return SINGLES
    return {**SINGLES, "prediction": "DOUBLE", "label": "DOUBLE", "decision": "DOUBLE"}


def _singles(rows: Rows, plan: Plan) -> dict[str, str]:
    """Give SQL by canonical name, of the roles whose columns are there."""
    there = {r: c for r, c in plan.roles.single.items() if c in rows.columns}
    sql: dict[str, str] = {}
    says = rows.dialect
    for role, column in there.items():
        if role in {"timestamp", "label_time"}:
            sql["t" if role == "timestamp" else role] = plan.clocks[role].sql
        elif role in {"prediction", "label", "decision"}:
            sql[role] = outcome_sql(rows.columns, column, plan.outcome, says)
        elif role in {"score", "latency_ms", "cost"}:
            sql[role] = number_sql(column, rows.columns[column], says)
        elif role == "text":
            sql["text_length"] = f"CAST(length({says.word(quote(column), rows.columns[column])}) AS DOUBLE)"
        else:
            sql[role] = _word(rows.columns, column, says)
    if "status" in sql:
        good = ", ".join(literal(s.strip().lower()) for s in plan.roles.status_ok)
        sql["ok"] = f"(lower({sql['status']}) IN ({good}))" if good else "CAST(NULL AS BOOLEAN)"
    if plan.split in rows.columns:
        sql["split"] = _split(str(plan.split), says)
    return sql


def _split(column: str, says: Dialect) -> str:
    value = f"lower({text_of(column, says)})"
    return (
        f"CASE WHEN {value} IN ('train', 'training') THEN 'train' "
        f"WHEN {value} IN ('validation', 'valid', 'val', 'test', 'holdout', 'dev') THEN 'validation' END"
    )


def outcome_sql(types: Mapping[str, str], column: str, outcome: Outcome, says: Dialect) -> str:
    """Give the SQL of a prediction, label or decision: a number, or a class in its one spelling.

    A value that is neither class of a binary task becomes NULL: a case that was referred is not decided otherwise.
    """
    if outcome.task == "regression":
        return number_sql(column, types[column], says)
    value = class_text(column, types[column], says)
    if outcome.spelling:
        pairs = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in outcome.spelling.items())
        value = f"(CASE {value} {pairs} ELSE {value} END)"
    if outcome.task != "binary":
        return value
    known = ", ".join(literal(c) for c in outcome.classes)
    return f"(CASE WHEN {value} IN ({known}) THEN {value} END)"


def number_sql(column: str, kind: str, says: Dialect) -> str:
    """Give the SQL of a column as a finite DOUBLE; what is no number, NaN and the infinities are NULL."""
    family = family_of(kind)
    if family == "boolean" or is_integer(kind):
        return f"CAST({quote(column)} AS DOUBLE)"
    if family == "time":
        return says.seconds_of(quote(column), kind)
    if family == "other":
        return "CAST(NULL AS DOUBLE)"
    value = number_of_text(column, says) if family == "text" else f"CAST({quote(column)} AS DOUBLE)"
    return f"CASE WHEN {says.finite(value)} THEN {value} END"


def feature_sql(types: Mapping[str, str], column: str, kind: str, says: Dialect) -> str:
    """Give the SQL of a feature, as the kind that log and reference agreed on."""
    if column not in types:
        return f"CAST(NULL AS {'DOUBLE' if kind == 'number' else says.text_type})"
    return number_sql(column, types[column], says) if kind == "number" else _word(types, column, says)


def _word(types: Mapping[str, str], column: str, says: Dialect) -> str:
    """Give the SQL of a column as text: whole numbers without decimals, so that 1 and 1.0 are one value."""
    if column not in types:
        return f"CAST(NULL AS {says.text_type})"
    if family_of(types[column]) == "number":
        return class_text(column, types[column], says)
    return says.word(quote(column), types[column])


def helpers(rows: Rows, plan: Plan) -> dict[str, str]:
    """Give the SQL of columns that only the validation reads: faults, offsets from UTC, values that are not finite."""
    there = {r: c for r, c in plan.roles.single.items() if c in rows.columns}
    terms: list[str] = []
    says = rows.dialect

    def fault(name: str, sql: str) -> None:
        terms.append(f"CASE WHEN {sql} THEN {FAULTS[name]} ELSE 0 END")

    zoned = "CAST(NULL AS BOOLEAN)"
    if "timestamp" in there:
        t, column = plan.clocks["timestamp"].sql, quote(there["timestamp"])
        missing = f"{column} IS NULL"
        if family_of(rows.columns[there["timestamp"]]) == "text":
            missing = f"({missing} OR {says.trim(says.text(column))} = '')"
        first, *zero = (says.moment(day) for day in (_FIRST_YEAR, *_ZERO))
        fault("missing timestamp", missing)
        fault("bad timestamp", f"({t}) IS NULL AND NOT {missing}")
        if plan.now is not None:
            latest = says.moment((plan.now + AHEAD).strftime("%Y-%m-%d %H:%M:%S"))
            fault("timestamp in the future", f"({t}) > {latest}")
        fault("timestamp of a clock at zero", f"({t}) < {first} OR ({t}) BETWEEN {zero[0]} AND {zero[1]}")
        zoned = plan.clocks["timestamp"].zoned
    if "label_time" in there and plan.clocks["label_time"].text:
        clock = plan.clocks["label_time"]
        fault("bad label time", f"{clock.text} <> '' AND ({clock.sql}) IS NULL")
    if "score" in there and plan.outcome.task != "regression":
        score = number_sql(there["score"], rows.columns[there["score"]], says)
        fault("impossible score", f"({score}) NOT BETWEEN {-_ROUNDING!r} AND {1 + _ROUNDING!r}")
    if "label" in there and plan.outcome.task != "multiclass":
        label = outcome_sql(rows.columns, there["label"], plan.outcome, says)
        raw = class_text(there["label"], rows.columns[there["label"]], says)
        fault("unknown label", f"({raw}) IS NOT NULL AND ({label}) IS NULL")
    old = f"({plan.clocks['timestamp'].sql}) < {says.moment(_ZERO[0])}" if "timestamp" in there else "false"
    made = {"_old": old, "_flags": f"CAST({' + '.join(terms) or '0'} AS {says.small_type})", "_zoned": zoned}
    for i, column in enumerate(plan.roles.columns("feature")):
        if rows.columns.get(column) in {"FLOAT", "DOUBLE"}:
            made[f"_broken_{i}"] = f"NOT {says.finite(quote(column))}"
    return made


def make_views(rows: Rows, plan: Plan, mask: int) -> None:
    """Make ``rows`` and, where any is, ``quarantined``; ``mask`` is the sum of the faults that keep a row out."""
    names = [*_types(plan.outcome)]
    for role in ("feature", "group", "segment"):
        names += [f"{role}_{i}" for i in range(len(plan.roles.columns(role)))]
    kept = ", ".join(names)
    if not mask:
        rows.define("rows", f"SELECT {kept} FROM canonical")
        return
    rows.define("rows", f"SELECT {kept} FROM canonical WHERE _flags & {mask} = 0")
    reasons = " ".join(f"WHEN _flags & {bit} <> 0 THEN {literal(r)}" for r, bit in FAULTS.items() if bit & mask)
    rows.define(
        "quarantined",
        f"SELECT row, CASE {reasons} END AS reason, {kept} "
        f"FROM (SELECT *, {rows.dialect.row_number} AS row FROM canonical) "
        f"WHERE _flags & {mask} <> 0 LIMIT {_SHOWN}",
    )
