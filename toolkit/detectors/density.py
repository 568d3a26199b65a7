"""How dense values lie in a baseline (floor 4): what the likelihood of another unit is held to."""

from __future__ import annotations

import numpy as np

from toolkit.detectors.values import cell_of
from toolkit.profile.model import Floats


class Density:
    """A histogram density on quantile cells with light tails: cheap, positive everywhere."""

    def __init__(self, base: Floats) -> None:
        edges = np.unique(np.quantile(base, np.linspace(0, 1, 33)))
        if len(edges) < 2:  # one value alone: a cell of the smallest width around it
            edges = np.array([edges[0], np.nextafter(edges[0], np.inf)])
        width = np.diff(edges)
        counts, _ = np.histogram(base, edges)
        # within bounds, so that no square and no product of two densities overflows
        self.edges, self.span = edges, min(max(float(edges[-1] - edges[0]), 1e-70), 1e70)
        self.height = (counts + 0.5) / (len(base) + 0.5 * len(counts)) / np.maximum(width, 1e-12 * self.span)
        self.height *= 0.98

    def __call__(self, x: Floats) -> Floats:
        """Give the density at each value."""
        at = cell_of(self.edges, x) - 1
        at = np.where(x == self.edges[-1], len(self.height) - 1, at)
        within = (at >= 0) & (at < len(self.height))
        away = np.maximum(self.edges[0] - x, x - self.edges[-1]).clip(0, 1e70) / self.span
        tail = 0.02 / self.span / (1 + away) ** 2
        out: Floats = np.where(within, self.height[np.clip(at, 0, len(self.height) - 1)] + 0.01 * tail, tail)
        return out
