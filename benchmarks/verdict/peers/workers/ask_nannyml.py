"""Asks NannyML 0.13: estimated and realised performance, drift of every column, data quality; ten chunks, its default.

Tables: ``log`` in order of time and ``reference``. All calculators and thresholds are at their defaults. A calculator
that cannot take a table (too few rows, a constant column) is left out and named in ``failed``. Accuracy by group is
counted as NannyML counts it, chunk by chunk: the open package has no segments.
"""

import nannyml as nml
import pandas as pd

CHUNKS = 10


def measure(
    tables: dict, task: str, columns: list, features: list, answers: list, score: str | None, label: str, groups: list
) -> dict:
    """Give by name what every calculator said in every chunk of the log: values and alerts."""
    log, reference = tables["log"].reset_index(drop=True), tables["reference"].reset_index(drop=True)
    both = [c for c in columns if c in log]
    first = log.iloc[: max(20, int(0.3 * len(log)))].copy()  # what a column is held to that the reference lacks
    numbers = [c for c in both if _numeric(reference[c] if c in reference else first[c])]
    train = tables.get("train")
    for table in [t for t in (log, reference, first, train) if t is not None]:
        for c in [c for c in both if c in table]:
            table[c] = pd.to_numeric(table[c], errors="coerce") if c in numbers else table[c].map(_text)
        if task != "regression":
            for c in [label, *answers]:
                if c in table:
                    table[c] = table[c].map(_class if task == "binary" else _text)
    out = {"failed": {}, "realised": {}, "estimated": None, "rows": len(log), "numeric": numbers, "columns": both}
    for answer in answers:
        out["realised"][answer] = _realised(out, log, reference, task, answer, label)
    usual = [c for c in features if c in numbers and c in log and c in reference]
    out["estimated"] = _estimated(out, log, reference, task, answers, label, score, usual)
    words = [c for c in both if c not in numbers]
    out["gone"] = [c for c in features if c not in log and c in reference]
    frames = {"log": log, "reference": reference, "first": first}
    out["drift"] = _columns(out, both, nml.UnivariateDriftCalculator, frames)
    out["missing"] = _columns(out, both, nml.MissingValuesCalculator, frames)
    out["unseen"] = _columns(out, words, nml.UnseenValuesCalculator, frames)
    out["range"] = _columns(out, [c for c in numbers if c in reference], nml.NumericalRangeCalculator, frames)
    out["trained"] = None if train is None or not answers else _quality(train, task, answers[0], label)
    out["groups"] = {g: _by_group(log, task, answers, label, g) for g in groups if g in log}
    return out


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and column.nunique() > 2


def _text(value: object) -> object:
    return None if value is None or value != value else str(value)


def _class(value: object) -> object:
    return None if value is None or value != value else int(float(value))


