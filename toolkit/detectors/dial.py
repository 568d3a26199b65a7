"""A column that reads a clock, and since some row another clock (floor 4; integration).

An hour, a weekday or a month that was the time of its own row, up to a fixed offset, and is it with another offset now
(UTC for local time, Sunday for Monday) lost nothing: every value is there, turned on its dial. Labels then fall
otherwise for equal inputs though the world is as it was. One hour is left alone: people's clocks change by it. Where
the column has no such tie to the log's time, a distribution that turned on its dial as a whole says the same, less
surely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.drift import Moved, variation
from toolkit.detectors.evidence import Evidence, counts_z, inside, make, percent, since
from toolkit.detectors.study import Study
from toolkit.profile.model import Codes, Column, Floats, Ints, Mask
from toolkit.timeline.change import Change, find_change

NAME: Final = "dial"
#: The share of rows that one offset (or two neighbours: half hours, the hour of summer) must hold.
_NEARLY: Final = 0.97
_ROWS: Final = 40
#: A turned distribution: rows on either side, how far it moved, and what chi-squares (as z) may say.
_MANY, _FAR, _LIKE, _UNLIKE = 200, 0.15, 2.0, 8.0
_HOUR, _DAY = 3600.0, 86400.0
#: Larger numbers than this may be seconds since 1970: a column of times is read as them.
_MOMENT: Final = 1e8


@dataclass(frozen=True)
class Dial:
    """A cycle of ``of`` hours, days or months; ``least`` is the smallest turn that counts.

    A column is on it whose values are whole numbers of ``low`` to ``top``; above ``_MOMENT`` they are moments.
    """

    unit: str
    of: int
    low: float
    top: float
    least: float
    distinct: int

    def clock(self, time: Floats) -> Ints:
        """Read the dial off a time in seconds since 1970."""
        time = np.nan_to_num(time)
        if self.unit == "hour":
            return (time // _HOUR % 24).astype(np.int64)
        if self.unit == "weekday":
            return ((time // _DAY + 3) % 7).astype(np.int64)
        return time.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12 + 1

    def offsets(self, time: Floats, x: Floats) -> Ints:
        """Give how far each value is ahead of its row's time, round the dial; -1 where nobody knows."""
        good = ~np.isnan(time) & ~np.isnan(x)
        if self.low < _MOMENT:
            return np.where(
                good, (np.nan_to_num(np.clip(x, -1e12, 1e12)).astype(np.int64) - self.clock(time)) % self.of, -1
            )
        ahead = np.where(good, x - time, 0.0)
        near = bool((np.abs(ahead) < 1.1 * _DAY).mean() >= _NEARLY)  # else the moment of something else
        ahead = np.clip(ahead, -1e12, 1e12)  # a huge number is no moment, and no integer either
        return np.where(good & near, np.round(ahead / _HOUR).astype(np.int64) % self.of, -1)

    def read(self, x: Floats) -> Ints:
        """Give the place on the dial of known values."""
        return x.astype(np.int64) % self.of if self.low < _MOMENT else self.clock(x)

    def turn(self, before: Arc, after: Arc) -> float:
        """Give the way from one offset to another, the shorter way round; negative: behind."""
        way = (after.middle - before.middle) % self.of
        return way if way <= self.of / 2 else way - self.of


DIALS: Final = (
    Dial("hour", 24, 0, 23, 2.0, 6),
    Dial("weekday", 7, 0, 7, 1.0, 4),
    Dial("month", 12, 0, 12, 1.0, 3),
    Dial("hour", 24, _MOMENT, np.inf, 2.0, 6),
)


@dataclass(frozen=True)
class Arc:
    """One offset of a dial, or two neighbours."""

    first: int
    width: int

    @property
    def middle(self) -> float:
        """The middle of the arc."""
        return self.first + (self.width - 1) / 2

    def holds(self, offset: Ints, of: int) -> Mask:
        """Mark the offsets that lie on it."""
        return np.asarray((offset - self.first) % of < self.width)


