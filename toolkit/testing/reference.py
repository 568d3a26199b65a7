"""What lies beside a log: the model's training and validation rows, and the events (testing, floor 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit.testing.assemble import named
from toolkit.testing.flavours import flavour
from toolkit.testing.models import Array, Fitted
from toolkit.testing.world import Plan, World


def reference_table(world: World, columns: Mapping[str, bool], labels: str) -> pd.DataFrame | None:
    """Give the model's own training and validation rows, with its answers on them, in the columns of the log."""
    if not columns["reference"]:
        return None
    rng = world.plan.rng("reference")
    model = world.main
    parts = []
    if columns["train"]:
        rows = rng.permutation(len(model.train))[:1500]
        parts.append(_reference_part(world, model, rows, "train", columns, labels, rng))
    rows = rng.permutation(len(model.valid))
    parts.append(_reference_part(world, model, rows, "validation", columns, labels, rng))
    return pd.concat(parts, ignore_index=True)


def _reference_part(
    world: World, model: Fitted, rows: Array, split: str, columns: Mapping[str, bool], labels: str, rng: Any
) -> pd.DataFrame:
    frame, truth = (model.train, model.train_label) if split == "train" else (model.valid, model.valid_label)
    frame, truth = frame.iloc[rows].reset_index(drop=True), truth[rows].astype(float)
    raw = model.raw(frame)
    frame = _surround(world, frame, truth, split, rng)
    task = world.base.task
    score = raw if task == "regression" else raw[:, 1] if task == "binary" else raw.max(axis=1)
    bars = model.bars(frame, float(world.plan.env.get("threshold", 0.5)))
    answer = (score >= bars).astype(float) if task == "binary" else raw if task == "regression" else raw.argmax(axis=1)
    first, last = (-130, -40) if split == "train" else (-40, -1)
    time = world.plan.start + (np.sort(rng.uniform(first, last, len(rows))) * 86_400_000).astype("timedelta64[ms]")
    attributes = {*world.base.groups, *world.base.segments, "label_source"}
    parts: dict[str, Any] = {}
    if columns["timestamps"]:
        parts["timestamp"] = pd.DatetimeIndex(time).tz_localize("UTC")
    if columns["ids"]:
        parts["request_id"] = np.char.add(f"{split[0]}-", np.arange(len(rows)).astype(str)).astype(object)
    if columns["features"]:
        parts |= {c: frame[c].to_numpy() for c in frame.columns if c not in attributes}
    if columns["groups"]:
        parts |= {c: frame[c].to_numpy() for c in world.base.groups}
    if columns["segments"]:
        parts |= {c: frame[c].to_numpy() for c in (*world.base.segments, "label_source") if c in frame}
    if columns["scores"] and task != "regression":
        parts["score"] = np.round(score, 5)
    if columns["predictions"]:
        parts["prediction"] = named(world, answer)
    if columns["versions"]:
        parts["model_version"] = np.full(len(rows), "v1", dtype=object)
    if labels != "no_reference_labels":
        parts["label"] = named(world, truth)
    return pd.DataFrame({**parts, "split": np.full(len(rows), split, dtype=object)})


def _surround(world: World, frame: pd.DataFrame, truth: Array, split: str, rng: Any) -> pd.DataFrame:
    """Give reference rows the extra columns that the log has too, whether the model uses them or not."""
    base, env = world.base, world.plan.env
    how = flavour(str(env.get("extra", "plain")))
    if how.add is not None:
        label = truth if base.task == "regression" else truth.astype(int)
        part = "train" if split == "train" else "valid"
        made = how.add(base, frame, label, part, rng)
        frame = frame.assign(**{k: v for k, v in made.items() if k not in frame.columns})
    if env.get("sources"):
        sources = rng.choice(["desk", "partner", "audit"], len(frame), p=[0.5, 0.35, 0.15])
        frame = frame.assign(label_source=sources.astype(object))
    return frame


DECOYS: Final = (
    ("deployment", "Web front end 8.3 released"),
    ("config_change", "Log retention raised to 90 days"),
    ("note", "Weekly model review held"),
    ("deployment", "Dashboard for the sales team updated"),
    ("staffing", "Two analysts joined the team"),
    ("data_change", "Warehouse table partitioned by month"),
    ("alert", "Disk of the report server above 90 %"),
    ("alert", "Nightly backup ran longer than an hour"),
    ("human_action", "On-call restarted the dashboard"),
    ("data_change", "Column names of the sales report translated"),
)


def event_table(world: World, noted: list[tuple[float, str, str]]) -> pd.DataFrame:
    """Give the events: what belongs to the world, what belongs to the fault, and some that have to do with neither."""
    plan: Plan = world.plan
    rng = plan.rng("decoys")
    picked = rng.permutation(len(DECOYS))[: int(rng.integers(1, 4))]
    decoys = [(float(rng.uniform(0.02, 0.98)), *DECOYS[i]) for i in picked]
    rows = sorted([*world.events, *noted, *decoys])
    span = plan.span_days * 86_400
    times = [plan.start + np.timedelta64(int(at * span), "s") for at, _, _ in rows]
    return pd.DataFrame(
        {
            "timestamp": pd.DatetimeIndex(np.array(times, dtype="datetime64[s]")).tz_localize("UTC"),
            "kind": [kind for _, kind, _ in rows],
            "text": [text for _, _, text in rows],
        }
    )
