"""NannyML's realised and estimated performance, drift and data quality, turned into a verdict by rules.

NannyML cuts the log into ten chunks and alerts on each; its alerts give harm, onset and what moved. The reference is
the validation rows; a column that they lack (status, latency, decision) is held to the first three tenths of the log,
and so is everything where there is no reference. Thresholds are its defaults. Its own figures say neither which value
of a column is new nor where in a score a decision is drawn, nor whether the model is surer than right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd

from benchmarks.verdict.peers.answer import NOTHING, Found, constants, verdict_of
from benchmarks.verdict.peers.bridge import worker
from benchmarks.verdict.peers.frames import Case, case_of
from toolkit.records import SliceTerm, Verdict
from toolkit.roles import Roles

#: The mechanisms that the rules can name.
EXPRESSIBLE: Final = frozenset({
    "none", "covariate_shift", "concept_drift", "label_shift", "unrepresentative_data", "new_category",
    "memorised_training_data", "unit_change", "schema_change", "category_recoded", "missing_values",
    "training_serving_skew", "timeouts", "latency", "wrong_model_version", "bad_rollout", "performance_gap",
    "harmful_overrides", "over_reliance", "not_adopted", "goal_misaligned",
})  # fmt: skip
#: The constants of the mapping before tuning: how many chunks must alert, how large a share of bad values is a defect,
#: how far a group or a decision must stand off, and which part of the realised drop an estimate must explain.
DEFAULTS: Final = {
    "alerts": 1,
    "missing": 0.05,
    "fresh": 0.05,
    "range": 0.1,
    "gap": 0.1,
    "people": 0.05,
    "explains": 0.5,
    "overfit": 0.1,
}
WATCHED: Final = (
    "score", "prediction", "decision", "label", "status", "latency_ms", "model_version", "decider", "cost",
)  # fmt: skip


def measure(case: Case) -> dict[str, Any]:
    """Ask NannyML about a log."""
    roles = case.roles
    named = {role: case.column(role) for role in WATCHED}
    columns = [c for c in case.features() if c in case.log.columns] + case.groups()
    columns += [c for c in roles.columns("segment") if c in case.log.columns]
    columns += [c for c in named.values() if c is not None and c not in columns]
    reference = case.normal
    held = reference is not None and len(reference) >= 50
    if not held:
        reference = case.log.iloc[: max(20, int(0.3 * len(case.log)))]
    assert reference is not None
    wanted = list(dict.fromkeys([*columns, *case.features()]))
    tables = {"log": case.log, "reference": reference}
    if held and case.train is not None and len(case.train):
        tables["train"] = case.train
    out = worker("nannyml").ask(
        {name: _plain(t, wanted) for name, t in tables.items()},
        task=roles.task, columns=columns, features=case.features(), score=named["score"],
        answers=[c for c in (named["prediction"], named["decision"]) if c],
        label=named["label"] or roles.column("label") or "label", groups=case.groups(),
    )  # fmt: skip
    edges = [int(i * len(case.log) / 10) for i in range(10)]
    times = [case.when(i) for i in edges]
    return {
        **out, "roles": named, "features": case.features(), "task": roles.task, "held": held,
        "starts": [None if t is None else t.isoformat() for t in times],
    }  # fmt: skip


def _plain(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Give the columns that a table has; mixed ones as text, for Parquet."""
    out = table[[c for c in columns if c in table.columns]].copy()
    for name in out.columns:
        if out[name].dtype == object:
            out[name] = out[name].map(lambda v: v if v is None or v != v else str(v))
    return out


