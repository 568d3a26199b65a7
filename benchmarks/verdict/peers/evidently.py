"""Evidently's drift, summaries and quality, turned into a verdict by the rules of a monitoring runbook.

Evidently compares two tables. It is given the log before and after the cut of ``frames.cut_of`` ("change"), and the
reference's validation rows against the log before the cut ("start"). Drift of a column is by its default test and
threshold. What it has no measure for (where in a score a decision is drawn, whether a value froze within an entity,
whether the model is surer than right, how old the labels are) it cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from benchmarks.verdict.peers.answer import NOTHING, Found, diagnoser
from benchmarks.verdict.peers.bridge import worker
from benchmarks.verdict.peers.frames import Case
from toolkit.records import SliceTerm

#: The mechanisms that the rules can name.
EXPRESSIBLE: Final = frozenset({
    "none", "covariate_shift", "concept_drift", "label_shift", "unrepresentative_data", "new_category",
    "memorised_training_data", "unit_change", "schema_change", "category_recoded", "missing_values", "default_filled",
    "training_serving_skew", "timeouts", "errors", "latency", "duplicated_requests", "wrong_model_version",
    "bad_rollout", "performance_gap", "harmful_overrides", "over_reliance", "not_adopted", "goal_misaligned",
})  # fmt: skip
#: The constants of the mapping before tuning; Evidently's own thresholds are no part of it. ``drop`` is in accuracy, or
#: in parts of the mean absolute error.
DEFAULTS: Final = {"drop": 0.05, "gap": 0.1, "missing": 0.05, "fresh": 0.05, "constant": 0.2, "failed": 0.03,
                   "overfit": 0.1}  # fmt: skip


def measure(case: Case) -> dict[str, Any]:
    """Ask Evidently about a log."""
    roles = case.roles
    columns = case.features() + case.groups()
    columns += [c for c in roles.columns("segment") if c in case.log.columns]
    watched = ("score", "prediction", "decision", "label", "status", "latency_ms", "model_version", "decider", "cost")
    named = {role: case.column(role) for role in watched}
    columns += [c for c in named.values() if c is not None and c not in columns]
    answers = [c for c in (named["prediction"], named["decision"]) if c]
    tables = {"early": case.early, "late": case.late}
    if case.normal is not None and len(case.normal):
        tables["normal"] = case.normal
    if case.train is not None and len(case.train):
        tables["train"] = case.train
    out = worker("evidently").ask(
        {name: _plain(t, columns) for name, t in tables.items()}, task=roles.task, columns=columns, answers=answers,
        label=named["label"], groups=case.groups(),
    )  # fmt: skip
    onset = case.onset
    return {
        **out, "roles": named, "features": case.features(), "groups": case.groups(), "task": roles.task,
        "onset": None if onset is None else onset.isoformat(),
    }  # fmt: skip


def _plain(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Give the columns that a table has; mixed ones as text, for Parquet."""
    out = table[[c for c in columns if c in table.columns]].copy()
    for name in out.columns:
        if out[name].dtype == object:
            out[name] = out[name].map(lambda v: v if v is None or v != v else str(v))
    return out


