"""dowhy's multiply-robust change attribution, turned into a verdict: which mechanism made the loss rise.

``gcm.distribution_change_robust`` (Quintas-Martinez et al., 2024) splits the rise of the mean loss of the final answer
over the mechanisms of a causal graph (``causal.py``). It compares two tables: the log before and after the cut of
``frames.cut_of`` ("change"), and the reference's validation rows against the log before the cut, or against all of it
where the loss does not jump ("start"). The mapping reads which mechanism has the largest part; what is blamed is then
looked up as an engineer would (which defect, which word, which version). A loss that did not rise significantly is
``none``, and so is a log without labels: there is no target. For gaps between groups, between decision and prediction,
and between training and validation rows the loss itself is compared: they are no change that dowhy could split.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from benchmarks.verdict.peers.answer import NOTHING, Found, diagnoser
from benchmarks.verdict.peers.bridge import worker
from benchmarks.verdict.peers.causal import compare, facts, graph_of
from benchmarks.verdict.peers.frames import Case, final_losses, losses
from toolkit.records import SliceTerm

#: The mechanisms that the rules can name.
EXPRESSIBLE: Final = frozenset({
    "none", "covariate_shift", "concept_drift", "label_shift", "unrepresentative_data", "new_category",
    "memorised_training_data", "pilot_did_not_generalise", "leakage", "unit_change", "schema_change",
    "category_recoded", "missing_values", "default_filled", "training_serving_skew", "timeouts", "errors",
    "wrong_model_version", "bad_rollout", "performance_gap", "harmful_overrides", "over_reliance", "not_adopted",
    "threshold_misconfigured",
})  # fmt: skip
#: The constants of the mapping before tuning: how far the loss must rise, and in how many standard errors (``drop``,
#: ``sigma``); how much traffic must go to another version (``switch``); the part of the rise at which defects, service,
#: or the prediction's own mechanism beside a switch are believed (``part``); how much of the inputs' part one feature
#: alone has (``single``), how much inputs and label must share (``mixed``); the distance of Kolmogorov and Smirnov at
#: which old and new values no longer overlap (``apart``); how far a group, a decision or the training rows stand off.
DEFAULTS: Final = {"drop": 0.03, "sigma": 4.0, "switch": 0.4, "part": 0.25, "single": 0.7, "mixed": 0.3, "apart": 0.7,
                   "gap": 0.1, "people": 0.05, "overfit": 0.1}  # fmt: skip
#: A rise of fewer standard errors is not worth dowhy's time: no choice of ``sigma`` believes it.
LOOK: Final = 2.0


def measure(case: Case) -> dict[str, Any]:
    """Ask dowhy about a log."""
    roles, seed = case.roles, 0
    features = case.features()
    tables: dict[str, pd.DataFrame] = {}
    graphs: dict[str, Any] = {}
    pairs: dict[str, dict[str, Any]] = {}
    jumped = False
    for name in ("change", "start"):
        new = case.late if name == "change" else case.early if jumped else case.log
        old = case.early if name == "change" else case.normal
        pair = None if old is None or not len(old) else compare(old, new, roles, seed)
        if pair is None:
            continue
        pairs[name] = {"rise": pair.rise, "z": pair.z, "blame": {}, "facts": facts(pair, roles, features)}
        if pair.z > LOOK and pair.rise > 0:
            jumped = jumped or name == "change"
            nodes, graphs[name] = graph_of(pair, roles, features)
            for side, mark in (("old", 0.0), ("new", 1.0)):
                tables[f"{side}_{name}"] = nodes[nodes["_new"] == mark].drop(columns="_new").reset_index(drop=True)
    said = worker("dowhy").ask(tables, graphs=graphs, seed=seed) if tables else {}
    for name, blame in said.items():
        pairs[name]["blame"] = blame
    onset = case.onset
    return {
        "pairs": pairs, "groups": _by_group(case), "trained": _trained(case), "task": roles.task,
        "onset": None if onset is None else onset.isoformat(),
    }  # fmt: skip


def _by_group(case: Case) -> dict[str, dict[str, dict[str, float]]]:
    """Give the mean loss of every group of 50 rows and more, before and after the cut."""
    loss = final_losses(case.log, case.roles)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for group in case.groups() if loss is not None else ():
        assert loss is not None
        found[group] = {}
        for half, rows in (("early", slice(0, case.at)), ("late", slice(case.at, None))):
            by = loss.iloc[rows].dropna().groupby(case.log[group].iloc[rows].astype(str))
            found[group][half] = {str(v): float(part.mean()) for v, part in by if len(part) >= 50}
    return found


def _trained(case: Case) -> float | None:
    """Give how much larger the loss is on the validation rows than on the training rows."""
    if case.train is None or case.normal is None or case.train is case.normal:
        return None
    both = pd.concat([case.train, case.normal], ignore_index=True)
    loss, n = losses(both, case.roles, "prediction"), len(case.train)
    return None if loss is None or n < 50 else float(loss.iloc[n:].mean() - loss.iloc[:n].mean())


class Blame:
    """The parts of one rise of the loss, by kind of mechanism, as shares of the rise."""

    def __init__(self, pair: Mapping[str, Any]) -> None:
        self.facts: Mapping[str, Any] = pair["facts"]
        whole = pair["rise"] or 1.0
        self.nodes = {node: part / whole for node, part in pair["blame"].items()}
        self.features: dict[str, float] = {}
        for node, part in self.nodes.items():
            kind, _, name = node.partition(" ")
            if kind in ("feature", "defect"):
                self.features[name] = self.features.get(name, 0.0) + part
        self.kinds = {k: self.nodes[k] for k in ("prediction", "label", "decision") if k in self.nodes}
        # with a score the model's own mechanism is the score's, and what is made of it is a threshold
        if "score" in self.nodes:
            self.kinds |= {"prediction": self.nodes["score"], "bar": self.nodes.get("prediction", 0.0)}
        self.kinds["service"] = self.nodes.get("status", 0.0) + self.nodes.get("latency_ms", 0.0)
        self.kinds["inputs"] = sum(self.features.values())

    def first(self) -> str:
        """Give the kind of mechanism with the largest part."""
        return max(self.kinds, key=lambda k: self.kinds[k])

    def ranked(self) -> list[str]:
        """Give the features by their part, those that did harm only."""
        return sorted((f for f, p in self.features.items() if p > 0), key=lambda f: -self.features[f])

    def alone(self, k: Mapping[str, float]) -> bool:
        """Say whether one feature has a part of the rise that counts, and nearly all of the inputs' part."""
        ranked = self.ranked()
        return (
            bool(ranked)
            and self.features[ranked[0]] > k["part"] / 2
            and (self.features[ranked[0]] > k["single"] * sum(self.features[f] for f in ranked))
        )

    def switched(self, k: Mapping[str, float]) -> Found | None:
        """Give the version that traffic went to, where much of it did: a new one, or an older one that came back."""
        version = self.facts.get("model_version")
        if not version or version["by"] < k["switch"]:
            return None
        newer = version["grown"] > version["usual"]
        return Found("bad_rollout" if newer else "wrong_model_version", versions=(version["grown"],))


