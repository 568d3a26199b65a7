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
from toolkit.logs.times import Clock
from toolkit.logs.values import class_text
from toolkit.roles import Roles
from toolkit.sql import literal, quote

if TYPE_CHECKING:
    from toolkit.engines.duck import DuckRows

#: What can be wrong with a row, as powers of two; the first that holds is the reason given.
FAULTS: Final[dict[str, int]] = {
    "missing timestamp": 1,
    "bad timestamp": 2,
    "timestamp in the future": 4,
    "timestamp of a clock at zero": 8,
    "impossible score": 16,
    "unknown label": 32,
}
#: A score may leave [0, 1] by this much, as rounding does.
_ROUNDING: Final = 1e-6
_SHOWN: Final = 1000
#: What clocks and spreadsheets say when they know nothing: the first hours of 1970 anywhere on earth, 1900 and before.
_FIRST_YEAR: Final = "TIMESTAMP '1901-01-01'"
_ZERO: Final = ("TIMESTAMP '1969-12-31'", "TIMESTAMP '1970-01-02'")

SINGLES: Final[dict[str, str]] = {
    "t": "TIMESTAMP",
    "id": "VARCHAR",
    "prediction": "VARCHAR",
    "score": "DOUBLE",
    "label": "VARCHAR",
    "decision": "VARCHAR",
    "label_time": "TIMESTAMP",
    "model_version": "VARCHAR",
    "latency_ms": "DOUBLE",
    "status": "VARCHAR",
    "ok": "BOOLEAN",
    "decider": "VARCHAR",
    "cost": "DOUBLE",
    "text_length": "DOUBLE",
    "split": "VARCHAR",
}


@dataclass(frozen=True)
class Plan:
    """Everything that the canonical columns rest on; ``now`` is the time of reading, aware UTC."""

    roles: Roles
    outcome: Outcome
    kinds: Kinds
    now: datetime
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    split: str | None = None


def canonical_sql(rows: DuckRows, plan: Plan) -> str:
    """Give the SELECT that makes canonical columns of ``raw``."""
    singles = _singles(rows, plan)
    selected = [f"{singles.get(c, f'CAST(NULL AS {kind})')} AS {c}" for c, kind in _types(plan.outcome).items()]
    selected += [
        f"{feature_sql(rows.columns, c, plan.kinds.features[c])} AS feature_{i}"
        for i, c in enumerate(plan.roles.columns("feature"))
    ]
    for role in ("group", "segment"):
        selected += [f"{_word(rows.columns, c)} AS {role}_{i}" for i, c in enumerate(plan.roles.columns(role))]
    selected += [f"{sql} AS {name}" for name, sql in helpers(rows, plan).items()]
    return f"SELECT {', '.join(selected)} FROM raw"


def _types(outcome: Outcome) -> dict[str, str]:
    if outcome.task != "regression":
        return SINGLES
    return {**SINGLES, "prediction": "DOUBLE", "label": "DOUBLE", "decision": "DOUBLE"}


def _singles(rows: DuckRows, plan: Plan) -> dict[str, str]:
    """Give SQL by canonical name, of the roles whose columns are there."""
    there = {r: c for r, c in plan.roles.single.items() if c in rows.columns}
    sql: dict[str, str] = {}
    for role, column in there.items():
        if role in {"timestamp", "label_time"}:
            sql["t" if role == "timestamp" else role] = plan.clocks[role].sql
        elif role in {"prediction", "label", "decision"}:
            sql[role] = outcome_sql(rows.columns, column, plan.outcome, strict=role != "decision")
        elif role in {"score", "latency_ms", "cost"}:
            sql[role] = number_sql(column, rows.columns[column])
        elif role == "text":
            sql["text_length"] = f"CAST(length(CAST({quote(column)} AS VARCHAR)) AS DOUBLE)"
        else:
            sql[role] = _word(rows.columns, column)
    if "status" in sql:
        good = ", ".join(literal(s.strip().lower()) for s in plan.roles.status_ok)
        sql["ok"] = f"(lower({sql['status']}) IN ({good}))" if good else "CAST(NULL AS BOOLEAN)"
    if plan.split in rows.columns:
        sql["split"] = _split(str(plan.split))
    return sql


def _split(column: str) -> str:
    value = f"lower({text_of(column)})"
    return (
        f"CASE WHEN {value} IN ('train', 'training') THEN 'train' "
        f"WHEN {value} IN ('validation', 'valid', 'val', 'test', 'holdout', 'dev') THEN 'validation' END"
    )


def outcome_sql(types: Mapping[str, str], column: str, outcome: Outcome, *, strict: bool) -> str:
    """Give the SQL of a prediction, label or decision: a number, or a class in its one spelling.

    With ``strict`` a value that is neither class of a binary task becomes NULL.
    """
    if outcome.task == "regression":
        return number_sql(column, types[column])
    value = class_text(column, types[column])
    if outcome.spelling:
        pairs = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in outcome.spelling.items())
        value = f"(CASE {value} {pairs} ELSE {value} END)"
    if not strict or outcome.task != "binary":
        return value
    known = ", ".join(literal(c) for c in outcome.classes)
    return f"(CASE WHEN {value} IN ({known}) THEN {value} END)"


