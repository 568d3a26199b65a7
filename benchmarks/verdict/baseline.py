"""The bar to beat: the decision tree that an engineer writes by hand from a monitoring runbook, on the same columns.

It compares the last part of the log with its first part (cut where the daily error rate jumps most), the whole log
with the reference, and asks the usual questions in the usual order. Its probability is always the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from toolkit.records import Harm, LedgerLine, Rival, Slice, SliceTerm, Verdict
from toolkit.roles import Roles
from toolkit.vocabulary import CAUSE_OF, CAUSES

SURE = 0.7


@dataclass
class Case:
    """What the questions are asked of: the log, before and after the cut, and the columns by role."""

    log: pd.DataFrame
    reference: pd.DataFrame | None
    roles: Roles
    loss: pd.Series | None
    before: pd.DataFrame
    after: pd.DataFrame
    cut: datetime | None

    def column(self, role: str) -> str | None:
        """Give the column of a role, if the log has it."""
        name = self.roles.column(role)
        return name if name in self.log.columns else None

    def mean_loss(self, part: pd.DataFrame) -> float:
        """Give the mean loss of some rows of the log."""
        return float(self.loss.loc[part.index].mean()) if self.loss is not None and len(part) else float("nan")


Answer = tuple[str, tuple[str, ...], Slice]


def _loss(table: pd.DataFrame, roles: Roles, role: str) -> pd.Series | None:
    """Give the loss of every row of one answer column, as a share of the label's spread for a regression."""
    answer, label = roles.column(role), roles.column("label")
    if answer not in table.columns or label not in table.columns or table[label].notna().sum() < 20:
        return None
    known = table[label].notna() & table[answer].notna()
    if roles.task == "regression":
        gap = (table[answer].astype(float) - table[label].astype(float)).abs() / (table[label].astype(float).std() or 1)
        return gap.where(known)
    return (table[answer].astype(str) != table[label].astype(str)).astype(float).where(known)


def _cut(log: pd.DataFrame, time: str | None, loss: pd.Series | None) -> int:
    """Give the row at which the mean loss jumps most (or the middle, where nothing is labelled)."""
    n = len(log)
    if loss is None or time is None or n < 60:
        return n // 2
    filled = loss.fillna(loss.mean()).to_numpy()
    total, sums = filled.sum(), np.cumsum(filled)
    k = np.arange(1, n)
    gap = np.abs(sums[:-1] / k - (total - sums[:-1]) / (n - k)) * np.sqrt(k * (n - k) / n)
    edge = n // 10
    return int(edge + np.argmax(gap[edge : n - edge])) + 1


def _jump(a: pd.Series, b: pd.Series) -> float:
    return float(b.mean() - a.mean()) if len(a) and len(b) else 0.0


def _psi(a: pd.Series, b: pd.Series) -> float:
    """Give the population stability index in ten bins of the first series, or by value for text."""
    if len(a) < 20 or len(b) < 20:
        return 0.0
    if pd.api.types.is_numeric_dtype(a) and pd.api.types.is_numeric_dtype(b):
        edges = np.unique(np.nanquantile(a.astype(float), np.linspace(0, 1, 11)[1:-1]))
        p = np.bincount(np.searchsorted(edges, a.astype(float)), minlength=len(edges) + 1) / len(a)
        q = np.bincount(np.searchsorted(edges, b.astype(float)), minlength=len(edges) + 1) / len(b)
    else:
        values = sorted(set(a.astype(str)) | set(b.astype(str)))
        p = a.astype(str).value_counts(normalize=True).reindex(values).fillna(0).to_numpy()
        q = b.astype(str).value_counts(normalize=True).reindex(values).fillna(0).to_numpy()
    p, q = np.clip(p, 1e-3, None), np.clip(q, 1e-3, None)
    return float(((q - p) * np.log(q / p)).sum())


def _rescaled(old: pd.Series, new: pd.Series) -> bool:
    """Say whether the three quartiles all moved by about the same factor, and by a lot."""
    was, now = old.quantile([0.25, 0.5, 0.75]).to_numpy(float), new.quantile([0.25, 0.5, 0.75]).to_numpy(float)
    if (np.abs(was) < 1e-9).any():
        return False
    factor = now / was
    return bool(not 0.67 < factor[1] < 1.5 and factor.min() > 0 and factor.max() / factor.min() < 1.15)


def hurt(case: Case) -> bool:
    """Say whether anything got worse at all, over time or against validation; without labels, assume so."""
    if case.loss is None:
        return True
    known = None if case.reference is None else _loss(case.reference, case.roles, "prediction")
    if known is not None and "split" in (case.reference if case.reference is not None else ()):
        held = known[case.reference["split"] == "validation"].mean()  # type: ignore[index]
        if case.mean_loss(case.log) - held > 0.025:
            return True
    return case.mean_loss(case.after) - case.mean_loss(case.before) > 0.025