class Outputs:
    """What Evidently said, by the questions that the rules ask."""

    def __init__(self, out: Mapping[str, Any]) -> None:
        self.out = out
        self.roles: Mapping[str, str | None] = out["roles"]
        self.regression = out["task"] == "regression"

    def quality(self, table: str, answer: str | None, group: str = "all") -> Any:
        """Give accuracy or error of an answer column in a table, by group where one is asked for."""
        return self.out["quality"].get(table, {}).get(answer or "", {}).get(group)

    def worse(self, old: str, new: str, answer: str | None) -> float | None:
        """Give how much worse an answer is in one table than in another: accuracy lost, or relative growth of error."""
        a, b = self.quality(old, answer), self.quality(new, answer)
        if a is None or b is None:
            return None
        return float(b / a - 1) if self.regression and a else float(a - b)

    def share(self, table: str, column: str, value: str) -> float:
        """Give the share of a value of a categorical column."""
        return float(self.out["summary"].get(table, {}).get("values", {}).get(column, {}).get(value, 0.0))

    def values(self, table: str, column: str) -> dict[str, float]:
        """Give the shares of all values of a categorical column."""
        found: dict[str, float] = self.out["summary"].get(table, {}).get("values", {}).get(column, {})
        return found

    def missing(self, table: str, column: str) -> float:
        """Give the share of missing values; a column that is not there is missing throughout."""
        summary = self.out["summary"].get(table)
        return 0.0 if summary is None else float(summary["missing"].get(column, 1.0))

    def drifted(self, pair: str, columns: list[str]) -> list[str]:
        """Give which of some columns drifted by Evidently's own threshold, the strongest first."""
        found = self.out["drift"].get(pair, {})
        over = [c for c in columns if found.get(c, {}).get("over")]
        sign = -1.0 if any("p_value" not in found[c]["method"] for c in over) else 1.0
        return sorted(over, key=lambda c: sign * found[c]["score"])


def _service(o: Outputs, k: Mapping[str, float]) -> Found | None:
    """Read off the service's own columns: failures, slow answers, double requests."""
    status, latency = o.roles.get("status"), o.roles.get("latency_ms")
    if status:
        for word, mechanism in (("timeout", "timeouts"), ("error", "errors")):
            if o.share("late", status, word) - o.share("early", status, word) > k["failed"]:
                return Found(mechanism)
    if latency and latency in o.drifted("change", [latency]):
        old, new = (o.out["summary"][t]["quartiles"].get(latency) for t in ("early", "late"))
        if old and new and new[2] > 2 * old[2]:
            return Found("latency")
    late = o.out["summary"]["late"]
    if (
        late["duplicates"] / max(1.0, late["rows"])
        - o.out["summary"]["early"]["duplicates"] / max(1.0, o.out["summary"]["early"]["rows"])
        > k["failed"]
    ):
        return Found("duplicated_requests")
    return None


def _values(o: Outputs, old: str, new: str, k: Mapping[str, float]) -> Found | None:
    """Read off the summaries of the features: gaps, new values, another scale."""
    for name in o.out["features"]:
        gaps = o.missing(new, name) - o.missing(old, name)
        if gaps > 0.9:
            return Found("schema_change", (name,))
        if gaps > k["missing"]:
            return Found("missing_values", (name,))
        before, after = (o.out["summary"][t]["quartiles"].get(name) for t in (old, new))
        if before and after:
            if _rescaled(before, after):
                return Found("unit_change", (name,))
            if (after[0] == after[1] and before[0] != before[1]) or (after[1] == after[2] and before[1] != before[2]):
                return Found("default_filled", (name,))
        known, seen = o.values(old, name), o.values(new, name)
        fresh = sum(share for value, share in seen.items() if value not in known)
        if known and fresh > 0.5:
            return Found("category_recoded", (name,))
        if known and fresh > k["fresh"]:
            return Found("new_category", (name,))
        if known and max((seen.get(v, 0.0) - p for v, p in known.items()), default=0.0) > k["constant"]:
            return Found("default_filled", (name,))
    return None


def _rescaled(before: list[float], after: list[float]) -> bool:
    """Say whether all quartiles moved by one factor, and by a lot."""
    if min(abs(v) for v in before) < 1e-9:
        return False
    factors = [b / a for a, b in zip(before, after, strict=True)]
    return min(factors) > 0 and not 0.67 < factors[1] < 1.5 and max(factors) / min(factors) < 1.15


