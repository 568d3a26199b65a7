"""Stories that this very log cannot tell apart (floor 5).

A mechanism's *double* is one of another cause that leaves the same trace in the columns there are. Where a candidate
has one, its probability is shared with it, so that no verdict is committed, and what would tell the two apart is said.
The rules say what is identifiable from which columns; none of them was fitted to anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.causes.candidates import Candidate
from toolkit.detectors import forecast
from toolkit.detectors.evidence import difference, inside
from toolkit.detectors.gaps import LEAST, measured
from toolkit.detectors.promise import perfect
from toolkit.detectors.study import Study, predicted
from toolkit.profile.model import Floats, Mask
from toolkit.vocabulary import CAUSE_OF

_OF_THE_WORLD: Final = frozenset({"concept_drift", "label_shift", "label_noise", "covariate_shift", "poisoned_data"})
_OF_A_VERSION: Final = frozenset({"bad_rollout", "wrong_model_version"})
_GAPS: Final = frozenset({"performance_gap", "under_represented_group", "calibration_gap"})
_NEEDS_LABELS: Final = frozenset({"covariate_shift", "unrepresentative_data", "new_category", "label_shift"})


@dataclass(frozen=True)
class Double:
    """Another mechanism with the same trace, and the measurement that tells the two apart."""

    mechanism: str
    settle: str

    @property
    def cause(self) -> str:
        """The cause of the other mechanism; ``none`` where the other story is that nothing is wrong."""
        return CAUSE_OF.get(self.mechanism, "none")


def double_of(study: Study, c: Candidate) -> Double | None:
    """Give the double of a candidate on this log; ``None`` where the log can tell."""
    for rule in (
        _no_labels, _no_model, _no_inputs, _no_inputs_from_start, _another_hour, _noise_of_a_group, _unequal_need,
        _hollow,
    ):  # fmt: skip
        found = rule(study, c)
        if found is not None and found.cause != c.cause:
            return found
    return None


def _no_labels(study: Study, c: Candidate) -> Double | None:
    """Without labels a moved input may have done no harm at all."""
    # a column that lost its company may be one that nobody reads
    alone = c.best.finding.detector == "association" and c.importance < 0.7
    alone = alone or c.best.finding.detector == "deciders"
    if c.best.finding.detector == "deciders" and c.best.finding.effect is None:
        return Double("none", "the labels of what they decided since the change")
    if study.has_labels or not (alone or c.mechanism in _NEEDS_LABELS):
        return None
    return Double("none", "500 to 1,000 labels of rows after the onset, drawn at random")


def _no_model(study: Study, c: Candidate) -> Double | None:
    """With decisions alone nobody can say whether the model or the people got worse."""
    blank = np.isnan(study.log.prediction).all() and np.isnan(study.log.score).all()
    if not blank or study.log.features or c.cause == "bias" or c.best.finding.detector == "deciders":
        return None  # a model that got worse does so for whoever asks it
    other = "harmful_overrides" if c.cause != "human" else "bad_rollout"
    return Double(other, "what the model had answered for the decided cases")


def _no_inputs(study: Study, c: Candidate) -> Double | None:
    """Without inputs a world that changed and a model that changed both look like a rise of the error."""
    if study.log.features or not study.has_labels or c.mechanism not in _OF_THE_WORLD | _OF_A_VERSION:
        return None
    if c.best.finding.details.get("side_by_side") or c.best.finding.detector in ("provenance", "forecast"):
        return None
    if c.cause == "data" and any(e.mechanism for e in forecast.detect(study)):
        return None  # what came broke away from its own course, and the forecasts did not
    if c.mechanism in _OF_A_VERSION:
        return Double("concept_drift", "the old version's answers to 1,000 requests after the switch")
    if c.best.change is None or c.best.change.shape in ("none", "from_start"):
        return Double("training_serving_skew", "200 served rows with their features computed again as in training")
    world, model = _moves(study, inside(c.best.change, len(study.log)))
    return None if world > 4 and model < 2 else Double(
        "bad_rollout", "which version answered each request, and its inputs"
    )  # fmt: skip


def _moves(study: Study, rows: Mask) -> tuple[float, float]:
    """Give |z| of the change of the labels and of the answers at the onset, the rest of the log as what was before."""
    label = study.mature_label
    guess = predicted(study.log, study.threshold, study.profile.task)
    return _most(study, label, rows), _most(study, guess, rows)


def _most(study: Study, x: Floats, rows: Mask) -> float:
    if study.profile.task != "multiclass":
        return abs(difference(x[~rows], x[rows])[3])
    flags = (np.where(np.isnan(x), np.nan, (x == k).astype(float)) for k in np.unique(x[~np.isnan(x)])[:10])
    return max((abs(difference(f[~rows], f[rows])[3]) for f in flags), default=0.0)


def _no_inputs_from_start(study: Study, c: Candidate) -> Double | None:
    """Without inputs a gap from the first row may be the model's or the feed's."""
    if study.log.features or study.own_reference or c.mechanism not in ("memorised_training_data", "leakage"):
        return None
    if float(c.best.finding.details.get("gap_in_validation") or 0.0) > 0.3:
        return None
    return Double("training_serving_skew", "200 served rows with their features computed again as in training")


def _another_hour(_study: Study, c: Candidate) -> Double | None:
    """What came at another hour of the day than it used to may have been written down so, or have happened so."""
    if not c.best.finding.details.get("came_moved"):
        return None
    return Double("concept_drift", "the hour of twenty of the things that came, from a record of their own")


def _noise_of_a_group(study: Study, c: Candidate) -> Double | None:
    """Without inputs and scores, a group whose labels are noisy errs more in both directions, as one ill served."""
    if study.log.features or not np.isnan(study.log.score).all() or c.mechanism not in _GAPS or not study.binary:
        return None
    rows = c.best.rows
    if rows is None:
        return None
    both = []
    for name in ("misses", "false alarms"):
        x = measured(study)[name]
        if min((~np.isnan(x[rows])).sum(), (~np.isnan(x[~rows])).sum()) < LEAST:
            return None
        both.append(difference(x[~rows], x[rows])[3])
    if min(both) < -2:  # noise raises both kinds of error, never lowers one
        return None
    return Double("label_noise", "about 200 rows of each group labelled again, independently")


def _unequal_need(study: Study, c: Candidate) -> Double | None:
    """Without labels or inputs, groups chosen unequally often may need it unequally often."""
    if study.has_labels or study.log.features or c.mechanism not in ("selection_gap", "proxy_feature"):
        return None
    return Double("none", "labels of both groups, or what each would have needed")


def _hollow(study: Study, c: Candidate) -> Double | None:
    """Held to rows on which the model is never wrong, a world that was always so and a hollow promise look alike."""
    late = c.best.change is not None and c.best.change.shape != "from_start"
    if late or c.mechanism not in _OF_THE_WORLD or c.best.harmful or not perfect(study):
        return None
    return Double("memorised_training_data", "the model's answers to labelled rows held out from its training")
