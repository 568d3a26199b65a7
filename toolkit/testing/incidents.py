"""Make an incident: a log with a known fault, everything beside it, and its clean twin (testing, floor 6).

from toolkit.testing import make_incident
case = make_incident("unit_change", base="credit", rows=4000, seed=1)
case.log, case.reference, case.events, case.roles     # what a user would have
case.truth, case.twin                                 # what nobody tells them
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from toolkit.errors import PostmortemError
from toolkit.testing import (
    faults_bias,
    faults_data,
    faults_human,
    faults_none,
    faults_overfitting,
    faults_service,
    faults_values,
)
from toolkit.testing.assemble import COLUMNS, LABELS, event_table, log_table, reference_table, roles_of
from toolkit.testing.bases import load_base
from toolkit.testing.models import MODELS, Array
from toolkit.testing.truth import GeneratedIncident, Measured, Truth, measure, stamp
from toolkit.testing.variant import Variant
from toolkit.testing.world import Act, Plan, World, run
from toolkit.vocabulary import CAUSE_OF

VARIANTS: Final[tuple[Variant, ...]] = (
    *faults_data.VARIANTS,
    *faults_overfitting.VARIANTS,
    *faults_values.VARIANTS,
    *faults_service.VARIANTS,
    *faults_bias.VARIANTS,
    *faults_human.VARIANTS,
)
#: A variant at work: with its act, the rows where it starts and has ended, and its course.
Cast = tuple[Variant, Act, int, int | None, str]
SPANS: Final = (28.0, 42.0, 56.0, 84.0)
SHAPES: Final = ("step", "ramp", "pulse", "from_start")


def find_variant(mechanism: str, variant: str | None, task: str, shape: str | None, seed: int) -> Variant:
    """Give the variant of that name, or one of the mechanism's that fit the task and shape, picked by the seed.

    Raises:
        PostmortemError: no variant fits; the message names those there are.

    """
    ours = [v for v in (*VARIANTS, *faults_none.HEALTHY, *faults_none.HARMLESS) if v.mechanism == mechanism]
    fit = [v for v in ours if task in v.tasks and (shape is None or shape in v.shapes)]
    fit = [v for v in fit if variant is None or v.name == variant]
    if not fit:
        there = ", ".join(f"{v.name} ({'/'.join(v.tasks)}; {'/'.join(v.shapes)})" for v in ours) or "none"
        what = f"no variant of {mechanism!r} fits variant={variant!r}, task={task}, shape={shape!r}"
        raise PostmortemError(what, fix=f"the variants are: {there}")
    return fit[seed % len(fit)]


def surroundings(plan: Plan, onset: float | None) -> tuple[dict[str, Any], dict[str, bool]]:
    """Draw what surrounds a model by the seed alone, so that what a log has does not tell what went wrong with it."""
    rng = plan.rng("surroundings")
    u = rng.random(8)
    env: dict[str, Any] = {"deciders": "human" if u[0] < 0.3 else "auto"}
    if u[1] < 0.3:
        env["entities"] = 90
    if u[2] < 0.3:
        env["sources"] = True
    if u[3] < 0.3:
        at = float(rng.uniform(0.1, 0.9))
        middle = 0.5 if onset is None else onset
        env["rollout"] = at if abs(at - middle) > 0.12 else (middle + 0.45) % 0.9 + 0.05
    if u[4] < 0.25:
        env["extra"] = str(rng.choice(["deep_tree", "shortcut", "proxy", "leak_shuffled", "backdoor"]))
    if u[5] < 0.25:
        env["cost"] = True
    columns = {"decisions": bool(u[0] < 0.5), "deciders": bool(u[0] < 0.5), "cost": "cost" in env}
    return env, columns


def strength_of(world_frac: Array, shape: str, onset: float, width: float = 0.3) -> tuple[Array, int, int | None]:
    """Give the strength of a fault on every row (0 to 1), the place of its first row, and of the first row after it."""
    n = len(world_frac)
    if shape == "from_start":
        return np.ones(n), 0, None
    first = min(n - 1, int(onset * n))
    start = world_frac[first]
    if shape == "ramp":
        return np.clip((world_frac - start) / (0.6 * (1 - start) + 1e-9), 0, 1), first, None
    if shape == "pulse":
        last = min(n, first + max(2, int(width * n)))
        return ((np.arange(n) >= first) & (np.arange(n) < last)).astype(float), first, last if last < n else None
    return (np.arange(n) >= first).astype(float), first, None


def make_incident(
    mechanism: str,
    *,
    variant: str | None = None,
    base: str | None = None,
    model: str = "logistic",
    rows: int = 4000,
    severity: float = 1.0,
    onset: float | None = 0.5,
    shape: str | None = None,
    labels: str = "full",
    columns: Mapping[str, bool] | None = None,
    seed: int = 0,
    span_days: float | None = None,
    env: Mapping[str, Any] | None = None,
) -> GeneratedIncident:
    """Make one incident of a mechanism of the vocabulary.

    ``variant`` is one of ``variants()``, by default picked by the seed; ``base`` a name of ``base_names()``;
    ``severity`` 1 is strong, 0.3 near what can be seen; ``onset`` the share of rows before it (ignored by variants
    that are there from the start); ``shape`` step, ramp, pulse or from_start; ``labels`` full, partial (a quarter at
    random), delayed (about 13 days), selective (only where the decision let the outcome be seen) or none; ``columns``
    switches optional columns (see ``COLUMNS``) on or off; ``env`` overrides the surroundings (see ``Plan``).

    Raises:
        PostmortemError: an unknown mechanism, variant, base, model, label regime or column, or a base of a task that
            the variant does not know.

    """
    return make_multi(
        [{"mechanism": mechanism, "variant": variant, "severity": severity, "onset": onset, "shape": shape}],
        base=base, model=model, rows=rows, labels=labels, columns=columns, seed=seed, span_days=span_days, env=env,
    )  # fmt: skip


def make_multi(
    faults: Sequence[Mapping[str, Any]],
    *,
    base: str | None = None,
    model: str = "logistic",
    rows: int = 4000,
    labels: str = "full",
    columns: Mapping[str, bool] | None = None,
    seed: int = 0,
    span_days: float | None = None,
    env: Mapping[str, Any] | None = None,
) -> GeneratedIncident:
    """Make a log with several faults at once; each is a mapping of ``mechanism`` and the options of ``make_incident``.

    The truth's mechanism is the one with the largest share of the harm; the shares are exact Shapley values over the
    worlds with every subset of the faults.

    Raises:
        PostmortemError: as ``make_incident``.

    """
    _check(labels, columns, model, rows)
    base = base or _default_base(faults)
    plan = _plan(base, model, rows, seed, span_days)
    task = load_base(base, plan.fit_seed).task
    chosen = [
        find_variant(f["mechanism"], f.get("variant"), task, f.get("shape"), seed + i) for i, f in enumerate(faults)
    ]
    onsets = [0.5 if f.get("onset") is None else float(f["onset"]) for f in faults]
    around, shown = surroundings(plan, onsets[0] if "from_start" not in chosen[0].shapes else None)
    for v in chosen:
        around |= v.env
        shown |= {need: True for need in v.needs if need in COLUMNS}
        if CAUSE_OF.get(v.mechanism) == "integration" and "versions" in v.needs:
            around.pop("rollout", None)
    around |= dict(env or {})
    shown["cost"] = shown["cost"] or bool(around.get("cost"))
    wanted = {**COLUMNS, **shown, **dict(columns or {})}
    plan = Plan(base, model, rows, seed, plan.span_days, plan.start, around)
    return _play(plan, faults, chosen, onsets, wanted, labels)


def _default_base(faults: Sequence[Mapping[str, Any]]) -> str:
    """Give the credit population, or the demand population where the variant is of regressions only."""
    first = faults[0]
    ours = [v for v in VARIANTS if v.mechanism == first["mechanism"] and first.get("variant") in (None, v.name)]
    return "demand" if ours and all(v.tasks == ("regression",) for v in ours) else "credit"


def _check(labels: str, columns: Mapping[str, bool] | None, model: str, rows: int) -> None:
    if labels not in LABELS:
        raise PostmortemError(f"there is no label regime {labels!r}", fix=f"use one of {', '.join(LABELS)}")
    if model not in MODELS:
        raise PostmortemError(f"there is no model {model!r}", fix=f"use one of {', '.join(MODELS)}")
    if rows < 20:
        raise PostmortemError(f"{rows} rows are too few", fix="ask for 20 or more")
    for name in columns or {}:
        if name not in COLUMNS:
            raise PostmortemError(f"there is no optional column {name!r}", fix=f"they are: {', '.join(COLUMNS)}")


def _plan(base: str, model: str, rows: int, seed: int, span_days: float | None) -> Plan:
    rng = np.random.default_rng([seed, 3])
    start = np.datetime64("2025-01-06T00:00", "ms") + np.timedelta64(int(rng.integers(0, 400)), "D")
    span = float(rng.choice(SPANS)) if span_days is None else float(span_days)
    return Plan(base, model, rows, seed, span, start, {})


def _acts(
    plan: Plan, faults: Sequence[Mapping[str, Any]], chosen: list[Variant], onsets: list[float], frac: Array
) -> list[Cast]:
    made = []
    for i, (fault, v) in enumerate(zip(faults, chosen, strict=True)):
        shape = fault.get("shape") or v.shapes[0]
        strength, first, last = strength_of(frac, shape, onsets[i], float(fault.get("width", 0.3)))
        act = Act(
            strength, float(fault.get("severity", 1.0)), plan, f"{v.mechanism}/{v.name}", v.flavour,
            features=v.features, slice=v.slice, groups=v.groups, slot=i,
        )  # fmt: skip
        made.append((v, act, first, last, shape))
    return made


def _play(
    plan: Plan,
    faults: Sequence[Mapping[str, Any]],
    chosen: list[Variant],
    onsets: list[float],
    columns: Mapping[str, bool],
    labels: str,
) -> GeneratedIncident:
    """Run the faulty world and its twin, and put together what a user would have."""
    clean = run(plan, [])
    acts = _acts(plan, faults, chosen, onsets, clean.frac)
    world = run(plan, [(v.hooks, a) for v, a, *_ in acts])
    shares, harms = _shares(plan, faults, chosen, onsets, clean, world, acts, columns["decisions"])
    main = max(range(len(acts)), key=lambda i: list(shares.values())[i]) if len(acts) > 1 else 0
    truth = _truth(plan, clean, acts, main, shares, harms, columns, labels)
    noted = [
        (float(clean.frac[first]), *v.event)
        for v, act, first, _, shape in acts
        if v.event is not None and shape != "from_start" and ("events" in v.needs or act.rng("noted").random() < 0.6)
    ]
    log = log_table(world, columns, labels)
    return GeneratedIncident(
        log,
        reference_table(world, columns, labels),
        event_table(world, noted) if columns["events"] else None,
        roles_of(log, world),
        truth,
        log_table(clean, columns, labels),
    )


def _active(clean: World, act: Act) -> Array:
    rows = act.strength > 0
    for column, value in act.slice:
        if act.groups and column in clean.frame.columns:
            rows = rows & (clean.frame[column] == value).to_numpy()
    return np.asarray(rows)


def _shares(
    plan: Plan, faults: Sequence[Mapping[str, Any]], chosen: list[Variant], onsets: list[float],
    clean: World, world: World, acts: list[Cast], decisions: bool,
) -> tuple[dict[str, float], Measured]:  # fmt: skip
    """Measure the harm, and split it over several faults by the Shapley values of all their subsets."""
    metric = chosen[0].metric if len(chosen) == 1 else "errors"
    active = np.any([_active(clean, a) for _, a, *_ in acts], axis=0)
    total = measure(world, clean, metric, active, decisions)
    if len(chosen) == 1:
        return {chosen[0].mechanism: 1.0}, total
    everything = tuple(range(len(chosen)))
    worth: dict[tuple[int, ...], float] = {(): 0.0, everything: total.harm}
    for size in range(1, len(chosen)):
        for part in itertools.combinations(everything, size):
            fresh = _acts(plan, faults, chosen, onsets, clean.frac)
            some = run(plan, [(fresh[i][0].hooks, fresh[i][1]) for i in part])
            worth[part] = measure(some, clean, metric, active, decisions).harm
    values = [_shapley(i, everything, worth) for i in everything]
    whole = sum(values) or 1.0
    shares: dict[str, float] = {}
    for v, value in zip(chosen, values, strict=True):
        shares[v.mechanism] = shares.get(v.mechanism, 0.0) + value / whole
    return shares, total


def _shapley(player: int, players: tuple[int, ...], worth: Mapping[tuple[int, ...], float]) -> float:
    """Give the mean of what a player adds over all orders in which players join."""
    others = [p for p in players if p != player]
    n, value = len(players), 0.0
    for size in range(n):
        weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
        for part in itertools.combinations(others, size):
            value += weight * (worth[tuple(sorted((*part, player)))] - worth[part])
    return value


def _truth(
    plan: Plan, clean: World, acts: list[Cast], main: int,
    shares: Mapping[str, float], harm: Measured, columns: Mapping[str, bool], labels: str,
) -> Truth:  # fmt: skip
    v, act, first, last, shape = acts[main]
    masked = [n for n in v.needs if not columns.get(n, True)]
    blind = labels == "none" and not v.label_free
    return Truth(
        cause=CAUSE_OF.get(v.mechanism, "none"),
        mechanism=v.mechanism,
        variant=v.name,
        onset=None if shape == "from_start" else stamp(clean.time[first]),
        end=None if last is None else stamp(clean.time[last]),
        features=act.features,
        slice=act.slice,
        groups=act.groups,
        versions=act.versions,
        accepted=(v.mechanism, *v.accepted),
        metric=harm.metric,
        harm=harm.harm,
        null95=harm.null95,
        harmless=harm.harm <= harm.null95,
        shares=dict(shares),
        span=(stamp(clean.time[0]), stamp(clean.time[-1])),
        identifiable=not masked and not blind,
        base=plan.base,
        model=plan.model,
        task=clean.base.task,
        rows=plan.rows,
        labels=labels,
        shape=shape,
        severity=act.severity,
        seed=plan.seed,
    )


def variants() -> list[tuple[str, str, dict[str, Any]]]:
    """List every variant as (mechanism, name, arguments that ``make_incident`` takes to make it on a fitting base)."""
    default = {"binary": "credit", "multiclass": "claims", "regression": "demand"}
    return [(v.mechanism, v.name, {"variant": v.name, "base": default[v.tasks[0]]}) for v in VARIANTS]