def detect(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Hold every column of whole numbers on a dial against the log's own time."""
    found = []
    for name, column in study.log.features.items():
        base = study.ref.features[name]
        for dial in DIALS:
            if not (_fits(dial, base) and _fits(dial, column)):
                continue
            assert not isinstance(base, Codes)
            assert not isinstance(column, Codes)
            got = _other_clock(study, name, dial, base, column)
            # a month that lags the log's, as that of an order does, turns by itself
            if got is None and name in moves and dial.unit != "month" and dial.low < _MOMENT:
                got = _turned(study, name, dial, column, moves[name])
            if got is not None:
                found.append(got)
                break
    return found


def _fits(dial: Dial, column: Column) -> bool:
    if isinstance(column, Codes):
        return False
    x = column[~np.isnan(column)]
    whole = dial.low >= _MOMENT or bool((x == np.floor(x)).all())
    return len(x) >= _ROWS and whole and bool(((x >= dial.low) & (x <= dial.top)).all())


def _arc(offset: Ints, of: int) -> Arc | None:
    """Give the narrowest arc that holds nearly all known offsets; ``None`` where none does, or rows are few."""
    known = offset[offset >= 0]
    if len(known) < _ROWS:
        return None
    share = np.bincount(known, minlength=of) / len(known)
    for width, held in ((1, share), (2, share + np.roll(share, -1))):
        first = int(np.argmax(held))
        if held[first] >= _NEARLY:
            return Arc(first, width)
    return None


def _other_clock(study: Study, name: str, dial: Dial, base: Floats, column: Floats) -> Evidence | None:
    """Look for a tie to the log's own time that holds with another offset since some row, or from the first."""
    n, time = len(column), study.log.time
    now, then = dial.offsets(time, column), dial.offsets(study.ref.time, base)
    usual, reference = _usual(dial, base, then), None
    if usual is not None and not study.own_reference:
        away = float((~usual.holds(then[then >= 0], dial.of)).mean())
        reference = (away, away * (1 - away), float((then >= 0).sum()))
    for part in (n // 3, n // 10):
        usual = usual or _usual(dial, column[:part], now[:part])
    if usual is None:
        return None
    flags = np.where(now >= 0, ~usual.holds(now, dial.of), np.nan).astype(float)
    change = find_change(flags, reference=reference)
    if not change.found or change.z < 6:
        return None
    rows = _switched(study, dial, now, usual, inside(change, n))
    other = None if rows is None else _arc(now[rows], dial.of)
    if rows is None or other is None:
        return None
    start = change.shape == "from_start"
    was = (then, base, study.ref.time) if start else (now[~rows], column[~rows], time[~rows])
    strength = _own_move(dial, was, (now[rows], column[rows], time[rows]), start=start)
    if strength == 0.0:
        return None
    by = dial.turn(usual, other)
    text = (
        f"{name} was the {dial.unit} of its row's own time, with one fixed offset, and is so {since(change)} with "
        f"another: {abs(by):.3g} {dial.unit}{'s' if abs(by) != 1 else ''} {'behind' if by < 0 else 'ahead'}, in "
        f"{percent(float(other.holds(now[rows & (now >= 0)], dial.of).mean()))} of the rows. Another clock is read, "
        "and nothing else changed in it."
    )
    return _finding(study, name, dial, by, strength, change, rows & (flags == 1), text)


def _usual(dial: Dial, x: Floats, offset: Ints) -> Arc | None:
    """Give the offset to the time of its rows that a column keeps, where it goes round enough to tell."""
    return _arc(offset, dial.of) if len(np.unique(x[offset >= 0])) >= dial.distinct else None


def _switched(study: Study, dial: Dial, offset: Ints, usual: Arc, rows: Mask) -> Mask | None:
    """Give the rows that keep another offset: all of the change's, or those of segment values that kept the usual one.

    Rows of a place that never kept it are no fault: a new site has a clock of its own.
    """

    def other(mine: Mask) -> bool:
        arc = _arc(offset[mine], dial.of)
        return arc is not None and abs(dial.turn(usual, arc)) >= dial.least and not _overlap(usual, arc, dial.of)

    if other(rows):
        return rows
    away = rows & (offset >= 0) & ~usual.holds(offset, dial.of)
    for codes in study.log.segments.values():
        held = np.zeros(len(rows), dtype=bool)
        for place in range(min(len(codes.names), 40)):
            mine = codes.codes == place
            before = offset[mine & ~rows]
            before = before[before >= 0]
            if len(before) >= 20 and usual.holds(before, dial.of).mean() >= _NEARLY and other(mine & rows):
                held |= mine & rows
        if held.any() and (away & held).sum() >= 0.9 * away.sum() and _arc(offset[held], dial.of) is not None:
            return held
    return None


def _overlap(one: Arc, two: Arc, of: int) -> bool:
    return bool(one.holds(np.arange(two.first, two.first + two.width), of).any())


def _own_move(dial: Dial, was: tuple[Ints, Floats, Floats], now: tuple[Ints, Floats, Floats], *, start: bool) -> float:
    """Say how surely the column turned and not the log's time: 0 where the hours of the rows turned under it."""
    values, clocks = [], []
    for offset, x, time in (was, now):
        good = offset >= 0
        if good.sum() < _ROWS:
            return 0.0
        values.append(_shares(dial.read(x[good]), dial.of))
        clocks.append(_shares(dial.clock(time[good]), dial.of))
    own, log = (variation(a, b) for a, b in (values, clocks))
    noise = 0.4 * np.sqrt(dial.of / float((was[0] >= 0).sum())) + 0.4 * np.sqrt(dial.of / float((now[0] >= 0).sum()))
    if log > own + noise / 2:
        return 0.0
    # where rows come alike at all hours nothing tells which of the two turned
    return 0.95 if own > log + noise else 0.6 if start else 0.85


def _shares(codes: Ints, of: int) -> Floats:
    out: Floats = np.bincount(codes, minlength=of) / max(len(codes), 1)
    return out


def _turned(study: Study, name: str, dial: Dial, column: Floats, move: Moved) -> Evidence | None:
    """See whether a column's distribution turned on its dial as a whole while the log's own hours stayed."""
    rows = inside(move.change, len(column))
    time, good = study.log.time, ~np.isnan(column) & ~np.isnan(study.log.time)
    sides = [good & ~rows, good & rows]
    days = 3 if dial.unit == "hour" else 14
    if any(s.sum() < _MANY or float(np.ptp(time[s])) < days * _DAY for s in sides):
        return None
    before, after = (np.bincount(column[s].astype(np.int64) % dial.of, minlength=dial.of) for s in sides)
    far = variation(before / before.sum(), after / after.sum())
    clock = [_shares(dial.clock(time[s]), dial.of) for s in sides]
    if (before > 0).sum() < dial.distinct or far < _FAR or variation(clock[0], clock[1]) > far / 2:
        return None
    misfit = np.array([counts_z(np.roll(before, k), after) for k in range(dial.of)])
    best, second = np.argsort(misfit)[:2]
    by = int(best) if best <= dial.of // 2 else int(best) - dial.of
    if abs(by) < dial.least or misfit[best] > _LIKE or misfit[0] < _UNLIKE or misfit[second] < misfit[best] + 3:
        return None
    text = (
        f"The values of {name} turned by {abs(by)} {dial.unit}{'s' if abs(by) != 1 else ''} "
        f"{'back' if by < 0 else 'on'} {since(move.change)}: turned back, their distribution is the one before "
        f"(it moved by {far:.2f}), and the log's own time did not turn."
    )
    return _finding(study, name, dial, float(by), 0.7, move.change, rows, text)


def _finding(
    study: Study, name: str, dial: Dial, by: float, strength: float, change: Change, rows: Mask, text: str
) -> Evidence:
    # a day behind is yesterday's; hours behind are another zone's, and what is ahead never was the training's clock
    late = by < 0 and change.shape != "from_start" and dial.unit != "hour"
    return make(
        study, NAME, "stale_feature" if late else "training_serving_skew", text,
        strength=strength, z=abs(change.z), change=change, rows=rows, effect=by, unit=f"{dial.unit}s",
        n=int(rows.sum()), features=[name], supports=("training_serving_skew", "stale_feature"),
        refutes=("concept_drift", "covariate_shift", "label_shift"),
    )  # fmt: skip
