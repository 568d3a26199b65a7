"""Where is it worse (floor 5)? A scan over conjunctions of up to three conditions and over spans of the log.

Conditions are values of groups, segments, versions and categories, and ranges of numbers between the baseline's
quintiles. For every one and every pair the sums of the loss by time block are one matrix product; a span's sums are
differences of cumulated ones, so that trying every span costs next to nothing. Triples extend the best pairs. The scan
sees half of the rows; what it finds is told nothing until the other half has been asked (``toolkit.impact.slices``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.detectors.evidence import some
from toolkit.detectors.study import Study
from toolkit.detectors.values import runs
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask, Sample
from toolkit.records import SliceTerm

#: Spans begin and end at these parts of the log.
BLOCKS: Final = 6
MOST_VALUES: Final = 12
#: Conditions that are paired, pairs that are extended, rows that are searched and judged: what bounds the time.
MOST_PAIRED: Final = 160
MOST_EXTENDED: Final = 24
MOST_SEARCHED: Final = 10_000
MOST_ROWS: Final = 20_000

#: Which rows a condition holds for, 1 or 0: numbers, since they are multiplied.
Flags = NDArray[np.float32]
Role = Literal["group", "segment", "version", "feature"]


@dataclass(frozen=True)
class Condition:
    """Rows where a column has a value of text, is within ``low < x <= high``, or has no value."""

    role: Role
    column: str
    text: str
    low: float = -np.inf
    high: float = np.inf
    value: str | None = None
    missing: bool = False

    @property
    def term(self) -> SliceTerm:
        """The condition as a term of a slice."""
        return SliceTerm(self.column, self.text)

    def holds(self, sample: Sample, at: Ints | slice = slice(None)) -> Mask:
        """Mark the rows ``at``; all where they know nothing of such a column (a reference has no versions)."""
        column = _column(sample, self.role, self.column)
        if not isinstance(column, Codes):
            x = column[at]
            return np.asarray(np.isnan(x) if self.missing else (x > self.low) & (x <= self.high))
        codes = column.codes[at]
        if self.role != "feature" and not (codes >= 0).any():
            return np.ones(len(codes), dtype=bool)
        if self.missing:
            return codes < 0
        place = column.names.index(self.value) if self.value in column.names else -2
        return np.asarray(codes == place)


@dataclass(frozen=True)
class Rows:
    """Labelled rows of one half: the log's (``at``) with their time block, and the baseline's (``ref_at``).

    ``loss`` and ``ref_loss`` are what is searched and tested (losses beyond the expected ones), ``raw`` and
    ``raw_ref`` the losses themselves.
    """

    log: Sample
    at: Ints
    loss: Floats
    block: Ints
    ref: Sample
    ref_at: Ints
    ref_loss: Floats
    raw: Floats
    raw_ref: Floats


@dataclass(frozen=True)
class Region:
    """What the scan found: conditions, the blocks ``first`` to ``last`` (half open), and how far it stands out."""

    conditions: tuple[Condition, ...]
    first: int
    last: int
    score: float


@dataclass(frozen=True)
class Sums:
    """Number of rows, sum of their losses, sum of its squares."""

    n: Floats
    s: Floats
    q: Floats

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.n - other.n, self.s - other.s, self.q - other.q)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.s + other.s, self.q + other.q)


def conditions(study: Study) -> list[Condition]:
    """List every condition worth trying on this log."""
    found: list[Condition] = []
    texts: list[tuple[Role, str, Codes]] = [
        *(("group", name, codes) for name, codes in study.log.groups.items()),
        *(("segment", name, codes) for name, codes in study.log.segments.items()),
        ("version", "model_version", study.log.version),
    ]
    known = {name for _, name, _ in texts}
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        if name in known:
            continue
        if isinstance(column, Codes) and isinstance(base, Codes):
            texts.append(("feature", name, column))
        elif not isinstance(column, Codes) and not isinstance(base, Codes):
            found += _ranges(name, study.in_order(base), lacking=bool(np.isnan(base).any() or np.isnan(column).any()))
    for role, name, codes in texts:
        count = np.bincount(codes.codes[codes.codes >= 0], minlength=len(codes.names))
        values = [int(i) for i in np.argsort(-count, kind="stable")[:MOST_VALUES] if count[i] > 0]
        lacking = (codes.codes < 0).any()
        if len(values) + lacking >= 2:
            found += [Condition(role, name, codes.names[i], value=codes.names[i]) for i in values]
            found += [Condition(role, name, "missing", missing=True)] if lacking and values else []
    return found


def _ranges(name: str, have: Floats, *, lacking: bool) -> list[Condition]:
    """Cut a number at the baseline's quintiles: all above, all below, each part between; few values one by one.

    ``have`` are the baseline's values, sorted; ``lacking``: whether any is missing, of baseline or log.
    """
    values = runs(have)[0]
    many = len(values) >= 7
    values = values[:0] if many else values
    found: list[Condition] = []
    if len(values) >= 2:
        below = [-np.inf, *values[:-1]]
        found = [Condition("feature", name, f"{v:.4g}", low=b, high=v) for b, v in zip(below, values, strict=True)]
    elif many:
        cuts = np.unique(np.quantile(have, [0.2, 0.4, 0.6, 0.8]))
        found = [Condition("feature", name, f"<= {c:.4g}", high=c) for c in cuts]
        found += [Condition("feature", name, f"> {c:.4g}", low=c) for c in cuts]
        found += [Condition("feature", name, f"{a:.4g} to {b:.4g}", low=a, high=b) for a, b in pairwise(cuts)]
    if lacking:
        found.append(Condition("feature", name, "missing", missing=True))
    return found


def _column(sample: Sample, role: Role, name: str) -> Column:
    if role == "version":
        return sample.version
    return {"group": sample.groups, "segment": sample.segments, "feature": sample.features}[role][name]


def contrast(now: Sums, then: Sums) -> tuple[Floats, Floats]:
    """Give the difference of the mean losses and its variance.

    The variance is the larger of the pooled and the separate one, each part with one row at the pooled variance
    added: a part without a single error must not look certain, nor three errors among a few rows sure.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        n, m = now.n, then.n
        pooled = np.maximum((now.q + then.q) / (n + m) - ((now.s + then.s) / (n + m)) ** 2, 1e-12)
        a = np.maximum(now.q / n - (now.s / n) ** 2, 0.0)
        b = np.maximum(then.q / m - (then.s / m) ** 2, 0.0)
        own = (n * a + pooled) / (n + 1) / n + (m * b + pooled) / (m + 1) / m
        return now.s / n - then.s / m, np.maximum(own, pooled * (1 / n + 1 / m))


