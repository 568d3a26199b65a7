"""When did a series change (floor 4)?

A row-level series is folded into at most ``BINS`` bins of equal row counts; one scan over all segments finds the step
(a change that lasts) or the pulse (one that ends), a second one the ramp; the onset is then refined row by row.
Statistic: the Gaussian likelihood ratio G = n_in n_out / n (m_in - m_out)^2 / s^2 (Page 1954; Levin & Kline 1985 for
the pulse), with s^2 raised to what the bins' own scatter says, so that autocorrelated rows do not raise false alarms.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from toolkit.profile.model import Floats, Ints, Mask

BINS: Final = 120
#: A drop of the likelihood ratio below its maximum that still belongs to the 95 % set of change points.
AT_ONCE: Final = 7.4

#: A stretch of less than this part of the values is held to its own variance too: there a few may make its mean.
_SHORT: Final = 0.05

Shape = Literal["none", "step", "ramp", "pulse", "from_start"]


@dataclass(frozen=True)
class Series:
    """The values among which a change was found, its first row and its end among them; the onset is dated by these.

    ``rows`` are the rows of the log that the values are of, where they are not its own; ``waves`` as ``find_change``
    was given it; ``sudden`` says that it can only have come at once, as a version does.
    """

    values: Floats
    start: int
    end: int
    rows: Ints | None = None
    waves: float = 1.0
    sudden: bool = False


@dataclass(frozen=True)
class Change:
    """A change of a series in time order: rows ``start`` to ``end`` (half open) differ from the others.

    ``before`` and ``after`` are the means outside and inside; ``z`` is the square root of the likelihood ratio, with
    the sign of the change; ``low`` and ``high`` are the first and last row that the onset may be (95 % set) if it came
    at once. ``series`` is what ``toolkit.timeline.onset`` dates an onset by that may have come by and by.
    """

    shape: Shape
    start: int
    end: int
    before: float
    after: float
    z: float
    low: int
    high: int
    series: Series | None = field(default=None, compare=False, repr=False)

    @property
    def found(self) -> bool:
        """Whether there is any change."""
        return self.shape != "none"

    def of(self, rows: Ints, end: int) -> Change:
        """Give the change of a series of some rows of the log in rows of the log; it ends before row ``end``."""
        start, low, high = (int(rows[min(row, len(rows) - 1)]) for row in (self.start, self.low, self.high))
        series = self.series and replace(self.series, rows=rows)
        return replace(self, start=start, end=end, low=low, high=high, series=series)


#: What is new often starts small: so many of its first rows say how long it may have been there before the first.
_FIRST_OF_NEW: Final = 20


def first_of(rows: Mask) -> Series:
    """Give the series that dates what was never there before by its first rows."""
    at = np.flatnonzero(rows)[:_FIRST_OF_NEW]
    return Series(rows.astype(np.float64), int(at[0]), int(at[-1]) + 1, sudden=True)


def no_change(n: int, mean: float = float("nan")) -> Change:
    """Give the answer for a series in which nothing changed."""
    return Change("none", n, n, mean, mean, 0.0, n, n)


def _fold(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Fold x into bins of equal row counts: edges (row numbers), sums and counts of the known values."""
    bins = int(min(BINS, max(4, len(x) // 5)))
    edges = np.linspace(0, len(x), bins + 1).astype(int)
    known = ~np.isnan(x)
    sums, counts = np.where(known, x, 0.0), known.astype(np.float64)
    return edges, np.add.reduceat(sums, edges[:-1]), np.add.reduceat(counts, edges[:-1])


def find_change(
    x: Floats,
    *,
    reference: tuple[float, float, float] | None = None,
    level: float | None = None,
    waves: float = 1.0,
    memory: float = 1.0,
) -> Change:
    """Find the strongest change of mean in a series.

    Args:
        x: values in time order, NaN where unknown.
        reference: mean, variance and number of the rows that the series is held to; with it a series that is off
            from its first row is found as ``from_start``.
        level: the least |z| that counts; the default keeps the false alarms of one scan below about 1 in 200: 4.5,
            and 3.9 below 300 known values, which leave fewer segments to try.
        waves: by how much the variance of a mean is at least raised since values hang together in time.
        memory: so many rows in a row tell as much as one; a stretch of less than five times as many counts for less.

    Returns:
        The change; ``shape`` is ``none`` where nothing reaches ``level``.
    """
    n = len(x)
    known = x[~np.isnan(x)]
    if level is None:
        level = 4.5 if len(known) >= 300 else 3.9
    if len(known) < 8:
        return _against_reference(x, reference, level, waves)
    edges, sums, counts = _fold(x)
    rare = bool(((known == 0) | (known == 1)).all())
    best = _scan(sums, counts, float(np.var(known)), rare=rare, waves=waves, memory=memory)
    if best is None or abs(best.z) < level:
        return _against_reference(x, reference, level, waves)
    start, end = int(edges[best.start]), int(edges[best.end])
    best = replace(best, z=_own_z(best, x[start:end], known))
    if abs(best.z) < level:
        return _against_reference(x, reference, level, waves)
    change = Change(
        best.shape, start, end, best.before, best.after, best.z, int(edges[best.low]), int(edges[best.high])
    )
    change = _ramp(edges, sums, counts, change)
    change = _refine(x, edges, change)
    change = replace(change, series=Series(x, change.start, change.end, waves=waves))
    return _off_from_start(x, reference, change, n, level, waves)


def _scan(sums: Floats, counts: Floats, variance: float, *, rare: bool, waves: float, memory: float) -> Change | None:
    """Scan all segments of bins; indices of the answer are bin numbers."""
    bins = len(sums)
    s = np.concatenate(([0.0], np.cumsum(sums)))
    c = np.concatenate(([0.0], np.cumsum(counts)))
    total_s, total_c = s[-1], c[-1]
    a, b = _segments(bins)
    n_in, n_out = c[b] - c[a], total_c - (c[b] - c[a])
    fine = (n_in >= 4) & (n_out >= 4)
    if not fine.any() or variance <= 0:
        return None
    a, b, n_in, n_out = a[fine], b[fine], n_in[fine], n_out[fine]
    s_in = s[b] - s[a]
    m_in, m_out = s_in / n_in, (total_s - s_in) / n_out
    gain = n_in * n_out / total_c * (m_in - m_out) ** 2
    if memory > 1:  # a crest or two of a wave are no change
        gain *= np.minimum(np.minimum(n_in, n_out) / (5.0 * memory), 1.0)
    steps = b == bins
    pick = int(np.argmax(np.where(steps, gain, -1.0)))
    shape: Shape = "step"
    pulse = int(np.argmax(np.where((a > 0) & ~steps, gain, -1.0)))
    noise = _noise(sums, counts, a[pick], b[pick], variance, waves)
    # a pulse has one more free end: it must earn it
    if gain[pulse] > gain[pick] + 12.0 * noise and a[pulse] > 0 and b[pulse] < bins:
        noise_pulse = _noise(sums, counts, a[pulse], b[pulse], variance, waves)
        if gain[pulse] / noise_pulse > max(
            gain[pick] / noise + 8.0, 36.0 if n_in[pulse] < 0.1 * total_c else 25.0
        ) and n_in[pulse] >= min(12.0, max(5.0, 0.06 * total_c)):
            pick, shape, noise = pulse, "pulse", noise_pulse
    z = float(np.sqrt(gain[pick] / noise) * np.sign(m_in[pick] - m_out[pick]))
    if rare:
        z = _share_z(z, m_in[pick], n_in[pick], m_out[pick], n_out[pick])
    same_end = b == b[pick]
    close = a[same_end & (gain / noise >= gain[pick] / noise - AT_ONCE)]
    return Change(
        shape,
        int(a[pick]),
        int(b[pick]),
        float(m_out[pick]),
        float(m_in[pick]),
        z,
        int(close.min()),
        int(close.max()),
    )


@lru_cache(maxsize=16)
def _segments(bins: int) -> tuple[Ints, Ints]:
    """Give the first and the last edge of every segment of so many bins; not to be written to."""
    a, b = np.triu_indices(bins + 1, k=1)
    a.flags.writeable = b.flags.writeable = False
    return a, b


def _share_z(z: float, p: float, n: float, q: float, m: float) -> float:
    """Give the lesser of z and that of two shares with their own variances, half a count added: rare flags are skew."""
    p, q = (p * n + 0.5) / (n + 1), (q * m + 0.5) / (m + 1)
    own = (p - q) / np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return float(np.sign(z) * min(abs(z), abs(own)))


def _own_z(best: Change, inside: Floats, known: Floats) -> float:
    """Give the lesser of z and that by a short stretch's own variance: of skew values few large ones make a mean."""
    inside = inside[~np.isnan(inside)]
    if not 8 <= len(inside) < _SHORT * len(known):
        return best.z
    error = np.sqrt(float(inside.var(ddof=1)) / len(inside) + float(known.var()) / len(known))
    own = abs(best.after - best.before) / error if error > 0 else np.inf
    return float(np.sign(best.z) * min(abs(best.z), own))


def _noise(sums: Floats, counts: Floats, a: int, b: int, variance: float, waves: float) -> float:
    """Give the variance of one row, raised to what waves and the scatter of bins around their two means say."""
    inside = np.zeros(len(sums), dtype=bool)
    inside[a:b] = True
    scatter, within, freedom = 0.0, 0.0, 0
    for part in (inside, ~inside):
        n = counts[part]
        if n.sum() < 1:
            continue
        means = sums[part] / np.maximum(n, 1)
        middle = sums[part].sum() / n.sum()
        scatter += float((n * (means - middle) ** 2).sum())
        freedom += int((n > 0).sum()) - 1
        within += float(n.sum()) * middle**2
    total = float(counts.sum())
    mean = float(sums.sum()) / total
    between = within / total - mean**2
    row = max(variance - max(between, 0.0), variance * 0.02, 1e-12) * waves
    if freedom < 3:
        return row
    return max(row, scatter / freedom)


def _ramp(edges: Floats, sums: Floats, counts: Floats, change: Change) -> Change:
    """Ask whether a broken line (level, then slope) fits better than the step; its knee is then the onset."""
    if change.shape != "step" or len(sums) < 10:
        return change
    means = sums / np.maximum(counts, 1)
    weights = counts / counts.sum()
    middle = np.arange(len(sums)) + 0.5
    start_bin = int(np.searchsorted(edges, change.start))
    off = means - means @ weights

    def misfits(basis: Floats) -> Floats:
        """Give for each row of ``basis`` the weighted squares that a level and a slope along it leave."""
        basis = basis - (basis @ weights)[:, None]
        own = (basis * basis) @ weights
        slope = np.divide(basis @ (weights * off), own, out=np.zeros(len(own)), where=own > 0)
        left: Floats = ((off - slope[:, None] * basis) ** 2) @ weights
        return left

    step = float(misfits((middle >= start_bin).astype(float)[None, :])[0])
    knees = np.arange(0, len(sums) - 4, max(len(sums) // 40, 1))
    fits = misfits(np.maximum(middle - knees[:, None], 0.0))
    best = int(np.argmin(fits))
    # a ramp that must rise over less than a tenth of the series is a step
    if fits[best] < 0.85 * step and knees[best] < start_bin:
        within = knees[fits <= fits[best] * (1 + 4.0 / len(sums))]
        low, high = int(edges[within.min()]), int(edges[within.max()])
        return Change("ramp", int(edges[knees[best]]), change.end, change.before, change.after, change.z, low, high)
    return change


def _refine(x: Floats, edges: Floats, change: Change) -> Change:
    """Move the onset of a step or pulse to the very row, within one bin on either side."""
    if change.shape not in ("step", "pulse"):
        return change
    width = int(edges[1] - edges[0]) + 1
    low, high = max(change.start - width, 0), min(change.start + width, change.end - 1)
    part = np.nan_to_num(x[low:high] - (change.before + change.after) / 2) * np.sign(change.after - change.before)
    if len(part) < 2:
        return change
    gain = np.concatenate((np.cumsum(part[::-1])[::-1], [0.0]))
    start = low + int(np.argmax(gain))
    spread = max(float(np.nanvar(x[low:high])), 1e-12)
    height = max(abs(change.after - change.before), 1e-12)
    # log likelihood ratio of two Gaussians of equal variance, in the same units as AT_ONCE
    close = low + np.flatnonzero(2 * (gain.max() - gain) * height / spread <= AT_ONCE)
    first, last = int(close.min()), int(close.max())
    if first <= low:
        first = min(first, change.low)
    if last >= high:
        last = max(last, change.high)
    return Change(change.shape, start, change.end, change.before, change.after, change.z, first, last)


def _against_reference(x: Floats, reference: tuple[float, float, float] | None, level: float, waves: float) -> Change:
    """Hold a series without a change of its own against the reference."""
    known = x[~np.isnan(x)]
    mean = float(known.mean()) if len(known) else float("nan")
    if reference is None or len(known) < 2 or reference[2] < 2:
        return no_change(len(x), mean)
    ref_mean, ref_var, ref_n = reference
    _, sums, counts = _fold(x)
    variance = max(float(np.var(known)), ref_var, 1e-12)
    noise = _noise(sums, counts, 0, len(sums), variance, waves) if len(known) >= 8 else variance * waves
    z = (mean - ref_mean) / np.sqrt(noise / len(known) + variance / ref_n)
    if abs(z) < level:
        return no_change(len(x), mean)
    return Change("from_start", 0, len(x), ref_mean, mean, float(z), 0, 0)


def _off_from_start(
    x: Floats, reference: tuple[float, float, float] | None, change: Change, n: int, level: float, waves: float
) -> Change:
    """See whether the rows before the step were already off by half of the whole distance to the reference."""
    if reference is None or change.shape == "pulse":
        return change
    ref_mean, ref_var, ref_n = reference
    first = x[: change.start]
    first = first[~np.isnan(first)]
    if len(first) < 20 or ref_n < 20:
        return change
    distance, early = change.after - ref_mean, float(first.mean()) - ref_mean
    error = np.sqrt(max(float(np.var(first)), ref_var, 1e-12) * (waves / len(first) + 1 / ref_n))
    if early * distance > 0 and abs(early) > 0.6 * abs(distance) and abs(early) > max(4.0, level) * error:
        known = x[~np.isnan(x)]
        whole = float(known.mean())
        z = float((whole - ref_mean) / error)
        return Change("from_start", 0, n, ref_mean, whole, z, 0, 0) if abs(z) >= level else change
    return change
