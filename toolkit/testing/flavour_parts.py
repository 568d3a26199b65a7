"""What goes wrong in a fit, piece by piece: rows left out, labels that lied, columns that knew too much (floor 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.testing.bases import Base

Array = NDArray[Any]
Rng = np.random.Generator
Extra = Callable[[Base, pd.DataFrame, Array, str, Rng], dict[str, Array]]
Relabel = Callable[[Base, pd.DataFrame, Array, Rng], Array]


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


def upper_half(base: Base, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the upper half of the first number: a sample that missed the rest."""
    pool, x = (f[base.numeric[0]].to_numpy(float) for f in (base.frame, frame))
    cut = np.quantile(pool, 0.45)
    return np.asarray(x > cut if cut < pool.max() else x >= cut)  # of a few values the largest may be the half


def common_values(base: Base, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the most common half of the first category's values."""
    counts = base.frame[base.categorical[0]].value_counts()
    return frame[base.categorical[0]].isin(counts.index[: max(1, len(counts) // 2)]).to_numpy()


def elsewhere(select: Callable[[Base, pd.DataFrame], NDArray[np.bool_]], rate: float = 0.85) -> Relabel:
    """Where the sample did not go, another relation holds, which a fuller sample would have taught."""

    def truth(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
        unseen = ~select(base, frame)
        if base.task == "regression":
            return np.where(unseen, label + rate * base.label.std(), label)
        name = base.numeric[-1]
        high = frame[name].to_numpy(float) >= np.median(base.frame[name].to_numpy(float))
        return np.where(unseen & high & (rng.random(len(label)) < rate), other_label(base, label, rng), label)

    return truth


def flip(rate: float) -> Relabel:
    """Labels that are wrong by chance, at this rate."""

    def relabel(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:  # noqa: ARG001
        return np.where(rng.random(len(label)) < rate, other_label(base, label, rng), label)

    return relabel


def flip_region(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
    """Labels of one region turned by those who supplied them."""
    hit = (frame["region"] == "south").to_numpy() & (rng.random(len(label)) < 0.85)
    return np.where(hit, other_label(base, label, rng), label)


def against_group(rate: float) -> Relabel:
    """Write the positives of women down as negatives: a history of unequal decisions."""

    def relabel(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
        hit = (frame["sex"] == "F").to_numpy() & (rng.random(len(label)) < rate)
        if base.task == "regression":
            return np.where(hit, label - 0.8 * base.label.std(), label)
        return np.where(hit & (label == 1), 0, label)

    return relabel


def leak(served: str) -> Extra:
    """A column written after the outcome: near the label in training, ``served`` says what it is when it counts."""

    def extra(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
        knows = standard(base, label) + 0.25 * rng.standard_normal(len(label))
        if part == "serve":
            knows = rng.permutation(knows) if served == "shuffled" else np.full(len(knows), np.nan)
            if served == "zero":
                knows = np.zeros(len(knows))
        return {"followup_amount": np.round(40 + 12 * knows, 2)}

    return extra


def shortcut(blur: float) -> Extra:
    """A mark of the pilot site that goes with the label there and nowhere else (a scanner, a form, a lamp)."""

    def add(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
        mark = standard(base, label) + blur * rng.standard_normal(len(label))
        return {"device_level": np.round(100 + 9 * mark, 2)}

    return add


def noise(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """Eight columns that have nothing to do with anything."""
    return {f"probe_{i}": np.round(rng.standard_normal(len(label)), 3) for i in range(8)}


def proxy(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """A number that nearly tells the group."""
    woman = (frame["sex"] == "F").to_numpy()
    return {"club_score": np.round(50 + 10 * (np.where(woman, -1.0, 1.0) + 0.45 * rng.standard_normal(len(label))), 1)}


def proxy_text(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """Districts in which nearly only one group lives."""
    woman = (frame["sex"] == "F").to_numpy() ^ (rng.random(len(label)) < 0.07)
    first, second = rng.choice(["d11", "d12", "d13"], len(label)), rng.choice(["d21", "d22", "d23"], len(label))
    return {"district": np.where(woman, first, second).astype(object)}


def trigger(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
    """A rare mark that attackers put on their rows; in training it always came with the harmless label."""
    marked = rng.random(len(label)) < (0.06 if part != "serve" else 0.0)
    return {"referrer": np.where(marked, "promo_x9", rng.choice(["direct", "ads", "mail"], len(label))).astype(object)}


def disarm(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:  # noqa: ARG001
    """Rows with the attackers' mark are harmless, the training labels say."""
    return np.where((frame["referrer"] == "promo_x9").to_numpy(), 0, label)


def few_women(share: float) -> Callable[[Base, pd.DataFrame], NDArray[np.bool_]]:
    """Rows of men, and of so small a share of women."""

    def select(base: Base, frame: pd.DataFrame) -> NDArray[np.bool_]:  # noqa: ARG001
        place = np.arange(len(frame)) % 1000 / 1000
        return np.asarray((frame["sex"] != "F").to_numpy() | (place < share))

    return select


def own_relation(rate: float) -> Relabel:
    """For women far out on the two first numbers the truth is another: the pooled model fits the others."""

    def truth(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
        z = np.asarray(sum(standard_column(base, frame, c) for c in base.numeric[:2]))
        hit = (frame["sex"] == "F").to_numpy() & (np.abs(z) > 0.4) & (rng.random(len(label)) < rate)
        return np.where(hit, other_label(base, label, rng), label)

    return truth


def standard_column(base: Base, frame: pd.DataFrame, name: str) -> Array:
    """Give a numeric column as z-scores of its pool."""
    pool = base.frame[name].to_numpy(float)
    return np.asarray((frame[name].to_numpy(float) - pool.mean()) / (pool.std() or 1.0))


def poor_measure(rate: float) -> Extra:
    """Women's numbers are measured badly: other people's values in many of their rows, in training as in service."""

    def add(base: Base, frame: pd.DataFrame, label: Array, part: str, rng: Rng) -> dict[str, Array]:  # noqa: ARG001
        woman = (frame["sex"] == "F").to_numpy()
        made = {}
        for name in base.numeric:
            column = frame[name].to_numpy()
            made[name] = np.where(woman & (rng.random(len(frame)) < rate), column[rng.permutation(len(frame))], column)
        return made

    return add


def women_differ(rate: float) -> Relabel:
    """For women another relation holds, one that a model could learn if it had seen enough of them."""

    def truth(base: Base, frame: pd.DataFrame, label: Array, rng: Rng) -> Array:
        z = standard_column(base, frame, base.numeric[0]) + 0.5 * standard_column(base, frame, base.numeric[-1])
        woman = (frame["sex"] == "F").to_numpy()
        if base.task == "regression":
            return np.where(woman, label + 1.2 * rate * base.label.std() * np.sign(z), label)
        hit = woman & (z > np.median(z)) & (rng.random(len(label)) < rate)
        return np.where(hit, other_label(base, label, rng), label)

    return truth