def scan(
    rows: Rows, tried: Sequence[Condition], spans: Sequence[tuple[int, int]], *, least: int, stand_out: bool
) -> list[Region]:
    """Find the regions that got worse, the surest first.

    Args:
        rows: the half that the search may see.
        tried: the conditions.
        spans: the (first, last) blocks of each span that a region may cover; all other rows are its baseline.
        least: fewest rows of a region, within the span and in its baseline.
        stand_out: whether a region must also be worse than the rest of its span, not only than it was itself.
    """
    blocks, rows = max(last for _, last in spans), _thinned(rows)
    whole = tuple(np.ones((len(x), 1), np.float32) for x in (rows.loss, rows.ref_loss))
    judge = _Judge(rows, spans, blocks, least, stand_out, *whole)
    of = np.unique([c.column for c in tried], return_inverse=True)[1]
    # some at a time: of many columns there are thousands, and only the best are looked at together
    some_of = [tried[a : a + MOST_PAIRED] for a in range(0, len(tried), MOST_PAIRED)]
    single = np.concatenate([judge(*_flags(rows, part), *whole)[:, :, 0] for part in some_of], axis=1)
    found = _best(single, np.arange(len(tried))[:, None])
    kept = np.sort(np.argsort(-single.max(axis=0), kind="stable")[:MOST_PAIRED])
    A, R = _flags(rows, [tried[i] for i in kept])
    pairs = judge(A, R, A, R)
    i, j = np.triu_indices(len(kept), k=1)
    apart = of[kept[i]] != of[kept[j]]
    i, j = i[apart], j[apart]
    if len(i):
        found += _best(pairs[:, i, j], np.column_stack((kept[i], kept[j])))
        found.sort(key=lambda f: -f[1])
    beam = list(dict.fromkeys(f[0] for f in found if len(f[0]) == 2))[:MOST_EXTENDED]
    if beam:
        one, two = np.searchsorted(kept, beam).T
        X, Y = A[:, one] * A[:, two], R[:, one] * R[:, two]
        triples = judge(X, Y, A, R)
        p, k = np.nonzero([[of[c] not in (of[a], of[b]) for c in kept] for a, b in beam])
        found += _best(triples[:, p, k], np.column_stack((np.array(beam)[p], kept[k]))) if len(p) else []
    found.sort(key=lambda f: -f[1])
    return [Region(tuple(tried[c] for c in names), *spans[w], score) for names, score, w in found]


