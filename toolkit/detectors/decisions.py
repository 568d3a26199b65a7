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


def _human_term(study: Study, events: Sequence[Event]) -> list[Evidence]:
    """Loss of the decision less loss of the model's own answer, on the same row."""
    guess, decision, known = answers(study)
    paired = np.where((known > 0) & ~by_machine(study), study.log_loss.final - study.log_loss.model, np.nan)
    if (~np.isnan(paired)).sum() < LEAST:
        return []
    base = study.ref_loss.final - study.ref_loss.model
    had = not np.isnan(study.ref.decision).all() and not study.own_reference
    reference = study.stats(base) if had else None
    change = find_change(paired, reference=reference)
    differ = differ_from(study, guess, decision) & (known > 0) & ~by_machine(study)
    found = [_cost(study, change, paired, differ)] if change.found and change.z > 0 else []
    # when more began to be changed is known before the first label of a change
    if not found or found[0].z < 3:
        found.append(_cost(study, _more_changed(study, paired, differ, known), paired, differ))
    cost = max(found, key=lambda c: c.z)
    change, mean, error, z, usual = cost.change, cost.mean, cost.error, cost.z, cost.usual
    rows, n = inside(change, len(paired)), cost.n
    scale = (float(np.nanstd(study.log.label)) or 1.0) if study.regression else 1.0
    if z < 3 or mean / scale < _WORTH:
        if (alone := _of_one(study, paired, differ, scale)) is not None:
            return [alone]
        text = f"Decisions cost no more than the model's own answers would have ({mean:+.3f} loss a row)."
        return [
            make(
                study,
                NAME,
                "",
                text,
                strength=0.0,
                z=z,
                refutes=() if _more_since(paired, differ, known) else ("harmful_overrides",),
                effect=mean,
                unit="loss",
            )
        ]
    rate = float(differ[rows].mean())
    judged = paired[rows & differ & ~np.isnan(paired)]
    wrong = float((judged > 0).mean()) if len(judged) else 0.0
    mechanism = override_kind(study, events, guess, decision, rows, differ)
    who = _who(study, rows & differ, paired)
    place, _ = confined(study, rows & differ & (paired > 0), rows)
    # from the first row and on one group alone, it is the group's gap before it is the people's error
    one = bool(place and place[0].column in study.log.groups) or of_one_group(study, paired)
    kept = 0.4 if change.shape == "from_start" and one else 1.0
    text = (
        f"People changed {percent(rate)} of the model's answers, and {percent(wrong)} of the changes were "
        "wrong: the decisions "
        f"lose {mean:.3f} a row more than the model's own answers"
        f"{f' beside what they used to save ({-usual:.3f})' if usual < 0 else ''}.{who}"
    )
    return [
        make(
            study,
            NAME,
            mechanism,
            text,
            strength=kept * min(0.97, 0.6 + logistic(2 * (z - 6)) * 0.37),
            slice_=place,
            z=z,
            change=change,
            rows=rows & differ,
            effect=mean,
            unit="loss",
            interval=(mean - 1.96 * error, mean + 1.96 * error),
            n=n,
            share_hint=None,
            supports=(mechanism, "harmful_overrides"),
            refutes=("over_reliance", "concept_drift"),
            details={"override_rate": rate, "paired": mean},
        )
    ]


def _more_since(paired: Floats, differ: Mask, known: Floats) -> bool:
    """Whether more is changed in rows whose label is not in than in those that say what changes cost."""
    told = ~np.isnan(paired)
    untold = ~told & (known > 0)
    return bool(min(told.sum(), untold.sum()) >= LEAST and differ[untold].mean() > 1.25 * differ[told].mean())


@dataclass(frozen=True)
class _Cost:
    """What decisions cost a row since a change, beyond what they ``usual``ly did where that is what is compared."""

    change: Change
    mean: float
    error: float
    z: float
    usual: float
    n: int


