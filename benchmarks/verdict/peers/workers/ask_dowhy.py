"""Asks dowhy 0.14 which mechanism changed the mean loss: ``gcm.distribution_change_robust`` (multiply robust).

Tables: ``old_NAME`` and ``new_NAME`` for every comparison, with one numeric column per node; ``nodes`` gives their
order (causes first, the loss last), ``parents`` the graph and ``final`` the two nodes that the loss compares. dowhy's
defaults are linear models, which cannot see a loss that is one where two columns differ; it gets trees, and the gap
between the two as one more column wherever both are given. The same model on the same rows is fitted once: dowhy asks
for it again for every set of mechanisms.
"""

import hashlib

import networkx as nx
import numpy as np
import pandas as pd
from dowhy import gcm
from dowhy.gcm.distribution_change_robust import distribution_change_robust
from dowhy.gcm.ml.classification import SklearnClassificationModel
from dowhy.gcm.ml.regression import SklearnRegressionModel
from dowhy.gcm.shapley import ShapleyApproximationMethods, ShapleyConfig
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

gcm.config.disable_progress_bars()
#: So many orders of the mechanisms where there are too many for all sets of them.
ORDERS, ALL_SETS = 15, 6
FOLDS = 2


def measure(tables: dict, graphs: dict, seed: int) -> dict:
    """Give, by comparison, how much of the change of the mean loss each node's mechanism made."""
    out = {}
    for name, graph in graphs.items():
        old, new = tables[f"old_{name}"], tables[f"new_{name}"]
        out[name] = _blame(old, new, graph, seed)
    return out


def _blame(old: pd.DataFrame, new: pd.DataFrame, drawn: dict, seed: int) -> dict:
    """One comparison. Nodes of one rank are sorted by name, so that numbers keep our order."""
    nodes, parents = drawn["nodes"], drawn["parents"]
    # dowhy asks with the first columns only, so that a node keeps its place
    final = [nodes.index(n) for n in drawn["final"]]
    label = {node: f"n{i:02d}" for i, node in enumerate(nodes)}
    graph = nx.DiGraph()
    graph.add_nodes_from(label.values())
    graph.add_edges_from((label[p], label[node]) for node, over in parents.items() for p in over)
    gcm.util.general.set_random_seed(seed)
    sets = ShapleyApproximationMethods.EXACT if len(nodes) <= ALL_SETS else ShapleyApproximationMethods.PERMUTATION
    memory: dict = {}
    found = distribution_change_robust(
        gcm.ProbabilisticCausalModel(graph), old.rename(columns=label), new.rename(columns=label),
        label[nodes[-1]], xfit_folds=FOLDS, split_random_state=seed, crop=0.02,
        regressor=lambda: Kept(memory, final, SklearnRegressionModel(DecisionTreeRegressor(min_samples_leaf=6))),
        classifier=lambda: Kept(memory, final, SklearnClassificationModel(
            HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=seed))),
        shapley_config=ShapleyConfig(sets, num_permutations=ORDERS, n_jobs=1),
    )  # fmt: skip
    return {node: float(found[label[node]]) for node in nodes if label[node] in found}


class Kept:
    """A model of dowhy's that is fitted once on the same rows and predicts once for the same rows."""

    def __init__(self, memory: dict, final: list, model: SklearnRegressionModel) -> None:
        self.memory, self.final, self.model, self.key = memory, final, model, b""

    def _with_gap(self, X: np.ndarray) -> np.ndarray:
        """Add how far the two compared nodes are apart, where both are among the columns."""
        if len(self.final) < 2 or X.shape[1] <= max(self.final):
            return X
        return np.column_stack([X, np.abs(X[:, self.final[0]] - X[:, self.final[1]])])

    def fit(self, X: np.ndarray, Y: np.ndarray) -> None:
        """Fit, unless this kind of model was fitted on these rows before."""
        self.key = type(self.model).__name__.encode() + _mark(X) + _mark(Y)
        if self.key not in self.memory:
            self.model.fit(self._with_gap(X), Y)
            self.memory[self.key] = self.model
        self.model = self.memory[self.key]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Give the model's predictions."""
        return self._once("predict", X)

    def predict_probabilities(self, X: np.ndarray) -> np.ndarray:
        """Give the classifier's probabilities."""
        return self._once("predict_probabilities", X)

    def _once(self, verb: str, X: np.ndarray) -> np.ndarray:
        key = self.key + verb.encode() + _mark(X)
        if key not in self.memory:
            self.memory[key] = getattr(self.model, verb)(self._with_gap(X))
        return self.memory[key]


def _mark(values: np.ndarray) -> bytes:
    """Give what tells two arrays apart."""
    values = np.ascontiguousarray(values)
    return str(values.shape).encode() + hashlib.blake2b(values, digest_size=12).digest()
