"""Integration faults of the service: answers that came late, not at all, twice, or from the wrong model (floor 6)."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from toolkit.testing.course import MILD_BELOW
from toolkit.testing.models import Array, fitted
from toolkit.testing.stages import fail_requests, fallback_class, rescore
from toolkit.testing.variant import Variant
from toolkit.testing.world import Act, World

LIMIT_MS: Final = 400.0


def _busy(world: World) -> Array:
    hour = (world.time - world.time.astype("datetime64[D]")).astype("timedelta64[m]").astype(float) / 60
    return np.asarray((hour > 9) & (hour < 16))


def _slow(world: World, act: Act, factor: float, where: Array | None = None) -> Array:
    """Slow the rows hit down by about ``factor``, and say which rows are now over the limit."""
    rows = act.hit(0.85, where=where)
    draw = act.rng("slow").lognormal(np.log(factor), 0.5, world.n)
    world.latency = np.where(rows, np.round(world.latency * draw, 1), world.latency)
    return np.asarray(world.latency > LIMIT_MS)


def time_out(world: World, act: Act, peak: bool = False, shown: bool = True) -> None:
    """What takes longer than the limit is answered by a default, marked as a time-out or not."""
    late = _slow(world, act, 9.0 if not peak else 12.0, _busy(world) if peak else None) & (act.strength > 0)
    world.latency = np.where(late, LIMIT_MS + 1.0, world.latency)
    base = world.base
    rate = float(base.label.mean()) if base.task == "binary" else 1.0 / max(1, len(base.classes))
    world.score = np.where(late, round(rate, 3), world.score)
    answer = fallback_class(world)
    if base.task != "regression" and peak:
        answer = float(len(base.classes) - 1) if answer == 0 else 0.0
    world.pred = np.where(late, answer, world.pred)
    if shown:
        world.status = np.where(late, "timeout", world.status)


def fail(world: World, act: Act, share: float = 0.45, region: str = "", when: str = "") -> None:
    """Requests fail: no score, no prediction; the business falls back on its default."""
    where: Array | None = None
    if region:
        where = (world.frame["region"] == region).to_numpy()
        act.slice = (("region", region),)
    if when == "extreme":
        column = world.served[world.numeric(0)].to_numpy(float)
        where = column > np.nanquantile(column, 0.6)
        act.features = (world.numeric(0),)
    fail_requests(world, act.hit(share, where=where), "error")


def late_answers(world: World, act: Act) -> None:
    """Answers are right but come after the moment to act: what is done is the default."""
    late = _slow(world, act, 10.0) & (act.strength > 0)
    world.decision = np.where(late, fallback_class(world), world.decision)
    world.decider = np.where(late, "default", world.decider).astype(object)


def slow_only(world: World, act: Act) -> None:
    """Everything is answered rightly, several times slower than before."""
    _slow(world, act, 7.0)


def send_again(world: World, act: Act, region: str = "", most: int = 1) -> None:
    """Requests are sent again though they were answered, and are acted on again."""
    where = None
    if region:
        where = (world.frame["region"] == region).to_numpy()
        act.slice = (("region", region),)
    rows = act.hit(0.6, where=where)
    world.copies = np.where(rows, act.rng("copies").integers(1, most + 1, world.n), world.copies)


def lose(world: World, act: Act, how: str = "share") -> None:
    """Requests never arrive: a share of all, all of one region, or everything beyond a daily limit."""
    if how == "region":
        rows = act.hit(1.0, where=(world.frame["region"] == "north").to_numpy(), scaled=False)
        act.slice = (("region", "north"),)
    elif how == "limit":
        day = ((world.time - world.time[0]).astype("timedelta64[h]").astype(int) // 24).astype(int)
        count = np.bincount(day)
        place = np.arange(world.n) - (np.cumsum(count) - count)[day]
        rows = act.hit(1.0, where=place >= 0.4 * np.median(count), scaled=False)
    else:
        rows = act.hit(0.65)
    world.keep = world.keep & ~rows


def _other_version(world: World, act: Act, rows: Array, name: str, flavour: str) -> None:
    plan = world.plan
    world.models[name] = fitted(
        plan.base, plan.model, plan.fit_seed, flavour + ("~" if act.severity < MILD_BELOW else "")
    )
    world.version = np.where(rows, name, world.version).astype(object)
    act.versions = (name,)


def old_version(world: World, act: Act, share: float = 0.5, name: str = "v0") -> None:
    """Some hosts answer with a version that had been retired, beside the right one."""
    _other_version(world, act, act.hit(share, scaled=share < 1), name, "old")


def rollout(world: World, act: Act, canary: bool = True) -> None:
    """A new version, worse than the one before, gets a small share first and all traffic later, or all at once."""
    rows = act.strength > 0
    if canary:
        first = world.frac[rows].min() if rows.any() else 1.0
        full = first + 0.35 * (1.0 - first)
        share = np.where(world.frac < full, 0.3, 1.0)
        rows = rows & (act.rng("canary").random(world.n) < share)
    _other_version(world, act, rows, "v3", "broken")


def broken_step(world: World, act: Act) -> None:
    """The new version's own preprocessing loses a feature; the old one goes on beside it on part of the traffic."""
    rows = act.hit(0.6, scaled=False)
    _other_version(world, act, rows, "v3", "plain")
    hidden = world.served.copy()
    hidden[world.numeric(0)] = float(world.base.frame[world.numeric(0)].max())
    hidden[world.category()] = "unknown"
    act.memory = {"rows": rows, "raw": world.models["v3"].raw(hidden)}


