"""What people and rules let through (floor 4; human): wrong answers that used to be corrected, and are no more."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from toolkit.detectors.association import ranks
from toolkit.detectors.curve import auc
from toolkit.detectors.decisions import LEAST, NAME, answers, by_machine, differ_from
from toolkit.detectors.evidence import (
    Evidence,
    beforehand,
    difference,
    from_start,
    inside,
    make,
    percent,
    points,
    since,
    thinned,
)
from toolkit.detectors.like_cases import of_other_cases
from toolkit.detectors.matrices import taught
from toolkit.detectors.study import Study
from toolkit.profile.model import Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change

#: Wrong answers of the reference on which people decided, at least.
_HELD: Final = 15
#: What is left where in each kind of case as many wrong answers are corrected as ever.
_AS_EVER: Final = 0.3


def detect(study: Study) -> list[Evidence]:
    """Look for corrections that stopped; without decisions there is nothing to look at, which ``decisions`` says."""
    if np.isnan(study.log.decision).all() or study.by_cut:
        return []
    return [] if study.regression else _reliance(study)


def _reliance(study: Study) -> list[Evidence]:
    """Did people stop to correct wrong answers? P(decision = answer | answer wrong) over time and against before."""
    guess, decision, known = answers(study)
    wrong = (known > 0) & (study.log_loss.model > 0)
    if wrong.sum() < LEAST:
        return []
    accepted = np.where(wrong, (guess == decision).astype(float), np.nan)
    held = _accepted_before(study)
    found = _stopped(study, accepted, wrong, held) or _of_one(study, accepted) or _stamped(study, accepted, wrong, held)
    return [found] if found is not None else []


def _stopped(study: Study, accepted: Floats, wrong: Mask, held: Floats) -> Evidence | None:
    """Find since when more wrong answers are accepted, in cases like those before and ``held`` of the reference."""
    reference = None if (~np.isnan(held)).sum() < _HELD else study.stats(held)
    change = find_change(accepted[wrong], reference=reference)
    if not change.found or change.z <= 0:
        return None
    where = np.flatnonzero(wrong)
    moved = change.of(where, int(where[min(max(change.end - 1, 0), len(where) - 1)]) + 1)
    moved = from_start(study) if moved.shape == "from_start" else moved
    after = inside(moved, len(study.log))
    as_ever = of_other_cases(study, accepted, wrong & ~after, wrong & after)
    rise, rows = change.after - change.before, after & wrong & (accepted == 1)
    who = "Rules" if by_machine(study)[rows].mean() > 0.5 else "People"
    text = (
        f"{who} accept {percent(change.after)} of the model's wrong answers {since(moved)}, "
        f"{percent(change.before)} {beforehand(moved)}"
        f"{', in each kind of case as many as ever: the cases are others' if as_ever else ''}."
    )
    guess, decision, _ = answers(study)
    mechanism = "missing_guardrail" if guarded_the_odd(study, guess, decision, moved) else "over_reliance"
    return make(
        study, NAME, mechanism, text,
        strength=float(np.clip(0.45 + 1.3 * rise, 0, 0.95)) * (_AS_EVER if as_ever else 1.0), z=change.z, change=moved,
        rows=rows, effect=rise, unit="share of wrong answers accepted", n=int(wrong.sum()),
        share_hint=_kept_harm(study, moved, rise), refutes=("harmful_overrides",),
    )  # fmt: skip


def _accepted_before(study: Study) -> Floats:
    """Say of each wrong answer of the reference whether people accepted it; NaN elsewhere."""
    then, did, _ = answers(study, study.ref)
    wrong = (study.ref_loss.model > 0) & ~np.isnan(did) & (not study.own_reference)
    return np.where(wrong, (then == did).astype(float), np.nan)


def _stamped(study: Study, accepted: Floats, wrong: Mask, held: Floats) -> Evidence | None:
    """Say that people change next to nothing of what a model that errs answers."""
    guess, decision, known = answers(study)
    rate = float(np.nanmean(accepted))
    overrides = float((differ_from(study, guess, decision) & (known > 0)).sum() / max(known.sum(), 1))
    by_people = len(study.log.decider.names) > 0 and not by_machine(study).all()
    errs = float(np.nanmean(study.log_loss.model)) > 0.05
    worse = study.model_change.found and study.model_change.z > 0
    as_held = (~np.isnan(held)).sum() >= _HELD and float(np.nanmean(held)) > 0.97  # that is how they work there
    if not (rate > 0.97 and overrides < 0.02 and errs and by_people) or worse or as_held:
        return None
    text = f"People accept {percent(rate)} of the model's wrong answers and change {percent(overrides)} of all answers."
    return make(
        study, NAME, "over_reliance", text, strength=0.4, z=4.0, change=from_start(study), effect=rate,
        rows=wrong & (accepted == 1), unit="share of wrong answers accepted", n=int(wrong.sum()),
    )  # fmt: skip


#: What one who stamps accepts of the wrong answers, and by how much more than the others do.
_STAMPS, _MORE = 0.9, 0.3
#: Of equal cases each side must have decided so many, and such cases must be this part of his.
_EQUAL, _OVERLAP = 8, 0.5


def _of_one(study: Study, accepted: Floats) -> Evidence | None:
    """Find one who lets the model's wrong answers through that others correct in equal cases, from the first row on."""
    codes, people = study.log.decider, ~by_machine(study) & ~np.isnan(accepted)
    decided = ~by_machine(study) & ~np.isnan(study.log.decision) & (codes.codes >= 0)
    tried = [i for i in range(len(codes.names)) if (people & (codes.codes == i)).sum() >= LEAST]
    level = np.sqrt(4.5**2 + 2 * np.log(max(len(tried), 1)))
    found = []
    for i in tried:
        mine, others = people & (codes.codes == i), people & (codes.codes != i) & (codes.codes >= 0)
        rate = float(accepted[mine].mean())
        if others.sum() < LEAST or rate <= max(_STAMPS, float(accepted[others].mean()) + _MORE):
            continue
        more, error = _in_equal_cases(study, accepted, mine, others)
        own = decided & (codes.codes == i)
        dearer = difference(study.log_loss.final[decided & ~own], study.log_loss.final[own])[3]
        if more > _MORE and min(more / error, dearer + 1.5) > level:
            found.append((more, error, i, mine))
    if not found:
        return None
    more, error, i, mine = max(found, key=lambda f: f[0] / f[1])
    text = (
        f"{codes.names[i]} accepts {percent(float(accepted[mine].mean()))} of the model's wrong answers, "
        f"{points(more)} more than the others do in such cases."
    )
    # without inputs and scores nobody knows whose cases were the harder ones
    described = bool(study.log.features) or not np.isnan(study.log.score).all()
    return make(
        study, NAME, "over_reliance", text, strength=0.85 if described else 0.7, z=more / error,
        change=from_start(study), rows=mine & (accepted == 1), effect=more, unit="share of wrong answers accepted",
        interval=(more - 1.96 * error, more + 1.96 * error), n=int(mine.sum()),
        slice_=(SliceTerm("decider", codes.names[i]),), refutes=("harmful_overrides",),
    )  # fmt: skip


