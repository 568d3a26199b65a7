"""Integration faults in the values: what the source said did not reach the model whole (testing, floor 6)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit.errors import PostmortemError
from toolkit.testing.models import Array
from toolkit.testing.variant import FROM_START, Variant
from toolkit.testing.world import Act, World


def _region(world: World, act: Act, value: str) -> Array | None:
    if not value:
        return None
    act.slice = (("region", value),)
    return (world.frame["region"] == value).to_numpy()


def scale(world: World, act: Act, factor: float, offset: float = 0.0, share: float = 1.0, region: str = "") -> None:
    """One number arrives in another unit: from all senders, a share of them, or one region."""
    name = world.numeric(0)
    rows = act.hit(share, where=_region(world, act, region))
    world.put(name, rows, world.served[name].to_numpy(float) * factor + offset)
    act.features = (name,)


def drop_column(world: World, act: Act, renamed: str = "") -> None:
    """A column is no longer delivered under its name; under a new one it may be, where nobody reads it."""
    name = world.numeric(0)
    rows = act.hit(1.0, scaled=False)
    if renamed:
        world.served[f"{name}{renamed}"] = np.where(rows, world.served[name].to_numpy(float), np.nan)
    world.put(name, rows, np.nan)
    act.features = (name,)


def as_text(world: World, act: Act) -> None:
    """A number comes as text with a comma for a point, which the model's reader takes for nothing."""
    name = world.numeric(0)
    rows = act.hit(1.0, scaled=False)
    text = np.array([f"{v:.2f}".replace(".", ",") for v in world.served[name].to_numpy(float)], dtype=object)
    world.put(name, rows, text)
    act.features = (name,)


def recode(world: World, act: Act, how: str) -> None:
    """A category comes under other names: upper case, numbers, or with two of its names exchanged."""
    name = world.category()
    rows = act.hit(1.0)
    column = world.served[name].to_numpy(object)
    known = list(pd.Series(world.base.frame[name]).value_counts().index)
    order = {v: i for i, v in enumerate(known)}
    if how == "upper":
        new = np.array([str(v).upper() for v in column], dtype=object)
    elif how == "codes":
        new = np.array([str(order[v] + 1) for v in column], dtype=object)
    else:
        turned = {v: known[(i + 1) % len(known)] for i, v in enumerate(known)}
        new = np.array([turned[v] for v in column], dtype=object)
    world.put(name, rows, new)
    act.features = (name,)


def swap(world: World, act: Act, region: str = "") -> None:
    """Two numbers change places on their way."""
    first, second = world.numeric(0), world.numeric(1)
    if first == second:
        raise PostmortemError(f"the base {world.base.name!r} has one number only", fix="swap columns of another base")
    rows = act.hit(1.0, where=_region(world, act, region))
    a, b = world.served[first].to_numpy(float), world.served[second].to_numpy(float)
    world.put(first, rows, b)
    world.put(second, rows, a)
    act.features = (first, second)


def blank(world: World, act: Act, share: float = 0.75, region: str = "", places: tuple[int, ...] = (0, 1)) -> None:
    """Values go missing on the way, in the strongest numbers."""
    names = tuple(dict.fromkeys(world.numeric(p) for p in places))
    rows = act.hit(share, where=_region(world, act, region))
    for name in names:
        world.put(name, rows, np.nan)
    act.features = names


def default(world: World, act: Act, how: str, share: float = 0.8) -> None:
    """What is missing is filled on the way by a constant, which hides that it is missing."""
    name = world.numeric(0)
    pool = world.base.frame[name].to_numpy(float)
    value = {"zero": 0.0, "mean": float(np.round(pool.mean(), 2)), "sentinel": -999.0}[how]
    world.put(name, act.hit(share), value)
    act.features = (name,)


def freeze_feed(world: World, act: Act) -> None:
    """The feed stops: from the onset on every row of a region carries the last value that came."""
    names = (world.numeric(0), world.numeric(1))
    rows = act.hit(1.0, scaled=False)
    first = int(np.argmax(act.strength > 0))
    region = world.frame["region"].to_numpy()
    for name in names:
        column = world.served[name].to_numpy(float)
        last = {r: column[:first][region[:first] == r] for r in np.unique(region)}
        known = {r: (v[-1] if len(v) else float(np.median(column))) for r, v in last.items()}
        world.put(name, rows, np.array([known[r] for r in region]))
    act.features = tuple(dict.fromkeys(names))


def freeze_entities(world: World, act: Act) -> None:
    """Every entity keeps the values of its last visit before the onset."""
    names = tuple(dict.fromkeys(world.numeric(p) for p in (0, 1)))
    rows = act.hit(1.0, scaled=False)
    first = int(np.argmax(act.strength > 0))
    before = pd.DataFrame({"who": world.request[:first]}).reset_index()
    last = before.groupby("who")["index"].last()
    place = pd.Series(world.request).map(last).to_numpy(float)
    known = ~np.isnan(place)
    at = np.where(known, np.nan_to_num(place), 0).astype(int)
    for name in names:
        column = world.served[name].to_numpy(float)
        world.put(name, rows & known, column[at])
    act.features = names


