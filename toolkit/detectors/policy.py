"""What policy did with the answers (floor 4; human): a moved threshold, and a goal that was another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, beforehand, difference, inside, make, percent, since
from toolkit.detectors.study import Study, implied_threshold, is_probability, losses
from toolkit.profile.model import Floats, Mask
from toolkit.records import SliceTerm
from toolkit.timeline.change import Change, find_change, no_change

LEAST: Final = 30
#: How sure (z) the replay must be of the harm: up to the first it is as good as chance, from the second on it counts.
_CHANCE, _SURE = 0.8, 1.8
#: The part of what the new threshold changes by itself up to which the share of positive answers is as before.
_ALONG: Final = 0.25


def detect(study: Study) -> list[Evidence]:
    """Replay the answers with the old threshold; hold the cost against the model's own measure."""
    return [*_threshold(study), *_cost(study)]


def _threshold(study: Study) -> list[Evidence]:
    """The score from which on the answer is positive: a step in it is a changed policy, to the row."""
    if not study.binary or np.isnan(study.log.score).all():
        return []
    for role, answers, base in (
        ("decision", study.log.decision, study.ref.decision),
        ("prediction", study.log.prediction, study.ref.prediction),
    ):
        known = ~np.isnan(answers) & ~np.isnan(study.log.score) & (study.log.ok != 0)
        if known.sum() < LEAST or len(np.unique(answers[known])) < 2:
            continue
        got = _cut_moved(study, role, answers, base, known) or _cut_of_a_segment(study, role, answers, base, known)
        if got is not None:
            return [got]
    return []


def _cut_of_a_segment(study: Study, role: str, answers: Floats, base: Floats, known: Mask) -> Evidence | None:
    """The same for one value of a segment at a time: a policy of one region or site."""
    found: list[Evidence] = []
    for column, codes in study.log.segments.items():
        for place, value in enumerate(codes.names[:20]):
            mine = known & (codes.codes == place)
            if mine.sum() < 2 * LEAST or len(np.unique(answers[mine])) < 2:
                continue
            got = _cut_moved(study, role, np.where(mine, answers, np.nan), base, mine)
            if got is not None and got.mechanism:
                finding = replace(got.finding, slice=(SliceTerm(column, value),))
                found.append(replace(got, finding=finding, strength=got.strength * 0.97))
    return max(found, key=lambda e: e.z) if found else None


