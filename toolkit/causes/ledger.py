"""The ledger (floor 5): the damage split over the causes, summing to the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.causes.candidates import Candidate
from toolkit.causes.choose import Choice
from toolkit.detectors.evidence import onset_of
from toolkit.detectors.study import Study
from toolkit.impact.harm import Damage
from toolkit.profile.model import Floats
from toolkit.records import LedgerLine

#: A line must explain at least this share of the damage to stand by itself.
LEAST_SHARE = 0.05


def draw_up(
    study: Study,
    found: Sequence[Candidate],
    choice: Choice,
    damage: Damage,
    ids: Sequence[str],
    *,
    seed: int = 0,
) -> tuple[LedgerLine, ...]:
    """Split the damage: the likeliest explanations take their shares first, what is left is unexplained.

    Shares of one total (they sum to 1 with the line ``unexplained``); none where there is no damage to split.
    """
    total = float(np.nansum(np.where(damage.rows, damage.excess, 0.0)))
    order = sorted(range(len(found)), key=lambda i: -choice.of[i])
    chosen = [i for i in order if choice.of[i] > 0.08 and found[i].share > LEAST_SHARE][:4]
    if damage.kind == "labels" and total <= 0:
        return ()
    lines: list[LedgerLine] = []
    left, taken_causes = 1.0, set[str]()
    for i in chosen:
        c = found[i]
        if lines and c.cause in taken_causes and c.mechanism not in ("missing_values", "unit_change"):
            continue
        share = min(c.share * (1.0 if not lines else left), left)
        if share < LEAST_SHARE:
            continue
        low, high = interval(damage, c, share, seed)
        onset, _ = onset_of(study, c.best.change)
        lines.append(
            LedgerLine(
                c.cause,
                c.mechanism,
                round(share, 4),
                (round(low, 4), round(high, 4)),
                onset,
                c.best.finding.features,
                c.best.finding.slice,
                tuple(ids[j] for j in c.supporting),
                tuple(ids[j] for j in c.contradicting),
            )
        )
        taken_causes.add(c.cause)
        left = 1.0 - sum(line.share for line in lines)
    if (lines and left > 1e-9) or (not lines and damage.z > 3):
        lines.append(LedgerLine("unexplained", "unexplained", round(max(1.0 - sum(x.share for x in lines), 0.0), 4)))
    return tuple(sorted(lines, key=lambda x: (x.cause == "unexplained", -x.share)))


def interval(damage: Damage, c: Candidate, share: float, seed: int, rounds: int = 200) -> tuple[float, float]:
    """Give the 95 % interval of a share by a bootstrap over time blocks of the incident's rows."""
    rows = np.flatnonzero(damage.rows & ~np.isnan(damage.excess))
    if len(rows) < 20 or c.best.rows is None:
        error = 1.0 / np.sqrt(max(damage.z, 1.0) ** 2 + 1.0)
        return max(0.0, share - 1.96 * error * share), min(1.0, share + 1.96 * error * (1 - share) + 1e-9)
    blocks = np.array_split(rows, min(20, len(rows) // 10))
    mine = np.array([float(damage.excess[b][c.best.rows[b]].sum()) for b in blocks])
    whole = np.array([float(damage.excess[b].sum()) for b in blocks])
    draws: Floats = np.random.default_rng(seed).integers(0, len(blocks), (rounds, len(blocks))).astype(float)
    picks = draws.astype(int)
    totals = whole[picks].sum(1)
    ratio = np.where(totals > 0, mine[picks].sum(1) / np.where(totals > 0, totals, 1.0), np.nan)
    spread = ratio[~np.isnan(ratio)]
    if len(spread) < 20:
        return 0.0, 1.0
    low, high = np.quantile(spread - np.median(spread), [0.025, 0.975])
    return float(np.clip(share + low, 0.0, 1.0)), float(np.clip(share + high, 0.0, 1.0))