def use_broken_step(world: World, act: Act) -> None:
    """Let the answers of the broken step count."""
    rows, raw = act.memory["rows"], act.memory["raw"]
    world.raw = np.where(rows if raw.ndim == 1 else rows[:, None], raw, world.raw)
    rescore(world)


_DEPLOY: Final = ("deployment", "Model v3 released")

VARIANTS: Final = (
    Variant("timeouts", "default_served", {"respond": time_out}, needs=("latency",), label_free=True),
    Variant("timeouts", "peak_hours", {"respond": partial(time_out, peak=True)}, needs=("latency",), label_free=True,
            shapes=("step", "pulse")),
    Variant("timeouts", "status_hidden", {"respond": partial(time_out, shown=False)}, needs=("latency",),
            label_free=True, accepted=("latency",)),
    Variant("errors", "no_answer", {"respond": fail}, needs=("latency",), label_free=True),
    Variant("errors", "one_region", {"respond": partial(fail, share=1.0, region="north")},
            needs=("latency", "segments"), label_free=True),
    Variant("errors", "on_large_inputs", {"respond": partial(fail, share=1.0, when="extreme")}, needs=("latency",),
            label_free=True),
    Variant("latency", "answers_too_late", {"decide": late_answers}, needs=("latency", "decisions"), label_free=True,
            accepted=("timeouts",)),
    Variant("latency", "slow_but_right", {"respond": slow_only}, needs=("latency",), label_free=True, metric="late"),
    Variant("duplicated_requests", "retry_storm", {"observe": partial(send_again, most=2)}, needs=("ids",),
            shapes=("pulse", "step"), label_free=True, metric="duplicates"),
    Variant("duplicated_requests", "one_region_twice", {"observe": partial(send_again, region="north")},
            needs=("ids", "segments"), label_free=True, metric="duplicates"),
    Variant("dropped_traffic", "part_lost", {"observe": lose}, label_free=True, metric="lost",
            shapes=("step", "pulse")),
    Variant("dropped_traffic", "one_region_silent", {"observe": partial(lose, how="region")}, needs=("segments",),
            label_free=True, metric="lost", shapes=("step", "pulse")),
    Variant("dropped_traffic", "row_limit", {"observe": partial(lose, how="limit")}, label_free=True, metric="lost",
            shapes=("step", "pulse")),
    Variant("wrong_model_version", "old_hosts", {"route": old_version}, needs=("versions",)),
    Variant("wrong_model_version", "rolled_back_by_mistake", {"route": partial(old_version, share=1.0)},
            needs=("versions",), shapes=("step", "pulse"), accepted=("bad_rollout",)),
    Variant("wrong_model_version", "staging_model", {"route": partial(old_version, share=0.35, name="v2-staging")},
            needs=("versions",), accepted=("bad_rollout",)),
    Variant("bad_rollout", "canary_then_full", {"route": rollout}, needs=("versions",), shapes=("step",),
            event=_DEPLOY),
    Variant("bad_rollout", "big_bang", {"route": partial(rollout, canary=False)}, needs=("versions",),
            shapes=("step",), event=_DEPLOY),
    Variant("bad_rollout", "broken_step", {"route": broken_step, "score": use_broken_step}, needs=("versions",),
            shapes=("step",), event=_DEPLOY),
)  # fmt: skip