def _tell(out: dict, name: str, make: object) -> dict | None:
    """Run one calculator; what it raises is kept."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  whatever it raises is counted as not measured
        out["failed"][name] = f"{type(error).__name__}: {str(error)[:120]}"
        return None


def _rows(result: object, column: str, *, of: str = "analysis") -> dict:
    """Values and alerts of the chunks of one period."""
    table = result.filter(period=of).to_df()
    block = table[column]
    if isinstance(block.columns, pd.MultiIndex):  # drift has one level more: the method
        block = block[block.columns[0][0]]
    alerts = block["alert"] if "alert" in block else [False] * len(block)
    return {"value": [_float(v) for v in block["value"]], "alert": [bool(a) for a in alerts]}


def _float(value: object) -> float | None:
    return None if value != value else float(value)


def _columns(out: dict, columns: list, kind: type, frames: dict) -> dict:
    """Run one calculator for every column by itself, so that one which fails takes none of the others with it."""
    found = {}
    for c in columns:

        def one(c: str = c) -> dict:
            calculator = kind(column_names=[c])
            calculator.fit(frames["reference"] if c in frames["reference"] else frames["first"])
            return _rows(calculator.calculate(frames["log"]), c)

        answer = _tell(out, f"{kind.__name__} of {c}", one)
        if answer is not None:
            found[c] = answer
    return found


def _realised(out: dict, log: pd.DataFrame, reference: pd.DataFrame, task: str, answer: str, label: str) -> dict | None:
    """Realised accuracy or mean absolute error, with its value on the reference."""
    if label not in log or log[label].notna().sum() < 20 or label not in reference:
        return None
    held = reference
    if answer not in reference:  # a decision is no column of the reference: it is held to the prediction there
        if "prediction" not in reference:
            return None
        held = reference.assign(**{answer: reference["prediction"]})

    def run() -> dict:
        metric = "mae" if task == "regression" else "accuracy"
        kind = "regression" if task == "regression" else f"classification_{task}"
        names = [c for c in (answer, label) if c in log]
        more = {"y_pred_proba": answer} if task == "binary" else {}  # asked for, and not used by accuracy
        old, new = held[names].dropna(), log[names]
        if task == "multiclass":
            classes = sorted(set(old[label]) | set(old[answer]))
            more = {"y_pred_proba": {c: f"p_{c}" for c in classes}}
            old = old.assign(**{f"p_{c}": (old[answer] == c).astype(float) for c in classes})
            new = new.assign(**{f"p_{c}": (new[answer] == c).astype(float) for c in classes})
        calculator = nml.PerformanceCalculator(metrics=[metric], y_pred=answer, y_true=label, problem_type=kind, **more)
        calculator.fit(old)
        result = calculator.calculate(new)
        before = result.filter(period="reference").to_df()[metric]
        return {**_rows(result, metric), "reference": float(before["value"].mean())}

    return _tell(out, f"realised {answer}", run)


def _estimated(
    out: dict, log: pd.DataFrame, reference: pd.DataFrame, task: str, answers: list, label: str, score: str | None,
    features: list,
) -> dict | None:  # fmt: skip
    """CBPE of a binary log, DLE of a regression; a log of several classes has one probability, too little for CBPE."""
    answer = next((a for a in answers if a in reference), None)
    if answer is None or label not in reference:
        return None

    def cbpe() -> dict:
        names = [score, answer, label]
        calculator = nml.CBPE(
            metrics=["accuracy"], y_pred_proba=score, y_pred=answer, y_true=label, problem_type="classification_binary"
        )
        calculator.fit(reference[names].dropna())
        return _rows(calculator.estimate(log[[score, answer]].dropna()), "accuracy")

    def dle() -> dict:
        calculator = nml.DLE(feature_column_names=features, y_pred=answer, y_true=label, metrics=["mae"])
        calculator.fit(reference[[*features, answer, label]].dropna(subset=[answer, label]))
        return _rows(calculator.estimate(log[[*features, answer]].dropna(subset=[answer])), "mae")

    if task == "binary" and score in log and score in reference:
        return _tell(out, "cbpe", cbpe)
    return _tell(out, "dle", dle) if task == "regression" and features else None


def _right(rows: pd.DataFrame, task: str, answer: str, label: str) -> pd.Series:
    """Per row, the absolute error, or whether the answer is right."""
    if task == "regression":
        return (rows[label].astype(float) - rows[answer].astype(float)).abs()
    return (rows[label].astype(str) == rows[answer].astype(str)).astype(float)


def _quality(table: pd.DataFrame, task: str, answer: str, label: str) -> float | None:
    """Accuracy or mean absolute error of a table's rows that have both."""
    if answer not in table or label not in table:
        return None
    rows = table[table[label].notna() & table[answer].notna()]
    return float(_right(rows, task, answer, label).mean()) if len(rows) >= 20 else None


def _by_group(log: pd.DataFrame, task: str, answers: list, label: str, group: str) -> dict:
    """The quality of the last answer column in every group, in both halves of the log, where it has 50 rows."""
    answer = answers[-1] if answers else None
    if answer not in log or label not in log:
        return {}
    found = {}
    for half, part in (("early", log.iloc[: len(log) // 2]), ("late", log.iloc[len(log) // 2 :])):
        known = part[part[label].notna() & part[answer].notna()]
        by = _right(known, task, answer, label).groupby(known[group].astype(str))
        found[half] = {str(k): float(v) for k, v in by.mean().items() if by.size()[k] >= 50}
    return found
