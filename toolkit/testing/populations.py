"""Synthetic populations made to look like real tables: credit, churn, hiring, demand, claims (testing, floor 6).

Correlated columns from three latent factors, skewed numbers, categories, regions; groups have nothing to do with
the label or with any feature, so that a gap between them is always somebody's doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.testing.bases import Base
from toolkit.vocabulary import Task

POOL_ROWS: Final = 16_000
TRAIN_ROWS: Final = 4_000


@dataclass(frozen=True)
class Number:
    """A numeric column of a synthetic population: its loadings on the latent factors, shape and effect on the label."""

    name: str
    kind: str
    centre: float
    spread: float
    loads: tuple[float, float, float]
    effect: float


@dataclass(frozen=True)
class Choice:
    """A categorical column: its values, how common they are, their effects, and the factor that moves them."""

    name: str
    values: tuple[str, ...]
    shares: tuple[float, ...]
    effects: tuple[float, ...]
    factor: int


@dataclass(frozen=True)
class Population:
    """The recipe of a synthetic population."""

    task: Task
    numbers: tuple[Number, ...]
    choices: tuple[Choice, ...]
    centre: float
    sharpness: float
    classes: tuple[str, ...] = ("0", "1")


_REGION = Choice("region", ("north", "south", "east", "west"), (0.4, 0.3, 0.2, 0.1), (0.0,) * 4, 2)

POPULATIONS: Final[dict[str, Population]] = {
    "credit": Population(
        "binary",
        (
            Number("income", "lognormal", 3.6, 0.5, (0.7, 0.0, 0.2), -1.0),
            Number("utilisation", "share", -0.4, 1.0, (-0.5, 0.4, 0.0), 1.1),
            Number("debt_ratio", "share", -1.0, 0.8, (-0.4, 0.5, 0.0), 0.6),
            Number("months_employed", "lognormal", 3.8, 0.7, (0.5, -0.2, 0.0), -0.4),
            Number("late_payments", "count", -0.2, 0.8, (-0.3, 0.6, 0.0), 0.8),
            Number("age", "normal", 43.0, 11.0, (0.4, 0.0, 0.3), -0.2),
        ),
        (
            Choice(
                "product", ("card", "loan", "mortgage", "overdraft"), (0.4, 0.3, 0.18, 0.12), (0.9, 0, -1.5, 1.5), 1
            ),
            Choice("channel", ("web", "branch", "partner"), (0.55, 0.3, 0.15), (0.0, -0.3, 0.4), 0),
        ),
        -0.7,
        3.4,
    ),
    "churn": Population(
        "binary",
        (
            Number("tenure_months", "lognormal", 3.0, 0.8, (0.6, 0.0, 0.2), -1.2),
            Number("monthly_charge", "normal", 62.0, 18.0, (0.2, 0.6, 0.0), 0.8),
            Number("support_calls", "count", 0.1, 0.7, (-0.2, 0.5, 0.0), 0.9),
            Number("usage_gb", "lognormal", 2.2, 0.9, (0.3, 0.3, 0.4), -0.5),
            Number("days_since_login", "lognormal", 1.6, 1.0, (-0.4, 0.0, -0.3), 0.7),
        ),
        (
            Choice("contract", ("monthly", "yearly", "two_year"), (0.5, 0.3, 0.2), (1.2, -0.6, -1.6), 0),
            Choice("payment", ("card", "transfer", "invoice"), (0.5, 0.3, 0.2), (0.0, -0.2, 0.5), 1),
        ),
        -0.5,
        3.2,
    ),
    "hiring": Population(
        "binary",
        (
            Number("years_experience", "lognormal", 1.6, 0.6, (0.6, 0.0, 0.2), 0.8),
            Number("test_score", "normal", 64.0, 14.0, (0.3, 0.6, 0.0), 1.3),
            Number("typing_errors", "count", 0.5, 0.6, (0.0, -0.5, 0.0), -0.6),
            Number("gap_months", "lognormal", 1.0, 0.9, (-0.3, 0.0, 0.3), -0.4),
            Number("distance_km", "lognormal", 2.3, 0.7, (0.0, 0.0, 0.3), -0.2),
        ),
        (
            Choice("degree", ("none", "bachelor", "master", "doctor"), (0.25, 0.4, 0.28, 0.07), (-1.2, 0, 0.7, 1.0), 1),
            Choice("source", ("portal", "referral", "agency"), (0.6, 0.25, 0.15), (-0.2, 0.6, 0.0), 0),
        ),
        0.0,
        3.2,
    ),
    "demand": Population(
        "regression",
        (
            Number("price", "lognormal", 2.5, 0.3, (0.5, 0.0, 0.0), -8.0),
            Number("footfall", "lognormal", 5.5, 0.4, (0.0, 0.7, 0.0), 12.0),
            Number("temperature", "normal", 14.0, 7.0, (0.0, 0.2, 0.7), 5.0),
            Number("stock_days", "normal", 20.0, 6.0, (0.3, 0.0, 0.0), 1.0),
            Number("last_week", "normal", 120.0, 18.0, (-0.3, 0.6, 0.3), 6.0),
        ),
        (
            Choice("promo", ("none", "flyer", "discount"), (0.7, 0.18, 0.12), (0.0, 6.0, 18.0), 0),
            Choice(
                "category", ("dairy", "bakery", "produce", "frozen"), (0.3, 0.3, 0.25, 0.15), (0.0, 8.0, -6.0, -12.0), 1
            ),
        ),
        120.0,
        8.0,
        (),
    ),
    "claims": Population(
        "multiclass",
        (
            Number("amount", "lognormal", 7.0, 0.8, (0.7, 0.0, 0.0), 1.2),
            Number("days_to_report", "lognormal", 1.5, 0.8, (0.0, 0.6, 0.0), 1.0),
            Number("vehicle_age", "normal", 8.0, 3.5, (-0.4, 0.2, 0.0), 0.5),
            Number("prior_claims", "count", -0.5, 0.7, (0.2, 0.4, 0.0), 0.9),
            Number("photo_count", "count", 1.4, 0.4, (0.3, -0.3, 0.0), -0.6),
        ),
        (
            Choice("damage", ("glass", "body", "total", "theft"), (0.35, 0.4, 0.12, 0.13), (-1.2, 0.0, 1.4, 1.0), 0),
            Choice("intake", ("app", "phone", "garage"), (0.5, 0.3, 0.2), (-0.2, 0.3, 0.0), 1),
        ),
        0.0,
        5.0,
        ("fast_track", "standard", "investigate"),
    ),
}


def _shape(kind: str, centre: float, spread: float, g: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Turn a standard normal column into one that looks like a real one."""
    if kind == "lognormal":
        return np.round(np.exp(centre + spread * g), 2)
    if kind == "share":
        return np.round(1 / (1 + np.exp(-(centre + spread * g))), 4)
    if kind == "count":
        return rng.poisson(np.exp(centre + spread * g)).astype(float)
    return np.round(centre + spread * g, 1)


