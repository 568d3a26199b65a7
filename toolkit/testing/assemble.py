"""From a world to the tables that a user would have: log, reference, events and roles (testing, floor 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit.roles import Roles
from toolkit.testing.models import Array
from toolkit.testing.world import World

#: Which optional columns a log has unless it is said otherwise.
COLUMNS: Final[dict[str, bool]] = {
    "features": True,
    "scores": True,
    "predictions": True,
    "groups": True,
    "segments": True,
    "versions": True,
    "latency": True,
    "ids": True,
    "decisions": False,
    "deciders": False,
    "cost": False,
    "events": True,
    "reference": True,
    "train": True,
    "label_times": True,
    "timestamps": True,
}
LABELS: Final = ("full", "partial", "delayed", "none", "selective")


def named(world: World, values: Array) -> Array:
    """Write class codes as the log has them: 0 and 1, class names, or numbers; unanswered rows stay empty."""
    task = world.base.task
    if task == "regression":
        return np.asarray(np.round(values, 3))
    gone = np.isnan(values)
    if task == "binary":
        return np.asarray(np.where(gone, np.nan, values))
    names = np.asarray(world.base.classes, dtype=object)[np.nan_to_num(values).astype(int)]
    return np.asarray(np.where(gone, np.asarray(None, dtype=object), names))


def _known(world: World, labels: str) -> tuple[Array, Array]:
    """Say which labels are known when the log was taken, and when each came: a mask and days of delay."""
    delay = world.delay_days
    rng = world.plan.rng("labels")
    if labels == "partial":
        return rng.random(world.n) < 0.25, delay
    if labels == "delayed":
        late = delay * 8.0
        return world.frac * world.plan.span_days + late < world.plan.span_days, late
    if labels == "selective":
        if world.base.task != "binary":
            return rng.random(world.n) < 0.5, delay
        granted = 1.0 if world.base.name == "hiring" else 0.0
        return world.decision == granted, delay
    return np.full(world.n, labels == "full"), delay


def log_table(world: World, columns: Mapping[str, bool], labels: str) -> pd.DataFrame:
    """Give the log of a world, with the optional columns that are wanted and the labels known by its end."""
    base = world.base
    parts: dict[str, Any] = {}
    if columns["timestamps"]:
        parts["timestamp"] = pd.DatetimeIndex(world.time).tz_localize("UTC")
    if columns["ids"]:
        parts["request_id"] = world.request
    attributes = {*base.groups, *base.segments, "label_source"}
    if columns["features"]:
        parts |= {c: world.served[c].to_numpy() for c in world.served.columns if c not in attributes}
    if columns["groups"]:
        parts |= {c: world.frame[c].to_numpy() for c in base.groups}
    if columns["segments"]:
        parts |= {c: world.served[c].to_numpy() for c in _segments(world)}
    if columns["scores"] and base.task != "regression":
        parts["score"] = np.round(world.score, 5)
    parts |= _answers(world, columns)
    if labels != "none":
        parts |= _labels(world, columns, labels)
    if columns["cost"]:
        parts["cost"] = world.cost
    return _finish(world, pd.DataFrame(parts))


def _answers(world: World, columns: Mapping[str, bool]) -> dict[str, Any]:
    """Give what the model answered and what was done: prediction, version, latency, status, decision, decider."""
    parts: dict[str, Any] = {}
    if columns["predictions"]:
        parts["prediction"] = named(world, world.pred)
    if columns["versions"]:
        parts["model_version"] = world.version
    if columns["latency"]:
        parts |= {"latency_ms": world.latency, "status": world.status}
    if columns["decisions"]:
        parts["decision"] = named(world, world.decision)
        if columns["deciders"]:
            parts["decider"] = world.decider
    return parts


def _labels(world: World, columns: Mapping[str, bool], labels: str) -> dict[str, Any]:
    """Give the labels known when the log was taken, and when they came."""
    known, delay = _known(world, labels)
    values = named(world, world.observed)
    gone: Any = np.asarray(None if values.dtype == object else np.nan, dtype=values.dtype)
    parts: dict[str, Any] = {"label": np.where(known, values, gone)}
    if columns["label_times"]:
        came = world.time + (delay * 86_400_000).astype("timedelta64[ms]")
        came = np.where(known, came, np.datetime64("NaT"))
        parts["label_time"] = pd.DatetimeIndex(came).tz_localize("UTC")
    return parts


def _segments(world: World) -> tuple[str, ...]:
    return world.base.segments + (("label_source",) if "label_source" in world.served.columns else ())


def _finish(world: World, table: pd.DataFrame) -> pd.DataFrame:
    """Drop what never arrived and repeat what was sent again, a few seconds later."""
    rows = np.repeat(np.arange(world.n), np.where(world.keep, 1 + world.copies, 0))
    table = table.iloc[rows].reset_index(drop=True)
    again = np.concatenate([[False], rows[1:] == rows[:-1]]) if len(rows) else np.zeros(0, dtype=bool)
    if again.any() and "timestamp" in table:
        wait = world.plan.rng("again").integers(2_000, 90_000, len(rows)) * again
        table["timestamp"] = table["timestamp"] + pd.to_timedelta(wait, unit="ms")
        table = table.sort_values("timestamp", kind="stable").reset_index(drop=True)
    return table


def roles_of(log: pd.DataFrame, world: World) -> Roles:
    """Declare the roles of a generated log."""
    names = {
        "timestamp": "timestamp", "id": "request_id", "prediction": "prediction", "score": "score", "label": "label",
        "label_time": "label_time", "model_version": "model_version", "latency_ms": "latency_ms", "status": "status",
        "decision": "decision", "decider": "decider", "cost": "cost",
    }  # fmt: skip
    single = {role: column for role, column in names.items() if column in log.columns}
    attributes = {*world.base.groups, *_segments(world), *single.values()}
    plural = {
        "group": tuple(c for c in world.base.groups if c in log.columns),
        "segment": tuple(c for c in _segments(world) if c in log.columns),
        "feature": tuple(c for c in log.columns if c not in attributes),
    }
    return Roles(
        task=world.base.task,
        single=single,
        plural={k: v for k, v in plural.items() if v},
        positive=1 if world.base.task == "binary" else None,
        status_ok=("ok",) if "status" in single else (),
    )
