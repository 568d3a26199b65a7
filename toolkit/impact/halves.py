"""Two halves of the rows: one to search, one to judge what the search proposes (floor 5).

Every other stretch of time goes to either half, and the baseline's rows by chance. What is searched and tested is the
loss beyond the one that the other half of the baseline leads one to expect of such rows, so that a slice does not
count as worse because harder rows of it came; what is reported is the loss itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from toolkit.detectors.study import Study
from toolkit.impact.regions import BLOCKS, MOST_ROWS, Region, Rows, Sums, contrast
from toolkit.profile.model import Floats, Ints, Mask

#: Stretches of time that go to one half or the other in turn.
STRETCHES: Final = 8 * BLOCKS
#: A half of the baseline smaller than this cannot teach what loss to expect, so that no slice can be judged.
LEAST_TAUGHT: Final = 60
#: More rows than this teach a tree of 32 leaves nothing.
MOST_TAUGHT: Final = 8_000


@dataclass(frozen=True)
class Halves:
    """The two halves, the time block of every log row (-1 where its loss is unknown), and the spans to be tried."""

    one: Rows
    two: Rows
    block: Ints
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Judged:
    """A region on rows that did not propose it.

    ``before`` and ``after`` are mean losses, ``effect`` their difference with its standard ``error``; ``z`` is of the
    change beyond the mix of rows, ``beyond`` of that less the rest's; ``traded`` says that the rest got better by as
    much, as it does where a column changed its meaning and nothing got worse.
    """

    before: float
    after: float
    effect: float
    error: float
    z: float
    beyond: float
    traded: bool


def part(study: Study, after: Mask | None, *, least: int, seed: int) -> Halves | None:
    """Part the labelled rows into halves.

    Args:
        study: the log and its baseline; a baseline without losses of its own is replaced by the log's first part.
        after: the incident's rows where they are known (block 1, all others block 0), else spans are to be tried.
        least: with fewer than twice as many labelled log rows there is nothing to part.
        seed: which half a baseline row goes to.

    Returns:
        The halves; ``None`` where there are too few rows to search and judge.
    """
    loss, ref_loss = study.log_loss.final, study.ref_final
    known, base = np.flatnonzero(~np.isnan(loss)), np.flatnonzero(~np.isnan(ref_loss))
    alone = study.own_reference or len(base) < 2 * LEAST_TAUGHT
    if len(known) < 2 * least:
        return None
    stretch = np.arange(len(known)) * STRETCHES // len(known)
    block = np.full(len(study.log), -1, dtype=np.int64)
    block[known] = stretch // (STRETCHES // BLOCKS) if after is None else after[known]
    rng = np.random.default_rng(seed)
    base = rng.permutation(base[:0] if alone else base)
    R, L = (
        study.design.ref.beside(study.ref.score, study.ref.prediction),
        study.design.log.beside(study.log.score, study.log.prediction),
    )
    logs, refs = [known[stretch % 2 == h] for h in (0, 1)], [base[h::2] for h in (0, 1)]
    first = len(study.ref) if study.own_reference else len(loss) // BLOCKS
    cap = np.inf if not study.regression else 3.0 * float(np.nanquantile(loss if alone else ref_loss, 0.98))
    halves = []
    for h in (0, 1):
        early = logs[1 - h][logs[1 - h] < first]
        X, of, y = (L, early, loss) if alone else (R, refs[1 - h], ref_loss)
        if len(of) < LEAST_TAUGHT:
            return None
        of = of[np.unique(np.linspace(0, len(of) - 1, min(len(of), MOST_TAUGHT)).astype(np.int64))]
        log, ref = _thinned(logs[h], rng), _thinned(refs[h], rng)
        usual, usual_ref = expected_loss(X.rows(of), np.minimum(y[of], cap), (L.rows(log), R.rows(ref)))
        now, then = np.minimum(loss[log], cap) - usual, np.minimum(ref_loss[ref], cap) - usual_ref
        halves.append(Rows(study.log, log, now, block[log], study.ref, ref, then, loss[log], ref_loss[ref]))
    spans = [(i, j) for i in range(1 if alone else 0, BLOCKS) for j in range(i + 1, BLOCKS + 1)]
    return Halves(halves[0], halves[1], block, tuple(spans) if after is None else ((1, 2),))


def _thinned(rows: Ints, rng: np.random.Generator) -> Ints:
    return np.sort(rng.choice(rows, MOST_ROWS, replace=False) if len(rows) > MOST_ROWS else rows)


def expected_loss(X: Floats, loss: Floats, at: Sequence[Floats]) -> list[Floats]:
    """Give the loss to expect of other rows, by a tree of the baseline's loss on features, score and prediction.

    ``X`` is (n, columns) and may have NaN, ``loss`` (n,) without; ``at`` holds matrices of the same columns.
    """
    from sklearn.tree import DecisionTreeRegressor

    there = ~np.isnan(X).all(axis=0)
    if not there.any():
        return [np.full(len(x), loss.mean()) for x in at]
    tree: Any = DecisionTreeRegressor(max_leaf_nodes=32, min_samples_leaf=max(20, len(X) // 100), random_state=0)
    tree.fit(X[:, there], loss)
    return [tree.predict(x[:, there]) if len(x) else np.zeros(0) for x in at]


def inside(rows: Rows, region: Region) -> tuple[Mask, Mask, Mask]:
    """Mark the log rows within the region's span, those it holds for at any time, and the baseline rows."""
    span = (rows.block >= region.first) & (rows.block < region.last)
    log = np.logical_and.reduce([c.holds(rows.log, rows.at) for c in region.conditions])
    ref = np.logical_and.reduce([c.holds(rows.ref, rows.ref_at) for c in region.conditions])
    return span, log, ref


