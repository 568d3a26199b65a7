"""One world in which a model serves a log: the same pipeline with a fault or without (testing, floor 6).

A world passes eight stages: draw, label, serve, route, score, respond, decide, observe. A fault is a set of hooks on
stages; the clean twin is the same run without hooks. Every stage draws from its own seeded stream, so that whatever
the fault does not touch is the same in both, number for number.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit.testing.bases import Base, load_base
from toolkit.testing.flavours import flavour
from toolkit.testing.models import Array, Fitted, fitted, jittered

#: From this seed on, populations, splits and fits are others than those of all smaller seeds.
FRESH: Final = 1_000_000
STAGES: Final = ("draw", "label", "serve", "route", "score", "respond", "decide", "observe")


@dataclass(frozen=True)
class Plan:
    """What both worlds share: base, model, size, times, and the surroundings of the model.

    ``env`` holds surroundings that a mechanism needs in both worlds: ``entities`` (how many ids repeat), ``deciders``
    ("none", "auto" or "human"), ``fix`` and ``spoil`` (how often a person rights a wrong or spoils a right answer),
    ``threshold``, ``alone`` (skill of a person without the model), ``cost``, ``rollout``, ``sources``, ``guard``.
    """

    base: str
    model: str
    rows: int
    seed: int
    span_days: float
    start: np.datetime64
    env: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fit_seed(self) -> int:
        """Fits are shared by seeds, so that they can be cached; seeds from ``FRESH`` on have fits of their own."""
        return self.seed % 3 + (3 if self.seed >= FRESH else 0)

    def rng(self, tag: str) -> np.random.Generator:
        """Give the random stream of one purpose."""
        return np.random.default_rng([self.seed, zlib.crc32(tag.encode()), self.rows])


Hook = Callable[["World", "Act"], None]


@dataclass
class Act:
    """A fault at work in a world: how strong on every row (0 to 1), and what it notes for the truth."""

    strength: Array
    severity: float
    plan: Plan
    tag: str
    flavour: str = "plain"
    features: tuple[str, ...] = ()
    slice: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    slot: int = 0
    memory: dict[str, Array] = field(default_factory=dict)

    def rng(self, purpose: str) -> np.random.Generator:
        """Give the fault's own random stream, the same whatever other faults do."""
        return self.plan.rng(f"{self.tag}/{self.slot}/{purpose}")

    def hit(self, share: float = 1.0, *, where: Array | None = None, scaled: bool = True) -> Array:
        """Give the rows that the fault touches: a share of those it is active on, more with its severity."""
        chance = self.strength * min(1.0, share * (self.severity if scaled else 1.0))
        rows = self.rng("hit").random(len(self.strength)) < chance
        return np.asarray(rows if where is None else rows & where)


