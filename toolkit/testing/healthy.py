"""Healthy logs, human records, forecasts without features: what is no ordinary incident (testing, floor 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit.errors import PostmortemError
from toolkit.roles import Roles
from toolkit.testing.faults_none import HARMLESS, HEALTHY
from toolkit.testing.incidents import make_incident
from toolkit.testing.truth import GeneratedIncident, Truth, stamp
from toolkit.vocabulary import CAUSE_OF

HEALTHY_KINDS: Final = tuple(v.name for v in HEALTHY)
HARMLESS_KINDS: Final = tuple(v.name for v in HARMLESS)

#: What happens to a weekly forecast: kind -> (mechanism, whether there is an onset, what else could be defended).
SERIES_KINDS: Final[dict[str, tuple[str, bool, tuple[str, ...]]]] = {
    "healthy": ("none", False, ()),
    "level_shift": ("concept_drift", True, ("covariate_shift", "label_shift")),
    "shock": ("concept_drift", True, ("covariate_shift", "label_shift")),
    "forecast_in_thousands": ("unit_change", True, ()),
    "forecast_frozen": ("stale_feature", True, ("default_filled",)),
    "adjusted_by_hand": ("harmful_overrides", True, ()),
}


def make_healthy(
    kind: str = "plain",
    *,
    base: str = "credit",
    model: str = "logistic",
    rows: int = 4000,
    labels: str | None = None,
    columns: Mapping[str, bool] | None = None,
    severity: float = 1.0,
    seed: int = 0,
) -> GeneratedIncident:
    """Make a log with which nothing is wrong: ``HEALTHY_KINDS``, and ``HARMLESS_KINDS`` in which something moves.

    The truth's cause and mechanism are ``none``. ``late_labels`` comes with labels delayed unless it is said otherwise.

    Raises:
        PostmortemError: an unknown kind, base, model, label regime or column.
    """
    if kind not in (*HEALTHY_KINDS, *HARMLESS_KINDS):
        known = ", ".join((*HEALTHY_KINDS, *HARMLESS_KINDS))
        raise PostmortemError(f"there is no kind of healthy log {kind!r}", fix=f"the kinds are: {known}")
    labels = labels or ("delayed" if kind == "late_labels" else "full")
    return make_incident(
        "none", variant=kind, base=base, model=model, rows=rows, labels=labels, columns=columns, severity=severity,
        seed=seed,
    )  # fmt: skip


def make_series(
    kind: str = "level_shift", *, rows: int = 104, seed: int = 0, severity: float = 1.0
) -> GeneratedIncident:
    """Make a weekly forecast without features: time, forecast, what came, and for one kind the figure acted on.

    ``kind`` is one of ``SERIES_KINDS``; the onset lies at 55 to 75 % of the rows, a shock lasts a tenth of them.

    Raises:
        PostmortemError: an unknown kind.
    """
    if kind not in SERIES_KINDS:
        raise PostmortemError(f"there is no kind of series {kind!r}", fix=f"the kinds are: {', '.join(SERIES_KINDS)}")
    rng = np.random.default_rng([seed, 31, sum(map(ord, kind))])
    week = np.arange(rows)
    noise = np.zeros(rows)
    for i in range(1, rows):
        noise[i] = 0.4 * noise[i - 1] + rng.normal(0, 5)
    actual = 200 + 25 * np.sin(2 * np.pi * week / 52) + 0.1 * week + noise
    forecast = actual - rng.normal(0, 6, rows) - 0.6 * noise
    clean = forecast.copy()
    first = int(rng.uniform(0.55, 0.75) * rows)
    last = min(rows, first + max(3, rows // 10)) if kind == "shock" else rows
    on = (week >= first) & (week < last) & (kind != "healthy")
    came = np.where(on & (kind == "level_shift"), actual * (1 + 0.22 * severity), actual)
    came = np.where(on & (kind == "shock"), actual * (1 - 0.45 * severity), came)
    if kind == "forecast_in_thousands":
        forecast = np.where(on, forecast / 1000, forecast)
    if kind == "forecast_frozen":
        forecast = np.where(on, forecast[first - 1], forecast)
    parts: dict[str, Any] = {
        "week": pd.DatetimeIndex(np.datetime64("2022-01-03", "s") + week * np.timedelta64(7, "D")).tz_localize("UTC"),
        "forecast": np.round(forecast, 3),
    }
    twin = {**parts, "forecast": np.round(clean, 3)}
    acted = forecast
    if kind == "adjusted_by_hand":
        acted = np.where(on, forecast + severity * rng.choice([-1, 1], rows) * rng.uniform(15, 45, rows), forecast)
        parts["ordered"], twin["ordered"] = np.round(acted, 3), np.round(clean, 3)
    parts["came"], twin["came"] = np.round(came, 3), np.round(actual, 3)
    harm = float((np.abs(acted - came) - np.abs(clean - actual))[on].sum()) if on.any() else 0.0
    null = float(1.96 * np.abs(clean - actual).std() * np.sqrt(max(1, on.sum())))
    return _series_case(kind, parts, twin, first, last, harm, null, seed, severity)


def _series_case(
    kind: str, parts: dict[str, Any], twin: dict[str, Any], first: int, last: int, harm: float, null: float,
    seed: int, severity: float,
) -> GeneratedIncident:  # fmt: skip
    """Put a series together with its roles and its truth."""
    mechanism, has_onset, also = SERIES_KINDS[kind]
    log = pd.DataFrame(parts)
    times = log["week"].dt.tz_localize(None).to_numpy()
    single = {"timestamp": "week", "prediction": "forecast", "label": "came"}
    if "ordered" in log:
        single["decision"] = "ordered"
    truth = Truth(
        cause=CAUSE_OF.get(mechanism, "none"), mechanism=mechanism, variant=f"series_{kind}",
        onset=stamp(times[first]) if has_onset else None,
        end=stamp(times[last]) if has_onset and last < len(log) else None,
        features=(), slice=(), groups=(), versions=(), accepted=(mechanism, *also), metric="errors",
        harm=harm, null95=null, harmless=harm <= null, shares={mechanism: 1.0},
        span=(stamp(times[0]), stamp(times[-1])), base="series", model="forecast", task="regression", rows=len(log),
        shape="pulse" if kind == "shock" else "step", severity=severity, seed=seed,
    )  # fmt: skip
    return GeneratedIncident(log, None, None, Roles(task="regression", single=single), truth, pd.DataFrame(twin))


def make_record(
    kind: str = "selection_gap", *, base: str = "hiring", rows: int = 2000, seed: int = 0
) -> GeneratedIncident:
    """Make a record of people's decisions without any model: ``selection_gap`` or ``healthy``.

    Raises:
        PostmortemError: an unknown kind.
    """
    columns = {"predictions": False, "scores": False, "reference": False, "versions": False, "latency": False}
    columns |= {"decisions": True, "deciders": True, "cost": False}
    if kind == "healthy":
        return make_incident("none", variant="people_decide", base=base, rows=rows, seed=seed, columns=columns)
    if kind == "selection_gap":
        return make_incident(
            "selection_gap", variant="people_against", base=base, rows=rows, seed=seed, columns=columns
        )
    raise PostmortemError(f"there is no kind of record {kind!r}", fix="use selection_gap or healthy")
