"""What really happened in a generated incident (testing, floor 6): its truth, and the harm against the clean twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit.roles import Roles
from toolkit.testing.models import Array
from toolkit.vocabulary import CAUSE_OF

if TYPE_CHECKING:
    from toolkit.testing.world import World

LATE_MS: Final = 400.0


@dataclass(frozen=True)
class Truth:
    """The hidden truth of one generated log.

    ``onset`` and ``end`` are aware UTC; ``onset`` is ``None`` where the fault was there from the first row, ``end``
    where it lasted to the last one. ``slice`` holds (column, value) terms of the rows it was confined to, empty for
    all. ``accepted`` are mechanisms (this one first) that a careful reader could defend. ``harm`` is the excess over
    the clean twin in ``metric``, ``null95`` what chance alone gives in 95 of 100 such windows, ``harmless`` that it
    did not exceed that. ``shares`` splits the harm over mechanisms (sums to 1). ``identifiable`` is false where the
    visible columns cannot tell; ``undetermined`` is then the right answer.
    """

    cause: str
    mechanism: str
    variant: str
    onset: datetime | None
    end: datetime | None
    features: tuple[str, ...]
    slice: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    versions: tuple[str, ...]
    accepted: tuple[str, ...]
    metric: str
    harm: float
    null95: float
    harmless: bool
    shares: Mapping[str, float]
    span: tuple[datetime, datetime]
    identifiable: bool = True
    base: str = ""
    model: str = ""
    task: str = "binary"
    rows: int = 0
    labels: str = "full"
    shape: str = "step"
    severity: float = 1.0
    seed: int = 0

    @property
    def accepted_causes(self) -> frozenset[str]:
        """The causes of the accepted mechanisms."""
        return frozenset(CAUSE_OF.get(m, m) for m in self.accepted)


@dataclass(frozen=True, eq=False)
class GeneratedIncident:
    """A prediction log with everything that lies beside it, and the truth that a diagnosis must not see.

    ``reference`` has the columns of the log and a column ``split`` (train, validation), or is ``None``; ``events``
    has ``timestamp``, ``kind``, ``text``. ``twin`` is the log of the same requests without the fault.
    """

    log: pd.DataFrame
    reference: pd.DataFrame | None
    events: pd.DataFrame | None
    roles: Roles
    truth: Truth
    twin: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """Harm of one world against another: the excess, what chance gives, and over how many rows."""

    metric: str
    harm: float
    null95: float
    rows: int = field(default=0)


def _loss(world: World, answers: Array, truth: Array) -> Array:
    if world.base.task == "regression":
        return np.asarray(np.where(np.isnan(answers), world.base.label.std(), np.abs(answers - truth)))
    return np.asarray((np.isnan(answers) | (answers != truth)).astype(float))


def _log_loss(world: World, truth: Array) -> Array:
    if world.base.task == "regression":
        return np.asarray((world.raw - truth) ** 2)
    chosen = world.raw[np.arange(world.n), truth.astype(int)]
    return np.asarray(-np.log(np.clip(chosen, 1e-6, 1.0)))


def _served(world: World, visible: bool) -> Array:
    """Give the answers that count: the final decision where the log shows one, else the prediction."""
    return world.decision if visible else world.pred


def row_losses(world: World, metric: str, decisions: bool) -> Array:
    """Give the harm of every request in a metric; requests are the same in all worlds of a plan."""
    by: dict[str, Callable[[], Array]] = {
        "errors": lambda: _loss(world, _served(world, decisions), world.y),
        "recorded_errors": lambda: _loss(world, _served(world, decisions), world.observed),
        "log_loss": lambda: _log_loss(world, world.y),
        "late": lambda: (world.latency > LATE_MS).astype(float),
        "lost": lambda: (~world.keep).astype(float),
        "duplicates": lambda: world.copies.astype(float),
        "cost": lambda: world.cost,
        "missed_positives": lambda: ((world.y == 1) & (_served(world, decisions) != 1)).astype(float),
    }
    return np.asarray(by[metric](), dtype=float)


def measure(faulty: World, clean: World, metric: str, active: Array, decisions: bool) -> Measured:
    """Measure the excess over the clean twin on the active rows, and what chance gives in so many rows of it."""
    bad, good = row_losses(faulty, metric, decisions), row_losses(clean, metric, decisions)
    if len(active) == 0 or not active.any():
        return Measured(metric, 0.0, 0.0)
    n = int(active.sum())
    spread = good[active].std() if metric not in {"lost", "duplicates", "late"} else max(good[active].std(), 0.1)
    return Measured(metric, float((bad - good)[active].sum()), float(1.96 * spread * np.sqrt(n) + 1e-9), n)


def stamp(value: Any) -> datetime:
    """Turn a datetime64 (UTC) into an aware datetime, to the second."""
    return pd.Timestamp(value).floor("s").tz_localize("UTC").to_pydatetime()
