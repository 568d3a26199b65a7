"""How right a diagnosis was, against the truth that it did not see (testing, floor 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from toolkit.testing.truth import Truth
from toolkit.vocabulary import CAUSE_OF

BUCKETS: Final = 40


@dataclass(frozen=True)
class Score:
    """One diagnosis held against the truth; what does not apply is ``None``.

    ``right`` is about the cause (or, where the log cannot tell, about saying so). ``onset_error`` is in buckets: those
    of the diagnosis, or a fortieth of the log; ``onset_held`` says whether the interval that was given held the onset.
    ``place_right`` says whether a right feature or slice was named. ``ledger_error`` is the mean
    error of the shares, in points of the harm, over the causes that did some.
    """

    right: bool
    cause_right: bool
    mechanism_right: bool
    top3_right: bool
    undetermined: bool
    committed: bool
    confidence: float
    probability: float
    onset_error: float | None
    onset_held: bool | None
    place_right: bool | None
    ledger_error: float | None


def score(diagnosis: Any, truth: Truth) -> Score:
    """Score a diagnosis: what ``toolkit.diagnose`` gives, or a ``records.Verdict``."""
    verdict = record_of(diagnosis)
    said: str = verdict.verdict
    cause_right = said in truth.accepted_causes
    undetermined = said == "undetermined"
    ranked = ranked_mechanisms(verdict)
    probabilities = verdict.probabilities or {}
    return Score(
        right=undetermined if not truth.identifiable else cause_right,
        cause_right=cause_right,
        mechanism_right=(cause_right and (verdict.mechanism in truth.accepted or said == "none")),
        top3_right=bool(set(ranked[:3]) & set(truth.accepted)) or (said == "none" and cause_right),
        undetermined=undetermined,
        committed=not undetermined,
        confidence=float(verdict.confidence),
        probability=float(sum(probabilities.get(c, 0.0) for c in truth.accepted_causes)),
        onset_error=onset_error(verdict, truth) if cause_right and said != "none" else None,
        onset_held=onset_held(verdict, truth) if cause_right and said != "none" else None,
        place_right=place_right(verdict, truth) if cause_right else None,
        ledger_error=ledger_error(verdict, truth) if not undetermined and said != "none" else None,
    )


def record_of(diagnosis: Any) -> Any:
    """Give the verdict as data: the ``record`` of a diagnosis, or a verdict as it stands."""
    return getattr(diagnosis, "record", diagnosis)


def ranked_mechanisms(verdict: Any) -> list[str]:
    """Give the mechanisms that a verdict thinks of, its own first, then the rivals by their probability."""
    rivals = sorted(verdict.rivals or (), key=lambda r: -r.probability)
    own = [verdict.mechanism] if verdict.mechanism else []
    return list(dict.fromkeys(own + [r.mechanism for r in rivals]))


def onset_error(verdict: Any, truth: Truth) -> float:
    """Give the distance of the onsets in buckets; one that was there from the start is at the first row."""
    said: datetime = verdict.onset or truth.span[0]
    real: datetime = truth.onset or truth.span[0]
    span = (truth.span[1] - truth.span[0]).total_seconds()
    bucket = float((getattr(verdict, "log", None) or {}).get("bucket_seconds") or span / BUCKETS) or 1.0
    return abs((said - real).total_seconds()) / bucket


def onset_held(verdict: Any, truth: Truth) -> bool | None:
    """Say whether the onset's interval held it, where there is an onset and an interval was given."""
    if truth.onset is None or not verdict.onset_interval:
        return None
    low, high = verdict.onset_interval
    return bool(low <= truth.onset <= high)


def place_right(verdict: Any, truth: Truth) -> bool | None:
    """Say whether a right feature, slice or version was named, where the fault had a place at all."""
    terms = {(t.column, t.value) for t in verdict.slice or ()}
    answers: list[bool] = []
    if truth.features:
        answers.append(bool(set(truth.features) & set(verdict.features or ())))
    if truth.slice:
        answers.append(bool(set(truth.slice) & terms))
    if truth.versions:
        answers.append(bool(set(truth.versions) & set(verdict.model_versions or ())))
    return any(answers) if answers else None


def ledger_error(verdict: Any, truth: Truth) -> float | None:
    """Give the mean error of the ledger's shares by cause, in points; only harm that is counted in errors has one."""
    if truth.metric != "errors" or truth.harmless or not truth.shares or not verdict.ledger:
        return None
    said: dict[str, float] = {}
    for line in verdict.ledger:
        said[line.cause] = said.get(line.cause, 0.0) + float(line.share)
    real: dict[str, float] = {}
    for mechanism, share in truth.shares.items():
        cause = CAUSE_OF.get(mechanism, "none")
        real[cause] = real.get(cause, 0.0) + share
    return 100.0 * sum(abs(said.get(c, 0.0) - share) for c, share in real.items()) / len(real)
