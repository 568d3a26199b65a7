"""A log as a causal graph: numeric columns, one for every mechanism that could have changed.

Features, latency and status -> score -> prediction (a score where the task has two classes); features -> label;
prediction -> decision; label and final answer -> loss.
A feature in which values are missing, or that has words not seen before, gets a second node for that, as in graphs with
missing data. At most five nodes are of features: of those that moved or bear on the answer most. Among them the one
that moved least comes first, so that what broke its relation to the others is laid to the feature that moved. The
version is no node, and neither is cost, nor who decided. A node that did not move at all is left out (``idle``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.verdict.peers.frames import final_losses, losses
from toolkit.roles import Roles

#: How many nodes may be of features, how many rows of a side are looked at, and the least number of rows of a side.
FEATURES: Final = 5
ROWS: Final = 2000
FEW: Final = 40


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two tables with the same columns, held against each other by the loss of the final answer.

    ``rise`` is how much the mean loss rose and ``z`` that in standard errors (both 0 where a side has too few labels).
    """

    old: pd.DataFrame
    new: pd.DataFrame
    rise: float
    z: float


def compare(old: pd.DataFrame, new: pd.DataFrame, roles: Roles, seed: int = 0) -> Comparison | None:
    """Hold two tables against each other; ``None`` where a side has fewer than ``FEW`` rows with a loss."""
    rows = pd.concat([_whole(old, new, roles).assign(_new=0.0), new.assign(_new=1.0)], ignore_index=True)
    loss = final_losses(rows, roles)
    if loss is None:
        return None
    rows = rows.assign(_loss=loss)[loss.notna()]
    sides = [rows[rows["_new"] == side] for side in (0.0, 1.0)]
    if min(len(s) for s in sides) < FEW:
        return None
    means, spreads = ([float(f(s["_loss"])) for s in sides] for f in (np.mean, np.var))
    error = float(np.sqrt(sum(max(v, 1e-3) / len(s) for v, s in zip(spreads, sides, strict=True))))
    old, new = (s.sample(min(ROWS, len(s)), random_state=seed).reset_index(drop=True) for s in sides)
    return Comparison(old, new, means[1] - means[0], (means[1] - means[0]) / error)


