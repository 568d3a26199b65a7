"""How a model's fit went wrong (testing, floor 6): rows it never saw, labels that lied, columns that knew too much.

Every flavour is used by the mechanisms of its cause; ``extend`` gives a frame its extra column and its training labels
for ``train`` and ``valid`` rows, and for ``serve`` rows as they come in later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.errors import PostmortemError
from toolkit.testing.bases import Base
from toolkit.testing.flavour_parts import (
    Array,
    Extra,
    Relabel,
    Rng,
    against_group,
    common_values,
    disarm,
    elsewhere,
    few_women,
    flip,
    flip_region,
    leak,
    noise,
    own_relation,
    poor_measure,
    proxy,
    proxy_text,
    shortcut,
    trigger,
    upper_half,
    women_differ,
)


@dataclass(frozen=True)
class Flavour:
    """One way to fit a model; the defaults are the healthy way.

    ``truth`` changes what is true (for a group whose relation differs), ``relabel`` only what was written down.
    ``lift``, ``power`` and ``bar`` are of women alone: what is added to the logit of their score, the exponent on
    their odds, and their threshold.
    """

    select: Callable[[Base, pd.DataFrame], NDArray[np.bool_]] | None = None
    truth: Relabel | None = None
    relabel: Relabel | None = None
    relabel_valid: bool = False
    lift: float = 0.0
    power: float = 1.0
    bar: float | None = None
    add: Extra | None = None
    extra_numeric: tuple[str, ...] = ()
    extra_categorical: tuple[str, ...] = ()
    drop: bool = False
    estimator: str = ""
    train_rows: int = 0
    sharpen: float = 1.0
    valid_is_train: bool = False

    def rows(self, base: Base, part: Array, rng: Rng) -> Array:
        """Give the rows of a part of the pool that this fit has: the selected ones, no more than ``train_rows``."""
        if self.select is not None:
            part = part[self.select(base, base.frame.iloc[part])]
        if self.train_rows and part is not base.held and len(part) > self.train_rows:
            part = rng.permutation(part)[: self.train_rows]
        return part

    def columns(self, base: Base) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give the numeric and the categorical features that the model uses."""
        dropped = len(base.numeric) // 2 if self.drop else 0
        return base.numeric[dropped:] + self.extra_numeric, base.categorical + self.extra_categorical

    def extend(self, base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> tuple[pd.DataFrame, Array]:
        """Give the frame with its extra column, and the labels as this part recorded them."""
        if self.truth is not None:
            label = self.truth(base, frame, label, rng)
        if self.add is not None:
            frame = frame.assign(**self.add(base, frame, label, part, rng))
        if self.relabel is not None and (part == "train" or (part == "valid" and self.relabel_valid)):
            label = self.relabel(base, frame, label, rng)
        return frame, label


FLAVOURS: Final[dict[str, Flavour]] = {
    "plain": Flavour(),
    "retrained": Flavour(train_rows=3200),
    "old": Flavour(train_rows=150, drop=True),
    "broken": Flavour(relabel=flip(0.45)),
    "noisy_labels": Flavour(relabel=flip(0.4), relabel_valid=True),
    "poisoned_region": Flavour(relabel=flip_region, relabel_valid=True),
    "backdoor": Flavour(add=trigger, extra_categorical=("referrer",), relabel=disarm, relabel_valid=True),
    "upper_half": Flavour(select=upper_half, truth=elsewhere(upper_half)),
    "common_values": Flavour(select=common_values, truth=elsewhere(common_values)),
    "deep_tree": Flavour(
        estimator="tree", train_rows=250, add=noise, extra_numeric=tuple(f"probe_{i}" for i in range(8))
    ),
    "neighbour": Flavour(estimator="neighbour", train_rows=400),
    "long_boosting": Flavour(estimator="long_boosting", train_rows=250, relabel=flip(0.15), relabel_valid=True),
    "leak_shuffled": Flavour(add=leak("shuffled"), extra_numeric=("followup_amount",)),
    "leak_null": Flavour(add=leak("null"), extra_numeric=("followup_amount",)),
    "leak_zero": Flavour(add=leak("zero"), extra_numeric=("followup_amount",)),
    "leak_rows": Flavour(estimator="tree", train_rows=500, valid_is_train=True),
    "shortcut": Flavour(add=shortcut(0.5), extra_numeric=("device_level",)),
    "sharp": Flavour(sharpen=5.0),
    "sharp_mild": Flavour(sharpen=3.0),
    "against_group": Flavour(relabel=against_group(0.6), relabel_valid=True),
    "own_relation": Flavour(truth=own_relation(0.42)),
    "poor_measure": Flavour(add=poor_measure(0.7)),
    "few_women": Flavour(select=few_women(0.03), truth=women_differ(0.75)),
    "no_women": Flavour(select=few_women(0.0), truth=women_differ(0.75)),
    "lower_score": Flavour(lift=-1.4),
    "higher_bar": Flavour(bar=0.75),
    "lower_score_mild": Flavour(lift=-0.8),
    "sure_of_women": Flavour(power=4.0),
    "unsure_of_women": Flavour(power=0.3),
    "proxy": Flavour(add=proxy, extra_numeric=("club_score",), relabel=against_group(0.7), relabel_valid=True),
    "proxy_text": Flavour(
        add=proxy_text, extra_categorical=("district",), relabel=against_group(0.7), relabel_valid=True
    ),
}

_PROBES: Final = tuple(f"probe_{i}" for i in range(8))

#: The same ways to go wrong, less so: what a fault of less than full severity is fitted with.
MILD: Final[dict[str, Flavour]] = {
    "broken": Flavour(relabel=flip(0.4), train_rows=800),
    "noisy_labels": Flavour(relabel=flip(0.3), relabel_valid=True),
    "upper_half": Flavour(select=upper_half, truth=elsewhere(upper_half, 0.5)),
    "common_values": Flavour(select=common_values, truth=elsewhere(common_values, 0.5)),
    "deep_tree": Flavour(estimator="tree", train_rows=600, add=noise, extra_numeric=_PROBES),
    "neighbour": Flavour(estimator="neighbour", train_rows=1200),
    "long_boosting": Flavour(estimator="long_boosting", train_rows=500, relabel=flip(0.1), relabel_valid=True),
    "leak_rows": Flavour(estimator="tree", train_rows=1000, valid_is_train=True),
    "shortcut": Flavour(add=shortcut(0.9), extra_numeric=("device_level",)),
    "sharp": Flavour(sharpen=3.5),
    "sharp_mild": Flavour(sharpen=2.4),
    "against_group": Flavour(relabel=against_group(0.4), relabel_valid=True),
    "own_relation": Flavour(truth=own_relation(0.25)),
    "poor_measure": Flavour(add=poor_measure(0.4)),
    "few_women": Flavour(select=few_women(0.03), truth=women_differ(0.5)),
    "no_women": Flavour(select=few_women(0.0), truth=women_differ(0.5)),
    "lower_score": Flavour(lift=-1.0),
    "higher_bar": Flavour(bar=0.66),
    "lower_score_mild": Flavour(lift=-0.6),
    "sure_of_women": Flavour(power=2.6),
    "unsure_of_women": Flavour(power=0.45),
    "proxy": Flavour(add=proxy, extra_numeric=("club_score",), relabel=against_group(0.5), relabel_valid=True),
    "proxy_text": Flavour(
        add=proxy_text, extra_categorical=("district",), relabel=against_group(0.5), relabel_valid=True
    ),
}


def flavour(name: str) -> Flavour:
    """Give a flavour by its name; ``name~`` is its mild form, or itself where it has none.

    Raises:
        PostmortemError: an unknown name.
    """
    plain = name.removesuffix("~")
    if plain not in FLAVOURS:
        raise PostmortemError(f"there is no flavour {name!r}", fix=f"they are: {', '.join(FLAVOURS)}")
    return MILD.get(plain, FLAVOURS[plain]) if name.endswith("~") else FLAVOURS[plain]
