"""The exact counts of a profile as metrics over time and by group, each with its 95 % interval (floor 7)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from toolkit.detectors.bands import MOST_VALUES, together
from toolkit.detectors.study import make_study
from toolkit.notebooks.bundle import Bundle, GroupValue, Metric, Series
from toolkit.profile.model import Cube, Floats, Profile, at
from toolkit.records import Verdict

#: The normal quantile of a two-sided 95 % interval.
Z: Final = 1.959963984540054
_TRAINING: Final = ("train", "training", "fit")


@dataclass(frozen=True)
class Measure:
    """How a metric follows from a cube's sums: ``of`` over ``n``, from 1 downwards where ``complement``.

    ``squares`` names the sum of squares of a mean; a share (``squares`` empty) gets Wilson's interval.
    """

    name: str
    of: str
    n: str
    squares: str = ""
    complement: bool = False

    def values(self, sums: dict[str, Floats]) -> tuple[Floats, Floats, Floats, Floats]:
        """Give value, low, high and n of each cell; NaN where the cell has nothing to count."""
        n = np.nan_to_num(sums[self.n])
        total = np.nan_to_num(sums[self.of])
        if self.squares:
            value, low, high = normal(total, np.nan_to_num(sums[self.squares]), n)
        else:
            value, low, high = wilson(n - total if self.complement else total, n)
        return value, low, high, n


def wilson(hits: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Give shares with Wilson's 95 % interval; NaN where n is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return share, np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def normal(total: Floats, squares: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Give means with the normal 95 % interval of a mean; no interval below two rows."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = total / n
        variance = np.maximum(squares / n - mean**2, 0) * n / (n - 1)
        half = Z * np.sqrt(variance / n)
    return mean, mean - half, mean + half


def measures(profile: Profile) -> list[Measure]:
    """List what can be measured of a log, the loss that harm is counted in first."""
    total, answered = _total(profile), _answers(profile)
    return [m for m in _known(profile) if total.get(m.n, 0) > 0 and (answered or m.of != "selected")]


def _known(profile: Profile) -> list[Measure]:
    """List what could be measured of a log of this task."""
    found = []
    if profile.task == "regression":
        found.append(Measure("mean absolute error", "loss", "labelled", "loss2"))
    else:
        found.append(Measure("accuracy", "loss", "labelled", complement=True))
    if profile.task == "binary":
        found += [
            Measure("recall", "missed", "positives", complement=True),
            Measure("Brier score", "brier", "briers", "brier2"),
            Measure("positive labels", "positives", "labelled"),
            Measure("positive answers", "selected", "n"),
        ]
    return [
        *found,
        Measure("mean score", "score", "scored", "score2"),
        Measure("unanswered requests", "failed", "with_status"),
        Measure("mean latency in ms", "latency", "timed", "latency2"),
    ]


def _total(profile: Profile) -> dict[str, float]:
    return {k: float(np.nansum(v)) for k, v in profile.cubes["total"].sums.items()}


def _answers(profile: Profile) -> bool:
    """Whether there is an answer to count: a prediction or a decision."""
    log = profile.sample
    return bool((~np.isnan(log.prediction)).any() or (~np.isnan(log.decision)).any())


def series_of(profile: Profile, verdict: Verdict) -> Series:
    """Give every metric by time bucket, with what it is held to; empty where the log has no times.

    A bucket is immature where rows of it still wait for their labels.
    """
    cube = profile.cubes["time"]
    if "width" not in cube.keys or not len(cube):
        return Series()
    width = int(cube.keys["width"][0])
    starts, sums = _even(cube, width)
    kept = measures(profile)
    reference = _reference(profile, kept, verdict)
    ends = [s + width for s in starts]
    return Series(
        starts=tuple(map(at, starts)),
        ends=tuple(map(at, ends)),
        immature=_immature(profile, starts, width),
        metrics=(*(_metric(one, sums, reference.get(one.name)) for one in kept), _count(sums)),
        onset=verdict.onset,
        onset_interval=verdict.onset_interval,
        window=_window(profile),
    )


def _metric(one: Measure, sums: dict[str, Floats], reference: float | None) -> Metric:
    value, low, high, n = one.values(sums)
    return Metric(one.name, _plain(value), _plain(low), _plain(high), tuple(map(int, n)), reference)


def _count(sums: dict[str, Floats]) -> Metric:
    blank = (None,) * len(sums["n"])
    return Metric("predictions", _plain(sums["n"]), blank, blank, tuple(map(int, sums["n"])))


def recounted(profile: Profile, was: Bundle) -> Bundle:
    """Give a bundle with its metrics over time and its group bars computed again from a profile's counts alone."""
    known = {m.name: m for m in _known(profile)}
    series, cube = was.series, profile.cubes.get("time")
    if cube is not None and "width" in cube.keys and len(cube):
        _, sums = _even(cube, int(cube.keys["width"][0]))
        made = [_metric(known[m.name], sums, m.reference) if m.name in known else _count(sums) for m in series.metrics]
        series = replace(series, metrics=tuple(made))
    groups = (g for name in dict.fromkeys(g.metric for g in was.groups) for g in _by_value(profile, known[name]))
    return replace(was, series=series, groups=tuple(groups))