def _flags(rows: Rows, tried: Sequence[Condition]) -> tuple[Flags, Flags]:
    """Say of each row, of log and baseline, which conditions hold: a column a condition."""
    A, R = (np.empty((len(at), len(tried)), np.float32, order="F") for at in (rows.at, rows.ref_at))
    for i, c in enumerate(tried):
        A[:, i], R[:, i] = c.holds(rows.log, rows.at), c.holds(rows.ref, rows.ref_at)
    return A, R


def _thinned(rows: Rows) -> Rows:
    """Give as many rows as are searched: many more make a region hardly surer, and take as much longer."""
    if max(len(rows.loss), len(rows.ref_loss)) <= MOST_SEARCHED:
        return rows
    log, ref = (some(np.arange(len(x)), MOST_SEARCHED) for x in (rows.loss, rows.ref_loss))
    return Rows(
        rows.log, rows.at[log], rows.loss[log], rows.block[log], rows.ref, rows.ref_at[ref], rows.ref_loss[ref],
        rows.raw[log], rows.raw_ref[ref],
    )  # fmt: skip


class _Judge:
    """Scores all products of two sets of conditions over all spans: an array (span, left, right)."""

    def __init__(
        self, rows: Rows, spans: Sequence[tuple[int, int]], blocks: int, least: int, stand_out: bool,
        ones: Flags, ref_ones: Flags,
    ) -> None:  # fmt: skip
        self.rows, self.spans, self.blocks, self.least, self.stand_out = rows, spans, blocks, least, stand_out
        self.everything = self._sums(ones, ref_ones, ones, ref_ones)

    def _sums(self, X: Flags, Y: Flags, A: Flags, R: Flags) -> tuple[Sums, Sums]:
        """Sums inside every span and outside it."""
        parts = [self.rows.block == b for b in range(self.blocks)]
        by = [_products(X[p], A[p], self.rows.loss[p]) for p in parts]
        base = _products(Y, R, self.rows.ref_loss)
        run = np.concatenate((np.zeros((1, *base.shape)), np.cumsum(by, axis=0)))
        inside = np.array([run[last] - run[first] for first, last in self.spans])
        outside = run[-1] + base - inside
        return Sums(*np.moveaxis(inside, 1, 0)), Sums(*np.moveaxis(outside, 1, 0))

    def __call__(self, X: Flags, Y: Flags, A: Flags, R: Flags) -> Floats:
        now, then = self._sums(X, Y, A, R)
        effect, variance = contrast(now, then)
        with np.errstate(invalid="ignore"):
            z = effect / np.sqrt(variance)
        if self.stand_out:
            rest_effect, rest_variance = contrast(self.everything[0] - now, self.everything[1] - then)
            with np.errstate(invalid="ignore"):
                beyond = (effect - rest_effect) / np.sqrt(variance + rest_variance)
            z = np.minimum(z, np.where(np.isfinite(beyond), beyond, -np.inf))
        return np.where((now.n >= self.least) & (then.n >= self.least) & np.isfinite(z), z, -np.inf)


def _products(X: Flags, A: Flags, loss: Floats) -> Floats:
    """X'A, X' diag(loss) A and X' diag(loss^2) A."""
    y = loss[:, None]
    return np.array([X.T @ A, X.T @ (A * y), X.T @ (A * y * y)], dtype=np.float64)


def _best(z: Floats, names: Ints, most: int = 60) -> list[tuple[tuple[int, ...], float, int]]:
    """Give the best as (conditions, z^2 less what so many tries give by chance, span)."""
    tries = 2.0 * np.log(max(z.size, 2))
    span = z.argmax(axis=0)
    top = z[span, np.arange(z.shape[1])]
    order = np.argsort(-top, kind="stable")[:most]
    return [(tuple(int(c) for c in names[i]), float(top[i] ** 2 - tries), int(span[i])) for i in order if top[i] > 0]