def _cost(study: Study, change: Change, paired: Floats, differ: Mask) -> _Cost:
    """Weigh what decisions cost since a change, or how much more than before it where more is changed since."""
    rows = inside(change, len(paired))
    known = rows & ~np.isnan(paired)
    n = int(known.sum())
    mean = float(paired[known].mean()) if n else float("nan")
    error = float(np.nanstd(paired[rows])) / np.sqrt(max(n, 1)) or 1e-9
    guess, decision, _ = answers(study)
    made = _Cost(change, mean, error, max(mean / error, _of_the_far(study, guess, decision, paired, rows)), 0.0, n)
    if change.shape == "from_start" or differ[rows].mean() <= 1.25 * differ[~rows].mean():
        return made
    # people who used to right the model's errors and no longer do cost what they saved
    rise, off, _, up = difference(paired[~rows], paired[rows])
    now = paired[known & differ]
    # changes that cost tell it apart from the scatter of what is not changed; more of them may save less each, and do
    changed = difference(paired[~rows & differ], now)[3] if len(now) >= _CHANGED and now.mean() > 0 else 0.0
    if max(up, changed) <= made.z:
        return made
    return _Cost(change, rise, off, max(up, changed), float(np.nanmean(paired[~rows])), n)


def _of_one(study: Study, paired: Floats, differ: Mask, scale: float) -> Evidence | None:
    """Find one who decides whose changes cost what others' save; the level is corrected for all who were tried."""
    codes, worst = study.log.decider, None
    tried = [i for i in range(len(codes.names)) if (~np.isnan(paired[codes.codes == i])).sum() >= LEAST]
    for i in tried if len(tried) > 1 else []:
        own = paired[(codes.codes == i) & ~np.isnan(paired)]
        z = float(own.mean() / max(own.std() / np.sqrt(len(own)), 1e-9)) if own.mean() >= _WORTH * scale else 0.0
        worst = max(worst or (0.0, i), (z, i))
    if worst is None or worst[0] < np.sqrt(3.5**2 + 2 * np.log(len(tried))):
        return None
    mine = codes.codes == worst[1]
    mean, rate = float(np.nanmean(paired[mine])), float(differ[mine].mean())
    text = (
        f"{codes.names[worst[1]]} changed {percent(rate)} of the model's answers, and the decisions lose {mean:.3f} a "
        f"row more than these; those of the others {float(np.nanmean(paired[~mine])):+.3f}."
    )
    return make(
        study, NAME, "harmful_overrides", text, strength=0.85, z=worst[0], change=from_start(study), rows=mine & differ,
        effect=mean, unit="loss", n=int(mine.sum()), slice_=(SliceTerm("decider", codes.names[worst[1]]),),
        refutes=("over_reliance",),
    )  # fmt: skip


def _of_the_far(study: Study, guess: Floats, decision: Floats, paired: Floats, rows: Mask) -> float:
    """Give z of what the far changes of a number cost: many small ones beside a few far ones hide these in scatter."""
    if not study.regression:
        return 0.0
    away = np.where(rows & ~np.isnan(paired), np.abs(decision - guess), np.nan)
    far = away > 3 * float(np.nanmedian(away))
    if not 10 <= far.sum() < 0.5 * rows.sum():
        return 0.0
    return float(paired[far].mean() / max(float(paired[far].std()) / np.sqrt(far.sum()), 1e-9))


def _more_changed(study: Study, paired: Floats, differ: Mask, known: Floats) -> Change:
    """Give the change since which answers are changed more often, where the labels alone show none; else the start."""
    change = find_change(np.where(known > 0, differ.astype(float), np.nan))
    if change.found and change.z > 6 and change.shape != "from_start":
        rows = inside(change, len(paired))
        if min((~np.isnan(paired[rows])).sum(), (~np.isnan(paired[~rows])).sum()) >= LEAST:
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


def _who(study: Study, changed: Mask, paired: Floats) -> str:
    """Name the decider behind most of the harm, where one stands out (by code, not by person, in public pages)."""
    codes = study.log.decider
    if len(codes.names) < 2 or not changed.any():
        return ""
    harm = np.bincount(
        codes.codes[changed & (codes.codes >= 0)],
        weights=np.nan_to_num(paired[changed & (codes.codes >= 0)]),
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
