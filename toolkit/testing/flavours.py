"""How a model's fit went wrong (testing, floor 6): rows it never saw, labels that lied, columns that knew too much.

Every flavour is used by the mechanisms of its cause; ``extend`` gives a frame its extra column and its training labels
for ``train`` and ``valid`` rows, and for ``serve`` rows as they come in later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.testing.bases import Base

Array = NDArray[Any]
Rng = np.random.Generator
Extra = Callable[[Base, pd.DataFrame, Array, str, Rng], dict[str, Array]]
Relabel = Callable[[Base, pd.DataFrame, Array, Rng], Array]


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


def other_label(base: Base, label: Array, rng: Rng) -> Array:
    """Give another label for every row: the next class, or a value off by one to two standard deviations."""
    if base.task == "regression":
        step = base.label.std() * rng.uniform(1.0, 2.0, len(label)) * rng.choice([-1, 1], len(label))
        return np.asarray(label + step)
    return (label + rng.integers(1, max(2, len(base.classes)), len(label))) % len(base.classes)


def standard(base: Base, label: Array) -> Array:
    """Give labels as numbers of mean 0 and spread 1 over the pool: what a leak or a shortcut is made of."""
    pool = base.label.astype(float)
    return np.asarray((np.asarray(label, float) - pool.mean()) / pool.std())


def _upper_half(base: Base, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the upper half of the first number: a sample that missed the rest."""
    name = base.numeric[0]
    return np.asarray(frame[name].to_numpy(float) > np.quantile(base.frame[name].to_numpy(float), 0.45))


