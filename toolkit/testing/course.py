"""The course of faults over a log, and the harm that each of several did (testing, floor 6)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from toolkit.testing.models import Array
from toolkit.testing.truth import Measured, measure
from toolkit.testing.variant import Variant
from toolkit.testing.world import Act, Plan, World, run

#: A variant at work: with its act, the rows where it starts and has ended, and its course.
Cast = tuple[Variant, Act, int, int | None, str]

#: Below this severity a fault of the fit is fitted in its mild form.
MILD_BELOW: Final = 0.75


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
    if u[6] < 0.3:  # a few cases go to a second desk, which decides as everyone does
        env["spot_checks"] = 0.05
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


def cast_of(
    plan: Plan, faults: Sequence[Mapping[str, Any]], chosen: list[Variant], onsets: list[float], frac: Array
) -> list[Cast]:
    """Set every chosen variant to work: its strength on every row, its severity, what it is known to touch."""
    made = []
    for i, (fault, v) in enumerate(zip(faults, chosen, strict=True)):
        shape = fault.get("shape") or v.shapes[0]
        strength, first, last = strength_of(frac, shape, onsets[i], float(fault.get("width", 0.3)))
        severity = float(fault.get("severity", 1.0))
        mild = "~" if severity < MILD_BELOW and v.flavour != "plain" else ""
        act = Act(
            strength, severity, plan, f"{v.mechanism}/{v.name}", v.flavour + mild,
            features=v.features, slice=v.slice, groups=v.groups, slot=i,
        )  # fmt: skip
        made.append((v, act, first, last, shape))
    return made


def _active(clean: World, act: Act) -> Array:
    rows = act.strength > 0
    for column, value in act.slice:
        if act.groups and column in clean.frame.columns:
            rows = rows & (clean.frame[column] == value).to_numpy()
    return np.asarray(rows)


def split_harm(
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
            fresh = cast_of(plan, faults, chosen, onsets, clean.frac)
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
