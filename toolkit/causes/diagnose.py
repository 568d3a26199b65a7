"""From a profile to a verdict (floor 5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from toolkit.causes.candidates import Candidate, candidates
from toolkit.causes.choose import Choice, choose
from toolkit.causes.doubles import double_of
from toolkit.causes.evidence import Gathered, gather
from toolkit.causes.ledger import draw_up
from toolkit.causes.notes import notes, unread
from toolkit.causes.settle import would_settle
from toolkit.causes.touched import in_question
from toolkit.detectors.evidence import Evidence, onset_of
from toolkit.detectors.study import Study, make_study
from toolkit.detectors.threads import one_thread
from toolkit.impact.harm import Damage, measure
from toolkit.impact.slices import findings as slice_findings
from toolkit.impact.slices import worst_slices
from toolkit.profile.model import Profile
from toolkit.records import Event, Finding, Rival, Verdict
from toolkit.timeline.order import likeliest, triggers

#: Below this probability of a cause the verdict is ``undetermined``.
COMMIT: Final = 0.5


def diagnose_profile(profile: Profile, events: Sequence[Event] = ()) -> Verdict:
    """Give the verdict on a profile, with everything that led to it."""
    return weigh(look(profile, events))


@dataclass(frozen=True)
class Looked:
    """What was seen in a profile, not yet weighed: weighing it again, without some of it, takes a moment."""

    study: Study
    damage: Damage
    got: Gathered
    events: tuple[Event, ...] = ()


def look(profile: Profile, events: Sequence[Event] = ()) -> Looked:
    """Measure the damage and gather all evidence."""
    with one_thread():
        study = make_study(profile)
        damage = measure(study)
        got = gather(study, events)
        slices = slice_findings(study, worst_slices(study, damage, seed=profile.seed))
    return Looked(study, damage, replace(got, evidence=(*got.evidence, *slices)), tuple(events))


def weigh(looked: Looked, contested: Collection[str] = ()) -> Verdict:
    """Give the verdict on what was seen; findings whose key is ``contested`` are listed, and weigh nothing.

    Rows that a contested finding marked stay apart where the relation of features and label was compared.
    """
    study, damage, got = looked.study, looked.damage, looked.got
    weighed = [_unweighed(e) if e.finding.key in contested else e for e in got.evidence]
    with one_thread():
        found = candidates(study, weighed, damage, got.relation, got.used)
        choice = choose(found, damage, [double_of(study, c) for c in found])
        return write(study, damage, got.evidence, found, choice, looked.events)


def _unweighed(e: Evidence) -> Evidence:
    """Give evidence that speaks for and against nothing."""
    return replace(e, mechanism="", strength=0.0, finding=replace(e.finding, supports=(), refutes=()))


def write(
    study: Study,
    damage: Damage,
    evidence: Sequence[Evidence],
    found: Sequence[Candidate],
    choice: Choice,
    events: Sequence[Event] = (),
) -> Verdict:
    """Put the verdict into words and numbers."""
    ids = [f"F{i + 1:02d}" for i in range(len(evidence))]
    findings = _numbered(evidence, ids, study.profile.seed)
    by_cause = choice.by_cause(found)
    top = max(by_cause, key=lambda k: by_cause[k])
    verdict = top if by_cause[top] >= COMMIT and not (top == "none" and damage.kind == "unknown") else "undetermined"
    of_cause = [i for i, c in enumerate(found) if c.cause == verdict]
    lead = max(of_cause, key=lambda i: choice.of[i]) if of_cause else None
    rivals = _rivals(found, choice, ids)
    lead_candidate = found[lead] if lead is not None else None
    finding = lead_candidate.best.finding if lead_candidate is not None else None
    onset, onset_interval = _onset(study, damage, lead_candidate)
    return Verdict(
        verdict=verdict,
        mechanism=lead_candidate.mechanism if lead_candidate is not None else None,
        confidence=round(by_cause[top], 4),
        probabilities={k: round(v, 4) for k, v in by_cause.items()},
        onset=onset,
        onset_interval=onset_interval,
        features=finding.features if finding is not None else (),
        slice=finding.slice if finding is not None else (),
        model_versions=finding.model_versions if finding is not None else (),
        harm=damage.harm,
        ledger=draw_up(study, found, choice, damage, ids, seed=study.profile.seed),
        rivals=rivals,
        would_settle_it=would_settle(study, damage, rivals, verdict, choice),
        findings=findings,
        notes=(
            *in_question(study, damage, lead_candidate),
            *_order(study, onset_interval, events),
            *notes(study, damage),
            *unread(study, verdict),
            *[e.finding.statement for e in evidence if e.finding.details.get("base_rates")][:1],
        ),
    )


def _numbered(evidence: Sequence[Evidence], ids: Sequence[str], seed: int) -> tuple[Finding, ...]:
    """Give the findings their ids, the call that gives each again, and p-values corrected within their detector."""
    from scipy.stats import false_discovery_control

    p: dict[str, float | None] = {i: e.finding.p_value for e, i in zip(evidence, ids, strict=True)}
    for detector in dict.fromkeys(e.finding.detector for e in evidence):
        family = [i for e, i in zip(evidence, ids, strict=True) if e.finding.detector == detector]
        known = [i for i in family if p[i] is not None]
        if known:
            corrected = false_discovery_control([float(p[i] or 0.0) for i in known])
            p.update({i: float(v) for i, v in zip(known, corrected, strict=True)})
    again = f"toolkit.diagnose(log, reference=reference, roles=roles, events=events, seed={seed}).finding"
    return tuple(
        replace(e.finding, id=i, p_value=p[i], query=f"{again}({i!r})") for e, i in zip(evidence, ids, strict=True)
    )


def _onset(
    study: Study, damage: Damage, lead: Candidate | None
) -> tuple[datetime | None, tuple[datetime, datetime] | None]:
    """The cause's own onset, since it is usually sharper than the harm's; the harm's where the cause has none."""
    if lead is None:
        return None, None
    own = lead.best.change
    if own is not None and own.found:
        return onset_of(study, own)
    return onset_of(study, damage.change)


