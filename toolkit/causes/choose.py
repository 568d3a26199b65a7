"""The choice between rivals (floor 5): a conditional logit over candidates, shared weights, then a refusal rule.

utility(candidate) = w . features, the same weights for every mechanism, so that what was fitted on some mechanisms
holds for others (McFadden 1974). Two more rivals have utilities of their own: ``none``, which falls with the evidence
of harm, and ``unexplained``, a cause that left no trace in the log, which rises with it. The weights are fitted by
``benchmarks/verdict/fit.py`` on its tuning half and kept in ``weights.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt
from pathlib import Path
from typing import Final

import numpy as np

from toolkit.causes.candidates import REPLAYED, SERVICE, STANDING, UNFAIR, Candidate
from toolkit.causes.doubles import Double
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
    "hurt",
    "signature",
    "doubt",
)
NONE_FEATURES: Final = ("none", "none_harm", "none_unlabelled", "none_blind")
UNEXPLAINED_FEATURES: Final = ("unexplained", "unexplained_harm", "unexplained_blind")

#: Service faults whose harm the labels show: a request without an answer counts as an error.
_IN_LABELS: Final = frozenset({"timeouts", "errors", "latency"})
#: Patterns that hardly anything else leaves: an exact factor, exchanged columns, a cut that reproduces every answer.
_SIGNATURES: Final = frozenset(
    {
        "unit_change",
        "schema_change",
        "category_recoded",
        "swapped_columns",
        "missing_values",
        "default_filled",
        "stale_feature",
        "threshold_misconfigured",
        "training_serving_skew",
    }
)
#: Detectors whose patterns hardly anything else leaves, whatever the mechanism.
_SURE_DETECTORS: Final = frozenset({"calibration", "overconfidence", "taught_noise", "traffic", "duplicates", "scale"})
_SOFT: Final = frozenset({"covariate_shift", "concept_drift", "unrepresentative_data"})


#: How often a log means something else than all its findings say, however clear they are. Of the faults that were named
#: at .99 and more on 235 incidents that others wrote, diagnosed once each before they were looked at, 92 % were right.
UNFORESEEN: Final = 0.07


@dataclass(frozen=True)
class Choice:
    """Probabilities of the candidates (in their order), of ``none`` and of a cause that the log does not show.

    ``doubles`` are what candidates had to share with stories that this log cannot tell from them; ``spared`` is the
    part of ``none`` in which something did happen and hurt nobody.
    """

    of: tuple[float, ...]
    none: float
    unexplained: float = 0.0
    doubles: tuple[tuple[int, Double, float], ...] = ()
    spared: float = 0.0

    def by_cause(self, found: Sequence[Candidate]) -> dict[str, float]:
        """Sum over each of the five causes, with ``none``; what the log does not show may be any of the five."""
        total: dict[str, float] = dict.fromkeys(CAUSES, self.unexplained / len(CAUSES))
        for p, c in zip(self.of, found, strict=True):
            total[c.cause] += p
        total["none"] = self.none
        for _, double, p in self.doubles:
            total[double.cause] += p
        return total


def features(c: Candidate, damage: Damage) -> list[float]:
    """Describe a candidate by scale-free numbers, in the order of ``FEATURES``."""
    hurt = 0.0 if np.isnan(c.hurt) else c.hurt
    harm = float(np.clip(max((damage.z - 2.0) / 4.0, (hurt - 1.5) / 4.0), 0.0, 1.0))
    signed = c.mechanism in _SIGNATURES or c.best.finding.detector in _SURE_DETECTORS
    signed = signed and c.best.finding.detector != "association"  # columns part company for many reasons
    free = _free(c, damage)
    late = damage.change.found and damage.change.shape != "from_start"
    return [
        c.strength,
        min(c.z, 12.0) / 12.0,
        c.share,
        c.timing,
        c.refuted,
        1.0 - c.importance,
        1.0 if c.mechanism in _SOFT else 0.0,
        1.0 if late and _from_start(c) else 0.0,
        0.0 if free else 1.0 - harm,
        1.0 if c.mechanism in UNFAIR else 0.0,
        1.0 if c.mechanism in _IN_LABELS else 0.0,
        1.0 if c.cause == "data" and _from_start(c) else 0.0,
        _little(c, damage),
        float(np.clip(hurt / 6.0, -0.5, 1.0)),
        float(np.clip((c.strength - 0.5) / 0.4, 0.0, 1.0)) * c.importance if signed else 0.0,
        0.0 if free else (1.0 - harm) * c.doubt,
    ]


def _free(c: Candidate, damage: Damage) -> bool:
    """Whether the candidate is harm by itself, or nobody can know whether it did any."""
    slow = c.mechanism == "latency" and (c.best.finding.effect or 0.0) > 2.5
    own = c.mechanism in UNFAIR or c.mechanism in REPLAYED or c.mechanism in SERVICE - _IN_LABELS
    return slow or c.best.harmful or own or damage.kind == "unknown"


def harmed(c: Candidate, damage: Damage) -> float:
    """Give the chance that what happened did harm at all, by the loss of the rows that it touched (a flat prior).

    That a column came in another unit may be certain and have hurt nobody; then nothing is what did the damage. 1 for
    what is harm by itself, where labels cannot tell, and where the whole log's harm is sure and it explains some of it.
    """
    if _free(c, damage) or np.isnan(c.hurt):
        return 1.0
    z = max(c.hurt, damage.z) if c.share >= 0.25 else c.hurt
    return float(0.5 * (1.0 + erf(z / sqrt(2.0))))


def _from_start(c: Candidate) -> bool:
    """Whether the candidate was there from the first row."""
    return c.best.change.shape == "from_start" if c.best.change is not None else c.mechanism in STANDING


def _little(c: Candidate, damage: Damage) -> float:
    """1 where the harm is sure and the candidate explains none of it, 0 from a quarter of it on."""
    if damage.kind != "labels" or damage.z < 3:
        return 0.0
    return float(np.clip(1.0 - c.share / 0.25, 0.0, 1.0))


def none_features(damage: Damage) -> list[float]:
    """Describe ``nothing is wrong``: 1, how sure the harm is (0 to 1), and whether harm can be known at all."""
    blind = 0.0 if damage.kind == "unknown" else float(np.clip(damage.upper / 0.15, 0.0, 1.0))
    if damage.unskilled:
        blind = 1.0
    return [1.0, float(np.clip(damage.z / 8.0, 0.0, 1.5)), 1.0 if damage.kind == "unknown" else 0.0, blind]


def unexplained_features(damage: Damage) -> list[float]:
    """Describe ``something did it that left no trace``: 1, how sure the harm is, and how large it may be unseen."""
    one, harm, _, blind = none_features(damage)
    return [one, harm, blind]


@lru_cache(maxsize=1)
def weights() -> Mapping[str, float]:
    """Give the fitted weights."""
    text = (Path(__file__).parent / "weights.json").read_text(encoding="utf-8")
    return {k: float(v) for k, v in json.loads(text)["weights"].items()}


def choose(found: Sequence[Candidate], damage: Damage, doubles: Sequence[Double | None] = ()) -> Choice:
    """Give the probabilities of candidates, ``none`` and ``unexplained``; doubles take half of a candidate's."""
    w = weights()

    def utility(names: Sequence[str], values: Sequence[float]) -> float:
        return float(np.dot([w[n] for n in names], values))

    u = np.array(
        [
            *(utility(FEATURES, features(c, damage)) for c in found),
            utility(NONE_FEATURES, none_features(damage)),
            utility(UNEXPLAINED_FEATURES, unexplained_features(damage)),
        ]
    )
    p = np.exp(u - u.max())
    p *= (1.0 - UNFORESEEN) / p.sum()
    fair = [harmed(c, damage) for c in found]
    spared = sum(float(v) * (1.0 - h) for v, h in zip(p, fair, strict=False))
    of = [float(v) * h for v, h in zip(p, fair, strict=False)]
    shared = []
    for i, double in enumerate(doubles):
        if double is not None:
            of[i] /= 2
            shared.append((i, double, of[i]))
    return Choice(tuple(of), float(p[-2]) + spared, float(p[-1]) + UNFORESEEN, tuple(shared), spared)
