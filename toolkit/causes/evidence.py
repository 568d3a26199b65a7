"""Run every detector in the order in which they need each other (floor 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.causes.candidates import explained_rows
from toolkit.detectors import (
    abrupt,
    answers,
    as_it_was,
    association,
    bars,
    both_splits,
    bound,
    by_heart,
    calibration,
    categories,
    clipped,
    clock,
    copied,
    cost,
    crossed,
    cut_in_part,
    deadline,
    deciders,
    decisions,
    defaults,
    dial,
    even,
    flood,
    fold,
    forecast,
    generalisation,
    groups,
    lags,
    leakage,
    leaning,
    linked,
    lone_input,
    mark,
    missing,
    neighbours,
    new_site,
    old_version,
    one_part,
    outlying,
    permuted,
    policy,
    population,
    prior,
    promise,
    provenance,
    reliance,
    renamed,
    rounded,
    scoring,
    service,
    shifted,
    skipped,
    spelling,
    stories,
    swapped,
    tails,
    told_time,
    traffic,
    uncorrected,
    unheeded,
    units,
    unknown_class,
    unmoved,
    versions,
)
from toolkit.detectors.drift import Moved, moved
from toolkit.detectors.evidence import Evidence, not_testable
from toolkit.detectors.importance import importance
from toolkit.detectors.relation import Relation, incident_rows, relate
from toolkit.detectors.study import Study
from toolkit.detectors.support import off_support
from toolkit.profile.model import Mask
from toolkit.records import Event
from toolkit.vocabulary import CAUSE_OF


@dataclass(frozen=True)
class Gathered:
    """All evidence of a log, and what the ledger needs beside it."""

    evidence: tuple[Evidence, ...]
    relation: Relation | None
    used: Mapping[str, float]
    moves: Mapping[str, Moved]


def gather(study: Study, events: Sequence[Event] = ()) -> Gathered:
    """Look at everything: defects of the inputs first, so that no shift is blamed for them."""
    plain = (name for name in study.log.features if name not in study.seasonal)
    moves = {name: m for name in plain if (m := moved(study, name)) is not None}
    used = importance(study)
    inputs = [*missing.detect(study), *units.detect(study, moves), *categories.detect(study, moves)]
    inputs += abrupt.detect(study, moves, _features(inputs))
    inputs += outlying.detect(study, _features(inputs))
    inputs += spelling.detect(study)
    for found in (
        [*rounded.detect(study), *clipped.detect(study, moves), *cut_in_part.detect(study)],
        lags.detect(study), defaults.detect(study),
        dial.detect(study, moves), clock.detect(study), told_time.detect(study), neighbours.detect(study),
    ):  # fmt: skip
        inputs += [e for e in found if not _named(e, inputs)]
    inputs = linked.judge(study, inputs)
    inputs += swapped.detect(study, moves)
    inputs += association.detect(study, moves, _features(inputs))
    inputs = _one_a_feature(inputs)
    inputs += [e for e in answers.detect(study) if not _followed(e, inputs)] + copied.detect(study)
    inputs += [*renamed.detect(study), *shifted.detect(study)]
    defects = np.zeros(len(study.log))
    for e in inputs:
        if e.rows is not None and CAUSE_OF.get(e.mechanism) == "integration" and e.strength > 0.5:
            defects[e.rows] = 1.0
    served, fitted = scoring.detect(study, defects)
    versioned = versions.detect(study)
    versioned += old_version.detect(study, fitted, versioned)
    service_found = [*service.detect(study), *deadline.detect(study), *traffic.detect(study), *fold.detect(study)]
    service_found += skipped.detect(study)
    explained = {
        f for e in inputs if CAUSE_OF.get(e.mechanism) == "integration" and e.strength > 0.4 for f in e.finding.features
    }
    so_far = [*inputs, *served, *service_found]
    touched = explained_rows(study, [*inputs, *service_found], used)
    # where the baseline has no rows nothing says what the labels would have been
    apart = touched | off_support(study)
    relation = None if _all_touched(study, apart) else relate(study, exclude=apart if apart.any() else None)
    rest = [
        *permuted.detect(study, relation, moves),
        *crossed.detect(study, relation, used),
        *versioned,
        *population.detect(study, moves, relation, explained),
        *stories.detect(study, relation),
        *prior.detect(study),
        *lone_input.detect(study, moves, relation, explained),
        *forecast.detect(study),
        *provenance.detect(study, relation),
        *flood.detect(study),
        *leaning.detect(study),
        *mark.detect(study),
        *unknown_class.detect(study),
        *as_it_was.detect(study, relation),
        # of a reference that is a little too good, as rows that taught a model are, a shortfall says nothing
        *([] if promise.hollow(study) else generalisation.detect(study, moves, explained)),
        *leakage.detect(study, moves),
        *both_splits.detect(study),
        *new_site.detect(study),
        *promise.detect(study),
        *by_heart.detect(study),
        *groups.detect(study),
        *bars.detect(study),
        *calibration.detect(study),
        *decisions.detect(study, events),
        *unheeded.detect(study, events),
        *reliance.detect(study),
        *uncorrected.detect(study),
        *bound.detect(study),
        *deciders.detect(study, events),
        *policy.detect(study),
        *cost.detect(study),
    ]
    if study.has_labels and relation is None and not _all_touched(study, touched) and _all_touched(study, apart):
        why = "Hardly any row of the incident lies where the baseline has any."
        rest.append(not_testable("relation", ("concept_drift", "label_shift", "label_noise"), why))
    if not study.has_labels:
        rest.append(not_testable("relation", ("concept_drift", "label_shift", "label_noise"), "The log has no labels."))
    rest += tails.detect(study, [*so_far, *rest])
    rest += one_part.detect(study, [*so_far, *rest])
    stayed = [*unmoved.detect(study), *even.detect(study)]
    return Gathered((*so_far, *rest, *_beside(stayed, [*so_far, *rest])), relation, used, moves)


def _beside(stayed: Sequence[Evidence], found: Sequence[Evidence]) -> list[Evidence]:
    """Keep of what stayed what no detector contradicts: a part may have moved where the whole did not."""
    seen = {e.mechanism for e in found} | {m for e in found for m in e.finding.supports}
    kept = []
    for e in stayed:
        refutes = tuple(m for m in e.finding.refutes if m not in seen)
        if refutes or not e.finding.refutes:
            kept.append(replace(e, finding=replace(e.finding, refutes=refutes)))
    return kept


def _features(evidence: Sequence[Evidence]) -> set[str]:
    return {f for e in evidence for f in e.finding.features if e.mechanism}


def _named(e: Evidence, others: Sequence[Evidence]) -> bool:
    """Whether a surer finding has named the same feature already."""
    mine = set(e.finding.features)
    return any(mine & set(o.finding.features) and o.strength >= e.strength for o in others if o.mechanism)


def _one_a_feature(evidence: list[Evidence]) -> list[Evidence]:
    """Exchanged columns explain the moves of both: drop what else was said of them."""
    swapped = {f for e in evidence if e.mechanism == "swapped_columns" and e.strength > 0.9 for f in e.finding.features}
    return [
        e
        for e in evidence
        if e.mechanism == "swapped_columns" or not swapped.intersection(e.finding.features) or not e.mechanism
    ]


def _followed(answer: Evidence, inputs: Sequence[Evidence]) -> bool:
    """Whether what happened to the answers happened on rows whose inputs were surely spoilt: they followed."""
    if answer.rows is None:
        return False
    return any(
        (answer.rows & e.rows).sum() > 0.8 * answer.rows.sum()
        for e in inputs
        if e.rows is not None and e.strength >= 0.9 and CAUSE_OF.get(e.mechanism) == "integration"
    )


def _all_touched(study: Study, touched: Mask) -> bool:
    """Whether hardly any incident row is left that no defect touched."""
    rows = incident_rows(study)
    return bool(touched[rows].mean() > 0.85) if rows.any() else False
