"""What people did with the answers (floor 4; human): exact replays, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from toolkit.detectors.evidence import Evidence, difference, from_start, inside, logistic, make, not_testable, percent
from toolkit.detectors.study import Study, predicted
from toolkit.detectors.where import confined, of_one_group
from toolkit.profile.model import Floats, Mask, Sample
from toolkit.records import Event, SliceTerm
from toolkit.timeline.change import Change, find_change

NAME = "decisions"
LEAST: Final = 30
#: The least cost of decisions, in deviations of the label (or as an error rate), that is worth a word.
_WORTH: Final = 0.004
#: The part of the model's usual error by which a number changes that was only rounded.
_ROUNDED: Final = 0.25
#: The part of what decisions cost that they must have cost before, the share of changes up to which they may be slips,
#: and how surely (z) these must not tell right answers from wrong ones.
_HELD, _SLIPS, _ALIKE = 0.6, 0.1, 2.5
#: Fewest labelled changes that tell whether changes got worse.
_CHANGED: Final = 20
#: Words in the name of a decider that say that no person decided.
_MACHINES: Final = ("default", "fallback", "timeout", "auto", "system", "rule", "machine")


def detect(study: Study, events: Sequence[Event]) -> list[Evidence]:
    """Replay the decisions against the model's own answers."""
    why = ""
    if np.isnan(study.log.decision).all():
        why = "The log has no decisions."
    elif study.by_cut:
        why = "A cut on the score decides, and the log names no answer that anybody could have changed."
    if why:
        return [not_testable(NAME, ("over_reliance", "harmful_overrides", "not_adopted", "ignored_alerts"), why)]
    return [*_human_term(study, events), *_adoption(study)]


def answers(study: Study, sample: Sample | None = None) -> tuple[Floats, Floats, Floats]:
    """Give the model's answers, the decisions and where both are known; of the log if nothing else is said."""
    sample = study.log if sample is None else sample
    guess = predicted(sample, study.threshold, study.profile.task)
    return guess, sample.decision, (~np.isnan(guess) & ~np.isnan(sample.decision)).astype(float)


def by_machine(study: Study) -> Mask:
    """Mark the rows whose decider is, by its name, no person: a default, a rule, a time-out."""
    names = study.log.decider.names
    flags = np.array([any(w in n.lower() for w in _MACHINES) for n in names] + [False])
    return np.asarray(flags[study.log.decider.codes])


def differ_from(study: Study, guess: Floats, decision: Floats) -> Mask:
    """Mark the rows whose decision is another than the model's answer; of numbers by more than rounding them does."""
    if study.regression:
        usual = 1.0 if study.level is None else study.level.weight(guess)
        return np.asarray(np.abs(guess - decision) * usual > max(1e-9, _ROUNDED * study.usual_error))
    return np.asarray(guess != decision)


@dataclass(frozen=True)
class _Replay:
    """Decisions beside the model's own answers to the same rows; ``known`` rows have both.

    ``lost`` is by how much more a decision of people lost than the answer would have, NaN where that is unknown;
    ``differ`` marks the answers that people changed.
    """

    guess: Floats
    decision: Floats
    known: Mask
    lost: Floats
    differ: Mask


@dataclass(frozen=True)
class _Cost:
    """What decisions cost a row since a change, beyond what they ``usual``ly did where that is what is compared."""

    change: Change
    mean: float
    error: float
    z: float
    usual: float
    n: int


def _human_term(study: Study, events: Sequence[Event]) -> list[Evidence]:
    """Loss of the decision less loss of the model's own answer, on the same row."""
    replay = _replayed(study)
    if (~np.isnan(replay.lost)).sum() < LEAST:
        return []
    cost = _dearest(study, replay)
    if cost.z < 3 or cost.mean / study.loss_scale < _WORTH:
        return [_of_one(study, replay) or _no_dearer(study, replay, cost)]
    return [_overridden(study, events, replay, cost)]


def _replayed(study: Study) -> _Replay:
    guess, decision, both = answers(study)
    people = (both > 0) & ~by_machine(study)
    lost = np.where(people, study.log_loss.final - study.log_loss.model, np.nan)
    return _Replay(guess, decision, both > 0, lost, differ_from(study, guess, decision) & people)


