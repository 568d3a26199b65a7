"""A log as the peers are given it: rows in order of time, losses, the cut that a tool without an onset needs.

Every peer gets the same columns. A tool that compares two tables (Evidently, dowhy) is given the cut; one that has
chunks of its own (NannyML) is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from toolkit.roles import Roles

BUCKETS = 30


@dataclass(frozen=True, eq=False)
class Case:
    """What a peer sees: the log by time, the rows it is held to, roles, and the place of the cut.

    ``normal`` are validation rows (or training rows, where only those are there), or ``None``; ``at`` is the first row
    after the cut. ``train`` are the training rows, where the reference tells them apart.
    """

    log: pd.DataFrame
    normal: pd.DataFrame | None
    train: pd.DataFrame | None
    roles: Roles
    at: int

    @property
    def early(self) -> pd.DataFrame:
        """The log before the cut."""
        return self.log.iloc[: self.at]

    @property
    def late(self) -> pd.DataFrame:
        """The log from the cut on."""
        return self.log.iloc[self.at :]

    @property
    def onset(self) -> datetime | None:
        """The time of the cut, or ``None`` where the log has no times."""
        return self.when(self.at)

    def when(self, row: int) -> datetime | None:
        """Give the time of a row of the sorted log."""
        name = self.column("timestamp")
        return self.log[name].iloc[row].to_pydatetime() if name and row < len(self.log) else None

    def column(self, role: str) -> str | None:
        """Give the column of a role, if the log has it."""
        name = self.roles.column(role)
        return name if name in self.log.columns else None

    def features(self) -> list[str]:
        """Give the features that the log or its reference has."""
        there = set(self.log.columns) | set(() if self.normal is None else self.normal.columns)
        return [c for c in self.roles.columns("feature") if c in there]

    def groups(self) -> list[str]:
        """Give the protected attributes that the log has."""
        return [c for c in self.roles.columns("group") if c in self.log.columns]


def losses(table: pd.DataFrame, roles: Roles, role: str) -> pd.Series | None:
    """Give the loss of every row of one answer column (a regression's as a share of the label's spread), or ``None``.

    An answer that never came is wrong; a row without a label has no loss.
    """
    answer, label = roles.column(role), roles.column("label")
    if answer not in table.columns or label not in table.columns or table[label].notna().sum() < 20:
        return None
    if roles.task == "regression":
        spread = float(table[label].astype(float).std()) or 1.0
        gap = (table[answer].astype(float) - table[label].astype(float)).abs() / spread
        return gap.where(table[label].notna())
    return (table[answer].astype(str) != table[label].astype(str)).astype(float).where(table[label].notna())


def final_losses(table: pd.DataFrame, roles: Roles) -> pd.Series | None:
    """Give the loss of the decision where there is one, else of the prediction."""
    acted = losses(table, roles, "decision")
    return losses(table, roles, "prediction") if acted is None else acted


def jump(values: np.ndarray) -> tuple[int, float]:
    """Give the row at which the mean of a series jumps most, and the jump in standard errors (0 where too short)."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    if n < 20 or np.isnan(values).all():
        return n // 2, 0.0
    filled = np.where(np.isnan(values), np.nanmean(values), values)
    spread = filled.std()
    if spread < 1e-12:
        return n // 2, 0.0
    k = np.arange(1, n)
    sums = np.cumsum(filled)
    gap = np.abs(sums[:-1] / k - (sums[-1] - sums[:-1]) / (n - k)) * np.sqrt(k * (n - k) / n) / spread
    edge = max(1, n // 20)
    best = int(edge + np.argmax(gap[edge - 1 : n - edge]))
    return best, float(gap[best - 1])


def cut_of(log: pd.DataFrame, roles: Roles) -> int:
    """Give the first row after the change: where the loss jumps, or, where it does not, what else jumps most."""
    loss = final_losses(log, roles)
    if loss is not None:
        at, size = jump(loss.to_numpy())
        if size > 3.5:
            return at
    watched = []
    for role in ("score", "prediction", "decision", "latency_ms", "status", "model_version"):
        name = roles.column(role)
        if name in log.columns:
            watched.append(log[name])
    watched += [log[c] for c in roles.columns("feature") if c in log.columns]
    best = (len(log) // 2, 3.5)
    for column in watched:
        for series in (column.isna().astype(float), _ranked(column)):
            at, size = jump(series.to_numpy())
            best = (at, size) if size > best[1] else best
    return best[0]


def _ranked(column: pd.Series) -> pd.Series:
    """Give ranks of numbers, or whether the value is the most common one of the first half, for anything else."""
    if pd.api.types.is_numeric_dtype(column):
        return column.rank()
    common = column.iloc[: max(1, len(column) // 2)].mode()
    return (column == common.iloc[0]).astype(float) if len(common) else column.isna().astype(float)


def case_of(log: pd.DataFrame, reference: pd.DataFrame | None, roles: Roles, onset: datetime | None = None) -> Case:
    """Put a log in order; ``onset`` (the true one, where a peer is measured with it given) is then the cut."""
    time = roles.column("timestamp")
    if time in log.columns:
        log = log.sort_values(time, kind="stable").reset_index(drop=True)
    normal, train = reference, None
    if reference is not None and "split" in reference:
        train = reference[reference["split"] == "train"].drop(columns="split").reset_index(drop=True)
        held = reference[reference["split"] == "validation"].drop(columns="split").reset_index(drop=True)
        normal = held if len(held) else train
    if onset is not None and time in log.columns:
        at = int(np.searchsorted(log[time].to_numpy(), np.datetime64(onset.replace(tzinfo=None))))
    else:
        at = cut_of(log, roles)
    return Case(log, normal, train, roles, min(max(at, 1), max(1, len(log) - 1)))