def _whole(old: pd.DataFrame, new: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Give a reference what only a log has: its decision is its prediction, its status the usual one."""
    decision, status = roles.column("decision"), roles.column("status")
    said = roles.column("prediction")
    if decision in new.columns and decision not in old.columns and said in old.columns:
        old = old.assign(**{str(decision): old[said]})
    if status in new.columns and status not in old.columns:
        old = old.assign(**{str(status): new[status].mode().iloc[0]})
    return old


def graph_of(pair: Comparison, roles: Roles, features: list[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Give the nodes' columns (with ``_new``) and the graph: ``nodes`` in causal order and ``parents`` of each."""
    both = pd.concat([pair.old, pair.new], ignore_index=True)
    side = both["_new"].to_numpy() == 1.0
    coded = {f: codes(both[f], side) for f in features if f in both}
    named = {r: str(roles.column(r)) for r in ("latency_ms", "status", "score", "prediction", "label", "decision")
             if roles.column(r) in both.columns and (r != "score" or roles.task == "binary")}  # fmt: skip
    said = answers(both, {r: c for r, c in named.items() if r in ("prediction", "label", "decision")}, roles.task)
    answer = said.get("prediction")
    shifts = {f: (moved(values, side), worn(defect, side)) for f, (values, defect) in coded.items()}
    chosen: list[str] = []
    for feature in sorted(coded, key=lambda f: -max(*shifts[f], bearing(coded[f][0], side, answer))):
        if sum(1 + (shifts[f][1] > 0.01) for f in (*chosen, feature)) > FEATURES:
            break
        chosen.append(feature)
    columns: dict[str, np.ndarray] = {}
    for feature in sorted(chosen, key=lambda f: max(shifts[f])):
        if shifts[feature][1] > 0.01:
            columns[f"defect {feature}"] = coded[feature][1]
        columns[f"feature {feature}"] = coded[feature][0]
    inputs = list(columns)
    for role, name in named.items():
        values = said[role] if role in said else codes(both[name], side)[0]
        values = np.where(np.isnan(values), -1.0, values)
        if not idle(role, values, side, columns.get("prediction")):
            columns[role] = values
    parents = {node: inputs[:i] for i, node in enumerate(inputs)} | {
        "score": [*inputs, "latency_ms", "status"], "prediction": [*inputs, "latency_ms", "status", "score"],
        "label": inputs, "decision": ["score", "prediction"],
        "loss": ["label", "decision" if "decision" in columns else "prediction", *inputs],
    }  # fmt: skip
    parents = {n: [p for p in over if p in columns] for n, over in parents.items() if n in columns or n == "loss"}
    columns["loss"] = both["_loss"].to_numpy(dtype=float)
    final = ["decision" if "decision" in columns else "prediction", "label"]
    graph = {"nodes": list(columns), "parents": parents, "final": [n for n in final if n in columns]}
    return pd.DataFrame({**columns, "_new": side.astype(float)}), graph


def answers(both: pd.DataFrame, named: dict[str, str], task: str | None) -> dict[str, np.ndarray]:
    """Give numbers for prediction, label and decision: their own in a regression, else one code for every class."""
    if task == "regression":
        return {r: pd.to_numeric(both[c], errors="coerce").to_numpy(dtype=float) for r, c in named.items()}
    text = {r: both[c].astype(str).where(both[c].notna()) for r, c in named.items()}
    classes = sorted({v for column in text.values() for v in column.dropna()})
    return {r: column.map({v: float(i) for i, v in enumerate(classes)}).to_numpy(dtype=float)
            for r, column in text.items()}  # fmt: skip


def idle(role: str, values: np.ndarray, side: np.ndarray, said: np.ndarray | None) -> bool:
    """Say whether a node can be left out.

    That is a latency or score that one side lacks, service that did not move, a decision that equals the prediction.
    """
    if role in ("latency_ms", "score") and min(float((values[s] >= 0).mean()) for s in (side, ~side)) == 0:
        return True
    if role == "latency_ms":
        return moved(values, side) < 0.1
    if role == "status":
        gaps = [float((values[side] == v).mean() - (values[~side] == v).mean()) for v in np.unique(values)]
        return max(map(abs, gaps)) < 0.01
    if role == "decision" and said is not None:
        return max(float((values[s] != said[s]).mean()) for s in (side, ~side)) < 0.01
    return False


def codes(column: pd.Series, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers for a column (words by how common they are in the old table), and what is wrong with each value.

    0 nothing, 1 missing, 2 a word that the old table does not have.
    """
    lost = column.isna().to_numpy()
    number = pd.to_numeric(column, errors="coerce").replace([np.inf, -np.inf], np.nan)
    words = not pd.api.types.is_numeric_dtype(column) and number.notna().sum() < 0.5 * (~lost).sum()
    if not words:
        return number.to_numpy(dtype=float), number.isna().to_numpy().astype(float)
    text = column.astype(str)
    known = {v: float(i) for i, v in enumerate(text[~side & ~lost].value_counts().index)}
    fresh = ~lost & ~text.isin(known).to_numpy()
    values = text.map(known).to_numpy(dtype=float)
    return np.where(fresh, -1.0, values), np.where(lost, 1.0, np.where(fresh, 2.0, 0.0))


def worn(defect: np.ndarray, side: np.ndarray) -> float:
    """Give how much the share of defective values changed."""
    return abs(float((defect[side] > 0).mean() - (defect[~side] > 0).mean()))


def bearing(values: np.ndarray, side: np.ndarray, answer: np.ndarray | None) -> float:
    """Give how much a feature bears on the old answers: the root of the share of variance that its eighths explain."""
    fine = ~np.isnan(values) & ~side
    if answer is None or fine.sum() < FEW:
        return 0.0
    fine &= ~np.isnan(answer)
    said = answer[fine]
    if len(np.unique(values[fine])) < 2:
        return 0.0
    bins = pd.Series(said).groupby(pd.qcut(values[fine], 8, labels=False, duplicates="drop"))
    spread = float(said.var())
    between = float(((bins.transform("mean") - said.mean()) ** 2).mean())
    return float(np.sqrt(between / spread)) if spread > 0 else 0.0


def moved(values: np.ndarray, side: np.ndarray) -> float:
    """Give the largest gap between the distributions of a column before and after (Kolmogorov and Smirnov's)."""
    old, new = (np.sort(v[~np.isnan(v)]) for v in (values[~side], values[side]))
    if not len(old) or not len(new):
        return 0.0
    at = np.concatenate([old, new])
    gaps = np.searchsorted(old, at, "right") / len(old) - np.searchsorted(new, at, "right") / len(new)
    return float(np.abs(gaps).max())


def facts(pair: Comparison, roles: Roles, features: list[str]) -> dict[str, Any]:
    """Give what an engineer looks up beside the parts: overlap and defects of features, which word, which version."""
    both = pd.concat([pair.old, pair.new], ignore_index=True)
    side = both["_new"].to_numpy() == 1.0
    found: dict[str, Any] = {"missing": {}, "fresh": {}, "apart": {}}
    for feature in (f for f in features if f in both):
        values, defect = codes(both[feature], side)
        found["apart"][feature] = moved(values, side)
        found["missing"][feature] = float((defect[side] == 1).mean())
        found["fresh"][feature] = float((defect[side] == 2).mean())
    for role in ("status", "model_version"):
        name = roles.column(role)
        shares = [t[name].astype(str).value_counts(normalize=True) if name in t else None for t in (pair.old, pair.new)]
        if shares[0] is not None and shares[1] is not None:
            gain = shares[1].sub(shares[0], fill_value=0.0)
            grown = str(gain.idxmax())
            usual = str(shares[0].idxmax())
            found[role] = {"grown": grown, "by": float(gain.max()), "usual": usual}
    said, acted = roles.column("prediction"), roles.column("decision")
    if said in both and acted in both:
        off = (both[said].astype(str) != both[acted].astype(str)).to_numpy()
        found["overridden"] = [float(off[~side].mean()), float(off[side].mean())]
        apart = [losses(both, roles, r) for r in ("prediction", "decision")]
        if apart[0] is not None and apart[1] is not None:
            gap = (apart[1] - apart[0]).to_numpy()
            found["people"] = [float(np.nanmean(gap[~side])), float(np.nanmean(gap[side]))]
    return found
