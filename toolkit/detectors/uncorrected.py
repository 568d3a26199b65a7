"""Answers that used to be corrected before they were acted on, and are taken as they come (floor 4; human).

Whether people or a rule changed an answer is known at once, whether they were right to when the label comes: so the
end of corrections that saved errors is harm before the first label of those that are missing. Where corrections became
rarer and did not end, the labels must say that wrong answers are let through: a better model needs fewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from toolkit.detectors.decisions import LEAST, answers, differ_from
from toolkit.detectors.evidence import Evidence, difference, inside, make, percent, since
from toolkit.detectors.like_cases import of_other_cases
from toolkit.detectors.reliance import guarded_the_odd
from toolkit.detectors.study import Study
from toolkit.profile.model import Mask
from toolkit.records import Slice, SliceTerm
from toolkit.timeline.change import Change, find_change

NAME: Final = "uncorrected"
_LEVEL: Final = 4.5
#: The part of the corrections up to which they ended; the share of all to one side from which on they were a cap; the
#: part of what one decider no longer corrects from which on the others took it over.
_ENDED, _CAPPED, _TAKEN_OVER = 0.3, 0.95, 0.5
#: Deviations by which a model errs less that plainly needs no more correction: who errs less is corrected less.
_PLAINLY: Final = 4.0
#: The most deciders that are asked by themselves: those with most corrections.
_MOST: Final = 20


def detect(study: Study) -> list[Evidence]:
    """Look for corrections that ended: all of them, or those of one who made most of them."""
    if np.isnan(study.log.decision).all() or study.by_cut:
        return []
    guess, decision, known = answers(study)
    differ = differ_from(study, guess, decision) & (known > 0)
    if differ.sum() < LEAST:
        return []
    tried = list(_kinds(study, differ))
    level = float(np.sqrt(_LEVEL**2 + 2 * np.log(len(tried))))
    for place, (kind, slice_) in enumerate(tried):
        change = find_change(np.where(known > 0, kind.astype(float), np.nan))
        if not change.found or change.z > -(level if place else _LEVEL):
            continue
        rows = inside(change, len(guess))
        saved = (study.log_loss.model - study.log_loss.final)[kind & ~rows]
        saved = saved[~np.isnan(saved)]
        if len(saved) < LEAST or saved.mean() < 3 * saved.std() / np.sqrt(len(saved)):
            continue
        of_cases = of_other_cases(study, kind.astype(float), (known > 0) & ~rows, (known > 0) & rows)
        if not of_cases and _missed(study, kind, differ, known > 0, change):
            return [_say(study, kind, change, slice_, float(saved.mean()))]
    return []


def _kinds(study: Study, differ: Mask) -> Iterator[tuple[Mask, Slice]]:
    """Give all corrections, then those of each decider, the most first."""
    yield differ, ()
    codes = study.log.decider
    count = np.bincount(codes.codes[differ & (codes.codes >= 0)], minlength=len(codes.names))
    for i in np.argsort(-count, kind="stable")[:_MOST] if (count > 0).sum() > 1 else []:
        if count[i] >= LEAST:
            yield differ & (codes.codes == i), (SliceTerm("decider", codes.names[i]),)


def _missed(study: Study, kind: Mask, differ: Mask, known: Mask, change: Change) -> bool:
    """Whether corrections ended that nobody else makes, or became rarer and the labels say that wrong answers pass."""
    rows = inside(change, len(kind))
    rest = differ & ~kind
    more = float(rest[rows & known].mean() - rest[~rows & known].mean())
    if more > _TAKEN_OVER * (change.before - change.after):
        return False
    final, model = study.log_loss.final, study.log_loss.model
    dearer, better = difference(final[~rows], final[rows])[3], difference(model[~rows], model[rows])[3]
    if change.after <= _ENDED * change.before:
        return not (dearer < -1 or better < -_PLAINLY)
    righted = np.where(model > 0, (final < model).astype(float), np.nan)
    return better > -2 and difference(righted[~rows], righted[rows])[3] < -3 and dearer > 0


def _say(study: Study, kind: Mask, change: Change, slice_: Slice, saved: float) -> Evidence:
    guess, decision, known = answers(study)
    rows = inside(change, len(guess))
    down = float((decision < guess)[kind & ~rows].mean())
    capped = study.regression and max(down, 1 - down) > _CAPPED
    guarded = capped or guarded_the_odd(study, guess, decision, change)
    what = "numbers" if study.regression else "answers"
    who = f" by {slice_[0].value}" if slice_ else ""
    text = (
        f"{percent(change.before)} of the model's {what} were {'cut to one side' if capped else 'corrected'}{who} "
        f"before they were acted on, which saved {saved:.4g} of loss each; {since(change)} it is "
        f"{percent(change.after)}."
    )
    excess = float(np.nansum(study.log_loss.final[rows] - np.nanmean(study.log_loss.final[~rows])))
    kept = saved * (change.before - change.after) * float(rows.sum())
    mechanism = "missing_guardrail" if guarded else "over_reliance"
    return make(
        study, NAME, mechanism, text, strength=0.9, z=abs(change.z), change=change, rows=rows & (known > 0),
        effect=change.after - change.before, unit=f"share of {what} changed", n=int((known > 0).sum()), slice_=slice_,
        share_hint=float(np.clip(kept / excess, 0.0, 1.0)) if excess > 0 else None,
        supports=("missing_guardrail", "over_reliance"), refutes=("harmful_overrides", "concept_drift"),
    )  # fmt: skip
