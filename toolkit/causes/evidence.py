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
    harder,
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
from toolkit.profile.model import Floats, Mask
from toolkit.records import Event
from toolkit.vocabulary import CAUSE_OF


@dataclass(frozen=True)
class Gathered:
    """All evidence of a log, and what the ledger needs beside it."""

    evidence: tuple[Evidence, ...]
    relation: Relation | None
    used: Mapping[str, float]
    moves: Mapping[str, Moved]


@dataclass(frozen=True)
class _Seen:
    """What later detectors ask of earlier ones: which features moved, the model's use of each, and the relation.

    ``explained`` are the features that a fault on their way moved; the relation is that of rows which none touched.
    """

    moves: dict[str, Moved]
    used: Mapping[str, float]
    explained: set[str]
    relation: Relation | None


def gather(study: Study, events: Sequence[Event] = ()) -> Gathered:
    """Look at everything: defects of the inputs first, so that no shift is blamed for them."""
    plain = (name for name in study.log.features if name not in study.seasonal)
    moves = {name: m for name in plain if (m := moved(study, name)) is not None}
    used = importance(study)
    inputs = _of_inputs(study, moves)
    served, fitted = scoring.detect(study, _spoilt(study, inputs))
    versioned = versions.detect(study)
    versioned += old_version.detect(study, fitted, versioned)
    service_found = _of_service(study)
    relation, untold = _related(study, explained_rows(study, [*inputs, *service_found], used))
    seen = _Seen(moves, used, _explained(inputs), relation)
    found = [
        *inputs,
        *served,
        *service_found,
        *harder.detect(study, fitted),
        *permuted.detect(study, relation, moves),
        *crossed.detect(study, relation, used),
        *versioned,
        *_of_the_world(study, seen),
        *_of_the_model(study, seen),
        *_of_groups(study),
        *_of_people(study, events),
        *untold,
    ]
    found += tails.detect(study, found)
    found += one_part.detect(study, found)
    stayed = [*unmoved.detect(study), *even.detect(study)]
    return Gathered((*found, *_beside(stayed, found)), relation, used, moves)


def _of_inputs(study: Study, moves: dict[str, Moved]) -> list[Evidence]:
    """Look at what was written into the columns; a feature that a surer finding has named is named once."""
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
    return [*inputs, *renamed.detect(study), *shifted.detect(study)]


def _of_service(study: Study) -> list[Evidence]:
    """Look at requests and answers on their way."""
    return [
        *service.detect(study),
        *deadline.detect(study),
        *traffic.detect(study),
        *fold.detect(study),
        *skipped.detect(study),
    ]


def _of_the_world(study: Study, seen: _Seen) -> list[Evidence]:
    """Look at what the rows truthfully say: who comes, what follows from the inputs, who labels."""
    return [
        *population.detect(study, seen.moves, seen.relation, seen.explained),
        *stories.detect(study, seen.relation),
        *prior.detect(study),
        *lone_input.detect(study, seen.moves, seen.relation, seen.explained),
        *forecast.detect(study),
        *provenance.detect(study, seen.relation),
        *flood.detect(study),
        *leaning.detect(study),
        *mark.detect(study),
        *unknown_class.detect(study),
        *as_it_was.detect(study, seen.relation),
    ]


def _of_the_model(study: Study, seen: _Seen) -> list[Evidence]:
    """Look at what the model learned, and was promised to know."""
    return [
        # of a reference that is a little too good, as rows that taught a model are, a shortfall says nothing
        *([] if promise.hollow(study) else generalisation.detect(study, seen.moves, seen.explained)),
        *leakage.detect(study, seen.moves),
        *both_splits.detect(study),
        *new_site.detect(study),
        *promise.detect(study),
        *by_heart.detect(study),
    ]


def _of_groups(study: Study) -> list[Evidence]:
    """Look at whom the answers are worse for."""
    held_to_more = bars.detect(study)
    # what is even in the whole says nothing where equal cases were answered otherwise, to the row
    apart = [e for e in groups.detect(study) if e.mechanism or not held_to_more]
    return [*apart, *held_to_more, *calibration.detect(study)]


def _of_people(study: Study, events: Sequence[Event]) -> list[Evidence]:
    """Look at what people and policy did with the answers."""
    return [
        *decisions.detect(study, events),
        *unheeded.detect(study, events),
        *reliance.detect(study),
        *uncorrected.detect(study),
        *bound.detect(study),
        *deciders.detect(study, events),
        *policy.detect(study),
        *cost.detect(study),
    ]


def _related(study: Study, touched: Mask) -> tuple[Relation | None, list[Evidence]]:
    """Compare labels at equal inputs on the rows that no defect touched; where that cannot be, say why."""
    # where the baseline has no rows nothing says what the labels would have been
    apart = touched | off_support(study)
    foreign = _all_touched(study, apart)
    relation = None if foreign else relate(study, exclude=apart if apart.any() else None)
    why = "" if study.has_labels else "The log has no labels."
    if study.has_labels and foreign and not _all_touched(study, touched):
        why = "Hardly any row of the incident lies where the baseline has any."
    untold = not_testable("relation", ("concept_drift", "label_shift", "label_noise"), why)
    return relation, [untold] if why else []


def _of_integration(inputs: Sequence[Evidence], least: float) -> list[Evidence]:
    """Keep the defects on a column's way that are surer than this."""
    return [e for e in inputs if CAUSE_OF.get(e.mechanism) == "integration" and e.strength > least]


def _spoilt(study: Study, inputs: Sequence[Evidence]) -> Floats:
    """Mark with 1 the rows that a defect spoilt."""
    rows = np.zeros(len(study.log))
    for e in _of_integration(inputs, 0.5):
        if e.rows is not None:
            rows[e.rows] = 1.0
    return rows


def _explained(inputs: Sequence[Evidence]) -> set[str]:
    """Name the features whose move a defect explains."""
    return {f for e in _of_integration(inputs, 0.4) for f in e.finding.features}


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