def rose(pair: Mapping[str, Any] | None, k: Mapping[str, float]) -> bool:
    """Say whether the loss of a comparison rose significantly, and dowhy split the rise."""
    return bool(pair and pair["blame"] and pair["z"] > k["sigma"] and pair["rise"] > k["drop"])


def _service(b: Blame, *, lasting: bool = False) -> Found:
    """Look up which word of the status became more frequent; slow answers alone are taken for timeouts."""
    word = b.facts.get("status", {}).get("grown", "timeout")
    wrong = "error" in word and b.nodes.get("status", 0.0) >= b.nodes.get("latency_ms", 0.0)
    return Found("errors" if wrong else "timeouts", lasting=lasting)


def _defect(b: Blame, k: Mapping[str, float]) -> Found | None:
    """Look up the features whose missing or unknown values, and what is left beside them, have a part of the rise.

    Where old and new values hardly overlap no estimate can split anything, so that the lack of overlap is the finding.
    """
    parts = {f: p for f, p in b.features.items() if f"defect {f}" in b.nodes}
    for name in parts:
        if b.facts["missing"].get(name, 0.0) > 0.9:
            return Found("schema_change", (name,))
        if b.facts["fresh"].get(name, 0.0) > 0.5:
            return Found("category_recoded", (name,))
    if parts and sum(parts.values()) > k["part"]:
        name = max(parts, key=lambda n: parts[n])
        fresh = b.facts["fresh"].get(name, 0.0) > b.facts["missing"].get(name, 0.0)
        return Found("new_category" if fresh else "missing_values", (name,))
    gone = {f: b.facts["apart"].get(f, 0.0) for f in b.features}
    name = max(gone, key=lambda f: gone[f], default="")
    return Found("unit_change", (name,)) if gone.get(name, 0.0) > k["apart"] else None