def _in_equal_cases(study: Study, accepted: Floats, mine: Mask, others: Mask) -> tuple[float, float]:
    """Give how much more often he accepts than the others where both decide, and its error; NaN where too rarely both.

    Cases are as equal as a small tree that tells his from theirs makes them (strata of the propensity: Rosenbaum &
    Rubin 1984): who is given the cases in which nobody sees the error does not stamp.
    """
    from sklearn.tree import DecisionTreeClassifier

    rows = np.flatnonzero(mine | others)
    cases = taught(study.design.log.beside(study.log.score, study.log.label).rows(rows))
    tree: Any = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=2 * _EQUAL, random_state=0)
    leaf = tree.fit(np.clip(cases, -1e30, 1e30), mine[rows]).apply(np.clip(cases, -1e30, 1e30))
    sides = [np.array([(leaf == k) & side[rows] for k in np.unique(leaf)]) for side in (mine, others)]
    n, m = (side.sum(1).astype(float) for side in sides)
    both = (n >= _EQUAL) & (m >= _EQUAL)
    if n[both].sum() < _OVERLAP * n.sum():
        return float("nan"), float("nan")
    his, theirs = (((side @ accepted[rows]) + 0.5) / (k + 1) for side, k in zip(sides, (n, m), strict=True))
    weight = np.where(both, n, 0.0) / n[both].sum()
    variance = his * (1 - his) / np.maximum(n, 1) + theirs * (1 - theirs) / np.maximum(m, 1)
    return float(weight @ (his - theirs)), float(np.sqrt(weight**2 @ variance))


def guarded_the_odd(study: Study, guess: Floats, decision: Floats, change: Change) -> bool:
    """Whether what used to be overruled before the change were unusual inputs: a guardrail, not people's doubt."""
    before = ~inside(change, len(study.log))
    odd, odd_ref = oddness(study)
    parts = [(odd[before], differ_from(study, guess, decision)[before] & ~np.isnan(decision[before]))]
    if not np.isnan(study.ref.decision).all():
        then, did, _ = answers(study, study.ref)
        parts.append((odd_ref, differ_from(study, then, did) & ~np.isnan(did)))
    x = np.concatenate([p[0] for p in parts])
    y = np.concatenate([p[1] for p in parts]).astype(float)
    return bool(y.sum() >= 8 and auc(x, y) > 0.8)


def oddness(study: Study) -> tuple[Floats, Floats]:
    """Give the largest normal score (size alone) over the numeric features: log, baseline."""
    log, ref = np.zeros(len(study.log)), np.zeros(len(study.ref))
    for base, column in study.numbers.values():
        have = study.in_order(base)
        if len(have) < 30:
            continue
        middle, spread = float(np.median(have)), float(np.subtract(*np.quantile(have, [0.9, 0.1]))) or 1.0
        score = ranks(thinned(have))
        a, b = score(base), score(column)
        # ranks order within the baseline, the distance orders beyond it
        log = np.maximum(log, np.abs(b) + np.nan_to_num(np.abs(column - middle)) / spread)
        ref = np.maximum(ref, np.abs(a) + np.nan_to_num(np.abs(base - middle)) / spread)
    return log, ref


def _kept_harm(study: Study, change: Change, rise: float) -> float | None:
    """Share of the excess that people would have caught as they did before."""
    rows = inside(change, len(study.log))
    wrong = float(np.nansum(study.log_loss.model[rows]))
    excess = study.excess(rows)
    return float(np.clip(rise * wrong / excess, 0.0, 1.0)) if excess > 0 else None
