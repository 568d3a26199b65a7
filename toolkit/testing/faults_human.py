"""Human faults: the model did its part; people, policy or goals did the damage (testing, floor 6)."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from toolkit.testing.models import Array
from toolkit.testing.stages import fallback_class, override, strange_rows, turned, wrong
from toolkit.testing.variant import CLASSES, FROM_START, Variant
from toolkit.testing.world import Act, Hook, World


def _people(world: World) -> tuple[float, float]:
    env = world.plan.env
    return float(env.get("fix", 0.3)), float(env.get("spoil", 0.01))


def _team(world: World, names: str) -> Array:
    return np.isin(world.decider, [f"reviewer_{c}" for c in names])


def rely(world: World, act: Act, team: str = "ABCDEF") -> None:
    """Reviewers who used to right most wrong answers now wave nearly all of them through."""
    fix, spoil = _people(world)
    rows = act.hit(0.97, where=_team(world, team))
    override(world, np.where(rows, 0.02, fix), np.where(rows, 0.002, spoil))


def meddle(world: World, act: Act, team: str = "ABCDEF", share: float = 0.28) -> None:
    """Right answers are overridden: by some reviewers, or by all after a new instruction."""
    fix, spoil = _people(world)
    rows = (act.strength > 0) & _team(world, team)
    more = share * min(1.5, act.severity) * act.strength
    override(world, np.where(rows, fix * 0.5, fix), np.where(rows, spoil + more, spoil))


def ignore_alarms(world: World, act: Act, night: bool = False) -> None:
    """Alarms are raised, and nothing is done: after too many of them, or on the shifts without staff."""
    where = world.pred >= 1
    if night:
        hour = (world.time - world.time.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
        where = where & ((hour < 7) | (hour >= 19))
    rows = act.hit(0.85, where=where)
    world.decision = np.where(rows, 0.0, world.decision)
    _raise_alerts(world, act)


def _raise_alerts(world: World, act: Act) -> None:
    """Before the onset somebody acts on every alert within hours; after it alerts are repeated and nobody does."""
    first = float(world.frac[int(np.argmax(act.strength > 0))])
    rng = act.rng("alerts")
    for at in rng.uniform(0.05, 0.9, 3) * first:
        world.events.append((float(at), "alert", "Queue of open alarms above its limit"))
        world.events.append((float(at) + 0.003, "human_action", "On-call worked through the alarms"))
    for at in first + (1 - first) * np.sort(rng.uniform(0.02, 0.98, 6)):
        world.events.append((float(at), "alert", "Queue of open alarms above its limit"))


def shift_bar(world: World, act: Act, to: float, region: str = "", both: bool = False) -> None:
    """The cut on the score is set wrongly: everywhere, or for one region; shown in the prediction or only acted on."""
    where = None
    if region:
        where = (world.frame["region"] == region).to_numpy()
        act.slice = (("region", region),)
    goal = 0.5 + (to - 0.5) * min(1.0, 0.4 + 0.6 * act.severity)
    rows = act.hit(1.0, where=where, scaled=False)
    bar = np.where(rows, goal, world.threshold)
    if both:
        world.pred = np.where(np.isnan(world.score), np.nan, (np.nan_to_num(world.score) >= bar).astype(float))
    act.memory = {"bar": bar, "rows": rows}


def act_on_bar(world: World, act: Act) -> None:
    """Act by the wrong cut, row for row."""
    answer = np.where(np.isnan(world.score), world.decision, (np.nan_to_num(world.score) >= act.memory["bar"]))
    world.decision = np.where(act.memory["rows"], answer.astype(float), world.decision)


def guard(world: World, act: Act, kind: str = "review") -> None:
    """Inputs outside of the domain used to go to a person; from the onset on they are acted on as they come."""
    rows = act.hit(1.0, where=strange_rows(world), scaled=False)
    filled = np.where(np.isnan(world.pred), fallback_class(world), world.pred)
    world.decision = np.where(rows, filled, world.decision)
    world.decider = np.where(rows, "auto" if kind == "review" else "rule_off", world.decider).astype(object)


def raise_cost(world: World, act: Act, how: str = "errors") -> None:
    """What the model is tuned for holds, what the business pays for gets worse."""
    on = act.strength * act.severity
    loss = wrong(world, world.decision)
    positive = world.decision >= 1 if world.base.task != "regression" else world.decision > world.base.label.mean()
    rng = act.rng("cost")
    if how == "errors":
        extra = 45.0 * loss * on
    elif how == "successes":
        extra = 9.0 * positive * on * rng.gamma(2.0, 0.5, world.n)
    else:
        extra = 6.0 * on * rng.gamma(2.0, 0.5, world.n)
    world.cost = np.round(world.cost + extra, 2)


def go_alone(world: World, act: Act, team: str = "ABCDEF", skill: float = 0.72) -> None:
    """People decide as they would without the model, and are right less often than it is."""
    rows = act.hit(0.97, where=_team(world, team), scaled=False)
    right = act.rng("skill").random(world.n) < skill - 0.1 * (act.severity - 1)
    own = np.where(right, world.y, turned(world, world.y, "alone"))
    world.decision = np.where(rows, own, world.decision)


_HUMAN: Final = {"deciders": "human", "fix": 0.7, "spoil": 0.02}
_CALM: Final = {"deciders": "human", "fix": 0.3, "spoil": 0.01}
_SEEN: Final = ("decisions", "deciders")
_BAR: Final = ("decisions", "scores")
_BIN: Final = ("binary",)
_ALERT: Final = ("alert", "Error rate above its limit for 30 minutes")


def _bar(name: str, to: float, region: str = "", both: bool = False, event: tuple[str, str] | None = None) -> Variant:
    hooks: dict[str, Hook] = {"respond": partial(shift_bar, to=to, region=region, both=both), "decide": act_on_bar}
    return Variant("threshold_misconfigured", name, hooks, tasks=_BIN, needs=_BAR, label_free=True, event=event)


VARIANTS: Final = (
    Variant("over_reliance", "waved_through", {"decide": rely}, env=_HUMAN, needs=_SEEN, tasks=CLASSES,
            event=("config_change", "One-click approval added to the review screen")),
    Variant("over_reliance", "growing_trust", {"decide": rely}, env=_HUMAN, needs=_SEEN, tasks=CLASSES,
            shapes=("ramp", "step")),
    Variant("over_reliance", "half_the_team", {"decide": partial(rely, team="ABC")}, env=_HUMAN, needs=_SEEN,
            tasks=CLASSES),
    Variant("harmful_overrides", "new_instruction", {"decide": meddle}, env=_CALM, needs=_SEEN, tasks=CLASSES,
            event=("human_action", "Reviewers told to question the model")),
    Variant("harmful_overrides", "two_reviewers", {"decide": partial(meddle, team="AB", share=0.6)}, env=_CALM,
            needs=_SEEN, tasks=CLASSES),
    Variant("harmful_overrides", "forecasts_adjusted", {"decide": partial(meddle, share=0.5)}, env=_CALM, needs=_SEEN,
            tasks=("regression",)),
    Variant("ignored_alerts", "alarm_fatigue", {"decide": ignore_alarms}, needs=("decisions", "events"), tasks=_BIN,
            shapes=("step", "ramp"), event=_ALERT, accepted=("not_adopted", "harmful_overrides")),
    Variant("ignored_alerts", "night_shift", {"decide": partial(ignore_alarms, night=True)}, tasks=_BIN,
            needs=("decisions", "events"), event=_ALERT, accepted=("not_adopted", "harmful_overrides")),
    _bar("too_high", 0.88, event=("config_change", "Policy table 7 deployed")),
    _bar("too_low", 0.12),
    _bar("one_region", 0.9, region="north"),
    _bar("percent_for_share", 0.03, both=True),
    Variant("missing_guardrail", "review_removed", {"decide": guard}, env={"strange": 0.18, "guard": True},
            needs=_SEEN, event=("config_change", "Manual review of unusual cases switched off")),
    Variant("missing_guardrail", "rule_switched_off", {"decide": partial(guard, kind="rule")}, needs=_SEEN,
            env={"strange": 0.14, "guard": True}),
    Variant("goal_misaligned", "errors_cost_more", {"observe": raise_cost}, env={"cost": True}, needs=("cost",),
            metric="cost"),
    Variant("goal_misaligned", "costly_successes", {"observe": partial(raise_cost, how="successes")},
            env={"cost": True}, needs=("cost",), metric="cost"),
    Variant("goal_misaligned", "every_case_costs_more", {"observe": partial(raise_cost, how="all")},
            env={"cost": True}, needs=("cost",), metric="cost", shapes=("ramp", "step")),
    Variant("not_adopted", "abandoned", {"decide": go_alone}, env=_CALM, needs=_SEEN, tasks=CLASSES,
            event=("staffing", "Experienced reviewers returned"), accepted=("harmful_overrides",)),
    Variant("not_adopted", "never_adopted", {"decide": go_alone}, env=_CALM, needs=_SEEN, tasks=CLASSES,
            shapes=FROM_START, accepted=("harmful_overrides",)),
    Variant("not_adopted", "one_team", {"decide": partial(go_alone, team="ABC")}, env=_CALM, needs=_SEEN,
            tasks=CLASSES, accepted=("harmful_overrides",)),
)  # fmt: skip