def _changed(b: Blame, k: Mapping[str, float]) -> Found:
    """Name the mechanism that changed at the cut."""
    first, ranked = b.first(), b.ranked()
    switch = b.switched(k)
    if first == "service" or b.kinds["service"] > k["part"]:
        return _service(b)
    if first == "decision":
        return _people(b)
    if first == "bar":
        return Found("threshold_misconfigured")
    if switch is not None and b.kinds.get("prediction", 0.0) > k["part"]:
        return switch
    defect = _defect(b, k)
    if defect is not None:
        return defect
    if b.alone(k) and b.kinds.get("label", 0.0) + b.kinds.get("prediction", 0.0) > k["mixed"]:
        return Found("default_filled", tuple(ranked[:1]))
    if first == "prediction":
        return Found("training_serving_skew", tuple(ranked[:1]))
    if first == "inputs":
        return Found("covariate_shift", tuple(ranked[:3]))
    return Found("label_shift" if b.kinds["inputs"] > k["mixed"] else "concept_drift", tuple(ranked[:1]))


def _people(b: Blame) -> Found:
    """Decisions did it: people who overrule the model more than before, or less."""
    old, new = b.facts.get("overridden", (0.0, 1.0))
    return Found("harmful_overrides" if new >= old else "over_reliance")


def _started(b: Blame, k: Mapping[str, float]) -> Found:
    """Name the mechanism that was another one than the reference's from the first row on."""
    first, ranked = b.first(), b.ranked()
    if first == "service":
        return _service(b, lasting=True)
    if first == "decision":
        return Found("not_adopted", lasting=True)
    if first == "bar":
        return Found("threshold_misconfigured", lasting=True)
    defect = _defect(b, k)
    if defect is not None:
        known = defect.mechanism != "unit_change"  # what differs so much from the first row on was served otherwise
        return Found(defect.mechanism if known else "training_serving_skew", defect.features, lasting=True)
    if first == "prediction":
        return Found("training_serving_skew", tuple(ranked[:1]), lasting=True)
    if first == "inputs":
        return Found("unrepresentative_data", tuple(ranked[:3]), lasting=True)
    far = {f: b.facts["apart"].get(f, 0.0) for f in b.features}
    name = max(far, key=lambda f: far[f], default="")
    if far.get(name, 0.0) > k["mixed"]:  # the label hangs on a feature that is another one in service
        return Found("leakage", (name,), lasting=True)
    return Found("pilot_did_not_generalise", lasting=True)


def _groups(out: Mapping[str, Any], k: Mapping[str, float]) -> Found | None:
    """Give the group whose loss stands off before and after the cut."""
    for group, said in out["groups"].items():
        early, late = said.get("early", {}), said.get("late", {})
        both = sorted(set(early) & set(late))
        if len(both) >= 2 and min(max(t[v] for v in both) - min(t[v] for v in both) for t in (early, late)) > k["gap"]:
            worst = max(both, key=lambda v: early[v] + late[v])
            return Found("performance_gap", slice=(SliceTerm(group, worst),), lasting=True)
    return None


def decide(out: Mapping[str, Any], k: Mapping[str, float]) -> Found:
    """Map dowhy's attributions to a mechanism: the change first, then groups, people, fit, and the start."""
    change, start = (out["pairs"].get(name) for name in ("change", "start"))
    if rose(change, k):
        return _changed(Blame(change), k)
    found = _groups(out, k)
    if found is not None:
        return found
    people = ((change or start or {}).get("facts") or {}).get("people")
    if people and min(people) > k["people"]:
        return Found("not_adopted", lasting=True)
    if rose(start, k):
        return _started(Blame(start), k)
    if (out["trained"] or 0.0) > k["overfit"]:
        return Found("memorised_training_data", lasting=True)
    return NOTHING


diagnose = diagnoser("dowhy", measure, decide, DEFAULTS)
