"""The visible rows in the terms of their roles (floor 7): what every look computes with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.drills.scene import Visible, utc
from toolkit.roles import Roles

#: How many parts a look over time has.
BUCKETS: Final = 8


def text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Give classes as text that compares equal whatever type they came in; missing stays missing."""
    codes, values = pd.factorize(column)
    number = pd.api.types.is_numeric_dtype(column)
    words = np.array([*(f"{v:g}" if number else str(v) for v in values), None], dtype=object)
    return pd.Series(words[codes], index=column.index, dtype=object)


@dataclass(frozen=True, eq=False)
class Rows:
    """A table of predictions in the terms of its roles; ``loss`` is missing where no label had come."""

    frame: pd.DataFrame
    roles: Roles

    def role(self, name: str) -> pd.Series[Any] | None:
        """Give the column of a role, or ``None``."""
        column = self.roles.column(name)
        return self.frame[column] if column is not None and column in self.frame else None

    def final(self) -> pd.Series[Any] | None:
        """Give what was done: the decision where there is one, else the prediction."""
        decided = self.role("decision")
        return decided if decided is not None else self.role("prediction")

    @cached_property
    def loss(self) -> pd.Series[Any]:
        """How wrong each final answer was: 0 or 1, in a regression the distance."""
        return self.loss_of(self.final())

    def loss_of(self, answer: pd.Series[Any] | None) -> pd.Series[Any]:
        """How wrong each answer was; an answer that is missing is wrong, or is left out of a regression."""
        label = self.role("label")
        if answer is None or label is None:
            return pd.Series(np.nan, index=self.frame.index)
        if self.roles.task == "regression":
            return (pd.to_numeric(answer, errors="coerce") - pd.to_numeric(label, errors="coerce")).abs()
        return (text(answer) != text(label)).astype(float).where(label.notna())

    def positive(self, answer: pd.Series[Any] | None) -> pd.Series[Any] | None:
        """Whether an answer was the positive class; ``None`` where there is no such class."""
        if answer is None or self.roles.positive is None:
            return None
        one = f"{self.roles.positive:g}" if isinstance(self.roles.positive, int | float) else str(self.roles.positive)
        return (text(answer) == one).astype(float).where(answer.notna())


@dataclass(frozen=True, eq=False)
class Sight:
    """What can be computed at a time: the visible log and reference, and the log's rows put into parts of time."""

    rows: Rows
    reference: Rows | None
    bucket: NDArray[np.int64]
    names: tuple[str, ...]

    @cached_property
    def before(self) -> Rows:
        """What the latest rows are held to: the reference's validation part, or the first third of the log."""
        if self.reference is not None and len(self.reference.frame):
            split = self.reference.frame.get("split")
            if split is not None and (split == "validation").any():
                return Rows(self.reference.frame[split == "validation"], self.rows.roles)
            return self.reference
        return Rows(self.rows.frame.iloc[: max(len(self.rows.frame) // 3, 1)], self.rows.roles)

    @cached_property
    def after(self) -> Rows:
        """The latest third of the log."""
        return Rows(self.rows.frame.iloc[-max(len(self.rows.frame) // 3, 1) :], self.rows.roles)

    def over_time(self, values: pd.Series[Any]) -> pd.DataFrame:
        """Give mean and number of a column in each part of time."""
        given = pd.Series(values.to_numpy(dtype=float, na_value=np.nan)).groupby(self.bucket).agg(["mean", "count"])
        given = given.reindex(range(len(self.names)))
        return given.assign(count=given["count"].fillna(0).astype(int))


def sight(seen: Visible) -> Sight:
    """Put what is visible into the terms of its roles; ``seen`` has a log."""
    assert seen.log is not None
    assert seen.roles is not None
    log, when = seen.log, seen.roles.column("timestamp")
    n = len(log)
    if when is not None and n and log[when].nunique() > 1:
        time = utc(log[when])
        edges = pd.date_range(time.iloc[0], time.iloc[-1], BUCKETS + 1)
        bucket = np.clip(np.searchsorted(edges.to_numpy(), time.to_numpy(), side="right") - 1, 0, BUCKETS - 1)
        short = (edges[1] - edges[0]) < pd.Timedelta(days=2)
        names = tuple(edge.strftime("%m-%d %H:%M" if short else "%Y-%m-%d") for edge in edges[:-1])
    else:
        bucket = np.minimum(np.arange(n) * BUCKETS // max(n, 1), BUCKETS - 1)
        names = tuple(f"part {i + 1}" for i in range(BUCKETS))
    reference = None if seen.reference is None else Rows(seen.reference, seen.roles)
    return Sight(Rows(log, seen.roles), reference, np.asarray(bucket, dtype=np.int64), names)