def _pick(choice: Choice, f: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw codes of a categorical column; its factor orders who gets which value, loosely."""
    rank = 0.6 * f[:, choice.factor] + 0.8 * rng.standard_normal(len(f))
    edges = np.quantile(rank, np.cumsum(choice.shares)[:-1])
    return np.searchsorted(edges, rank).astype(np.int64)


def synthetic(name: str, seed: int) -> Base:
    """Draw a population: correlated features, a label that depends on them, groups and regions that it does not use."""
    recipe = POPULATIONS[name]
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    n = POOL_ROWS
    f = rng.standard_normal((n, 3))
    columns: dict[str, Any] = {}
    eta = np.zeros(n)
    for number in recipe.numbers:
        load = np.asarray(number.loads)
        g = f @ load + np.sqrt(1 - load @ load) * rng.standard_normal(n)
        columns[number.name] = _shape(number.kind, number.centre, number.spread, g, rng)
        shown = columns[number.name]
        if number.kind == "count":
            shown = np.log1p(shown)
        elif number.kind == "lognormal":
            shown = np.log(np.maximum(shown, 1e-6))
        eta += number.effect * (shown - shown.mean()) / (shown.std() + 1e-9)
    for choice in recipe.choices:
        codes = _pick(choice, f, rng)
        columns[choice.name] = np.asarray(choice.values, dtype=object)[codes]
        eta += np.asarray(choice.effects, dtype=float)[codes]
    columns["region"] = np.asarray(_REGION.values, dtype=object)[_pick(_REGION, f, rng)]
    columns["sex"] = np.where(rng.random(n) < 0.5, "F", "M").astype(object)
    columns["origin"] = np.asarray(["a", "b", "c"], dtype=object)[rng.choice(3, n, p=[0.62, 0.26, 0.12])]
    label = _label(recipe, eta, rng)
    order = rng.permutation(n)
    return Base(
        name,
        recipe.task,
        pd.DataFrame(columns),
        label,
        recipe.classes,
        tuple(x.name for x in recipe.numbers),
        tuple(x.name for x in recipe.choices),
        ("sex", "origin"),
        ("region",),
        order[:TRAIN_ROWS],
        order[TRAIN_ROWS:],
    )


def _label(recipe: Population, eta: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Draw the label from the linear predictor: by a logistic, by two cut points, or with noise added."""
    eta = eta - eta.mean()
    if recipe.task == "regression":
        return np.asarray(np.round(recipe.centre + eta + recipe.sharpness * rng.standard_normal(len(eta)), 1))
    noisy = recipe.sharpness * eta / eta.std() + recipe.centre + rng.logistic(size=len(eta))
    if recipe.task == "binary":
        return np.asarray((noisy > 0).astype(np.int64))
    cuts = np.quantile(noisy, [0.45, 0.8])
    return np.asarray(np.searchsorted(cuts, noisy), dtype=np.int64)
