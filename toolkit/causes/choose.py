"""The choice between rivals (floor 5): a conditional logit over candidates, shared weights, then a refusal rule.

utility(candidate) = w . features, the same weights for every mechanism, so that what was fitted on some mechanisms
holds for others (McFadden 1974); ``none`` has a utility of its own that falls with the evidence of harm. The weights
are fitted by ``benchmarks/verdict`` on its tuning half and kept in ``weights.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from toolkit.causes.candidates import REPLAYED, SERVICE, STANDING, UNFAIR, Candidate
from toolkit.impact.harm import Damage
from toolkit.vocabulary import CAUSES

FEATURES: Final = (
    "strength",
    "surety",
    "share",
    "timing",
    "refuted",
    "unused",
    "soft",
    "standing_but_onset",
    "no_harm",
    "unfair",
    "service",
    "soft_from_start",
    "little",
)


#: Service faults whose harm the labels show: a request without an answer counts as an error.
_IN_LABELS: Final = frozenset({"timeouts", "errors", "latency"})


@dataclass(frozen=True)
class Choice:
    """Probabilities of the candidates (in their order) and of ``none``."""

    of: tuple[float, ...]
    none: float

    def by_cause(self, found: Sequence[Candidate]) -> dict[str, float]:
        """Sum the candidates' probabilities over each of the five causes, with ``none``."""
        total: dict[str, float] = dict.fromkeys(CAUSES, 0.0)
        for p, c in zip(self.of, found, strict=True):
            total[c.cause] += p
        return {**total, "none": self.none}


def features(c: Candidate, damage: Damage) -> list[float]:
    """Describe a candidate by scale-free numbers, in the order of ``FEATURES``."""
    slow = c.mechanism == "latency" and (c.best.finding.effect or 0.0) > 3.0
    own = slow or c.mechanism in UNFAIR or c.mechanism in REPLAYED or c.mechanism in SERVICE - _IN_LABELS
    harm = float(np.clip((damage.z - 2.0) / 4.0, 0.0, 1.0))
    late = damage.change.found and damage.change.shape != "from_start"
    return [
        c.strength,
        min(c.z, 12.0) / 12.0,
        c.share,
        c.timing,
        c.refuted,
        1.0 - c.importance,
        1.0 if c.mechanism in ("covariate_shift", "concept_drift", "unrepresentative_data", "overconfidence") else 0.0,
        1.0 if c.mechanism in STANDING and late else 0.0,
        0.0 if own or damage.kind == "unknown" else 1.0 - harm,
        1.0 if c.mechanism in UNFAIR else 0.0,
        1.0 if c.mechanism in _IN_LABELS else 0.0,
        1.0 if c.cause == "data" and c.best.change is not None and c.best.change.shape == "from_start" else 0.0,
        _little(c, damage),
    ]


def _little(c: Candidate, damage: Damage) -> float:
    """1 where the harm is sure and the candidate explains none of it, 0 from a quarter of it on."""
    if damage.kind != "labels" or damage.z < 3:
        return 0.0
    return float(np.clip(1.0 - c.share / 0.25, 0.0, 1.0))


@lru_cache(maxsize=1)
def weights() -> Mapping[str, float]:
    """Give the fitted weights."""
    text = (Path(__file__).parent / "weights.json").read_text(encoding="utf-8")
    return {k: float(v) for k, v in json.loads(text)["weights"].items()}


def none_features(damage: Damage) -> list[float]:
    """Describe ``nothing is wrong``: 1, how sure the harm is (0 to 1), and whether harm can be known at all."""
    blind = 0.0 if damage.kind == "unknown" else float(np.clip(damage.upper / 0.15, 0.0, 1.0))
    if damage.unskilled:
        blind = 1.0
    return [1.0, float(np.clip(damage.z / 8.0, 0.0, 1.5)), 1.0 if damage.kind == "unknown" else 0.0, blind]


NONE_FEATURES: Final = ("none", "none_harm", "none_unlabelled", "none_blind")


def choose(found: Sequence[Candidate], damage: Damage) -> Choice:
    """Give every candidate and ``none`` its probability."""
    w = weights()
    vector = np.array([w[f] for f in FEATURES])
    utilities = [float(np.dot(vector, features(c, damage))) for c in found]
    nothing = float(np.dot([w[f] for f in NONE_FEATURES], none_features(damage)))
    u = np.array([*utilities, nothing]) * w.get("temperature", 1.0)
    p = np.exp(u - u.max())
    p /= p.sum()
    return Choice(tuple(float(v) for v in p[:-1]), float(p[-1]))
