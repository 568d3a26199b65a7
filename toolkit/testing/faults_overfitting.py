"""Overfitting: the model learned its rows, its pilot or its lab, not the task (testing, floor 6)."""

from __future__ import annotations

from typing import Final

import numpy as np

from toolkit.testing.flavour_parts import standard
from toolkit.testing.variant import CLASSES, FROM_START, Variant
from toolkit.testing.world import Act, World


def new_site(world: World, act: Act, name: str = "site_b") -> None:
    """Rows of a site that the pilot never saw, where the device's level has nothing to do with the truth."""
    rows = act.hit(0.9)
    noise = np.round(100 + 10 * act.rng("level").standard_normal(world.n), 2)
    world.frame["device_level"] = np.where(rows, noise, world.frame["device_level"])
    world.frame["region"] = np.where(rows, name, world.frame["region"]).astype(object)
    act.features = ("device_level",)
    act.slice = (("region", name),)


def lab_to_field(world: World, act: Act) -> None:
    """From the first row on the shortcut of the lab is gone, and so are the lab's sites."""
    noise = np.round(100 + 10 * act.rng("level").standard_normal(world.n), 2)
    world.frame["device_level"] = noise
    sites = act.rng("sites").choice(["field_1", "field_2", "field_3"], world.n).astype(object)
    world.frame["region"] = sites
    act.features = ("device_level",)


def second_factory(world: World, act: Act) -> None:
    """A second factory is connected: its device reads on another level, weakly tied to the truth the wrong way."""
    rows = act.hit(0.7)
    label = world.y if world.base.task == "regression" else world.y.astype(int)
    mark = -0.5 * standard(world.base, label) + act.rng("level").standard_normal(world.n)
    world.frame["device_level"] = np.where(rows, np.round(100 + 9 * mark, 2), world.frame["device_level"])
    world.frame["region"] = np.where(rows, "factory_2", world.frame["region"]).astype(object)
    act.features = ("device_level",)
    act.slice = (("region", "factory_2"),)


_REF: Final = ("reference", "train")
_SHORTCUT: Final = {"extra": "shortcut"}

VARIANTS: Final = (
    Variant("memorised_training_data", "deep_tree", flavour="deep_tree", env={"extra": "deep_tree"},
            shapes=FROM_START, needs=_REF),
    Variant("memorised_training_data", "nearest_neighbour", flavour="neighbour", shapes=FROM_START, needs=_REF),
    Variant("memorised_training_data", "boosted_too_long", flavour="long_boosting", shapes=FROM_START, needs=_REF,
            accepted=("overconfidence",)),
    Variant("pilot_did_not_generalise", "new_site", {"draw": new_site}, env=_SHORTCUT, flavour="shortcut",
            shapes=("step", "ramp"), needs=("segments", "reference"), event=("deployment", "Roll-out to site B began")),
    Variant("pilot_did_not_generalise", "second_factory", {"draw": second_factory}, env=_SHORTCUT, flavour="shortcut",
            shapes=("step", "ramp"), needs=("segments", "reference")),
    Variant("pilot_did_not_generalise", "lab_to_field", {"draw": lab_to_field}, env=_SHORTCUT, flavour="shortcut",
            shapes=FROM_START, needs=("segments", "reference")),
    Variant("leakage", "uninformative_when_served", flavour="leak_shuffled", env={"extra": "leak_shuffled"},
            shapes=FROM_START, needs=("reference",), features=("followup_amount",)),
    Variant("leakage", "not_yet_known", flavour="leak_null", env={"extra": "leak_null"}, shapes=FROM_START,
            needs=("reference",), features=("followup_amount",)),
    Variant("leakage", "zero_until_later", flavour="leak_zero", env={"extra": "leak_zero"}, shapes=FROM_START,
            needs=("reference",), features=("followup_amount",)),
    Variant("leakage", "rows_in_both_splits", flavour="leak_rows", shapes=FROM_START, needs=_REF,
            accepted=("memorised_training_data",)),
    Variant("overconfidence", "too_sure", flavour="sharp", shapes=FROM_START, tasks=CLASSES, needs=("scores",),
            metric="log_loss"),
    Variant("overconfidence", "rather_too_sure", flavour="sharp_mild", shapes=FROM_START, tasks=CLASSES,
            needs=("scores",), metric="log_loss"),
)  # fmt: skip