def _dearest(study: Study, replay: _Replay) -> _Cost:
    """Give the cost since the labels show that decisions cost more, or since more answers are changed."""
    had = not np.isnan(study.ref.decision).all()
    base = study.ref_loss.final - study.ref_loss.model
    change = find_change(replay.lost, reference=study.stats(base) if had else None)
    found = [_cost(study, change, replay)] if change.found and change.z > 0 else []
    # when more began to be changed is known before the first label of a change
    if not found or found[0].z < 3:
        found.append(_cost(study, _more_changed(study, replay), replay))
    return max(found, key=lambda c: c.z)


def _no_dearer(study: Study, replay: _Replay, cost: _Cost) -> Evidence:
    text = f"Decisions cost no more than the model's own answers would have ({cost.mean:+.3f} loss a row)."
    return make(
        study, NAME, "", text, strength=0.0, z=cost.z, effect=cost.mean, unit="loss",
        refutes=() if _more_since(replay) else ("harmful_overrides",),
    )  # fmt: skip


def _overridden(study: Study, events: Sequence[Event], replay: _Replay, cost: _Cost) -> Evidence:
    """Say how many answers people changed since, what that cost, where, and what kind of overriding it is."""
    rows, mean = inside(cost.change, len(replay.lost)), cost.mean
    changed = rows & replay.differ
    rate = float(replay.differ[rows].mean())
    judged = replay.lost[changed & ~np.isnan(replay.lost)]
    wrong = float((judged > 0).mean()) if len(judged) else 0.0
    mechanism = override_kind(study, events, replay.guess, replay.decision, rows, replay.differ)
    place, _ = confined(study, changed & (replay.lost > 0), rows)
    # from the first row and on one group alone, it is the group's gap before it is the people's error
    one = bool(place and place[0].column in study.log.groups) or of_one_group(study, replay.lost)
    always = cost.change.shape == "from_start"
    kept = 0.4 if always and (one or _as_held(study, mean) or _at_random(study, replay, rate)) else 1.0
    saved = f" beside what they used to save ({-cost.usual:.3f})" if cost.usual < 0 else ""
    text = (
        f"People changed {percent(rate)} of the model's answers, and {percent(wrong)} of the changes were wrong: the "
        f"decisions lose {mean:.3f} a row more than the model's own answers{saved}.{_who(study, changed, replay.lost)}"
    )
    return make(
        study,
        NAME,
        mechanism,
        text,
        strength=kept * min(0.97, 0.6 + logistic(2 * (cost.z - 6)) * 0.37),
        slice_=place,
        z=cost.z,
        change=cost.change,
        rows=changed,
        effect=mean,
        unit="loss",
        interval=(mean - 1.96 * cost.error, mean + 1.96 * cost.error),
        n=cost.n,
        supports=(mechanism, "harmful_overrides"),
        refutes=("over_reliance", "concept_drift"),
        details={"override_rate": rate, "paired": mean},
    )


def _as_held(study: Study, mean: float) -> bool:
    """Whether people cost as much on the rows that the log is held to: that is how they work, and nothing new."""
    held = study.ref_loss.final - study.ref_loss.model
    known = held[~np.isnan(held)]
    return not study.own_reference and len(known) >= LEAST and bool(known.mean() > _HELD * mean)


def _at_random(study: Study, replay: _Replay, rate: float) -> bool:
    """Whether few answers are changed, and right ones no more often than wrong ones: slips, as wherever people work."""
    known = ~np.isnan(replay.lost)
    changed = replay.differ.astype(float)
    wrong, right = (changed[known & side] for side in (study.log_loss.model > 0, study.log_loss.model == 0))
    if rate > _SLIPS or study.regression or min(len(wrong), len(right)) < LEAST:
        return False
    return abs(difference(wrong, right)[3]) < _ALIKE


def _more_since(replay: _Replay) -> bool:
    """Whether more is changed in rows whose label is not in than in those that say what changes cost."""
    told = ~np.isnan(replay.lost)
    untold, differ = ~told & replay.known, replay.differ
    return bool(min(told.sum(), untold.sum()) >= LEAST and differ[untold].mean() > 1.25 * differ[told].mean())