def _rivals(found: Sequence[Candidate], choice: Choice, ids: Sequence[str]) -> tuple[Rival, ...]:
    """All candidates, the likeliest first, with ``none`` among them."""
    made = [
        Rival(
            c.cause,
            c.mechanism,
            round(p, 4),
            tuple(ids[j] for j in c.supporting),
            tuple(ids[j] for j in c.contradicting),
        )
        for c, p in zip(found, choice.of, strict=True)
    ]
    none = choice.none
    for i, double, p in choice.doubles:
        if double.cause == "none":
            none += p
            continue
        untold = f"this log cannot tell it from {found[i].mechanism.replace('_', ' ')} without {double.settle}"
        made.append(Rival(double.cause, double.mechanism, round(p, 4), made[i].supporting, (), untold))
    made.append(Rival("none", "none", round(none, 4)))
    if choice.unexplained >= 0.01:
        made.append(Rival("unexplained", "unexplained", round(choice.unexplained, 4)))
    return tuple(sorted(made, key=lambda r: -r.probability))


def _order(study: Study, interval: tuple[datetime, datetime] | None, events: Sequence[Event]) -> tuple[str, ...]:
    """Say which recorded change lies at the onset, and which came too late to have begun it."""
    time = study.log.time[~np.isnan(study.log.time)]
    if interval is None or not len(time):
        return ()
    span = float(time[-1] - time[0])
    reach = timedelta(seconds=max(span / 20, 3600.0))
    # a row that is dated by the day alone may be of any hour of it
    margin = timedelta(seconds=max(span / 100, 3600.0 if (time % 86_400).any() else 86_400.0))
    before, late = triggers(events, interval, max(reach, margin), margin)
    at_onset = likeliest(before, interval[1])
    notes = [] if at_onset is None else [f"Recorded at the onset: {_named(at_onset)}."]
    notes += [f"Too late to have begun it, since the effect was there before: {_named(e)}." for e in late[:2]]
    return tuple(notes)


def _named(e: Event) -> str:
    text = e.text if len(e.text) <= 80 else e.text[:79] + "…"
    return f"{e.kind.replace('_', ' ')} of {e.occurred_at:%Y-%m-%d %H:%M} UTC ({text})"
