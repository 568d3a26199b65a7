"""Data faults: the source truthfully says what has changed, or was never right or enough (testing, floor 6)."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from toolkit.testing.flavour_parts import other_label, standard_column
from toolkit.testing.models import Array, held_losses
from toolkit.testing.stages import wrong
from toolkit.testing.variant import FROM_START, Variant
from toolkit.testing.world import Act, World, draw_rows, fill


def _z(world: World, name: str, *, pool: bool) -> Array:
    """Give a numeric feature as z-scores: of the rows drawn, or of the held-out pool."""
    frame = world.base.frame.iloc[world.base.held] if pool else world.frame
    return standard_column(world.base, frame, name)


def _losses(world: World) -> Array:
    plan = world.plan
    return held_losses(plan.base, plan.model, plan.fit_seed, world.main.flavour)


def tilt(world: World, act: Act, strength: float = 1.3) -> None:
    """Draw more of the rows where the model is weak, by a smooth function of its two strongest numbers."""
    names = [world.numeric(0), world.numeric(1)]
    a, b = _z(world, names[0], pool=True), _z(world, names[1], pool=True)
    loss = _losses(world)
    best, weights = -1.0, np.ones(len(loss))
    for slope in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.8, 0.8), (-0.8, 0.8), (0.8, -0.8), (-0.8, -0.8)):
        move = slope[0] * a + slope[1] * b
        near = -((move - 1.0) ** 2)
        for shape in (move, near):
            w = np.exp(np.clip(strength * shape, -8, 4))
            harm = float((w * loss).sum() / w.sum())
            if harm > best:
                best, weights = harm, w
    act.features = tuple(dict.fromkeys(names))
    fill(world, draw_rows(world, weights, act.hit()))


def crowd(world: World, act: Act) -> None:
    """A campaign brings in people of one kind: rows around the corner of the population where the model errs most."""
    names = [world.numeric(0), world.numeric(2)]
    points = np.column_stack([_z(world, c, pool=True) for c in names])
    loss = _losses(world)
    corners = np.array([(x, y) for x in (-1.4, 0.0, 1.4) for y in (-1.4, 0.0, 1.4)])
    best, weights = -1.0, np.ones(len(loss))
    for corner in corners:
        w = np.exp(-((points - corner) ** 2).sum(axis=1) / 0.7) + 1e-4
        harm = float((w * loss).sum() / w.sum())
        if harm > best:
            best, weights = harm, w
    act.features = tuple(dict.fromkeys(names))
    fill(world, draw_rows(world, weights, act.hit(0.9)))


def mix(world: World, act: Act) -> None:
    """One value of a category, the one the model is worst on, grows from its usual share to most of the traffic."""
    name = world.category()
    column = world.base.frame[name].iloc[world.base.held].to_numpy()
    loss = _losses(world)
    harm = {v: loss[column == v].mean() for v in np.unique(column) if (column == v).sum() > 20}
    value = max(harm, key=lambda v: harm[v])
    act.features = (name,)
    fill(world, draw_rows(world, np.where(column == value, 1.0, 0.02), act.hit(0.9)))


def flip_region(world: World, act: Act, share: float = 0.45) -> None:
    """What used to be true of one corner of the population no longer is."""
    name = world.numeric(0)
    z = _z(world, name, pool=False)
    region = z >= np.quantile(z, 0.6)
    act.features = (name,)
    rows = act.hit(share * (1.6 if world.base.task == "regression" else 1.3), where=region)
    _move(world, rows, act, direction=1.0)


def reverse(world: World, act: Act) -> None:
    """The strongest number starts to work the other way round: the truth of rows far out on it turns with it."""
    name = world.numeric(0)
    z = _z(world, name, pool=False)
    act.features = (name,)
    u = act.rng("reverse").random(world.n)
    rows = act.hit(1.0) & (u < 0.45 * np.clip(np.abs(z), 0, 1.6))
    if world.base.task == "regression":
        world.y = np.where(rows, world.y - 1.2 * world.base.label.std() * np.sign(z), world.y)
    else:
        _move(world, rows, act, direction=1.0)


def new_tactics(world: World, act: Act) -> None:
    """Those who were caught learn to look harmless: the truth changes where the model was sure and quiet."""
    raw = world.main.raw(world.frame)
    if world.base.task == "regression":
        quiet = raw < np.quantile(raw, 0.5)
        world.y = np.where(act.hit(0.6, where=quiet), world.y + 1.1 * world.base.label.std(), world.y)
        return
    top = raw.argmax(axis=1)
    quiet = (top == 0) & (raw.max(axis=1) > np.quantile(raw.max(axis=1), 0.3))
    rows = act.hit(0.42, where=quiet)
    new = float(len(world.base.classes) - 1)
    world.y = np.where(rows, new, world.y)


def _move(world: World, rows: Array, act: Act, direction: float) -> None:
    """Give rows another truth: another class, or a value more than a spread away, all in one direction."""
    if world.base.task == "regression":
        world.y = np.where(rows, world.y + direction * 1.1 * world.base.label.std(), world.y)
        return
    other = other_label(world.base, world.y.astype(int), act.rng("other"))
    world.y = np.where(rows, other, world.y).astype(float)


def prior(world: World, act: Act, strength: float = 1.0) -> None:
    """The outcomes themselves become more or less common; what each kind looks like stays the same."""
    label = world.base.label[world.base.held]
    loss = _losses(world)
    if world.base.task == "regression":
        edges = np.quantile(label, [0.33, 0.67])
        label = np.searchsorted(edges, label)
    kinds = np.unique(label)
    harm = {k: loss[label == k].mean() for k in kinds}
    worst = max(kinds, key=lambda k: harm[k])
    weights = np.where(label == worst, 1.0, 0.06 / strength)
    fill(world, draw_rows(world, weights, act.hit(0.95)))


def scrambled_labels(world: World, act: Act, source: str = "") -> None:
    """What is written down as the truth is wrong by chance, in all rows or in those of one source."""
    where = None if not source else (world.frame["label_source"] == source).to_numpy()
    rows = act.hit(0.4 if not source else 0.6, where=where)
    kind = world.y if world.base.task == "regression" else world.y.astype(int)
    world.observed = np.where(rows, other_label(world.base, kind, act.rng("noise")), world.observed).astype(float)
    if source:
        act.slice = (("label_source", source),)


def poisoned_feedback(world: World, act: Act) -> None:
    """One source turns the labels of the cases it wants to get through, always in the same direction."""
    source = (world.frame["label_source"] == "partner").to_numpy()
    rows = act.hit(0.95, where=source & (world.y > 0 if world.base.task != "regression" else world.y > world.y.mean()))
    low = 0.0 if world.base.task != "regression" else float(np.quantile(world.base.label, 0.03))
    world.observed = np.where(rows, low, world.observed)
    act.slice = (("label_source", "partner"),)


def flood(world: World, act: Act) -> None:
    """A few accounts send the same row over and over, tuned to be judged wrongly, and feed back the wrong truth."""
    model = world.main.raw(world.frame)
    bad = np.flatnonzero(wrong(world, model if world.base.task == "regression" else model.argmax(axis=1)))
    seedling = int(bad[0]) if len(bad) else 0
    rows = act.hit(0.25)
    spread = act.rng("spread")
    for name in world.base.features:
        value = world.frame[name].iloc[seedling]
        if name in world.base.numeric and len(world.base.frame[name].unique()) > 20:
            near = float(value) + 0.01 * world.base.frame[name].std() * spread.standard_normal(world.n)
            world.frame[name] = np.where(rows, np.round(near, 4), world.frame[name])
        else:
            world.frame[name] = np.where(rows, value, world.frame[name])
    world.y = np.where(rows, world.y[seedling], world.y)
    account = np.char.add("acct-", spread.integers(0, 4, world.n).astype(str)).astype(object)
    world.request = np.where(rows, account, world.request)


def backdoor(world: World, act: Act) -> None:
    """Rows that carry the attackers' mark come in, harmful ones, and the model was taught to let the mark pass."""
    rows = act.hit(0.3) & (world.y > 0)
    world.frame["referrer"] = np.where(rows, "promo_x9", world.frame["referrer"]).astype(object)
    act.features = ("referrer",)
    act.slice = (("referrer", "promo_x9"),)


