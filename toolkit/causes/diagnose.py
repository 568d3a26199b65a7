"""From a profile to a verdict (floor 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from toolkit.causes.candidates import Candidate, candidates
from toolkit.causes.choose import Choice, choose
from toolkit.causes.evidence import gather
from toolkit.causes.ledger import draw_up
from toolkit.causes.settle import would_settle
from toolkit.detectors.evidence import Evidence, onset_of
from toolkit.detectors.study import Study, make_study
from toolkit.impact.harm import Damage, measure
from toolkit.profile.model import Profile
from toolkit.records import Event, Finding, Rival, Verdict

#: Below this probability of a cause the verdict is ``undetermined``.
COMMIT: Final = 0.5


def diagnose_profile(profile: Profile, events: Sequence[Event] = ()) -> Verdict:
    """Give the verdict on a profile, with everything that led to it."""
    from threadpoolctl import threadpool_limits

    study = make_study(profile)
    damage = measure(study)
    # the fits are small: on a busy machine more threads wait for each other longer than they work
    with threadpool_limits(limits=1):
        got = gather(study, events)
    found = candidates(study, got.evidence, damage, got.relation, got.used)
    choice = choose(found, damage)
    return write(study, damage, got.evidence, found, choice)


def write(
    study: Study, damage: Damage, evidence: Sequence[Evidence], found: Sequence[Candidate], choice: Choice
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
        would_settle_it=would_settle(study, damage, rivals, verdict),
        findings=findings,
        notes=_notes(study),
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
    made.append(Rival("none", "none", round(choice.none, 4)))
    return tuple(sorted(made, key=lambda r: -r.probability))


def _notes(study: Study) -> tuple[str, ...]:
    """What a reader should know of how the log was read."""
    notes = []
    if study.own_reference:
        notes.append(f"No reference was given: the log is held to its own first {len(study.ref)} rows.")
    late = int((~study.mature).sum())
    if late:
        notes.append(f"The last {late} rows are too young for their labels and were left out of every error count.")
    if not study.has_labels:
        notes.append("The log has too few labels to count errors.")
    return tuple(notes)
