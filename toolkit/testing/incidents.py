"""Make an incident: a log with a known fault, everything beside it, and its clean twin (testing, floor 6).

from toolkit.testing import make_incident
case = make_incident("unit_change", base="credit", rows=4000, seed=1)
case.log, case.reference, case.events, case.roles     # what a user would have
case.truth, case.twin                                 # what nobody tells them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from toolkit.detectors.threads import one_thread
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
from toolkit.testing.assemble import COLUMNS, LABELS, log_table, roles_of
from toolkit.testing.bases import load_base
from toolkit.testing.course import Cast, cast_of, split_harm, surroundings
from toolkit.testing.models import MODELS
from toolkit.testing.reference import event_table, reference_table
from toolkit.testing.truth import GeneratedIncident, Measured, Truth, stamp
from toolkit.testing.variant import Variant
from toolkit.testing.world import Plan, World, run
from toolkit.vocabulary import CAUSE_OF

VARIANTS: Final[tuple[Variant, ...]] = (
    *faults_data.VARIANTS,
    *faults_overfitting.VARIANTS,
    *faults_values.VARIANTS,
    *faults_service.VARIANTS,
    *faults_bias.VARIANTS,
    *faults_human.VARIANTS,
)
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
    with one_thread():
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
    acts = cast_of(plan, faults, chosen, onsets, clean.frac)
    world = run(plan, [(v.hooks, a) for v, a, *_ in acts])
    shares, harms = split_harm(plan, faults, chosen, onsets, clean, world, acts, columns["decisions"])
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