def _common_values(base: Base, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the most common half of the first category's values."""
    counts = base.frame[base.categorical[0]].value_counts()
    return frame[base.categorical[0]].isin(counts.index[: max(1, len(counts) // 2)]).to_numpy()


def _elsewhere(select: Callable[[Base, pd.DataFrame], NDArray[np.bool_]]) -> Relabel:
    """Where the sample did not go, another relation holds, which a fuller sample would have taught."""

    def truth(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
        unseen = ~select(base, frame)
        if base.task == "regression":
            return np.where(unseen, label + 0.9 * base.label.std(), label)
        return np.where(unseen & (rng.random(len(label)) < 0.45), other_label(base, label, rng), label)

    return truth


def _flip(rate: float) -> Relabel:
    def relabel(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:  # noqa: ARG001
        return np.where(rng.random(len(label)) < rate, other_label(base, label, rng), label)

    return relabel


def _flip_region(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
    """Labels of one region turned by those who supplied them."""
    hit = (frame["region"] == "south").to_numpy() & (rng.random(len(label)) < 0.85)
    return np.where(hit, other_label(base, label, rng), label)


def _against_group(rate: float) -> Relabel:
    """Write the positives of women down as negatives: a history of unequal decisions."""

    def relabel(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
        hit = (frame["sex"] == "F").to_numpy() & (rng.random(len(label)) < rate)
        if base.task == "regression":
            return np.where(hit, label - 0.8 * base.label.std(), label)
        return np.where(hit & (label == 1), 0, label)

    return relabel


def _leak(served: str) -> Extra:
    """A column written after the outcome: near the label in training, ``served`` says what it is when it counts."""

    def extra(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
        knows = standard(base, label) + 0.25 * rng.standard_normal(len(label))
        if part == "serve":
            knows = rng.permutation(knows) if served == "shuffled" else np.full(len(knows), np.nan)
            if served == "zero":
                knows = np.zeros(len(knows))
        return {"followup_amount": np.round(40 + 12 * knows, 2)}

    return extra


def _shortcut(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """A mark of the pilot site that goes with the label there and nowhere else (a scanner, a form, a lamp)."""
    mark = standard(base, label) + 0.5 * rng.standard_normal(len(label))
    return {"device_level": np.round(100 + 9 * mark, 2)}


def _noise(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    return {f"probe_{i}": np.round(rng.standard_normal(len(label)), 3) for i in range(8)}


def _proxy(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    woman = (frame["sex"] == "F").to_numpy()
    return {"club_score": np.round(50 + 10 * (np.where(woman, -1.0, 1.0) + 0.45 * rng.standard_normal(len(label))), 1)}


def _proxy_text(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    woman = (frame["sex"] == "F").to_numpy() ^ (rng.random(len(label)) < 0.07)
    first, second = rng.choice(["d11", "d12", "d13"], len(label)), rng.choice(["d21", "d22", "d23"], len(label))
    return {"district": np.where(woman, first, second).astype(object)}


def _trigger(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """A rare mark that attackers put on their rows; in training it always came with the harmless label."""
    marked = rng.random(len(label)) < (0.06 if part != "serve" else 0.0)
    return {"referrer": np.where(marked, "promo_x9", rng.choice(["direct", "ads", "mail"], len(label))).astype(object)}


def _disarm(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:  # noqa: ARG001
    return np.where((frame["referrer"] == "promo_x9").to_numpy(), 0, label)


def _few_women(share: float) -> Callable[[Base, pd.DataFrame], NDArray[np.bool_]]:
    def select(base: Base, frame: pd.DataFrame) -> NDArray[np.bool_]:  # noqa: ARG001
        place = np.arange(len(frame)) % 1000 / 1000
        return np.asarray((frame["sex"] != "F").to_numpy() | (place < share))

    return select


def _own_relation(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
    """For women the two strongest numbers work the other way round in part: the pooled model fits the others."""
    z = np.asarray(sum(standard_column(base, frame, c) for c in base.numeric[:2]))
    hit = (frame["sex"] == "F").to_numpy() & (np.abs(z) > 0.4) & (rng.random(len(label)) < 0.42)
    return np.where(hit, other_label(base, label, rng), label)


def standard_column(base: Base, frame: pd.DataFrame, name: str) -> Array:
    """Give a numeric column as z-scores of its pool."""
    pool = base.frame[name].to_numpy(float)
    return np.asarray((frame[name].to_numpy(float) - pool.mean()) / (pool.std() or 1.0))


def _poor_measure(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """Women's numbers are measured badly: other people's values in most of their rows, in training as in service."""
    woman = (frame["sex"] == "F").to_numpy()
    made = {}
    for name in base.numeric:
        column = frame[name].to_numpy()
        made[name] = np.where(woman & (rng.random(len(frame)) < 0.7), column[rng.permutation(len(frame))], column)
    return made


def _women_differ(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
    """For women another relation holds, one that a model could learn if it had seen enough of them."""
    z = standard_column(base, frame, base.numeric[0]) + 0.5 * standard_column(base, frame, base.numeric[-1])
    woman = (frame["sex"] == "F").to_numpy()
    if base.task == "regression":
        return np.where(woman, label + 0.9 * base.label.std() * np.sign(z), label)
    hit = woman & (z > np.median(z)) & (rng.random(len(label)) < 0.75)
    return np.where(hit, other_label(base, label, rng), label)


FLAVOURS: Final[dict[str, Flavour]] = {
    "plain": Flavour(),
    "retrained": Flavour(train_rows=3200),
    "old": Flavour(train_rows=150, drop=True),
    "broken": Flavour(relabel=_flip(0.45)),
    "noisy_labels": Flavour(relabel=_flip(0.4), relabel_valid=True),
    "poisoned_region": Flavour(relabel=_flip_region, relabel_valid=True),
    "backdoor": Flavour(add=_trigger, extra_categorical=("referrer",), relabel=_disarm, relabel_valid=True),
    "upper_half": Flavour(select=_upper_half, truth=_elsewhere(_upper_half)),
    "common_values": Flavour(select=_common_values, truth=_elsewhere(_common_values)),
    "deep_tree": Flavour(
        estimator="tree", train_rows=250, add=_noise, extra_numeric=tuple(f"probe_{i}" for i in range(8))
    ),
    "neighbour": Flavour(estimator="neighbour", train_rows=400),
    "long_boosting": Flavour(estimator="long_boosting", train_rows=250, relabel=_flip(0.15), relabel_valid=True),
    "leak_shuffled": Flavour(add=_leak("shuffled"), extra_numeric=("followup_amount",)),
    "leak_null": Flavour(add=_leak("null"), extra_numeric=("followup_amount",)),
    "leak_zero": Flavour(add=_leak("zero"), extra_numeric=("followup_amount",)),
    "leak_rows": Flavour(estimator="tree", train_rows=500, valid_is_train=True),
    "shortcut": Flavour(add=_shortcut, extra_numeric=("device_level",)),
    "sharp": Flavour(sharpen=5.0),
    "sharp_mild": Flavour(sharpen=3.0),
    "against_group": Flavour(relabel=_against_group(0.6), relabel_valid=True),
    "own_relation": Flavour(truth=_own_relation),
    "poor_measure": Flavour(add=_poor_measure),
    "few_women": Flavour(select=_few_women(0.03), truth=_women_differ),
    "no_women": Flavour(select=_few_women(0.0), truth=_women_differ),
    "lower_score": Flavour(lift=-1.4),
    "higher_bar": Flavour(bar=0.75),
    "lower_score_mild": Flavour(lift=-0.8),
    "sure_of_women": Flavour(power=4.0),
    "unsure_of_women": Flavour(power=0.3),
    "proxy": Flavour(add=_proxy, extra_numeric=("club_score",), relabel=_against_group(0.7), relabel_valid=True),
    "proxy_text": Flavour(
        add=_proxy_text, extra_categorical=("district",), relabel=_against_group(0.7), relabel_valid=True
    ),
}
