"""How errors grow with the numbers themselves (floor 4; regression).

Twice as many loaves to bake are forecast with about twice the error; in a season of larger numbers the absolute error
rises and nothing is worse. What the healthy baseline shows, |error| ~ answer ** power with a power from 0 to 1, is
taken out of every loss, so that it is that of a usual answer. Errors that grow faster than the numbers do stay worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.profile.model import Floats

#: Fewer baseline rows than this cannot tell how errors grow.
LEAST: Final = 60
#: The part of the answers that is among the least, all of which count as one: some may miss zero to the other side.
_RARE: Final = 0.01
#: The growth must be so many standard errors above none.
_SURE: Final = 3.0


@dataclass(frozen=True)
class Level:
    """The power by which errors grow with answers, the least answer that counts as one, and the usual scale."""

    power: float
    least: float
    usual: float

    def weight(self, answer: Floats) -> Floats:
        """Give what brings the loss of each answer to that of a usual one; 1 where there is no answer."""
        return np.where(np.isnan(answer), 1.0, self.usual / np.fmax(answer, self.least) ** self.power)


def learn(answer: Floats, loss: Floats) -> Level | None:
    """Learn how losses grow with answers, over groups of rows of like answers.

    Args:
        answer: healthy answers, NaN where there is none.
        loss: absolute errors of the same rows.

    Returns:
        The level, by which the mean loss of these very rows does not change; ``None`` where answers have no natural
        zero (more than a few are not positive), or where errors do not surely grow with them.
    """
    known = ~np.isnan(answer) & ~np.isnan(loss)
    answer, loss = answer[known], loss[known]
    if len(answer) < LEAST or (least := float(np.quantile(answer, _RARE))) <= 0:
        return None
    parts = np.array_split(np.argsort(answer, kind="stable"), int(np.clip(len(answer) // 15, 4, 12)))
    means, spread, many = (np.array([f(loss[p]) for p in parts]) for f in (np.mean, np.std, len))
    x = np.log([answer[p].mean() for p in parts])
    if means.min() <= 0 or np.ptp(x) < np.log(1.2):
        return None
    y, heavy = np.log(means), many * (means / np.maximum(spread, 1e-9 * means)) ** 2
    off = x - np.average(x, weights=heavy)
    own = float((heavy * off**2).sum())
    power = float((heavy * off * y).sum()) / own
    left = y - np.average(y, weights=heavy) - power * off
    error = np.sqrt(max(float((heavy * left**2).sum()) / (len(parts) - 2), 1.0) / own)
    if power < _SURE * error:
        return None
    power = min(power, 1.0)
    return Level(power, least, float(loss.mean() / (loss / np.fmax(answer, least) ** power).mean()))