def _people(o: Outputs, k: Mapping[str, float]) -> Found | None:
    """Compare the quality of the decision with that of the prediction; cost by its drift."""
    prediction, decision, cost = (o.roles.get(r) for r in ("prediction", "decision", "cost"))
    if cost and cost in o.drifted("change", [cost]):
        old, new = (o.out["summary"][t]["quartiles"].get(cost) for t in ("early", "late"))
        if old and new and new[2] > 1.5 * max(old[2], 1e-9):
            return Found("goal_misaligned")
    if not prediction or not decision:
        return None
    acted, said = o.worse("early", "late", decision), o.worse("early", "late", prediction)
    if acted is None or said is None or acted - said < k["drop"]:
        before, after = o.quality("late", prediction), o.quality("late", decision)
        if before is None or after is None or o.regression or before - after < 2 * k["drop"]:
            return None
        return Found("not_adopted", lasting=True)
    # Evidently's only view of who decided is the drift of that column
    if o.drifted("change", [o.roles.get("decider") or ""]):
        return Found("over_reliance")
    return Found("harmful_overrides")


def _versions(o: Outputs) -> Found | None:
    """A version that was not there before, or came back, where the answers got worse."""
    version = o.roles.get("model_version")
    if not version or version not in o.drifted("change", [version]):
        return None
    old, new = o.values("early", version), o.values("late", version)
    grown = max(new, key=lambda v: new[v] - old.get(v, 0.0))
    usual = max(old, key=lambda v: old[v]) if old else grown
    return Found("bad_rollout" if grown > usual else "wrong_model_version", versions=(grown,))


def _groups(o: Outputs, k: Mapping[str, float]) -> Found | None:
    """Run the quality by group: a gap before and after the cut is no drift."""
    answer = o.roles.get("decision") or o.roles.get("prediction")
    for group in o.out["groups"]:
        early, late = o.quality("early", answer, group) or {}, o.quality("late", answer, group) or {}
        both = sorted(set(early) & set(late))
        if len(both) < 2:
            continue
        scale = max(min(early.values()), 1e-9) if o.regression else 1.0
        gaps = [(max(t[v] for v in both) - min(t[v] for v in both)) / scale for t in (early, late)]
        if min(gaps) > k["gap"]:
            pick = max if o.regression else min
            worst = pick(both, key=lambda v: early[v] + late[v])
            return Found("performance_gap", slice=(SliceTerm(group, worst),), lasting=True)
    return None


def decide(out: Mapping[str, Any], k: Mapping[str, float]) -> Found:
    """Map Evidently's outputs to a mechanism: service, then harm, values, versions, people, groups, fit, drift."""
    o = Outputs(out)
    service = _service(o, k)
    if service:
        return service
    answer = o.roles.get("decision") or o.roles.get("prediction")
    change, start = o.worse("early", "late", answer), o.worse("normal", "early", o.roles.get("prediction"))
    unlabelled = change is None and start is None
    if unlabelled or (change or 0.0) > k["drop"]:
        found = _values(o, "early", "late", k) or _versions(o) or _people(o, k)
        if found:
            return found
    if "normal" in o.out["summary"] and (unlabelled or (start or 0.0) > k["drop"]):
        found = _values(o, "normal", "early", k)
        if found:
            return Found(found.mechanism, found.features, lasting=True)
    found = _groups(o, k) or _people(o, k)
    if found:
        return found
    if (o.worse("train", "normal", o.roles.get("prediction")) or 0.0) > k["overfit"]:
        return Found("memorised_training_data", lasting=True)
    return _drift(o, k, change, start)


def _drift(o: Outputs, k: Mapping[str, float], change: float | None, start: float | None) -> Found:
    """Ask last whether the inputs moved where the quality fell: with them it is the mix, without the relation."""
    features = list(o.out["features"])
    if (change or 0.0) > k["drop"]:
        moved = o.drifted("change", features)
        if moved:
            return Found("covariate_shift", tuple(moved[:3]))
        label = o.roles.get("label")
        return Found("label_shift" if label and o.drifted("change", [label]) else "concept_drift")
    if (start or 0.0) > k["drop"]:
        moved = o.drifted("start", features)
        if moved:
            mechanism = "training_serving_skew" if len(moved) == 1 else "unrepresentative_data"
            return Found(mechanism, tuple(moved[:3]), lasting=True)
        return Found("memorised_training_data", lasting=True)
    return NOTHING


diagnose = diagnoser("evidently", measure, decide, DEFAULTS)
