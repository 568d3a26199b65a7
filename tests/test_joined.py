"""Values joined to other rows in part, and values that are only known worse: told apart by what each label got."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from toolkit.detectors.joined import part_joined

Floats = NDArray[np.float64]
N = 4000


def drawn(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw a column that tells a label, and the label."""
    label = (rng.random(N) < 0.5).astype(float)
    return rng.normal(1.8 * label, 1.0), label


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_part_of_the_rows_has_the_values_of_others(share: float) -> None:
    """Those that have their own tell what they told, however many have not."""
    rng = np.random.default_rng(2)
    (was, label), (own, label_now) = drawn(rng), drawn(rng)
    now = np.where(rng.random(N) < share, rng.permutation(own), own)
    assert part_joined(was, label, now, label_now, share) > 0.8


def test_a_value_known_worse_is_not_joined_to_others() -> None:
    """Every row has its own value and some noise: it tells less of each, and of none nothing."""
    rng = np.random.default_rng(3)
    (was, label), (own, label_now) = drawn(rng), drawn(rng)
    assert part_joined(was, label, own + rng.normal(0, 1.5, N), label_now, 0.4) < 0.2


def test_few_rows_and_few_losses_say_nothing() -> None:
    """Next to nothing lost, or hardly a row of one label: no part is told."""
    rng = np.random.default_rng(4)
    was, label = drawn(rng)
    assert part_joined(was, label, was, label, 0.05) == 0.0
    assert part_joined(was, label, was, np.zeros(N), 0.4) < 0.01