def lag(world: World, act: Act) -> None:
    """Every entity is served the values of its visit before the last: the feature store runs a day late."""
    names = tuple(dict.fromkeys(world.numeric(p) for p in (0, 1)))
    rows = act.hit(1.0, scaled=False)
    for name in names:
        column = pd.Series(world.served[name].to_numpy(float))
        late = column.groupby(pd.Series(world.request)).shift(1)
        world.put(name, rows & late.notna().to_numpy(), late.to_numpy())
    act.features = names


def skew(world: World, act: Act, how: str) -> None:
    """From the first request on, serving computes a feature otherwise than training did."""
    name = world.numeric(0)
    column = world.served[name].to_numpy(float)
    rng = act.rng("skew")
    spread = float(world.base.frame[name].std())
    middle = float(world.base.frame[name].median())
    new: dict[str, Any] = {
        "log": np.sign(column) * np.log1p(np.abs(column)),
        "window": column * 0.45 + 0.9 * spread + 0.3 * spread * rng.standard_normal(world.n),
        "join": column[rng.permutation(world.n)],
        "clipped": np.minimum(column, middle - 0.4 * spread),
    }
    world.put(name, act.hit(1.0), np.round(new[how], 4))
    act.features = (name,)


_ENTITIES: Final = {"entities": 90}

VARIANTS: Final = (
    Variant("unit_change", "times_100", {"serve": partial(scale, factor=100.0)}, label_free=True),
    Variant("unit_change", "inches_to_cm", {"serve": partial(scale, factor=2.54)}, label_free=True),
    Variant("unit_change", "fahrenheit", {"serve": partial(scale, factor=1.8, offset=32.0)}, label_free=True),
    Variant("unit_change", "thousands_in_part", {"serve": partial(scale, factor=0.001, share=0.6)}, label_free=True),
    Variant("unit_change", "cents_of_one_region", {"serve": partial(scale, factor=100.0, region="north")},
            label_free=True, event=("deployment", "Region north moved to the new billing interface")),
    Variant("schema_change", "column_gone", {"serve": drop_column}, label_free=True, accepted=("missing_values",),
            event=("data_change", "Upstream schema 12 published")),
    Variant("schema_change", "column_renamed", {"serve": partial(drop_column, renamed="_v2")}, label_free=True),
    Variant("schema_change", "number_as_text", {"serve": as_text}, label_free=True),
    Variant("category_recoded", "upper_case", {"serve": partial(recode, how="upper")}, label_free=True),
    Variant("category_recoded", "codes_for_names", {"serve": partial(recode, how="codes")}, label_free=True),
    Variant("category_recoded", "names_exchanged", {"serve": partial(recode, how="rotated")}, label_free=True),
    Variant("swapped_columns", "two_numbers", {"serve": swap}, label_free=True),
    Variant("swapped_columns", "one_region", {"serve": partial(swap, region="north")}, label_free=True),
    Variant("missing_values", "nulls", {"serve": blank}, label_free=True),
    Variant("missing_values", "one_region_nulls", {"serve": partial(blank, share=1.0, region="north")},
            label_free=True),
    Variant("missing_values", "outage", {"serve": partial(blank, share=1.0, places=(0, 1, 2))},
            shapes=("pulse", "step"), label_free=True),
    Variant("default_filled", "zeros", {"serve": partial(default, how="zero")}, label_free=True),
    Variant("default_filled", "means", {"serve": partial(default, how="mean", share=1.0)}, label_free=True),
    Variant("default_filled", "sentinels", {"serve": partial(default, how="sentinel")}, label_free=True),
    Variant("stale_feature", "feed_stopped", {"serve": freeze_feed}, shapes=("step", "pulse"), label_free=True,
            accepted=("default_filled",)),
    Variant("stale_feature", "entities_frozen", {"serve": freeze_entities}, env=_ENTITIES, needs=("ids",),
            shapes=("step", "pulse"), label_free=True),
    Variant("stale_feature", "one_visit_late", {"serve": lag}, env=_ENTITIES, needs=("ids",),
            shapes=("step", "ramp"), label_free=True),
    Variant("training_serving_skew", "log_in_serving", {"serve": partial(skew, how="log")}, shapes=FROM_START,
            needs=("reference",), label_free=True),
    Variant("training_serving_skew", "other_window", {"serve": partial(skew, how="window")}, shapes=FROM_START,
            needs=("reference",), label_free=True),
    Variant("training_serving_skew", "wrong_join", {"serve": partial(skew, how="join")}, shapes=FROM_START,
            needs=("reference",), label_free=True),
    Variant("training_serving_skew", "clipped", {"serve": partial(skew, how="clipped")}, shapes=FROM_START,
            needs=("reference",), label_free=True),
)  # fmt: skip