def _cost(study: Study, change: Change, replay: _Replay) -> _Cost:
    """Weigh what decisions cost since a change, or how much more than before it where more is changed since."""
    lost, differ = replay.lost, replay.differ
    rows = inside(change, len(lost))
    known = rows & ~np.isnan(lost)
    n = int(known.sum())
    mean = float(lost[known].mean()) if n else float("nan")
    error = float(np.nanstd(lost[rows])) / np.sqrt(max(n, 1)) or 1e-9
    made = _Cost(change, mean, error, max(mean / error, _of_the_far(study, replay, rows)), 0.0, n)
    if change.shape == "from_start" or differ[rows].mean() <= 1.25 * differ[~rows].mean():
        return made
    # people who used to right the model's errors and no longer do cost what they saved
    rise, off, _, up = difference(lost[~rows], lost[rows])
    now = lost[known & differ]
    # changes that cost tell it apart from the scatter of what is not changed; more of them may save less each, and do
    changed = difference(lost[~rows & differ], now)[3] if len(now) >= _CHANGED and now.mean() > 0 else 0.0
    if max(up, changed) <= made.z:
        return made
    return _Cost(change, rise, off, max(up, changed), float(np.nanmean(lost[~rows])), n)


def _of_one(study: Study, replay: _Replay) -> Evidence | None:
    """Find one who decides whose changes cost what others' save; the level is corrected for all who were tried."""
    codes, worst, lost = study.log.decider, None, replay.lost
    tried = [i for i in range(len(codes.names)) if (~np.isnan(lost[codes.codes == i])).sum() >= LEAST]
    for i in tried if len(tried) > 1 else []:
        own = lost[(codes.codes == i) & ~np.isnan(lost)]
        worth = own.mean() >= _WORTH * study.loss_scale
        z = float(own.mean() / max(own.std() / np.sqrt(len(own)), 1e-9)) if worth else 0.0
        worst = max(worst or (0.0, i), (z, i))
    if worst is None or worst[0] < np.sqrt(3.5**2 + 2 * np.log(len(tried))):
        return None
    mine = codes.codes == worst[1]
    mean, rate = float(np.nanmean(lost[mine])), float(replay.differ[mine].mean())
    text = (
        f"{codes.names[worst[1]]} changed {percent(rate)} of the model's answers, and the decisions lose {mean:.3f} a "
        f"row more than these; those of the others {float(np.nanmean(lost[~mine])):+.3f}."
    )
    return make(
        study, NAME, "harmful_overrides", text, strength=0.85, z=worst[0], change=from_start(study),
        rows=mine & replay.differ, effect=mean, unit="loss", n=int(mine.sum()),
        slice_=(SliceTerm("decider", codes.names[worst[1]]),), refutes=("over_reliance",),
    )  # fmt: skip


def _of_the_far(study: Study, replay: _Replay, rows: Mask) -> float:
    """Give z of what the far changes of a number cost: many small ones beside a few far ones hide these in scatter."""
    if not study.regression:
        return 0.0
    lost = replay.lost
    away = np.where(rows & ~np.isnan(lost), np.abs(replay.decision - replay.guess), np.nan)
    far = away > 3 * float(np.nanmedian(away))
    if not 10 <= far.sum() < 0.5 * rows.sum():
        return 0.0
    return float(lost[far].mean() / max(float(lost[far].std()) / np.sqrt(far.sum()), 1e-9))


def _more_changed(study: Study, replay: _Replay) -> Change:
    """Give the change since which answers are changed more often, where the labels alone show none; else the start."""
    change = find_change(np.where(replay.known, replay.differ.astype(float), np.nan))
    if change.found and change.z > 6 and change.shape != "from_start":
        rows = inside(change, len(replay.lost))
        if min((~np.isnan(replay.lost[rows])).sum(), (~np.isnan(replay.lost[~rows])).sum()) >= LEAST:
            return change
    return from_start(study)


def override_kind(
    study: Study, events: Sequence[Event], guess: Floats, decision: Floats, rows: Mask, differ: Mask
) -> str:
    """Name the overrides: all against the model's alarms are ignored alerts, of nearly everything no adoption."""
    if not study.binary:
        return "latency" if _late(study, rows & differ, rows & ~differ) else "harmful_overrides"
    alarms = rows & (guess == 1)
    ignored = float(differ[alarms].mean()) if alarms.sum() >= 10 else 0.0
    quiet = rows & (guess == 0)
    added = float(differ[quiet].mean()) if quiet.sum() >= 10 else 0.0
    alerts = any(e.kind == "alert" for e in events)
    if _late(study, rows & differ, rows & ~differ):
        return "latency"
    agree = _kappa(guess[rows], decision[rows])
    alone = _alone(study, differ, rows)
    if ignored > 0.5 and added < 0.05 and (alerts or ignored > 0.8):
        return "ignored_alerts"
    if (agree < 0.15 and added > 0.02) or alone:
        return "not_adopted"
    return "harmful_overrides"


