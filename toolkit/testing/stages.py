"""The healthy work of every stage of a world (testing, floor 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from toolkit.testing.models import Array, fitted
from toolkit.testing.world import World, draw_rows, fill


def draw(world: World) -> None:
    """Draw the requests; where ids repeat, an entity comes back with new values of its own kind."""
    fill(world, draw_rows(world, None, None))
    entities = world.plan.env.get("entities")
    if entities:
        popularity = world.plan.rng("entities").random(world.n) ** 1.3
        world.request = np.char.add("e", (popularity * int(entities)).astype(int).astype(str)).astype(object)
    else:
        world.request = np.char.add(f"r{world.plan.seed}-", np.arange(world.n).astype(str)).astype(object)
    if world.plan.env.get("sources"):
        source = world.plan.rng("sources").choice(["desk", "partner", "audit"], world.n, p=[0.5, 0.35, 0.15])
        world.frame["label_source"] = source.astype(object)
    if world.plan.env.get("guard"):
        stray(world)


def strange_rows(world: World) -> Array:
    """Give the requests that lie outside of the model's domain, the same in both worlds."""
    share = float(world.plan.env.get("strange", 0.18)) if world.plan.env.get("guard") else 0.0
    return world.plan.rng("strange").random(world.n) < share


def stray(world: World) -> None:
    """Put strange requests far outside of what was trained on; their truth has nothing to do with their values."""
    rows, rng = strange_rows(world), world.plan.rng("stray")
    for name in world.base.numeric[:3]:
        pool = world.base.frame[name].to_numpy(float)
        far = pool.max() + pool.std() * rng.uniform(1.0, 4.0, world.n)
        world.frame[name] = np.where(rows, np.round(far, 2), world.frame[name])
    world.y = np.where(rows, world.base.label[rng.integers(0, len(world.base.label), world.n)], world.y).astype(float)


def label(world: World) -> None:
    """The truth is what the pool says."""


def serve(world: World) -> None:
    """Everything reaches the model as the source said it."""
    world.served = world.frame.copy()


def route(world: World) -> None:
    """One version answers; where a harmless rollout is part of the surroundings, a retrained one follows it."""
    world.version = np.full(world.n, "v1", dtype=object)
    world.models = {"v1": world.main}
    rollout = world.plan.env.get("rollout")
    if rollout:
        world.version[world.frac >= float(rollout)] = "v2"
        same = world.main.flavour
        plan = world.plan
        world.models["v2"] = (
            fitted(plan.base, plan.model, plan.fit_seed, "retrained") if same == "plain" else world.main
        )
        world.events.append((float(rollout), "deployment", "Model v2 released after its monthly retraining"))


def score(world: World) -> None:
    """Every version scores its rows; the score is P(positive), or the probability of the answer given."""
    task = world.base.task
    world.raw = np.zeros(world.n) if task == "regression" else np.zeros((world.n, len(world.base.classes)))
    for name, model in world.models.items():
        rows = np.flatnonzero(world.version == name)
        if len(rows):
            world.raw[rows] = model.raw(world.served.iloc[rows])
    world.threshold = world.main.bars(world.served, float(world.plan.env.get("threshold", 0.5)))
    rescore(world)


def rescore(world: World) -> None:
    """Read the score off the raw answers again."""
    task = world.base.task
    world.score = world.raw if task == "regression" else world.raw[:, 1] if task == "binary" else world.raw.max(axis=1)


def respond(world: World) -> None:
    """Answer in some tens of milliseconds, slower when busy; a few requests time out or fail in any week."""
    rng = world.plan.rng("respond")
    hour = (world.time - world.time.astype("datetime64[D]")).astype("timedelta64[m]").astype(float) / 60
    busy = 1 + 0.25 * np.clip(np.sin((hour - 6) / 24 * 2 * np.pi), 0, None)
    world.latency = np.round(busy * rng.lognormal(4.1, 0.35, world.n), 1)
    world.status = np.full(world.n, "ok", dtype=object)
    world.pred = world.pred.astype(float)
    fail = rng.random(world.n) < 0.0008
    fail_requests(world, fail, "error")
    late = world.plan.rng("late").random(world.n) < 0.0005
    fail_requests(world, late & ~fail, "timeout")


