"""Asks Evidently 0.7: the drift of every column, a summary of every table, and the quality of the answers.

Tables: ``early`` and ``late`` rows of the log, ``normal`` and ``train`` rows of the reference (may be missing). The
metrics are those of DataDriftPreset and DataSummaryPreset at their defaults, without their plots, which take most of
the time. Accuracy, mean absolute error and duplicated rows are counted as Evidently counts them (``check`` shows
that the numbers are the same): its own ones compute and draw a dozen other figures each time.
"""

import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.core import metric_types
from evidently.metrics import (
    Accuracy,
    DuplicatedRowCount,
    MissingValueCount,
    QuantileValue,
    UniqueValueCount,
    ValueDrift,
)
from evidently.metrics import column_statistics as plots

plots.ValueDriftCalculation._render = lambda *_: []
plots.distribution = lambda *_: []
metric_types.get_default_render = metric_types.get_default_render_ref = lambda *_: []
SMALL = 15


def measure(tables: dict, task: str, columns: list, answers: list, label: str | None, groups: list) -> dict:
    """Give drift, summaries and quality; ``answers`` are the columns of prediction and decision."""
    kinds = {c: _numeric(tables, c) for c in columns}
    tables = {name: _clean(table, columns, kinds) for name, table in tables.items()}
    out = {"summary": {n: _summary(t, columns, kinds) for n, t in tables.items()}, "drift": {}, "quality": {}}
    for name, old, new in (("change", "early", "late"), ("start", "normal", "early")):
        if old in tables and new in tables:
            out["drift"][name] = _drift(tables[old], tables[new], columns, kinds)
    for name, table in tables.items():
        out["quality"][name] = _quality(table, task, answers, label, groups)
    return out


def _numeric(tables: dict, column: str) -> bool:
    """A column is numeric where it was so in the oldest table that has it."""
    first = next(tables[n][column] for n in ("normal", "early", "late") if n in tables and column in tables[n])
    return pd.api.types.is_numeric_dtype(first) and first.nunique() > 2


def _clean(table: pd.DataFrame, columns: list, kinds: dict) -> pd.DataFrame:
    """What Evidently takes as numbers is made numbers; what it takes as categories, text."""
    table = table.copy()
    for c in columns:
        if c in table:
            as_text = table[c].astype(object).where(table[c].notna(), None)
            table[c] = pd.to_numeric(table[c], errors="coerce") if kinds[c] else as_text.map(_text)
    return table


def _text(value: object) -> object:
    return value if value is None else str(value)


def _there(table: pd.DataFrame, columns: list) -> list:
    """Columns with at least a few values: Evidently raises on empty ones."""
    return [c for c in columns if c in table and table[c].notna().sum() >= SMALL]


def _run(metrics: list, current: pd.DataFrame, reference: pd.DataFrame | None, **definition: object) -> list:
    d = DataDefinition(**definition)
    now = Dataset.from_pandas(current, data_definition=d)
    old = None if reference is None else Dataset.from_pandas(reference, data_definition=d)
    return Report(metrics).run(now, old).dict()["metrics"]


def _drift(old: pd.DataFrame, new: pd.DataFrame, columns: list, kinds: dict) -> dict:
    """The drift of every column by the default test for its kind and size, and whether it is over its threshold."""
    names = [c for c in _there(old, columns) if c in _there(new, columns)]
    numbers, words = [c for c in names if kinds[c]], [c for c in names if not kinds[c]]
    answers = _run(
        [ValueDrift(column=c) for c in names], new[names], old[names], numerical_columns=numbers,
        categorical_columns=words,
    )  # fmt: skip
    found = {}
    for answer in answers:
        config, score = answer["config"], float(answer["value"])
        said = answer["metric_name"]
        method = str(config.get("method") or said.split("method=")[1].split(",")[0])
        bar = float(config.get("threshold") or said.split("threshold=")[1].rstrip(")"))
        over = score < bar if "p_value" in method else score >= bar
        found[config["column"]] = {"score": score, "over": bool(over), "method": method}
    return found


def _summary(table: pd.DataFrame, columns: list, kinds: dict) -> dict:
    """Rows, duplicates, and by column the share of missing values, the quartiles or the counts of values."""
    names = [c for c in columns if c in table]
    full = _there(table, names)
    metrics = [MissingValueCount(column=c) for c in names]
    metrics += [QuantileValue(column=c, quantile=q) for c in full if kinds[c] for q in (0.25, 0.5, 0.75)]
    metrics += [UniqueValueCount(column=c) for c in full if not kinds[c]]
    numbers, words = [c for c in names if kinds[c]], [c for c in names if not kinds[c]]
    out = {"missing": {}, "quartiles": {}, "values": {}, "rows": len(table)}
    out["duplicates"] = int(table[names].duplicated().sum())
    for answer in _run(metrics, table[names], None, numerical_columns=numbers, categorical_columns=words):
        kind, column, value = answer["config"]["type"].split(":")[-1], answer["config"].get("column"), answer["value"]
        if kind == "MissingValueCount":
            out["missing"][column] = float(value["share"])
        elif kind == "QuantileValue":
            out["quartiles"].setdefault(column, []).append(float(value))
        else:
            total = sum(value["counts"].values()) or 1
            out["values"][column] = {str(k): float(v) / total for k, v in value["counts"].items()}
    return out


def _quality(table: pd.DataFrame, task: str, answers: list, label: str | None, groups: list) -> dict:
    """Accuracy (or mean absolute error) of every answer column, in all and in every group of 50 rows and more."""
    out = {}
    for answer in answers:
        if label not in table or answer not in table:
            continue
        rows = table[table[label].notna() & table[answer].notna()]
        if len(rows) < SMALL:
            continue
        out[answer] = {"all": _right(rows, task, answer, label), "n": len(rows)}
        for group in groups:
            parts = {str(k): part for k, part in rows.groupby(group) if len(part) >= 50}
            out[answer][group] = {k: _right(part, task, answer, label) for k, part in parts.items()}
    return out


def _right(rows: pd.DataFrame, task: str, answer: str, label: str) -> float:
    """Evidently's Accuracy, or its MAE, of rows that have both."""
    if task == "regression":
        return float((rows[label].astype(float) - rows[answer].astype(float)).abs().mean())
    if task == "binary":
        return float((rows[label].astype(float) == rows[answer].astype(float)).mean())
    return float((rows[label].astype(str) == rows[answer].astype(str)).mean())


def check(table: pd.DataFrame, answer: str, label: str) -> dict:
    """Evidently's own accuracy and duplicates of a binary log beside ours, to show that they are the same."""
    rows = table[table[label].notna() & table[answer].notna()]
    ours = {"accuracy": _right(rows, "binary", answer, label), "duplicates": int(table.duplicated().sum())}
    pair = rows[[label, answer]].astype(float).astype(int)
    how = {"classification": [BinaryClassification(target=label, prediction_labels=answer, pos_label=1)]}
    theirs = {
        "accuracy": float(_run([Accuracy()], pair, None, **how)[0]["value"]),
        "duplicates": float(_run([DuplicatedRowCount()], table, None)[0]["value"]),
    }
    return {"ours": ours, "theirs": theirs}
