"""From the answers of a system to the figures of the benchmark; intervals by mechanism, not by trial."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from toolkit.records import PLAUSIBLE

Row = dict[str, Any]


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of a share; (0, 1) where nothing was counted."""
    from scipy.stats import beta

    if n == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits == n else float(beta.ppf(1 - tail, hits + 1, n - hits))
    return low, high


def by_mechanism(rows: Sequence[Row], value: Callable[[Row], float], draws: int = 1000) -> tuple[float, float, float]:
    """Give the mean of a value over trials, and its 95 % interval from resampling mechanisms."""
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        groups[str(row["mechanism"])].append(value(row))
    if not groups:
        return float("nan"), float("nan"), float("nan")
    sums = np.array([sum(v) for v in groups.values()])
    sizes = np.array([len(v) for v in groups.values()])
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(sums), (draws, len(sums)))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    return float(sums.sum() / sizes.sum()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def calibration_error(stated: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Give the expected calibration error: the mean gap of stated and observed in equally wide bins."""
    if not stated:
        return float("nan")
    p, y = np.asarray(stated, float), np.asarray(right, float)
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(p[place == b].mean() - y[place == b].mean()) * (place == b).sum() for b in np.unique(place)]
    return float(sum(gaps) / len(p))


def calibration_chance(stated: Sequence[float], draws: int = 400) -> float:
    """Give the calibration error that chance alone gives where every stated probability is true.

    A bin of a dozen trials strays by a tenth however well calibrated the system is (Broecker & Smith 2007).
    """
    rng = np.random.default_rng(0)
    p = np.asarray(stated, float)
    drawn = [calibration_error(stated, list(rng.random(len(p)) < p)) for _ in range(draws)] if len(p) else []
    return float(np.mean(drawn)) if drawn else float("nan")


def median(values: Sequence[float | None]) -> float:
    """Give the median of what is there."""
    there = [v for v in values if v is not None]
    return float(np.median(there)) if there else float("nan")


def mean(values: Sequence[Any]) -> float:
    """Give the mean of what is there."""
    there = [float(v) for v in values if v is not None]
    return float(np.mean(there)) if there else float("nan")


def plausible(row: Row) -> set[str]:
    """Give the causes that an answer does not rule out."""
    return {cause for cause, p in row["probabilities"].items() if p >= PLAUSIBLE}


def cause_held(row: Row) -> bool:
    """Tell whether the true cause is among those that an answer does not rule out."""
    return row["cause"] in plausible(row)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Give the figures of one group of incidents whose logs can tell."""
    scored = [r for r in rows if r["error"] is None and r["identifiable"]]
    blind = [r for r in rows if r["error"] is None and not r["identifiable"]]
    cause = by_mechanism(scored, lambda r: float(r["cause_right"]))
    return {
        "n": len(rows),
        "crashes": sum(r["error"] is not None for r in rows),
        "cause": cause[0],
        "cause_interval": cause[1:],
        "mechanism": by_mechanism(scored, lambda r: float(r["mechanism_right"]))[0],
        "mechanism_interval": by_mechanism(scored, lambda r: float(r["mechanism_right"]))[1:],
        "top3": mean([r["top3_right"] for r in scored]),
        "undetermined": mean([r["undetermined"] for r in scored]),
        "right_if_committed": mean([r["cause_right"] for r in scored if r["committed"]]),
        "ece": calibration_error([r["top_probability"] for r in scored], [r["top_right"] for r in scored]),
        "ece_chance": calibration_chance([r["top_probability"] for r in scored]),
        "held": mean([cause_held(r) for r in scored]),
        "plausible": mean([len(plausible(r)) for r in scored]),
        "onset_median": median([r["onset_error"] for r in scored]),
        "onset_held": mean([r.get("onset_held") for r in scored]),
        "place": mean([r["place_right"] for r in scored]),
        "ledger": mean([r["ledger_error"] for r in scored]),
        "blind": len(blind),
        "blind_undetermined": mean([r["undetermined"] for r in blind]),
        "seconds": mean([r["seconds"] for r in rows]),
    }


def alarms(rows: Sequence[Row], allowed: frozenset[str] = frozenset({"none", "undetermined"})) -> dict[str, Any]:
    """Give how often something else was said than is allowed, with an exact interval: a false alarm, or a commit."""
    fine = [r for r in rows if r["error"] is None]
    hits = sum(r["verdict"] not in allowed for r in fine)
    low, high = clopper_pearson(hits, len(fine))
    return {
        "n": len(fine),
        "crashes": len(rows) - len(fine),
        "alarms": hits,
        "rate": hits / len(fine) if fine else float("nan"),
        "interval": (low, high),
        "undetermined": mean([r["undetermined"] for r in fine]),
        "by_kind": dict(Counter(str(r["variant"]) for r in fine if r["verdict"] not in allowed)),
        "as": dict(Counter(str(r["said_mechanism"] or r["verdict"]) for r in fine if r["verdict"] not in allowed)),
    }


def confusion(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    """Give, for every true mechanism, how often which mechanism was named."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["error"] is None and row["identifiable"]:
            said = row["said_mechanism"] if row["verdict"] != "undetermined" else "undetermined"
            table[str(row["mechanism"])][str(said or row["verdict"])] += 1
    return dict(table)
