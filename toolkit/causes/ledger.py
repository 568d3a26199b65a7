"""The ledger (floor 5): the damage split over the causes, summing to the whole.

Every line i may explain a part f_i(r) of the excess loss x(r) of row r: all of it on the rows that a defect, an
override or a version touched, its measured share on the rows since its onset where it touched them all alike. A set S
of lines explains v(S) = sum over r of x(r) (1 - prod over i in S of (1 - f_i(r))); each line's share is its exact
Shapley value (Shapley 1953) in that game, so that no order of accusation matters. What no line explains is a line of
its own where it is more than chance, by the scatter of time blocks; within chance it goes to the lines as their shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import factorial
from typing import Final

import numpy as np

from toolkit.causes.candidates import Candidate, since
from toolkit.causes.choose import Choice
from toolkit.detectors.evidence import difference, onset_of
from toolkit.detectors.study import Study
from toolkit.impact.harm import Damage, block_error
from toolkit.profile.model import Floats
from toolkit.records import LedgerLine

#: A line must explain at least this share of the damage to stand by itself.
LEAST_SHARE: Final = 0.05
#: A further line must explain this share of the damage that the lines before it left.
FURTHER: Final = 0.1
MOST_LINES: Final = 4
#: What touches all rows of its time alike: no row can be told to be its doing.
_SPREAD: Final = frozenset(
    {
        "covariate_shift",
        "concept_drift",
        "label_shift",
        "label_noise",
        "memorised_training_data",
        "overconfidence",
        "leakage",
    }
)


def draw_up(
    study: Study,
    found: Sequence[Candidate],
    choice: Choice,
    damage: Damage,
    ids: Sequence[str],
    *,
    seed: int = 0,
) -> tuple[LedgerLine, ...]:
    """Split the damage over the likeliest explanation and those that explain what it leaves.

    Shares of one total (they sum to 1 with the line ``unexplained``); none where there is no damage to split.
    """
    if not found or choice.none > max(choice.of):
        return _unexplained(1.0) if damage.kind == "labels" and damage.z > 3 else ()
    lead = max(range(len(found)), key=lambda i: choice.of[i])
    excess = np.nan_to_num(np.where(damage.rows, damage.excess, 0.0))
    if damage.kind != "labels" or damage.z < 2 or excess.sum() <= 0:
        # harm that the loss does not show (a gap, a cost, a late answer): its one explanation is the whole of it
        return (_line(study, found[lead], 1.0, None, ids),)
    chosen, parts = _chosen(study, found, damage, excess, lead)
    values = shapley(parts, excess)
    share, left = values.sum(1) / excess.sum(), excess - values.sum(0)
    rest = 1.0 - float(share.sum())
    if share.sum() > 0 and (rest < 0 or left.sum() < 2.0 * block_error(left[damage.rows]) * damage.rows.sum()):
        share, rest = share / share.sum(), 0.0
    spans = intervals(values, excess, damage, share, seed)
    lines = [
        _line(study, found[i], float(s), span, ids)
        for i, s, span in zip(chosen, share, spans, strict=True)
        if s >= LEAST_SHARE
    ]
    rest = 1.0 - sum(line.share for line in lines)
    return (*sorted(lines, key=lambda x: -x.share), *(_unexplained(rest) if rest > 1e-4 else ()))


def _unexplained(share: float) -> tuple[LedgerLine, ...]:
    return (LedgerLine("unexplained", "unexplained", round(share, 4)),)


def _line(study: Study, c: Candidate, share: float, span: tuple[float, float] | None, ids: Sequence[str]) -> LedgerLine:
    onset, _ = onset_of(study, c.best.change)
    finding = c.best.finding
    return LedgerLine(
        c.cause,
        c.mechanism,
        round(share, 4),
        span,
        onset,
        finding.features,
        finding.slice,
        tuple(ids[j] for j in c.supporting),
        tuple(ids[j] for j in c.contradicting),
    )


def parts_of(study: Study, c: Candidate) -> Floats:
    """Give f(r), the part of each log row's excess that the candidate may explain, 0 to 1."""
    if c.best.rows is not None and c.best.share_hint is None and c.mechanism not in _SPREAD:
        return c.best.rows.astype(float)
    on = since(study, c.best)
    rows = on if c.best.rows is None else on & c.best.rows
    return np.where(rows if c.best.share_hint is None else on, max(c.share, LEAST_SHARE), 0.0)


