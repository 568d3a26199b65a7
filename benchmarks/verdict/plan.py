"""Which logs the benchmark plays: groups of trials, each one reproducible from its own few words.

A trial belongs to the half ``tune`` or ``held_out`` by a hash of its mechanism, variant and base data set. Both halves
have been looked at, misses and all; what is reported is the part ``fresh``: populations, splits and fits that no other
trial has, three real sets among them that no other trial uses, other severities, and nobody looked at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from toolkit import testing
from toolkit.testing import GeneratedIncident, Truth
from toolkit.testing.incidents import VARIANTS
from toolkit.testing.variant import Variant
from toolkit.testing.world import FRESH

BASES: Final = {
    "binary": ("credit", "phishing", "churn", "breast_cancer", "hiring", "flights", "bananas"),
    "multiclass": ("claims", "digits", "image_segments", "wine"),
    "regression": ("demand", "diabetes", "delays", "approval"),
}
#: What the part ``fresh`` is played on; the first of each are in no other part.
FRESH_BASES: Final = {
    "binary": ("weather", "hiring", "phishing", "credit", "flights", "churn", "breast_cancer", "bananas"),
    "multiclass": ("iris", "wine", "claims", "digits", "image_segments"),
    "regression": ("chicks", "diabetes", "demand", "approval", "delays"),
}
HALVES: Final = ("tune", "held_out", "fresh")
MODELS: Final = ("logistic", "forest", "boosting")
GROUPS: Final = (
    "strong", "hard", "regression", "multi", "n500", "small", "no_labels", "healthy", "harmless", "twins",
)  # fmt: skip
MASKS: Final = {
    "nothing": {},
    "labels": {"labels": "none"},
    "groups": {"columns": {"groups": False}},
    "decisions": {"columns": {"decisions": False, "deciders": False}},
    "events": {"columns": {"events": False}},
    "reference": {"columns": {"reference": False}},
}


@dataclass(frozen=True)
class Trial:
    """One log to diagnose: ``kind`` says which function of ``toolkit.testing`` makes it, with which ``args``."""

    group: str
    kind: str
    args: dict[str, Any] = field(default_factory=dict)
    mask: str = ""

    @property
    def half(self) -> str:
        """Which half the trial belongs to, or ``fresh``."""
        a = self.args
        if int(a.get("seed", 0)) >= FRESH:
            return "fresh"
        faults = a.get("faults") or [a]
        words = [str(f.get(k, "")) for f in faults for k in ("mechanism", "variant", "kind", "name")]
        key = "/".join([*words, str(a.get("base", ""))])
        return "tune" if hashlib.sha256(key.encode()).digest()[0] % 2 == 0 else "held_out"

    @property
    def name(self) -> str:
        """Name the trial in one line."""
        return f"{self.group}{'-' + self.mask if self.mask else ''}: {self.kind} {self.args}"


def build(trial: Trial) -> tuple[GeneratedIncident, tuple[Truth, ...]]:
    """Make the log of a trial, and the truths that explain it: one, or two of an identifiability twin."""
    args = dict(trial.args)
    if trial.kind == "twin":
        pair = testing.make_twin(args.pop("name"), **args)
        return pair.case, pair.truths
    makers: dict[str, Any] = {
        "incident": testing.make_incident, "healthy": testing.make_healthy, "series": testing.make_series,
        "record": testing.make_record,
    }  # fmt: skip
    if trial.kind == "multi":
        case = testing.make_multi(args.pop("faults"), **args)
    else:
        first = args.pop("mechanism") if trial.kind == "incident" else args.pop("kind")
        case = makers[trial.kind](first, **args)
    return case, (case.truth,)


def _bases(
    variant: Variant, want: int, place: int, tasks: tuple[str, ...], of: Mapping[str, tuple[str, ...]] = BASES
) -> list[str]:
    """Give bases for a variant, moving on from variant to variant so that all are used about equally."""
    pool = [b for task in tasks if task in variant.tasks for b in of[task] if b in testing.base_names()]
    return [pool[(place * 5 + i * 3) % len(pool)] for i in range(min(want, len(pool)))] if pool else []


def _model(base: str, place: int) -> str:
    return MODELS[1 + place % 2] if base == "bananas" else MODELS[place % 3]


def _faults(group: str, repeat: int, tasks: tuple[str, ...]) -> Iterator[Trial]:
    """Give trials of every variant on some bases, as strong or as hard as the group says."""
    for place, variant in enumerate(VARIANTS):
        for i, base in enumerate(_bases(variant, repeat, place + len(group), tasks)):
            rng = np.random.default_rng([place, i, sum(map(ord, group))])
            args: dict[str, Any] = {
                "mechanism": variant.mechanism, "variant": variant.name, "base": base,
                "model": _model(base, place + i), "rows": 4000, "seed": int(rng.integers(1, 10_000)),
                "onset": round(float(rng.uniform(0.35, 0.6)), 3), "severity": 1.0, "shape": variant.shapes[0],
            }  # fmt: skip
            if group == "hard":
                args |= {"rows": 5000, "onset": round(float(rng.uniform(0.35, 0.55)), 3)}
            args |= _of_group(group, variant, rng)
            yield Trial(group, "incident", args)


def _of_group(group: str, variant: Variant, rng: np.random.Generator) -> dict[str, Any]:
    """Give what makes a trial one of its group: near the limit and partly labelled, few rows, or no labels."""
    if group == "hard":
        return {
            "severity": round(float(rng.uniform(0.35, 0.7)), 2),
            "shape": str(rng.choice(variant.shapes)),
            "labels": str(rng.choice(["full", "partial", "delayed"], p=[0.5, 0.25, 0.25])),
        }
    if group == "n500":
        return {"rows": 500}
    if group == "small":
        return {"rows": int(np.exp(rng.uniform(np.log(30), np.log(500))))}
    return {"labels": "none"} if group == "no_labels" else {}


def _healthy(group: str, kinds: tuple[str, ...], repeat: int) -> Iterator[Trial]:
    """Give logs with which nothing is wrong, of every kind on every task."""
    bases = [b for task in BASES for b in BASES[task] if b in testing.base_names()]
    for i, kind in enumerate(kinds):
        for j in range(repeat):
            base = bases[(i * 4 + j * 7) % len(bases)]
            rows = (4000, 2000, 6000)[j % 3]
            args = {"kind": kind, "base": base, "model": _model(base, i + j), "rows": rows, "seed": 100 * i + j}
            yield Trial(group, "healthy", args)


PAIRS: Final = (
    ("unit_change", "times_100", "concept_drift", "region_flips"),
    ("missing_values", "nulls", "threshold_misconfigured", "too_high"),
    ("covariate_shift", "harder_rows", "bad_rollout", "big_bang"),
    ("concept_drift", "new_tactics", "harmful_overrides", "new_instruction"),
    ("timeouts", "default_served", "covariate_shift", "campaign_crowd"),
    ("over_reliance", "waved_through", "category_recoded", "names_exchanged"),
    ("not_adopted", "abandoned", "stale_feature", "feed_stopped"),
    ("swapped_columns", "two_numbers", "not_adopted", "one_team"),
)


def _multi(repeat: int) -> Iterator[Trial]:
    for i, (first, one, second, two) in enumerate(PAIRS):
        for j in range(repeat):
            rng = np.random.default_rng([i, j, 5])
            base = BASES["binary"][(i + 2 * j) % len(BASES["binary"])]
            strong = [float(round(v, 2)) for v in rng.uniform(0.5, 1.0, 2)]
            faults = [
                {"mechanism": first, "variant": one, "onset": 0.4, "severity": strong[0]},
                {"mechanism": second, "variant": two, "onset": 0.65, "severity": strong[1]},
            ]
            yield Trial("multi", "multi", {
                "faults": faults, "base": base, "model": _model(base, i + j), "rows": 5000, "seed": 10 * i + j,
                "columns": {"decisions": True},
            })  # fmt: skip


def _twins(repeat: int) -> Iterator[Trial]:
    for i, name in enumerate(testing.TWIN_NAMES):
        for j in range(repeat):
            base = BASES["binary"][(i + j) % 5]
            yield Trial("twins", "twin", {"name": name, "seed": 10 * i + j, "base": base})


def _series(repeat: int) -> Iterator[Trial]:
    for kind in testing.SERIES_KINDS:
        for j in range(repeat):
            rows = (104, 60, 156)[j % 3]
            yield Trial("small" if j % 2 else "regression", "series", {"kind": kind, "rows": rows, "seed": j})


def fresh(draw: int = 1) -> list[Trial]:
    """Give the part that nothing was tuned on, in an order such that any first part of it is a fair sample.

    Each ``draw`` has populations, splits, fits, severities, onsets and bases of its own; once it was looked at, the
    next is what nobody has seen.
    """
    first, also = FRESH * (10 * draw - 9), [] if draw == 1 else [draw]
    classes = ("binary", "multiclass")
    named: dict[str, tuple[str, ...]] = {
        "strong": classes, "hard": (*classes, "regression"), "n500": (*classes, "regression"),
        "regression": ("regression",), "small": classes, "no_labels": classes,
    }  # fmt: skip
    thin = {"n500": 2, "regression": 2, "small": 3, "no_labels": 3}
    plan: list[Trial] = []
    for k, (group, tasks) in enumerate(named.items()):
        for place, variant in enumerate(VARIANTS):
            rng = np.random.default_rng([place, k, 77, *also])
            bases = _bases(variant, 1, place + 2 * k + 2 + draw, tasks, FRESH_BASES)
            if bases and (place + k + draw - 1) % thin.get(group, 1) == 0:
                plan.append(_fresh_fault(group, variant, bases[0], place + k + draw - 1, rng, first))
    healthy = [("healthy", kind, j) for kind in testing.HEALTHY_KINDS for j in range(9)]
    healthy += [("harmless", kind, j) for kind in testing.HARMLESS_KINDS for j in range(8)]
    bases_all = [b for bases in FRESH_BASES.values() for b in bases]
    for i, (group, kind, j) in enumerate(healthy):
        base = bases_all[(5 * i + 2 * j + draw - 1) % len(bases_all)]
        args = {"kind": kind, "base": base, "model": _model(base, i), "rows": (5000, 3000, 2000)[(i + draw - 1) % 3]}
        plan.append(Trial(group, "healthy", {**args, "seed": first + 1000 + i}))
    sizes = (40, 80, 150, 250, 400, 50, 120, 300)
    plan += [Trial("small", "healthy", {"kind": "plain", "base": b, "rows": n, "seed": first + 2000 + n})
             for b, n in zip(FRESH_BASES["binary"], sizes, strict=True)]  # fmt: skip
    plan += [Trial("small" if j else "regression", "series", {"kind": kind, "rows": 90 + 20 * j, "seed": first + j})
             for kind in testing.SERIES_KINDS for j in range(2)]  # fmt: skip
    plan += [Trial("twins", "twin", {"name": name, "seed": first + 7 * j + 1, "base": FRESH_BASES["binary"][j + 1]})
             for name in testing.TWIN_NAMES for j in range(2)]  # fmt: skip
    plan += [Trial(t.group, t.kind, {**t.args, "seed": first + i}) for i, t in enumerate(_multi(1))]
    return [plan[i] for i in np.random.default_rng([77, *also]).permutation(len(plan))]


def _fresh_fault(group: str, variant: Variant, base: str, place: int, rng: np.random.Generator, first: int) -> Trial:
    args: dict[str, Any] = {
        "mechanism": variant.mechanism, "variant": variant.name, "base": base, "model": _model(base, place),
        "rows": 4500, "seed": first + int(rng.integers(1, 500_000)), "onset": round(float(rng.uniform(0.3, 0.65)), 3),
        "severity": 1.0, "shape": variant.shapes[0],
    }  # fmt: skip
    if group == "hard":
        args |= {"rows": 5500}
    return Trial(group, "incident", args | _of_group(group, variant, rng))


def trials(*, quick: bool = False) -> list[Trial]:
    """Give the two halves, or about a tenth of them."""
    few = quick
    classes = ("binary", "multiclass")
    plan = [
        *_faults("strong", 1 if few else 2, classes),
        *_faults("hard", 1 if few else 2, (*classes, "regression")),
        *_faults("regression", 1, ("regression",)),
        *_faults("n500", 1, (*classes, "regression")),
        *_faults("small", 1, classes),
        *_faults("no_labels", 1, classes),
        *_multi(1 if few else 4),
        *_series(1 if few else 5),
        *_healthy("healthy", testing.HEALTHY_KINDS, 4 if few else 30),
        *_healthy("harmless", testing.HARMLESS_KINDS, 2 if few else 20),
        *_twins(1 if few else 6),
        *(Trial("small", "healthy", {"kind": "plain", "base": b, "rows": n, "seed": n + i})
          for i, b in enumerate(BASES["binary"][:5]) for n in ((60, 200) if few else (30, 60, 100, 200, 350, 500))),
        *(Trial("small", "record", {"kind": k, "rows": 400, "seed": i})
          for k in ("selection_gap", "healthy") for i in range(1 if few else 5)),
    ]  # fmt: skip
    if few:
        thin = {"strong": 4, "hard": 4, "regression": 6, "n500": 8, "small": 10, "no_labels": 8}
        count: dict[str, int] = {}
        kept = []
        for trial in plan:
            count[trial.group] = count.get(trial.group, -1) + 1
            if trial.kind != "incident" or count[trial.group] % thin.get(trial.group, 1) == 0:
                kept.append(trial)
        plan = kept
    return plan


def ablations(*, quick: bool = False, among: Sequence[Trial] | None = None) -> list[Trial]:
    """Give strong faults again with one kind of column masked at a time; a third of those ``among`` some, if given."""
    if among is None:
        picked = list(_faults("strong", 1, ("binary",)))[:: 6 if quick else 2]
    else:
        picked = [t for t in among if t.group == "strong" and t.kind == "incident"][::3]
    return [
        Trial("ablation", "incident", {**t.args, **mask}, mask=name) for name, mask in MASKS.items() for t in picked
    ]
