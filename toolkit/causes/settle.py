"""What would settle it (floor 5): the one measurement that tells the leading rivals apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from toolkit.causes.choose import Choice
from toolkit.detectors.study import Study
from toolkit.impact.harm import Damage
from toolkit.records import Rival

_PAIRS: Final[dict[frozenset[str], str]] = {
    frozenset(
        {"covariate_shift", "concept_drift"}
    ): "labels of rows where the incident's inputs overlap with the baseline's",
    frozenset({"label_shift", "concept_drift"}): "labels for both classes, and the baseline's inputs by class",
    frozenset(
        {"memorised_training_data", "training_serving_skew"}
    ): "the training rows with their scores, and 200 served rows recomputed offline",
    frozenset(
        {"memorised_training_data", "concept_drift"}
    ): "the model's score on a later validation month (a backtest by month)",
    frozenset({"bad_rollout", "concept_drift"}): "the previous version replayed on 1,000 rows of the incident",
    frozenset({"bad_rollout", "covariate_shift"}): "the previous version replayed on 1,000 rows of the incident",
    frozenset({"label_noise", "concept_drift"}): "200 rows of the incident labelled again by someone trusted",
    frozenset({"poisoned_data", "concept_drift"}): "who or what labelled each row, and 200 trusted labels",
    frozenset({"performance_gap", "biased_labels"}): "200 rows of each group labelled again, blind to the group",
    frozenset({"over_reliance", "concept_drift"}): "100 to 200 cases decided without sight of the model's answer",
    frozenset({"stale_feature", "covariate_shift"}): "the time at which the feature was computed, for each row",
    frozenset({"unit_change", "covariate_shift"}): "20 raw records from the source, and its schema history",
}
_ALONE: Final[dict[str, str]] = {
    "bad_rollout": "which model version answered each request",
    "wrong_model_version": "which model version answered each request",
    "training_serving_skew": "200 served rows recomputed offline from the source",
    "stale_feature": "the time at which the feature was computed, for each row",
    "concept_drift": "labels for more rows after the onset",
    "covariate_shift": "labels of rows where the incident's inputs overlap with the baseline's",
    "over_reliance": "100 to 200 cases decided without sight of the model's answer",
}
#: The rise of an error rate, and the part of a mean absolute error, that labels are asked to show; the error rate where
#: none is known, and the variance of absolute errors of mean 1 where only their bell curve is assumed.
_POINTS, _TENTH, _USUAL, _BELL = 0.05, 0.1, 0.15, np.pi / 2 - 1


def would_settle(
    study: Study, damage: Damage, rivals: Sequence[Rival], verdict: str, choice: Choice
) -> tuple[str, ...]:
    """Give the measurements that would settle an open verdict, the best first; none for a settled one."""
    if verdict != "undetermined":
        return ()
    shared = sorted(choice.doubles, key=lambda d: -d[2])
    asks = [d.settle[0].upper() + d.settle[1:] + "." for _, d, p in shared if p > 0.08]
    if choice.spared > 0.08:
        asks.append("Labels of more rows since the change: it did happen, but harm of it is within chance.")
    if damage.kind == "unknown":
        asks.append(labels_needed(study))
    names = [r.mechanism for r in rivals if r.probability > 0.08][:4]
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            text = _PAIRS.get(frozenset({one, two}))
            if text:
                asks.append(text[0].upper() + text[1:] + ".")
    asks += [_ALONE[n][0].upper() + _ALONE[n][1:] + "." for n in names if n in _ALONE]
    if study.own_reference:
        asks.append("A reference: the model's validation rows, or a window of the log when it was healthy.")
    if choice.unexplained >= 0.5 and damage.z < 2 and study.has_labels:
        asks.append(labels_needed(study))
    if not asks:
        asks.append("More labelled rows after the onset, and a list of what was deployed or changed and when.")
    return tuple(dict.fromkeys(asks))[:3]


def labels_needed(study: Study) -> str:
    """Say how many labels show a rise of the errors (two samples, two-sided 5 %, power 80 %), and where to get them."""
    rise, variance, told = _size_to_see(study)
    n = int(np.ceil((1.96 + 0.84) ** 2 * variance / rise**2 / 50) * 50)
    unlabelled = np.isnan(study.log.label)
    unlabelled[: len(unlabelled) // 2] = False
    # where as many are not there to be labelled, only more traffic brings them
    rows = "Labels for about {:,} rows drawn at random from the second half of the log"
    more = "About {:,} more served rows with labels"
    return f"{(rows if study.standing_for(unlabelled) >= n else more).format(n)}: they would show a rise of the {told}."


def _size_to_see(study: Study) -> tuple[float, float, str]:
    """Give the rise to be seen, the variance of the difference of two rows' losses, and the rise in words."""
    base = study.ref_loss.final
    known = bool((~np.isnan(base)).any())
    if study.regression:
        mean = float(np.nanmean(base)) if known else 1.0
        variance = float(np.nanvar(base)) if known else _BELL
        return _TENTH * max(mean, 1e-12), 2 * variance, "mean absolute error by a tenth"
    rate = float(np.clip(np.nanmean(base) if known else _USUAL, 0.01, 0.5))
    risen = rate + _POINTS
    told = f"error rate by {_POINTS * 100:.0f} points from {rate * 100:.0f} %"
    return _POINTS, rate * (1 - rate) + risen * (1 - risen), told
