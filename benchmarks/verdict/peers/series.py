"""Evidence in buckets: what the simple rankers of root causes look at, each series with the mechanism it speaks for.

Thirty buckets of equally many rows, in order of time, and ten of the reference's validation rows, which are the normal
state. A series that the reference cannot have (status, decision, traffic) has its normal state in the early log.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.verdict.peers.frames import BUCKETS, Case, final_losses, losses

NORMAL_BUCKETS: Final = 10


@dataclass(frozen=True)
class Series:
    """One evidence series: its values in the normal buckets (maybe none) and in those of the log, in order.

    ``up`` says that only a rise is bad. ``features`` and ``slice_`` are what the answer would name.
    """

    name: str
    mechanism: str
    normal: tuple[float, ...]
    log: tuple[float, ...]
    features: tuple[str, ...] = ()
    slice_: tuple[tuple[str, str], ...] = ()
    up: bool = True


def parts_of(table: pd.DataFrame, n: int) -> list[pd.DataFrame]:
    """Cut a table into parts of equally many rows, fewer where it is short."""
    n = max(1, min(n, len(table) // 5))
    edges = [round(i * len(table) / n) for i in range(n + 1)]
    return [table.iloc[a:b] for a, b in itertools.pairwise(edges)]


def _mean(values: pd.Series | None) -> float:
    return float("nan") if values is None or not len(values) else float(values.mean())


def evidence(case: Case) -> list[Series]:
    """Give every evidence series of a log."""
    now = parts_of(case.log, BUCKETS)
    then = [] if case.normal is None else parts_of(case.normal, NORMAL_BUCKETS)
    made: list[Series] = []

    def add(
        name: str, mechanism: str, value: Callable[[pd.DataFrame], float], *, features: tuple[str, ...] = (),
        slice_: tuple[tuple[str, str], ...] = (), up: bool = True, referred: bool = True,
    ) -> None:  # fmt: skip
        log = tuple(value(part) for part in now)
        normal = tuple(value(part) for part in then) if referred else ()
        if np.isfinite(log).any():
            made.append(Series(name, mechanism, tuple(v for v in normal if np.isfinite(v)), log, features, slice_, up))

    _of_losses(case, add)
    _of_service(case, add)
    for name in case.features():
        _of_feature(case, name, add)
    return made


Adder = Callable[..., None]


def _of_losses(case: Case, add: Adder) -> None:
    """Loss in all, by group, of people against the model; sureness; the base rate."""
    roles = case.roles
    add("loss", "concept_drift", lambda part: _mean(final_losses(part, roles)))
    prediction, decision, label = (case.column(r) for r in ("prediction", "decision", "label"))
    if prediction and decision:

        def extra(part: pd.DataFrame) -> float:
            acted, said = losses(part, roles, "decision"), losses(part, roles, "prediction")
            return float("nan") if acted is None or said is None else float((acted - said).mean())

        add("people", "harmful_overrides", extra, referred=False)
        follow = lambda part: float((part[decision].astype(str) != part[prediction].astype(str)).mean())  # noqa: E731
        add("unfollowed", "not_adopted", follow, referred=False)
    if label and roles.task == "binary":
        add("base rate", "label_shift", lambda part: _mean(part[label].dropna().astype(float)), up=False)
    for name in case.groups():
        for value in case.log[name].value_counts().index[:4]:

            def gap(part: pd.DataFrame, name: str = name, value: object = value) -> float:
                loss = final_losses(part, roles)
                mine = part[name] == value
                return float("nan") if loss is None else float(loss[mine].mean() - loss[~mine].mean())

            add(f"gap {name}={value}", "performance_gap", gap, slice_=((name, str(value)),))
    score = case.column("score")
    if score and roles.task == "binary" and label:

        def surer(part: pd.DataFrame) -> float:
            said = losses(part, roles, "prediction")
            sure = np.maximum(part[score], 1 - part[score])
            return float("nan") if said is None else float((sure - (1 - said)).mean())

        add("surer than right", "overconfidence", surer)


def _of_service(case: Case, add: Adder) -> None:
    """Failures, slow answers, double requests, traffic, versions, costs."""
    status, latency, version, cost, time = (
        case.column(r) for r in ("status", "latency_ms", "model_version", "cost", "timestamp")
    )
    if status:
        for word, mechanism in (("timeout", "timeouts"), ("error", "errors")):
            add(f"status {word}", mechanism, lambda p, w=word: float((p[status] == w).mean()), referred=False)
    if latency:
        add("latency", "latency", lambda p: float(p[latency].quantile(0.9)), referred=False)
    rest = [c for c in case.log.columns if c != time]
    add("double requests", "duplicated_requests", lambda p: float(p.duplicated(rest).mean()), referred=False)
    if time and len(case.log) > 300:
        hours = lambda p: float((p[time].iloc[-1] - p[time].iloc[0]).total_seconds() / 3600 / len(p))  # noqa: E731
        add("hours a request", "dropped_traffic", hours, referred=False)
    if version:
        usual = case.log[version].iloc[: max(5, len(case.log) // 10)].mode().iloc[0]
        newer = bool((case.log[version].astype(str) > str(usual)).any())
        mechanism = "bad_rollout" if newer else "wrong_model_version"
        add("other version", mechanism, lambda p: float((p[version] != usual).mean()))
    if cost:
        add("cost", "goal_misaligned", lambda p: _mean(p[cost].astype(float)), referred=False)


def _of_feature(case: Case, name: str, add: Adder) -> None:
    """Gaps, values out of the known ones, one value too often, mean and share of the most common value."""
    mine = (name,)
    if name not in case.log.columns:
        add(f"gone {name}", "schema_change", lambda _: 1.0, features=mine, referred=False)
        return
    known = case.normal if case.normal is not None and name in case.normal else case.early
    if not len(known):
        return
    add(f"missing {name}", "missing_values", lambda p: _mean(_column(p, name).isna()), features=mine)
    if pd.api.types.is_numeric_dtype(known[name]):
        number = lambda p: pd.to_numeric(_column(p, name), errors="coerce")  # noqa: E731
        broken = lambda p: float((number(p).isna() & _column(p, name).notna()).mean())  # noqa: E731
        add(f"no number {name}", "schema_change", broken, features=mine)
        low, high = float(known[name].min()), float(known[name].max())
        add(f"out of range {name}", "unit_change", lambda p: float(((number(p) < low) | (number(p) > high)).mean()),
            features=mine)  # fmt: skip
        add(f"mean {name}", "covariate_shift", lambda p: _mean(number(p)), features=mine, up=False)
    else:
        seen = set(known[name].dropna().astype(str))
        strange = lambda p: float((~_column(p, name).dropna().astype(str).isin(seen)).mean())  # noqa: E731
        add(f"new value {name}", "new_category", strange, features=mine)
    top = known[name].mode()
    common = top.iloc[0] if len(top) else None
    once = lambda p: float(_column(p, name).astype(str).value_counts(normalize=True).iloc[0])  # noqa: E731
    if common is not None:
        add(f"one value {name}", "default_filled", once, features=mine)


def _column(part: pd.DataFrame, name: str) -> pd.Series:
    """Give a column, empty where the table does not have it."""
    return part[name] if name in part.columns else pd.Series(np.nan, index=part.index)