def fail_requests(world: World, rows: Array, status: str) -> None:
    """Let requests go unanswered: no score, no prediction."""
    world.status[rows] = status
    world.score = np.where(rows, np.nan, world.score)
    world.pred = np.where(rows, np.nan, world.pred)


def fallback_class(world: World) -> float:
    """What is done when no answer came: the most common class, or the mean."""
    label = world.base.label
    return float(label.mean()) if world.base.task == "regression" else float(np.bincount(label.astype(int)).argmax())


def wrong(world: World, answer: Array) -> Array:
    """Give which answers differ from the truth (classification); for a regression, which miss by over a spread."""
    if world.base.task == "regression":
        return np.asarray(np.abs(answer - world.y) > 0.5 * world.base.label.std())
    return np.asarray(answer != world.y)


def turned(world: World, answer: Array, tag: str) -> Array:
    """Give an answer other than the given one: the next class, or a value moved by a spread either way."""
    rng = world.plan.rng(f"turned/{tag}")
    if world.base.task == "regression":
        step = world.base.label.std() * rng.uniform(0.6, 1.2, world.n) * rng.choice([-1.0, 1.0], world.n)
        return np.asarray(answer + step)
    classes = len(world.base.classes)
    return np.asarray((np.nan_to_num(answer) + rng.integers(1, max(2, classes), world.n)) % classes)


def decide(world: World) -> None:
    """The answer is acted on: as it stands, or by people who right a share of its errors and spoil a few answers."""
    filled = np.where(np.isnan(world.pred), fallback_class(world), world.pred)
    world.decision = filled.copy()
    env = world.plan.env
    people = world.plan.rng("people").integers(0, 6, world.n)
    world.decider = np.char.add("reviewer_", np.array(list("ABCDEF"))[people]).astype(object)
    if env.get("deciders") == "human":
        fix, spoil = float(env.get("fix", 0.3)), float(env.get("spoil", 0.01))
        override(world, np.full(world.n, fix), np.full(world.n, spoil))
    else:
        world.decider = np.full(world.n, "auto", dtype=object)
    if env.get("spot_checks"):
        checked = world.plan.rng("spot_checks").random(world.n) < float(env["spot_checks"])
        world.decider = np.where(checked, "manual_review", world.decider).astype(object)
    if env.get("guard"):
        rows = strange_rows(world)
        seen = world.plan.rng("reviewed").random(world.n) < 0.93
        world.decision = np.where(rows & seen, world.y, world.decision)
        world.decider = np.where(rows, "manual_review", world.decider).astype(object)
    world.cost = np.zeros(world.n)


def override(world: World, fix: Array, spoil: Array) -> None:
    """Let people right wrong answers with chance ``fix`` and spoil right ones with chance ``spoil``, row by row."""
    filled = np.where(np.isnan(world.pred), fallback_class(world), world.pred)
    bad = wrong(world, filled)
    u = world.plan.rng("override").random(world.n)
    righted = world.y if world.base.task != "regression" else (filled + world.y) / 2
    world.decision = np.where(bad & (u < fix), righted, filled)
    world.decision = np.where(~bad & (u < spoil), turned(world, filled, "spoil"), world.decision)


def observe(world: World) -> None:
    """The truth comes back after some days; every decision has a cost where costs are kept."""
    rng = world.plan.rng("observe")
    world.observed = world.y.copy()
    world.delay_days = rng.lognormal(0.5, 0.5, world.n)
    world.keep = np.ones(world.n, dtype=bool)
    world.copies = np.zeros(world.n, dtype=np.int64)
    if world.plan.env.get("cost"):
        loss = np.abs(world.decision - world.y) / (world.base.label.std() or 1.0)
        each = loss if world.base.task == "regression" else wrong(world, world.decision).astype(float)
        world.cost = np.round(2.0 + 10.0 * each + rng.gamma(2.0, 0.5, world.n), 2)


WORK: Final[dict[str, Callable[[World], None]]] = {
    "draw": draw,
    "label": label,
    "serve": serve,
    "route": route,
    "score": score,
    "respond": respond,
    "decide": decide,
    "observe": observe,
}