def _alone(study: Study, differ: Mask, rows: Mask) -> bool:
    """Whether people decide by themselves: mostly otherwise where the model errs, and often where it is right."""
    wrong, right = rows & (study.log_loss.model > 0), rows & (study.log_loss.model == 0)
    if min(wrong.sum(), right.sum()) < LEAST:
        return False
    on_wrong, on_right = float(differ[wrong].mean()), float(differ[right].mean())
    return on_wrong > 0.45 and 0.08 < on_right < on_wrong / 1.4


def _late(study: Study, changed: Mask, kept: Mask) -> bool:
    """Whether answers were set aside because they came too late: hardly any that came in time was."""
    latency = study.log.latency_ms
    base = study.ref.latency_ms if (~np.isnan(study.ref.latency_ms)).sum() >= LEAST else latency[: len(latency) // 5]
    if (~np.isnan(latency[changed])).sum() < 10 or (~np.isnan(latency[kept])).sum() < 10 or np.isnan(base).all():
        return False
    far = latency > np.nanquantile(base, 0.99)
    slow, quick = changed[far & (changed | kept)], changed[~far & (changed | kept)]
    if len(slow) < 10 or len(quick) < 10:
        return False
    return bool(slow.mean() > 4 * quick.mean() and far[changed].mean() > 0.7)


def _kappa(a: Floats, b: Floats) -> float:
    """Cohen's kappa of two binary answers."""
    good = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[good], b[good]
    if len(a) < 10:
        return 1.0
    chance = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return (float((a == b).mean()) - chance) / max(1 - chance, 1e-9)


def _who(study: Study, changed: Mask, lost: Floats) -> str:
    """Name the decider behind most of the harm, where one stands out (by code, not by person, in public pages)."""
    codes = study.log.decider
    if len(codes.names) < 2 or not changed.any():
        return ""
    harm = np.bincount(
        codes.codes[changed & (codes.codes >= 0)],
        weights=np.nan_to_num(lost[changed & (codes.codes >= 0)]),
        minlength=len(codes.names),
    )
    top = int(np.argmax(harm))
    share = harm[top] / max(harm.sum(), 1e-9)
    return f" {percent(float(share))} of it came through one of {len(codes.names)} deciders." if share > 0.5 else ""


def _adoption(study: Study) -> list[Evidence]:
    """Decisions that do not follow the model at all, from the first row or from a day on."""
    if not study.binary:
        return []
    guess, decision, known = answers(study)
    if known.sum() < LEAST or np.unique(guess[known > 0]).size < 2:
        return []
    agree = np.where(known > 0, (guess == decision).astype(float), np.nan)
    change = find_change(agree)
    rows = inside(change, len(agree)) if change.found and change.z < 0 else np.ones(len(agree), dtype=bool)
    if not (change.found and change.z < 0):
        change = from_start(study)
    kappa = _kappa(guess[rows], decision[rows])
    if kappa > 0.3:
        return []
    n = int(known[rows].sum())
    labelled = rows & ~np.isnan(study.log_loss.model) & ~np.isnan(study.log_loss.final)
    model, final = (
        float(x[labelled].mean()) if labelled.any() else np.nan for x in (study.log_loss.model, study.log_loss.final)
    )
    # a model that is no better than the people is rightly left aside
    cost = final - model
    z = cost / np.sqrt(max(final * (1 - final), 0.01) / max(n, 1)) if np.isfinite(cost) else 3.0
    if np.isfinite(cost) and z < 3:
        return []
    told = f"; followed, it would have lost {model:.3f} a row instead of {final:.3f}" if np.isfinite(cost) else ""
    text = f"Decisions hardly follow the model (Cohen's kappa {kappa:.2f}){told}."
    return [
        make(
            study,
            "adoption",
            "not_adopted",
            text,
            strength=0.95 * logistic(14 * (0.22 - kappa)),
            z=max(z, 3.0),
            change=change,
            rows=rows & differ_from(study, guess, decision) & (known > 0),
            effect=kappa,
            unit="kappa",
            n=n,
        )
    ]