def _cut_moved(study: Study, role: str, answers: Floats, base: Floats, known: Mask) -> Evidence | None:
    score = study.log.score
    usable = ~np.isnan(base) & ~np.isnan(study.ref.score)
    if study.own_reference or usable.sum() < LEAST or len(np.unique(base[usable])) < 2:
        usable = known & (np.arange(len(known)) < len(known) // 4)
        if usable.sum() < 15 or len(np.unique(answers[usable])) < 2:
            return None
        before = score[usable]
        old, missed = implied_threshold(before, answers[usable])
    else:
        before = study.ref.score[usable]
        old, missed = implied_threshold(before, base[usable])
    if missed > 0.12:
        return None
    off = np.where(known, (answers != (score >= old)).astype(float), np.nan)
    change = find_change(off, reference=(missed, max(missed * (1 - missed), 0.002), float(usable.sum())))
    if not change.found or change.z < 0:
        return None
    rows = inside(change, len(off)) & known
    if rows.sum() < 15 or len(np.unique(answers[rows])) < 2:
        return None
    new, left = implied_threshold(score[rows], answers[rows])
    if before[before < old].max(initial=-np.inf) < new <= old:
        return None  # between two scores that were there any threshold gave the same answers
    between = rows & (score >= min(old, new)) & (score < max(old, new))
    # a threshold explains the answers as well as the old one did; people who override do not
    rarer = float(min(answers[rows].mean(), 1 - answers[rows].mean()))  # what no threshold at all gets wrong
    if left > 0.5 * rarer or left > missed + 0.2 * float(np.nanmean(off[rows])) or between.sum() < 5:
        return None
    if _recalibrated(study, answers, old, rows, known):
        told = "" if np.isnan(study.log_loss.final[rows]).all() else ", and no more of them wrong"
        text = (
            f"The {role} is positive from a score of {new:.4g} on {since(change)}, "
            f"from {old:.4g} {beforehand(change)}, and the scores moved along: as many answers are positive as "
            f"were{told}."
        )
        # a model's own threshold says nothing of what people do with its answers
        people = ("harmful_overrides", "over_reliance", "not_adopted") if role == "decision" else ()
        still = ("threshold_misconfigured", *people)
        return make(
            study, "threshold", "", text, strength=0.0, z=change.z, effect=new - old, unit="score", refutes=still
        )
    replay = _replay(study, role, old, rows)
    direction = "raised" if new > old else "lowered"
    text = (
        f"The {role} is positive from a score of {new:.4g} on {since(change)}, from {old:.4g} {beforehand(change)} "
        f"({direction}); this reproduces {f'all but {percent(left)} of the answers' if left else 'every answer'}."
    )
    if replay is not None:
        other = "higher" if replay[0] > 0 else "lower"
        text += f" With the old threshold the loss a row would be {abs(replay[0]):.3f} {other}."
    if replay is not None and replay[0] > -0.002 and study.has_labels:
        return make(
            study,
            "threshold",
            "",
            text,
            strength=0.0,
            z=change.z,
            change=change,
            effect=new - old,
            unit="score",
        )
    return make(
        study,
        "threshold",
        "threshold_misconfigured",
        text,
        strength=0.97
        * (1.0 if replay is None else float(np.clip((replay[2] - _CHANCE) / (_SURE - _CHANCE), 0.05, 1.0))),
        z=change.z,
        change=change,
        rows=between,
        effect=new - old,
        unit="score",
        n=int(rows.sum()),
        refutes=("concept_drift", "over_reliance", "harmful_overrides"),
        share_hint=None if replay is None else replay[1],
        threshold=old,
    )


def _recalibrated(study: Study, answers: Floats, old: float, rows: Mask, known: Mask) -> bool:
    """Whether the scores moved along with the threshold: as many are answered positive as before, and as well."""
    before, score, loss = known & ~rows, study.log.score, study.log_loss.final
    if before.sum() < LEAST:
        return False
    was, now, kept = (float(x.mean()) for x in (answers[before], answers[rows], score[rows] >= old))
    worse = difference(loss[before], loss[rows])[3]
    return abs(now - was) < _ALONG * abs(kept - was) and not worse > 2


def _replay(study: Study, role: str, old: float, rows: Mask) -> tuple[float, float | None, float] | None:
    """Loss of the old threshold less the loss that was, on the same rows, and the share of the excess it explains.

    With them how sure it is that the new one did harm: the sum of the paired differences over its error (McNemar 1947).
    """
    label = study.mature_label
    if (~np.isnan(label[rows])).sum() < 10:
        return None
    again = (study.log.score >= old).astype(float)
    part = replace(study.log, label=label, **{role: again})  # type: ignore[arg-type]
    then = losses(part, study.threshold, study.profile.task, study.level).final
    gained = study.log_loss.final[rows] - then[rows]
    base = float(np.nanmean(study.ref_loss.final)) if (~np.isnan(study.ref_loss.final)).any() else float("nan")
    excess = float(np.nansum(study.log_loss.final[rows] - base))
    gain, error = float(np.nansum(gained)), float(np.sqrt(np.nansum(np.square(gained))))
    share = float(np.clip(gain / excess, 0.0, 1.0)) if excess > 0 else None
    return -float(np.nanmean(gained)), share, gain / error if error else 0.0


def _cost(study: Study) -> list[Evidence]:
    """Money lost though the model's own measure held: the goal was another one."""
    # of a row without a label nobody knows whether it was an error that made it dear
    cost = np.where(np.isnan(study.log_loss.final), np.nan, study.log.cost) if study.has_labels else study.log.cost
    if (~np.isnan(cost)).sum() < LEAST:
        return []
    base = study.ref.cost
    reference = None if study.own_reference or (~np.isnan(base)).sum() < 15 else study.stats(base)
    change = find_change(cost, reference=reference)
    of = "row"
    if not change.found or change.z < 0:
        change, of = _of_errors(study, cost), "wrong answer"
        reference = None
    if not change.found or change.z < 0:
        return []
    rows = inside(change, len(cost))
    counted = rows if of == "row" else rows & (study.log_loss.final > 0)
    before = change.before if reference is None else reference[0]
    after = float(np.nanmean(cost[counted]))
    worse = study.final_change
    wrong = study.log_loss.final > 0
    dearer = difference(cost[wrong & ~rows], cost[wrong & rows])[3] > 4  # each error costs more, however many there are
    held = study.has_labels and (not (worse.found and worse.z > 0) or (dearer and _as_stated(study, rows)))
    better = worse.found and worse.z < 0
    rose = "rose as its scores said" if worse.found else "held"
    text = (
        f"The mean cost a {of} rose from {before:.4g} to {after:.4g} while the model's errors "
        f"{'fell' if better else rose if held else 'rose too'}."
    )
    return [
        make(
            study,
            "cost",
            "goal_misaligned" if held else "",
            text,
            strength=0.9 if held else 0.0,
            z=change.z,
            change=change,
            rows=rows,
            effect=after - before,
            unit="cost",
            n=int(rows.sum()),
            supports=("goal_misaligned",) if held else (),
        )
    ]


def _as_stated(study: Study, rows: Mask) -> bool:
    """Whether the model errs on some rows as often as its scores say: harder cases, and no worse a model."""
    score, wrong = study.log.score, study.log_loss.model
    if not study.binary or not is_probability(score):
        return False
    stated = np.where(score >= study.threshold, 1 - score, score)
    beyond = (wrong - stated)[rows & ~np.isnan(wrong)]
    return len(beyond) >= LEAST and bool(abs(beyond.mean()) < 3 * beyond.std() / np.sqrt(len(beyond)))


def _of_errors(study: Study, cost: Floats) -> Change:
    """Find when errors began to cost more: few rows, which the cost of all others hides."""
    n = len(cost)
    wrong = np.flatnonzero((study.log_loss.final > 0) & ~np.isnan(cost))
    if study.regression or len(wrong) < LEAST:
        return no_change(n)
    c = find_change(cost[wrong])
    if not c.found or c.z < 5 or c.shape == "from_start":
        return no_change(n)
    end = n if c.end >= len(wrong) else int(wrong[c.end])
    return c.of(wrong, end)