class Chunks:
    """What NannyML said, chunk by chunk, by the questions that the rules ask."""

    def __init__(self, out: Mapping[str, Any]) -> None:
        self.out = out
        self.roles: Mapping[str, str | None] = out["roles"]
        self.sign = 1.0 if out["task"] == "regression" else -1.0

    def harm(self, answer: str | None) -> list[int]:
        """Give the chunks in which the realised performance alerts and is worse than on the reference."""
        said = self.out["realised"].get(answer or "")
        if not said:
            return []
        worse = [v is not None and self.sign * (v - said["reference"]) > 0 for v in said["value"]]
        return [i for i, (bad, alert) in enumerate(zip(worse, said["alert"], strict=True)) if bad and alert]

    def labelled(self) -> bool:
        """Say whether any realised performance was there to look at."""
        return any(self.out["realised"].values())

    def alerts(self, kind: str, column: str | None) -> list[int]:
        """Give the chunks in which a calculator (drift, missing, unseen, range) alerts on a column."""
        said = self.out[kind].get(column or "", {"alert": []})
        return [i for i, alert in enumerate(said["alert"]) if alert]

    def level(self, kind: str, column: str, chunks: list[int]) -> float:
        """Give the mean value of a calculator over some chunks."""
        values = self.out[kind].get(column, {}).get("value", [])
        there = [values[i] for i in chunks if i < len(values) and values[i] is not None]
        return sum(there) / len(there) if there else 0.0

    def ranked(self, chunks: list[int]) -> list[str]:
        """Give the features that drift in some chunks, by the number of alerts there, as the AlertCountRanker does."""
        counts = {c: len(set(self.alerts("drift", c)) & set(chunks)) for c in self.out["features"]}
        need = max(1, len(chunks) // 2)
        return sorted((c for c in counts if counts[c] >= need), key=lambda c: -counts[c])


def _lasting(chunks: list[int]) -> bool:
    """Say whether alerts were there from the first chunk on, nearly throughout."""
    return len(chunks) >= 7 and bool({0, 1} & set(chunks))


def _service(o: Chunks, k: Mapping[str, float]) -> list[tuple[Found, list[int]]]:
    """Alerts on the service's own columns. Which status is new, NannyML does not say."""
    found = []
    for role, mechanism in (("status", "timeouts"), ("latency_ms", "latency"), ("cost", "goal_misaligned")):
        chunks = o.alerts("drift", o.roles.get(role))
        if len(chunks) >= k["alerts"] + 1:
            found.append((Found(mechanism), chunks))
    return found


def _values(o: Chunks, chunks: list[int], k: Mapping[str, float]) -> Found | None:
    """Alerts of data quality on the features in the chunks that hurt (in all, where nothing tells)."""
    if o.out["gone"]:
        return Found("schema_change", (o.out["gone"][0],))
    for name in o.out["features"]:
        missing = o.level("missing", name, chunks)
        if o.alerts("missing", name) and missing > 0.9:
            return Found("schema_change", (name,))
        if o.alerts("missing", name) and missing > k["missing"]:
            return Found("missing_values", (name,))
        if o.level("unseen", name, chunks) > 0.5:
            return Found("category_recoded", (name,))
        if o.level("unseen", name, chunks) > k["fresh"]:
            return Found("new_category", (name,))
        if o.alerts("range", name) and o.level("range", name, chunks) > k["range"]:
            return Found("unit_change", (name,))
    return None


def _versions(o: Chunks, chunks: list[int]) -> Found | None:
    """A version that drifts in: unseen in the reference it is new, else it came back."""
    version = o.roles.get("model_version")
    if not version or not set(o.alerts("drift", version)) & set(chunks):
        return None
    return Found("bad_rollout" if o.level("unseen", version, chunks) > 0.02 else "wrong_model_version")


def _people(o: Chunks, k: Mapping[str, float]) -> tuple[Found, list[int]] | None:
    """The realised performance of the decision against that of the prediction, chunk by chunk."""
    said, acted = (o.out["realised"].get(o.roles.get(r) or "") for r in ("prediction", "decision"))
    if not said or not acted:
        return None
    scale = abs(said["reference"]) or 1.0
    pairs = list(zip(said["value"], acted["value"], strict=False))
    off = [None if a is None or b is None else o.sign * (b - a) / scale for a, b in pairs]
    worse = [i for i, v in enumerate(off) if v is not None and v > k["people"]]
    if len(worse) < 2:
        return None
    if _lasting(worse):
        return Found("not_adopted", lasting=True), worse
    moved = set(o.alerts("drift", o.roles.get("decider"))) & set(worse)
    return Found("over_reliance" if moved else "harmful_overrides"), worse


def _groups(o: Chunks, k: Mapping[str, float]) -> Found | None:
    """A gap between groups in both halves of the log."""
    for group, said in o.out["groups"].items():
        early, late = said.get("early", {}), said.get("late", {})
        both = sorted(set(early) & set(late))
        if len(both) < 2:
            continue
        scale = 1.0 if o.out["task"] != "regression" else max(min(early.values()), 1e-9)
        if min((max(t[v] for v in both) - min(t[v] for v in both)) / scale for t in (early, late)) > k["gap"]:
            worst = max(both, key=lambda v: o.sign * (early[v] + late[v]))
            return Found("performance_gap", slice=(SliceTerm(group, worst),), lasting=True)
    return None


def _fit(o: Chunks, k: Mapping[str, float]) -> Found | None:
    """The quality on the training rows against that on the validation rows, which are the reference."""
    trained, said = o.out["trained"], o.out["realised"].get(o.roles.get("prediction") or "")
    if trained is None or not said or o.sign * (said["reference"] - trained) <= k["overfit"]:
        return None
    return Found("memorised_training_data", lasting=True)


def _explained(o: Chunks, answer: str | None, chunks: list[int]) -> float:
    """Give which part of the realised drop the estimate without labels saw coming; 0 where it has none."""
    said, guess = o.out["realised"].get(answer or ""), o.out["estimated"]
    if not said or not guess or not chunks:
        return 0.0
    real = [o.sign * (said["value"][i] - said["reference"]) for i in chunks if said["value"][i] is not None]
    seen = [o.sign * (guess["value"][i] - said["reference"]) for i in chunks
            if i < len(guess["value"]) and guess["value"][i] is not None]  # fmt: skip
    total = sum(real) / len(real) if real else 0.0
    return (sum(seen) / len(seen)) / total if seen and total > 0 else 0.0


def find(out: Mapping[str, Any], k: Mapping[str, float]) -> tuple[Found, int | None]:
    """Map NannyML's outputs to a mechanism and to the chunk in which it began."""
    o = Chunks(out)
    for found, chunks in _service(o, k):
        return found, chunks[0]
    answer = o.roles.get("decision") or o.roles.get("prediction")
    chunks = o.harm(answer)
    people = _people(o, k)
    if o.labelled() and len(chunks) < k["alerts"]:
        gap = _groups(o, k) or _fit(o, k)
        if gap is not None:
            return gap, None
        return (people[0], people[1][0]) if people else (NOTHING, None)
    if not o.labelled():
        values = _values(o, list(range(5, 10)), k) or _values(o, list(range(10)), k)
        moved = [i for f in (values.features if values else ()) for n in ("missing", "unseen", "range")
                 for i in o.alerts(n, f)]  # fmt: skip
        return (values, min(moved, default=None)) if values else (NOTHING, None)
    found = _values(o, chunks, k) or _versions(o, chunks)
    if found is None and people is not None:
        return people[0], people[1][0]
    found = found or _groups(o, k) or _fit(o, k) or _world(o, answer, chunks, k)
    lasting = found.lasting or _lasting(chunks)
    return Found(found.mechanism, found.features, found.slice, found.versions, lasting), chunks[0]


def _world(o: Chunks, answer: str | None, chunks: list[int], k: Mapping[str, float]) -> Found:
    """Realised drop as estimated: the mix moved; more than estimated: the relation; from the first chunk: the fit."""
    moved = o.ranked(chunks)
    if _lasting(chunks) and o.out["held"]:
        if not moved:
            return Found("memorised_training_data", lasting=True)
        skew = "training_serving_skew" if len(moved) == 1 else "unrepresentative_data"
        return Found(skew, tuple(moved[:3]), lasting=True)
    if _explained(o, answer, chunks) >= k["explains"] or (o.out["estimated"] is None and moved):
        return Found("covariate_shift", tuple(moved[:3]))
    label = o.roles.get("label")
    if not moved and label and set(o.alerts("drift", label)) & set(chunks):
        return Found("label_shift")
    return Found("concept_drift", tuple(moved[:3]))


def decide(out: Mapping[str, Any], k: Mapping[str, float]) -> Found:
    """Give the mechanism that NannyML's outputs point to."""
    return find(out, k)[0]


def onset_of(out: Mapping[str, Any], k: Mapping[str, float]) -> datetime | None:
    """Give the start of the chunk in which the alerts begin."""
    at = find(out, k)[1]
    text = None if at is None or at >= len(out["starts"]) else out["starts"][at]
    return None if text is None else datetime.fromisoformat(text)


def diagnose(
    log: pd.DataFrame, *, reference: pd.DataFrame | None, roles: Roles, events: Any = None, seed: int = 0
) -> Verdict:
    """Give NannyML's answer as a verdict."""
    del events, seed
    out, k = measure(case_of(log, reference, roles)), constants("nannyml", DEFAULTS)
    return verdict_of("nannyml", decide(out, k), onset_of(out, k))
