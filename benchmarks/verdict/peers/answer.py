"""From what a peer's rules found to a verdict, with the probability that the tune half gives such a finding."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.verdict.peers.frames import Case, case_of
from toolkit.records import Harm, LedgerLine, Rival, Slice, Verdict
from toolkit.roles import Roles
from toolkit.vocabulary import CAUSE_OF, CAUSES

TUNED: Final = Path(__file__).resolve().parent / "tuned.json"
#: Stated before anything was counted.
PRIOR: Final = 0.6


@dataclass(frozen=True)
class Found:
    """What the rules of a peer made of its outputs: a mechanism (or ``none``), and where and since when.

    ``lasting`` says that the rule is about the whole log, so that the answer has no onset.
    """

    mechanism: str
    features: tuple[str, ...] = ()
    slice: Slice = ()
    versions: tuple[str, ...] = ()
    lasting: bool = False


NOTHING: Final = Found("none", lasting=True)


@cache
def _file() -> dict[str, Any]:
    tuned: dict[str, Any] = json.loads(TUNED.read_text(encoding="utf-8")) if TUNED.exists() else {}
    return tuned


def constants(peer: str, defaults: Mapping[str, float]) -> dict[str, float]:
    """Give the constants of a peer's mapping: as tuned on the half ``tune``, else as the peer documents them."""
    return {**defaults, **_file().get(peer, {}).get("constants", {})}


def sureness(peer: str, mechanism: str) -> float:
    """Give how often the cause was right on the half ``tune`` when the peer's rules named this mechanism."""
    return float(_file().get(peer, {}).get("right", {}).get(mechanism, PRIOR))


def diagnoser(
    peer: str,
    measure: Callable[[Case], dict[str, Any]],
    decide: Callable[[Mapping[str, Any], Mapping[str, float]], Found],
    defaults: Mapping[str, float],
) -> Callable[..., Verdict]:
    """Give the ``diagnose`` of a peer that is given its cut: with ``onset`` the true one, else where the loss jumps."""

    def diagnose(
        log: pd.DataFrame,
        *,
        reference: pd.DataFrame | None,
        roles: Roles,
        events: Any = None,
        seed: int = 0,
        onset: datetime | None = None,
    ) -> Verdict:
        del events, seed
        case = case_of(log, reference, roles, onset)
        return verdict_of(peer, decide(measure(case), constants(peer, defaults)), case.onset)

    return diagnose


def verdict_of(peer: str, found: Found, onset: datetime | None) -> Verdict:
    """Turn a finding into a verdict; what is left of the probability is spread evenly over the other answers."""
    mechanism = found.mechanism
    cause = str(CAUSE_OF.get(mechanism, "none"))
    sure = sureness(peer, mechanism)
    rest = (1.0 - sure) / len(CAUSES)
    chances = {c: (sure if c == cause else rest) for c in (*CAUSES, "none")}
    when = None if found.lasting or cause == "none" else onset
    line = LedgerLine(cause, mechanism, 1.0, onset=when, features=found.features, slice=found.slice)
    return Verdict(
        verdict=cause,
        mechanism=None if cause == "none" else mechanism,
        confidence=sure,
        probabilities=chances,
        onset=when,
        onset_interval=None,
        features=found.features,
        slice=found.slice,
        model_versions=found.versions,
        harm=Harm("", None, None, None, None),
        ledger=() if cause == "none" else (line,),
        rivals=(Rival(cause, mechanism, sure),),
        would_settle_it=(),
        findings=(),
    )