def number_sql(column: str, kind: str) -> str:
    """Give the SQL of a column as a finite DOUBLE; what is no number, NaN and the infinities are NULL."""
    family = family_of(kind)
    if family == "boolean" or is_integer(kind):
        return f"CAST({quote(column)} AS DOUBLE)"
    if family == "time":
        return f"epoch(CAST({quote(column)} AS TIMESTAMP))"
    if family == "other":
        return "CAST(NULL AS DOUBLE)"
    value = number_of_text(column) if family == "text" else f"CAST({quote(column)} AS DOUBLE)"
    return f"CASE WHEN isfinite({value}) THEN {value} END"


def feature_sql(types: Mapping[str, str], column: str, kind: str) -> str:
    """Give the SQL of a feature, as the kind that log and reference agreed on."""
    if column not in types:
        return "CAST(NULL AS DOUBLE)" if kind == "number" else "CAST(NULL AS VARCHAR)"
    return number_sql(column, types[column]) if kind == "number" else _word(types, column)


def _word(types: Mapping[str, str], column: str) -> str:
    """Give the SQL of a column as text: whole numbers without decimals, so that 1 and 1.0 are one value."""
    if column not in types:
        return "CAST(NULL AS VARCHAR)"
    if family_of(types[column]) == "number":
        return class_text(column, types[column])
    return f"CAST({quote(column)} AS VARCHAR)"


def helpers(rows: DuckRows, plan: Plan) -> dict[str, str]:
    """Give the SQL of columns that only the validation reads: faults, offsets from UTC, values that are not finite."""
    there = {r: c for r, c in plan.roles.single.items() if c in rows.columns}
    terms: list[str] = []

    def fault(name: str, sql: str) -> None:
        terms.append(f"CASE WHEN {sql} THEN {FAULTS[name]} ELSE 0 END")

    zoned = "CAST(NULL AS BOOLEAN)"
    if "timestamp" in there:
        t, column = plan.clocks["timestamp"].sql, quote(there["timestamp"])
        missing = f"{column} IS NULL"
        if family_of(rows.columns[there["timestamp"]]) == "text":
            missing = f"({missing} OR trim(CAST({column} AS VARCHAR)) = '')"
        latest = literal(plan.now.strftime("%Y-%m-%d %H:%M:%S"))
        fault("missing timestamp", missing)
        fault("bad timestamp", f"({t}) IS NULL AND NOT {missing}")
        fault("timestamp in the future", f"({t}) > TIMESTAMP {latest} + INTERVAL 2 DAY")
        fault("timestamp of a clock at zero", f"({t}) < {_FIRST_YEAR} OR ({t}) BETWEEN {_ZERO[0]} AND {_ZERO[1]}")
        zoned = plan.clocks["timestamp"].zoned
    if "score" in there and plan.outcome.task != "regression":
        score = number_sql(there["score"], rows.columns[there["score"]])
        fault("impossible score", f"({score}) NOT BETWEEN {-_ROUNDING!r} AND {1 + _ROUNDING!r}")
    if "label" in there and plan.outcome.task != "multiclass":
        label = outcome_sql(rows.columns, there["label"], plan.outcome, strict=True)
        raw = class_text(there["label"], rows.columns[there["label"]])
        fault("unknown label", f"({raw}) IS NOT NULL AND ({label}) IS NULL")
    old = f"({plan.clocks['timestamp'].sql}) < {_ZERO[0]}" if "timestamp" in there else "false"
    made = {"_old": old, "_flags": f"CAST({' + '.join(terms) or '0'} AS UTINYINT)", "_zoned": zoned}
    for i, column in enumerate(plan.roles.columns("feature")):
        if rows.columns.get(column) in {"FLOAT", "DOUBLE"}:
            made[f"_broken_{i}"] = f"NOT isfinite({quote(column)})"
    return made


def make_views(rows: DuckRows, plan: Plan, mask: int) -> None:
    """Make ``rows`` and ``quarantined``; ``mask`` is the sum of the faults that keep a row out (0: none does)."""
    names = [*_types(plan.outcome)]
    for role in ("feature", "group", "segment"):
        names += [f"{role}_{i}" for i in range(len(plan.roles.columns(role)))]
    kept = ", ".join(names)
    reasons = " ".join(f"WHEN _flags & {bit} <> 0 THEN {literal(r)}" for r, bit in FAULTS.items() if bit & mask)
    reason = f"CASE {reasons} END" if reasons else "CAST(NULL AS VARCHAR)"
    where = f" WHERE _flags & {mask} = 0" if mask else ""
    rows.run(f"CREATE OR REPLACE VIEW rows AS SELECT {kept} FROM canonical{where}")
    rows.run(
        f"CREATE OR REPLACE VIEW quarantined AS SELECT row, {reason} AS reason, {kept} FROM "
        f"(SELECT *, row_number() OVER () AS row FROM canonical) WHERE _flags & {mask} <> 0 LIMIT {_SHOWN}"
    )