@dataclass
class World:
    """The columns of a log in the making; row i is the same request in every world of one plan."""

    plan: Plan
    base: Base
    main: Fitted
    time: Array
    frac: Array
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    served: pd.DataFrame = field(default_factory=pd.DataFrame)
    y: Array = field(default_factory=lambda: np.zeros(0))
    observed: Array = field(default_factory=lambda: np.zeros(0))
    request: Array = field(default_factory=lambda: np.zeros(0))
    version: Array = field(default_factory=lambda: np.zeros(0, dtype=object))
    models: dict[str, Fitted] = field(default_factory=dict)
    raw: Array = field(default_factory=lambda: np.zeros(0))
    score: Array = field(default_factory=lambda: np.zeros(0))
    pred: Array = field(default_factory=lambda: np.zeros(0))
    latency: Array = field(default_factory=lambda: np.zeros(0))
    status: Array = field(default_factory=lambda: np.zeros(0, dtype=object))
    threshold: Array = field(default_factory=lambda: np.zeros(0))
    decision: Array = field(default_factory=lambda: np.zeros(0))
    decider: Array = field(default_factory=lambda: np.zeros(0, dtype=object))
    cost: Array = field(default_factory=lambda: np.zeros(0))
    delay_days: Array = field(default_factory=lambda: np.zeros(0))
    keep: Array = field(default_factory=lambda: np.zeros(0, dtype=bool))
    copies: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    events: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How many requests there are."""
        return self.plan.rows

    def numeric(self, place: int = 0) -> str:
        """Give a numeric feature that the model leans on: the strongest, or the next ones by ``place``."""
        ranked = self.main.by_importance(self.base.numeric)
        return ranked[min(place, len(ranked) - 1)]

    def category(self) -> str:
        """Give the categorical feature that the model leans on most."""
        return self.main.by_importance(self.base.categorical)[0]

    def put(self, name: str, rows: Array, values: Any) -> None:
        """Overwrite what reached the model in some rows; ``values`` is one value or one for each row of the log."""
        column = self.served[name].to_numpy()
        new = values if np.ndim(values) else np.full(self.n, values, dtype=np.asarray(values).dtype)
        if column.dtype == object or np.asarray(new).dtype == object:
            column, new = column.astype(object), np.asarray(new, dtype=object)
        else:
            column = column.astype(float)
        self.served[name] = np.where(rows, new, column)

    def predict_at(self, threshold: Array | float) -> Array:
        """Give what a threshold on the score makes of it (binary), or the answer as it stands."""
        if self.base.task != "binary":
            return self.raw.argmax(axis=1).astype(float) if self.base.task == "multiclass" else self.raw.astype(float)
        return (self.score >= threshold).astype(float)


def traffic(plan: Plan) -> tuple[Array, Array]:
    """Give sorted times (datetime64[ms], UTC) with a daily and weekly rhythm, and their place in the span (0 to 1)."""
    rng = plan.rng("traffic")
    hours = max(2, int(plan.span_days * 24))
    hour = np.arange(hours)
    first = int((plan.start - plan.start.astype("datetime64[D]")).astype("timedelta64[h]").astype(int))
    clock, day = (hour + first) % 24, (hour + first) // 24
    rhythm = 0.25 + np.clip(np.sin((clock - 6) / 24 * 2 * np.pi), 0, None)
    rate = rhythm * np.where((day % 7) >= 5, 0.6, 1.0) * (1 + plan.env.get("growth", 0.0) * hour / hours)
    if plan.env.get("gaps"):
        rate = rate * rng.lognormal(0, 0.5, hours)
    place = np.sort(rng.random(plan.rows))
    at = np.interp(place, np.concatenate([[0.0], np.cumsum(rate) / rate.sum()]), np.arange(hours + 1))
    if plan.env.get("regular"):
        at = np.linspace(0, hours, plan.rows, endpoint=False)
    return plan.start + (at * 3_600_000).astype("timedelta64[ms]"), at / hours


def run(plan: Plan, acts: list[tuple[Mapping[str, Hook], Act]]) -> World:
    """Play a world: each stage does its healthy work, then lets the hooks of the faults change it."""
    from toolkit.testing.stages import WORK

    flavours = [a.flavour for _, a in acts if a.flavour != "plain"]
    time, frac = traffic(plan)
    world = World(
        plan=plan,
        base=load_base(plan.base, plan.fit_seed),
        main=fitted(plan.base, plan.model, plan.fit_seed, flavours[0] if flavours else "plain"),
        time=time,
        frac=frac,
    )
    for stage in STAGES:
        WORK[stage](world)
        for hooks, act in acts:
            if stage in hooks:
                hooks[stage](world, act)
        if stage == "score":
            world.pred = world.predict_at(world.threshold)
    return world


def draw_rows(world: World, weights: Array | None, use: Array | None) -> Array:
    """Pick rows of the held-out pool: evenly, and by ``weights`` (one per held row) where ``use`` says so."""
    held = world.base.held
    u = world.plan.rng("draw").random(world.n)
    even: Array = held[(u * len(held)).astype(int)]
    if weights is None or use is None:
        return even
    cdf = np.cumsum(weights / weights.sum())
    tilted: Array = held[np.minimum(np.searchsorted(cdf, u), len(held) - 1)]
    return np.where(use, tilted, even)


def fill(world: World, rows: Array) -> None:
    """Set frame and label from rows of the pool, with the jitter of a small real set and the fit's extra columns."""
    frame = world.base.frame.iloc[rows].reset_index(drop=True)
    frame = jittered(world.base, frame, world.plan.rng("jitter"))
    world.y = world.base.label[rows].astype(float)
    extra = str(world.plan.env.get("extra", "plain"))
    ours = world.main.flavour.removesuffix("~") == extra
    how = world.main.how if ours else flavour(extra)
    label = world.y if world.base.task == "regression" else world.y.astype(int)
    truth = world.main.how.truth
    if truth is not None:
        label = truth(world.base, frame, label, world.plan.rng("truth"))
        world.y = label.astype(float)
    if how.add is not None:
        made = how.add(world.base, frame, label, "serve", world.plan.rng("extra"))
        frame = frame.assign(**{k: v for k, v in made.items() if ours or k not in frame.columns})
    world.frame = frame