def _chosen(
    study: Study, found: Sequence[Candidate], damage: Damage, excess: Floats, lead: int
) -> tuple[list[int], list[Floats]]:
    """Give the leader, then, as long as more than chance is left, what explains most of that; with their parts."""
    chosen, total = [lead], float(excess.sum())
    first, later = _until_later(study, found, damage, excess, lead)
    parts = [first]
    left = excess * (1 - first)
    while len(chosen) < MOST_LINES:
        if left.sum() < max(3.0 * block_error(left[damage.rows]) * damage.rows.sum(), FURTHER * total):
            break
        gain = {
            i: float((left * parts_of(study, found[i])).sum()) * found[i].strength * (1 - found[i].refuted)
            for i in range(len(found))
            if i not in chosen and _stands(found[i]) and found[i].cause not in {found[j].cause for j in chosen}
        }
        best = max(gain, key=lambda i: gain[i], default=None)
        if best is None or gain[best] < 0.5 * FURTHER * total:
            break
        part = parts_of(study, found[best])
        # what the leader left after a later onset is what that later cause added
        part = 1.0 - first if best == later else part
        chosen.append(best)
        parts.append(part)
        left = left * (1 - part)
    return chosen, parts


def _stands(c: Candidate) -> bool:
    """Whether a candidate is evident enough to be a line beside another."""
    return c.strength >= 0.5 and c.refuted < 0.5 and c.importance > 0.4 and c.z >= 4


def _until_later(
    study: Study, found: Sequence[Candidate], damage: Damage, excess: Floats, lead: int
) -> tuple[Floats, int | None]:
    """Give the leader's parts, no more after another cause's onset than before it, and which cause that was.

    The leader's own level is that of the rows between the two onsets; what is above it later is not its doing.
    """
    part = parts_of(study, found[lead])
    own = found[lead].best.change
    start = own.start if own is not None and own.found and own.shape != "from_start" else 0
    n = len(excess)
    best: tuple[float, int | None, Floats] = (3.5, None, part)
    for i, c in enumerate(found):
        change = c.best.change
        if c.cause == found[lead].cause or not _stands(c) or change is None or not change.found:
            continue
        if change.shape == "from_start" or change.start < start + 0.05 * n or change.start > 0.95 * n:
            continue
        between, after = damage.rows.copy(), damage.rows.copy()
        between[change.start :] = False
        between[:start] = False
        after[: change.start] = False
        if min(between.sum(), after.sum()) < 30:
            continue
        low, _, _, z = difference(excess[between], excess[after])
        level = float(excess[between].mean())
        if z > best[0] and level > 0:
            kept = np.where(np.arange(n) >= change.start, part * min(level / (level + low), 1.0), part)
            best = (z, i, kept)
    return best[2], best[1]


def shapley(parts: Sequence[Floats], excess: Floats) -> Floats:
    """Give every line's exact Shapley value on every row: (lines, rows); its sum over lines is v of all of them."""
    k = len(parts)
    out = np.zeros((k, len(excess)))
    for i in range(k):
        others = [j for j in range(k) if j != i]
        for size in range(k):
            weight = factorial(size) * factorial(k - size - 1) / factorial(k)
            for group in combinations(others, size):
                open_part = np.ones(len(excess))
                for j in group:
                    open_part = open_part * (1 - parts[j])
                out[i] += weight * excess * parts[i] * open_part
    return out


def intervals(
    values: Floats, excess: Floats, damage: Damage, share: Floats, seed: int, rounds: int = 300
) -> list[tuple[float, float] | None]:
    """Give the 95 % intervals of the shares by a bootstrap over time blocks; ``None`` below 20 rows."""
    rows = np.flatnonzero(damage.rows)
    if len(rows) < 20:
        return [None] * len(share)
    blocks = np.array_split(rows, max(2, min(30, len(rows) // 10)))
    mine = np.array([values[:, b].sum(1) for b in blocks])
    whole = np.array([excess[b].sum() for b in blocks])
    picks = np.random.default_rng(seed).integers(0, len(blocks), (rounds, len(blocks)))
    totals = whole[picks].sum(1)
    fine = totals > 0
    if fine.sum() < 20:
        return [(0.0, 1.0)] * len(share)
    ratio = mine[picks].sum(1)[fine] / totals[fine, None]
    off = np.quantile(ratio - np.median(ratio, axis=0), [0.025, 0.975], axis=0)
    return [
        (round(float(np.clip(s + low, 0, 1)), 4), round(float(np.clip(s + high, 0, 1)), 4))
        for s, low, high in zip(share, off[0], off[1], strict=True)
    ]