def judge(rows: Rows, region: Region) -> Judged:
    """Measure a region: against what it was, and against the rest of its span."""
    span, log, ref = inside(rows, region)
    now, then = _sums(rows.raw[span & log]), _sums(rows.raw[~span & log], rows.raw_ref[ref])
    if now.n < 5 or then.n < 5:
        return Judged(np.nan, np.nan, 0.0, np.inf, 0.0, 0.0, False)
    effect, variance = (float(v) for v in contrast(now, then))
    error = float(np.sqrt(variance + _scatter(rows.raw[span & log])))
    own, own_variance = _change(rows, span & log, ~span & log, ref)
    own_variance += _scatter(rows.loss[span & log])
    z = beyond = own / np.sqrt(own_variance)
    rest, rest_variance = _change(rows, span & ~log, ~span & ~log, ~ref)
    traded = False
    if np.isfinite(rest_variance):
        beyond = (own - rest) / np.sqrt(own_variance + rest_variance)
        gain = -rest * float((span & ~log).sum())
        traded = bool(rest < -2.0 * np.sqrt(rest_variance) and gain > 0.5 * own * float(now.n))
    return Judged(float(then.s / then.n), float(now.s / now.n), effect, error, float(z), float(beyond), traded)


def _change(rows: Rows, now: Mask, then: Mask, ref: Mask) -> tuple[float, float]:
    """Give the change of the unexpected loss and its variance; infinite where there are too few rows."""
    a, b = _sums(rows.loss[now]), _sums(rows.loss[then], rows.ref_loss[ref])
    if a.n < 5 or b.n < 5:
        return 0.0, np.inf
    effect, variance = contrast(a, b)
    return float(effect), float(variance)


def _scatter(x: Floats, blocks: int = 20) -> float:
    """Give by how much time blocks scatter more than rows that know nothing of each other would, as a variance."""
    if len(x) < 80:
        return 0.0
    means = np.array([p.mean() for p in np.array_split(x, min(blocks, len(x) // 10))])
    return max(float(means.var(ddof=1)) / len(means) - float(x.var()) / len(x), 0.0)


def _sums(*parts: Floats) -> Sums:
    x = np.concatenate(parts)
    return Sums(np.array(float(len(x))), np.array(x.sum()), np.array((x * x).sum()))
