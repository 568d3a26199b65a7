"""Identifiability twins: one visible log that two different causes explain equally well (testing, floor 6).

The right answer to each is ``undetermined``, with the measurement that would settle it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from toolkit.errors import PostmortemError
from toolkit.testing.incidents import make_incident
from toolkit.testing.truth import GeneratedIncident, Truth
from toolkit.vocabulary import CAUSE_OF


@dataclass(frozen=True)
class TwinPair:
    """One log and the two stories behind it; ``settle`` is what would tell them apart."""

    name: str
    case: GeneratedIncident
    truths: tuple[Truth, Truth]
    settle: str


@dataclass(frozen=True)
class _Recipe:
    name: str
    mechanism: str
    variant: str
    other: str
    shown: tuple[str, ...]
    settle: str
    labels: str = "full"
    env: Mapping[str, Any] | None = None


#: Columns that every log of a pair may have; all others are hidden unless the recipe shows them.
_ALL: Final = (
    "features", "scores", "predictions", "groups", "segments", "versions", "latency", "ids", "decisions", "deciders",
    "cost", "events", "reference", "train", "label_times",
)  # fmt: skip

RECIPES: Final = (
    _Recipe("concept_drift_or_healthy_without_labels", "concept_drift", "region_flips", "none",
            ("features", "scores", "predictions", "groups", "segments", "versions", "latency", "reference", "train"),
            "500 to 1,000 labels of rows after the onset, drawn at random", labels="none"),
    _Recipe("new_tactics_or_healthy_without_labels", "concept_drift", "new_tactics", "none",
            ("features", "scores", "predictions", "reference", "train"),
            "500 to 1,000 labels of rows after the onset, drawn at random", labels="none"),
    _Recipe("leak_or_skew_without_features", "leakage", "uninformative_when_served", "training_serving_skew",
            ("predictions", "reference"), "200 served rows with their features computed again as in training"),
    _Recipe("big_bang_rollout_or_drift_on_the_same_day", "bad_rollout", "big_bang", "concept_drift",
            ("predictions", "versions"), "the old version's answers to 1,000 requests after the switch"),
    _Recipe("worse_model_or_worse_people", "bad_rollout", "big_bang", "harmful_overrides", ("decisions",),
            "what the model had predicted for the decided cases", env={"deciders": "human"}),
    _Recipe("group_gap_or_noisy_labels_of_a_group", "performance_gap", "own_relation", "label_noise",
            ("predictions", "groups"), "about 200 rows of each group labelled again, independently"),
    _Recipe("unequal_selection_or_unequal_need", "selection_gap", "higher_bar", "none", ("predictions", "groups"),
            "labels, or what the two groups would need", labels="none"),
    _Recipe("retired_version_or_drift", "wrong_model_version", "rolled_back_by_mistake", "concept_drift",
            ("predictions",), "which version answered each request"),
)  # fmt: skip


def identifiability_twins(seed: int = 0, *, rows: int = 3000, base: str = "credit") -> list[TwinPair]:
    """Make every pair once: logs of which no diagnosis can honestly name one cause."""
    return [_pair(recipe, seed, rows, base) for recipe in RECIPES]


TWIN_NAMES: Final = tuple(recipe.name for recipe in RECIPES)


def make_twin(name: str, *, seed: int = 0, rows: int = 3000, base: str = "credit") -> TwinPair:
    """Make one pair by its name (``TWIN_NAMES``).

    Raises:
        PostmortemError: an unknown name.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return _pair(recipe, seed, rows, base)
    raise PostmortemError(f"there is no pair {name!r}", fix=f"the pairs are: {', '.join(TWIN_NAMES)}")


def _pair(recipe: _Recipe, seed: int, rows: int, base: str) -> TwinPair:
    columns = {name: name in recipe.shown for name in _ALL}
    case = make_incident(
        recipe.mechanism,
        variant=recipe.variant,
        base=base,
        rows=rows,
        seed=seed,
        labels=recipe.labels,
        columns=columns,
        env={"rollout": None, "sources": False, **(recipe.env or {})},
    )
    mine = replace(case.truth, identifiable=False, variant=recipe.name)
    other = replace(
        mine, cause=CAUSE_OF.get(recipe.other, "none"), mechanism=recipe.other, accepted=(recipe.other,), shares={}
    )
    return TwinPair(recipe.name, replace(case, truth=mine), (mine, other), recipe.settle)