def _even(cube: Cube, width: int) -> tuple[list[float], dict[str, Floats]]:
    """Give buckets without a gap, so that a time without requests shows as one."""
    there = [int(b) for b in cube.keys["bucket"]]
    starts = list(range(min(there), max(there) + width, width))
    place = [(b - starts[0]) // width for b in there]
    sums = {}
    for name, values in cube.sums.items():
        full = np.zeros(len(starts))
        full[place] = np.nan_to_num(values)
        sums[name] = full
    return [float(s) for s in starts], sums


def _reference(profile: Profile, kept: list[Measure], verdict: Verdict) -> dict[str, float | None]:
    """Give what each metric is held to: the reference's validation rows, else its training rows, else nothing.

    The metric of the harm is held to what the diagnosis expected of it.
    """
    held: dict[str, float | None] = {}
    cube = profile.cubes.get("reference")
    if cube is not None and len(cube):
        train = np.array([str(p) in _TRAINING for p in cube.keys["part"]])
        rows = ~train if (~train).any() else train
        sums = {k: np.array([np.nansum(v[rows])]) for k, v in cube.sums.items()}
        held = {m.name: _plain(m.values(sums)[0])[0] for m in kept}
    if verdict.harm.expected is not None:
        held[verdict.harm.metric] = verdict.harm.expected
    return held


def _immature(profile: Profile, starts: list[float], width: int) -> tuple[bool, ...]:
    study = make_study(profile)
    late = study.log.time[~study.mature]
    late = late[~np.isnan(late)]
    place = set(((late - starts[0]) // width).astype(int).tolist())
    return tuple(i in place for i in range(len(starts)))


def _window(profile: Profile) -> tuple[datetime, datetime] | None:
    times = make_study(profile).log.time
    times = times[~np.isnan(times)]
    return (at(times.min()), at(times.max())) if len(times) else None


def groups_of(profile: Profile) -> tuple[GroupValue, ...]:
    """Give the first metrics by each value of the groups and segments, those with the most rows of each column."""
    chosen = [m for m in measures(profile) if m.name in ("accuracy", "mean absolute error", "recall")]
    chosen = chosen or [m for m in measures(profile) if m.name == "positive answers"]
    return tuple(value for measure in chosen for value in _by_value(profile, measure))


def _by_value(profile: Profile, measure: Measure) -> Iterator[GroupValue]:
    for name, cube in profile.cubes.items():
        kind, _, column = name.partition(":")
        if kind not in ("group", "segment") or not len(cube):
            continue
        names, sums = _few(cube) if kind == "group" else _named(cube)
        value, low, high, n = (_plain(x) for x in measure.values(sums))
        order = sorted(range(len(names)), key=lambda i: -float(sums["n"][i]))
        for i in order[:MOST_VALUES]:
            if value[i] is not None:
                yield GroupValue(column, names[i], measure.name, value[i], low[i], high[i], int(n[i] or 0))


def _named(cube: Cube) -> tuple[tuple[str, ...], dict[str, Floats]]:
    """Give the cells of a cube that have a value, by its name."""
    have = np.array([value is not None for value in cube.keys["value"]], dtype=bool)
    return tuple(str(v) for v in cube.keys["value"][have]), {m: sums[have] for m, sums in cube.sums.items()}


def _few(cube: Cube) -> tuple[tuple[str, ...], dict[str, Floats]]:
    """Give the same of a group, put together as it is compared where its values are many."""
    names, sums = _named(cube)
    if len(names) <= MOST_VALUES:
        return names, sums
    few, place = together(names, sums["n"])
    return few, {m: np.bincount(place, weights=x, minlength=len(few)).astype(float) for m, x in sums.items()}


def _plain(values: Any) -> tuple[float | None, ...]:
    return tuple(float(v) if math.isfinite(v) else None for v in values)