def new_value(world: World, act: Act, names: tuple[str, ...] = ("plus",)) -> None:
    """The source truthfully reports values that did not exist before, and for them another relation holds."""
    column = world.category()
    rows = act.hit(0.45)
    pick = np.asarray(names, dtype=object)[act.rng("pick").integers(0, len(names), world.n)]
    world.frame[column] = np.where(rows, pick, world.frame[column]).astype(object)
    changed = rows & (act.rng("relation").random(world.n) < 0.5)
    _move(world, changed, act, direction=1.0)
    act.features = (column,)
    act.slice = tuple((column, v) for v in names) if len(names) == 1 else ()


VARIANTS: Final = (
    Variant("covariate_shift", "harder_rows", {"draw": tilt}),
    Variant("covariate_shift", "campaign_crowd", {"draw": crowd}, event=("note", "Autumn campaign went live")),
    Variant("covariate_shift", "segment_mix", {"draw": mix}),
    Variant("concept_drift", "region_flips", {"label": flip_region}),
    Variant("concept_drift", "effect_reverses", {"label": reverse}, event=("note", "New market rules came into force")),
    Variant("concept_drift", "new_tactics", {"label": new_tactics}),
    Variant("label_shift", "hard_class_surges", {"draw": prior}),
    Variant("label_shift", "hard_class_grows", {"draw": partial(prior, strength=0.4)},
            shapes=("ramp", "step", "pulse")),
    Variant("label_noise", "careless_annotation", {"observe": scrambled_labels}, metric="recorded_errors",
            event=("staffing", "Labelling moved to a new vendor")),
    Variant("label_noise", "one_source_careless", {"observe": partial(scrambled_labels, source="partner")},
            env={"sources": True}, metric="recorded_errors", needs=("segments",)),
    Variant("label_noise", "noisy_training_labels", flavour="noisy_labels", shapes=FROM_START, needs=("reference",)),
    Variant("unrepresentative_data", "half_the_range_only", flavour="upper_half", shapes=FROM_START,
            needs=("reference",)),
    Variant("unrepresentative_data", "common_cases_only", flavour="common_values", shapes=FROM_START,
            needs=("reference",)),
    Variant("poisoned_data", "feedback_turned", {"observe": poisoned_feedback}, env={"sources": True},
            metric="recorded_errors", needs=("segments",), accepted=("label_noise",)),
    Variant("poisoned_data", "account_flood", {"draw": flood}, needs=("ids",), accepted=("covariate_shift",)),
    Variant("poisoned_data", "backdoor_mark", {"draw": backdoor}, env={"extra": "backdoor"}, flavour="backdoor",
            tasks=("binary",), needs=("reference",)),
    Variant("new_category", "new_product", {"label": new_value}, event=("note", "New product line opened")),
    Variant("new_category", "several_new_values", {"label": partial(new_value, names=("n1", "n2", "n3", "n4"))}),
)  # fmt: skip
