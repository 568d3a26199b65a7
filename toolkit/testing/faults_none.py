"""No fault at all, in the shapes that are most easily taken for one (testing, floor 6)."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from toolkit.testing.flavour_parts import standard_column
from toolkit.testing.models import Array, held_losses
from toolkit.testing.variant import Variant
from toolkit.testing.world import Act, World, draw_rows, fill


def _tilts(world: World) -> list[tuple[float, float, Array]]:
    """Give ways to draw other people: (change of the model's mean loss, size of the change of mix, row weights)."""
    plan = world.plan
    frame = world.base.frame.iloc[world.base.held]
    loss = held_losses(plan.base, plan.model, plan.fit_seed, world.main.flavour)
    ways = []
    for place in range(4):
        z = standard_column(world.base, frame, world.numeric(place))
        for slope in (0.4, 0.7, 1.0, -0.4, -0.7, -1.0):
            weights = np.exp(np.clip(slope * z, -6, 4))
            share = weights / weights.sum()
            ways.append((float(share @ loss - loss.mean()), abs(float(share @ z)), weights))
    return ways


def _neutral(world: World) -> Array:
    """Give the weights of the clearest change of mix that does the model no harm that matters."""
    ways = _tilts(world)
    spread = world.base.label.std() if world.base.task == "regression" else 1.0
    calm = [w for w in ways if abs(w[0]) < 0.006 * spread]
    return max(calm, key=lambda w: w[1])[2] if calm else min(ways, key=lambda w: abs(w[0]))[2]


def season(world: World, act: Act) -> None:  # noqa: ARG001
    """Other people come at the weekend than on weekdays, every week alike."""
    day = world.time.astype("datetime64[D]").astype(int)
    fill(world, draw_rows(world, _neutral(world), ((day + 3) % 7) >= 5))


def wander(world: World, act: Act) -> None:
    """The mix of people wanders slowly to and fro, as it always has."""
    rng = act.rng("wander")
    steps = 60
    walk = np.zeros(steps)
    for i in range(1, steps):
        walk[i] = 0.85 * walk[i - 1] + 0.5 * rng.standard_normal()
    level = np.interp(world.frac, np.linspace(0, 1, steps), walk)
    fill(world, draw_rows(world, _neutral(world), rng.random(world.n) < np.clip(level, 0, 0.8)))


def drift_unused(world: World, act: Act) -> None:
    """A column that the model does not read drifts far off."""
    world.served["probe_0"] = world.served["probe_0"].to_numpy(float) + 2.5 * act.strength
    world.served["probe_1"] = world.served["probe_1"].to_numpy(float) * (1 + 3 * act.strength)


def blank_unused(world: World, act: Act) -> None:
    """A column that the model does not read is no longer filled."""
    world.put("probe_2", act.hit(0.9), np.nan)


def harmless_crowd(world: World, act: Act) -> None:
    """The mix of people changes clearly, to people whom the model judges as well as the others."""
    fill(world, draw_rows(world, _neutral(world), act.hit(1.0)))


def easier(world: World, act: Act) -> None:
    """More of the rows come that the model finds easy."""
    fill(world, draw_rows(world, min(_tilts(world), key=lambda w: w[0])[2], act.hit(1.0)))


def slower_evenings(world: World, act: Act) -> None:
    """Answers take half as long again since the move to other hosts, far below any limit."""
    world.latency = np.where(act.hit(1.0), np.round(world.latency * 1.3, 1), world.latency)


def nothing(world: World, act: Act) -> None:
    """Nothing happens."""


_PROBES: Final = {"extra": "deep_tree"}
HEALTHY: Final = (
    Variant("none", "plain", {"draw": nothing}, shapes=("from_start",)),
    Variant("none", "seasonal", {"draw": season}, shapes=("from_start",)),
    Variant("none", "autocorrelated", {"draw": wander}, shapes=("from_start",), env={"gaps": True}),
    Variant("none", "growing", {"draw": nothing}, shapes=("from_start",), env={"growth": 3.0}),
    Variant("none", "harmless_rollout", {"draw": nothing}, shapes=("from_start",), env={"rollout": 0.5}),
    Variant("none", "retrained", {"draw": nothing}, shapes=("from_start",), env={"rollout": 0.7, "growth": 1.0}),
    Variant("none", "late_labels", {"draw": nothing}, shapes=("from_start",)),
    Variant("none", "people_decide", {"draw": nothing}, shapes=("from_start",), env={"deciders": "human", "fix": 0.4},
            needs=("decisions", "deciders")),
    Variant("none", "with_costs", {"draw": nothing}, shapes=("from_start",), env={"cost": True}, needs=("cost",)),
    Variant("none", "many_events", {"draw": nothing}, shapes=("from_start",), env={"rollout": 0.35}, needs=("events",)),
)  # fmt: skip
HARMLESS: Final = (
    Variant("none", "unused_drift", {"serve": drift_unused}, env=_PROBES),
    Variant("none", "unused_blank", {"serve": blank_unused}, env=_PROBES),
    Variant("none", "harmless_crowd", {"draw": harmless_crowd}),
    Variant("none", "easier_rows", {"draw": easier}),
    Variant("none", "slower_but_fast", {"respond": partial(slower_evenings)}),
)  # fmt: skip