def sureness(case: Case) -> Answer | None:
    """Ask the scores: are they as sure as they are right, in all and in every group?"""
    score, label = case.column("score"), case.column("label")
    if not score or not label or case.loss is None or case.roles.task == "regression":
        return None
    sure = case.log[score] if case.roles.task == "multiclass" else np.maximum(case.log[score], 1 - case.log[score])
    said = _loss(case.log, case.roles, "prediction")
    if said is None:
        return None
    gap = sure - (1 - said)
    for name in case.roles.columns("group"):
        gaps = gap.groupby(case.log[name]).mean()
        sizes = gap.notna().groupby(case.log[name]).sum()
        gaps = gaps[sizes > 150]
        if len(gaps) > 1 and gaps.max() - gaps.min() > 0.08:
            return "calibration_gap", (), (SliceTerm(name, str(gaps.abs().idxmax())),)
    return ("overconfidence", (), ()) if gap.mean() > 0.1 and gap.notna().sum() > 150 else None


def service(case: Case) -> Answer | None:
    """Ask the service's own figures: failures, slow answers, double and missing requests."""
    status, latency, time, ident = (case.column(r) for r in ("status", "latency_ms", "timestamp", "id"))
    if status:
        for word, mechanism in (("timeout", "timeouts"), ("error", "errors")):
            if _jump(case.before[status] == word, case.after[status] == word) > 0.03:
                return mechanism, (), ()
    if latency and case.after[latency].quantile(0.9) > 2.5 * case.before[latency].quantile(0.9):
        return "latency", (), ()
    if ident and case.log.duplicated([c for c in case.log.columns if c != time]).mean() > 0.03:
        return "duplicated_requests", (), ()
    if time and len(case.log) > 300:
        day = case.log[time].dt.floor("D").value_counts().sort_index()
        third = max(3, len(day) // 3)
        if day.iloc[-third:].median() < 0.55 * day.iloc[:third].median():
            return "dropped_traffic", (), ()
    return None


def values(case: Case, a: pd.DataFrame, b: pd.DataFrame) -> Answer | None:
    """Ask every feature: new type, gaps, constants, new names, another scale."""
    for name in case.roles.columns("feature"):
        if name not in b.columns:
            return "schema_change", (name,), ()
        if name not in a.columns:
            continue
        old, new = a[name], b[name]
        numeric = pd.to_numeric(new, errors="coerce")
        gaps = _jump(old.isna(), new.isna())
        if gaps > 0.9:
            return "schema_change", (name,), ()
        if gaps > 0.05:
            return "missing_values", (name,), ()
        if pd.api.types.is_numeric_dtype(old):
            if numeric.isna().mean() - new.isna().mean() > 0.05:
                return "schema_change", (name,), ()
            top = numeric.value_counts(normalize=True)
            if len(top) and len(new) > 150 and top.iloc[0] - (old == top.index[0]).mean() > 0.2:
                return "default_filled", (name,), ()
            if len(new) > 150 and _rescaled(old, numeric):
                return "unit_change", (name,), ()
        else:
            fresh = ~new.astype(str).isin(set(old.astype(str)))
            if fresh.mean() > 0.5:
                return "category_recoded", (name,), ()
            if fresh.mean() > 0.05:
                return "new_category", (name,), ()
    return None


def versions(case: Case) -> Answer | None:
    """Ask the versions: one that came late and errs more, or an old one beside the usual."""
    column = case.column("model_version")
    if column is None or case.loss is None or case.log[column].nunique() < 2:
        return None
    rates = case.loss.groupby(case.log[column].astype(str)).mean()
    usual = str(case.log[column].iloc[0])
    for name, rate in rates.items():
        if name != usual and rate - rates[usual] > 0.05:
            return ("bad_rollout" if str(name) > usual else "wrong_model_version"), (), ()
    return None


def people(case: Case) -> Answer | None:
    """Ask what people did with the answers, and what it cost."""
    decision, prediction, score, cost = (case.column(r) for r in ("decision", "prediction", "score", "cost"))
    if cost and case.before[cost].mean() > 0 and case.after[cost].mean() > 1.6 * case.before[cost].mean():
        return "goal_misaligned", (), ()
    acted, said = _loss(case.log, case.roles, "decision"), _loss(case.log, case.roles, "prediction")
    if not decision or not prediction or acted is None or said is None:
        return None
    extra = acted - said
    worse = extra.loc[case.after.index].mean() - extra.loc[case.before.index].mean()
    followed = case.log[decision].astype(str) == case.log[prediction].astype(str)
    if score and worse > 0.03 and case.roles.task == "binary":
        late = case.after
        ones = late[late[decision] == 1][score].min()
        zeros = late[late[decision] == 0][score].max()
        if abs(ones - zeros) < 0.02 and not 0.45 < ones < 0.55:
            return "threshold_misconfigured", (), ()
    if worse > 0.03:
        if followed.loc[case.after.index].mean() > followed.loc[case.before.index].mean() + 0.03:
            return "over_reliance", (), ()
        return ("not_adopted" if followed.loc[case.after.index].mean() < 0.75 else "harmful_overrides"), (), ()
    return ("not_adopted", (), ()) if extra.mean() > 0.08 else None


def groups(case: Case) -> Answer | None:
    """Ask the groups: error rates and selection rates that differ in both parts of the log."""
    answer = case.column("decision") or case.column("prediction")
    for name in case.roles.columns("group"):
        sizes = case.log[name].value_counts()
        big = [v for v in sizes.index if sizes[v] > 50]
        if case.loss is not None:
            gaps = []
            for part in (case.before, case.after):
                rates = case.loss.loc[part.index].groupby(part[name]).mean().reindex(big)
                gaps.append(rates.max() - rates.min())
            if min(gaps) > 0.08:
                worst = case.loss.groupby(case.log[name]).mean().reindex(big).idxmax()
                return "performance_gap", (), (SliceTerm(name, str(worst)),)
        if answer and case.roles.task == "binary" and len(big) > 1:
            picked = (case.log[answer] == 1).groupby(case.log[name]).mean().reindex(big)
            if picked.max() - picked.min() > 0.1:
                return "selection_gap", (), (SliceTerm(name, str(picked.idxmin())),)
    return None


def fit(case: Case) -> Answer | None:
    """Ask the reference whether the model ever worked, and whether the log looks like what it learned."""
    if case.reference is None or case.loss is None:
        return None
    known = _loss(case.reference, case.roles, "prediction")
    if known is None or "split" not in case.reference:
        return None
    train = known[case.reference["split"] == "train"].mean()
    valid = known[case.reference["split"] == "validation"].mean()
    if train < valid - 0.1:
        return "memorised_training_data", (), ()
    if case.mean_loss(case.before) > valid + 0.08:
        held = case.reference[case.reference["split"] == "validation"]
        shifted = [c for c in case.roles.columns("feature") if c in held and _psi(held[c], case.before[c]) > 0.2]
        if not shifted:
            return "leakage", (), ()
        return ("training_serving_skew" if len(shifted) == 1 else "unrepresentative_data"), tuple(shifted), ()
    return None


def drift(case: Case) -> Answer | None:
    """Ask, last, whether the world changed."""
    if case.loss is None or case.mean_loss(case.after) - case.mean_loss(case.before) < 0.04:
        return None
    names = case.roles.columns("feature")
    shifted = tuple(c for c in names if _psi(case.before[c], case.after[c]) > 0.2)
    if shifted:
        return "covariate_shift", shifted, ()
    label = case.column("label")
    if label and case.roles.task == "binary" and abs(_jump(case.before[label], case.after[label])) > 0.1:
        return "label_shift", (), ()
    return "concept_drift", (), ()


def diagnose(
    log: pd.DataFrame, *, reference: pd.DataFrame | None, roles: Roles, events: Any = None, seed: int = 0
) -> Verdict:
    """Give the tree's answer as a verdict."""
    del events, seed
    time = roles.column("timestamp")
    if time in log.columns:
        log = log.sort_values(time, kind="stable").reset_index(drop=True)
    loss = _loss(log, roles, "decision")
    loss = _loss(log, roles, "prediction") if loss is None else loss
    at = _cut(log, time, loss)
    when = log[time].iloc[at].to_pydatetime() if time in log.columns and len(log) > at else None
    case = Case(log, reference, roles, loss, log.iloc[:at], log.iloc[at:], when)
    held = reference[reference["split"] == "validation"] if reference is not None and "split" in reference else None
    questions = [
        (lambda: service(case), True),
        (lambda: values(case, case.before, case.after) if hurt(case) else None, True),
        (lambda: values(case, held, case.log) if held is not None and hurt(case) else None, False),
        (lambda: versions(case), True),
        (lambda: people(case), True),
        (lambda: groups(case), False),
        (lambda: fit(case), False),
        (lambda: drift(case), True),
        (lambda: sureness(case), False),
    ]
    for ask, has_onset in questions:
        found = ask()
        if found is not None:
            return _verdict(found, when if has_onset else None)
    return _verdict(("none", (), ()), None)


def _verdict(found: Answer, onset: datetime | None) -> Verdict:
    mechanism, features, slice_ = found
    cause = str(CAUSE_OF.get(mechanism, "none"))
    rest = (1 - SURE) / len(CAUSES)
    chances = {c: (SURE if c == cause else rest) for c in (*CAUSES, "none")}
    line = LedgerLine(cause, mechanism, 1.0, onset=onset, features=features, slice=slice_)
    return Verdict(
        cause, None if cause == "none" else mechanism, SURE, chances, onset, None, features, slice_, (),
        Harm("", None, None, None, None), () if cause == "none" else (line,), (Rival(cause, mechanism, SURE),), (), (),
    )  # fmt: skip
