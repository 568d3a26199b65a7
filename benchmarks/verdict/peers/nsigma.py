"""N-sigma as a system of the benchmark; rankers.py says what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.verdict.peers.answer import Found, constants, verdict_of
from benchmarks.verdict.peers.frames import case_of
from benchmarks.verdict.peers.rankers import DEFAULTS, EXPRESSIBLE, measure, pick
from toolkit.records import Verdict
from toolkit.roles import Roles

__all__ = ["DEFAULTS", "EXPRESSIBLE", "decide", "diagnose", "measure"]


def decide(out: Mapping[str, Any], k: Mapping[str, float]) -> Found:
    """Give the mechanism of the series that stands off most."""
    return pick(out, k, "nsigma")


def diagnose(
    log: pd.DataFrame, *, reference: pd.DataFrame | None, roles: Roles, events: Any = None, seed: int = 0
) -> Verdict:
    """Give the ranker's answer as a verdict."""
    del events, seed
    case = case_of(log, reference, roles)
    return verdict_of("nsigma", decide(measure(case), constants("nsigma", DEFAULTS)), case.onset)
