"""Harm first (floor 5): is anything worse, since when, and by how much?

Loss of the final decision by prediction time, mature labels alone, against what the baseline says is usual. The
interval is that of a mean with its variance raised by the scatter of time blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from toolkit.detectors.curve import auc
from toolkit.detectors.evidence import difference, inside
from toolkit.detectors.generalisation import naive_loss, unskilled
from toolkit.detectors.policy import moved_well
from toolkit.detectors.promise import hollow
from toolkit.detectors.study import Study
from toolkit.detectors.values import mean_of
from toolkit.impact.estimate import estimated_harm
from toolkit.profile.model import Floats, Mask
from toolkit.records import Harm
from toolkit.timeline.change import Change, find_change, no_change

#: The area under the curve from which on scores order the rows well enough to be a skill.
_ORDERS: Final = 0.65
#: From this many times the loss of one and the same answer on, the answers are plainly worse than none.
_PLAINLY: Final = 1.2
#: The share of rows whose cost must be known, and how surely (z) it must have fallen, for harm to be told by cost.
_NEARLY_ALL: Final = 0.8
_SAVED: Final = 3.0
#: Known losses of a reference below which a log is held to itself.
LEAST_KNOWN: Final = 10

Kind = Literal["labels", "service", "none", "unknown"]


@dataclass(frozen=True)
class Damage:
    """The harm, the rows it fell on, when it began, and how sure it is that there is any (z, positive is worse)."""

    harm: Harm
    kind: Kind
    rows: Mask
    change: Change
    z: float
    excess: Floats
    effect: float
    upper: float = 0.0
    unskilled: bool = False


def block_error(x: Floats, waves: float = 1.0, blocks: int = 20) -> float:
    """Give the standard error of the mean of a time-ordered series from the scatter of its block means.

    ``waves`` is by how much its variance is at least raised since values hang together in time.
    """
    known = x[~np.isnan(x)]
    if len(known) < 2:
        return float("inf")
    plain = float(known.std() * np.sqrt(waves / len(known)))
    parts = [p for p in np.array_split(known, min(blocks, len(known) // 5)) if len(p)] if len(known) >= 25 else []
    if len(parts) < 5:
        return max(plain, 1e-9)
    means = np.array([p.mean() for p in parts])
    return max(plain, float(means.std(ddof=1) / np.sqrt(len(parts))) if len(parts) >= 8 else plain, 1e-9)


def measure(study: Study) -> Damage:
    """Measure the harm of the log.

    Returns:
        The damage; kind ``unknown`` where there are no labels to know it by, ``none`` where nothing is worse.
    """
    n = len(study.log)
    everything = np.ones(n, dtype=bool)
    if not study.has_labels:
        told = estimated_harm(study) or Harm("accuracy", None, None, None, None, study.standing_for(everything))
        return Damage(told, "unknown", everything, no_change(n), 0.0, np.full(n, np.nan), 0.0)
    options = [("error", study.log_loss.final, study.ref_final, study.final_change)]
    if np.isnan(study.ref_final).all() and not np.isnan(study.ref_loss.model).all():
        reached, then = study.reached, study.ref_loss.model
        options.append(("model error", reached, then, study.changed(reached, then)))
    if study.binary:
        options += _missed(study)
        if not np.isnan(study.log_loss.brier).all() and np.isnan(study.log.decision).all():
            options.append(("brier", study.log_loss.brier, study.ref_loss.brier, study.brier_change))
    if hollow(study):
        options = [(name, now, np.full_like(then, np.nan), find_change(now)) for name, now, then, _ in options]
    made = [_damage(study, *option) for option in options]
    worst = made[0]
    for other in made[1:]:
        # the plain error is what people count; another measure speaks only where it is silent
        if worst.z < 4.0 and other.z > max(worst.z + 1.5, 6.0):
            worst = other
    if _cheaper(study, worst):  # where somebody says what each row costs, that is the harm
        worst = replace(worst, kind="none", z=min(worst.z, 0.0), change=no_change(n), upper=0.0)
    return replace(worst, unskilled=_unskilled(study))


def _cheaper(study: Study, damage: Damage) -> bool:
    """Whether nearly every row says what it cost, errors more than the rest, and those of the change surely cost less.

    Less than was usual, or than with the threshold that was moved. A price that is paid whatever is answered is no cost
    of errors.
    """
    cost, loss, rows = study.log.cost, study.log_loss.final, damage.rows
    told = ~np.isnan(cost[~np.isnan(loss)])
    if not told.any() or told.mean() < _NEARLY_ALL:
        return False
    middle = float(np.nanmedian(loss)) if study.regression else 0.0
    if difference(cost[loss <= middle], cost[loss > middle])[3] < _SAVED:
        return False
    usual = cost[~rows] if study.own_reference or np.isnan(study.ref.cost).all() else study.ref.cost
    fell = damage.change.found and difference(usual, cost[rows])[3] < -_SAVED
    return fell or moved_well(study)


def _unskilled(study: Study) -> bool:
    """Whether, with no reference to hold it to, the log is no better than always giving the commonest answer.

    Scores that order the rows well are a skill all the same: where outcomes are known of those alone that were chosen,
    nearly all of them are one.
    """
    if not study.own_reference:
        return False
    loss, label = study.log_loss.final, study.mature_label
    plainly = float(np.nanmean(loss)) >= _PLAINLY * naive_loss(study)
    if study.binary and not plainly and auc(study.log.score, label) > _ORDERS:
        return False
    return unskilled(study, loss)


def _missed(study: Study) -> list[tuple[str, Floats, Floats, Change]]:
    """Misses of a rare class by themselves: a falling base rate must not hide them."""
    base = study.ref.label[~np.isnan(study.ref.label)]
    if not len(base) or not 0 < float(base.mean()) < 0.2:
        return []
    now = np.where(study.log.label == 1, study.log_loss.final, np.nan)
    then = np.where(study.ref.label == 1, study.ref_loss.final, np.nan)
    return [("recall", now, then, study.changed(now, then))]


def _damage(study: Study, name: str, now: Floats, then: Floats, change: Change) -> Damage:
    n = len(now)
    known_then = then[~np.isnan(then)]
    own = study.own_reference or len(known_then) < LEAST_KNOWN
    waves_then, waves = study.hang(then)
    if own:
        expected = float(change.before) if change.found else float(np.nanmean(now))
        outside = ~inside(change, n) if change.found else np.ones(n, dtype=bool)
        base_error = block_error(now[outside], waves)
        if not np.isfinite(base_error):  # the change takes up all known rows: held to the first of them
            base_error = block_error(now[~np.isnan(now)][:15])
    else:
        expected, base_error = float(known_then.mean()), block_error(then, waves_then)
    rows = inside(change, n) if change.found and change.z > 0 else np.ones(n, dtype=bool)
    part = now[rows]
    observed = mean_of(part)
    effect = observed - expected
    error = float(np.hypot(block_error(part, waves), base_error))
    z = effect / error if np.isfinite(error) and error > 0 else 0.0
    if not (change.found and change.z > 0) and own:
        z = min(z, 1.0)
    if change.found and change.z > 0:
        z = max(z, 0.0) if change.shape == "from_start" else max(z, min(change.z, z + 2.0))
    weight, excess = study.log.weight, now - expected
    many = float(weight[rows].sum())
    metric, low, high = "accuracy", 1 - expected, 1 - observed
    if study.regression:
        metric, low, high = "mean absolute error", expected, observed
    if study.level and (~np.isnan(part)).any():  # found at the usual level of answers, told at the one that there was
        raw = 1.0 / study.weight(study.log)
        excess, error = excess * raw, error * float(raw[rows].mean())
        effect, high = float(np.nanmean(excess[rows])), float(np.nanmean((now * raw)[rows]))
        low = high - effect
    if name == "brier":
        metric, low, high = "Brier score", expected, observed
    if name == "recall":
        metric, low, high = "recall", 1 - expected, 1 - observed
        many = float(weight[rows & ~np.isnan(now)].sum())
    harm = Harm(
        metric,
        low,
        high,
        effect * many,
        ((effect - 1.96 * error) * many, (effect + 1.96 * error) * many) if np.isfinite(error) else None,
        study.standing_for(rows),
    )
    kind: Kind = "labels" if z > 0 else "none"
    onset = change if change.found and change.z > 0 else no_change(n, expected)
    return Damage(harm, kind, rows, onset, z, excess, effect, (effect + 1.96 * error) / study.loss_scale)
